/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * model.h: the only place that knows what a process is.
 *
 * Events go in (include/event.h), facts come out, in order, each of them one line of the
 * log and of the JSON export.  The same events give the same facts, live or replayed:
 * the model asks nobody, not even for the time.
 */
#ifndef BROOD_MODEL_H
#define BROOD_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/ref_hash.h"
#include "event.h"
#include "model/meta.h"

enum proc_state {
	PROC_ALIVE,
	PROC_ZOMBIE,		/* exited, its entry still in the process table */
	PROC_GONE,		/* reaped */
};

enum proc_fate { FATE_ALIVE, FATE_ZOMBIE, FATE_REAPED, FATE_AUTOREAPED, FATE_UNKNOWN };

/* Who somebody is, with the name it had when it mattered. */
struct who {
	struct task_ref ref;	/* ref.tgid 0: nobody, or unknown */
	char comm[EVENT_COMM];
};

#define NO_TIME UINT64_MAX
#define NO_ID UINT32_MAX		/* of uid and gid: unknown */

/* A parent that died, leaving this one to an adopter. */
struct past_parent {
	struct who who;			/* with its name at its exit; ref.tgid 0: none */
	uint64_t exit_ts;
	bool ignores;			/* SIGCHLD, as far as this child is concerned */
};

#define PASTS 4		/* that many parents may die before a reap is told */

/* How a process entered the trace: what its first fact was. */
enum proc_entry { ENTRY_FORK, ENTRY_FOUND, ENTRY_FOUND_ZOMBIE };

/* What somebody who selects says of a process (verbs/select.c). */
struct proc_marks {
	bool in_subtree;
	bool left_out;			/* model_first() and model_next() pass it over */
};

/*
 * One process: one life of one thread group.  Times are ns since the trace began, or
 * NO_TIME.  Owned by the model; valid during the callback that shows it, and until
 * model_free() where the model keeps all.
 */
struct proc {
	struct task_ref ref;		/* the key: tgid and start; tid is 0 */
	char comm[EVENT_COMM];
	enum proc_state state;
	enum proc_entry entry;

	struct who parent;		/* current parent; at and after its exit: the last */
	struct task_ref birth_parent;	/* as first known; of a snapshot: the parent then */
	struct task_ref creator;	/* with tid */
	uint32_t uid, gid;		/* NO_ID: unknown */
	uint32_t ns_pid, pid_ns;	/* 0: unknown */
	uint64_t cgroup_id;		/* where it was born or found; 0: unknown */

	char *file;			/* of the last exec, NUL-terminated copy, or NULL */
	char *args;			/* of the last exec or the snapshot; args_len bytes */
	uint32_t args_len, args_bytes;	/* kept, true length */
	uint32_t execs;

	uint64_t fork_ts;		/* NO_TIME: existed before the trace */
	uint64_t exit_ts;		/* NO_TIME: alive, or exited before the trace */
	uint64_t reap_ts;
	uint64_t orphaned_ts;		/* the first time; NO_TIME: never */
	uint64_t zombie_flag_ts;	/* when its zombie interval was flagged; NO_TIME: not */

	uint32_t status;		/* as wait4 reports it; see proc_signal(), proc_code() */
	bool has_status;		/* false also for a dead one whose exit was not seen */
	bool autoreap;			/* once exited: foretold; once reaped: what happened */
	bool kthread;
	bool from_snapshot;		/* existed as its trace began */
	bool inferred;			/* its birth was not seen though it should have been */
	bool exit_inferred;		/* its end was not seen: exit_ts is when that was noticed */
	bool reap_exact;
	bool reap_inferred;
	bool gone;			/* EV_GONE: reaped by then, the kernel tells more later */
	uint64_t gone_ts;
	uint64_t cpu_ns;		/* known once reaped; has_cpu */
	bool has_cpu;
	uint64_t zombie_ns;		/* once reaped: see fact.zombie_ns; else NO_TIME */
	uint64_t max_rss_kib;		/* known once exited; 0 unknown */
	uint64_t zero;			/* CLOCK_BOOTTIME of its boot at ts 0, modulo 2^64 */

	uint32_t sid, parent_sid;	/* sessions, of a snapshot; 0 unknown */
	bool adopted_before;		/* snapshot: its session shows that its parent is not the
					 * one that made it (see model.c: was_adopted) */
	struct proc_marks marks;

	struct past_parent left_by;	/* the first parent that was seen to die before it was
					 * reaped; of an orphan old_parent, unless that one
					 * died unseen */
	struct who old_parent;		/* the one whose exit orphaned it first */
	struct who new_parent;		/* the first adopter */
	struct who last_adopter;	/* who had taken it when it ended, where adopted */
	struct who reaper;		/* ref.tgid 0: unknown or the kernel itself */
	struct who killer;		/* who sent the signal it died of, where known; before
					 * its exit: who sent one that may kill it */
	uint32_t killer_sig;
	uint32_t rival_sig;		/* before its exit: a signal of another kind, sent before */
	struct who rival;

	/* The tree that views walk, where the model keeps all: births. */
	struct proc *born_of;		/* birth parent where it is in the table */
	TAILQ_HEAD(proc_list, proc) born; /* children in order of birth */
	TAILQ_ENTRY(proc) born_link;

	/* private to the model */
	struct proc *parent_proc;	/* whose children list it is in */
	struct who heir;		/* once it exited: who takes its children */
	struct proc_list children;	/* alive and zombie, in order of joining */
	TAILQ_ENTRY(proc) child_link;
	TAILQ_ENTRY(proc) zombie_link;	/* zombies; then the graves of table.h */
	TAILQ_ENTRY(proc) gone_link;	/* those whose reap is still to be told */
	uint64_t gone_since;		/* in model time: since when it is in that queue */
	uint32_t census;		/* the last one that it was seen in */
	bool parent_ignores;		/* parent lets the kernel reap it */
	bool heir_ignores;		/* so will its heir, what it is given dead */
	TAILQ_ENTRY(proc) all_link;
	uint64_t number;		/* in order of first appearance */
	struct past_parent past[PASTS];	/* the latest first */
	uint64_t zombie_from;		/* its deadline counts from here */
	bool in_zombie_queue;
	bool in_grave;
	uint8_t noted;			/* one bit a kind of notes.h */
	bool parent_died_unseen;	/* it was dead by then: who has it since, is not known */
	bool adoption_pending;		/* adopter computed, not yet confirmed by the kernel */
	bool ns_init;			/* exited as init of a PID namespace */
	bool ghost;			/* only named as a parent so far: nobody's business */
	UT_hash_handle hh;
};

enum fact_type {
	FACT_META,
	FACT_SNAPSHOT,
	FACT_FORK,
	FACT_EXEC,
	FACT_EXIT,
	FACT_ORPHAN,		/* derived */
	FACT_ZOMBIE,		/* derived */
	FACT_REAP,
	FACT_THREAD_START,
	FACT_THREAD_EXIT,
	FACT_LOSS,
	FACT_END,
	FACT_TYPES
};

/* Sums over the whole trace, each kept where the thing counted happens. */
struct model_counts {
	uint64_t events;	/* facts that were said, not derived: all but orphan, zombie */
	uint64_t snapshots, forks, execs, exits, reaps, thread_starts, thread_exits;
	uint64_t orphans, zombies; /* zombies: flagged */
	uint64_t lost;		/* events */
	uint64_t adoption_checked, adoption_wrong; /* computed against told */
	uint64_t inferred;	/* facts concluded, not seen */
	uint64_t ignored;	/* events that told nothing new (a death told twice) */
	uint64_t cut;		/* 1: the trace has no end of its own */
	uint64_t alive, zombies_now; /* at the end */
};

struct fact {
	enum fact_type type;
	uint64_t seq;		/* 1, 2, 3 … */
	uint64_t ts;		/* ns since the trace began; never decreasing */
	uint64_t wall;		/* ns since 1970, UTC */
	bool inferred;
	bool resuming;		/* said of a gap: what ended in it, or was there after it */
	bool rebooted;		/* resuming: the machine was started anew in it */
	const struct proc *proc; /* whose line it is; NULL: meta, loss, end */
	const struct event *ev;	/* what was said; NULL where the model derived or inferred it */
	const struct meta *meta; /* always */
	const struct model_counts *counts; /* always */

	/* by type */
	struct who old_parent, new_parent; /* ORPHAN */
	uint64_t since;		/* ZOMBIE: ts of its exit, NO_TIME if before the trace; LOSS;
				 * META of another run: when the one before ended; END:
				 * when what is shown begins, 0 where all is */
	uint64_t count;		/* LOSS */
	uint64_t zombie_ns;	/* REAP: NO_TIME where the exit was not seen; where the reap
				 * is not exact, the closest upper bound, 0 if autoreaped */
	uint32_t tid;		/* THREAD_* */
	struct task_ref creator; /* THREAD_START, FORK: with tid */
};

typedef void (*fact_fn)(void *ctx, const struct fact *f);

/* What is kept of the processes that are gone.  The facts do not depend on it. */
enum model_keep {
	KEEP_ALIVE,		/* nothing */
	KEEP_NOTED,		/* those that a finding may name, see notes.h: a bounded number,
				 * without file and args */
	KEEP_ALL,		/* for views that show the whole tree */
};

struct model_options {
	uint64_t zombie_after_ns;	/* an interval longer than this is flagged */
	enum model_keep keep;
	bool keep_args;			/* keep file and args of each process */
};

struct model;

/* NULL with errno set where memory is short.  meta is borrowed until model_free(). */
struct model *model_new(const struct model_options *opt, const struct meta *meta,
			fact_fn fn, void *ctx);
void model_free(struct model *m);

/* Says the META fact.  Call once, before the first event. */
void model_begin(struct model *m);

/*
 * Take one event; call back for each fact that follows from it.  EV_END closes the trace:
 * what is still a zombie is flagged, FACT_END is said, and what follows is ignored.
 * Offsets and lengths in the event must have been checked by the source.
 * Returns 0 or -ENOMEM.
 */
int model_feed(struct model *m, const struct event *ev);

/*
 * There is a gap in what is told, after the last event that was fed.  What comes next is a
 * list of what exists after it: snapshots, all of one time, ended by any other event.  What
 * is known of those in it is brought up to date, who was not known becomes known, and what
 * is not in it (any more) is gone: nothing stays a ghost.  meta NULL: the same run of brood
 * was watching all along, but some of what it told is missing.  Else it is what is known of
 * the run that follows, borrowed like the first; it is said as another FACT_META.  If it is
 * of another boot, nothing of what was there remains, whatever the list has.
 * Returns 0 or -ENOMEM.
 */
int model_resume(struct model *m, const struct meta *meta);

/* ns since the trace began of a time on CLOCK_BOOTTIME; 0 if that was before. */
uint64_t model_ts(const struct model *m, uint64_t boottime);
/* And back; modulo 2^64, for what was on another boot. */
uint64_t model_boottime(const struct model *m, uint64_t ts);

/*
 * When something will fall due that no event announces, a zombie interval that needs
 * flagging or a reap that is not waited for any longer: ns of CLOCK_BOOTTIME, or NO_TIME.
 * An EV_TICK of this ts (not one of an earlier ts) brings it about; a live source must send
 * one by then, so that it is not late.  After an EV_TICK of ts T no event may have a ts
 * before T.  An EV_GONE keeps it from being flagged only with a ts before this one.
 */
uint64_t model_next_deadline(const struct model *m);

const struct model_counts *model_counts(const struct model *m);
/* Count a fact as the model does.  What no fact tells of (adoptions checked) is not counted. */
void model_count(struct model_counts *c, const struct fact *f);

/* Processes in order of first appearance: those not gone, and the gone that are kept. */
const struct proc *model_first(const struct model *m);
const struct proc *model_next(const struct proc *p);
/* The model takes no notice of them. */
struct proc_marks *model_marks(const struct proc *p);
/* NULL where unknown, or gone unless all are kept: what a log says must not depend on it. */
const struct proc *model_find(const struct model *m, const struct task_ref *ref);

/*
 * census.c: p as a snapshot event would tell of it now, with its arguments where they are
 * kept, so that a trace can begin, or be read, from here on.  p must not be gone.  In a
 * malloc'ed block; NULL: no memory.  What a snapshot has no room for is not told: the file
 * of its last exec, who may be about to kill it, how often it was adopted.
 */
struct ev_snapshot *model_census(const struct model *m, const struct proc *p);

/*
 * The fact that says so as of ts, for who begins to look at the facts only there.  Its seq is
 * that of the last fact before.
 */
struct fact model_census_fact(const struct model *m, const struct proc *p,
			      const struct ev_snapshot *s, uint64_t ts);

/*
 * checkpoint.c: all that m knows, as events (EV_SNAPSHOT, EV_PAST, EV_LINK, EV_CHECKPOINT) of
 * this moment.  A new model of the same zombie_after_ns that is fed these, and then what
 * follows, says the same facts from there on, with the same seq; what it says before is
 * none.  File and args of each process are told where m keeps them.  fn: as in struct
 * sink; what it returns ends it where it is not 0.  0; that; -ENOMEM; -EAGAIN: not now.
 * Whatever is added to struct proc and later facts depend on must be told here, too;
 * tests/unit/test_model_random.c finds what is not.
 */
int model_checkpoint(const struct model *m, int (*fn)(void *ctx, const struct event *ev), void *ctx);

enum proc_fate proc_fate(const struct proc *p);

/* How it ended: a signal number (and core), else an exit code. */
static inline int proc_signal(uint32_t status) { return (int)(status & 0x7f); }
static inline int proc_code(uint32_t status) { return (int)(status >> 8 & 0xff); }
static inline bool proc_core(uint32_t status) { return status & 0x80; }

/* How long it was a zombie so far: until reaped, else until `now`.  NO_TIME: unknown, alive. */
uint64_t proc_zombie_ns(const struct proc *p, uint64_t now);

#endif
