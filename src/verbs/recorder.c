// SPDX-License-Identifier: GPL-2.0-only
#include "verbs/recorder.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/say.h"
#include "source/clock.h"

int recorder_open(struct recorder *r, const char *path, bool force)
{
	int err;

	*r = (struct recorder){ .path = path, .to.fd = -1 };
	err = out_file_open(&r->to, path, false, force);
	if (err || !isatty(r->to.fd))
		return err;
	say(path, "is a terminal", "a trace is binary: redirect it, or -o FILE");
	recorder_abandon(r);
	return -ENOTTY;
}

int recorder_begin(struct recorder *r, const struct meta *meta)
{
	int err = out_file_begin(&r->to);

	if (!err)
		err = trace_writer_new(&r->writer, r->to.fd, meta, NULL);
	if (err)
		say(r->path, strerror(-err), NULL);
	return err;
}

int recorder_event(struct recorder *r, const struct event *ev)
{
	int err = trace_writer_add(r->writer, ev);

	return err == -EPIPE || err == -ENOMEM ? err : 0;
}

void recorder_idle(struct recorder *r)
{
	trace_writer_tick(r->writer, boottime(), false);
}

uint64_t recorder_deadline(const struct recorder *r)
{
	return trace_writer_deadline(r->writer);
}

void recorder_abandon(struct recorder *r)
{
	out_file_abandon(&r->to, r->path);
}

int recorder_close(struct recorder *r)
{
	struct trace_writer_stats s = { 0 };
	int err = 0;

	if (r->writer)
		err = trace_writer_close(r->writer, &s);
	if (r->to.fd >= 0 && close(r->to.fd) && !err)
		err = -errno;
	if (err && err != -EPIPE)
		sayf(r->path, "%s: %llu events were not written", strerror(-err),
		     (unsigned long long)s.lost);
	*r = (struct recorder){ .to.fd = -1 };
	return err;
}
