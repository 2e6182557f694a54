// SPDX-License-Identifier: GPL-2.0-only
#include "verbs/recorder.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/say.h"
#include "source/clock.h"

int recorder_open(struct recorder *r, const char *path, bool force)
{
	int err;

	*r = (struct recorder){ .path = path, .to.fd = -1, .signal_fd = -1 };
	err = out_file_open(&r->to, path, false, force);
	if (err || !isatty(r->to.fd))
		return err;
	say(path, "is a terminal", "a trace is binary: redirect it, or -o FILE");
	recorder_abandon(r);
	return -ENOTTY;
}

/* The source has blocked those that are not ignored, and takes them while it runs. */
static int open_signals(void)
{
	static const int ours[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };
	sigset_t blocked, set;

	sigprocmask(SIG_SETMASK, NULL, &blocked);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (sigismember(&blocked, ours[i]))
			sigaddset(&set, ours[i]);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int recorder_begin(struct recorder *r, const struct meta *meta)
{
	struct trace_writer_options opt = { 0 };
	int err = out_file_begin(&r->to);

	r->signal_fd = open_signals();
	if (r->signal_fd > 0)
		opt.give_up_fd = r->signal_fd;
	if (!err)
		err = trace_writer_new(&r->writer, r->to.fd, meta, &opt);
	if (err)
		say(r->path, strerror(-err), NULL);
	return err;
}

int recorder_event(struct recorder *r, const struct event *ev)
{
	return trace_writer_add(r->writer, ev) == -EPIPE ? -EPIPE : 0;
}

/* Somebody may make room: let it be known at once, not only at the end. */
static void say_error(struct recorder *r)
{
	struct trace_writer_stats s;

	trace_writer_stats(r->writer, &s);
	if (s.error && s.error != r->error && s.error != EPIPE)
		say(r->path, strerror(s.error), "it is tried again; meanwhile events may get lost");
	r->error = s.error;
}

int recorder_census(struct recorder *r, const struct model *m)
{
	int err = 0;

	for (const struct proc *p = model_first(m); p && !err; p = model_next(p)) {
		struct ev_snapshot *s;

		if (p->state == PROC_GONE || p->gone)
			continue;
		s = model_census(m, p);
		err = s ? recorder_event(r, &s->h) : -ENOMEM;
		free(s);
	}
	return err;
}

void recorder_idle(struct recorder *r)
{
	trace_writer_tick(r->writer, boottime(), false);
	say_error(r);
}

uint64_t recorder_deadline(const struct recorder *r)
{
	return trace_writer_deadline(r->writer);
}

void recorder_abandon(struct recorder *r)
{
	out_file_abandon(&r->to, r->path);
}

static void say_lost(const struct recorder *r, int err, uint64_t lost)
{
	const char *why = err == -ENOBUFS   ? "the disk was full, or too slow, for a while" :
			  err == -ECANCELED ? "nobody read it" :
					      strerror(-err);

	if (err == -EPIPE && !strcmp(r->path, "-"))
		return;		/* `brood record -o - | head`: they have seen enough */
	if (lost)
		sayf(r->path, "%s: %llu events are missing", why, (unsigned long long)lost);
	else
		say(r->path, why, NULL);
}

int recorder_close(struct recorder *r)
{
	struct trace_writer_stats s = { 0 };
	int err = 0;

	if (r->writer)
		err = trace_writer_close(r->writer, &s);
	if (r->to.fd >= 0 && close(r->to.fd) && !err)
		err = -errno;
	if (r->signal_fd >= 0)
		close(r->signal_fd);
	if (err)
		say_lost(r, err, s.lost);
	*r = (struct recorder){ .to.fd = -1, .signal_fd = -1 };
	return err;
}
