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

/* Bytes of arguments kept of a process that existed already. */
#define SNAPSHOT_ARGS_MAX 4096

struct live {
	struct live_options opt;
	struct meta meta;
	struct inherited inherited;
	struct brood *skel;
	struct ring *ring;
	struct snapshot snapshot;
	struct queue early;		/* drained before the run began */
	struct reapwatch *watch;
	struct command command;
	struct task_ref self;		/* brood, the parent of the command */
	struct ev_snapshot *held;	/* the command as it was before its exec */
	const struct sink *sink;	/* NULL: still starting */
	int signal_fd;
	uint64_t last_ts;		/* of what was delivered; nothing may be before it */
	uint32_t lost_seen;
	uint64_t alive;			/* followed processes, to know the last one's end */
	bool stop;
	struct ev_exec *copy;		/* room for one event whose time must be changed */
};

extern const struct source_ops live_ops;
void live_close(struct live *l);

/* Called for every record of the ring. */
int live_take(void *ctx, const struct event *ev, size_t size);

/* The snapshot, and what happened while it was taken. */
int live_feed_start(struct live *l);

/* Deliver an event that user space itself makes. */
int live_deliver(struct live *l, const struct event *ev);

/* Losses that no later event has told of yet. */
int live_feed_loss(struct live *l, uint64_t now);

/* Ends that came of age by `now` and were reaped, though the kernel has not told yet. */
int live_feed_gone(struct live *l, uint64_t now);

/* Runs of probes that the kernel skipped; their place is not known. */
int live_feed_missed(struct live *l);

#endif
