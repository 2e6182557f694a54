// SPDX-License-Identifier: GPL-2.0-only
#include "verbs/select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/say.h"

/* Later than anything, yet a number that can be added to. */
#define NEVER (NO_TIME / 4)

bool select_by_process(const struct options *o)
{
	return o->live.filter.n_pid || o->live.filter.n_comm || o->n_under;
}

bool select_wanted(const struct options *o)
{
	return o->from.kind || o->to.kind || select_by_process(o);
}

int select_begin(struct select *s, const struct options *o, const struct meta *meta, fact_fn fn,
		 void *ctx)
{
	int64_t from = o->from.kind ? moment_ts(&o->from, meta) : 0;
	int64_t to = o->to.kind ? moment_ts(&o->to, meta) : (int64_t)NEVER;

	*s = (struct select){.o = o, .meta = meta, .fn = fn, .ctx = ctx};
	if (o->from.kind && to < from) {
		say("--to", "is before --from", NULL);
		return -EINVAL;
	}
	s->from = from > 0 ? (uint64_t)from : 0;
	s->to = (uint64_t)to;
	/* It ended before the trace began: nothing is in it. */
	if (to < 0) {
		s->from = NEVER;
		s->to = 0;
	}
	s->open = !s->from;
	s->settled = !o->n_under;
	return 0;
}

uint64_t select_read_from(const struct select *s)
{
	return s->o->n_under ? 0 : s->from;
}

/* --- which processes -------------------------------------------------------------------- */

static bool has_pid(const struct filter *f, const struct proc *p)
{
	for (uint32_t i = 0; i < f->n_pid; i++)
		if (f->pid[i] == p->ref.tgid)
			return true;
	return !f->n_pid;
}

static bool has_comm(const struct filter *f, const struct proc *p)
{
	for (uint32_t i = 0; i < f->n_comm; i++)
		if (!strncmp(f->comm[i], p->comm, EVENT_COMM))
			return true;
	return !f->n_comm;
}

static bool is_selected(const struct select *s, const struct proc *p)
{
	const struct filter *f = &s->o->live.filter;

	return has_pid(f, p) && has_comm(f, p) && (!s->o->n_under || p->marks.in_subtree);
}

/* Is it the one that an --under means?  By PID: the first of that number that is met. */
static bool is_root(struct select *s, const struct proc *p)
{
	bool is = false;

	for (uint32_t i = 0; i < s->o->n_under; i++) {
		const struct task_ref *named = &s->o->under[i];
		struct task_ref *root = &s->root[i];

		if (!root->tgid && named->tgid == p->ref.tgid &&
		    (!named->start || named->start == p->ref.start))
			*root = p->ref;
		is |= root->tgid && ref_same(root, &p->ref);
	}
	return is;
}

/* Whoever is born in a subtree belongs to it for good.  Is it new there? */
static bool joins_subtree(struct select *s, const struct proc *p)
{
	const struct proc *parent;

	if (!s->o->n_under || p->marks.in_subtree)
		return false;
	parent = p->birth_parent.tgid ? model_find(s->model, &p->birth_parent) : NULL;
	if (!is_root(s, p) && !(parent && parent->marks.in_subtree))
		return false;
	model_marks(p)->in_subtree = true;
	return true;
}

/* --- which facts ------------------------------------------------------------------------ */

static void show(struct select *s, const struct fact *f)
{
	struct fact shown = *f;

	model_count(&s->counts, f);
	shown.counts = &s->counts;
	s->fn(s->ctx, &shown);
}

static void show_existing(struct select *s, const struct proc *p, uint64_t ts)
{
	struct ev_snapshot *e = model_census(s->model, p);
	struct fact f;

	if (!e) {
		s->err = -ENOMEM;
		return;
	}
	f = model_census_fact(s->model, p, e, ts);
	show(s, &f);
	free(e);
}

/*
 * What existed at first is all known: only now it is clear who descends from whom, for a child
 * may have been listed before its parent.
 */
static void settle(struct select *s)
{
	const struct proc *p;
	bool more = true;

	s->settled = true;
	while (more) {
		more = false;
		for (p = model_first(s->model); p; p = model_next(p)) {
			if (!joins_subtree(s, p))
				continue;
			more = true;
			if (s->open && is_selected(s, p))
				show_existing(s, p, 0);
		}
	}
}

static int open_window(struct select *s)
{
	const struct event tick = {.kind = EV_TICK, .ts = model_boottime(s->model, s->from)};
	int err = model_feed(s->model, &tick);

	if (!s->settled)
		settle(s);
	s->before = *model_counts(s->model);
	for (const struct proc *p = model_first(s->model); p; p = model_next(p))
		if (p->state != PROC_GONE && is_selected(s, p))
			show_existing(s, p, s->from);
	s->open = true;
	return err;
}

/* A source that does not know of windows goes on. */
static int close_window(struct select *s)
{
	const uint64_t end_ts = model_boottime(s->model, s->to);
	const struct event tick = {.kind = EV_TICK, .ts = end_ts + 1};
	const struct event end = {.kind = EV_END, .flags = EVF_GOES_ON, .ts = end_ts};
	int err = model_feed(s->model, &tick);

	s->over = true;
	return err ? err : model_feed(s->model, &end);
}

int select_feed(struct select *s, const struct event *ev)
{
	const uint64_t ts = model_ts(s->model, ev->ts);
	int err = 0;

	if (s->over)
		return 0;
	if (!s->open && ts >= s->from)
		err = open_window(s);
	if (!err && ts > s->to && ev->kind != EV_TICK)
		return close_window(s);
	if (!s->settled && ev->kind != EV_SNAPSHOT)
		settle(s);
	if (!err)
		err = model_feed(s->model, ev);
	return err ? err : s->err;
}

/* Views see of the model's table what was selected, and was still there in the window. */
static void leave_out(struct select *s)
{
	const struct proc *p, *next;

	s->counts.alive = s->counts.zombies_now = 0;
	for (p = model_first(s->model); p; p = next) {
		bool over = p->state == PROC_GONE && (p->reap_ts == NO_TIME || p->reap_ts < s->from);

		next = model_next(p);
		if (!s->open || over || !is_selected(s, p)) {
			model_marks(p)->left_out = true;
			continue;
		}
		s->counts.alive += p->state == PROC_ALIVE;
		s->counts.zombies_now += p->state == PROC_ZOMBIE;
	}
}

static void show_end(struct select *s, const struct fact *f)
{
	const struct model_counts *c = model_counts(s->model);
	struct fact end = *f;

	s->counts.cut = c->cut;
	leave_out(s);
	if (s->open) {
		s->counts.adoption_checked = c->adoption_checked - s->before.adoption_checked;
		s->counts.adoption_wrong = c->adoption_wrong - s->before.adoption_wrong;
	}
	end.since = s->open ? s->from : f->ts;
	show(s, &end);
}

void select_fact(void *select, const struct fact *f)
{
	struct select *s = select;

	if (f->type == FACT_SNAPSHOT || f->type == FACT_FORK)
		joins_subtree(s, f->proc);
	if (f->type == FACT_END)
		show_end(s, f);
	else if (f->type == FACT_META || (s->open && (!f->proc || is_selected(s, f->proc))))
		show(s, f);
}

bool select_found(const struct select *s)
{
	bool all = true;

	for (uint32_t i = 0; i < s->o->n_under; i++) {
		const struct task_ref *u = &s->o->under[i];

		if (s->root[i].tgid)
			continue;
		all = false;
		if (u->start)
			sayf("--under", "no process %u-%llu in what was read of the trace", u->tgid,
			     (unsigned long long)u->start);
		else
			sayf("--under", "no process %u in what was read of the trace", u->tgid);
	}
	return all;
}
