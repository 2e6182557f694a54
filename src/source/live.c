// SPDX-License-Identifier: GPL-2.0-only
/*
 * live.c: the running kernel as a source.
 *
 * Attach first, then iterate, then drain: what happens in between is in the ring, so that
 * nothing falls into a gap, and live events win over the snapshot.
 */
#include "source/source.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/say.h"
#include "source/clock.h"
#include "source/command.h"
#include "source/filter.h"
#include "source/here.h"
#include "source/probes.h"
#include "source/queue.h"
#include "source/reapwatch.h"
#include "source/ring.h"
#include "source/snapshot.h"

/* Bytes of arguments of a process that existed already. */
#define SNAPSHOT_ARGS_MAX 4096
/* How long the end of a run waits for reaps that the kernel is late to tell. */
#define LATE_REAPS_NS NS_PER_S
/* A step of the wall clock that is worth an event. */
#define CLOCK_STEP_NS (10 * NS_PER_MS)

struct live {
	struct live_options opt;
	struct meta meta;
	struct inherited inherited;
	struct brood *skel;
	struct ring *ring;
	struct snapshot snapshot;
	struct queue early;		/* drained before the run began */
	struct reapwatch *watch;	/* NULL where reaps are exact */
	struct command command;
	struct ev_snapshot *held;	/* the command as it was before its exec */
	const struct sink *sink;	/* NULL: still starting */
	int signal_fd;
	uint64_t last_ts;		/* of what was delivered; nothing may be before it */
	uint32_t lost_seen;
	uint64_t alive;			/* followed processes, to know the last one's end */
	bool stop;
	struct ev_exec *copy;		/* room for one event whose time must be changed */
};

/* --- delivering ---------------------------------------------------------------------- */

static int deliver(struct live *l, const struct event *ev)
{
	l->last_ts = ev->ts;
	return l->sink->event(l->sink->ctx, ev);
}

static int deliver_loss(struct live *l, uint64_t count, uint64_t since, uint64_t until)
{
	struct ev_loss e = {
		.h = { .ts = until > l->last_ts ? until : l->last_ts, .kind = EV_LOSS },
		.since = since,
		.count = count,
	};

	return deliver(l, &e.h);
}

/* Losses are counted in the head of whatever came next: there their place is known. */
static int check_loss(struct live *l, uint32_t lost, uint64_t until)
{
	int32_t more = (int32_t)(lost - l->lost_seen);

	if (more <= 0)
		return 0;
	l->lost_seen = lost;
	return deliver_loss(l, (uint64_t)more, l->last_ts, until);
}

/* Reaped in time, though the kernel is late to tell: say so before the deadline passes. */
static int deliver_gone(struct live *l, uint64_t now)
{
	struct event gone;
	int err = 0;

	while (!err && l->watch && reapwatch_next_gone(l->watch, now, &gone)) {
		if (gone.ts < l->last_ts)
			gone.ts = l->last_ts;
		err = deliver(l, &gone);
	}
	return err;
}

/*
 * CPUs read the clock before or after each other's reservations, so neighbours in the ring
 * may differ by less than a microsecond in the wrong direction.  Order is the truth.
 */
static const struct event *not_before(struct live *l, const struct event *ev, size_t size)
{
	if (ev->ts >= l->last_ts)
		return ev;
	memcpy(l->copy, ev, size);
	l->copy->h.ts = l->last_ts;
	return &l->copy->h;
}

/* A reap told now of an end before the trace began. */
static bool is_leftover(const struct live *l, const struct event *ev)
{
	return ev->ts < l->meta.t0 + NS_PER_S && !l->lost_seen && ev->who.start < l->meta.t0;
}

static int keep_books(struct live *l, const struct event *ev, bool *drop)
{
	switch (ev->kind) {
	case EV_FORK:
		l->alive++;
		break;
	case EV_EXIT:
		l->alive -= l->alive > 0;
		if (l->watch)
			return reapwatch_exited(l->watch, &ev->who, ev->ts);
		break;
	case EV_REAP:
		if (l->watch && !reapwatch_reaped(l->watch, &ev->who) && is_leftover(l, ev))
			*drop = true;
		break;
	default:
		break;
	}
	return 0;
}

static int take(struct live *l, const struct event *ev, size_t size)
{
	bool drop = ev->ts < l->meta.t0;	/* before the trace; the snapshot has it */
	int err;

	if (drop)
		return 0;
	err = deliver_gone(l, ev->ts);
	if (!err)
		err = check_loss(l, ev->lost, ev->ts);
	ev = not_before(l, ev, size);
	if (!err)
		err = keep_books(l, ev, &drop);
	return err || drop ? err : deliver(l, ev);
}

static int on_event(void *ctx, const struct event *ev, size_t size)
{
	struct live *l = ctx;

	return l->sink ? take(l, ev, size) : queue_add(&l->early, ev, size);
}

/* --- starting ------------------------------------------------------------------------ */

static int open_signals(struct live *l)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	l->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l->signal_fd < 0) {
		say("signals", strerror(errno), NULL);
		return -errno;
	}
	return 0;
}

static bool is_filtered(const struct live *l)
{
	return l->opt.command || filter_given(&l->opt.filter);
}

/* Only the command, held, is in the trace as it begins. */
static int begin_command(struct live *l)
{
	int err = command_hold(&l->command, l->opt.command[0]);
	size_t i = 0;

	if (!err)
		err = snapshot_take(&l->snapshot, l->skel->progs.on_task);
	if (err)
		return err;
	while (i < l->snapshot.n && l->snapshot.list[i].h.who.tgid != (uint32_t)l->command.pid)
		i++;
	if (i == l->snapshot.n) {
		say(l->opt.command[0], "died before it could be followed", NULL);
		return -ESRCH;
	}
	l->snapshot.list[0] = l->snapshot.list[i];
	l->snapshot.n = 1;
	l->held = snapshot_with_args(&l->snapshot.list[0], SNAPSHOT_ARGS_MAX);
	if (!l->held)
		return -ENOMEM;
	err = filter_follow(l->skel, &l->snapshot.list[0].h.who);
	here_begin(&l->meta);
	return err;
}

static int begin(struct live *l)
{
	int err;

	if (l->opt.command)
		return begin_command(l);
	if (filter_given(&l->opt.filter)) {
		err = filter_begin(&l->opt.filter, l->skel, &l->snapshot);
		here_begin(&l->meta);
		return err;
	}
	here_begin(&l->meta);
	err = snapshot_take(&l->snapshot, l->skel->progs.on_task);
	if (err)
		say("cannot list the processes", strerror(-err), NULL);
	return err;
}

static int open_all(struct live *l)
{
	bool exact = false;
	int err;

	err = here_meta(&l->meta, l->opt.command);
	if (!err)
		err = open_signals(l);
	if (!err)
		err = probes_load(&l->skel, &l->opt, is_filtered(l), &exact);
	if (err)
		return err;
	l->meta.reap_source = exact ? REAP_RELEASE_TASK : REAP_PROCESS_FREE;
	l->meta.filtered = is_filtered(l);
	l->copy = malloc(sizeof(*l->copy) + 65536 + 2 * 4096);
	if (!exact)
		l->watch = reapwatch_new(l->opt.zombie_after_ns);
	if (!l->copy || (!exact && !l->watch)) {
		say("cannot start", strerror(ENOMEM), NULL);
		return -ENOMEM;
	}
	err = ring_open(&l->ring, bpf_map__fd(l->skel->maps.ring), &l->skel->bss->state,
			l->signal_fd, on_event, l);
	if (err) {
		say("cannot read the ring buffer", strerror(-err), NULL);
		return err;
	}
	err = filter_open_cgroups(&l->opt.filter, l->skel);
	if (!err && !l->opt.snapshot_only)
		err = probes_attach(l->skel);
	return err ? err : begin(l);
}

int live_open(struct live **out, const struct live_options *opt, int *status)
{
	struct live *l = calloc(1, sizeof(*l));
	int err;

	*status = opt->command ? 125 : 1;
	if (!l) {
		say("cannot start", strerror(ENOMEM), NULL);
		return -ENOMEM;
	}
	l->opt = *opt;
	l->signal_fd = -1;
	inherited_save(&l->inherited);
	err = opt->command ? command_prepare(&l->command, opt->command, opt->user, &l->inherited) : 0;
	if (!err)
		err = open_all(l);
	if (!err && opt->command)
		err = command_release(&l->command, opt->command[0], status);
	if (!err && !opt->command) {
		err = ring_drain(l->ring);
		err = err < 0 ? err : 0;
	}
	if (err) {
		live_close(l);
		return err;
	}
	*out = l;
	return 0;
}

const struct meta *live_meta(const struct live *l)
{
	return &l->meta;
}

/* --- the first moment ---------------------------------------------------------------- */

static int deliver_snapshot(struct live *l, struct ev_snapshot *s)
{
	struct ev_snapshot *e;
	int err;

	if (queue_has(&l->early, EV_FORK, &s->h.who))
		return 0;	/* born since: the fork tells it */
	if (queue_has(&l->early, EV_EXIT, &s->h.who)) {
		s->state = SNAP_ALIVE;	/* it was then; its exit is told next */
		s->status = 0;
	}
	e = l->held ? l->held : snapshot_with_args(s, SNAPSHOT_ARGS_MAX);
	l->held = NULL;
	if (!e)
		return -ENOMEM;
	e->h.ts = l->meta.t0;
	e->h.lost = 0;
	if (e->state == SNAP_ALIVE)
		l->alive++;
	err = e->state == SNAP_ZOMBIE && l->watch ?
		      reapwatch_exited(l->watch, &e->h.who, l->meta.t0) : 0;
	if (!err)
		err = deliver(l, &e->h);
	free(e);
	return err;
}

static int deliver_start(struct live *l)
{
	int err = 0;

	l->last_ts = l->meta.t0;
	queue_index(&l->early, l->meta.t0);
	for (size_t i = 0; i < l->snapshot.n && !err; i++)
		err = deliver_snapshot(l, &l->snapshot.list[i]);
	for (const struct queued *e = l->early.first; e && !err; e = e->next)
		err = take(l, &e->ev, e->size);
	queue_free(&l->early);
	snapshot_free(&l->snapshot);
	return err;
}

/* --- running ------------------------------------------------------------------------- */

/* From a person at the terminal it went to the command too; from elsewhere only to us. */
static void pass_on(const struct live *l, const struct signalfd_siginfo *si)
{
	if (si->ssi_code != SI_KERNEL && !l->command.ended)
		kill(l->command.pid, (int)si->ssi_signo);
}

static void take_signals(struct live *l)
{
	struct signalfd_siginfo si;

	while (read(l->signal_fd, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			continue;
		if (l->opt.command && !l->command.ended)
			pass_on(l, &si);
		else
			l->stop = true;
	}
	if (l->opt.command && command_ended(&l->command) && !l->opt.wait_all)
		l->stop = true;
}

static int check_clock(struct live *l, int64_t *offset)
{
	uint64_t now = boottime();
	int64_t ahead = (int64_t)(clock_ns(CLOCK_REALTIME) - now);
	struct ev_clock e = { .h = { .ts = l->last_ts, .kind = EV_CLOCK } };

	if (llabs(ahead - *offset) < (int64_t)CLOCK_STEP_NS)
		return 0;
	*offset = ahead;
	e.wall_ns = e.h.ts + (uint64_t)ahead;
	return deliver(l, &e.h);
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The time has come for something that no event announces. */
static int tick(struct live *l, uint64_t now)
{
	struct event e = { .ts = now, .kind = EV_TICK };
	int err = deliver_gone(l, now);

	if (!err)
		err = check_loss(l, __atomic_load_n(&l->skel->bss->state.lost, __ATOMIC_RELAXED), now);
	if (err || l->sink->deadline(l->sink->ctx) >= now || now < l->last_ts)
		return err;
	return deliver(l, &e);
}

static uint64_t next_deadline(const struct live *l, uint64_t end)
{
	uint64_t d = earliest(end, l->sink->deadline(l->sink->ctx));

	if (l->watch)
		d = earliest(d, reapwatch_deadline(l->watch));
	/* A deadline fires strictly after its time. */
	return d == UINT64_MAX ? d : d + NS_PER_MS;
}

static bool last_is_gone(const struct live *l)
{
	struct task_ref key;

	if (!l->opt.command || !l->opt.wait_all || !l->command.ended)
		return false;
	if (!l->lost_seen)
		return l->alive == 0;
	/* Our own count may have missed some; the table of the probes has not. */
	return bpf_map_get_next_key(bpf_map__fd(l->skel->maps.followed), NULL, &key) == -ENOENT;
}

/* Kernels that tell reaps late are given the time to. */
static int wait_for_reaps(struct live *l)
{
	uint64_t until = boottime() + LATE_REAPS_NS;
	int n = 0;

	while (n >= 0 && l->watch && reapwatch_untold(l->watch) && boottime() < until) {
		ring_nap(l->ring, boottime() + 5 * NS_PER_MS);
		n = ring_drain(l->ring);
	}
	return n < 0 ? n : 0;
}

static int deliver_end(struct live *l)
{
	struct event e = { .kind = EV_END };
	uint64_t missed = probes_missed(l->skel);
	int err = tick(l, boottime());

	if (!err && missed)
		err = deliver_loss(l, missed, l->meta.t0, l->last_ts);
	while (!err && l->watch && reapwatch_take_untold(l->watch, l->last_ts, &e))
		err = deliver(l, &e);
	if (err)
		return err;
	e = (struct event){ .ts = boottime(), .kind = EV_END };
	if (e.ts < l->last_ts)
		e.ts = l->last_ts;
	return deliver(l, &e);
}

static int loop(struct live *l)
{
	uint64_t end = l->opt.for_ns ? l->meta.t0 + l->opt.for_ns : UINT64_MAX;
	int64_t offset = (int64_t)(l->meta.wall0 - l->meta.t0);
	int n, err = 0;

	for (;;) {
		uint64_t now = boottime();

		take_signals(l);
		n = ring_drain(l->ring);
		if (n < 0)
			return n;
		err = tick(l, now);
		if (!err)
			err = check_clock(l, &offset);
		if (!err && l->sink->idle)
			err = l->sink->idle(l->sink->ctx);
		if (err || l->stop || now >= end || last_is_gone(l))
			return err;
		if (n)
			ring_nap(l->ring, next_deadline(l, end));
		else
			n = ring_sleep(l->ring, next_deadline(l, end));
		if (n < 0)
			return n;
	}
}

int live_run(struct live *l, const struct sink *sink)
{
	int err;

	l->sink = sink;
	err = deliver_start(l);
	if (!err && !l->opt.snapshot_only)
		err = loop(l);
	if (!err && !l->opt.snapshot_only)
		err = wait_for_reaps(l);
	return err ? err : deliver_end(l);
}

int live_command_status(const struct live *l)
{
	return l->opt.command ? command_status(&l->command) : 0;
}

void live_stats(const struct live *l, struct live_stats *s)
{
	const struct probe_state *state = &l->skel->bss->state;

	memcpy(s->lost_by_kind, state->lost_by_kind, sizeof(s->lost_by_kind));
	s->missed = probes_missed(l->skel);
	s->follow_failed = state->follow_failed;
}

void live_close(struct live *l)
{
	if (!l)
		return;
	ring_close(l->ring);
	brood__destroy(l->skel);
	reapwatch_free(l->watch);
	snapshot_free(&l->snapshot);
	queue_free(&l->early);
	here_free(&l->meta);
	if (l->opt.command)
		command_close(&l->command);
	free(l->held);
	if (l->signal_fd >= 0)
		close(l->signal_fd);
	free(l->copy);
	free(l);
}
