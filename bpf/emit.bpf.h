/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * emit.bpf.h: the one way into the ring: reserve (or count the loss), fill the head,
 * submit (and wake the reader only if it asked for it).
 */
#ifndef BROOD_EMIT_BPF_H
#define BROOD_EMIT_BPF_H

#ifndef VMLINUX_FULL		/* see vmlinux/generate.sh */
#include <linux/bpf.h>
#include <stdbool.h>
#endif
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "event.h"
#include "probe.h"

const volatile struct probe_config cfg;
struct probe_state state;

/*
 * One ring for all CPUs: the order of reservations is the order of events, and a fork is
 * reserved before its child can run, so nobody needs to sort.  Its size is set on loading.
 */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

static __always_inline void count_loss(enum event_kind kind)
{
	__sync_fetch_and_add(&state.lost, 1);
	__sync_fetch_and_add(&state.lost_by_kind[kind], 1);
}

/*
 * The last part of the ring is for ends only: who was born, or called what, can be found
 * out later from what exists; that somebody ended, and how, cannot.  So a flood of forks or
 * of long arguments must not hide an end.
 */
static __always_inline bool is_full_for(enum event_kind kind, __u64 unread)
{
	return kind != EV_EXIT && kind != EV_REAP && unread >= cfg.open_bytes;
}

/*
 * size must be a constant: the verifier keeps it with the pointer.  ts is taken before: a
 * probe that is preempted (Linux 7) with a record in its hands must not tell a later one than
 * those that stand behind it, for they would be told to be as late.  *unread: what the ring
 * holds, for submit(), as that is asked only once.
 */
static __always_inline void *reserve_at(__u64 ts, __u64 size, enum event_kind kind, __u64 *unread)
{
	struct event *record = NULL;

	*unread = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
	if (!is_full_for(kind, *unread))
		record = bpf_ringbuf_reserve(&ring, size, 0);
	if (record)
		record->ts = ts;
	else
		count_loss(kind);
	return record;
}

static __always_inline void *reserve(__u64 size, enum event_kind kind, __u64 *unread)
{
	return reserve_at(bpf_ktime_get_boot_ns(), size, kind, unread);
}

/*
 * The functions below take the thread group leader where they can, so that each program
 * loads that pointer once: the verifier searches all of the kernel's BTF for every pointer
 * that is loaded from a trusted one (btf_nested_type_is_trusted), a millisecond each here.
 */
static __always_inline void fill_ref(struct task_ref *ref, struct task_struct *leader)
{
	ref->start = leader->start_boottime;
	ref->tgid = leader->tgid;
	ref->tid = 0;
}

/* By helper calls: a pointer to current that one could load from is not had before 5.11. */
static __always_inline void fill_current(struct task_ref *ref)
{
	struct task_struct *current = (struct task_struct *)bpf_get_current_task();
	__u64 ids = bpf_get_current_pid_tgid();

	ref->start = BPF_CORE_READ(current, group_leader, start_boottime);
	ref->tgid = ids >> 32;
	ref->tid = (__u32)ids;
}

static __always_inline void fill_current_named(struct task_ref *ref, char (*comm)[EVENT_COMM])
{
	struct task_struct *current = (struct task_struct *)bpf_get_current_task();

	fill_current(ref);
	BPF_CORE_READ_INTO(comm, current, group_leader, comm);
}

/* By plain loads: 30 to 50 ns less than a copy by helper call. */
static __always_inline void copy_comm(char to[EVENT_COMM], const struct task_struct *task)
{
	const __u64 *comm = (const __u64 *)__builtin_preserve_access_index(&task->comm);

	((__u64 *)to)[0] = comm[0];
	((__u64 *)to)[1] = comm[1];
}

/* To be read when a record has its place in the ring: what is lost later is told behind it. */
static __always_inline void fill_lost(struct event *h)
{
	h->lost = *(volatile __u32 *)&state.lost;
}

/* All but the time. */
static __always_inline void fill_head(struct event *h, struct task_struct *task,
				      struct task_struct *leader, enum event_kind kind)
{
	h->who.start = leader->start_boottime;
	h->who.tgid = task->tgid;
	h->who.tid = task->pid;
	h->kind = kind;
	h->flags = 0;
	fill_lost(h);
	copy_comm(h->comm, leader);
}

/*
 * A wake-up costs more than everything else that a probe does.  The reader says in
 * state.reader when it needs one: whenever it sleeps, for the first event; while it naps,
 * when the ring fills.  Two CPUs may both see the request; a second wake-up is harmless.
 * That no request is overlooked is the reader's care, see src/source/ring.c.
 */
static __always_inline void submit(void *record, __u64 unread)
{
	__u32 reader = *(volatile __u32 *)&state.reader;
	__u64 wake = BPF_RB_NO_WAKEUP;

	if (reader == READER_ASLEEP || (reader == READER_NAPPING && unread > cfg.wake_bytes)) {
		*(volatile __u32 *)&state.reader = READER_BUSY;
		wake = BPF_RB_FORCE_WAKEUP;
	}
	bpf_ringbuf_submit(record, wake);
}

#endif
