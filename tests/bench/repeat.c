// SPDX-License-Identifier: GPL-2.0-only
/*
 * repeat IN OUT EVENTS: a long trace, made of a short one again and again, as if the same had
 * happened many times one after the other.  Prints how many events it has.
 *
 * Times go on from round to round, and so do the starts of whoever was reaped within IN: each
 * round has processes of its own, with PIDs that are used again.  The others (init, say, or
 * who watched) stay who they are and are not told of twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "trace/fields.h"
#include "trace/trace.h"

#define WAITING_MAX 40 /* blocks: the writer drops what its queue has no room for */

struct events {
	struct event **ev;
	size_t n, room;
	struct task_ref *mortal; /* reaped within the trace; sorted */
	size_t n_mortal;
	uint64_t t0, span;
};

static void fail(const char *what, int err)
{
	fprintf(stderr, "repeat: %s: %s\n", what, strerror(err));
	exit(1);
}

static void *need(void *p)
{
	if (!p)
		fail("memory", ENOMEM);
	return p;
}

static size_t size_of(const struct event *ev)
{
	const struct ev_exec *e = (const struct ev_exec *)ev;
	const struct ev_snapshot *s = (const struct ev_snapshot *)ev;
	size_t size = trace_kinds[ev->kind].size;

	if (ev->kind == EV_EXEC)
		size += (size_t)e->args_len + e->file_len + e->interp_len;
	else if (ev->kind == EV_SNAPSHOT)
		size += s->args_len;
	return size;
}

static int compare(const void *a, const void *b)
{
	const struct task_ref *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->tgid > y->tgid) - (x->tgid < y->tgid);
}

static void keep(struct events *all, const struct event *ev)
{
	size_t size = size_of(ev);

	if (all->n == all->room) {
		all->room = all->room ? 2 * all->room : 1024;
		all->ev = need(realloc(all->ev, all->room * sizeof(*all->ev)));
		all->mortal = need(realloc(all->mortal, all->room * sizeof(*all->mortal)));
	}
	all->ev[all->n++] = memcpy(need(malloc(size)), ev, size);
	if (ev->kind == EV_REAP)
		all->mortal[all->n_mortal++] = ev->who;
}

static void read_all(struct events *all, struct trace_reader *r)
{
	const struct event *ev;
	int more;

	while ((more = trace_reader_next(r, &ev)) > 0)
		if (ev->kind != EV_END)
			keep(all, ev);
	if (more < 0 || !all->n)
		fail("read", more ? -more : ENODATA);
	qsort(all->mortal, all->n_mortal, sizeof(*all->mortal), compare);
	all->t0 = trace_reader_meta(r)->t0;
	all->span = all->ev[all->n - 1]->ts - all->t0 + 1;
}

static bool is_mortal(const struct events *all, const struct task_ref *ref)
{
	return bsearch(ref, all->mortal, all->n_mortal, sizeof(*ref), compare);
}

/* `by` later, and in that round's own processes. */
static void shift(const struct events *all, struct event *ev, uint64_t by)
{
	const struct kind *k = &trace_kinds[ev->kind];

	ev->ts += by;
	if (is_mortal(all, &ev->who))
		ev->who.start += by;
	for (uint32_t i = 0; i < k->n; i++) {
		void *p = (char *)ev + k->fields[i].offset;
		struct task_ref *ref = p;
		uint64_t time;

		switch (k->fields[i].type) {
		case FIELD_REF:
		case FIELD_PARENT:
		case FIELD_CREATOR:
			if (is_mortal(all, ref))
				ref->start += by;
			break;
		case FIELD_AGE:
			memcpy(&time, p, sizeof(time));
			time += time ? by : 0;
			memcpy(p, &time, sizeof(time));
			break;
		}
	}
}

static void wait_for_writer(struct trace_writer *w, uint64_t sealed)
{
	const struct timespec nap = {0, 1000000};
	struct trace_writer_stats s;

	for (;;) {
		trace_writer_stats(w, &s);
		if (s.error)
			fail("write", s.error);
		if (sealed < s.blocks + WAITING_MAX)
			return;
		nanosleep(&nap, NULL);
	}
}

static uint64_t write_rounds(const struct events *all, struct trace_writer *w, uint64_t wanted)
{
	/* As long as anything in the trace may be; a string of it has at most a block. */
	struct event *copy = need(malloc(1U << 20));
	uint64_t written = 0, sealed = 0, due = 0;

	for (uint64_t round = 0; written < wanted; round++) {
		for (size_t i = 0; i < all->n && written < wanted; i++) {
			const struct event *ev = all->ev[i];

			if (round && ev->kind == EV_SNAPSHOT && !is_mortal(all, &ev->who))
				continue;
			if (round && ev->kind == EV_CLOCK)
				continue;
			memcpy(copy, ev, size_of(ev));
			shift(all, copy, round * all->span);
			if (trace_writer_add(w, copy))
				fail("write", EPIPE);
			written++;
			/* Another block was begun: one more is on its way. */
			if (trace_writer_deadline(w) != due) {
				due = trace_writer_deadline(w);
				wait_for_writer(w, sealed++);
			}
		}
	}
	copy->kind = EV_END;
	trace_writer_add(w, copy);
	free(copy);
	return written + 1;
}

int main(int argc, char **argv)
{
	struct events all = {0};
	struct trace_reader *r;
	struct trace_writer *w;
	const char *why;
	uint64_t wanted, written;
	int in, out, err;

	wanted = argc == 4 ? strtoull(argv[3], NULL, 10) : 0;
	if (!wanted) {
		fprintf(stderr, "usage: repeat IN OUT EVENTS\n");
		return 2;
	}
	in = open(argv[1], O_RDONLY);
	if (in < 0 || (err = trace_reader_new(&r, in, &why)))
		fail(argv[1], in < 0 ? errno : -err);
	out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (out < 0 || (err = trace_writer_new(&w, out, trace_reader_meta(r), NULL)))
		fail(argv[2], out < 0 ? errno : -err);
	read_all(&all, r);
	written = write_rounds(&all, w, wanted);
	err = trace_writer_close(w, NULL);
	if (err)
		fail(argv[2], -err);
	printf("%llu\n", (unsigned long long)written);
	return 0;
}
