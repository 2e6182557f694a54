// SPDX-License-Identifier: GPL-2.0-only
/*
 * checkpoint.c: all that the model knows at a moment, said as events, and taken back.
 *
 * Snapshots (census.c) say what exists.  What they have no room for, but later facts (and the
 * views) depend on, is said in an EV_PAST for each process and an EV_LINK for each relation
 * that is not as usual.  What is in the graveyard is said as well, so that what is told of one
 * of them twice or late is recognised.  EV_CHECKPOINT comes last.
 *
 * The order counts: the processes are snapshot in order of appearance, their pasts are told
 * parent by parent, in order of joining: that is the order in which children are orphaned.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/private.h"

struct teller {
	const struct model *m;
	int (*fn)(void *ctx, const struct event *ev);
	void *ctx;
};

static uint64_t boottime_of(const struct model *m, uint64_t ts)
{
	return ts == NO_TIME ? 0 : m->meta->t0 + ts;
}

static uint64_t ts_of(const struct model *m, uint64_t boottime)
{
	if (!boottime)
		return NO_TIME;
	return boottime > m->meta->t0 ? boottime - m->meta->t0 : 0;
}

static struct event head(const struct model *m, const struct proc *p, enum event_kind kind)
{
	struct event h = {.ts = m->meta->t0 + m->now, .who = p->ref, .kind = (uint16_t)kind};

	h.who.tid = h.who.tgid; /* as expected of the trace format: it takes no byte */
	memcpy(h.comm, p->comm, sizeof(h.comm));
	return h;
}

/* --- saying it ------------------------------------------------------------------------ */

/* What is one bit, on both sides. */
static const struct {
	uint32_t bit;
	size_t at; /* of a bool in struct proc */
} bools[] = {
	{PAST_HAS_STATUS, offsetof(struct proc, has_status)},
	{PAST_AUTOREAP, offsetof(struct proc, autoreap)},
	{PAST_FROM_SNAPSHOT, offsetof(struct proc, from_snapshot)},
	{PAST_ADOPTED_BEFORE, offsetof(struct proc, adopted_before)},
	{PAST_ADOPTION_PENDING, offsetof(struct proc, adoption_pending)},
	{PAST_NS_INIT, offsetof(struct proc, ns_init)},
	{PAST_EXIT_INFERRED, offsetof(struct proc, exit_inferred)},
	{PAST_PARENT_DIED_UNSEEN, offsetof(struct proc, parent_died_unseen)},
	{PAST_PARENT_IGNORES, offsetof(struct proc, parent_ignores)},
	{PAST_HEIR_IGNORES, offsetof(struct proc, heir_ignores)},
};
#define N_BOOLS (sizeof(bools) / sizeof(*bools))

static uint32_t bits_of(const struct proc *p)
{
	uint32_t bits = p->state == PROC_GONE ? PAST_BURIED : 0;

	bits |= !p->parent_proc ? PAST_UNLINKED : 0;
	bits |= p->entry != ENTRY_FORK ? PAST_FOUND : 0;
	bits |= p->entry == ENTRY_FOUND_ZOMBIE ? PAST_FOUND_ZOMBIE : 0;
	for (size_t i = 0; i < N_BOOLS; i++)
		bits |= *((const char *)p + bools[i].at) ? bools[i].bit : 0;
	return bits;
}

static int say_past(const struct teller *c, const struct proc *p)
{
	const struct model *m = c->m;
	size_t file_len = p->file ? strlen(p->file) : 0;
	struct ev_past *e = malloc(sizeof(*e) + file_len);
	int err;

	if (!e)
		return -ENOMEM;
	*e = (struct ev_past){
		.h = head(m, p, EV_PAST),
		.fork_ts = boottime_of(m, p->fork_ts),
		.exit_ts = boottime_of(m, p->exit_ts),
		.orphaned_ts = boottime_of(m, p->orphaned_ts),
		.flagged_ts = boottime_of(m, p->zombie_flag_ts),
		.zombie_from = p->state == PROC_ZOMBIE ? boottime_of(m, p->zombie_from) : 0,
		.gone_ts = p->gone ? boottime_of(m, p->gone_ts) : 0,
		.gone_since = p->gone ? boottime_of(m, p->gone_since) : 0,
		.max_rss_kib = p->max_rss_kib,
		.bits = bits_of(p),
		.execs = p->execs,
		.killer_sig = p->killer_sig,
		.rival_sig = p->rival_sig,
		.file_off = sizeof(*e),
		.file_len = (uint32_t)file_len,
	};
	if (file_len)
		memcpy(e + 1, p->file, file_len);
	err = c->fn(c->ctx, &e->h);
	free(e);
	return err;
}

/* Past parents, the latest first. */
static const enum link_relation pasts[PASTS] = {LINK_PAST, LINK_PAST_BEFORE, LINK_PAST_3RD,
						LINK_PAST_4TH};

static int say_past_parent(const struct teller *c, const struct proc *p,
			   enum link_relation relation, const struct past_parent *past)
{
	struct ev_link e = {
		.h = head(c->m, p, EV_LINK),
		.to = past->who.ref,
		.since = boottime_of(c->m, past->exit_ts),
		.relation = relation,
		.ignores = past->ignores,
	};

	if (!past->who.ref.tgid)
		return 0;
	memcpy(e.to_comm, past->who.comm, sizeof(e.to_comm));
	return c->fn(c->ctx, &e.h);
}

/* Nobody is not said, unless somebody else would be thought of. */
static int say_link(const struct teller *c, const struct proc *p, enum link_relation relation,
		    const struct who *to)
{
	static const struct who nobody;
	struct ev_link e = {
		.h = head(c->m, p, EV_LINK),
		.to = to->ref,
		.relation = relation,
	};

	if (!memcmp(to, &nobody, sizeof(nobody)) && relation != LINK_BIRTH &&
	    relation != LINK_CREATOR)
		return 0;
	memcpy(e.to_comm, to->comm, sizeof(e.to_comm));
	return c->fn(c->ctx, &e.h);
}

/* Is the name of its parent the one that the parent has now? */
static bool parent_named_as_now(const struct proc *p)
{
	const struct proc *parent = p->parent_proc;

	return parent && !parent->ghost && !memcmp(parent->comm, p->parent.comm, EVENT_COMM);
}

static bool created_as_usual(const struct proc *p)
{
	return ref_same(&p->creator, &p->parent.ref) && p->creator.tid == p->creator.tgid;
}

static int say_links(const struct teller *c, const struct proc *p)
{
	int err = 0;

	if (!parent_named_as_now(p))
		err = say_link(c, p, LINK_PARENT, &p->parent);
	if (!err && !ref_same(&p->birth_parent, &p->parent.ref))
		err = say_link(c, p, LINK_BIRTH, &(struct who){.ref = p->birth_parent});
	if (!err && p->fork_ts != NO_TIME && !created_as_usual(p))
		err = say_link(c, p, LINK_CREATOR, &(struct who){.ref = p->creator});
	if (!err)
		err = say_past_parent(c, p, LINK_LEFT_BY, &p->left_by);
	for (int i = 0; i < PASTS && !err; i++)
		err = say_past_parent(c, p, pasts[i], &p->past[i]);
	if (!err)
		err = say_link(c, p, LINK_OLD_PARENT, &p->old_parent);
	if (!err)
		err = say_link(c, p, LINK_NEW_PARENT, &p->new_parent);
	if (!err)
		err = say_link(c, p, LINK_LAST_ADOPTER, &p->last_adopter);
	if (!err)
		err = say_link(c, p, LINK_HEIR, &p->heir);
	if (!err)
		err = say_link(c, p, LINK_RIVAL, &p->rival);
	return err ? err : say_link(c, p, LINK_KILLER, &p->killer);
}

static int say_proc(const struct teller *c, const struct proc *p)
{
	int err = say_past(c, p);

	return err ? err : say_links(c, p);
}

static int say_snapshots(const struct teller *c)
{
	int err = 0;

	for (const struct proc *p = TAILQ_FIRST(&c->m->table.all); p; p = TAILQ_NEXT(p, all_link)) {
		struct ev_snapshot *s;

		if (p->state == PROC_GONE)
			continue;
		s = model_census(c->m, p);
		err = s ? c->fn(c->ctx, &s->h) : -ENOMEM;
		free(s);
		if (err)
			break;
	}
	return err;
}

/* In order of joining. */
static int say_children(const struct teller *c, const struct proc *parent)
{
	const struct proc *p;
	int err = 0;

	TAILQ_FOREACH (p, &parent->children, child_link)
		if (!err)
			err = say_proc(c, p);
	return err;
}

static int say_pasts(const struct teller *c)
{
	int err = 0;

	for (const struct proc *p = TAILQ_FIRST(&c->m->table.all); p; p = TAILQ_NEXT(p, all_link)) {
		if (p->state == PROC_GONE)
			continue;
		if (!p->parent_proc || p->parent_proc->ghost)
			err = say_proc(c, p);
		if (!err)
			err = say_children(c, p);
		if (err)
			break;
	}
	return err;
}

int model_checkpoint(const struct model *m, int (*fn)(void *ctx, const struct event *ev), void *ctx)
{
	const struct teller c = {m, fn, ctx};
	const struct ev_checkpoint last = {
		.h = {.ts = m->meta->t0 + m->now, .kind = EV_CHECKPOINT},
		.seq = m->seq,
		.wall_ns = m->wall_base + m->now,
	};
	const struct proc *p;
	/* In the middle of a census much is not as it is known to be. */
	int err = m->census.left ? -EAGAIN : 0;

	TAILQ_FOREACH (p, &m->table.graves, zombie_link)
		if (!err)
			err = say_past(&c, p);
	if (!err)
		err = say_snapshots(&c);
	if (!err)
		err = say_pasts(&c);
	return err ? err : fn(ctx, &last.h);
}

/* --- taking it ------------------------------------------------------------------------ */

static void take_bits(struct proc *p, uint32_t bits)
{
	for (size_t i = 0; i < N_BOOLS; i++)
		*(bool *)(void *)((char *)p + bools[i].at) = bits & bools[i].bit;
	p->entry = bits & PAST_FOUND_ZOMBIE ? ENTRY_FOUND_ZOMBIE
		   : bits & PAST_FOUND	    ? ENTRY_FOUND
					    : ENTRY_FORK;
}

static void bury(struct model *m, const struct ev_past *e)
{
	struct proc *p;

	if (table_find(&m->table, &e->h.who))
		return;
	p = table_add(&m->table, &e->h.who);
	if (!p) {
		m->err = -ENOMEM;
		return;
	}
	memcpy(p->comm, e->h.comm, sizeof(p->comm));
	take_bits(p, e->bits);
	p->exit_ts = ts_of(m, e->exit_ts);
	p->state = PROC_GONE;
	table_bury(&m->table, p);
}

void checkpoint_past(struct model *m, const struct event *ev)
{
	const struct ev_past *e = (const struct ev_past *)ev;
	struct proc *p = table_find(&m->table, &ev->who);

	if (e->bits & PAST_BURIED) {
		bury(m, e);
		return;
	}
	if (!p || p->state == PROC_GONE) {
		m->counts.ignored++;
		return;
	}
	take_bits(p, e->bits);
	p->fork_ts = ts_of(m, e->fork_ts);
	p->exit_ts = ts_of(m, e->exit_ts);
	p->orphaned_ts = ts_of(m, e->orphaned_ts);
	p->zombie_flag_ts = ts_of(m, e->flagged_ts);
	p->gone = e->gone_ts && p->state == PROC_ZOMBIE;
	p->gone_ts = ts_of(m, e->gone_ts);
	p->gone_since = e->gone_since ? ts_of(m, e->gone_since) : 0;
	p->max_rss_kib = e->max_rss_kib;
	p->execs = e->execs;
	p->killer_sig = e->killer_sig;
	p->rival_sig = e->rival_sig;
	if (p->state == PROC_ZOMBIE && e->zombie_from)
		p->zombie_from = ts_of(m, e->zombie_from);
	if (p->fork_ts != NO_TIME) {
		p->creator = p->parent.ref;
		p->creator.tid = p->creator.tgid;
	}
	if (m->opt.keep_args)
		model_keep_bytes(m, &p->file, ev, e->file_off, e->file_len);
	/* Last in line among its siblings. */
	if (e->bits & PAST_UNLINKED)
		table_unlink(&m->table, p);
	else
		family_set_parent(m, p, &(struct who){.ref = p->parent.ref});
	p->parent_ignores = e->bits & PAST_PARENT_IGNORES; /* which that has forgotten */
	life_requeue(m, p);
}

static void take_who(struct who *to, const struct ev_link *e)
{
	to->ref = e->to;
	memcpy(to->comm, e->to_comm, sizeof(to->comm));
}

static void take_past_parent(const struct model *m, struct past_parent *to, const struct ev_link *e)
{
	take_who(&to->who, e);
	to->exit_ts = ts_of(m, e->since);
	to->ignores = e->ignores;
}

void checkpoint_link(struct model *m, const struct event *ev)
{
	const struct ev_link *e = (const struct ev_link *)ev;
	struct proc *p = table_find(&m->table, &ev->who);

	if (!p || p->state == PROC_GONE) {
		m->counts.ignored++;
		return;
	}
	switch (e->relation) {
	case LINK_PARENT:
		/* Who it is, its snapshot told. */
		memcpy(p->parent.comm, e->to_comm, sizeof(p->parent.comm));
		break;
	case LINK_BIRTH:
		p->birth_parent = (struct task_ref){.start = e->to.start, .tgid = e->to.tgid};
		table_birth(&m->table, p, &p->birth_parent);
		break;
	case LINK_CREATOR:
		p->creator = e->to;
		break;
	case LINK_LEFT_BY:
		take_past_parent(m, &p->left_by, e);
		break;
	case LINK_PAST:
	case LINK_PAST_BEFORE:
	case LINK_PAST_3RD:
	case LINK_PAST_4TH:
		for (int i = 0; i < PASTS; i++)
			if (pasts[i] == e->relation)
				take_past_parent(m, &p->past[i], e);
		break;
	case LINK_HEIR:
		take_who(&p->heir, e);
		break;
	case LINK_OLD_PARENT:
		take_who(&p->old_parent, e);
		break;
	case LINK_NEW_PARENT:
		take_who(&p->new_parent, e);
		break;
	case LINK_LAST_ADOPTER:
		take_who(&p->last_adopter, e);
		break;
	case LINK_RIVAL:
		take_who(&p->rival, e);
		break;
	case LINK_KILLER:
		take_who(&p->killer, e);
		break;
	default:
		m->counts.ignored++;
		break;
	}
}

void checkpoint_end(struct model *m, const struct event *ev)
{
	const struct ev_checkpoint *e = (const struct ev_checkpoint *)ev;

	life_requeued(m);
	m->wall_base = e->wall_ns - m->now;
	m->seq = e->seq;
}
