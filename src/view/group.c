// SPDX-License-Identifier: GPL-2.0-only
/* group.c: see group.h. */
#include <stdlib.h>
#include <string.h>

#include "view/group.h"

static int by_name(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	size_t len = x->name.len < y->name.len ? x->name.len : y->name.len;
	int c = memcmp(x->name.s, y->name.s, len);

	if (c)
		return c;
	if (x->name.len != y->name.len)
		return x->name.len > y->name.len ? 1 : -1;
	return (x->status > y->status) - (x->status < y->status);
}

/* Ties in order of names, so that the same trace always gives the same text. */
static int by_count(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return by_name(a, b);
}

static int by_sum(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->sum != y->sum)
		return x->sum < y->sum ? 1 : -1;
	return by_count(a, b);
}

size_t group_merge(struct group *g, size_t n, enum group_order order)
{
	size_t kept = 0;

	if (!n)
		return 0;
	qsort(g, n, sizeof(*g), by_name);
	for (size_t i = 1; i < n; i++) {
		if (by_name(&g[kept], &g[i]) != 0) {
			g[++kept] = g[i];
			continue;
		}
		g[kept].count += g[i].count;
		g[kept].sum += g[i].sum;
	}
	qsort(g, kept + 1, sizeof(*g), order == BY_SUM ? by_sum : by_count);
	return kept + 1;
}
