// SPDX-License-Identifier: GPL-2.0-only
#include "source/reapwatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/ref_hash.h"
#include "source/clock.h"
#include "source/procfs.h"

TAILQ_HEAD(ends, end);

/*
 * How long a reap that must have happened is expected.  It may be lost, or never told; the
 * model gives up after as long (model/life.c: LATE_NS).
 */
#define LATE_NS (10 * NS_PER_S)

struct end {
	struct task_ref ref;
	uint64_t ts;
	bool in_order;
	uint64_t seen;		/* when it was seen to be gone */
	struct ends *in;	/* one of the lists below */
	TAILQ_ENTRY(end) link;
	UT_hash_handle hh;
};

struct reapwatch {
	uint64_t age;
	struct end *table;
	struct ends waiting;	/* by time of end */
	struct ends asked;	/* they were there, as zombies */
	struct ends gone;	/* by `seen`: the reap is still to be told */
};

struct reapwatch *reapwatch_new(uint64_t age_ns)
{
	struct reapwatch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->age = age_ns;
	TAILQ_INIT(&w->waiting);
	TAILQ_INIT(&w->asked);
	TAILQ_INIT(&w->gone);
	return w;
}

static void forget(struct reapwatch *w, struct end *e)
{
	TAILQ_REMOVE(e->in, e, link);
	HASH_DEL(w->table, e);
	free(e);
}

static void move(struct end *e, struct ends *to)
{
	if (e->in)
		TAILQ_REMOVE(e->in, e, link);
	TAILQ_INSERT_TAIL(to, e, link);
	e->in = to;
}

/* Any of them; NULL: it is empty. */
static struct end *first(const struct reapwatch *w)
{
	struct end *e = TAILQ_FIRST(&w->gone);

	e = e ? e : TAILQ_FIRST(&w->asked);
	return e ? e : TAILQ_FIRST(&w->waiting);	/* NOLINT(clang-analyzer-unix.Malloc): off the list before it is freed */
}

void reapwatch_free(struct reapwatch *w)
{
	struct end *e;

	if (!w)
		return;
	while ((e = first(w)))
		forget(w, e);
	free(w);
}

int reapwatch_exited(struct reapwatch *w, const struct task_ref *ref, uint64_t ts, bool in_order)
{
	struct task_ref key = { .start = ref->start, .tgid = ref->tgid };
	struct end *e;

	HASH_FIND(hh, w->table, &key, sizeof(key), e);
	if (e)
		return 0;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->ref = key;
	e->ts = ts;
	e->in_order = in_order;
	HASH_ADD(hh, w->table, ref, sizeof(e->ref), e);
	if (!e->hh.tbl) {
		free(e);
		return -ENOMEM;
	}
	move(e, &w->waiting);
	return 0;
}

bool reapwatch_reaped(struct reapwatch *w, const struct task_ref *ref)
{
	struct task_ref key = { .start = ref->start, .tgid = ref->tgid };
	struct end *e;

	HASH_FIND(hh, w->table, &key, sizeof(key), e);
	if (!e)
		return false;
	forget(w, e);
	return true;
}

uint64_t reapwatch_deadline(const struct reapwatch *w)
{
	const struct end *e = TAILQ_FIRST(&w->waiting);

	return e ? e->ts + w->age : UINT64_MAX;
}

static void tell_gone(struct ev_gone *gone, const struct task_ref *ref, uint64_t ts)
{
	*gone = (struct ev_gone){
		.h = { .ts = ts, .who = *ref, .kind = EV_GONE }, .seen = boottime(),
	};
}

/* Is it gone from the task list?  To the list where it belongs with it. */
static bool ask(struct reapwatch *w, struct end *e)
{
	if (procfs_exists(&e->ref)) {
		move(e, &w->asked);
		return false;
	}
	e->seen = boottime();
	move(e, &w->gone);
	return true;
}

bool reapwatch_next_gone(struct reapwatch *w, uint64_t now, struct ev_gone *gone, bool *in_order)
{
	struct end *e;

	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the same */
	while ((e = TAILQ_FIRST(&w->gone)) && e->seen + LATE_NS < now)
		forget(w, e);
	while ((e = TAILQ_FIRST(&w->waiting)) && e->ts + w->age < now) {
		if (ask(w, e)) {
			*in_order = e->in_order;
			tell_gone(gone, &e->ref, e->ts + w->age);
			return true;
		}
	}
	return false;
}

void reapwatch_ask_again(struct reapwatch *w)
{
	struct end *e, *next;

	for (e = TAILQ_FIRST(&w->asked); e; e = next) {
		next = TAILQ_NEXT(e, link);
		if (!procfs_exists(&e->ref)) {
			e->seen = boottime();
			move(e, &w->gone);
		}
	}
}

static bool untold_in(const struct ends *list, uint64_t before)
{
	const struct end *e;

	TAILQ_FOREACH(e, list, link)
		if (e->ts < before && !procfs_exists(&e->ref))
			return true;
	return false;
}

bool reapwatch_untold(const struct reapwatch *w, uint64_t before)
{
	return untold_in(&w->waiting, before) || untold_in(&w->asked, before) ||
	       untold_in(&w->gone, before);
}

bool reapwatch_take_untold(struct reapwatch *w, uint64_t now, struct ev_gone *gone)
{
	struct end *e;

	while ((e = first(w))) {
		struct task_ref ref = e->ref; /* NOLINT(clang-analyzer-unix.Malloc): it was
					       * taken off the list before it was freed */

		forget(w, e);
		if (!procfs_exists(&ref)) {
			tell_gone(gone, &ref, now);
			return true;
		}
	}
	return false;
}
