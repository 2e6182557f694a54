// SPDX-License-Identifier: GPL-2.0-only
/* live.c: the running kernel as a source: wait, drain, know when to end. */
#include "source/live.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/say.h"
#include "source/clock.h"
#include "source/procfs.h"
#include "source/redact.h"

/*
 * How long the end of a run waits for reaps that the kernel is late to tell: so long without
 * any, and no longer in all.
 */
#define LATE_REAPS_NS NS_PER_S
#define ALL_REAPS_NS (10 * NS_PER_S)
/* How long it waits for somebody to reap what the last ones left behind as zombies. */
#define HANDED_ON_NS (100 * NS_PER_MS)
/* How often the kernel is asked for runs of probes that it skipped, while there are events. */
#define MISSED_NS NS_PER_S
/* How long events gather where somebody looks: enough for a batch, short enough for eyes. */
#define NAP_NS (50 * NS_PER_MS)
/* A step of the wall clock that is worth an event. */
#define CLOCK_STEP_NS (10 * NS_PER_MS)

static const struct meta *live_meta(const void *self)
{
	return &((const struct live *)self)->meta;
}

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
		else if (si.ssi_signo == SIGHUP && si.ssi_code != SI_KERNEL && l->sink->hangup)
			l->sink->hangup(l->sink->ctx);
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
	return live_deliver(l, &e.h);
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The time has come for something that no event announces. */
static int tick(struct live *l, uint64_t now)
{
	struct event e = { .ts = now, .kind = EV_TICK };
	bool in_ring = false;
	int err = live_feed_gone(l, now, &in_ring);

	/* Its record stands behind one that a probe has yet to finish: that first. */
	if (err || in_ring)
		return err;
	err = live_feed_loss(l, now);
	if (!err && now >= l->missed_at + MISSED_NS)
		err = live_feed_missed(l);
	if (!err)
		err = live_repair(l, now, false);
	if (err || l->sink->deadline(l->sink->ctx) >= now || now < l->last_ts)
		return err;
	return live_deliver(l, &e);
}

/* --wait-all: have all ended, as far as we know, so that they need only be reaped? */
static bool only_zombies_left(const struct live *l)
{
	/* Our own count may have missed some where events were lost. */
	return l->opt.command && l->opt.wait_all && l->command.ended &&
	       (!l->alive || l->lost_seen);
}

static uint64_t next_deadline(const struct live *l, uint64_t end)
{
	uint64_t d = earliest(end, l->sink->deadline(l->sink->ctx));

	d = earliest(d, reapwatch_deadline(l->watch));
	if (l->repair_due)
		d = earliest(d, l->repair_at);
	/* A reap is told late, or never. */
	if (only_zombies_left(l))
		d = earliest(d, boottime() + HANDED_ON_NS);
	/* A deadline fires strictly after its time. */
	return d == UINT64_MAX ? d : d + NS_PER_MS;
}

/* Those whose reap the kernel will never tell are in the table of the probes for good. */
static bool last_is_gone(const struct live *l)
{
	int map = bpf_map__fd(l->probes.skel->maps.followed);
	struct task_ref key;
	int err;

	if (!only_zombies_left(l))
		return false;
	for (err = bpf_map_get_next_key(map, NULL, &key); !err;
	     err = bpf_map_get_next_key(map, &key, &key))
		if (procfs_exists(&key))
			return false;
	return true;
}

/*
 * Has somebody left the task list whose reap is still to be told?  Where there is a filter,
 * its table knows even of those whose events were lost: they leave it with their reap.
 */
static bool reaps_are_due(const struct live *l, uint64_t ended)
{
	int map = bpf_map__fd(l->probes.skel->maps.followed);
	struct task_ref key;
	int err;

	if (!l->meta.filtered)
		return reapwatch_untold(l->watch, ended);
	for (err = bpf_map_get_next_key(map, NULL, &key); !err;
	     err = bpf_map_get_next_key(map, &key, &key))
		if (!procfs_exists(&key) || procfs_is_ending(&key) ||
		    (boottime() < ended + HANDED_ON_NS && procfs_is_zombie(&key)))
			return true;
	return false;
}

/* Kernels that tell reaps late are given the time to; those that were lost never come. */
static int wait_for_reaps(struct live *l)
{
	const __u64 *lost = &l->probes.skel->bss->state.lost_by_kind[EV_REAP];
	uint64_t until, now;
	int n = 0;

	l->ended = now = boottime();
	until = now + LATE_REAPS_NS;
	while (n >= 0 && now < until && reaps_are_due(l, l->ended)) {
		uint64_t before = l->awaited;

		ring_nap(l->ring, now + 5 * NS_PER_MS);
		n = ring_drain(l->ring);
		now = boottime();
		if (n > 0 && (l->awaited != before || !__atomic_load_n(lost, __ATOMIC_RELAXED)))
			until = earliest(now + LATE_REAPS_NS, l->ended + ALL_REAPS_NS);
	}
	/* The last of them may have come between the drain and the look. */
	if (n >= 0)
		n = ring_drain(l->ring);
	return n < 0 ? n : 0;
}

/* The command was reaped by us, whatever the kernel still owes us about that. */
static int deliver_own_reap(struct live *l, const struct task_ref *who, uint64_t ts)
{
	struct ev_reap e = {
		.h = { .ts = ts, .who = *who, .kind = EV_REAP, .flags = EVF_INFERRED },
		.by = l->self,
		.by_comm = "brood",
		.parent = l->self,
	};

	return live_deliver(l, &e.h);
}

static int deliver_untold(struct live *l)
{
	struct ev_gone gone;
	int err = 0;

	while (!err && reapwatch_take_untold(l->watch, l->last_ts, &gone)) {
		if (l->command.ended && gone.h.who.tgid == (uint32_t)l->command.pid)
			err = deliver_own_reap(l, &gone.h.who, gone.seen);
		else
			err = live_deliver(l, &gone.h);
	}
	return err;
}

static int deliver_end(struct live *l)
{
	struct event e = { .kind = EV_END };
	int err = tick(l, boottime());

	if (!err)
		err = live_feed_missed(l);
	if (!err)
		err = live_repair(l, boottime(), true);
	if (!err)
		err = deliver_untold(l);
	if (err)
		return err;
	e.ts = boottime();
	if (e.ts < l->last_ts)
		e.ts = l->last_ts;
	return live_deliver(l, &e);
}

/*
 * How long events may gather.  Where reaps are told late, whether a process was still a
 * zombie when it came of age can only be asked in time (reapwatch.h), so its end must be known
 * by then.  The last one's end is waited for by whoever ran the command.
 */
static uint64_t patience(const struct live *l)
{
	uint64_t nap = l->sink->patience;

	if (l->meta.reap_source != REAP_RELEASE_TASK)
		nap = earliest(nap, l->opt.zombie_after_ns);
	return nap < NAP_NS || l->command.ended ? NAP_NS : nap;
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
			ring_nap(l->ring, earliest(next_deadline(l, end), boottime() + patience(l)));
		else
			n = ring_sleep(l->ring, next_deadline(l, end));
		if (n < 0)
			return n;
	}
}

static int live_run(void *self, const struct sink *sink)
{
	struct live *l = self;
	struct redact redact = { .secrets = l->secrets, .to = sink };
	struct sink censored = redact_sink(&redact);
	int err;

	l->sink = l->secrets ? &censored : sink;
	err = live_feed_start(l);
	if (!err && !l->opt.snapshot_only)
		err = loop(l);
	if (!err && !l->opt.snapshot_only)
		err = wait_for_reaps(l);
	err = err ? err : deliver_end(l);
	redact_free(&redact);
	return err;
}

static int live_status(const void *self)
{
	const struct live *l = self;

	return l->opt.command ? command_status(&l->command) : 0;
}

/* Losses are in the trace, but whoever only looks at the end must hear of them too. */
static void live_report(const void *self, uint64_t lost)
{
	const struct live *l = self;
	uint64_t failed = l->probes.skel->bss->state.follow_failed;
	char what[64];

	if (lost) {
		snprintf(what, sizeof(what), "%llu events lost", (unsigned long long)lost);
		if (lost > l->missed_seen)
			say(what, "the ring buffer was full", "a larger --buffer holds more");
		else
			say(what, "the kernel skipped probes that it was running already", NULL);
	}
	if (failed)
		sayf("filter", "%llu processes could not be followed: the table was full",
		     (unsigned long long)failed);
}

void live_close(struct live *l)
{
	if (!l)
		return;
	ring_close(l->ring);
	probes_close(&l->probes);
	reapwatch_free(l->watch);
	secrets_free(l->secrets);
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

static void close_self(void *self)
{
	live_close(self);
}

const struct source_ops live_ops = {
	.meta = live_meta,
	.run = live_run,
	.status = live_status,
	.report = live_report,
	.close = close_self,
};
