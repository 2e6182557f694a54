// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bad day: of many lives some are lost, in floods, every kind of event; reaps are told
 * late or never; after each flood a census tells what exists.  Then the model knows exactly
 * who lives, and it takes no more memory than after the first floods.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <malloc.h>

#include "model/model.h"

#define MS    UINT64_C(1000000)
#define T0    (100 * MS)
#define SLOTS 300	/* processes at a time, at most */
#define LATE  64	/* reaps that are still to be told */
#define DAY   50000	/* lives from one flood to the next: 5 s */
#define FLOOD 5000	/* lives in one */
#define EARLY 400000	/* lives after which all that is bounded is full */

/* Sanitizers and valgrind are slow: BROOD_TEST_LIVES says how many. */
static uint32_t lives(void)
{
	const char *n = getenv("BROOD_TEST_LIVES");

	return n ? (uint32_t)strtoul(n, NULL, 10) : 800000;
}

static size_t heap(void)
{
	struct mallinfo2 i = mallinfo2();

	return i.uordblks + i.hblkhd;
}

enum state { FREE, ALIVE, ZOMBIE };

/* What the kernel has. */
struct world {
	struct model *m;
	uint64_t now, rng;
	uint32_t born;
	struct {
		struct task_ref ref, parent;
		enum state state;
	} slot[SLOTS];
	struct ev_reap late[LATE];
	uint32_t n_late;
	bool flood;
	uint64_t lost;		/* since the last one that was told */
	uint64_t facts;
};

static const struct task_ref init = {.start = 1, .tgid = 1};

static uint32_t any(struct world *w, uint32_t n)
{
	w->rng = w->rng * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(w->rng >> 33) % n;
}

static struct event head(const struct world *w, enum event_kind kind, struct task_ref who)
{
	return (struct event){
		.ts = T0 + w->now, .who = who, .kind = (uint16_t)kind, .comm = "worker"};
}

static void feed(struct world *w, const void *ev)
{
	assert_int_equal(model_feed(w->m, ev), 0);
}

/* In a flood every other event finds no room. */
static void tell(struct world *w, const void *ev)
{
	if (w->flood && any(w, 2))
		w->lost++;
	else
		feed(w, ev);
}

static void birth(struct world *w, uint32_t i)
{
	uint32_t from = any(w, SLOTS);
	struct ev_fork e;

	w->born++;
	w->slot[i].ref = (struct task_ref){.start = T0 + w->now, .tgid = 2 + w->born % 30000};
	w->slot[i].parent = w->slot[from].state == ALIVE ? w->slot[from].ref : init;
	w->slot[i].state = ALIVE;
	e = (struct ev_fork){.h = head(w, EV_FORK, w->slot[i].ref),
			     .parent = w->slot[i].parent,
			     .creator = w->slot[i].parent};
	tell(w, &e);
}

static void death(struct world *w, uint32_t i)
{
	struct ev_exit e = {.h = head(w, EV_EXIT, w->slot[i].ref),
			    .parent = w->slot[i].parent,
			    .adopter = init,
			    .status = any(w, 256) << 8};

	tell(w, &e);
	w->slot[i].state = ZOMBIE;
	for (uint32_t c = 0; c < SLOTS; c++)
		if (w->slot[c].state != FREE && ref_same(&w->slot[c].parent, &w->slot[i].ref))
			w->slot[c].parent = init;
}

/* It is gone; the event comes when LATE others have gone, and of some it never does. */
static void reap(struct world *w, uint32_t i)
{
	uint32_t n = w->n_late++ % LATE;
	struct ev_reap *e = &w->late[n];

	if (e->h.who.tgid) {
		e->h.ts = T0 + w->now;
		tell(w, e);
	}
	*e = (struct ev_reap){.h = head(w, EV_REAP, w->slot[i].ref),
			      .by = w->slot[i].parent,
			      .parent = w->slot[i].parent};
	if (any(w, 1000) == 0) {
		struct ev_gone gone = {.h = e->h, .seen = T0 + w->now};

		gone.h.kind = EV_GONE;
		feed(w, &gone);
		e->h.who.tgid = 0;
	}
	w->slot[i].state = FREE;
}

static void census(struct world *w)
{
	struct ev_loss loss = {.h = {.ts = T0 + w->now, .kind = EV_LOSS}, .count = w->lost};
	struct ev_census c = {.h = {.ts = T0 + w->now, .kind = EV_CENSUS}, .count = 1};
	struct ev_snapshot s = {.h = head(w, EV_SNAPSHOT, init), .state = SNAP_ALIVE};

	feed(w, &loss);
	w->lost = 0;
	for (uint32_t i = 0; i < SLOTS; i++)
		c.count += w->slot[i].state != FREE;
	feed(w, &c);
	s.h.flags = EVF_INFERRED;
	feed(w, &s);
	for (uint32_t i = 0; i < SLOTS; i++) {
		if (w->slot[i].state == FREE)
			continue;
		s.h.who = w->slot[i].ref;
		s.parent = w->slot[i].parent;
		s.state = w->slot[i].state == ALIVE ? SNAP_ALIVE : SNAP_ZOMBIE;
		feed(w, &s);
	}
}

static void same_as_the_world(const struct world *w)
{
	uint32_t here = 0, known = 0;

	for (uint32_t i = 0; i < SLOTS; i++) {
		const struct proc *p;

		if (w->slot[i].state == FREE)
			continue;
		here++;
		p = model_find(w->m, &w->slot[i].ref);
		assert_non_null(p);
		assert_false(p->gone);
		assert_int_equal(p->state, w->slot[i].state == ALIVE ? PROC_ALIVE : PROC_ZOMBIE);
		assert_int_equal(p->parent.ref.tgid, w->slot[i].parent.tgid);
	}
	for (const struct proc *p = model_first(w->m); p; p = model_next(p))
		known += p->state != PROC_GONE && !p->gone;
	assert_int_equal(known, here + 1);	/* and init */
}

static void count(void *ctx, const struct fact *f)
{
	struct world *w = ctx;

	w->facts++;
	assert_int_equal(f->seq, w->facts);
}

static void test_no_drift_and_flat(void **state)
{
	static const struct model_options opt = {.zombie_after_ns = 100 * MS, .keep = KEEP_NOTED};
	static const struct meta meta = {.t0 = T0};
	static struct world w;
	size_t before = heap(), early = 0, most = 0;
	const uint32_t n = lives();
	uint32_t floods = 0;

	(void)state;
	w = (struct world){.rng = 1};
	w.m = model_new(&opt, &meta, count, &w);
	assert_non_null(w.m);
	model_begin(w.m);
	while (w.born < n) {
		uint32_t i = any(&w, SLOTS), was = w.born;

		w.now += MS / 30;
		w.flood = w.born % DAY >= DAY - FLOOD;
		if (w.slot[i].state == FREE)
			birth(&w, i);
		else if (w.slot[i].state == ALIVE)
			death(&w, i);
		else
			reap(&w, i);
		if (w.born == was || w.born % DAY)
			continue;
		w.flood = false;
		census(&w);
		same_as_the_world(&w);
		floods++;
		if (w.born <= EARLY)
			early = heap() - before > early ? heap() - before : early;
		else
			most = heap() - before > most ? heap() - before : most;
	}
	assert_true(floods == n / DAY);
	assert_true(model_counts(w.m)->lost > n / DAY);
	print_message("%u lives, %u floods, %llu events lost: %zu KiB of heap, then at most %zu KiB\n",
		      n, floods, (unsigned long long)model_counts(w.m)->lost, early >> 10, most >> 10);
	assert_true(most < early + (early >> 3));
	model_free(w.m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_drift_and_flat),
	};

	return cmocka_run_group_tests_name("day of losses", tests, NULL, NULL);
}
