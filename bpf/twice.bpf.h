/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * twice.bpf.h: two copies of each program, where one may be skipped.
 *
 * Since Linux 7.0 tracepoint programs can be preempted, and as long as one that is does not go
 * on, the kernel skips it for everybody else on that CPU (kernel/trace/bpf_trace.c:
 * __bpf_trace_run, recursion_misses): of a burst, hundreds.  So there all programs are loaded
 * twice.  Whichever copy comes first does the work and leaves a mark, the other one takes the
 * mark away; only what both were skipped for is lost.  Where they are loaded once the verifier
 * drops all of this.
 */
#ifndef BROOD_TWICE_BPF_H
#define BROOD_TWICE_BPF_H

#include "emit.bpf.h"

enum deed { FORK, EXEC, SIGNAL, EXIT, RELEASE, FREE };	/* up to MARK_KINDS */

/* A mark stands from one copy to the next, so to speak: one for each PID modulo the table. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);	/* set on loading, where there are two copies */
	__type(key, __u32);
	__type(value, __u64);
} marks SEC(".maps");

/*
 * A thread that calls exec becomes the leader, with its PID and its age (fs/exec.c: de_thread),
 * and the old leader has ended before.  by: whose deed, if several can do it to a task.
 */
static __always_inline bool is_done(enum deed deed, struct task_struct *task, __u64 by)
{
	__u64 *left, mark;
	__u32 place;

	if (!cfg.twice)		/* before any load, so that there is none */
		return false;
	place = deed * MARKS + (task->pid & (MARKS - 1));
	mark = task->start_boottime + task->self_exec_id + by;
	left = bpf_map_lookup_elem(&marks, &place);
	if (!left)
		return false;
	if (*left == mark) {
		*left = 0;
		__sync_fetch_and_add(&state.marks, -1);
		return true;
	}
	*left = mark;
	__sync_fetch_and_add(&state.marks, 1);
	return false;
}

#endif
