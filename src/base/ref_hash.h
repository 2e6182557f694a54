/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ref_hash.h: uthash for tables keyed by struct task_ref.  Include this instead of
 * <uthash.h>: what it defines must stand before.
 */
#ifndef BROOD_REF_HASH_H
#define BROOD_REF_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include "event.h"

/* The same life of the same process; tid says nothing about that. */
static inline bool ref_same(const struct task_ref *a, const struct task_ref *b)
{
	return a->start == b->start && a->tgid == b->tgid;
}

static inline unsigned int ref_hash(const struct task_ref *ref)
{
	/* Fibonacci hashing: the upper bits are the mixed ones. */
	return (unsigned int)((ref->start + ref->tgid) * 0x9e3779b97f4a7c15ULL >> 32);
}

/* uthash must tell of failed allocations instead of ending the program. */
#define HASH_NONFATAL_OOM	       1
#define HASH_FUNCTION(key, len, value) ((value) = ref_hash(key))
#define HASH_KEYCMP(a, b, len)	       (!ref_same((const struct task_ref *)(a), (b)))

#include <uthash.h>

#endif
