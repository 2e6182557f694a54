// SPDX-License-Identifier: GPL-2.0-only
/* forest.c: see forest.h. */
#include <errno.h>
#include <stdlib.h>

#include "view/forest.h"

/* From a process to its node. */
struct place {
	const struct proc *proc;
	uint32_t node;
};

static int by_address(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const struct place *)a)->proc;
	uintptr_t y = (uintptr_t)((const struct place *)b)->proc;

	return (x > y) - (x < y);
}

static const struct proc *parent_of(const struct model *m, const struct proc *p, enum kinship kin)
{
	if (kin == KIN_BIRTH)
		return p->born_of;
	return p->parent.ref.tgid ? model_find(m, &p->parent.ref) : NULL;
}

static int find_parents(struct forest *f, const struct model *m, enum kinship kin)
{
	struct place *places = malloc(f->n * sizeof(*places)), *at;

	if (!places)
		return -ENOMEM;
	for (uint32_t i = 1; i <= f->n; i++)
		places[i - 1] = (struct place){f->node[i].proc, i};
	qsort(places, f->n, sizeof(*places), by_address);
	for (uint32_t i = 1; i <= f->n; i++) {
		const struct proc *parent = parent_of(m, f->node[i].proc, kin);

		at = NULL;
		if (parent)
			at = bsearch(&(struct place){parent, 0}, places, f->n, sizeof(*places),
				     by_address);
		f->node[i].parent = at ? at->node : 0;
	}
	free(places);
	return 0;
}

/*
 * A damaged trace can make somebody its own ancestor: make such a one a root.  The field
 * `last` says meanwhile in which walk a node was met.
 */
static void cut_circles(struct forest *f)
{
	for (uint32_t i = 1; i <= f->n; i++) {
		uint32_t k = i;

		while (k && !f->node[k].last) {
			f->node[k].last = i;
			if (f->node[k].parent && f->node[f->node[k].parent].last == i)
				f->node[k].parent = 0;
			k = f->node[k].parent;
		}
	}
	for (uint32_t i = 1; i <= f->n; i++)
		f->node[i].last = 0;
}

static void link_children(struct forest *f)
{
	for (uint32_t i = 1; i <= f->n; i++) {
		struct node *parent = &f->node[f->node[i].parent];

		if (parent->last)
			f->node[parent->last].next = i;
		else
			parent->first = i;
		parent->last = i;
	}
}

static void number(struct forest *f)
{
	uint32_t at = f->node[0].first;

	for (uint32_t k = 0; at; k++) {
		f->preorder[k] = at;
		if (f->node[at].first) {
			at = f->node[at].first;
			continue;
		}
		while (at && !f->node[at].next)
			at = f->node[at].parent;
		at = at ? f->node[at].next : 0;
	}
}

int forest_make(struct forest *f, const struct model *m, enum kinship kin)
{
	size_t n = 1;
	uint32_t i = 0;
	int err;

	*f = (struct forest){0};
	for (const struct proc *p = model_first(m); p; p = model_next(p))
		n++;
	f->node = calloc(n, sizeof(*f->node));
	f->preorder = calloc(n, sizeof(*f->preorder));
	err = f->node && f->preorder ? 0 : -ENOMEM;
	if (err)
		goto fail;
	for (const struct proc *p = model_first(m); p; p = model_next(p))
		f->node[++i].proc = p;
	f->n = i;
	if (!i)
		return 0;
	err = find_parents(f, m, kin);
	if (err)
		goto fail;
	cut_circles(f);
	link_children(f);
	number(f);
	return 0;
fail:
	forest_free(f);
	return err;
}

void forest_free(struct forest *f)
{
	free(f->node);
	free(f->preorder);
	*f = (struct forest){0};
}
