// SPDX-License-Identifier: GPL-2.0-only
/* brood summary: counts, rates, zombies, orphans, slow reaps, failures, CPU. */
#include "verbs/run.h"
#include "verbs/verb.h"
#include "view/tally.h"

/* Whatever is gone lives on in the tally only. */
static void begin(struct run *r, void *ctx)
{
	(void)ctx;
	model_keep(r->model, KEEP_NOTED);
}

static void count(struct run *r, void *ctx, const struct fact *f)
{
	(void)r;
	tally_fact(ctx, f);
}

static void show(struct run *r, void *ctx)
{
	summary_view(&r->view, ctx, r->model, r->meta, r->end_ts);
	fputc('\n', r->view.out);
	findings_view(&r->view, ctx, r->model, r->meta, r->end_ts);
}

int verb_summary(const struct options *o)
{
	static const struct presenter p = {
		.keep_args = true, .begin = begin, .fact = count, .end = show,
	};
	static struct tally tally;
	int status = run(o, &p, &tally);

	tally_free(&tally);
	return status;
}
