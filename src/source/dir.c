// SPDX-License-Identifier: GPL-2.0-only
/*
 * dir.c: a directory of traces as one source.
 *
 * Files of one recording fit together without a seam: each says in its META which run of
 * brood it belongs to, the how many-th it is, and how many records came before it.  Where
 * they do not fit, something is missing, and what the next file begins with says what exists
 * after the gap.  One file is open at a time.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/say.h"
#include "base/text.h"
#include "source/clock.h"
#include "source/file.h"

/* What was told of a run; it must last as long as the source. */
struct known_run {
	SLIST_ENTRY(known_run) link;
	struct meta meta;
};

struct dir {
	const char *path;	/* borrowed */
	int fd;
	char **names;		/* of all traces in it, sorted */
	size_t n, next;
	struct text name;	/* path and name of the open file, for people */
	struct trace_reader *reader; /* of that; NULL: none is open */
	int file;

	SLIST_HEAD(known_runs, known_run) runs; /* the current one first */
	uint32_t part;		/* of the open file; then of the one before */
	uint64_t told;		/* records of the run, up to and with that */
	bool seam;		/* the open file goes on exactly where the one before ended */
	bool lossy;		/* something of that one could not be read */
	uint64_t last_ts;	/* CLOCK_BOOTTIME up to which it told */
	bool damaged;
};

/* --- which files ----------------------------------------------------------------------- */

static bool is_trace(int dir, const char *name)
{
	size_t len = strlen(name);
	struct stat st;

	return len > 6 && !strcmp(name + len - 6, ".brood") &&
	       !fstatat(dir, name, &st, 0) && S_ISREG(st.st_mode);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_name(struct dir *d, const char *name, size_t *room)
{
	if (d->n == *room) {
		size_t more = *room ? 2 * *room : 64;
		char **names = reallocarray(d->names, more, sizeof(*names));

		if (!names)
			return -ENOMEM;
		d->names = names;
		*room = more;
	}
	d->names[d->n] = strdup(name);
	return d->names[d->n++] ? 0 : -ENOMEM;
}

static int list(struct dir *d)
{
	int fd = fcntl(d->fd, F_DUPFD_CLOEXEC, 3), err = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	size_t room = 0;

	if (!dir) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	while (!err && (e = readdir(dir)))
		if (is_trace(d->fd, e->d_name))
			err = add_name(d, e->d_name, &room);
	closedir(dir);
	if (d->n)
		qsort(d->names, d->n, sizeof(*d->names), by_name);
	return err;
}

/* --- one file after the other ---------------------------------------------------------- */

static void close_file(struct dir *d)
{
	trace_reader_free(d->reader);
	d->reader = NULL;
	if (d->file >= 0)
		close(d->file);
	d->file = -1;
}

/* Whoever records into it has it locked. */
static bool is_written(const struct dir *d)
{
	if (flock(d->fd, LOCK_SH | LOCK_NB))
		return errno == EWOULDBLOCK;
	flock(d->fd, LOCK_UN);
	return false;
}

static void refuse(struct dir *d, const char *why)
{
	say(d->name.data, why, NULL);
	d->damaged = true;
	close_file(d);
}

/* The next one that can be read; those that cannot are said.  false: there is none. */
static bool open_next(struct dir *d)
{
	while (d->next < d->n) {
		const char *name = d->names[d->next++], *why = NULL;
		int err;

		text_clear(&d->name);
		text_addf(&d->name, "%s/%s", d->path, name);
		d->file = openat(d->fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (d->file < 0 && errno == ENOENT)
			continue;	/* no longer kept; the next one will show what it had */
		err = d->file < 0 ? -errno : trace_reader_new(&d->reader, d->file, &why);
		if (!err)
			return true;
		if (err == -ENODATA && d->next == d->n && is_written(d))
			close_file(d);	/* just begun */
		else
			refuse(d, why ? why : strerrordesc_np(-err));
	}
	return false;
}

static const struct meta *current(const struct dir *d)
{
	return &SLIST_FIRST(&d->runs)->meta;
}

/* Make the run that the open file is of the current one. */
static int begin_run(struct dir *d)
{
	const struct meta *m = trace_reader_meta(d->reader);
	struct known_run *run = malloc(sizeof(*run));

	if (!run)
		return -ENOMEM;
	run->meta = *m;
	if (m->command) {
		run->meta.command = malloc(m->command_len + 1);
		if (run->meta.command)
			memcpy(run->meta.command, m->command, m->command_len);
	}
	/* Where META was damaged we do not know better than that nothing else changed. */
	if (!m->boot_id[0] && !SLIST_EMPTY(&d->runs))
		memcpy(run->meta.boot_id, current(d)->boot_id, sizeof(run->meta.boot_id));
	SLIST_INSERT_HEAD(&d->runs, run, link);
	return 0;
}

static bool same_boot(const struct meta *a, const struct meta *b)
{
	return !a->boot_id[0] || !b->boot_id[0] || !strcmp(a->boot_id, b->boot_id);
}

/* What the file that is open now has to do with the one before. */
enum relation {
	REL_SEAM,	/* it is the continuation */
	REL_GAP,	/* of the same run, but something is missing in between */
	REL_RUN,	/* of another run, perhaps on another boot */
	REL_OTHER_HOST,
	REL_OVERLAP,	/* it began before that one ended */
};

static enum relation relation(const struct dir *d)
{
	const struct meta *m = trace_reader_meta(d->reader), *was = current(d);

	if (m->run && m->run == was->run && m->part > d->part)
		return m->told_before == d->told && !d->lossy ? REL_SEAM : REL_GAP;
	if (!same_boot(m, was))
		return strcmp(m->host, was->host) != 0 ? REL_OTHER_HOST : REL_RUN;
	return m->t0 < d->last_ts ? REL_OVERLAP : REL_RUN;
}

/* What is missing in a run is known to the record. */
static int tell_gap(struct dir *d, const struct sink *sink)
{
	const struct meta *m = trace_reader_meta(d->reader);
	struct ev_loss loss = {
		.h = { .ts = m->t0 > d->last_ts ? m->t0 : d->last_ts, .kind = EV_LOSS },
		.since = d->last_ts,
	};
	int err = 0;

	if (m->told_before > d->told) {
		loss.count = m->told_before - d->told;
		err = sink->event(sink->ctx, &loss.h);
	}
	return err ? err : sink->resume(sink->ctx, NULL);
}

static int cross(struct dir *d, const struct sink *sink, enum relation rel)
{
	int err = 0;

	d->seam = rel == REL_SEAM;
	if (rel == REL_GAP)
		err = tell_gap(d, sink);
	if (rel == REL_RUN)
		err = begin_run(d);
	if (!err && rel == REL_RUN)
		err = sink->resume(sink->ctx, current(d));
	return err;
}

/* Open the next one that has to do with what was before.  1; 0: there is none; or -errno. */
static int go_on(struct dir *d, const struct sink *sink)
{
	while (open_next(d)) {
		enum relation rel = relation(d);
		int err;

		if (rel == REL_OTHER_HOST) {
			refuse(d, "of another host than those before it: not read");
		} else if (rel == REL_OVERLAP) {
			refuse(d, "begins before the end of the one before it: not read");
		} else {
			err = cross(d, sink, rel);
			return err ? err : 1;
		}
	}
	return 0;
}

/* --- events ---------------------------------------------------------------------------- */

/* The file is told: what must be known of it when the next one is there. */
static void leave_file(struct dir *d, int error, uint64_t repeated)
{
	const struct file_state state = { d->reader, error, false };
	struct trace_reader_state s;

	trace_reader_state(d->reader, &s);
	d->told += s.events - repeated + s.lost;
	d->lossy = s.lost || error;
	if (s.last_ts > d->last_ts)
		d->last_ts = s.last_ts;
	/* The one before the last may be finishing while the last one is begun. */
	if (!s.damaged && !error && s.end == TRACE_CUT_SHORT && d->next + 1 >= d->n &&
	    is_written(d)) {
		sayf(d->name.data, "still being written; shown until %.6f s",
		     (double)(d->last_ts - trace_reader_meta(d->reader)->t0) / NS_PER_S);
	} else if (!file_is_whole(&state)) {
		d->damaged = true;
		file_say_damage(d->name.data, &state);
	}
	close_file(d);
}

/*
 * All events of the open file but its end: that of the last one becomes the end of all.  What
 * a file begins with is news only where it is not the continuation of another one.
 */
static int tell_file(struct dir *d, const struct sink *sink)
{
	const struct meta *m = trace_reader_meta(d->reader);
	const struct event *ev;
	uint64_t repeated = 0;	/* records that were told before, or are only of this file */
	int err = 0, more;

	d->part = m->part;
	d->told = m->told_before;
	d->last_ts = m->t0;
	while (!err && (more = trace_reader_next(d->reader, &ev)) > 0) {
		bool listed = trace_reader_in_snapshot(d->reader);

		if (ev->kind == EV_END || (listed && m->part))
			repeated++;
		if (ev->kind != EV_END && !(listed && d->seam))
			err = sink->event(sink->ctx, ev);
	}
	if (!err)
		leave_file(d, more, repeated);
	return err;
}

static int dir_run(void *self, const struct sink *sink)
{
	struct event end = { .kind = EV_END };
	struct dir *d = self;
	int err, more;

	do {
		err = tell_file(d, sink);
		more = err ? 0 : go_on(d, sink);
	} while (more > 0);
	err = err ? err : more;
	end.ts = d->last_ts;
	return err ? err : sink->event(sink->ctx, &end);
}

/* --- the source ------------------------------------------------------------------------ */

static const struct meta *dir_meta(const void *self)
{
	const struct dir *d = self;

	return current(d);
}

static int dir_status(const void *self)
{
	return ((const struct dir *)self)->damaged ? STATUS_DAMAGED : 0;
}

/* What is wrong with a file was said when it was left. */
static void dir_report(const void *self, uint64_t lost)
{
	(void)self;
	(void)lost;
}

static void dir_close(void *self)
{
	struct dir *d = self;
	struct known_run *run;

	close_file(d);
	while ((run = SLIST_FIRST(&d->runs))) {
		SLIST_REMOVE_HEAD(&d->runs, link);
		free(run->meta.command);
		free(run);
	}
	for (size_t i = 0; i < d->n; i++)
		free(d->names[i]);
	free(d->names);
	text_free(&d->name);
	if (d->fd >= 0)
		close(d->fd);
	free(d);
}

static const struct source_ops dir_ops = {
	.meta = dir_meta,
	.run = dir_run,
	.status = dir_status,
	.report = dir_report,
	.close = dir_close,
};

int dir_open(struct source *out, const char *path, int *status)
{
	struct dir *d = calloc(1, sizeof(*d));
	int err = 0;

	*status = 1;
	if (!d)
		return -ENOMEM;
	d->path = path;
	d->file = -1;
	d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = d->fd < 0 ? -errno : list(d);
	if (err) {
		say(path, strerror(-err), NULL);
	} else if (!d->n) {
		say(path, "no traces in this directory", "they are called *.brood");
		err = -ENOENT;
	} else if (!open_next(d)) {
		*status = STATUS_DAMAGED;
		err = -EINVAL;
	} else {
		err = begin_run(d);
	}
	if (err) {
		dir_close(d);
		return err;
	}
	*out = (struct source){ &dir_ops, d };
	return 0;
}
