/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table.h: the processes that the model knows, by identity, in order of appearance, and
 * linked to their parents.  It owns their memory and knows nothing of events.
 *
 * Two kinds of entries are in it that are not processes (any more) to anybody else:
 * - A ghost is an identity that was only named as somebody's parent.  Its children wait
 *   with it, so that they are its children when it appears: in a snapshot, a parent may
 *   come after its children.
 * - The graveyard holds the last GRAVEYARD processes that are gone, so that what is told
 *   of one twice, or late, is recognised.  It is the same whatever else the table keeps
 *   of what is gone, therefore so are the facts.
 */
#ifndef BROOD_TABLE_H
#define BROOD_TABLE_H

#include "model/notes.h"

#define GRAVEYARD 256

struct table {
	struct proc *hash;	 /* ghosts, the living, zombies, the graveyard */
	struct proc_list all;	 /* by all_link: not the ghosts, of the gone what is kept */
	uint64_t appeared;	 /* how many so far */
	struct proc_list graves; /* by zombie_link, the latest last */
	unsigned int n_graves;
	/* What left the graveyard, where all is kept: out of the way of what is going on. */
	struct proc *kept;	 /* a hash, made when somebody asks */
	struct proc_list buried; /* by zombie_link: what is not yet in it */
	struct notes notes;
	enum model_keep keep;
};
void table_init(struct table *t, enum model_keep keep);
void table_free(struct table *t);

/* NULL where unknown: neither ghosts nor what left the graveyard.  ref->tid is ignored. */
struct proc *table_find(const struct table *t, const struct task_ref *ref);
/* NULL also where gone, unless all is kept; then even what left the graveyard is found. */
struct proc *table_find_kept(struct table *t, const struct task_ref *ref);

/* A new process, alive, that table_find() does not know; NULL where memory is short. */
struct proc *table_add(struct table *t, const struct task_ref *ref);

/*
 * Make p a child of `parent`, last in line, instead of what it was; of nobody where
 * parent is NULL, has tgid 0, is gone or is p itself.  0 or -ENOMEM (then of nobody).
 */
int table_link(struct table *t, struct proc *p, const struct task_ref *parent);
void table_unlink(struct table *t, struct proc *p);

/* Note who gave birth to p, in the tree of births.  Only where the table keeps all. */
void table_birth(struct table *t, struct proc *p, const struct task_ref *parent);

/* Empty the graveyard: nobody in it can be told of any more. */
void table_forget(struct table *t);

/*
 * p is gone: to the graveyard with it, without parent or children.  It is valid until
 * GRAVEYARD others followed it, or until table_free() where the table keeps all.
 */
void table_bury(struct table *t, struct proc *p);

#endif
