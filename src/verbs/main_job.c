// SPDX-License-Identifier: GPL-2.0-only
/* brood without a verb: the log while it runs, then the tree and the findings. */
#include "verbs/run.h"
#include "verbs/verb.h"
#include "view/tally.h"

struct main_job {
	struct log_view log;
	struct tally tally;
};

static void show_fact(struct run *r, void *ctx, const struct fact *f)
{
	struct main_job *job = ctx;

	job->log.opt = &r->log;
	log_view_fact(&job->log, f);
	tally_fact(&job->tally, f);
}

static void show_end(struct run *r, void *ctx)
{
	struct main_job *job = ctx;

	fputc('\n', r->view.out);
	tree_view(&r->view, r->model, r->meta, r->end_ts);
	fputc('\n', r->view.out);
	findings_view(&r->view, &job->tally, r->model, r->meta, r->end_ts);
}

int verb_main(const struct options *o)
{
	static const struct presenter p = {
		.keep = KEEP_ALL, .keep_args = true, .fact = show_fact, .end = show_end,
	};
	static struct main_job job;
	int status = run(o, &p, &job);

	tally_free(&job.tally);
	return status;
}
