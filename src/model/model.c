/* SPDX-License-Identifier: GPL-2.0-only */
/* model.c: takes events one by one, keeps the time, and says the facts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/private.h"

struct model *model_new(const struct model_options *opt, const struct meta *meta, fact_fn fn,
			void *ctx)
{
	struct model *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->opt = *opt;
	m->meta = meta;
	m->fn = fn;
	m->ctx = ctx;
	m->t0 = meta->t0;
	m->wall_base = meta->wall0;
	TAILQ_INIT(&m->zombies);
	TAILQ_INIT(&m->gone);
	table_init(&m->table, opt->keep);
	return m;
}

void model_free(struct model *m)
{
	if (!m)
		return;
	table_free(&m->table);
	free(m->census.known);
	free(m);
}

/* What each type of fact is counted as, beside the events; 0: not at all. */
static const struct {
	size_t count;
	bool derived;
} tally[FACT_TYPES] = {
#define TALLY(field) offsetof(struct model_counts, field)
	[FACT_META] = {0, true},
	[FACT_SNAPSHOT] = {TALLY(snapshots), false},
	[FACT_FORK] = {TALLY(forks), false},
	[FACT_EXEC] = {TALLY(execs), false},
	[FACT_EXIT] = {TALLY(exits), false},
	[FACT_ORPHAN] = {TALLY(orphans), true},
	[FACT_ZOMBIE] = {TALLY(zombies), true},
	[FACT_REAP] = {TALLY(reaps), false},
	[FACT_THREAD_START] = {TALLY(thread_starts), false},
	[FACT_THREAD_EXIT] = {TALLY(thread_exits), false},
	[FACT_LOSS] = {0, false},
	[FACT_END] = {0, true},
#undef TALLY
};
_Static_assert(offsetof(struct model_counts, events) == 0, "0 must not be a tally");

uint64_t model_ts(const struct model *m, uint64_t boottime)
{
	uint64_t ns;

	if (boottime < m->t0) {
		ns = m->t0 - boottime;
		return m->ts0 > ns ? m->ts0 - ns : 0;
	}
	ns = boottime - m->t0;
	return ns < NO_TIME - m->ts0 ? m->ts0 + ns : NO_TIME;
}

uint64_t model_boottime(const struct model *m, uint64_t ts)
{
	return m->t0 - m->ts0 + ts;
}

struct fact model_fact(const struct model *m, enum fact_type type, const struct proc *p)
{
	return (struct fact){
		.type = type,
		.proc = p,
		.resuming = m->resuming,
		.rebooted = m->resuming && m->rebooted,
		.meta = m->meta,
		.counts = &m->counts,
	};
}

void model_count(struct model_counts *c, const struct fact *f)
{
	if (tally[f->type].count)
		++*(uint64_t *)(void *)((char *)c + tally[f->type].count);
	if (!tally[f->type].derived)
		c->events++;
	if (f->inferred)
		c->inferred++;
	if (f->type == FACT_LOSS)
		c->lost += f->count;
}

void model_say(struct model *m, struct fact *f)
{
	model_count(&m->counts, f);
	f->seq = ++m->seq;
	f->ts = m->now;
	f->wall = m->wall_base + m->now;
	m->fn(m->ctx, f);
}

void model_say_event(struct model *m, enum fact_type type, const struct proc *p,
		     const struct event *ev)
{
	struct fact f = model_fact(m, type, p);

	f.ev = ev;
	f.inferred = ev->flags & EVF_INFERRED;
	model_say(m, &f);
}

void model_begin(struct model *m)
{
	struct fact f = model_fact(m, FACT_META, NULL);

	model_say(m, &f);
}

static struct proc *add(struct model *m, const struct task_ref *ref)
{
	struct proc *p = table_add(&m->table, ref);

	if (p)
		p->zero = model_boottime(m, 0);
	else
		m->err = -ENOMEM;
	return p;
}

struct proc *model_stranger(struct model *m, const struct event *ev, const struct task_ref *parent)
{
	struct proc *p = add(m, &ev->who);

	if (!p)
		return NULL;
	memcpy(p->comm, ev->comm, sizeof(p->comm));
	p->entry = ENTRY_FOUND;
	p->inferred = true;
	if (parent) {
		p->birth_parent = (struct task_ref){.start = parent->start, .tgid = parent->tgid};
		family_set_parent(m, p, &(struct who){.ref = *parent});
		table_birth(&m->table, p, parent);
	}
	return p;
}

void model_say_stranger(struct model *m, const struct proc *p)
{
	struct fact f = model_fact(m, FACT_SNAPSHOT, p);

	f.inferred = true;
	model_say(m, &f);
}

void model_keep_bytes(struct model *m, char **to, const struct event *ev, uint32_t off,
		      uint32_t len)
{
	char *s;

	if (!len) {
		free(*to);
		*to = NULL;
		return;
	}
	s = realloc(*to, (size_t)len + 1);
	if (!s) {
		m->err = -ENOMEM;
		return;
	}
	memcpy(s, (const char *)ev + off, len);
	s[len] = '\0';
	*to = s;
}

void model_keep_args(struct model *m, struct proc *p, const struct event *ev, uint32_t off,
		     uint32_t len, uint32_t bytes)
{
	p->args_bytes = bytes;
	p->args_len = 0;
	if (!m->opt.keep_args)
		return;
	model_keep_bytes(m, &p->args, ev, off, len);
	if (!m->err)
		p->args_len = len;
}

/*
 * Does what can be seen of a process show that its parent is not the one that made it?  A
 * child is in its creator's session unless it led away one of its own; and a creator is
 * older than its child.  Two things deceive the first: a parent that called setsid() after
 * the fork (rare: a session leader has normally just been forked for that), and, the other
 * way round, an adopter in the same session as the dead parent, which is not noticed.
 * Session 0 stands for unknown.
 */
static bool was_adopted(const struct ev_snapshot *s)
{
	if (s->kthread || !s->parent.tgid)
		return false;
	if (s->parent.start > s->h.who.start)
		return true;
	/* An init that never called setsid() is in session 0, and so are its own children. */
	if (!s->parent_sid && s->parent_ns_pid != 1)
		return false;
	return s->sid && s->sid != s->h.who.tgid && s->sid != s->parent_sid;
}

static void on_snapshot(struct model *m, const struct event *ev)
{
	const struct ev_snapshot *s = (const struct ev_snapshot *)ev;
	struct proc *p = table_find(&m->table, &ev->who);
	struct fact f;

	if (p) {
		if (m->census.left || m->listing)
			census_known(m, p, s);
		else
			m->counts.ignored++;
		/* It may have become another program; of a zombie nothing is left to see. */
		if (m->listing && s->args_len)
			model_keep_args(m, p, ev, s->args_off, s->args_len, s->args_bytes);
		return;
	}
	p = model_stranger(m, ev, &s->parent);
	if (!p)
		return;
	/* After a gap on the same boot it should have been known, or seen to be born. */
	p->inferred = ev->flags & EVF_INFERRED || (m->listing && !m->rebooted);
	p->from_snapshot = !p->inferred;
	p->census = m->census.number;
	p->uid = s->uid;
	p->gid = s->gid;
	p->ns_pid = s->ns_pid;
	p->pid_ns = s->pid_ns;
	p->cgroup_id = s->cgroup_id;
	p->sid = s->sid;
	p->parent_sid = s->parent_sid;
	p->kthread = s->kthread;
	p->adopted_before = ev->flags & EVF_ADOPTED || was_adopted(s);
	model_keep_args(m, p, ev, s->args_off, s->args_len, s->args_bytes);
	if (s->state == SNAP_ZOMBIE) {
		p->entry = ENTRY_FOUND_ZOMBIE;
		p->status = s->status;
		p->has_status = true;
		if (model_ts(m, s->since))
			p->exit_ts = model_ts(m, s->since);
		life_zombie(m, p);
	}
	f = model_fact(m, FACT_SNAPSHOT, p);
	f.ev = ev;
	f.inferred = p->inferred;
	model_say(m, &f);
}

static void on_fork(struct model *m, const struct event *ev)
{
	const struct ev_fork *e = (const struct ev_fork *)ev;
	struct proc *p = table_find(&m->table, &ev->who);
	struct fact f;

	/* Listed before its fork was told, the creator being held up in between: it is known. */
	if (p) {
		m->counts.ignored++;
		return;
	}
	p = add(m, &ev->who);
	if (!p)
		return;
	memcpy(p->comm, ev->comm, sizeof(p->comm));
	p->inferred = ev->flags & EVF_INFERRED;
	p->fork_ts = m->now;
	p->creator = e->creator;
	p->birth_parent = (struct task_ref){.start = e->parent.start, .tgid = e->parent.tgid};
	p->uid = e->uid;
	p->gid = e->gid;
	p->ns_pid = e->ns_pid;
	p->pid_ns = e->pid_ns;
	p->cgroup_id = e->cgroup_id;
	family_set_parent(m, p, &(struct who){.ref = p->birth_parent});
	table_birth(&m->table, p, &p->birth_parent);

	f = model_fact(m, FACT_FORK, p);
	f.ev = ev;
	f.inferred = p->inferred;
	f.creator = p->creator;
	model_say(m, &f);
	family_born(m, p);
}

static void on_exec(struct model *m, const struct event *ev)
{
	const struct ev_exec *e = (const struct ev_exec *)ev;
	struct proc *p = table_find(&m->table, &ev->who);

	if (p && p->state != PROC_ALIVE) {
		m->counts.ignored++;
		return;
	}
	if (!p) {
		p = model_stranger(m, ev, &e->parent);
		if (!p)
			return;
		p->uid = e->uid;
		p->gid = e->gid;
		model_say_stranger(m, p);
	}
	family_told(m, p, &e->parent, false);
	memcpy(p->comm, ev->comm, sizeof(p->comm));
	p->uid = e->uid;
	p->gid = e->gid;
	p->execs++;
	if (m->opt.keep_args)
		model_keep_bytes(m, &p->file, ev, e->file_off, e->file_len);
	model_keep_args(m, p, ev, e->args_off, e->args_len, e->args_bytes);
	model_say_event(m, FACT_EXEC, p, ev);
}

static void on_thread(struct model *m, const struct event *ev)
{
	const struct ev_thread *e = (const struct ev_thread *)ev;
	struct proc *p = table_find(&m->table, &ev->who);
	struct fact f;

	/* A last thread may end after the death of its process was told (EVF_RACE_PRONE). */
	if (p && p->state == PROC_GONE) {
		m->counts.ignored++;
		return;
	}
	if (!p) {
		p = model_stranger(m, ev, NULL);
		if (!p)
			return;
		model_say_stranger(m, p);
	}
	memcpy(p->comm, ev->comm, sizeof(p->comm));
	f = model_fact(m, ev->kind == EV_THREAD_START ? FACT_THREAD_START : FACT_THREAD_EXIT, p);
	f.ev = ev;
	f.inferred = ev->flags & EVF_INFERRED;
	f.tid = ev->who.tid;
	if (ev->kind == EV_THREAD_START)
		f.creator = e->creator;
	model_say(m, &f);
}

static void on_loss(struct model *m, const struct event *ev)
{
	const struct ev_loss *e = (const struct ev_loss *)ev;
	struct fact f = model_fact(m, FACT_LOSS, NULL);

	f.ev = ev;
	f.count = e->count;
	f.since = model_ts(m, e->since);
	if (f.since > m->now)
		f.since = m->now;
	model_say(m, &f);
}

static void on_clock(struct model *m, const struct event *ev)
{
	m->wall_base = ((const struct ev_clock *)ev)->wall_ns - m->now;
}

static const struct {
	void (*fn)(struct model *m, const struct event *ev);
	bool of_process;
} handlers[EV_KINDS] = {
	[EV_FORK] = {on_fork, true},	       [EV_EXEC] = {on_exec, true},
	[EV_EXIT] = {life_exit, true},	       [EV_REAP] = {life_reap, true},
	[EV_SIGNAL] = {life_signal, true},     [EV_SNAPSHOT] = {on_snapshot, true},
	[EV_THREAD_START] = {on_thread, true}, [EV_THREAD_EXIT] = {on_thread, true},
	[EV_LOSS] = {on_loss, false},	       [EV_CLOCK] = {on_clock, false},
	[EV_GONE] = {life_gone, true},	       [EV_END] = {life_end, false},
	[EV_CENSUS] = {census_begin, false},
	[EV_PAST] = {checkpoint_past, true},   [EV_LINK] = {checkpoint_link, true},
	[EV_CHECKPOINT] = {checkpoint_end, false},
};

int model_feed(struct model *m, const struct event *ev)
{
	uint64_t ts = model_ts(m, ev->ts);

	if (m->ended) {
		m->counts.ignored++;
		return 0;
	}
	m->err = 0;
	if (ts < m->now)
		ts = m->now;
	if (m->listing && !resume_lists(m, ev))
		resume_end(m, ev);
	/* Who is in the list may be flagged, but only once it is complete. */
	if (!m->listing)
		life_pass(m, ts);
	/* A tick must leave no trace of its own: a file does not have it. */
	if (ev->kind == EV_TICK)
		return 0;
	m->now = ts;
	if (ev->kind >= EV_KINDS || !handlers[ev->kind].fn ||
	    (handlers[ev->kind].of_process && !ev->who.tgid)) {
		m->counts.ignored++;
		return 0;
	}
	handlers[ev->kind].fn(m, ev);
	if (ev->kind == EV_SNAPSHOT && m->census.left)
		census_count(m);
	return m->err;
}

uint64_t model_next_deadline(const struct model *m)
{
	uint64_t deadline = life_next_due(m);

	/* Longer than, not as long as: one more than the deadline itself. */
	return deadline < NO_TIME - 1 - m->t0 ? model_boottime(m, deadline) + 1 : NO_TIME;
}

const struct model_counts *model_counts(const struct model *m)
{
	return &m->counts;
}

static const struct proc *first_not_left_out(const struct proc *p)
{
	while (p && p->marks.left_out)
		p = TAILQ_NEXT(p, all_link);
	return p;
}

const struct proc *model_first(const struct model *m)
{
	return first_not_left_out(TAILQ_FIRST(&m->table.all));
}

const struct proc *model_next(const struct proc *p)
{
	return first_not_left_out(TAILQ_NEXT(p, all_link));
}

struct proc_marks *model_marks(const struct proc *p)
{
	return &((struct proc *)p)->marks;
}

const struct proc *model_find(const struct model *m, const struct task_ref *ref)
{
	/* The model is as it was, but for an index that may be made now. */
	return table_find_kept((struct table *)&m->table, ref);
}
