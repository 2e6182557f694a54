/* SPDX-License-Identifier: GPL-2.0-only */
/* snapshot.h: what exists, from the kernel's own task list (iter/task). */
#ifndef BROOD_SNAPSHOT_H
#define BROOD_SNAPSHOT_H

#include <stddef.h>

#include "event.h"

struct bpf_program;

struct snapshot {
	struct ev_snapshot *list;	/* in the order of the kernel: by PID */
	size_t n, cap;
};

/* 0, or a negative errno.  The list replaces what was there. */
int snapshot_take(struct snapshot *s, const struct bpf_program *iterator);
void snapshot_free(struct snapshot *s);

/*
 * The event with the process's arguments behind it, at most args_max bytes, in a malloc'ed
 * block.  args_max 0: they are not even looked at.  NULL: no memory.
 */
struct ev_snapshot *snapshot_with_args(const struct ev_snapshot *s, size_t args_max);

#endif
