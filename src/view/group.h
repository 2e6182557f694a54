/* SPDX-License-Identifier: GPL-2.0-only */
/* group.h: many processes as a few groups: by command, and where it matters by status. */
#ifndef BROOD_GROUP_H
#define BROOD_GROUP_H

#include "view/fate.h"

struct group {
	struct name name;
	uint32_t status;	/* 0 where it does not matter */
	uint64_t count;
	uint64_t sum;		/* of whatever is added up: ns of CPU time */
};

enum group_order { BY_COUNT, BY_SUM };

/* Merge the n groups of equal name and status; the greatest come first.  Returns how many. */
size_t group_merge(struct group *g, size_t n, enum group_order order);

#endif
