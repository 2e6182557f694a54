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
};

static const struct meta *file_meta(const void *self)
{
	return trace_reader_meta(((const struct file *)self)->reader);
}

/* What a whole file ends with, for one that stops in the middle. */
static int deliver_end(const struct file *f, const struct sink *sink)
{
	struct trace_reader_state s;
	struct event end = { .kind = EV_END };

	trace_reader_state(f->reader, &s);
	end.ts = s.last_ts > file_meta(f)->t0 ? s.last_ts : file_meta(f)->t0;
	return sink->event(sink->ctx, &end);
}

static int file_run(void *self, const struct sink *sink)
{
	struct file *f = self;
	const struct event *ev;
	bool ended = false;
	int err = 0, more;

	while (!err && (more = trace_reader_next(f->reader, &ev)) > 0) {
		err = sink->event(sink->ctx, ev);
		ended = ev->kind == EV_END;
	}
	if (!err && more < 0)
		f->error = more;
	if (!err && !ended)
		err = deliver_end(f, sink);
	return err;
}

bool file_is_whole(const struct trace_reader *r, int error)
{
	struct trace_reader_state s;

	trace_reader_state(r, &s);
	return s.end == TRACE_COMPLETE && !s.damaged && !error;
}

static int file_status(const void *self)
{
	const struct file *f = self;

	return file_is_whole(f->reader, f->error) ? 0 : STATUS_DAMAGED;
}

void file_say_damage(const char *path, const struct trace_reader *r, int error)
{
	uint64_t t0 = trace_reader_meta(r)->t0;
	struct trace_reader_state s;

	if (file_is_whole(r, error))
		return;
	trace_reader_state(r, &s);
	if (error)
		say(path, strerror(-error), NULL);
	if (s.damaged)
		sayf(path, "damaged in %llu places: %llu events could not be read",
		     (unsigned long long)s.damaged, (unsigned long long)s.lost);
	if (s.end == TRACE_CUT_SHORT)
		sayf(path, "cut short after %llu events, until %.6f s", (unsigned long long)s.events,
		     s.last_ts > t0 ? (double)(s.last_ts - t0) / NS_PER_S : 0);
}

static void file_report(const void *self, uint64_t lost)
{
	const struct file *f = self;

	(void)lost;		/* told where it happened, when it was recorded */
	file_say_damage(f->path, f->reader, f->error);
}

static void file_close(void *self)
{
	struct file *f = self;

	trace_reader_free(f->reader);
	if (f->fd >= 0)
		close(f->fd);
	free(f);
}

static const struct source_ops file_ops = {
	.meta = file_meta,
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
