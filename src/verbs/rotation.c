// SPDX-License-Identifier: GPL-2.0-only
#include "verbs/rotation.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/say.h"
#include "source/clock.h"

/* After something went wrong; and how long the file before may take to get to the disk. */
#define RETRY_NS (500 * NS_PER_MS)

/* Said once, until it goes well again: it may be tried twice a second for days. */
static void trouble(struct rotation *r, const char *name, int err, const char *hint)
{
	if (!r->said)
		say(name, strerror(-err), hint);
	r->said = true;
}

int rotation_open(struct rotation *r, const char *path, bool make,
		  const struct rotation_options *opt)
{
	*r = (struct rotation){ .path = path, .opt = *opt };
	for (int i = 0; i < 2; i++)
		r->files[i].to = (struct recorder){ .path = r->files[i].name, .to.fd = -1, .signal_fd = -1 };
	r->open = &r->files[0];
	r->last = &r->files[1];
	return series_open(&r->series, path, make, opt->keep);
}

/* --- one file after another ------------------------------------------------------------ */

/* A new file and its writer, for what comes from CLOCK_BOOTTIME ts on. */
static int open_file(struct rotation *r, uint64_t ts, struct rotation_file *f, struct meta *meta)
{
	int fd, err;

	meta->t0 = ts;
	meta->wall0 = ts + r->ahead;
	meta->told_before = r->told;
	fd = series_new_file(&r->series, meta->wall0, f->name);
	if (fd < 0)
		return fd;
	f->to = (struct recorder){ .path = f->name, .to = { .fd = fd, .created = true } };
	err = recorder_begin(&f->to, meta, r->opt.zombie_after_ns);
	if (err) {
		recorder_close(&f->to);
		series_remove(&r->series, f->name);
	}
	return err;
}

static void begun(struct rotation *r)
{
	r->sealed = r->retry = 0;
	r->due = false;
	r->next = r->opt.ns && r->meta.t0 < UINT64_MAX - r->opt.ns ? r->meta.t0 + r->opt.ns :
								     UINT64_MAX;
}

int rotation_begin(struct rotation *r, const struct meta *meta)
{
	int err;

	r->meta = *meta;
	if (getrandom(&r->meta.run, sizeof(r->meta.run), GRND_NONBLOCK) !=
	    sizeof(r->meta.run))
		r->meta.run = meta->wall0;
	r->meta.run |= 1;	/* 0 would be none */
	r->ahead = meta->wall0 - meta->t0;
	err = open_file(r, meta->t0, r->open, &r->meta);
	if (err) {
		say(r->path, strerror(-err), NULL);
		return err;
	}
	begun(r);
	err = series_prune(&r->series);
	if (err)
		trouble(r, r->path, err, "old files could not be removed");
	return 0;
}

/* The one before is on the disk, or has been given up: let go of it. */
static void close_last(struct rotation *r)
{
	int err;

	if (!r->last->to.writer)
		return;
	err = recorder_close(&r->last->to);
	if (err && !r->error)
		r->error = err;
}

/* What the old file has of its own to say at its end; its thread does the rest. */
static void finish_file(struct recorder *file, uint64_t ts)
{
	const struct event end = { .ts = ts, .kind = EV_END };

	recorder_event(file, &end);
	trace_writer_finish(file->writer);
}

static void close_finished(struct rotation *r)
{
	if (r->last->to.writer && trace_writer_finished(r->last->to.writer))
		close_last(r);
}

/*
 * One file may be finishing, however slow its disk is: each has a queue of its own in memory.
 * And on a disk that is full a new file would hold nothing.
 */
static bool may_begin(struct rotation *r)
{
	struct trace_writer_stats s;

	close_finished(r);
	trace_writer_stats(r->open->to.writer, &s);
	if (!r->open->to.model)
		trouble(r, r->path, -ENOMEM, "what exists is not known: the old file is continued");
	return r->open->to.model && !r->last->to.writer && !s.error;
}

static void begin_next(struct rotation *r, uint64_t ts)
{
	struct rotation_file *old = r->open;
	struct meta meta = r->meta;
	int err;

	r->retry = ts + RETRY_NS;
	if (!may_begin(r))
		return;
	meta.part++;
	err = open_file(r, ts, r->last, &meta);
	if (err) {
		trouble(r, r->path, err, "no new file can be begun: the old one is continued");
		return;
	}
	finish_file(&old->to, ts);
	r->open = r->last;
	r->last = old;
	r->meta = meta;
	err = recorder_census(&r->open->to, old->to.model);
	trace_writer_begun(r->open->to.writer);
	begun(r);
	if (err)
		trouble(r, r->open->name, err, "what existed as it began is not all in it");
	err = series_prune(&r->series);
	if (err)
		trouble(r, r->path, err, "old files could not be removed");
	else
		r->said = false;
}

/* Asked once a block: until then the file has not grown. */
static bool is_large(struct rotation *r)
{
	uint64_t sealed = trace_writer_sealed(r->open->to.writer);
	struct trace_writer_stats s;

	if (!r->opt.bytes || sealed == r->sealed)
		return false;
	r->sealed = sealed;
	trace_writer_stats(r->open->to.writer, &s);
	return s.bytes >= r->opt.bytes;
}

/* --- events ---------------------------------------------------------------------------- */

/*
 * The task list is ahead of the ring: what EV_GONE tells of it must not be later than the end
 * of the file that has it.
 */
static void look_at_times(struct rotation *r, const struct event *ev)
{
	const struct ev_gone *gone = (const struct ev_gone *)ev;

	if (ev->kind == EV_CLOCK)
		r->ahead = ((const struct ev_clock *)ev)->wall_ns - ev->ts;
	if (ev->kind == EV_GONE && gone->seen > r->seen)
		r->seen = gone->seen;
}

static uint64_t not_before(const struct rotation *r)
{
	return r->retry > r->seen ? r->retry : r->seen;
}

int rotation_event(struct rotation *r, const struct event *ev)
{
	int err;

	r->due |= is_large(r) || ev->ts >= r->next;
	/* What exists is told in one piece, and after the end there is nothing more to tell. */
	if (r->due && ev->ts >= not_before(r) && ev->kind != EV_SNAPSHOT && ev->kind != EV_END)
		begin_next(r, ev->ts);
	err = recorder_event(&r->open->to, ev);
	if (ev->kind == EV_TICK)
		return err;
	r->told++;
	look_at_times(r, ev);
	return err;
}

void rotation_idle(struct rotation *r)
{
	recorder_idle(&r->open->to);
	close_finished(r);
}

uint64_t rotation_deadline(const struct rotation *r)
{
	uint64_t block = recorder_deadline(&r->open->to);
	uint64_t file = r->due ? not_before(r) : r->next;

	return block < file ? block : file;
}

void rotation_request(struct rotation *r, uint64_t from)
{
	r->due = true;
	r->retry = from;
}

int rotation_close(struct rotation *r)
{
	int err = 0;

	close_last(r);
	if (r->open->to.writer)
		err = recorder_close(&r->open->to);
	series_close(&r->series);
	return err ? err : r->error;
}
