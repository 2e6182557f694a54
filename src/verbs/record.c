// SPDX-License-Identifier: GPL-2.0-only
/* brood record: write a trace, for every other verb to read. */
#include <errno.h>

#include "base/say.h"
#include "verbs/recorder.h"
#include "verbs/verb.h"

struct recording {
	struct recorder file;
	uint64_t lost;		/* that the stream told of */
};

static int on_event(void *ctx, const struct event *ev)
{
	struct recording *x = ctx;

	if (ev->kind == EV_LOSS)
		x->lost += ((const struct ev_loss *)ev)->count;
	return recorder_event(&x->file, ev);
}

static int on_idle(void *ctx)
{
	struct recording *x = ctx;

	recorder_idle(&x->file);
	return 0;
}

static uint64_t deadline(void *ctx)
{
	const struct recording *x = ctx;

	return recorder_deadline(&x->file);
}

int verb_record(const struct options *o)
{
	const int failed = o->live.command ? STATUS_BROOD_FAILED : STATUS_FAILED;
	struct recording x = { 0 };
	const struct sink sink = { on_event, on_idle, deadline, &x };
	struct source src;
	int status, err;

	if (!o->output) {
		say("record", "needs a file to write", "-o FILE; - is stdout");
		return STATUS_USAGE;
	}
	if (recorder_open(&x.file, o->output, o->force))
		return failed;
	if (live_open(&src, &o->live, &status)) {
		recorder_abandon(&x.file);
		return status;
	}
	err = recorder_begin(&x.file, src.ops->meta(src.self));
	if (!err)
		err = src.ops->run(src.self, &sink);
	if (err == -EPIPE && !o->live.command)	/* the reader of the pipe has seen enough */
		err = 0;
	if (recorder_close(&x.file) && !err)
		err = -EIO;
	src.ops->report(src.self, x.lost);
	status = err ? failed : src.ops->status(src.self);
	src.ops->close(src.self);
	return status;
}
