// SPDX-License-Identifier: GPL-2.0-only
#include "source/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int queue_add(struct queue *q, const struct event *ev, size_t size)
{
	struct queued *e = malloc(offsetof(struct queued, ev) + size);

	if (!e)
		return -ENOMEM;
	e->next = NULL;
	e->size = size;
	memcpy(&e->ev, ev, size);
	if (q->last)
		q->last->next = e;
	else
		q->first = e;
	q->last = e;
	return 0;
}

void queue_free(struct queue *q)
{
	struct queued *e = q->first;

	while (e) {
		struct queued *next = e->next;

		free(e);
		e = next;
	}
	*q = (struct queue){ 0 };
}
