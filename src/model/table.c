/* SPDX-License-Identifier: GPL-2.0-only */
/* table.c: see table.h. */
#include <errno.h>
#include <stdlib.h>

#include "model/table.h"

static struct proc *find(struct proc *hash, const struct task_ref *ref)
{
	struct proc *p;

	HASH_FIND(hh, hash, ref, sizeof(*ref), p);
	return p;
}

static void proc_free(struct proc *p)
{
	free(p->file);
	free(p->args);
	free(p);
}

static struct proc *ghost_new(struct table *t, const struct task_ref *ref)
{
	struct proc *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->ref = (struct task_ref){.start = ref->start, .tgid = ref->tgid};
	p->ghost = true;
	TAILQ_INIT(&p->children);
	TAILQ_INIT(&p->born);
	p->fork_ts = p->exit_ts = p->reap_ts = p->orphaned_ts = NO_TIME;
	p->zombie_flag_ts = p->zombie_ns = p->gone_ts = NO_TIME;
	p->uid = p->gid = NO_ID;
	HASH_ADD(hh, t->hash, ref, sizeof(p->ref), p);
	if (!p->hh.tbl) {
		free(p);
		return NULL;
	}
	return p;
}

/* Whatever now stands for this identity; made if need be. */
static struct proc *find_or_ghost(struct table *t, const struct task_ref *ref)
{
	struct proc *p = find(t->hash, ref);

	return p ? p : ghost_new(t, ref);
}

static void unhash(struct table *t, struct proc *p)
{
	if (t->hash)
		HASH_DEL(t->hash, p);
}

static void drop(struct table *t, struct proc *p)
{
	unhash(t, p);
	proc_free(p);
}

void table_init(struct table *t, enum model_keep keep)
{
	t->hash = t->kept = NULL;
	t->appeared = 0;
	t->n_graves = 0;
	t->notes = (struct notes){0};
	t->keep = keep;
	TAILQ_INIT(&t->all);
	TAILQ_INIT(&t->graves);
	TAILQ_INIT(&t->buried);
}

static bool kept(const struct table *t, const struct proc *p)
{
	return t->keep == KEEP_ALL || p->noted;
}

void table_free(struct table *t)
{
	struct proc *p, *next;

	/* In the hash only: ghosts, and those graves that nobody keeps. */
	for (p = t->hash; p; p = next) {
		next = p->hh.next;
		if (p->ghost || (p->state == PROC_GONE && !kept(t, p)))
			drop(t, p);
	}
	HASH_CLEAR(hh, t->hash);
	HASH_CLEAR(hh, t->kept);
	while ((p = TAILQ_FIRST(&t->all))) {
		TAILQ_REMOVE(&t->all, p, all_link);
		proc_free(p);
	}
}

struct proc *table_find(const struct table *t, const struct task_ref *ref)
{
	struct proc *p = find(t->hash, ref);

	return p && !p->ghost ? p : NULL;
}

struct proc *table_find_kept(struct table *t, const struct task_ref *ref)
{
	struct proc *p = table_find(t, ref);

	if (t->keep != KEEP_ALL)
		return p && p->state != PROC_GONE ? p : NULL;
	if (p)
		return p;
	while ((p = TAILQ_FIRST(&t->buried))) {
		HASH_ADD(hh, t->kept, ref, sizeof(p->ref), p);
		if (!p->hh.tbl)
			return NULL;
		TAILQ_REMOVE(&t->buried, p, zombie_link);
	}
	return find(t->kept, ref);
}

struct proc *table_add(struct table *t, const struct task_ref *ref)
{
	struct proc *c, *p = find_or_ghost(t, ref);

	if (!p)
		return NULL;
	p->ghost = false;
	p->number = t->appeared++;
	TAILQ_INSERT_TAIL(&t->all, p, all_link);
	for (c = TAILQ_FIRST(&p->children); c; c = TAILQ_NEXT(c, child_link)) {
		if (!c->born_of && ref_same(&c->birth_parent, &p->ref))
			table_birth(t, c, &p->ref);
	}
	return p;
}

void table_unlink(struct table *t, struct proc *p)
{
	struct proc *parent = p->parent_proc;

	if (!parent)
		return;
	TAILQ_REMOVE(&parent->children, p, child_link);
	p->parent_proc = NULL;
	if (parent->ghost && TAILQ_EMPTY(&parent->children))
		drop(t, parent);
}

int table_link(struct table *t, struct proc *p, const struct task_ref *parent)
{
	struct proc *to;

	table_unlink(t, p);
	if (!parent || !parent->tgid || ref_same(parent, &p->ref))
		return 0;
	to = find_or_ghost(t, parent);
	if (!to)
		return -ENOMEM;
	if (to->state == PROC_GONE)
		return 0;
	TAILQ_INSERT_TAIL(&to->children, p, child_link);
	p->parent_proc = to;
	return 0;
}

/* Only a damaged trace makes somebody its own ancestor; views must not run in circles. */
static bool descends(const struct proc *p, const struct proc *from)
{
	while (p && p != from)
		p = p->born_of;
	return p;
}

void table_birth(struct table *t, struct proc *p, const struct task_ref *parent)
{
	struct proc *to;

	if (t->keep != KEEP_ALL)
		return;
	if (p->born_of)
		TAILQ_REMOVE(&p->born_of->born, p, born_link);
	p->born_of = NULL;
	to = parent->tgid ? table_find(t, parent) : NULL;
	if (!to || to == p || (!TAILQ_EMPTY(&p->born) && descends(to, p)))
		return;
	TAILQ_INSERT_TAIL(&to->born, p, born_link);
	p->born_of = to;
}

/* No more of it than its grave, if it still has one. */
static void forget(struct table *t, struct proc *p)
{
	TAILQ_REMOVE(&t->all, p, all_link);
	if (!p->in_grave)
		proc_free(p);
}

static void strip(struct proc *p)
{
	free(p->file);
	free(p->args);
	p->file = p->args = NULL;
	p->args_len = 0;
}

/* In its grave already: it may be the one that must make way at once. */
static void note_or_forget(struct table *t, struct proc *p)
{
	struct proc *out[NOTE_KINDS];
	size_t n = 0;

	strip(p);
	if (t->keep == KEEP_NOTED)
		n = notes_take(&t->notes, p, out);
	for (size_t i = 0; i < n; i++)
		forget(t, out[i]);
	if (!p->noted)
		forget(t, p);
}

static void leave_graveyard(struct table *t, struct proc *p)
{
	TAILQ_REMOVE(&t->graves, p, zombie_link);
	p->in_grave = false;
	if (!kept(t, p)) {
		drop(t, p);
		return;
	}
	unhash(t, p);
	if (t->keep == KEEP_ALL)
		TAILQ_INSERT_TAIL(&t->buried, p, zombie_link);
}

void table_bury(struct table *t, struct proc *p)
{
	struct proc *c;

	table_unlink(t, p);
	/* It has children only where its exit was lost, or where it was a namespace's init. */
	while ((c = TAILQ_FIRST(&p->children)))
		table_unlink(t, c);
	TAILQ_INSERT_TAIL(&t->graves, p, zombie_link);
	p->in_grave = true;
	if (t->keep != KEEP_ALL)
		note_or_forget(t, p);
	if (t->n_graves < GRAVEYARD)
		t->n_graves++;
	else
		leave_graveyard(t, TAILQ_FIRST(&t->graves));
}

void table_forget(struct table *t)
{
	struct proc *p, *next;

	for (p = TAILQ_FIRST(&t->graves); p; p = next) {
		next = TAILQ_NEXT(p, zombie_link);
		leave_graveyard(t, p);
	}
	t->n_graves = 0;
	/* Kept for the views, but to be found no more: their identities may be used again. */
	HASH_CLEAR(hh, t->kept);
	TAILQ_INIT(&t->buried);
}
