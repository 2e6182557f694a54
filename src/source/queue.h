/* SPDX-License-Identifier: GPL-2.0-only */
/* queue.h: events kept aside while the snapshot is taken. */
#ifndef BROOD_QUEUE_H
#define BROOD_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "event.h"

struct queue_mark;

struct queued {
	struct queued *next;
	size_t size;		/* of the event */
	struct event ev;	/* its kind's own part follows */
};

struct queue {
	struct queued *first, *last;
	size_t n;
	struct queue_mark *index;	/* forks and exits, sorted; after queue_index() */
	size_t n_index;
};

/* Copies the event.  0 or -ENOMEM. */
int queue_add(struct queue *q, const struct event *ev, size_t size);

/* Prepare for queue_has(), leaving out what is older.  Without memory nothing is found. */
void queue_index(struct queue *q, __u64 since);

/* Is there an EV_FORK or EV_EXIT of this process? */
bool queue_has(const struct queue *q, enum event_kind kind, const struct task_ref *who);

void queue_free(struct queue *q);

#endif
