/* SPDX-License-Identifier: GPL-2.0-only */
/* life.c: the end of a process: what kills it, exit, the time as a zombie, the reap. */
#include <string.h>

#include "model/private.h"

/*
 * How long a reap that must have happened is waited for, where the kernel tells late: an RCU
 * grace period takes 10 to 20 ms, but a busy machine works off a burst of them for seconds.
 * Some are never told: on a hardened kernel no probe runs where PID 1 was interrupted.
 */
#define LATE_NS (10 * UINT64_C(1000000000))

static uint64_t flag_due(const struct model *m, const struct proc *p)
{
	uint64_t after = m->opt.zombie_after_ns;

	return p && p->zombie_from < NO_TIME - after ? p->zombie_from + after : NO_TIME;
}

/*
 * The first from p on that can still be flagged, or NULL.  After a loss there may be tens of
 * thousands that are gone: m->next_flag moves past each of them once, not at every event.
 */
static struct proc *not_gone(struct proc *p)
{
	while (p && p->gone)
		p = TAILQ_NEXT(p, zombie_link);
	return p;
}

static uint64_t reap_due(const struct proc *p)
{
	return p ? p->gone_since + LATE_NS : NO_TIME;
}

uint64_t life_next_due(const struct model *m)
{
	uint64_t flag = flag_due(m, m->next_flag), reap = reap_due(TAILQ_FIRST(&m->gone));

	return flag < reap ? flag : reap;
}

/*
 * One delay for all and a time that never runs backwards: the one that died first is due
 * first, so a queue is enough.
 */
static void enqueue(struct model *m, struct proc *p)
{
	TAILQ_INSERT_TAIL(&m->zombies, p, zombie_link);
	p->in_zombie_queue = true;
	if (!m->next_flag)
		m->next_flag = p;
}

static void dequeue(struct model *m, struct proc *p)
{
	if (m->next_flag == p)
		m->next_flag = not_gone(TAILQ_NEXT(p, zombie_link));
	TAILQ_REMOVE(&m->zombies, p, zombie_link);
	p->in_zombie_queue = false;
}

void life_zombie(struct model *m, struct proc *p)
{
	p->state = PROC_ZOMBIE;
	p->zombie_from = m->now;
	if (!p->in_zombie_queue)
		enqueue(m, p);
}

void life_requeue(struct model *m, struct proc *p)
{
	struct proc *before = TAILQ_LAST(&m->gone, proc_list);

	if (p->state != PROC_ZOMBIE)
		return;
	if (p->gone) {
		while (before && before->gone_since > p->gone_since)
			before = TAILQ_PREV(before, proc_list, gone_link);
		if (before)
			TAILQ_INSERT_AFTER(&m->gone, before, p, gone_link);
		else
			TAILQ_INSERT_HEAD(&m->gone, p, gone_link);
	}
	if (p->in_zombie_queue)
		dequeue(m, p);
	before = TAILQ_LAST(&m->zombies, proc_list);
	while (before && before->zombie_from > p->zombie_from)
		before = TAILQ_PREV(before, proc_list, zombie_link);
	if (before)
		TAILQ_INSERT_AFTER(&m->zombies, before, p, zombie_link);
	else
		TAILQ_INSERT_HEAD(&m->zombies, p, zombie_link);
	p->in_zombie_queue = true;
}

void life_requeued(struct model *m)
{
	struct proc *p = TAILQ_LAST(&m->zombies, proc_list);

	/* They were flagged in order; what was passed over then is gone. */
	m->next_flag = NULL;
	for (; p && p->zombie_flag_ts == NO_TIME; p = TAILQ_PREV(p, proc_list, zombie_link))
		m->next_flag = p;
	m->next_flag = not_gone(m->next_flag);
}

static void name_parent(struct proc *p)
{
	if (p->parent_proc && !p->parent_proc->ghost)
		memcpy(p->parent.comm, p->parent_proc->comm, sizeof(p->parent.comm));
}

static void flag(struct model *m, struct proc *p)
{
	struct fact f = model_fact(m, FACT_ZOMBIE, p);

	m->next_flag = not_gone(TAILQ_NEXT(p, zombie_link));
	p->zombie_flag_ts = m->now;
	name_parent(p);
	f.since = p->exit_ts;
	model_say(m, &f);
}

/*
 * Who might have killed it.  The first of a kind counts: the second finds it dying.  Of
 * different kinds the last two are kept, and its status tells which it was; but nothing is
 * survived after KILL.
 */
void life_signal(struct model *m, const struct event *ev)
{
	const struct ev_signal *e = (const struct ev_signal *)ev;
	struct proc *p = table_find(&m->table, &ev->who);

	if (!p || p->state != PROC_ALIVE || p->killer_sig == e->sig || p->killer_sig == 9)
		return;
	if (p->rival_sig == e->sig)
		return;
	/* It may be dying of the one before. */
	p->rival = p->killer;
	p->rival_sig = p->killer_sig;
	p->killer.ref = e->from;
	memcpy(p->killer.comm, e->from_comm, sizeof(p->killer.comm));
	p->killer_sig = e->sig;
}

void life_exit(struct model *m, const struct event *ev)
{
	const struct ev_exit *x = (const struct ev_exit *)ev;
	struct proc *p = table_find(&m->table, &ev->who);
	const struct past_parent *dead;

	/* Two last threads may both find that they are the last (EVF_RACE_PRONE). */
	if (p && p->state != PROC_ALIVE) {
		m->counts.ignored++;
		return;
	}
	if (!p) {
		p = model_stranger(m, ev, &x->parent);
		if (!p)
			return;
		model_say_stranger(m, p);
	}
	memcpy(p->comm, ev->comm, sizeof(p->comm));
	dead = family_told(m, p, &x->parent, true);
	name_parent(p);
	if (p->orphaned_ts != NO_TIME)
		p->last_adopter = p->parent;

	p->exit_ts = m->now;
	p->status = x->status;
	p->has_status = true;
	p->autoreap = ev->flags & EVF_AUTOREAP;
	if (!dead)
		p->parent_ignores = p->autoreap;
	p->max_rss_kib = x->max_rss_kib;
	if (p->rival_sig && p->rival_sig == (uint32_t)proc_signal(p->status)) {
		p->killer = p->rival;
		p->killer_sig = p->rival_sig;
	}
	if (!p->killer_sig || p->killer_sig != (uint32_t)proc_signal(p->status)) {
		p->killer = (struct who){0};
		p->killer_sig = 0;
	}
	life_zombie(m, p);

	if (dead) {
		/* The line shows what was told; but it is the adopter who has to wait for it. */
		p->parent = dead->who;
		model_say_event(m, FACT_EXIT, p, ev);
		p->parent = p->last_adopter;
	} else {
		model_say_event(m, FACT_EXIT, p, ev);
	}

	/* The init of a PID namespace kills and reaps what is left in it as it dies. */
	p->ns_init = ev->flags & EVF_NS_INIT;
	if (!p->ns_init)
		family_hand_over(m, p, x);
}

void life_infer_exit(struct model *m, struct proc *p, const uint32_t *status, uint64_t since)
{
	struct fact f = model_fact(m, FACT_EXIT, p);
	struct proc *c;

	for (c = TAILQ_FIRST(&p->children); c; c = TAILQ_NEXT(c, child_link))
		c->parent_died_unseen = c->state == PROC_ZOMBIE;
	name_parent(p);
	if (p->orphaned_ts != NO_TIME)
		p->last_adopter = p->parent;
	p->exit_inferred = !model_ts(m, since);
	p->exit_ts = p->exit_inferred ? m->now : model_ts(m, since);
	p->has_status = status;
	p->status = status ? *status : 0;
	p->killer = (struct who){0};
	p->killer_sig = 0;
	life_zombie(m, p);
	f.inferred = true;
	model_say(m, &f);
}

void life_vanished(struct model *m, struct proc *p, uint64_t ts)
{
	p->gone = true;
	p->gone_ts = ts > m->now ? ts : m->now;
	p->gone_since = m->now;
	TAILQ_INSERT_TAIL(&m->gone, p, gone_link);
	if (m->next_flag == p)
		m->next_flag = not_gone(p);
}

void life_gone(struct model *m, const struct event *ev)
{
	uint64_t seen = ((const struct ev_gone *)ev)->seen;
	struct proc *p = table_find(&m->table, &ev->who);

	if (!p || p->state == PROC_GONE || p->gone) {
		m->counts.ignored++;
		return;
	}
	if (p->state == PROC_ALIVE)
		life_infer_exit(m, p, NULL, 0);
	life_vanished(m, p, model_ts(m, seen));
}

static uint64_t interval(const struct proc *p, uint64_t until)
{
	if (p->exit_ts == NO_TIME || p->exit_inferred)
		return NO_TIME;
	return until > p->exit_ts ? until - p->exit_ts : 0;
}

static void settle(struct model *m, struct proc *p, struct fact *f)
{
	p->state = PROC_GONE;
	if (p->in_zombie_queue)
		dequeue(m, p);
	if (p->gone)
		TAILQ_REMOVE(&m->gone, p, gone_link);
	p->reap_inferred = f->inferred;
	f->zombie_ns = p->zombie_ns;
	model_say(m, f);
	table_bury(&m->table, p);
}

/* Told by the one who did it: believe it. */
static void reaped_exactly(struct model *m, struct proc *p, const struct ev_reap *r)
{
	const struct proc *by = r->by.tgid ? table_find(&m->table, &r->by) : NULL;
	const struct task_ref *parent = r->parent.tgid ? &r->parent : &p->parent.ref;
	const struct who reaper = family_named(m, &r->by, r->by_comm);
	bool self = r->h.flags & EVF_SELF_REAP;

	/*
	 * A tracer may be the one that lets go of a child whose parent ignores SIGCHLD, and so
	 * may a dying parent whose adopter does (kernel/exit.c: forget_original_parent).  It
	 * is the kernel's doing all the same; nobody waited.
	 */
	if (by && by != p && by->state != PROC_ALIVE && !by->ns_init)
		self = true;
	p->autoreap = self || (p->autoreap && !ref_same(&r->by, parent));
	if (!p->autoreap && r->by.tgid)
		p->reaper = reaper;
	if (r->parent.tgid && !ref_same(&r->parent, &p->parent.ref))
		p->parent = family_name(m, &r->parent, NULL);
	p->zombie_ns = interval(p, m->now);
}

/* As far as was told: by then its memory is free for another use. */
static bool is_freed(const struct model *m, const struct task_ref *ref)
{
	const struct proc *p = table_find(&m->table, ref);

	return !p || p->state == PROC_GONE;
}

/*
 * A name read where its last parent was: is it that of whoever has that memory now?  A parent,
 * by birth or by adoption (an ancestor, or the init of a namespace), is older than its child.
 */
static bool is_leftover(const struct model *m, const struct proc *p, const struct ev_reap *r)
{
	return (r->h.flags & EVF_LEFTOVER) || !r->by.tgid || r->by.start >= p->ref.start ||
	       !table_find(&m->table, &r->by);
}

/*
 * Of those whose child it was when they ended, who had reaped it?  The one that is named.
 * A name that fits nobody is what was left of a parent that is not only dead but freed, so
 * it is none of the living, nor of the dead that are not freed yet: then it is the only one
 * there is, if there is only one.
 */
static const struct past_parent *late_reaper(const struct model *m, const struct proc *p,
					     const struct ev_reap *r)
{
	const struct past_parent *found = NULL, *freed = NULL;
	int n = 0, n_freed = 0;

	for (int i = 0; i < PASTS; i++) {
		const struct past_parent *past = &p->past[i];

		if (!past->who.ref.tgid || (p->exit_ts != NO_TIME && past->exit_ts < p->exit_ts))
			continue;
		if (ref_same(&past->who.ref, &r->by))
			return past;
		found = past;
		n++;
		if (is_freed(m, &past->who.ref)) {
			freed = past;
			n_freed++;
		}
	}
	if (!is_leftover(m, p, r))
		return NULL;	/* see forgotten_parent() */
	if (n_freed)
		return n_freed == 1 ? freed : NULL;
	return n == 1 ? found : NULL;
}

/*
 * Since when was it the child of that past parent, or of the current one (NULL), and dead?
 * The kernel releases what it need not keep at once, as it ends or as it is handed on.
 */
static uint64_t dead_child_since(const struct proc *p, const struct past_parent *of)
{
	const struct past_parent *before = of ? of + 1 : &p->past[0];

	if (before < p->past + PASTS && before->who.ref.tgid && before->exit_ts > p->exit_ts)
		return before->exit_ts;
	return p->exit_ts;
}

/*
 * Did one of those who had it before `of` (NULL: before its current parent) ignore SIGCHLD?
 * Then the kernel released it, or that one ended before the child's end came to its notice;
 * for one that is released is still a child for a moment, which the next to die may hand on,
 * and then it bears another's name just the same.  Which of the two it was nobody tells.
 */
static bool is_doubtful(const struct proc *p, const struct past_parent *of)
{
	for (const struct past_parent *past = of ? of + 1 : p->past; past < p->past + PASTS; past++) {
		if (!past->who.ref.tgid || p->exit_ts == NO_TIME || past->exit_ts < p->exit_ts)
			break;
		if (past->ignores)
			return true;
	}
	return false;
}

/*
 * A parent that is not among those remembered, as too many died since its own end; or NULL.
 * A name that is somebody's, start and all, and older, is no leftover.
 */
static const struct proc *forgotten_parent(const struct model *m, const struct proc *p,
					   const struct ev_reap *r)
{
	const struct past_parent *oldest = &p->past[PASTS - 1];
	const struct proc *q;

	if (p->exit_ts == NO_TIME || !oldest->who.ref.tgid || is_leftover(m, p, r))
		return NULL;
	q = table_find(&m->table, &r->by);
	return q->exit_ts < p->exit_ts || q->exit_ts > oldest->exit_ts ? NULL : q;
}

/*
 * Told late, from memory that is about to be freed: by whom is believed only of somebody
 * who can have done it, and the time is an upper bound.  A parent that died meanwhile had
 * reaped it before, though we had to hand it on to the adopter as a zombie.  Whoever is
 * named ignores SIGCHLD: then it was the kernel, whatever was foretold of another parent.
 */
static void reaped_late(struct model *m, struct proc *p, const struct ev_reap *r)
{
	bool is_parent = r->by.tgid && ref_same(&r->by, &p->parent.ref);
	const struct past_parent *past = is_parent ? NULL : late_reaper(m, p, r);
	const struct proc *forgotten = forgotten_parent(m, p, r);
	bool doubtful = (is_parent || past) && is_doubtful(p, past);
	uint64_t until = m->now;

	if (p->gone && p->gone_ts < until)
		until = p->gone_ts;
	if (is_parent || past)
		p->autoreap = !doubtful && (past ? past->ignores : p->parent_ignores);
	if (r->h.flags & EVF_SELF_REAP) {
		p->autoreap = true;
		until = p->exit_ts;
	} else if (p->autoreap) {
		until = is_parent || past ? dead_child_since(p, past) : p->exit_ts;
	} else if (doubtful) {
		/* by somebody or nobody */
	} else if (p->parent_died_unseen && r->by.tgid && table_find(&m->table, &r->by)) {
		p->reaper = p->parent = family_name(m, &r->by, r->by_comm);
	} else if (is_parent) {
		p->reaper = family_name(m, &r->by, p->parent.comm[0] ? p->parent.comm : r->by_comm);
	} else if (past) {
		p->reaper = p->parent = past->who;
		/* So whoever it was handed to as a zombie never had it. */
		p->last_adopter = p->orphaned_ts != NO_TIME ? past->who : (struct who){0};
		until = past->exit_ts; /* what was gone before is not handed on */
	} else if (forgotten) {
		p->reaper = p->parent = family_name(m, &r->by, NULL);
		until = forgotten->exit_ts;
	} else if (p->gone) {
		/* It was gone while this one was its parent: nobody else can have waited. */
		p->reaper = p->parent;
	}
	p->zombie_ns = interval(p, until);
}

void life_reap(struct model *m, const struct event *ev)
{
	const struct ev_reap *r = (const struct ev_reap *)ev;
	struct proc *p = table_find(&m->table, &ev->who);
	bool exact = ev->flags & EVF_EXACT;
	struct fact f;

	if (p && p->state == PROC_GONE) {
		m->counts.ignored++;
		return;
	}
	if (!p) {
		p = model_stranger(m, ev, exact ? &r->parent : NULL);
		if (!p)
			return;
		p->state = PROC_ZOMBIE;
		p->entry = ENTRY_FOUND_ZOMBIE;
		model_say_stranger(m, p);
	} else if (p->state == PROC_ALIVE) {
		life_infer_exit(m, p, NULL, 0);
	}
	p->reap_ts = m->now;
	p->reap_exact = exact;
	if (!(ev->flags & EVF_INFERRED)) {
		p->cpu_ns = r->cpu_ns;
		p->has_cpu = true;
	}
	if (exact)
		reaped_exactly(m, p, r);
	else
		reaped_late(m, p, r);
	f = model_fact(m, FACT_REAP, p);
	f.ev = ev;
	f.inferred = ev->flags & EVF_INFERRED;
	settle(m, p, &f);
}

/*
 * Gone, and never told: nobody but its parent can have waited for it.  That is certain only
 * if its parent did not change since it ended.
 */
static void name_only_candidate(struct proc *p)
{
	const struct past_parent *past = &p->past[0];

	if (p->autoreap || p->exit_ts == NO_TIME || p->parent_died_unseen)
		return;
	if (past->who.ref.tgid && past->exit_ts >= p->exit_ts)
		return;
	p->reaper = p->parent;
}

static void infer_reap(struct model *m, struct proc *p)
{
	struct fact f = model_fact(m, FACT_REAP, p);

	f.inferred = true;
	p->reap_ts = p->gone_ts < m->now ? p->gone_ts : m->now;
	p->zombie_ns = interval(p, p->autoreap ? p->exit_ts : p->gone_ts);
	name_only_candidate(p);
	settle(m, p, &f);
}

void life_close(struct model *m, struct proc *p)
{
	struct fact f;

	if (p->state == PROC_ALIVE)
		life_infer_exit(m, p, NULL, 0);
	p->reap_ts = m->now;
	f = model_fact(m, FACT_REAP, p);
	f.inferred = true;
	settle(m, p, &f);
}

void life_pass(struct model *m, uint64_t ts)
{
	uint64_t due;

	while ((due = life_next_due(m)) < ts) {
		struct proc *zombie = m->next_flag;

		/* Of one that was a zombie after a gap it may have passed in there. */
		if (m->now < due)
			m->now = due;
		if (flag_due(m, zombie) == due)
			flag(m, zombie);
		else
			infer_reap(m, TAILQ_FIRST(&m->gone));
	}
}

void life_end(struct model *m, const struct event *ev)
{
	struct proc *p;

	m->ended = true;
	m->counts.cut = !!(ev->flags & EVF_CUT_SHORT);
	/* Where only the looking ends, nothing that the trace's end would mean has happened. */
	if (ev->flags & EVF_GOES_ON)
		goto count;
	while ((p = TAILQ_FIRST(&m->gone)))
		infer_reap(m, p);
	while ((p = m->next_flag))
		flag(m, p);
count:
	TAILQ_FOREACH (p, &m->table.all, all_link) {
		m->counts.alive += p->state == PROC_ALIVE;
		m->counts.zombies_now += p->state == PROC_ZOMBIE;
	}
	model_say_event(m, FACT_END, NULL, ev);
}

enum proc_fate proc_fate(const struct proc *p)
{
	if (p->state == PROC_ALIVE)
		return p->gone ? FATE_UNKNOWN : FATE_ALIVE;
	if (p->state == PROC_ZOMBIE && !p->gone)
		return FATE_ZOMBIE;
	if (p->autoreap)
		return FATE_AUTOREAPED;
	/* Not there any more, but neither its exit nor its reap was told. */
	if (p->reap_inferred && !p->has_status)
		return FATE_UNKNOWN;
	return FATE_REAPED;
}

uint64_t proc_zombie_ns(const struct proc *p, uint64_t now)
{
	if (p->state == PROC_GONE)
		return p->zombie_ns;
	if (p->state == PROC_ALIVE)
		return NO_TIME;
	return interval(p, p->gone && p->gone_ts < now ? p->gone_ts : now);
}
