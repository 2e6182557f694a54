/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * adopter.bpf.h: who will take the children of a process that ends, computed as the kernel
 * will in a moment (kernel/exit.c: find_new_reaper, find_child_reaper).
 */
#ifndef BROOD_ADOPTER_BPF_H
#define BROOD_ADOPTER_BPF_H

#include "task.bpf.h"

#define ADOPTER_STEPS 32	/* ancestors looked at; beyond, the adopter is unknown */

static __always_inline bool is_subreaper(struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);

	/* The kernel wants a thread that is not exiting; none is when the last has left. */
	return BPF_CORE_READ_BITFIELD_PROBED(signal, is_child_subreaper) &&
	       BPF_CORE_READ(signal, live.counter) > 0;
}

/* The init of the first namespace: plain loads all the way, where the rest calls helpers. */
static __always_inline void fill_first_init(struct ev_exit *e, struct task_struct *init)
{
	struct task_struct *leader = init->group_leader;
	struct sighand_struct *sighand = init->sighand;

	if ((__u64)sighand->action[SIGCHLD - 1].sa.sa_handler == SIG_IGN ||
	    (sighand->action[SIGCHLD - 1].sa.sa_flags & SA_NOCLDWAIT))
		e->h.flags |= EVF_ADOPTER_IGNORES;
	e->adopter.tgid = init->tgid;
	e->adopter.start = leader->start_boottime;
	copy_comm(e->adopter_comm, leader);
}

static __always_inline void fill_adopter(struct ev_exit *e, struct task_struct *task,
					 struct signal_struct *signal)
{
	struct pid *pid = task->thread_pid;
	struct task_struct *reaper;
	struct upid upid = {};
	__u32 level;

	if (pid->level == 0 && !BPF_CORE_READ_BITFIELD(signal, has_child_subreaper)) {
		struct task_struct *init = pid->numbers[0].ns->child_reaper;

		if (init->tgid != task->tgid) {
			fill_first_init(e, init);
			return;
		}
	}
	/* From here on by helper calls: a plain load costs the verifier a millisecond. */
	level = BPF_CORE_READ(task, thread_pid, level);
	read_upid(pid, level, &upid);
	reaper = BPF_CORE_READ(upid.ns, child_reaper);
	if (BPF_CORE_READ(reaper, tgid) == task->tgid) {
		/* init of a PID namespace: the kernel kills all in it and init reaps them */
		e->h.flags |= EVF_NS_INIT;
		return;
	}
	if (BPF_CORE_READ_BITFIELD_PROBED(signal, has_child_subreaper)) {
		struct task_struct *p = task;

		for (int i = 0; i < ADOPTER_STEPS; i++) {
			p = BPF_CORE_READ(p, real_parent);
			if (!p || BPF_CORE_READ(p, pid) == 0 ||
			    BPF_CORE_READ(p, thread_pid, level) != level)
				break;
			if (is_subreaper(p)) {
				reaper = p;
				break;
			}
			if (i == ADOPTER_STEPS - 1)
				return;
		}
	}
	if (ignores_children(reaper))
		e->h.flags |= EVF_ADOPTER_IGNORES;
	e->adopter.tgid = BPF_CORE_READ(reaper, tgid);
	e->adopter.start = BPF_CORE_READ(reaper, group_leader, start_boottime);
	BPF_CORE_READ_INTO(&e->adopter_comm, reaper, group_leader, comm);
}

#endif
