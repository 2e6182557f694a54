/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * run.h: one run of one verb: source → model → view, with the output opened first and
 * everything closed at the end.
 */
#ifndef BROOD_RUN_H
#define BROOD_RUN_H

#include "model/model.h"
#include "verbs/options.h"
#include "view/view.h"

struct run {
	const struct options *o;
	struct view_options view;	/* view.out is the opened output */
	struct view_options log;	/* the same for lines of the log */
	struct model *model;
	const struct meta *meta;
	uint64_t end_ts;		/* of the last fact */
};

/* What a verb makes of the facts. */
struct presenter {
	enum model_keep keep;		/* of the model, see model.h */
	bool keep_args;
	void (*begin)(struct run *r, void *ctx);
	void (*fact)(struct run *r, void *ctx, const struct fact *f);
	void (*end)(struct run *r, void *ctx); /* after FACT_END; the model still stands */
};

/* Returns the exit status of brood. */
int run(const struct options *o, const struct presenter *p, void *ctx);

#endif
