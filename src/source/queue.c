// SPDX-License-Identifier: GPL-2.0-only
#include "source/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct queue_mark {
	struct task_ref who;
	__u16 kind;
};

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
	q->n++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct queue_mark *x = a, *y = b;

	if (x->who.tgid != y->who.tgid)
		return x->who.tgid < y->who.tgid ? -1 : 1;
	if (x->who.start != y->who.start)
		return x->who.start < y->who.start ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

void queue_index(struct queue *q, __u64 since)
{
	q->index = calloc(q->n + 1, sizeof(*q->index));
	if (!q->index)
		return;
	for (const struct queued *e = q->first; e; e = e->next)
		if (e->ev.ts >= since && (e->ev.kind == EV_FORK || e->ev.kind == EV_EXIT)) {
			q->index[q->n_index].who = e->ev.who;
			q->index[q->n_index++].kind = e->ev.kind;
		}
	qsort(q->index, q->n_index, sizeof(*q->index), compare);
}

bool queue_has(const struct queue *q, enum event_kind kind, const struct task_ref *who)
{
	struct queue_mark key = { .who = *who, .kind = (__u16)kind };

	return q->index && bsearch(&key, q->index, q->n_index, sizeof(*q->index), compare);
}

void queue_free(struct queue *q)
{
	struct queued *e = q->first;

	while (e) {
		struct queued *next = e->next;

		free(e);
		e = next;
	}
	free(q->index);
	memset(q, 0, sizeof(*q));
}
