// SPDX-License-Identifier: GPL-2.0-only
/* brood summary: counts, rates, zombies, orphans, slow reaps, failures, CPU. */
#include "verbs/run.h"
#include "verbs/verb.h"

static void show(struct run *r, void *ctx)
{
	(void)ctx;
	summary_view(&r->view, r->model, r->meta, r->end_ts);
	fputc('\n', r->view.out);
	findings_view(&r->view, r->model, r->meta, r->end_ts);
}

int verb_summary(const struct options *o)
{
	static const struct presenter p = { .keep_gone = true, .keep_args = true, .end = show };

	return run(o, &p, NULL);
}
