// SPDX-License-Identifier: GPL-2.0-only
/* brood record: write a trace, for every other verb to read. */
#include <errno.h>

#include "base/say.h"
#include "verbs/recorder.h"
#include "verbs/verb.h"

struct recording {
	struct recorder file;
	uint64_t lost;		/* that the stream told of */
	bool followed;		/* a command, to its end, whether somebody reads or not */
};

static int on_event(void *ctx, const struct event *ev)
{
	struct recording *x = ctx;
	int err = recorder_event(&x->file, ev);

	if (ev->kind == EV_LOSS)
		x->lost += ((const struct ev_loss *)ev)->count;
	return x->followed ? 0 : err;
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
	struct recording x = { .followed = o->live.command != NULL };
	const struct sink sink = { on_event, on_idle, deadline, &x };
	struct source src;
	int status, err, write_err;

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
	if (err == -EPIPE)	/* the reader of the pipe has seen enough */
		err = 0;
	/* What could not be written was said; the command has its own status. */
	write_err = recorder_close(&x.file);
	if (write_err && write_err != -EPIPE && !x.followed)
		err = write_err;
	src.ops->report(src.self, x.lost);
	status = err ? failed : src.ops->status(src.self);
	src.ops->close(src.self);
	return status;
}
