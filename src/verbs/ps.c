// SPDX-License-Identifier: GPL-2.0-only
/* brood ps: what exists right now: the tree, zombies and orphans marked. */
#include "verbs/run.h"
#include "verbs/verb.h"

static void show(struct run *r, void *ctx)
{
	(void)ctx;
	ps_view(&r->view, r->model);
}

int verb_ps(const struct options *o)
{
	static const struct presenter p = {
		.keep = KEEP_ALL, .keep_args = true, .end = show,
	};
	struct options now = *o;

	now.live.snapshot_only = true;
	return run(&now, &p, NULL);
}
