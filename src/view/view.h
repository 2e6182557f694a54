/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * view.h: what a person sees.  A view takes facts as they come and the model's table at
 * the end; it asks the kernel nothing, so it shows a live run and a file alike.
 */
#ifndef BROOD_VIEW_H
#define BROOD_VIEW_H

#include <stdbool.h>
#include <stdio.h>

#include "model/model.h"

struct tally;

struct view_options {
	FILE *out;
	int columns;		/* width to fit; 0: no limit */
	bool colour;
	bool fold;		/* identical finished siblings as one line */
	bool wide;		/* long argument lists are not cut */
	uint64_t zombie_after_ns;
	/* Where only a part of a trace is shown: */
	const struct model_counts *counts; /* of that part; NULL: the model's */
	uint64_t begin_ts;	/* of a window of time */
	bool some;		/* only some of the processes are shown */
};

static inline const struct model_counts *view_counts(const struct view_options *opt,
						     const struct model *m)
{
	return opt->counts ? opt->counts : model_counts(m);
}

/* The log: one line a fact.  ctx of the fact_fn is a struct log_view. */
struct log_view {
	const struct view_options *opt;
	bool header_done;
};
void log_view_fact(void *ctx, const struct fact *f);

/*
 * The tree of births, every process with its fate.  The model must keep all.
 * end_ts, here and below: ts of the end of the trace.
 */
void tree_view(const struct view_options *opt, const struct model *m, const struct meta *meta,
	       uint64_t end_ts);

/*
 * What is wrong, in plain words: each flagged zombie (its parent, how long, what it means,
 * what would end it), each orphan (dead parent, adopter), losses; or that there is nothing.
 * The model must keep what is noted; the tally (tally.h) must have had every fact.
 */
void findings_view(const struct view_options *opt, const struct tally *tally,
		   const struct model *m, const struct meta *meta, uint64_t end_ts);

/*
 * Counts, rates, zombies, orphans, slow reaps, failures, CPU; not the findings.  The model
 * need not keep anything.
 */
void summary_view(const struct view_options *opt, const struct tally *tally,
		  const struct model *m, const struct meta *meta, uint64_t end_ts);

/* What exists right now, from a model fed with a snapshot only: the tree by current parent. */
void ps_view(const struct view_options *opt, const struct model *m);

/* ANSI colours, or "" where colour is off. */
enum paint { PAINT_OFF, PAINT_DIM, PAINT_BOLD, PAINT_RED, PAINT_GREEN, PAINT_YELLOW,
	     PAINT_BLUE, PAINT_MAGENTA, PAINT_CYAN };
const char *paint(const struct view_options *opt, enum paint p);

#endif
