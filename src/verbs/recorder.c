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

static void ignore(void *ctx, const struct fact *f)
{
	(void)ctx;
	(void)f;
}

/* The model sees what a reader of the trace will see. */
static void make_model(struct recorder *r, uint64_t zombie_after_ns)
{
	const struct model_options opt = {
		.zombie_after_ns = zombie_after_ns,
		.keep = KEEP_ALIVE,
		.keep_args = true,
	};

	r->meta.zombie_after_ns = zombie_after_ns;
	r->model = model_new(&opt, &r->meta, ignore, NULL);
	if (r->model)
		model_begin(r->model);
}

int recorder_begin(struct recorder *r, const struct meta *meta, uint64_t zombie_after_ns)
{
	struct trace_writer_options opt = { 0 };
	int err = out_file_begin(&r->to);

	r->meta = *meta;
	make_model(r, zombie_after_ns);
	r->signal_fd = open_signals();
	if (r->signal_fd > 0)
		opt.give_up_fd = r->signal_fd;
	if (!err)
		err = trace_writer_new(&r->writer, r->to.fd, &r->meta, &opt);
	if (err)
		say(r->path, strerror(-err), NULL);
	return err;
}

static void drop_model(struct recorder *r)
{
	model_free(r->model);
	r->model = NULL;
}

static void checkpoint(struct recorder *r)
{
	int err;

	trace_writer_checkpoint_begin(r->writer);
	err = model_checkpoint(r->model, trace_writer_checkpoint_add, r->writer);
	trace_writer_checkpoint_end(r->writer, !err);
}

int recorder_event(struct recorder *r, const struct event *ev)
{
	if (trace_writer_add(r->writer, ev) == -EPIPE)
		return -EPIPE;
	/* A tick is not in the trace, and after the end nobody begins to read. */
	if (!r->model || ev->kind == EV_TICK || ev->kind == EV_END)
		return 0;
	if (model_feed(r->model, ev))
		drop_model(r);
	else if (trace_writer_checkpoint_due(r->writer))
		checkpoint(r);
	return 0;
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
	drop_model(r);
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
	drop_model(r);
	if (r->to.fd >= 0 && close(r->to.fd) && !err)
		err = -errno;
	if (r->signal_fd >= 0)
		close(r->signal_fd);
	if (err)
		say_lost(r, err, s.lost);
	*r = (struct recorder){ .to.fd = -1, .signal_fd = -1 };
	return err;
}
