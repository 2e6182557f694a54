/* SPDX-License-Identifier: GPL-2.0-only */
/* clock.h: the two clocks, in ns. */
#ifndef BROOD_CLOCK_H
#define BROOD_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_MS 1000000ULL
#define NS_PER_S 1000000000ULL

static inline uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* The clock of all events: what bpf_ktime_get_boot_ns() tells. */
static inline uint64_t boottime(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

#endif
