/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * select.h: a part of a trace: what happened in a window of time, to some of the processes.
 * It stands between the model, which has to see everything, and whoever shows the facts,
 * which sees what was selected and nothing else.
 *
 * Where a window begins, FACT_SNAPSHOT is said of each process that exists then (ts: of that
 * moment; seq: of the last fact before), for the facts that told of it are not shown.  All
 * other facts are as they are in the whole trace.
 */
#ifndef BROOD_SELECT_H
#define BROOD_SELECT_H

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"
#include "verbs/options.h"

struct select {
	const struct options *o;
	const struct meta *meta;
	struct model *model;
	fact_fn fn;
	void *ctx;
	uint64_t from, to;	 /* ts; both belong to the window */
	bool open;		 /* the window began */
	bool over;		 /* and ended */
	bool settled;		 /* what existed at first is all told */
	struct task_ref root[FILTER_VALUES]; /* of --under; tgid 0: not met yet */
	struct model_counts counts; /* of what was shown */
	struct model_counts before; /* of the model, as the window began */
	int err;
};

/* Was anything but all of it asked for? */
bool select_wanted(const struct options *o);
/* Is it a part of the processes? */
bool select_by_process(const struct options *o);

/* What is shown goes to fn.  0, or -EINVAL after saying why. */
int select_begin(struct select *s, const struct options *o, const struct meta *meta, fact_fn fn,
		 void *ctx);
/*
 * From where on reading is enough: a ts.  0 where all that came before matters too: who
 * descends from whom is not known later.
 */
uint64_t select_read_from(const struct select *s);

/* As model_feed(), of s->model. */
int select_feed(struct select *s, const struct event *ev);
/* The fact_fn of that model. */
void select_fact(void *select, const struct fact *f);

/* Was a process met for each --under?  If not, says which is missing. */
bool select_found(const struct select *s);

#endif
