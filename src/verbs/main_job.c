// SPDX-License-Identifier: GPL-2.0-only
/* brood without a verb: the log while it runs, then the tree and the findings. */
#include "verbs/run.h"
#include "verbs/verb.h"

static void show_fact(struct run *r, void *ctx, const struct fact *f)
{
	struct log_view *log = ctx;

	log->opt = &r->view;
	log_view_fact(log, f);
}

static void show_end(struct run *r, void *ctx)
{
	(void)ctx;
	fputc('\n', r->view.out);
	tree_view(&r->view, r->model, r->meta, r->end_ts);
	fputc('\n', r->view.out);
	findings_view(&r->view, r->model, r->meta, r->end_ts);
}

int verb_main(const struct options *o)
{
	static const struct presenter p = {
		.keep_gone = true, .keep_args = true, .fact = show_fact, .end = show_end,
	};
	struct log_view log = { 0 };

	return run(o, &p, &log);
}
