// SPDX-License-Identifier: GPL-2.0-only
/* rows.c: see rows.h. */
#include <errno.h>
#include <stdlib.h>

#include "view/rows.h"

/* Three lines read as fast as "3 ×" and say more: when each began, how long it lived. */
#define FOLD_MIN 4

/* What must be left of a line for PID and command. */
#define COMMAND_COLUMNS 26

/* A group of nodes that become one row: count of them from ids[from]. */
struct group {
	uint32_t from, count, depth;
	bool last;
};

struct walk {
	const struct forest *f;
	uint32_t *ids; /* nodes, group by group; each node is in one */
	uint32_t used;
	struct group *stack; /* still to be shown, the next on top */
	uint32_t n;
	uint32_t *seen; /* by class: how many of the children at hand */
	uint32_t *fill; /* by class: where its next one goes, plus 1; 0: no group yet */
};

static void push(struct walk *w, uint32_t node, uint32_t room, uint32_t depth)
{
	w->stack[w->n++] = (struct group){w->used, room, depth, false};
	w->ids[w->used] = node;
	w->used += room;
}

static void place(struct walk *w, uint32_t node, uint32_t min, uint32_t depth)
{
	uint32_t class = w->f->node[node].class;

	if (!class || w->seen[class] < min) {
		push(w, node, 1, depth);
	} else if (!w->fill[class]) {
		push(w, node, w->seen[class], depth);
		w->fill[class] = w->stack[w->n - 1].from + 2;
	} else {
		w->ids[w->fill[class]++ - 1] = node;
	}
}

static void reverse(struct group *g, uint32_t n)
{
	for (uint32_t i = 0; i < n / 2; i++) {
		struct group swap = g[i];

		g[i] = g[n - 1 - i];
		g[n - 1 - i] = swap;
	}
}

/* The children of all members of a group, themselves in groups; of a folded one, always. */
static void push_children(struct walk *w, const uint32_t *parents, uint32_t count, uint32_t depth)
{
	const struct node *node = w->f->node;
	uint32_t min = count > 1 ? 1 : FOLD_MIN, bottom = w->n;

	for (uint32_t k = 0; k < count; k++)
		for (uint32_t i = node[parents[k]].first; i; i = node[i].next)
			w->seen[node[i].class]++;
	for (uint32_t k = 0; k < count; k++)
		for (uint32_t i = node[parents[k]].first; i; i = node[i].next)
			place(w, i, min, depth);
	for (uint32_t k = 0; k < count; k++)
		for (uint32_t i = node[parents[k]].first; i; i = node[i].next)
			w->seen[node[i].class] = w->fill[node[i].class] = 0;
	if (w->n > bottom) {
		w->stack[w->n - 1].last = true;
		reverse(w->stack + bottom, w->n - bottom);
	}
}

static void walk_down(struct walk *w, struct rows *r)
{
	push_children(w, &(uint32_t){0}, 1, 0);
	while (w->n) {
		struct group g = w->stack[--w->n];

		r->row[r->n++] = (struct row){&r->procs[g.from], g.count, g.depth, g.last};
		for (uint32_t i = g.from; i < g.from + g.count; i++)
			r->procs[i] = w->f->node[w->ids[i]].proc;
		push_children(w, &w->ids[g.from], g.count, g.depth + 1);
	}
}

int rows_make(struct rows *r, const struct model *m, enum kinship kin, bool fold)
{
	struct forest f;
	int err = forest_make(&f, m, kin);
	size_t n = (size_t)f.n + 1, classes;
	struct group *stack = NULL;
	uint32_t *ids = NULL, *seen = NULL;

	*r = (struct rows){0};
	if (!err && fold)
		err = forest_classes(&f);
	if (err)
		goto out;
	classes = (size_t)f.classes + 1;
	r->row = calloc(n, sizeof(*r->row));
	r->procs = calloc(n, sizeof(const struct proc *));
	ids = calloc(n, sizeof(*ids));
	stack = calloc(n, sizeof(*stack));
	seen = calloc(2 * classes, sizeof(*seen));
	if (!r->row || !r->procs || !ids || !stack || !seen) {
		err = -ENOMEM;
		rows_free(r);
		goto out;
	}
	walk_down(
		&(struct walk){
			.f = &f, .ids = ids, .stack = stack, .seen = seen, .fill = seen + classes},
		r);
out:
	free(ids);
	free(stack);
	free(seen);
	forest_free(&f);
	return err;
}

void rows_free(struct rows *r)
{
	free(r->row);
	free(r->procs);
	*r = (struct rows){0};
}

uint32_t branch_limit(int columns)
{
	int levels = (columns - COMMAND_COLUMNS) / 2;

	if (levels < 4)
		return 4;
	return levels < BRANCH_LEVELS ? (uint32_t)levels : BRANCH_LEVELS;
}

void branch_text(struct text *t, struct branches *b, const struct row *row)
{
	uint32_t depth = row->depth, shown = depth < b->limit ? depth : b->limit;

	if (depth <= b->limit)
		b->open[depth] = !row->last;
	for (uint32_t level = 1; level < shown; level++)
		text_adds(t, b->open[level] ? "│ " : "  ");
	if (depth > b->limit)
		text_addf(t, "%slevel %u: ", b->open[shown] ? "│ " : "  ", depth);
	else if (depth)
		text_adds(t, row->last ? "└─" : "├─");
}
