/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * grove.h: a random process tree, and the journal of what its processes did and learned.
 *
 * plan.c draws the whole tree from the seed before the first process is made: which process
 * makes which others and how, what each does, how it ends.  That is the shape; how the
 * processes then meet in time is the scheduler's choice, and the journal tells what became
 * of it.  Both lie in one file that all of them have mapped, so that a record is there for
 * good once it is written, however its writer ends.
 *
 * A plan cannot hang: whoever waits for something that another may fail to do gives up
 * after a while and goes on.
 */
#ifndef BROOD_TESTS_GROVE_H
#define BROOD_TESTS_GROVE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define NODES_MAX 64
#define ACTS_MAX 24
#define NOBODY 65534

/* --- the plan ------------------------------------------------------------------------ */

/* How a process is made.  The numbers are the checker's too (grove_check.py). */
enum how {
	BY_FORK,
	BY_VFORK,
	BY_PARENT,		/* clone(CLONE_PARENT) */
	BY_SPAWN,		/* posix_spawn of ourselves */
	BY_THREAD,		/* fork by a thread that is not the leader, and ends then */
	BY_SILENT,		/* clone without an exit signal: only __WALL sees it */
	BY_NEWPID,		/* clone(CLONE_NEWPID): init of a PID namespace */
	BY_SURVIVOR,		/* fork by the last thread, after its leader has left */
	HOWS
};

enum act_kind {
	A_MAKE,			/* a child, as its own node says */
	A_WAIT,			/* wait4() for that child */
	A_PEEK,			/* waitid(WNOWAIT): it stays a zombie */
	A_WAIT_IN_THREAD,
	A_DRAIN,		/* wait for whatever comes, until nothing comes for a while */
	A_EXEC,			/* arg: enum exec_kind | EXEC_IN_THREAD */
	A_KILL,			/* node, with signal arg */
	A_NAP,			/* arg × 100 µs */
	A_SETUID,
	A_SUBREAPER,
	A_CHLD,			/* arg: enum disposition */
	A_THREADS,		/* arg idle ones */
	A_NAME,			/* prctl(PR_SET_NAME) */
	A_ADOPTED,		/* wait until another is its parent */
	A_LEFT,			/* wait until its creator is about to leave */
	A_LOOK,			/* who is my parent? */
	ACT_KINDS
};

enum exec_kind {
	EXEC_SELF,
	EXEC_RELATIVE,
	EXEC_SCRIPT,
	EXEC_SCRIPT_OF_SCRIPT,
	EXEC_MEMFD,
	EXEC_PROC_FD,
	EXEC_PROC_EXE,
	EXEC_LONG_PATH,
	EXEC_KINDS_GOOD,
	EXEC_NO_FILE = EXEC_KINDS_GOOD,
	EXEC_NO_PERMISSION,
	EXEC_GARBAGE,
	EXEC_NO_INTERPRETER,
	EXEC_KINDS
};
#define EXEC_IN_THREAD 0x80

enum disposition { CHLD_DEFAULT, CHLD_IGNORE, CHLD_NOCLDWAIT };

enum end_kind {
	END_EXIT,
	END_THREAD_EXIT,	/* exit_group() by a thread that is not the leader */
	END_RAW,		/* exit() of the only thread */
	END_SIGNAL,		/* by its own kill() */
	END_FAULT,
	END_ABORT,
	END_VICTIM,		/* waits for the one who kills it */
	END_LEADER_FIRST,	/* the last thread leaves like the first */
	END_LEADER_FIRST_GROUP,	/* the last thread calls exit_group() */
	END_LEADER_FIRST_KILL,	/* the last thread kills the process */
	END_TOGETHER,		/* three threads leave at the same moment */
	END_PARK,		/* it is still there when all is over */
	END_KINDS
};

struct act {
	uint8_t kind, arg;
	uint16_t node;
};

struct node {
	uint16_t creator, space;	/* space: the node that is init of its PID namespace */
	uint8_t how, end, code, sig;
	uint8_t core;			/* RLIMIT_CORE is not 0 */
	uint8_t n_acts;
	uint8_t n_children;
	uint8_t depth;
	struct act acts[ACTS_MAX];

	/* What became of it, for the others of the grove. */
	_Atomic uint32_t pc;		/* the next act: it goes on there after an exec */
	_Atomic int32_t pid_here;	/* as its creator sees it; 0: not made */
	_Atomic int32_t pid;		/* in the initial PID namespace; 0: not known yet */
	_Atomic uint64_t start;		/* of /proc/PID/stat */
	_Atomic uint32_t leaving, parked, killed;
};

/* --- the journal --------------------------------------------------------------------- */

enum record_kind {
	R_NONE,
	R_BIRTH,	/* getpid, getppid, ppid, uid, gid, pid_ns, start, SIGCHLD */
	R_TRY_MAKE,	/* node, how, ppid */
	R_MADE,		/* node, how, ppid, pid as seen here, errno */
	R_TRY_EXEC,	/* kind, in a thread; bytes: the interpreter, if one is due */
	R_EXEC_FAILED,	/* kind, errno */
	R_EXEC,		/* uid, gid, SIGCHLD, length of file, of args; bytes: file, args, comm */
	R_TRY_WAIT,	/* pid or -1, options */
	R_WAITED,	/* pid, status */
	R_PEEKED,	/* pid, si_code, si_status */
	R_WAIT_FAILED,	/* pid or -1, errno */
	R_KILL,		/* node, signal, errno */
	R_LOOK,		/* getppid, ppid */
	R_SUBREAPER,
	R_CHLD,		/* SIGCHLD */
	R_UID,		/* uid, gid */
	R_NAME,		/* bytes: comm */
	R_PARK,
	R_END,		/* kind, status, status before Linux 5.17, the leader's own if it leaves
			 * by itself; bytes: comm */
	R_GAVE_UP,	/* what: nobody came in time */
	R_SETTLED,	/* all of the tree has ended, or is parked */
	RECORD_KINDS
};

#define RECORD_MAGIC 0x67726f76		/* "grov" */
#define RECORD_UNIT 32
#define RECORD_VALUES 8

struct record {
	uint32_t magic;
	uint16_t kind, node;
	uint32_t bytes;			/* behind the struct; the next record is aligned */
	_Atomic uint32_t complete;
	uint32_t pid, tid;		/* the writer, in the initial PID namespace */
	uint64_t ts;			/* CLOCK_BOOTTIME, ns */
	int64_t v[RECORD_VALUES];
};

#define JOURNAL_BYTES (8u << 20)

struct grove {
	char magic[8];			/* "GROVE 1" */
	uint64_t seed;
	uint32_t n_nodes;
	uint32_t node_bytes;
	uint32_t records_at;
	_Atomic uint32_t used;		/* bytes of records */
	struct node nodes[NODES_MAX];
};

extern struct grove *grove;

/* Who runs here.  A child that shares our memory, by vfork(), changes it: see make.c. */
struct self {
	int node;
	uint32_t pid, tid;
};
extern __thread struct self self;

/* Descriptors that every process of a grove has open, at fixed numbers. */
enum { FD_JOURNAL = 200, FD_MEMFD, FD_LIFELINE, FD_GATE };

/* plan.c */
void plan(uint64_t seed);
uint64_t random_next(uint64_t *state);

/* journal.c */
int journal_create(const char *path);	/* leaves it mapped; 0 or -errno */
void journal_map(void);			/* from FD_JOURNAL */
void note_bytes(enum record_kind kind, const int64_t *v, const void *bytes, uint32_t n);
#define note(kind, ...) note_bytes(kind, (const int64_t[RECORD_VALUES]){__VA_ARGS__}, NULL, 0)
void note_birth(int node);
void note_exec(void);
void know_self(int node);		/* fills self */
struct stat_line {
	char state;
	int ppid;
	uint64_t start;
};
bool read_stat(int pid, struct stat_line *s);	/* pid 0: of this process */
bool read_stat_file(const char *path, struct stat_line *s);
int disposition(void);

/* acts.c, make.c, exec.c, ends.c */
void nap(unsigned int us);
void be(enum disposition d);
pid_t start_raw(unsigned long flags);
void make(int node);
void become(unsigned int kind);
void wait_for_exit(int node, int options);
void *in_thread(void *(*fn)(void *), void *arg);	/* runs it to its end */
void spawn_thread(void *(*fn)(void *), void *arg);
_Noreturn void end(struct node *n);
void act_all(int node);			/* from where it is */
_Noreturn void live(int node);		/* act_all(), and its end */

/* main.c */
extern char program[];			/* absolute path of this program */

#endif
