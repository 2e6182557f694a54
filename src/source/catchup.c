// SPDX-License-Identifier: GPL-2.0-only
#include "source/catchup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ref_hash.h"

struct entry {
	struct task_ref ref;
	struct ev_snapshot s;
	bool left;		/* it was reaped, or is born later */
	UT_hash_handle hh;
};

static struct entry *find(struct entry *table, const struct task_ref *ref)
{
	struct entry *e;

	HASH_FIND(hh, table, ref, sizeof(*ref), e);
	return e;
}

static int add(struct entry **table, const struct ev_snapshot *s)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->ref = (struct task_ref){ .start = s->h.who.start, .tgid = s->h.who.tgid };
	e->s = *s;
	HASH_ADD(hh, *table, ref, sizeof(e->ref), e);
	if (!e->hh.tbl) {
		free(e);
		return -ENOMEM;
	}
	return 0;
}

/* The list may have been there before or after it: only what is missing is added. */
static int born(struct entry **table, const struct event *ev)
{
	const struct ev_fork *f = (const struct ev_fork *)ev;
	struct ev_snapshot s = {
		.h = *ev, .parent = f->parent, .cgroup_id = f->cgroup_id, .uid = f->uid,
		.gid = f->gid, .ns_pid = f->ns_pid, .pid_ns = f->pid_ns, .state = SNAP_ALIVE,
	};

	s.h.kind = EV_SNAPSHOT;
	s.h.flags = 0;
	return find(*table, &ev->who) ? 0 : add(table, &s);
}

static void became(struct entry *e, const struct event *ev)
{
	const struct ev_exec *x = (const struct ev_exec *)ev;

	memcpy(e->s.h.comm, ev->comm, sizeof(e->s.h.comm));
	e->s.uid = x->uid;
	e->s.gid = x->gid;
}

static void ended(struct entry *table, struct entry *e, const struct event *ev)
{
	const struct ev_exit *x = (const struct ev_exit *)ev;
	struct entry *c, *next;

	e->s.state = SNAP_ZOMBIE;
	e->s.status = x->status;
	HASH_ITER(hh, table, c, next)
		if (ref_same(&c->s.parent, &ev->who) && x->adopter.tgid)
			c->s.parent = x->adopter;
}

static int apply(struct entry **table, const struct event *ev)
{
	struct entry *e = find(*table, &ev->who);

	if (ev->kind == EV_FORK)
		return born(table, ev);
	if (!e)
		return 0;
	if (ev->kind == EV_EXEC)
		became(e, ev);
	else if (ev->kind == EV_EXIT)
		ended(*table, e, ev);
	else if (ev->kind == EV_REAP)
		e->left = true;
	return 0;
}

static int by_birth(const void *a, const void *b)
{
	const struct event *x = &((const struct ev_snapshot *)a)->h;
	const struct event *y = &((const struct ev_snapshot *)b)->h;

	if (x->who.start != y->who.start)
		return x->who.start < y->who.start ? -1 : 1;
	return x->who.tgid < y->who.tgid ? -1 : x->who.tgid > y->who.tgid;
}

static int write_back(struct snapshot *s, struct entry *table)
{
	struct entry *e, *next;
	size_t n = HASH_COUNT(table);
	struct ev_snapshot *list = calloc(n + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	n = 0;
	HASH_ITER(hh, table, e, next)
		if (!e->left)
			list[n++] = e->s;
	qsort(list, n, sizeof(*list), by_birth);
	free(s->list);
	s->list = list;
	s->n = s->cap = n;
	return 0;
}

static void free_table(struct entry *table)
{
	struct entry *e = table, *next;

	HASH_CLEAR(hh, table);
	for (; e; e = next) {
		next = e->hh.next;
		free(e);
	}
}

static bool birth_told(const struct queue *early, const struct task_ref *ref)
{
	const struct queued *q = early->first;

	while (q && !(q->ev.kind == EV_FORK && ref_same(&q->ev.who, ref)))
		q = q->next;
	return q;
}

bool births_untold(const struct snapshot *s, const struct queue *early, __u64 since)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i].h.who.start >= since && !birth_told(early, &s->list[i].h.who))
			return true;
	return false;
}

int catch_up(struct snapshot *s, const struct queue *early, __u64 t0, const struct queued **rest)
{
	struct entry *table = NULL, *e;
	const struct queued *q = early->first;
	int err = 0;

	for (size_t i = 0; i < s->n && !err; i++)
		err = add(&table, &s->list[i]);
	for (; q && q->ev.ts < t0 && !err; q = q->next)
		err = apply(&table, &q->ev);
	*rest = q;
	for (; q && !err; q = q->next)
		if (q->ev.kind == EV_FORK && (e = find(table, &q->ev.who)))
			e->left = true;	/* listed a moment before its fork was told */
	if (!err)
		err = write_back(s, table);
	free_table(table);
	return err;
}
