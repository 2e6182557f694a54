// SPDX-License-Identifier: GPL-2.0-only
/* file.c: a recorded trace as a source. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/say.h"
#include "source/clock.h"
#include "source/file.h"

struct file {
	struct trace_reader *reader;
	const char *path;	/* borrowed */
	int fd;
	int error;		/* negative errno of reading */
	uint64_t until;		/* CLOCK_BOOTTIME of the recorder: what is later is not wanted */
	bool reached;		/* there is something later */
};

static const struct meta *file_meta(const void *self)
{
	return trace_reader_meta(((const struct file *)self)->reader);
}

/* Where the window ends and the trace does not. */
static int deliver_window_end(const struct file *f, const struct sink *sink)
{
	const struct event tick = { .kind = EV_TICK, .ts = f->until + 1 };
	const struct event end = { .kind = EV_END, .flags = EVF_GOES_ON, .ts = f->until };
	int err = sink->event(sink->ctx, &tick);

	return err ? err : sink->event(sink->ctx, &end);
}

/* What a whole file ends with, for one that stops in the middle. */
static int deliver_end(const struct file *f, const struct sink *sink)
{
	struct trace_reader_state s;
	struct event end = { .kind = EV_END, .flags = EVF_CUT_SHORT };

	trace_reader_state(f->reader, &s);
	end.ts = s.last_ts > file_meta(f)->t0 ? s.last_ts : file_meta(f)->t0;
	return sink->event(sink->ctx, &end);
}

static int file_run(void *self, const struct sink *sink)
{
	struct file *f = self;
	struct trace_reader_state s;
	const struct event *ev;
	bool ended = false;
	int err = 0, more;

	while (!err && (more = trace_reader_next(f->reader, &ev)) > 0) {
		f->reached = ev->ts > f->until;
		if (f->reached)
			break;
		err = sink->event(sink->ctx, ev);
		ended = ev->kind == EV_END;
	}
	if (!err && more < 0)
		f->error = more;
	if (err || ended)
		return err;
	trace_reader_state(f->reader, &s);
	f->reached |= s.end == TRACE_WINDOW;
	return f->reached ? deliver_window_end(f, sink) : deliver_end(f, sink);
}

bool file_is_whole(const struct file_state *f)
{
	struct trace_reader_state s;

	trace_reader_state(f->reader, &s);
	return (s.end != TRACE_CUT_SHORT || f->enough) && !s.damaged && !f->error;
}

static struct file_state state_of(const struct file *f)
{
	return (struct file_state){ f->reader, f->error, f->reached };
}

static int file_status(const void *self)
{
	const struct file_state state = state_of(self);

	return file_is_whole(&state) ? 0 : STATUS_DAMAGED;
}

void file_say_damage(const char *path, const struct file_state *f)
{
	uint64_t t0 = trace_reader_meta(f->reader)->t0;
	struct trace_reader_state s;

	if (file_is_whole(f))
		return;
	trace_reader_state(f->reader, &s);
	if (f->error)
		say(path, strerror(-f->error), NULL);
	if (s.damaged)
		sayf(path, "damaged in %llu place%s: %llu event%s could not be read",
		     (unsigned long long)s.damaged, s.damaged == 1 ? "" : "s",
		     (unsigned long long)s.lost, s.lost == 1 ? "" : "s");
	if (s.end == TRACE_CUT_SHORT && !f->enough)
		sayf(path, "cut short after %llu events, until %.6f s", (unsigned long long)s.events,
		     s.last_ts > t0 ? (double)(s.last_ts - t0) / NS_PER_S : 0);
}

static void file_report(const void *self, uint64_t lost)
{
	const struct file *f = self;
	const struct file_state state = state_of(f);

	(void)lost;		/* told where it happened, when it was recorded */
	file_say_damage(f->path, &state);
}

static void file_close(void *self)
{
	struct file *f = self;

	trace_reader_free(f->reader);
	if (f->fd >= 0)
		close(f->fd);
	free(f);
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a < UINT64_MAX - b ? a + b : UINT64_MAX;
}

static int file_window(void *self, uint64_t from, uint64_t to, uint64_t zombie_after_ns)
{
	struct file *f = self;
	const struct meta *meta = file_meta(f);
	int err;

	f->until = add(meta->t0, to);
	/* When a zombie is flagged, and so how the facts are numbered, is another one's view. */
	if (meta->zombie_after_ns != zombie_after_ns)
		from = 0;
	err = trace_reader_window(f->reader, add(meta->t0, from), f->until);
	if (err)
		say(f->path, strerror(-err), NULL);
	return err;
}

static const struct source_ops file_ops = {
	.meta = file_meta,
	.window = file_window,
	.run = file_run,
	.status = file_status,
	.report = file_report,
	.close = file_close,
};

int file_open(struct source *out, const char *path, int *status)
{
	struct file *f;
	const char *why = NULL;
	struct stat st;
	int err;

	if (strcmp(path, "-") != 0 && !stat(path, &st) && S_ISDIR(st.st_mode))
		return dir_open(out, path, status);
	*status = 1;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->path = path;
	f->until = UINT64_MAX;
	f->fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) :
				    fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (f->fd < 0) {
		err = -errno;
		say(path, strerror(errno), errno == ENOENT ? "a command goes after --" : NULL);
		free(f);
		return err;
	}
	err = trace_reader_new(&f->reader, f->fd, &why);
	if (err) {
		say(path, why ? why : strerror(-err), NULL);
		if (err == -EBADMSG)
			*status = STATUS_DAMAGED;
		file_close(f);
		return err;
	}
	*out = (struct source){ &file_ops, f };
	return 0;
}
