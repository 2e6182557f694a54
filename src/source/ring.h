/* SPDX-License-Identifier: GPL-2.0-only */
/* ring.h: the reading end of the ring buffer: drain in batches, nap, sleep, be woken. */
#ifndef BROOD_RING_H
#define BROOD_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "probe.h"

struct bpf_map;
struct bpf_program;
struct ring;

typedef int (*ring_fn)(void *ctx, const struct event *ev, size_t size);

/* map: the ring; state: memory shared with the probes; signal_fd: ends every wait. */
int ring_open(struct ring **out, const struct bpf_map *map, struct probe_state *state,
	      int signal_fd, ring_fn fn, void *ctx);

/*
 * Go around the ring once, before it holds anything; touch: the program that does so in the
 * kernel.  Where a hypervisor keeps page tables of its own, the first touch of each page costs
 * microseconds, and would fall on the workload, and on the reader once more.  Not done where the
 * ring is very large, or cannot be (Linux before 5.10): then that is what it costs.
 */
void ring_touch(struct ring *r, const struct bpf_program *touch);

/*
 * Take everything that is there as this begins; of what comes meanwhile no more than a full
 * ring in all.  0: there was nothing; more than 0: something; or the negative errno of fn.
 */
int ring_drain(struct ring *r);

/*
 * Rest after a batch that had something in it, unless it left some: until events have gathered, the ring fills,
 * a signal came, or `until` (CLOCK_BOOTTIME).
 */
void ring_nap(struct ring *r, uint64_t until);

/*
 * Rest on an empty ring, until the next event, a signal, or `until`.  Costs no wake-up on
 * an idle machine.
 */
int ring_sleep(struct ring *r, uint64_t until);

/*
 * Take all that was reserved before this call, waiting for what is still being written: all
 * events with a time before it are taken then.  Returns like ring_drain().
 */
int ring_catch_up(struct ring *r);

/*
 * After this every probe that was running has ended: what it told is in the ring.  Takes an
 * RCU grace period, 10 to 20 ms, more on a busy machine, in which nobody reads.
 */
void ring_settle(void);

void ring_close(struct ring *r);

#endif
