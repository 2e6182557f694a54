/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * family.c: who is whose parent now: adoption, computed when a parent exits and verified by
 * what the kernel tells of the child later.
 *
 * sched_process_exit fires before the kernel reparents (kernel/exit.c: do_exit, then
 * exit_notify), so for a moment we know of an adoption that the kernel has yet to do.  A
 * parent told in that moment is a dead one; it contradicts nothing.
 */
#include <errno.h>
#include <string.h>

#include "model/private.h"

struct who family_name(const struct model *m, const struct task_ref *ref, const char *comm)
{
	struct who w = {.ref = {.start = ref->start, .tgid = ref->tgid}};
	const struct proc *p = ref->tgid ? table_find(&m->table, ref) : NULL;

	if (p)
		comm = p->comm;
	if (comm)
		memcpy(w.comm, comm, sizeof(w.comm));
	return w;
}

struct who family_named(struct model *m, const struct task_ref *ref, const char *comm)
{
	struct who w = {.ref = {.start = ref->start, .tgid = ref->tgid}};
	struct proc *p;

	if (!comm[0])
		return family_name(m, ref, NULL);
	p = ref->tgid ? table_find(&m->table, ref) : NULL;
	if (p && p->state == PROC_ALIVE)
		memcpy(p->comm, comm, sizeof(p->comm));
	memcpy(w.comm, comm, sizeof(w.comm));
	return w;
}

void family_set_parent(struct model *m, struct proc *p, const struct who *w)
{
	p->parent = *w;
	p->parent.ref.tid = 0;
	p->parent_ignores = false;
	if (table_link(&m->table, p, &w->ref))
		m->err = -ENOMEM;
	if (!p->parent.comm[0] && p->parent_proc)
		memcpy(p->parent.comm, p->parent_proc->comm, sizeof(p->parent.comm));
}

static void remember(struct proc *p, const struct who *parent, uint64_t exit_ts)
{
	memmove(p->past + 1, p->past, (PASTS - 1) * sizeof(p->past[0]));
	p->past[0] = (struct past_parent){
		.who = *parent, .exit_ts = exit_ts, .ignores = p->parent_ignores};
	if (!p->left_by.who.ref.tgid)
		p->left_by = p->past[0];
}

static const struct past_parent *past_parent(const struct proc *p, const struct task_ref *ref)
{
	for (int i = 0; i < PASTS; i++) {
		if (p->past[i].who.ref.tgid && ref_same(&p->past[i].who.ref, ref))
			return &p->past[i];
	}
	return NULL;
}

static void orphaned(struct model *m, struct proc *p, const struct who *from, const struct who *to,
		     bool inferred)
{
	struct fact f = model_fact(m, FACT_ORPHAN, p);

	if (p->orphaned_ts == NO_TIME) {
		p->orphaned_ts = m->now;
		p->old_parent = *from;
		p->new_parent = *to;
	}
	f.inferred = inferred;
	f.old_parent = *from;
	f.new_parent = *to;
	model_say(m, &f);
}

const struct past_parent *family_told(struct model *m, struct proc *p, const struct task_ref *told,
				      bool at_exit)
{
	const struct proc *known = p->parent_proc;
	const struct past_parent *past;
	struct who from = p->parent, to;
	bool lives;

	if (!told->tgid || ref_same(told, &p->ref))
		return NULL;
	if (ref_same(told, &p->parent.ref)) {
		if (at_exit && p->adoption_pending) {
			m->counts.adoption_checked++;
			p->adoption_pending = false;
		}
		return NULL;
	}
	past = past_parent(p, told);
	if (past)
		return past;

	to = family_name(m, told, NULL);
	if (known && known->ghost)
		known = NULL;
	if (known)
		memcpy(from.comm, known->comm, sizeof(from.comm));
	lives = known && known->state == PROC_ALIVE && !known->gone;
	family_set_parent(m, p, &to);
	if (p->adoption_pending || lives) {
		/* We thought of the wrong one. */
		m->counts.adoption_checked++;
		m->counts.adoption_wrong++;
		if (p->adoption_pending && ref_same(&p->new_parent.ref, &from.ref))
			p->new_parent = to;
		p->adoption_pending = false;
	} else if (p->state != PROC_ALIVE) {
		p->last_adopter = p->parent;	/* the dead are handed on, but no orphans */
	} else if (from.ref.tgid) {
		/* Its parent died unseen. */
		orphaned(m, p, &from, &to, true);
	} else if (p->orphaned_ts != NO_TIME && !p->new_parent.ref.tgid) {
		p->new_parent = to;
	}
	return NULL;
}

/* The init of a PID namespace lets nobody wait for what comes to it as it ends. */
static bool adopter_ignores(const struct model *m, const struct ev_exit *x)
{
	const struct proc *p = table_find(&m->table, &x->adopter);

	return x->h.flags & EVF_ADOPTER_IGNORES || (p && p->ns_init && p->state != PROC_ALIVE);
}

/* p's parent exited, which is `from` now: who takes p? */
static void give(struct model *m, struct proc *p, const struct who *from, const struct who *heir,
		 bool ignores)
{
	struct who to = *heir;

	if (!to.ref.tgid || ref_same(&to.ref, &from->ref) || ref_same(&to.ref, &p->ref))
		to = (struct who){0};
	remember(p, from, m->now);
	family_set_parent(m, p, &to);
	p->parent_ignores = ignores && to.ref.tgid;
	if (p->state == PROC_ZOMBIE) {
		p->last_adopter = p->parent;
		return;
	}
	p->adoption_pending = to.ref.tgid;
	orphaned(m, p, from, &to, false);
}

static struct who dead_parent(const struct proc *p)
{
	struct who from = {.ref = p->ref};

	memcpy(from.comm, p->comm, sizeof(from.comm));
	return from;
}

void family_hand_over(struct model *m, struct proc *p, const struct ev_exit *x)
{
	struct who from = dead_parent(p);
	struct proc *c;

	p->heir = family_named(m, &x->adopter, x->adopter_comm);
	p->heir_ignores = adopter_ignores(m, x);

	while ((c = TAILQ_FIRST(&p->children))) {
		if (c->gone && c->gone_ts <= p->exit_ts) {
			/* It was reaped before, though that is still to be told. */
			table_unlink(&m->table, c);
			continue;
		}
		give(m, c, &from, &p->heir, p->heir_ignores);
	}
}

void family_born(struct model *m, struct proc *p)
{
	const struct proc *parent;

	/* In a damaged trace the dead may be each other's heirs. */
	for (int i = 0; i < PASTS; i++) {
		struct who from;

		parent = p->parent_proc;
		if (!parent || parent->ghost || parent->state != PROC_ZOMBIE ||
		    parent->exit_ts == NO_TIME || parent->ns_init)
			return;
		from = dead_parent(parent);
		give(m, p, &from, &parent->heir, parent->heir_ignores);
	}
}
