/* SPDX-License-Identifier: GPL-2.0-only */
/* snapshot.bpf.h: a process that exists already, described. */
#ifndef BROOD_SNAPSHOT_BPF_H
#define BROOD_SNAPSHOT_BPF_H

#include "task.bpf.h"

#define SESSION 3		/* PIDTYPE_SID, include/linux/pid_types.h, since 4.19 */

/*
 * Pointers are followed by helper calls here: none of this is told often, and of a plain load
 * of a pointer the verifier takes a millisecond or more (see emit.bpf.h), in each copy.
 */
static __always_inline __u32 session_of(struct signal_struct *signal)
{
	struct pid *sid = BPF_CORE_READ(signal, pids[SESSION]);

	return sid ? BPF_CORE_READ(sid, numbers[0].nr) : 0;
}

static __always_inline __u32 number_in_ns(struct task_struct *task, __u32 *inum)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	struct upid upid = {};

	read_upid(pid, level, &upid);
	*inum = BPF_CORE_READ(upid.ns, ns.inum);
	return upid.nr;
}

/* task is a thread group leader */
static __always_inline void fill_snapshot(struct ev_snapshot *s, struct task_struct *task)
{
	struct task_struct *parent = BPF_CORE_READ(task, real_parent, group_leader);
	struct signal_struct *signal = task->signal;

	fill_head(&s->h, task, task, EV_SNAPSHOT);
	s->parent.start = BPF_CORE_READ(parent, start_boottime);
	s->parent.tgid = BPF_CORE_READ(parent, tgid);
	s->parent.tid = 0;
	s->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	s->uid = BPF_CORE_READ(task, cred, uid.val);
	s->gid = BPF_CORE_READ(task, cred, gid.val);
	s->sid = session_of(signal);
	s->parent_sid = session_of(BPF_CORE_READ(parent, signal));
	s->parent_ns_pid = number_in_ns(parent, &s->pid_ns);
	s->ns_pid = number_in_ns(task, &s->pid_ns);
	/* A leader that left first is a zombie by itself; the process lives on. */
	s->state = task->exit_state && signal->live.counter == 0 ? SNAP_ZOMBIE : SNAP_ALIVE;
	s->status = s->state == SNAP_ZOMBIE ? group_status(task, signal) : 0;
	s->kthread = !!(task->flags & PF_KTHREAD);
	s->args_bytes = s->args_off = s->args_len = s->pad = 0;
	s->since = 0;
}

#endif
