/* SPDX-License-Identifier: GPL-2.0-only */
/* task.bpf.h: questions to a task_struct. */
#ifndef BROOD_TASK_BPF_H
#define BROOD_TASK_BPF_H

#include "emit.bpf.h"

#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000
#define SIGNAL_GROUP_EXIT 0x00000004
#define SIGKILL 9
#define SIGCHLD 17
#define SIG_IGN 1
#define SA_NOCLDWAIT 0x00000002
#define EXIT_ZOMBIE 0x00000020

static __always_inline bool is_thread(struct task_struct *task)
{
	return task->pid != task->tgid;
}

/* Kernel threads are nobody's children in the sense that this tool is about. */
static __always_inline bool skip_kthread(struct task_struct *task)
{
	return !cfg.kthreads && (task->flags & PF_KTHREAD);
}

/*
 * Its number in the namespace of that level.  A variable index is not fitted to the kernel's
 * size of one element; a struct upid is as large as ours since 4.15.
 */
static __always_inline void read_upid(struct pid *pid, __u32 level, struct upid *upid)
{
	bpf_probe_read_kernel(upid, sizeof(*upid), &pid->numbers[level & 31]);
}

/* The PID namespace a task lives in, with its number there (kernel/pid.c: ns_of_pid). */
static __always_inline void read_ns(struct task_struct *task, struct upid *upid, __u32 *inum)
{
	struct pid *pid = task->thread_pid;
	__u32 level = pid->level;

	upid->nr = 0;
	upid->ns = NULL;
	*inum = 0;
	if (level == 0) {	/* the common case costs no helper call */
		upid->ns = pid->numbers[0].ns;
		upid->nr = pid->numbers[0].nr;
		*inum = pid->numbers[0].ns->ns.inum;
		return;
	}
	read_upid(pid, level, upid);
	*inum = BPF_CORE_READ(upid, ns, ns.inum);
}

static __always_inline __u64 cgroup_of(struct task_struct *task)
{
	return task->cgroups->dfl_cgrp->kn->id;
}

/* What wait4 will tell (kernel/exit.c: wait_task_zombie). */
static __always_inline __u32 group_status(struct task_struct *leader, struct signal_struct *signal)
{
	if (signal->flags & SIGNAL_GROUP_EXIT)
		return signal->group_exit_code & 0xffff;
	return leader->exit_code & 0xffff;
}

/* Will the kernel reap it by itself (kernel/signal.c: do_notify_parent)? */
static __always_inline bool will_autoreap(struct task_struct *leader, struct task_struct *parent)
{
	struct sighand_struct *sighand;

	if (leader->ptrace)
		return false;
	/* Another signal, or none, is SIGCHLD after all once the parent has exec'ed. */
	if (leader->exit_signal != SIGCHLD && leader->parent_exec_id == parent->self_exec_id)
		return false;
	sighand = parent->sighand;
	return (__u64)sighand->action[SIGCHLD - 1].sa.sa_handler == SIG_IGN ||
	       (sighand->action[SIGCHLD - 1].sa.sa_flags & SA_NOCLDWAIT);
}

/* The same of somebody who was reached by reading, and may be about to end. */
static __always_inline bool ignores_children(struct task_struct *task)
{
	struct sighand_struct *sighand = BPF_CORE_READ(task, sighand);

	if (!sighand)
		return false;
	return (__u64)BPF_CORE_READ(sighand, action[SIGCHLD - 1].sa.sa_handler) == SIG_IGN ||
	       (BPF_CORE_READ(sighand, action[SIGCHLD - 1].sa.sa_flags) & SA_NOCLDWAIT);
}

#endif
