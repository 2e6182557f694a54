// SPDX-License-Identifier: GPL-2.0-only
/*
 * floor.bpf.c: what any probe of this kind costs on this machine, with one ring and one
 * record an event: nothing at all; reading the clock; reserving a record and letting it go.
 * Each alone at the tracepoints that brood uses, as caches are cold there for the first.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "../../bpf/touch.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} ring SEC(".maps");

#define AT(what, event, point, body)						\
	SEC("tp_btf/" #point) int what##_on_##event(void *ctx)			\
	{									\
		body;								\
		return 0;							\
	}

#define FLOOR(what, body)							\
	AT(what, fork, task_newtask, body)					\
	AT(what, exec, sched_process_exec, body)				\
	AT(what, exit, sched_process_exit, body)				\
	AT(what, free, sched_process_free, body)

static __always_inline void reserve_one(void)
{
	void *record = bpf_ringbuf_reserve(&ring, 128, 0);

	if (record)
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
}

FLOOR(empty, )
FLOOR(clock, bpf_ktime_get_boot_ns())
FLOOR(reserve, reserve_one())

/* Around the ring once, as brood does before it attaches anything. */
SEC("raw_tp")
int touch_ring(void *ctx)
{
	return touch_pages(&ring);
}
