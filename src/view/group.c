// SPDX-License-Identifier: GPL-2.0-only
/* group.c: see group.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "view/group.h"

enum {
	ROOM_AT_FIRST = 16,
	NAME_MOST = 255, /* NAME_MAX of Linux: a longer one is nonsense from a file */
};

struct name groups_name(const struct groups *g, const struct group *row)
{
	return (struct name){g->names + row->name_at, row->name_len};
}

static uint32_t hash_of(struct name name, uint32_t status)
{
	uint64_t h = 0xcbf29ce484222325 ^ status;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (uint8_t)name.s[i]) * 0x100000001b3;
	h *= 0x9e3779b97f4a7c15;
	return (uint32_t)(h >> 32);
}

/* The slot of the group, or the free one where it belongs. */
static uint32_t *find(const struct groups *g, struct name name, uint32_t status, uint32_t hash)
{
	uint32_t mask = 2 * g->room - 1, at = hash & mask;

	for (; g->slot[at]; at = (at + 1) & mask) {
		const struct group *row = &g->row[g->slot[at] - 1];

		if (row->hash == hash && row->status == status && row->name_len == name.len &&
		    !memcmp(g->names + row->name_at, name.s, name.len))
			break;
	}
	return &g->slot[at];
}

/* Room for one more row.  False: there is none. */
static bool grow(struct groups *g)
{
	uint32_t room = g->room ? 2 * g->room : ROOM_AT_FIRST;
	struct group *row;
	uint32_t *slot;

	if (g->n < g->room)
		return true;
	if (room > GROUPS_MAX)
		return false;
	row = realloc(g->row, room * sizeof(*row));
	if (!row)
		return false;
	g->row = row;
	slot = calloc(2 * (size_t)room, sizeof(*slot));
	if (!slot)
		return false;
	free(g->slot);
	g->slot = slot;
	g->room = room;
	for (uint32_t i = 0; i < g->n; i++) {
		uint32_t at = row[i].hash & (2 * room - 1);

		while (slot[at])
			at = (at + 1) & (2 * room - 1);
		slot[at] = i + 1;
	}
	return true;
}

static bool keep_name(struct groups *g, struct name name, uint32_t *at)
{
	size_t room = g->names_room ? g->names_room : 256;
	char *names = g->names;

	while (room - g->names_len < name.len)
		room *= 2;
	if (room != g->names_room) {
		names = realloc(names, room);
		if (!names)
			return false;
		g->names = names;
		g->names_room = room;
	}
	memcpy(names + g->names_len, name.s, name.len);
	*at = (uint32_t)g->names_len;
	g->names_len += name.len;
	return true;
}

static struct name shortened(struct name name)
{
	return (struct name){name.s, name.len < NAME_MOST ? name.len : NAME_MOST};
}

void groups_add(struct groups *g, struct name name, uint32_t status, uint64_t sum)
{
	struct group new = {.status = status};
	uint32_t *slot = NULL;

	name = shortened(name);
	new.hash = hash_of(name, status);
	new.name_len = (uint32_t)name.len;
	if (g->room)
		slot = find(g, name, status, new.hash);
	if (!slot || !*slot) {
		if (!grow(g) || !keep_name(g, name, &new.name_at)) {
			g->others++;
			g->others_sum += sum;
			return;
		}
		slot = find(g, name, status, new.hash);
		g->row[g->n] = new;
		*slot = ++g->n;
	}
	g->row[*slot - 1].count++;
	g->row[*slot - 1].sum += sum;
}

void groups_remove(struct groups *g, struct name name, uint32_t status)
{
	uint32_t slot = 0;

	name = shortened(name);
	if (g->room)
		slot = *find(g, name, status, hash_of(name, status));
	if (slot && g->row[slot - 1].count)
		g->row[slot - 1].count--;
	else if (g->others)
		g->others--;
}

static void *copy_of(const void *from, size_t used, size_t room)
{
	void *to = malloc(room ? room : 1);

	if (to && used)
		memcpy(to, from, used);
	return to;
}

int groups_copy(struct groups *to, const struct groups *from)
{
	size_t slots = 2 * (size_t)from->room * sizeof(*from->slot);

	*to = *from;
	to->row = copy_of(from->row, from->n * sizeof(*from->row), from->room * sizeof(*from->row));
	to->slot = copy_of(from->slot, slots, slots);
	to->names = copy_of(from->names, from->names_len, from->names_room);
	if (to->row && to->slot && to->names)
		return 0;
	groups_free(to);
	return -ENOMEM;
}

void groups_free(struct groups *g)
{
	free(g->row);
	free(g->slot);
	free(g->names);
	*g = (struct groups){0};
}

/* --- in order ----------------------------------------------------------------------- */

static int by_name(const struct groups *g, const struct group *x, const struct group *y)
{
	uint32_t len = x->name_len < y->name_len ? x->name_len : y->name_len;
	int c = memcmp(g->names + x->name_at, g->names + y->name_at, len);

	if (c)
		return c;
	if (x->name_len != y->name_len)
		return x->name_len > y->name_len ? 1 : -1;
	return (x->status > y->status) - (x->status < y->status);
}

static int by_count(const void *a, const void *b, void *g)
{
	const struct group *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return by_name(g, x, y);
}

static int by_sum(const void *a, const void *b, void *g)
{
	const struct group *x = a, *y = b;

	if (x->sum != y->sum)
		return x->sum < y->sum ? 1 : -1;
	return by_count(a, b, g);
}

void groups_sort(struct groups *g, enum group_order order)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->n; i++)
		if (g->row[i].count)
			g->row[n++] = g->row[i];
	g->n = n;
	if (n)
		qsort_r(g->row, n, sizeof(*g->row), order == BY_SUM ? by_sum : by_count, g);
}
