// SPDX-License-Identifier: GPL-2.0-only
/* brood record: write a trace, for every other verb to read. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/say.h"
#include "source/clock.h"
#include "verbs/rotation.h"
#include "verbs/verb.h"

/*
 * Nobody looks.  Less than the second after which a block is sealed, so that what a power cut
 * takes is that second and no more than half of another.
 */
#define PATIENCE_NS (500 * NS_PER_MS)

struct recording {
	struct recorder file;
	struct rotation files;
	uint64_t lost;		/* that the stream told of */
	bool followed;		/* a command, to its end, whether somebody reads or not */
};

static void count_losses(struct recording *x, const struct event *ev)
{
	if (ev->kind == EV_LOSS)
		x->lost += ((const struct ev_loss *)ev)->count;
}

/* --- into one file --------------------------------------------------------------------- */

static int on_event(void *ctx, const struct event *ev)
{
	struct recording *x = ctx;
	int err = recorder_event(&x->file, ev);

	count_losses(x, ev);
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

static int to_file(const struct options *o, int *status)
{
	struct recording x = { .followed = o->live.command != NULL };
	const struct sink sink = { on_event, on_idle, deadline, &x, NULL, NULL, PATIENCE_NS };
	struct source src;
	int err, write_err;

	if (recorder_open(&x.file, o->output, o->force))
		return -EIO;
	if (live_open(&src, &o->live, status)) {
		recorder_abandon(&x.file);
		return 0;
	}
	err = recorder_begin(&x.file, src.ops->meta(src.self), o->live.zombie_after_ns);
	if (!err)
		err = src.ops->run(src.self, &sink);
	if (err == -EPIPE)	/* the reader of the pipe has seen enough */
		err = 0;
	/* What could not be written was said; the command has its own status. */
	write_err = recorder_close(&x.file);
	if (write_err && write_err != -EPIPE && !x.followed)
		err = write_err;
	src.ops->report(src.self, x.lost);
	*status = src.ops->status(src.self);
	src.ops->close(src.self);
	return err;
}

/* --- into a directory ------------------------------------------------------------------ */

static int on_event_files(void *ctx, const struct event *ev)
{
	struct recording *x = ctx;

	count_losses(x, ev);
	return rotation_event(&x->files, ev);
}

static int on_idle_files(void *ctx)
{
	struct recording *x = ctx;

	rotation_idle(&x->files);
	return 0;
}

static uint64_t deadline_files(void *ctx)
{
	const struct recording *x = ctx;

	return rotation_deadline(&x->files);
}

static void on_hangup(void *ctx)
{
	struct recording *x = ctx;

	/* What the ring still holds happened before. */
	rotation_request(&x->files, boottime());
}

static int to_directory(const struct options *o, int *status)
{
	const struct rotation_options opt = {
		o->rotate_bytes, o->rotate_ns, o->keep, o->live.zombie_after_ns,
	};
	struct live_options live = o->live;
	struct recording x = { 0 };
	const struct sink sink = { on_event_files, on_idle_files, deadline_files, &x,
				   on_hangup,	   NULL,	  PATIENCE_NS };
	struct source src;
	int err;

	if (rotation_open(&x.files, o->output, o->rotate_bytes || o->rotate_ns, &opt))
		return -EIO;
	live.directory = o->output;
	if (live_open(&src, &live, status)) {
		rotation_close(&x.files);
		return 0;
	}
	err = rotation_begin(&x.files, src.ops->meta(src.self));
	if (!err)
		err = src.ops->run(src.self, &sink);
	if (rotation_close(&x.files) && !err && !o->live.command)
		err = -EIO;
	src.ops->report(src.self, x.lost);
	*status = src.ops->status(src.self);
	src.ops->close(src.self);
	return err;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

int verb_record(const struct options *o)
{
	const int failed = o->live.command ? STATUS_BROOD_FAILED : STATUS_FAILED;
	bool rotate = o->rotate_bytes || o->rotate_ns;
	int status = 0;

	if (!o->output) {
		say("record", "needs a file to write", "-o FILE; - is stdout");
		return STATUS_USAGE;
	}
	if (rotate && !strcmp(o->output, "-")) {
		say("--rotate", "needs a directory to write into", "-o DIR");
		return STATUS_USAGE;
	}
	if (rotate || is_directory(o->output))
		return to_directory(o, &status) ? failed : status;
	if (o->keep) {
		say("--keep", "is for the files in a directory", "-o DIR --rotate SIZE|TIME");
		return STATUS_USAGE;
	}
	return to_file(o, &status) ? failed : status;
}
