// SPDX-License-Identifier: GPL-2.0-only
/*
 * fold.c: which subtrees are alike.
 *
 * Two are of one class if they have the same name, ended the same way, and have the same
 * children, class by class, in whatever order: make -j starts what it may.  Whatever
 * deserves a look of its own (alive, orphan, a flagged zombie) has no class, nor has
 * anybody above it.  Classes are told apart by what they consist of and not by a hash of
 * it, so no choice of names can make the unlike fold.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "view/fate.h"
#include "view/forest.h"

/* What a class consists of: bytes in keys.data. */
struct kind {
	size_t from, len;
	uint64_t hash;
};

struct classes {
	struct kind *kind; /* kind[1] … kind[n] */
	uint32_t n;
	struct text keys;
	uint32_t *slot; /* a hash table of classes: open, linear, 0 is free */
	uint64_t mask;
};

static bool is_ordinary(const struct proc *p)
{
	return p->state == PROC_GONE && p->orphaned_ts == NO_TIME && p->zombie_flag_ts == NO_TIME;
}

static uint64_t hash_bytes(const char *s, size_t len)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)s[i]) * 0x100000001b3;
	return h ^ h >> 29;
}

/* The class of the key that was just added at the end of keys. */
static uint32_t class_of_key(struct classes *c, size_t from)
{
	struct kind new = {from, c->keys.len - from,
			   hash_bytes(c->keys.data + from, c->keys.len - from)};
	uint64_t at = new.hash & c->mask;

	for (; c->slot[at]; at = (at + 1) & c->mask) {
		const struct kind *old = &c->kind[c->slot[at]];

		if (old->hash == new.hash && old->len == new.len &&
		    !memcmp(c->keys.data + old->from, c->keys.data + from, new.len)) {
			c->keys.len = from;
			return c->slot[at];
		}
	}
	c->kind[++c->n] = new;
	c->slot[at] = c->n;
	return c->n;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* sorted: room for the classes of all children. */
static uint32_t classify(struct classes *c, const struct forest *f, const struct node *n,
			 uint32_t *sorted)
{
	struct name name = proc_name(n->proc);
	size_t from = c->keys.len;
	uint32_t children = 0;
	struct {
		uint32_t status, has_status, forked_only, name_len;
	} head = {n->proc->status, n->proc->has_status, !n->proc->execs, (uint32_t)name.len};

	if (!is_ordinary(n->proc))
		return 0;
	for (uint32_t i = n->first; i; i = f->node[i].next) {
		if (!f->node[i].class)
			return 0;
		sorted[children++] = f->node[i].class;
	}
	qsort(sorted, children, sizeof(*sorted), by_number);
	text_add(&c->keys, (const char *)&head, sizeof(head));
	text_add(&c->keys, name.s, name.len);
	text_add(&c->keys, (const char *)sorted, children * sizeof(*sorted));
	return class_of_key(c, from);
}

int forest_classes(struct forest *f)
{
	struct classes c = {0};
	uint64_t slots = 16;
	uint32_t *sorted;
	int err = -ENOMEM;

	while (slots < 2 * (uint64_t)f->n)
		slots *= 2;
	c.mask = slots - 1;
	c.slot = calloc(slots, sizeof(*c.slot));
	c.kind = calloc((size_t)f->n + 1, sizeof(*c.kind));
	sorted = calloc((size_t)f->n + 1, sizeof(*sorted));
	if (!c.slot || !c.kind || !sorted)
		goto out;
	/* Backwards: children before their parents. */
	for (uint32_t k = f->n; k--;) {
		struct node *n = &f->node[f->preorder[k]];

		n->class = classify(&c, f, n, sorted);
	}
	f->classes = c.n;
	err = 0;
out:
	text_free(&c.keys);
	free(c.slot);
	free(c.kind);
	free(sorted);
	return err;
}
