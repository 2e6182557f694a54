/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * group.h: many processes as a few groups: by command, and where it matters by status.
 *
 * However many there are, and whatever they are called, this takes at most 3 MiB: beyond
 * GROUPS_MAX, whoever has not got a group by then is counted with the others.
 */
#ifndef BROOD_GROUP_H
#define BROOD_GROUP_H

#include "view/fate.h"

#define GROUPS_MAX 4096

struct group {
	uint32_t name_at, name_len; /* see groups_name() */
	uint32_t hash;
	uint32_t status;	/* 0 where it does not matter */
	uint64_t count;
	uint64_t sum;		/* of whatever is added up: ns of CPU time */
};

/* All zero is a valid empty one. */
struct groups {
	struct group *row;
	uint32_t n;
	uint32_t room;		/* of row[]; the table has twice as many slots */
	uint32_t *slot;		/* open, linear; 0: free, else 1 + the index of a row */
	char *names;
	size_t names_len, names_room;
	uint64_t others, others_sum; /* of those without a group */
};

enum group_order { BY_COUNT, BY_SUM };

/* One more of them.  Where memory is short, it is one of the others. */
void groups_add(struct groups *g, struct name name, uint32_t status, uint64_t sum);
/* One less of those that were added. */
void groups_remove(struct groups *g, struct name name, uint32_t status);
struct name groups_name(const struct groups *g, const struct group *row);

/* 0, or -ENOMEM and nothing to free. */
int groups_copy(struct groups *to, const struct groups *from);
void groups_free(struct groups *g);

/*
 * The greatest first; ties in order of names, so that the same trace always gives the same
 * text.  Empty groups are dropped.  Nothing can be added or removed any more.
 */
void groups_sort(struct groups *g, enum group_order order);

#endif
