/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event.h: what the kernel said, as the probes write it and user space reads it.
 *
 * The same structs travel the whole road: a probe fills one in the ring buffer, the
 * source hands it on, the model reads it, and a trace reader rebuilds it.  Nothing in
 * here is derived; a fact that had to be computed from several events belongs to the
 * model (src/model/model.h).
 *
 * Kind values are stable: append, never renumber.  Times are nanoseconds of
 * CLOCK_BOOTTIME.  Bytes of a process (comm, paths, arguments) are raw and hostile.
 */
#ifndef BROOD_EVENT_H
#define BROOD_EVENT_H

#ifndef VMLINUX_FULL		/* see vmlinux/generate.sh */
#include <linux/types.h>
#endif

enum event_kind {
	EV_NONE = 0,
	EV_FORK = 1,		/* struct ev_fork: a process was born */
	EV_EXEC = 2,		/* struct ev_exec: it became another program */
	EV_EXIT = 3,		/* struct ev_exit: its last thread ended */
	EV_REAP = 4,		/* struct ev_reap: its entry left the process table */
	EV_SIGNAL = 5,		/* struct ev_signal: somebody sent it a fatal signal */
	EV_SNAPSHOT = 6,	/* struct ev_snapshot: it exists as its trace begins */
	EV_THREAD_START = 7,	/* struct ev_thread */
	EV_THREAD_EXIT = 8,	/* struct ev_thread */
	EV_LOSS = 9,		/* struct ev_loss: the ring was full */
	EV_CLOCK = 10,		/* struct ev_clock: the wall clock was set */
	EV_GONE = 11,		/* struct ev_gone: the task list no longer has it */
	EV_TICK = 12,		/* struct event: nothing more happened until ts */
	EV_END = 13,		/* struct event: the trace ends at ts */
	EV_CENSUS = 14,		/* struct ev_census: all that exists is told anew */
	/* In checkpoints of a trace only; see src/model/checkpoint.c. */
	EV_PAST = 15,		/* struct ev_past: what a snapshot has no room for */
	EV_LINK = 16,		/* struct ev_link: how it is related to another one */
	EV_CHECKPOINT = 17,	/* struct ev_checkpoint: all was told */
	EV_KINDS
};

#define EVENT_COMM 16		/* TASK_COMM_LEN; NUL-terminated unless full */

/*
 * One life of one process (or thread): a number that is reused, and the moment that is
 * not.  start is task->start_boottime of the thread group leader; it survives an exec by
 * another thread, for which the kernel copies it (fs/exec.c: de_thread).
 */
struct task_ref {
	__u64 start;		/* ns; 0 where unknown */
	__u32 tgid;		/* in the initial PID namespace; 0 where there is none */
	__u32 tid;		/* the thread, where one is meant; else 0 */
};

/* The head of every event. */
struct event {
	__u64 ts;		/* ns, CLOCK_BOOTTIME */
	struct task_ref who;	/* whose event it is; tid: the thread it happened in */
	__u16 kind;		/* enum event_kind */
	__u16 flags;		/* EVF_* */
	__u32 lost;		/* events lost so far, all CPUs, modulo 2^32 */
	char comm[EVENT_COMM];	/* of the thread group leader, after the event */
};

enum event_flags {
	EVF_INFERRED = 1 << 0,	/* not seen, but concluded */
	EVF_AUTOREAP = 1 << 1,	/* exit: the parent ignores SIGCHLD; nobody waits */
	EVF_EXACT = 1 << 2,	/* reap: told at the moment, by the reaper itself */
	EVF_NS_INIT = 1 << 3,	/* exit: init of a PID namespace, takes it all along */
	EVF_ARGS_UNREADABLE = 1 << 4, /* exec: the argument pages could not be read */
	EVF_FLAGS_UNKNOWN = 1 << 5,   /* fork: not known; only in old traces */
	EVF_SELF_REAP = 1 << 6,	/* reap: done by the dying task on its own behalf */
	EVF_RACE_PRONE = 1 << 7, /* exit: group death was deduced; a twin may follow */
	EVF_ADOPTED = 1 << 8,	/* snapshot: it is known that another process made it */
	EVF_ADOPTER_IGNORES = 1 << 9, /* exit: the adopter ignores SIGCHLD: zombies that it is
				 * given are released at once */
	EVF_GOES_ON = 1 << 10,	/* end: of what is looked at; the trace itself goes on */
	EVF_CUT_SHORT = 1 << 11, /* end: of a trace that has none of its own */
	EVF_LEFTOVER = 1 << 12,	/* reap: `by` was read from memory that is in use again */
};

struct ev_fork {
	struct event h;		/* the child */
	struct task_ref parent;	/* birth parent: the kernel's real_parent */
	struct task_ref creator; /* the thread that called clone */
	__u64 clone_flags;	/* CLONE_*, without the exit signal byte */
	__u64 cgroup_id;	/* cgroup v2 */
	__u32 uid, gid;		/* real IDs, initial user namespace */
	__u32 ns_pid;		/* PID as its own PID namespace sees it */
	__u32 pid_ns;		/* inode number of that namespace */
};

/*
 * The variable bytes lie at offsets from the start of the struct, so that a probe may put
 * them at places the verifier can follow and a trace reader may pack them.
 */
struct ev_exec {
	struct event h;
	struct task_ref parent;
	__u32 uid, gid;
	__u32 old_tid;		/* thread that called exec, where not the leader; else 0 */
	__u32 args_bytes;	/* true length of the arguments, with their NULs */
	__u32 args_off, args_len; /* bytes kept; argv strings, each with its NUL */
	__u32 file_off, file_len; /* bprm->filename, no NUL */
	__u32 interp_off, interp_len; /* bprm->interp where it differs; else len 0 */
	__u32 pad[2];
};

struct ev_exit {
	struct event h;
	struct task_ref parent;	/* real_parent at this moment */
	struct task_ref adopter; /* who will take its children; tgid 0 where nobody */
	char adopter_comm[EVENT_COMM];
	__u32 status;		/* as wait4 reports it: code << 8, or signal | 0x80 core */
	__u32 pad;
	__u64 max_rss_kib;
};

struct ev_reap {
	struct event h;
	struct task_ref by;	/* EXACT: current; else real_parent when it was freed */
	char by_comm[EVENT_COMM];
	struct task_ref parent;	/* real_parent when it was released */
	__u64 cpu_ns;		/* all its threads, user and system */
};

struct ev_signal {
	struct event h;		/* the target */
	struct task_ref from;	/* the sender */
	char from_comm[EVENT_COMM];
	__u32 sig;
	__u32 pad;
};

enum snapshot_state { SNAP_ALIVE = 0, SNAP_ZOMBIE = 1 };

struct ev_snapshot {
	struct event h;
	struct task_ref parent;	/* current parent */
	__u64 cgroup_id;
	__u32 uid, gid;
	__u32 ns_pid, pid_ns;
	__u32 state;		/* enum snapshot_state */
	__u32 status;		/* of a zombie */
	__u32 sid;		/* session */
	__u32 parent_sid;
	__u32 parent_ns_pid;	/* 1: its parent is the init of a PID namespace */
	__u32 kthread;		/* 1: a kernel thread */
	__u32 args_bytes;	/* as in ev_exec; filled in user space */
	__u32 args_off, args_len;
	__u32 pad;
	__u64 since;		/* of a zombie: when it ended; 0 where unknown */
};

struct ev_thread {
	struct event h;		/* who.tid: the thread */
	struct task_ref creator; /* start: who started it */
};

struct ev_loss {
	struct event h;		/* ts: until when; who is 0 */
	__u64 since;		/* ts of the last event before the gap */
	__u64 count;
};

struct ev_clock {
	struct event h;
	__u64 wall_ns;		/* CLOCK_REALTIME at ts */
};

/*
 * After a loss: the next `count` events are EV_SNAPSHOT, marked EVF_INFERRED, of all that
 * exists at ts.  Whoever is known and not among them has ended, and was reaped.
 */
struct ev_census {
	struct event h;		/* who is 0 */
	__u32 count;
	__u32 pad;
};

struct ev_gone {
	struct event h;		/* ts: when it would have to be called a zombie */
	__u64 seen;		/* when the task list was looked at: it was reaped by then */
};

enum past_bits {
	PAST_BURIED = 1 << 0,	/* gone: only remembered, so that nothing is told of it twice */
	PAST_FOUND = 1 << 1,	/* its first fact was not its birth, */
	PAST_FOUND_ZOMBIE = 1 << 2, /* and it had ended by then */
	PAST_HAS_STATUS = 1 << 3,
	PAST_AUTOREAP = 1 << 4,
	PAST_FROM_SNAPSHOT = 1 << 5,
	PAST_ADOPTED_BEFORE = 1 << 6,
	PAST_ADOPTION_PENDING = 1 << 7, /* computed, not yet confirmed by the kernel */
	PAST_NS_INIT = 1 << 8,
	PAST_UNLINKED = 1 << 9,	/* its parent does not have it any more */
	PAST_EXIT_INFERRED = 1 << 10,
	PAST_PARENT_DIED_UNSEEN = 1 << 11,
	PAST_PARENT_IGNORES = 1 << 12, /* SIGCHLD */
	PAST_HEIR_IGNORES = 1 << 13, /* and so does whoever takes its children */
};

/* Times: 0 where it did not happen. */
struct ev_past {
	struct event h;		/* whose past; ts: of the checkpoint */
	__u64 fork_ts;
	__u64 exit_ts;
	__u64 orphaned_ts;	/* the first time */
	__u64 flagged_ts;	/* as a zombie */
	__u64 zombie_from;
	__u64 gone_ts;		/* by when it was reaped, though that is still to be told */
	__u64 gone_since;	/* when that was noticed */
	__u64 max_rss_kib;
	__u32 bits;		/* enum past_bits */
	__u32 execs;
	__u32 killer_sig;
	__u32 file_off, file_len; /* of the last exec, as in ev_exec */
	__u32 rival_sig;	/* sent before killer_sig, another one */
};

/* Values are stable: append, never renumber. */
enum link_relation {
	LINK_PARENT = 1,	/* its parent now, by the name that it had */
	LINK_BIRTH = 2,		/* birth parent */
	LINK_CREATOR = 3,	/* with tid */
	LINK_LEFT_BY = 4,	/* the first parent that died before it; ts: when */
	LINK_PAST = 5,		/* the parent that died last; ts: when */
	LINK_PAST_BEFORE = 6,	/* and the one before */
	LINK_OLD_PARENT = 7,	/* whose exit orphaned it first */
	LINK_NEW_PARENT = 8,	/* its first adopter */
	LINK_LAST_ADOPTER = 9,	/* who had taken it when it ended */
	LINK_KILLER = 10,
	LINK_HEIR = 11,		/* once it exited: who takes its children */
	LINK_PAST_3RD = 12,	/* parents that died earlier still */
	LINK_PAST_4TH = 13,
	LINK_RIVAL = 14,	/* who sent rival_sig */
	LINK_RELATIONS
};

struct ev_link {
	struct event h;		/* whose relation; ts: of the checkpoint */
	struct task_ref to;
	char to_comm[EVENT_COMM]; /* its name when it mattered */
	__u64 since;		/* a time; 0: none */
	__u32 relation;		/* enum link_relation */
	__u32 ignores;		/* of a parent that died: 1: it ignored SIGCHLD */
};

struct ev_checkpoint {
	struct event h;		/* who is 0; ts: the last time before it */
	__u64 seq;		/* of the last fact */
	__u64 wall_ns;		/* CLOCK_REALTIME at ts */
};

#ifndef __bpf__
#include <stddef.h>
_Static_assert(sizeof(struct task_ref) == 16, "task_ref");
_Static_assert(sizeof(struct event) == 48, "event");
_Static_assert(offsetof(struct event, comm) == 32, "event.comm");
_Static_assert(sizeof(struct ev_fork) == 112, "ev_fork");
_Static_assert(sizeof(struct ev_exec) == 112, "ev_exec");
_Static_assert(sizeof(struct ev_exit) == 112, "ev_exit");
_Static_assert(sizeof(struct ev_reap) == 104, "ev_reap");
_Static_assert(sizeof(struct ev_signal) == 88, "ev_signal");
_Static_assert(sizeof(struct ev_snapshot) == 136, "ev_snapshot");
_Static_assert(sizeof(struct ev_thread) == 64, "ev_thread");
_Static_assert(sizeof(struct ev_loss) == 64, "ev_loss");
_Static_assert(sizeof(struct ev_gone) == 56, "ev_gone");
_Static_assert(sizeof(struct ev_census) == 56, "ev_census");
_Static_assert(sizeof(struct ev_past) == 136, "ev_past");
_Static_assert(sizeof(struct ev_link) == 96, "ev_link");
_Static_assert(sizeof(struct ev_checkpoint) == 64, "ev_checkpoint");
#endif

#endif
