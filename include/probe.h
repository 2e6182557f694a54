/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * probe.h: what user space tells the probes (before they load) and what the probes and
 * the reader tell each other while they run.
 */
#ifndef BROOD_PROBE_H
#define BROOD_PROBE_H

#include "event.h"

#define FILTER_VALUES 16	/* values an option may be given */

enum filter_match {		/* conditions that a process may come to meet later */
	MATCH_UID = 1 << 0,
	MATCH_COMM = 1 << 1,
	MATCH_CGROUP = 1 << 2,
	MATCH_PIDNS = 1 << 3,
};

/* Constant once loaded: the verifier drops the branches that are off. */
struct probe_config {
	__u32 args_max;		/* bytes of arguments kept */
	__u32 page_kib;		/* page size */
	__u8 threads;		/* tell of threads too */
	__u8 kthreads;		/* tell of kernel threads too */
	__u8 has_group_dead;	/* sched_process_exit has that argument (5.8..6.15: no) */
	__u8 filter;		/* only what is in `followed` and its descendants */
	__u8 exact_reaps;	/* release_task tells of them; sched_process_free of few */
	__u8 twice;		/* there are two copies of each program */
	__u8 pad[2];
	__u32 match;		/* enum filter_match: all of these must be met to be added */
	__u32 n_uid, n_comm, n_cgroup, n_pidns;
	__u32 uid[FILTER_VALUES];
	__u32 pidns[FILTER_VALUES];
	char comm[FILTER_VALUES][EVENT_COMM];
	__u64 wake_bytes;	/* this much unread data ends the reader's nap */
	__u64 open_bytes;	/* this much, and the rest of the ring is for ends only */
};

/* Where there are two copies of each program. */
#define MARK_KINDS 8
#define MARKS 8192		/* of each kind */

enum reader_state {
	READER_BUSY = 0,	/* draining: it will see what comes */
	READER_NAPPING = 1,	/* will look again by itself soon; wake it if the ring fills */
	READER_ASLEEP = 2,	/* wake it for the next event */
};

/* Shared memory, both sides write. */
struct probe_state {
	__u32 reader;		/* enum reader_state */
	__u32 lost;		/* all kinds; copied into each event's head */
	__u64 lost_by_kind[EV_KINDS];
	__s64 marks;		/* that stand, see bpf/twice.bpf.h */
	__u64 follow_failed;	/* processes that the `followed` table had no room for */
};

#endif
