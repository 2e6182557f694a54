// SPDX-License-Identifier: GPL-2.0-only
/*
 * live_feed.c: from records in a ring to a stream that a model can trust: times that never
 * decrease, losses at their place, the snapshot first, reaps that are told late announced.
 */
#include "source/live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/catchup.h"
#include "source/clock.h"

int live_deliver(struct live *l, const struct event *ev)
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

	return live_deliver(l, &e.h);
}

/* Losses are counted in the head of whatever came next: there their place is known. */
static int check_loss(struct live *l, uint32_t lost, uint64_t until)
{
	int32_t more = (int32_t)(lost - l->lost_seen);

	if (more <= 0)
		return 0;
	l->lost_seen = lost;
	l->repair_due = true;
	return deliver_loss(l, (uint64_t)more, l->last_ts, until);
}

/* Autoreaped ones may be taken along by their last thread, see note_zap(). */
bool live_reap_in_order(const struct live *l, const struct event *end)
{
	return l->meta.reap_source == REAP_RELEASE_TASK && !(end->flags & EVF_AUTOREAP);
}

/* Was something lost that is not told or not repaired yet? */
static bool reaps_may_be_lost(const struct live *l)
{
	return l->repair_due || probes_missed(&l->probes) > l->missed_seen ||
	       live_lost(l) != l->lost_seen;
}

/*
 * Reaped in time, though the kernel is late to tell: say so before the deadline passes.  A
 * reap that is told in order says itself whether it was in time: nothing before the deadline
 * has told of it, so it comes later.
 */
int live_feed_gone(struct live *l, uint64_t now, bool *in_ring)
{
	struct ev_gone gone;
	bool in_order;
	int err = 0;

	while (!err && reapwatch_next_gone(l->watch, now, &gone, &in_order)) {
		if (in_order && !reaps_may_be_lost(l)) {
			*in_ring = true;
			continue;
		}
		if (gone.h.ts < l->last_ts)
			gone.h.ts = l->last_ts;
		err = live_deliver(l, &gone.h);
	}
	return err;
}

int live_feed_loss(struct live *l, uint64_t now)
{
	return check_loss(l, live_lost(l), now);
}

int live_feed_missed(struct live *l)
{
	uint64_t missed = probes_missed(&l->probes);
	uint64_t more = missed > l->missed_seen ? missed - l->missed_seen : 0;
	uint64_t since = l->missed_at, now = boottime();

	l->missed_seen += more;
	l->missed_at = now;
	if (!more)
		return 0;
	l->repair_due = true;
	return deliver_loss(l, more, since > l->meta.t0 ? since : l->meta.t0, now);
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
		return reapwatch_exited(l->watch, &ev->who, ev->ts, live_reap_in_order(l, ev));
	case EV_REAP:
		l->awaited += ev->who.start < l->ended;
		if (!reapwatch_reaped(l->watch, &ev->who) && is_leftover(l, ev))
			*drop = true;
		break;
	default:
		break;
	}
	return 0;
}

static int take(struct live *l, const struct event *ev, size_t size)
{
	bool drop = false, in_ring;
	int err = live_feed_gone(l, ev->ts, &in_ring);

	if (!err)
		err = check_loss(l, ev->lost, ev->ts);
	ev = not_before(l, ev, size);
	if (!err)
		err = keep_books(l, ev, &drop);
	return err || drop ? err : live_deliver(l, ev);
}

int live_take(void *ctx, const struct event *ev, size_t size)
{
	struct live *l = ctx;

	return l->queueing ? queue_add(&l->early, ev, size) : take(l, ev, size);
}

int live_take_queued(struct live *l, const struct queued *from, const struct queued *to)
{
	int err = 0;

	for (const struct queued *q = from; q && q != to && !err; q = q->next)
		err = take(l, &q->ev, q->size);
	return err;
}

/* --- the first moment ---------------------------------------------------------------- */

static int deliver_snapshot(struct live *l, struct ev_snapshot *s)
{
	struct ev_snapshot *e;
	int err;

	e = l->held ? l->held : snapshot_with_args(s, live_snapshot_args(l));
	l->held = NULL;
	if (!e)
		return -ENOMEM;
	e->h.ts = l->meta.t0;
	e->h.lost = 0;
	if (e->state == SNAP_ALIVE)
		l->alive++;
	err = e->state == SNAP_ZOMBIE ? reapwatch_exited(l->watch, &e->h.who, l->meta.t0,
							  live_reap_in_order(l, &e->h)) :
					 0;
	if (!err)
		err = live_deliver(l, &e->h);
	free(e);
	return err;
}

int live_feed_start(struct live *l)
{
	const struct queued *rest;
	int err = catch_up(&l->snapshot, &l->early, l->meta.t0, &rest);

	l->queueing = false;
	l->last_ts = l->meta.t0;
	for (size_t i = 0; i < l->snapshot.n && !err; i++)
		err = deliver_snapshot(l, &l->snapshot.list[i]);
	if (!err)
		err = live_take_queued(l, rest, NULL);
	queue_free(&l->early);
	snapshot_free(&l->snapshot);
	return err;
}
