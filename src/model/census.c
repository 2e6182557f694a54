/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * census.c: everything that exists, told at one moment.
 *
 * The model can tell it (model_census), so that a trace can begin, or be read, anywhere;
 * and it can be told, after a loss: then what it missed is put right, and marked as inferred.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/private.h"

static uint16_t flags_of(const struct proc *p)
{
	bool adopted = p->adopted_before || p->orphaned_ts != NO_TIME;

	return (uint16_t)((p->inferred ? EVF_INFERRED : 0) | (adopted ? EVF_ADOPTED : 0));
}

struct fact model_census_fact(const struct model *m, const struct proc *p,
			      const struct ev_snapshot *s, uint64_t ts)
{
	struct fact f = model_fact(m, FACT_SNAPSHOT, p);

	f.ev = &s->h;
	f.inferred = p->inferred;
	f.seq = m->seq;
	f.ts = ts;
	f.wall = m->wall_base + ts;
	return f;
}

struct ev_snapshot *model_census(const struct model *m, const struct proc *p)
{
	struct ev_snapshot *s = malloc(sizeof(*s) + p->args_len);
	const bool zombie = p->state == PROC_ZOMBIE;

	if (!s)
		return NULL;
	*s = (struct ev_snapshot){
		.h = {.ts = model_boottime(m, m->now), .who = p->ref, .kind = EV_SNAPSHOT,
		      .flags = flags_of(p)},
		.parent = p->parent.ref,
		.cgroup_id = p->cgroup_id,
		.uid = p->uid,
		.gid = p->gid,
		.ns_pid = p->ns_pid,
		.pid_ns = p->pid_ns,
		.state = zombie ? SNAP_ZOMBIE : SNAP_ALIVE,
		.status = p->status,
		.sid = p->sid,
		.parent_sid = p->parent_sid,
		.kthread = p->kthread,
		.args_bytes = p->args_bytes,
		.args_off = sizeof(*s),
		.args_len = p->args_len,
		.since = zombie && p->exit_ts != NO_TIME && !p->exit_inferred ? model_boottime(m, p->exit_ts) : 0,
	};
	s->h.who.tid = p->ref.tgid;
	memcpy(s->h.comm, p->comm, sizeof(s->h.comm));
	if (p->args_len)
		memcpy(s + 1, p->args, p->args_len);
	return s;
}

/* --- being told ------------------------------------------------------------------------ */

static void put_right(struct model *m);

void census_begin(struct model *m, const struct event *ev)
{
	m->census.number++;
	m->census.left = ((const struct ev_census *)ev)->count;
	m->census.n = 0;
	if (!m->census.left)
		put_right(m);
}

void census_known(struct model *m, struct proc *p, const struct ev_snapshot *s)
{
	struct census *c = &m->census;

	p->census = c->number;
	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 64;
		struct ev_snapshot *known = realloc(c->known, room * sizeof(*known));

		if (!known) {
			m->err = -ENOMEM;
			return;
		}
		c->known = known;
		c->room = room;
	}
	c->known[c->n++] = *s;
}

/* Is it known to be there, though the census does not have it? */
static bool is_missing(const struct model *m, const struct proc *p)
{
	return p->state != PROC_GONE && !p->gone && p->census != m->census.number;
}

/*
 * First the ends, so that whose parent is another one now is seen to be an orphan.  Its
 * children need not be handed over: the census says who has them.
 */
static void infer_ends(struct model *m)
{
	struct proc *p;

	for (p = TAILQ_FIRST(&m->table.all); p; p = TAILQ_NEXT(p, all_link)) {
		if (!is_missing(m, p))
			continue;
		if (p->state == PROC_ALIVE)
			life_infer_exit(m, p, NULL, 0);
		life_vanished(m, p, m->now);
	}
}

static void compare(struct model *m, const struct ev_snapshot *s)
{
	struct proc *p = table_find(&m->table, &s->h.who);

	if (!p || p->state == PROC_GONE)
		return;
	family_told(m, p, &s->parent, false);
	if (p->state != PROC_ALIVE)
		return;
	memcpy(p->comm, s->h.comm, sizeof(p->comm));
	p->uid = s->uid;
	p->gid = s->gid;
	if (s->state == SNAP_ZOMBIE)
		life_infer_exit(m, p, &s->status, s->since);
}

void census_compare(struct model *m)
{
	struct census *c = &m->census;

	for (size_t i = 0; i < c->n; i++)
		compare(m, &c->known[i]);
	free(c->known);
	c->known = NULL;
	c->n = c->room = 0;
}

static void put_right(struct model *m)
{
	infer_ends(m);
	census_compare(m);
}

void census_count(struct model *m)
{
	if (--m->census.left == 0)
		put_right(m);
}
