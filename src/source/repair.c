// SPDX-License-Identifier: GPL-2.0-only
/*
 * repair.c: coming back from a loss.  Of what was lost nothing is known but the number; so
 * the kernel's own task list is told to the model, brought to one moment: attach, iterate,
 * drain, as at the start.
 */
#include "source/live.h"

#include <errno.h>
#include <stdlib.h>

#include "source/catchup.h"
#include "source/clock.h"

/*
 * A census costs some ms on a large machine: not after every loss of a lasting flood; but
 * within a second of its end all shall be well.
 */
#define REPAIR_NS (NS_PER_S / 2)
/* At the end of a run there is no later; a flood that does not end is left alone. */
#define LAST_TRIES 5

/*
 * The list, and in l->early what happened up to some time after `when`.  1: something was
 * lost before `when`, so that they do not fit together; 0: they do; or a negative errno.
 * What is lost after it is another census's business.
 */
static int look(struct live *l, uint64_t *when)
{
	uint32_t before = live_lost(l);
	bool fits = false;
	int err;

	l->queueing = true;
	err = snapshot_take(&l->snapshot, l->probes.skel->progs.on_task);
	*when = boottime();
	if (!err)
		err = ring_catch_up(l->ring);
	if (err >= 0)
		fits = live_lost(l) == before;
	if (fits) {
		/* Whoever is listed already may still be about to be told as born. */
		ring_settle();
		err = ring_drain(l->ring);
	}
	l->queueing = false;
	return err < 0 ? err : !fits;
}

static int deliver_one(struct live *l, const struct ev_snapshot *s, uint64_t ts)
{
	struct ev_snapshot *e;
	int err;

	/* What was there from the start told its arguments then. */
	e = snapshot_with_args(s, s->h.who.start < l->meta.t0 ? 0 : l->opt.args_max);
	if (!e)
		return -ENOMEM;
	e->h.ts = ts;
	e->h.lost = 0;
	e->h.flags |= EVF_INFERRED;
	l->alive += e->state == SNAP_ALIVE;
	err = e->state == SNAP_ZOMBIE ? reapwatch_exited(l->watch, &e->h.who, ts,
							  live_reap_in_order(l, &e->h)) :
					 0;
	if (!err)
		err = live_deliver(l, &e->h);
	free(e);
	return err;
}

static int deliver_census(struct live *l, uint64_t ts)
{
	struct ev_census c = {
		.h = { .ts = ts > l->last_ts ? ts : l->last_ts, .kind = EV_CENSUS },
		.count = (__u32)l->snapshot.n,
	};
	int err = live_deliver(l, &c.h);

	l->alive = 0;
	for (size_t i = 0; i < l->snapshot.n && !err; i++)
		err = deliver_one(l, &l->snapshot.list[i], c.h.ts);
	return err;
}

/* The list is as of `when`, so it belongs between what happened before and after. */
static int tell(struct live *l, uint64_t when)
{
	const struct queued *rest;
	int err = catch_up(&l->snapshot, &l->early, when, &rest);

	if (!err && l->meta.filtered)
		err = filter_keep(l->probes.skel, &l->snapshot);
	if (!err)
		err = live_take_queued(l, l->early.first, rest);
	if (!err)
		err = deliver_census(l, when);
	return err ? err : live_take_queued(l, rest, NULL);
}

int live_repair(struct live *l, uint64_t now, bool last)
{
	int err = 0, tries = last ? LAST_TRIES : 1;

	if (!l->repair_due || (now < l->repair_at && !last))
		return 0;
	for (bool fits = false; !fits && !err && tries; tries--) {
		uint64_t when;

		err = look(l, &when);
		fits = err == 0;
		if (fits) {
			/* Cleared first: taking what is queued may tell of a loss. */
			l->repair_due = false;
			err = tell(l, when);
			reapwatch_ask_again(l->watch);
		} else if (err > 0) {
			err = live_take_queued(l, l->early.first, NULL);
		}
		queue_free(&l->early);
		snapshot_free(&l->snapshot);
	}
	l->repair_at = boottime() + REPAIR_NS;
	return err;
}
