// SPDX-License-Identifier: GPL-2.0-only
/* brood log: one line per event. */
#include "verbs/run.h"
#include "verbs/verb.h"

static void show(struct run *r, void *ctx, const struct fact *f)
{
	struct log_view *log = ctx;

	log->opt = &r->log;
	log_view_fact(log, f);
}

int verb_log(const struct options *o)
{
	static const struct presenter p = { .fact = show };
	struct log_view log = { 0 };

	return run(o, &p, &log);
}
