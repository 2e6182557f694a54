/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * live.h: the inside of the live source, shared by its three parts: live_start.c sets it
 * up, live_feed.c makes a clean stream of what the ring holds, live.c runs it.
 */
#ifndef BROOD_LIVE_H
#define BROOD_LIVE_H

#include "source/command.h"
#include "source/filter.h"
#include "source/here.h"
#include "source/probes.h"
#include "source/queue.h"
#include "source/reapwatch.h"
#include "source/ring.h"
#include "source/snapshot.h"
#include "source/source.h"

/* Bytes of arguments kept of a process that existed already, unless none are. */
#define SNAPSHOT_ARGS_MAX 4096

struct live {
	struct live_options opt;
	struct meta meta;
	struct inherited inherited;
	struct probes probes;
	struct ring *ring;
	struct snapshot snapshot;
	struct queue early;		/* drained before the run began, or during a census */
	struct reapwatch *watch;
	struct command command;
	struct task_ref self;		/* brood, the parent of the command */
	struct ev_snapshot *held;	/* the command as it was before its exec */
	const struct sink *sink;	/* NULL: still starting */
	struct secrets *secrets;	/* NULL: nothing is to be hidden */
	int signal_fd;
	uint64_t attached;		/* since then the probes tell */
	uint64_t last_ts;		/* of what was delivered; nothing may be before it */
	uint32_t lost_seen;
	uint64_t missed_seen;		/* of probes_missed() */
	uint64_t missed_at;		/* when it was asked */
	bool queueing;			/* what the ring has is kept in `early` for now */
	bool repair_due;		/* something was lost since the last census */
	uint64_t repair_at;		/* not before this time */
	uint64_t alive;			/* followed processes, to know the last one's end */
	uint64_t ended;			/* when the end of the run began; 0: not yet */
	uint64_t awaited;		/* reaps told since, of processes born before */
	bool stop;
	struct ev_exec *copy;		/* room for one event whose time must be changed */
};

extern const struct source_ops live_ops;

static inline size_t live_snapshot_args(const struct live *l)
{
	return l->opt.no_args ? 0 : SNAPSHOT_ARGS_MAX;
}

/* Events that found no room so far, modulo 2^32. */
static inline uint32_t live_lost(const struct live *l)
{
	return __atomic_load_n(&l->probes.skel->bss->state.lost, __ATOMIC_RELAXED);
}

void live_close(struct live *l);

/* Called for every record of the ring. */
int live_take(void *ctx, const struct event *ev, size_t size);

/* The snapshot, and what happened while it was taken. */
int live_feed_start(struct live *l);

/* Deliver an event that user space itself makes. */
int live_deliver(struct live *l, const struct event *ev);

/* Losses that no later event has told of yet. */
int live_feed_loss(struct live *l, uint64_t now);

/*
 * Ends that came of age by `now` and were reaped, though the kernel has not told yet.
 * *in_ring: of one, the ring will tell.
 */
int live_feed_gone(struct live *l, uint64_t now, bool *in_ring);

/* Is the reap of a process told as it happens, and not a grace period later? */
bool live_reap_in_order(const struct live *l, const struct event *end);

/* Runs of probes that the kernel skipped since this was asked last: no more is known. */
int live_feed_missed(struct live *l);

/* Take what is queued, from `from` on up to but not with `to`; NULL: the end. */
int live_take_queued(struct live *l, const struct queued *from, const struct queued *to);

/*
 * repair.c: after a loss, tell what exists, as an EV_CENSUS, so that the model can put right
 * what it missed.  Does nothing if nothing was lost since the last one; tries later if events
 * are being lost right now, but for the last time when `last` is set.
 */
int live_repair(struct live *l, uint64_t now, bool last);

#endif
