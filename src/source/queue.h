/* SPDX-License-Identifier: GPL-2.0-only */
/* queue.h: events kept aside while the snapshot is taken. */
#ifndef BROOD_QUEUE_H
#define BROOD_QUEUE_H

#include <stddef.h>

#include "event.h"

struct queued {
	struct queued *next;
	size_t size;		/* of the event */
	struct event ev;	/* its kind's own part follows */
};

struct queue {
	struct queued *first, *last;
};

/* Copies the event.  0 or -ENOMEM. */
int queue_add(struct queue *q, const struct event *ev, size_t size);

void queue_free(struct queue *q);

#endif
