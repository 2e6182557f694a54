/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * private.h: what the files of the model share: model.c (takes events, says facts),
 * family.c (who is whose parent), life.c (signal, exit, zombie, reap).
 */
#ifndef BROOD_MODEL_PRIVATE_H
#define BROOD_MODEL_PRIVATE_H

#include "model/table.h"

/* What exists, as it is being told after a loss. */
struct census {
	uint32_t number;	  /* of the one in hand, or the last */
	uint32_t left;		  /* snapshots still to come */
	struct ev_snapshot *known; /* of those that were known: what it says of them */
	size_t n, room;
};

struct model {
	struct model_options opt;
	const struct meta *meta;
	fact_fn fn;
	void *ctx;
	struct table table;
	struct proc_list zombies; /* by zombie_link, in order of exit; also what is `gone` */
	struct proc *next_flag;	  /* the first of them that may yet be flagged; or NULL */
	struct proc_list gone;	  /* by gone_link, in order of gone_since */
	struct census census;
	struct model_counts counts;
	uint64_t seq;
	uint64_t now;	    /* ts of the latest event or fact */
	uint64_t t0, ts0;   /* CLOCK_BOOTTIME, and ts, when the run that is told began */
	uint64_t wall_base; /* wall clock at ts 0, as the clock runs now; may wrap */
	int err;	    /* of the event in hand */
	bool ended;
	uint64_t list_ts;   /* see resume.c: of the snapshots; NO_TIME: there was none yet */
	bool listing, resuming, rebooted;
};

/* model.c */
struct fact model_fact(const struct model *m, enum fact_type type, const struct proc *p);
void model_say(struct model *m, struct fact *f);
void model_say_event(struct model *m, enum fact_type type, const struct proc *p,
		     const struct event *ev);
/*
 * A process that an event speaks of though its beginning was not seen.  The caller fills
 * in what else the event tells and then says the snapshot.  NULL where memory is short.
 */
struct proc *model_stranger(struct model *m, const struct event *ev, const struct task_ref *parent);
/* Copy len bytes of the event, with a NUL behind them.  Nothing where len is 0. */
void model_keep_bytes(struct model *m, char **to, const struct event *ev, uint32_t off,
		      uint32_t len);
void model_say_stranger(struct model *m, const struct proc *p);
/* Arguments that lie in the event, where the model keeps any. */
void model_keep_args(struct model *m, struct proc *p, const struct event *ev, uint32_t off,
		     uint32_t len, uint32_t bytes);

/* checkpoint.c: see model_checkpoint(). */
void checkpoint_past(struct model *m, const struct event *ev);
void checkpoint_link(struct model *m, const struct event *ev);
void checkpoint_end(struct model *m, const struct event *ev);

/* family.c */
/* As the table calls it; comm, where the table does not have it. */
struct who family_name(const struct model *m, const struct task_ref *ref, const char *comm);
/*
 * As an event of another process called it just now, and so does the table from now on: a change
 * of name (prctl) has no event of its own.  As the table calls it, where comm is empty.
 */
struct who family_named(struct model *m, const struct task_ref *ref, const char *comm);
/* An empty w->comm is filled from the table. */
void family_set_parent(struct model *m, struct proc *p, const struct who *w);
/*
 * The kernel told p's parent: verify what was computed and correct it; may say an inferred
 * orphan fact.  Where the kernel had not yet got round to the adoption that we know of:
 * the dead parent, and nothing is changed.  Else NULL.
 */
const struct past_parent *family_told(struct model *m, struct proc *p, const struct task_ref *told,
				      bool at_exit);
/*
 * p was just born.  A sibling's clone(CLONE_PARENT) may give a child to a parent that has
 * exited, in the moment before the kernel gives away all that it has.
 */
void family_born(struct model *m, struct proc *p);
/* p exited: its children go to the adopter. */
void family_hand_over(struct model *m, struct proc *p, const struct ev_exit *x);

/* resume.c */
bool resume_lists(struct model *m, const struct event *ev); /* is ev part of the list? */
void resume_end(struct model *m, const struct event *ev);

/* life.c */
void life_zombie(struct model *m, struct proc *p); /* it is one from now on */
void life_signal(struct model *m, const struct event *ev);
void life_exit(struct model *m, const struct event *ev);
void life_gone(struct model *m, const struct event *ev);
void life_reap(struct model *m, const struct event *ev);
void life_end(struct model *m, const struct event *ev);
/*
 * Its end was not seen; it is a zombie by now.  status: NULL where unknown; since: when it ended
 * on CLOCK_BOOTTIME, 0 where unknown.
 */
void life_infer_exit(struct model *m, struct proc *p, const uint32_t *status, uint64_t since);
/* It ended and was reaped while nobody watched, and nobody will tell of it any more. */
void life_close(struct model *m, struct proc *p);
/* It is not there any more: its reap will be told late, or never. */
void life_vanished(struct model *m, struct proc *p, uint64_t ts);
/* What falls due before ts: zombies to flag, reaps to wait for no longer. */
void life_pass(struct model *m, uint64_t ts);
/* When the first of these is due; NO_TIME: nothing is. */
uint64_t life_next_due(const struct model *m);
/* A zombie's zombie_from, gone and gone_since were told: to its places among those that wait. */
void life_requeue(struct model *m, struct proc *p);
/* Which of them is still to be flagged first, once all were told. */
void life_requeued(struct model *m);

/* census.c */
void census_begin(struct model *m, const struct event *ev);
/* A snapshot of one that is known.  Those that are not come with model_stranger(). */
void census_known(struct model *m, struct proc *p, const struct ev_snapshot *s);
/* One more was told; after the last, what does not fit is put right. */
void census_count(struct model *m);
/* The ends are entered; now what else the census says of those that were known. */
void census_compare(struct model *m);

#endif
