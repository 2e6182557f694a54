/* SPDX-License-Identifier: GPL-2.0-only */
/* snapshot.bpf.h: a process that exists already, described. */
#ifndef BROOD_SNAPSHOT_BPF_H
#define BROOD_SNAPSHOT_BPF_H

#include "task.bpf.h"

#define SESSION 3		/* PIDTYPE_SID, include/linux/pid_types.h, since 4.19 */

static __always_inline __u32 session_of(struct signal_struct *signal)
{
	struct pid *sid = signal->pids[SESSION];

	return sid ? sid->numbers[0].nr : 0;
}

/* task is a thread group leader */
static __always_inline void fill_snapshot(struct ev_snapshot *s, struct task_struct *task)
{
	struct task_struct *parent = task->real_parent;
	struct signal_struct *signal = task->signal;
	const struct cred *cred = task->cred;
	struct upid upid;

	fill_head(&s->h, task, task, EV_SNAPSHOT);
	fill_ref(&s->parent, parent->group_leader);
	s->cgroup_id = cgroup_of(task);
	s->uid = cred->uid.val;
	s->gid = cred->gid.val;
	s->sid = session_of(signal);
	s->parent_sid = session_of(parent->signal);
	read_ns(parent, &upid, &s->pid_ns);
	s->parent_ns_pid = upid.nr;
	read_ns(task, &upid, &s->pid_ns);
	s->ns_pid = upid.nr;
	/* A leader that left first is a zombie by itself; the process lives on. */
	s->state = task->exit_state && signal->live.counter == 0 ? SNAP_ZOMBIE : SNAP_ALIVE;
	s->status = s->state == SNAP_ZOMBIE ? group_status(task, signal) : 0;
	s->kthread = !!(task->flags & PF_KTHREAD);
	s->args_bytes = s->args_off = s->args_len = s->pad = 0;
	s->since = 0;
}

#endif
