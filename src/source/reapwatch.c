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

/*
 * A reap that is never told should be heard of while the parent lives: who reaped it can then
 * be nobody else.  From here on the age doubles from stage to stage, up to nine days.
 */
#define EARLY_NS (100 * NS_PER_MS)

enum { STAGES = 25 };

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
	struct end *table;
	struct stage {
		uint64_t age;	/* how long after its end one is asked about */
		struct ends ends; /* by time of end */
	} stages[STAGES];
	uint64_t age;		/* of a zombie, among those of the stages */
	uint64_t due;		/* nobody is to be asked about before: one look for each event */
	struct ends asked;	/* they were there, as zombies */
	struct ends gone;	/* by `seen`: the reap is still to be told */
};

struct reapwatch *reapwatch_new(uint64_t age_ns)
{
	struct reapwatch *w = calloc(1, sizeof(*w));
	uint64_t next = EARLY_NS;
	bool of_age = false;

	if (!w)
		return NULL;
	w->age = age_ns;
	w->due = UINT64_MAX;
	for (int i = 0; i < STAGES; i++) {
		bool now = !of_age && (age_ns <= next || i == STAGES - 1);

		TAILQ_INIT(&w->stages[i].ends);
		w->stages[i].age = now ? age_ns : next;
		if (w->stages[i].age == next)
			next *= 2;
		of_age |= now;
	}
	TAILQ_INIT(&w->asked);
	TAILQ_INIT(&w->gone);
	return w;
}

static void forget(struct reapwatch *w, struct end *e)
{
	TAILQ_REMOVE(e->in, e, link);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): its neighbours in the table are not freed */
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

void reapwatch_free(struct reapwatch *w)
{
	struct end *e, *next;

	if (!w)
		return;
	HASH_ITER(hh, w->table, e, next)
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
	move(e, &w->stages[0].ends);
	if (ts + w->stages[0].age < w->due)
		w->due = ts + w->stages[0].age;
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
	uint64_t due = UINT64_MAX;

	for (int i = 0; i < STAGES; i++) {
		const struct end *e = TAILQ_FIRST(&w->stages[i].ends);

		if (e && e->ts + w->stages[i].age < due)
			due = e->ts + w->stages[i].age;
	}
	return due;
}

static void tell_gone(struct ev_gone *gone, const struct task_ref *ref, uint64_t ts)
{
	*gone = (struct ev_gone){
		.h = { .ts = ts, .who = *ref, .kind = EV_GONE }, .seen = boottime(),
	};
}

/* Where one that is still there at that stage waits from then on. */
static struct ends *after(struct reapwatch *w, int stage, const struct end *e)
{
	bool settled = e->in_order && w->stages[stage].age >= w->age;

	return settled || stage + 1 == STAGES ? &w->asked : &w->stages[stage + 1].ends;
}

/* Is it gone from the task list? */
static bool ask(struct reapwatch *w, int stage, struct end *e)
{
	if (procfs_exists(&e->ref)) {
		move(e, after(w, stage, e));
		return false;
	}
	e->seen = boottime();
	move(e, &w->gone);
	return true;
}

static bool next_gone_at(struct reapwatch *w, int stage, uint64_t now, struct ev_gone *gone,
			 bool *in_order)
{
	uint64_t age = w->stages[stage].age;
	struct end *e;

	while ((e = TAILQ_FIRST(&w->stages[stage].ends)) && e->ts + age < now) {
		if (ask(w, stage, e)) {
			*in_order = e->in_order;
			tell_gone(gone, &e->ref, e->ts + age);
			return true;
		}
	}
	return false;
}

bool reapwatch_next_gone(struct reapwatch *w, uint64_t now, struct ev_gone *gone, bool *in_order)
{
	struct end *e;

	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the same */
	while ((e = TAILQ_FIRST(&w->gone)) && e->seen + LATE_NS < now)
		forget(w, e);
	if (now <= w->due)
		return false;
	for (int i = 0; i < STAGES; i++)
		if (next_gone_at(w, i, now, gone, in_order))
			return true;
	w->due = reapwatch_deadline(w);
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
	for (int i = 0; i < STAGES; i++)
		if (untold_in(&w->stages[i].ends, before))
			return true;
	return untold_in(&w->asked, before) || untold_in(&w->gone, before);
}

bool reapwatch_take_untold(struct reapwatch *w, uint64_t now, struct ev_gone *gone)
{
	struct end *e, *next;

	HASH_ITER(hh, w->table, e, next) {
		struct task_ref ref = e->ref;

		forget(w, e);
		if (!procfs_exists(&ref)) {
			tell_gone(gone, &ref, now);
			return true;
		}
	}
	return false;
}
