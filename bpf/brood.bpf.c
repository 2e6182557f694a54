// SPDX-License-Identifier: GPL-2.0-only
/*
 * brood.bpf.c: the kernel side, in the order of a life: fork, exec, signal, exit, reap;
 * the snapshot of those whose birth nobody saw; and the ring, before it holds anything.
 *
 * All programs sit on stable tracepoints (tp_btf: direct loads, no kprobes), but for the
 * reap, which has an exact place only in release_task().  Threads and kernel threads
 * leave at the first line unless they were asked for.
 */
#include "adopter.bpf.h"
#include "filter.bpf.h"
#include "snapshot.bpf.h"
#include "touch.bpf.h"
#include "twice.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* --- fork ------------------------------------------------------------------------- */

#define CSIGNAL 0xff		/* the exit signal, in the low byte of the clone flags */
#define CLONE_PARENT 0x00008000

static __always_inline bool follow_newborn(struct task_struct *child)
{
	struct task_ref key;

	fill_current(&key);
	key.tid = 0;
	if (bpf_map_lookup_elem(&followed, &key) ||
	    is_followed(child->real_parent->group_leader) || matches(child))
		return follow(child);
	return false;
}

static __always_inline void emit_thread(enum event_kind kind, struct task_struct *thread)
{
	struct task_struct *leader = thread->group_leader;
	struct ev_thread *e;
	__u64 unread;

	if (!is_followed(leader))
		return;
	e = reserve(sizeof(*e), kind, &unread);
	if (!e)
		return;
	fill_head(&e->h, thread, leader, kind);
	fill_current(&e->creator);
	submit(e, unread);
}

/*
 * task_newtask fires in the thread that forks, before the child can run, right before
 * sched_process_fork; and it has the clone flags, which that one lacks.  (It also fires for
 * the workers that io_uring and vhost start in a process, and for the idle task of a CPU that
 * comes: PID 0.)  The child's age begins some microseconds before, in copy_process(): reading
 * the clock once more would cost a third of this program.
 */
SEC("tp_btf/task_newtask")
int BPF_PROG(on_fork, struct task_struct *child, __u64 flags)
{
	struct task_struct *birth_parent, *parent_leader;
	const struct cred *cred;
	struct ev_fork *e;
	struct upid upid;
	__u64 unread;

	if (is_done(FORK, child, 0))
		return 0;
	if (is_thread(child)) {
		if (cfg.threads && !skip_kthread(child))
			emit_thread(EV_THREAD_START, child);
		return 0;
	}
	if (skip_kthread(child) || !child->pid)
		return 0;
	if (cfg.filter && !follow_newborn(child))
		return 0;
	birth_parent = child->real_parent;
	parent_leader = birth_parent->group_leader;
	e = reserve_at(child->start_boottime, sizeof(*e), EV_FORK, &unread);
	if (!e)
		return 0;
	fill_head(&e->h, child, child, EV_FORK);
	fill_ref(&e->parent, parent_leader);
	if (flags & CLONE_PARENT) {
		fill_current(&e->creator);
	} else {	/* the kernel's real_parent is the thread itself */
		e->creator = e->parent;
		e->creator.tid = birth_parent->pid;
	}
	e->clone_flags = flags & ~(__u64)CSIGNAL;
	e->cgroup_id = cgroup_of(child);
	cred = child->cred;
	e->uid = cred->uid.val;
	e->gid = cred->gid.val;
	read_ns(child, &upid, &e->pid_ns);
	e->ns_pid = upid.nr;
	submit(e, unread);
	return 0;
}

/* --- exec ------------------------------------------------------------------------- */

enum { EXEC_DONE, EXEC_NAMES_TOO_LONG };

#define PATH_MAX 4096

/*
 * A record is reserved whole, so its size must be known first: classes by the length of
 * the arguments, and one more for long paths.  The caps are constants in each copy of
 * this function, so the verifier knows every offset.  head is what all classes share.
 */
static __always_inline int emit_exec(const struct ev_exec *head, struct linux_binprm *bprm,
				     __u64 args, const __u32 args_cap, const __u32 file_cap,
				     const __u32 interp_cap)
{
	__u32 len = head->args_len;
	struct ev_exec *e;
	__u64 unread;
	char *data;
	long n;

	e = reserve_at(head->h.ts, sizeof(*e) + args_cap + file_cap + interp_cap, EV_EXEC, &unread);
	if (!e)
		return EXEC_DONE;
	*e = *head;
	fill_lost(&e->h);
	data = (char *)(e + 1);

	n = bpf_probe_read_kernel_str(data + args_cap, file_cap, bprm->filename);
	if (n == file_cap && file_cap < PATH_MAX)
		goto too_long;
	e->file_off = sizeof(*e) + args_cap;
	e->file_len = n > 0 ? n - 1 : 0;
	if (bprm->interp != bprm->filename) {
		n = bpf_probe_read_kernel_str(data + args_cap + file_cap, interp_cap, bprm->interp);
		if (n == interp_cap && file_cap < PATH_MAX)
			goto too_long;
		e->interp_off = e->file_off + file_cap;
		e->interp_len = n > 0 ? n - 1 : 0;
	}

	if (len > args_cap)
		len = args_cap;
	e->args_off = sizeof(*e);
	e->args_len = len;
	/* Just copied there by the kernel: the pages are present, no fault to fear. */
	if (len && bpf_probe_read_user(data, len, (void *)args)) {
		e->h.flags |= EVF_ARGS_UNREADABLE;
		e->args_len = 0;
	}
	submit(e, unread);
	return EXEC_DONE;

too_long:
	bpf_ringbuf_discard(e, BPF_RB_NO_WAKEUP);
	return EXEC_NAMES_TOO_LONG;
}

/* It matches from now on: say who it is before saying what it does. */
static __always_inline void emit_arrival(struct task_struct *task)
{
	__u64 unread;
	struct ev_snapshot *s = reserve(sizeof(*s), EV_SNAPSHOT, &unread);

	if (!s)
		return;
	fill_snapshot(s, task);
	submit(s, unread);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, __u32 old_pid, struct linux_binprm *bprm)
{
	struct ev_exec head = {};
	struct mm_struct *mm;
	const struct cred *cred;
	__u64 args, bytes;
	int r;

	if (is_done(EXEC, task, 0))
		return 0;
	/* task leads its group by now, whichever thread called exec (de_thread). */
	if (!is_followed(task)) {
		if (!is_ours(task) && !(matches(task) && follow(task)))
			return 0;
		emit_arrival(task);
	}
	head.h.ts = bpf_ktime_get_boot_ns();
	fill_head(&head.h, task, task, EV_EXEC);
	fill_ref(&head.parent, task->real_parent->group_leader);
	cred = task->cred;
	head.uid = cred->uid.val;
	head.gid = cred->gid.val;
	head.old_tid = old_pid != (__u32)task->pid ? old_pid : 0;
	mm = task->mm;
	args = mm->arg_start;
	bytes = mm->arg_end - args;
	head.args_bytes = bytes;	/* the kernel allows at most 3/4 of 8 MiB */
	head.args_len = bytes < cfg.args_max ? bytes : cfg.args_max;

	if (head.args_len <= 256)
		r = emit_exec(&head, bprm, args, 256, 128, 64);
	else if (head.args_len <= 1024)
		r = emit_exec(&head, bprm, args, 1024, 256, 256);
	else if (head.args_len <= 4096)
		r = emit_exec(&head, bprm, args, 4096, 256, 256);
	else if (head.args_len <= 16384)
		r = emit_exec(&head, bprm, args, 16384, PATH_MAX, PATH_MAX);
	else
		r = emit_exec(&head, bprm, args, 65536, PATH_MAX, PATH_MAX);
	if (r == EXEC_NAMES_TOO_LONG)
		emit_exec(&head, bprm, args, 4096, PATH_MAX, PATH_MAX);
	return 0;
}

/* --- signals: who killed whom ------------------------------------------------------- */

#define SI_USER 0
#define SI_QUEUE (-1)
#define SI_MESGQ (-3)
#define SI_TKILL (-6)

/* Signals whose default is not to kill: CHLD CONT STOP TSTP TTIN TTOU URG WINCH. */
#define HARMLESS (1ULL << 17 | 1ULL << 18 | 1ULL << 19 | 1ULL << 20 | 1ULL << 21 | \
		  1ULL << 22 | 1ULL << 23 | 1ULL << 28)

static __always_inline bool is_fatal(struct task_struct *target, int sig)
{
	struct k_sigaction *action;
	void *handler = (void *)1;

	if (sig < 1 || sig > 64 || (1ULL << sig & HARMLESS))
		return false;
	if (sig == SIGKILL)
		return true;
	/* Not action[sig - 1]: only a constant index is fitted to the kernel's size of one. */
	action = (void *)&target->sighand->action[0] +
		 (unsigned long)((sig - 1) & 63) * bpf_core_type_size(struct k_sigaction);
	bpf_core_read(&handler, sizeof(handler), &action->sa.sa_handler);
	return handler == NULL;			/* SIG_DFL */
}

SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal, int sig, struct kernel_siginfo *info, struct task_struct *target,
	     int group, int result)
{
	struct task_struct *leader;
	struct ev_signal *e;
	__u64 unread;
	int code = 0;

	if (cfg.twice && is_done(SIGNAL, target, bpf_get_current_pid_tgid() + sig))
		return 0;
	if (result != 0 || !is_fatal(target, sig))	/* 0: TRACE_SIGNAL_DELIVERED */
		return 0;
	/*
	 * Sent by a call that current makes: one of these codes, or no siginfo at all
	 * (SEND_SIG_NOINFO).  The kernel's own (a fault, the terminal, the OOM killer,
	 * SEND_SIG_PRIV = 1) name nobody, and a timer's or an I/O's come in the context of
	 * whoever is interrupted.
	 */
	if ((__u64)info == 1)
		return 0;
	if ((__u64)info > 1)
		bpf_core_read(&code, sizeof(code), &info->si_code);
	if ((code != SI_USER && code != SI_QUEUE && code != SI_TKILL && code != SI_MESGQ) ||
	    skip_kthread(target))
		return 0;
	leader = target->group_leader;
	if (!is_followed(leader))
		return 0;
	e = reserve(sizeof(*e), EV_SIGNAL, &unread);
	if (!e)
		return 0;
	fill_head(&e->h, target, leader, EV_SIGNAL);
	fill_current_named(&e->from, &e->from_comm);
	e->sig = sig;
	e->pad = 0;
	submit(e, unread);
	return 0;
}

/* --- exit --------------------------------------------------------------------------- */

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct task_struct *leader, *parent;
	struct signal_struct *signal;
	struct ev_exit *e;
	__u64 unread;
	bool dead;

	if (is_done(EXIT, task, 0) || skip_kthread(task))
		return 0;
	if (cfg.threads && is_thread(task))
		emit_thread(EV_THREAD_EXIT, task);
	signal = task->signal;
	/*
	 * Kernels before 6.16 do not say whether this was the last thread.  The counter is
	 * zero by then; two that leave together may both see it, and the model takes the
	 * first.
	 */
	dead = cfg.has_group_dead ? ctx[1] & 1 : signal->live.counter == 0;
	if (!dead)
		return 0;
	leader = task->group_leader;
	/*
	 * Until 5.16 the status is the leader's, who may have left the count a moment ago and
	 * not have set it.  It has when it is past exit_mm(); else its turn is yet to come.
	 */
	if (!cfg.has_group_dead && is_thread(task) && leader->mm)
		return 0;
	if (!is_ours(leader))
		return 0;
	e = reserve(sizeof(*e), EV_EXIT, &unread);
	if (!e)
		return 0;
	parent = leader->real_parent;
	fill_head(&e->h, task, leader, EV_EXIT);
	if (!cfg.has_group_dead)
		e->h.flags |= EVF_RACE_PRONE;
	if (will_autoreap(leader, parent))
		e->h.flags |= EVF_AUTOREAP;
	fill_ref(&e->parent, parent->group_leader);
	e->status = group_status(leader, signal);
	e->pad = 0;
	e->max_rss_kib = signal->maxrss * cfg.page_kib;
	__builtin_memset(&e->adopter, 0, sizeof(e->adopter) + sizeof(e->adopter_comm));
	fill_adopter(e, task, signal);
	submit(e, unread);
	return 0;
}

/* --- reap --------------------------------------------------------------------------- */

/*
 * Only a leader's release is the end of a process.  (A leader that another thread replaced by
 * exec has lost its PID by now, and is_thread() is true.)
 */
static __always_inline bool is_reap(struct task_struct *task)
{
	return !is_thread(task) && !skip_kthread(task) && is_followed(task);
}

/*
 * What is known of it was looked up before.  No cache has any of it by then, and reading the
 * clock and reserving each wait for all loads: loads in between would wait once more, 120 ns.
 */
static __always_inline void emit_reap(struct task_struct *task, struct ev_reap *reap)
{
	struct ev_reap *e;
	__u64 unread;

	reap->h.ts = bpf_ktime_get_boot_ns();
	e = reserve_at(reap->h.ts, sizeof(*e), EV_REAP, &unread);
	if (e) {
		*e = *reap;
		fill_lost(&e->h);
		submit(e, unread);
	}
	unfollow(task);
}

/*
 * One way out does not pass the entry of release_task(): the last thread takes along a
 * leader that left before it and that nobody need wait for, in a loop inside (kernel/exit.c:
 * zap_leader).  Whether it will is not decided yet as that thread enters.  So the leader is
 * noted, one slot per PID modulo the table, and told late, by on_free, unless it enters too.
 */
#define ZAP_SLOTS 1024

static __u64 zaps[ZAP_SLOTS];	/* addresses of task_structs */

static __always_inline void note_zap(struct task_struct *thread)
{
	struct task_struct *leader = thread->group_leader;

	if (will_autoreap(leader, leader->real_parent))
		zaps[leader->pid & (ZAP_SLOTS - 1)] = (__u64)leader;
}

static __always_inline bool take_zap(struct task_struct *task)
{
	__u64 *slot = &zaps[task->pid & (ZAP_SLOTS - 1)];

	if (*slot != (__u64)task)
		return false;
	*slot = 0;
	return true;
}

/* Exact: current is whoever waits for it, or the task itself where nobody need wait. */
SEC("?fentry/release_task")
int BPF_PROG(on_release, struct task_struct *task)
{
	struct ev_reap r;

	if (is_done(RELEASE, task, 0))
		return 0;
	if (is_thread(task)) {
		note_zap(task);
		return 0;
	}
	take_zap(task);
	if (!is_reap(task))
		return 0;
	fill_head(&r.h, task, task, EV_REAP);
	fill_ref(&r.parent, task->real_parent->group_leader);
	r.h.flags |= EVF_EXACT;
	fill_current_named(&r.by, &r.by_comm);
	if (r.by.tgid == r.h.who.tgid)
		r.h.flags |= EVF_SELF_REAP;
	/* The leader's own time is added to the sum a moment later (__exit_signal). */
	r.cpu_ns = task->signal->sum_sched_runtime + task->se.sum_exec_runtime;
	emit_reap(task, &r);
	return 0;
}

/*
 * Is a parent's memory in use again?  By a fork that has copied its own task_struct there, and
 * not yet said that the copy leads its group; or by a thread that is younger than the child.
 * (So is a thread that was given the child by another one of its group, which is known.)
 */
static __always_inline bool is_in_use_again(struct task_struct *task, struct task_struct *parent,
					    struct task_struct *leader)
{
	return (__u64)leader != (__u64)parent &&
	       (!is_thread(parent) || parent->start_boottime > task->start_boottime);
}

/*
 * Late, by an RCU grace period, and in somebody else's context.  But real_parent still
 * points to whoever was the parent when it was released: a zombie that was handed on
 * points to its adopter, one that was reaped before its parent ended to that parent.
 * That parent may be freed by now, so user space checks what is read here.
 */
SEC("tp_btf/sched_process_free")
int BPF_PROG(on_free, struct task_struct *task)
{
	struct task_struct *parent, *leader;
	struct ev_reap r;

	if (is_done(FREE, task, 0) || (cfg.exact_reaps && !take_zap(task)) || !is_reap(task))
		return 0;
	fill_head(&r.h, task, task, EV_REAP);
	if (cfg.exact_reaps)		/* else it would have been told by on_release */
		r.h.flags |= EVF_SELF_REAP;
	parent = task->real_parent;
	leader = parent->group_leader;
	if (is_in_use_again(task, parent, leader))
		r.h.flags |= EVF_LEFTOVER;
	fill_ref(&r.parent, leader);
	r.by = r.parent;
	copy_comm(r.by_comm, leader);
	r.cpu_ns = task->signal->sum_sched_runtime;
	emit_reap(task, &r);
	return 0;
}

/* --- snapshot ----------------------------------------------------------------------- */

static __always_inline void write_snapshot(struct bpf_iter__task *ctx, struct task_struct *task)
{
	struct ev_snapshot s;

	s.h.ts = bpf_ktime_get_boot_ns();
	fill_snapshot(&s, task);
	bpf_seq_write(ctx->meta->seq, &s, sizeof(s));
}

SEC("iter/task")
int on_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	/* A hardened kernel may hide init, which the list should begin with; it is still
	 * there as the reaper of the first namespace. */
	if (ctx->meta->seq_num == 0 && task->tgid != 1)
		write_snapshot(ctx, task->thread_pid->numbers[0].ns->child_reaper->group_leader);
	if (!is_thread(task) && !skip_kthread(task))
		write_snapshot(ctx, task);
	return 0;
}

/* --- the ring ------------------------------------------------------------------------- */

/* User space runs it before anything is attached. */
SEC("raw_tp")
int touch_ring(void *ctx)
{
	return touch_pages(&ring);
}
