// SPDX-License-Identifier: GPL-2.0-only
/* brood tree: the family tree, every process with its fate, and the findings. */
#include "verbs/run.h"
#include "verbs/verb.h"
#include "view/tally.h"

static void count(struct run *r, void *ctx, const struct fact *f)
{
	(void)r;
	tally_fact(ctx, f);
}

static void show(struct run *r, void *ctx)
{
	tree_view(&r->view, r->model, r->meta, r->end_ts);
	fputc('\n', r->view.out);
	findings_view(&r->view, ctx, r->model, r->meta, r->end_ts);
}

int verb_tree(const struct options *o)
{
	static const struct presenter p = {
		.keep = KEEP_ALL, .keep_args = true, .fact = count, .end = show,
	};
	static struct tally tally;
	int status = run(o, &p, &tally);

	tally_free(&tally);
	return status;
}
