/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model on nonsense: any events in any order, about few processes, so that much of it is
 * contradictory, told twice, or told of the dead.  It must not crash, its lines must be
 * numbered and in order of time, and must not depend on what it keeps or on ticks, nor on
 * whether it was there from the beginning or was told by a checkpoint what another one knew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/notes.h"

#define EVENTS 100000
#define T0     1000000

union any {
	struct event h;
	struct ev_fork fork;
	struct ev_exec exec;
	struct ev_exit exit;
	struct ev_reap reap;
	struct ev_signal signal;
	struct ev_snapshot snapshot;
	struct ev_thread thread;
	struct ev_loss loss;
	struct ev_clock clock;
	char bytes[160];
};

struct run {
	const struct model *m;
	uint64_t seq, ts;
	uint64_t sum;	/* over all facts, of all that a view may look at */
	uint64_t *sums; /* after each fact */
	bool each;	/* over one fact only, without what is counted from the beginning */
	uint64_t tick;	/* random state of the ticks; 0: none */
};

static uint64_t rnd(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x * 0x2545f4914f6cdd1dULL >> 16;
}

static uint32_t below(uint64_t *x, uint32_t n)
{
	return (uint32_t)(rnd(x) % n);
}

/* Mostly somebody of these days, sometimes one of long ago, seldom nobody. */
static struct task_ref any_ref(uint64_t *x, uint32_t i)
{
	uint32_t days = i / 128;

	return (struct task_ref){
		.start = below(x, 32) ? days + below(x, 3) : below(x, days + 1),
		.tgid = below(x, 16),
		.tid = below(x, 3),
	};
}

static void any_event(union any *e, uint64_t *x, uint32_t i, uint64_t *ts, bool jitter)
{
	static const uint8_t kinds[] = {
		EV_FORK, EV_FORK,  EV_FORK, EV_EXEC,   EV_EXIT,	    EV_EXIT,	     EV_EXIT,
		EV_REAP, EV_REAP,  EV_REAP, EV_SIGNAL, EV_SNAPSHOT, EV_THREAD_START, EV_THREAD_EXIT,
		EV_LOSS, EV_CLOCK, EV_GONE, EV_NONE,   EV_KINDS + 3};

	memset(e, 0, sizeof(*e));
	*ts += below(x, 40);
	e->h.ts = T0 + *ts - (jitter ? below(x, 60) : 0);
	e->h.who = any_ref(x, i);
	e->h.kind = kinds[below(x, sizeof(kinds))];
	e->h.flags = (uint16_t)rnd(x);
	e->h.flags &= (uint16_t)rnd(x);
	snprintf(e->h.comm, sizeof(e->h.comm), "c%u", below(x, 10));
	switch (e->h.kind) {
	case EV_FORK:
		e->fork.parent = any_ref(x, i);
		e->fork.creator = any_ref(x, i);
		e->fork.uid = below(x, 3);
		break;
	case EV_EXEC:
		e->exec.parent = any_ref(x, i);
		e->exec.args_off = e->exec.file_off = sizeof(e->exec);
		e->exec.args_len = below(x, 40);
		e->exec.file_len = below(x, 40);
		e->exec.args_bytes = 77;
		break;
	case EV_EXIT:
		e->exit.parent = any_ref(x, i);
		e->exit.adopter = any_ref(x, i);
		e->exit.status = below(x, 20) * 128;
		break;
	case EV_REAP:
		e->reap.by = any_ref(x, i);
		e->reap.parent = any_ref(x, i);
		snprintf(e->reap.by_comm, EVENT_COMM, "by%u", below(x, 10));
		e->reap.cpu_ns = below(x, 1000);
		break;
	case EV_SIGNAL:
		e->signal.from = any_ref(x, i);
		e->signal.sig = below(x, 20);
		break;
	case EV_SNAPSHOT:
		e->snapshot.parent = any_ref(x, i);
		e->snapshot.state = below(x, 3);
		e->snapshot.args_off = sizeof(e->snapshot);
		e->snapshot.args_len = below(x, 32);
		break;
	case EV_LOSS:
		e->loss.count = below(x, 9);
		e->loss.since = T0 - 5 + below(x, 100);
		break;
	case EV_CLOCK:
		e->clock.wall_ns = rnd(x);
		break;
	default:
		break;
	}
}

static void mix(struct run *r, uint64_t v)
{
	r->sum = (r->sum ^ v) * 0x9e3779b97f4a7c15ULL;
	r->sum ^= r->sum >> 29;
}

static void mix_bytes(struct run *r, const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mix(r, ((const unsigned char *)p)[i]);
}

static void mix_who(struct run *r, const struct who *w)
{
	mix_bytes(r, w, sizeof(*w));
}

static void mix_proc(struct run *r, const struct proc *p)
{
	const uint64_t words[] = {
		p->ref.start,
		p->ref.tgid,
		p->ref.tid,
		p->state,
		p->uid,
		p->gid,
		p->ns_pid,
		p->pid_ns,
		p->args_len,
		p->execs,
		p->args_bytes,
		p->fork_ts,
		p->exit_ts,
		p->reap_ts,
		p->orphaned_ts,
		p->zombie_flag_ts,
		p->status,
		p->has_status,
		p->autoreap,
		p->kthread,
		p->from_snapshot,
		p->inferred,
		p->reap_exact,
		p->reap_inferred,
		p->gone,
		p->gone_ts,
		p->cpu_ns,
		p->has_cpu,
		p->zombie_ns,
		r->each ? 0 : p->number,
		p->entry,
		p->max_rss_kib,
		p->sid,
		p->adopted_before,
		p->killer_sig,
		proc_fate(p),
		proc_zombie_ns(p, r->ts),
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		mix(r, words[i]);
	mix_bytes(r, p->comm, sizeof(p->comm));
	mix_bytes(r, &p->birth_parent, sizeof(p->birth_parent));
	mix_bytes(r, &p->creator, sizeof(p->creator));
	if (p->args)
		mix_bytes(r, p->args, p->args_len);
	if (p->file)
		mix_bytes(r, p->file, strlen(p->file));
	mix_who(r, &p->parent);
	mix_who(r, &p->left_by.who);
	mix(r, p->left_by.exit_ts);
	mix_who(r, &p->old_parent);
	mix_who(r, &p->new_parent);
	mix_who(r, &p->last_adopter);
	mix_who(r, &p->reaper);
	mix_who(r, &p->killer);
}

static void hear(void *ctx, const struct fact *f)
{
	struct run *r = ctx;

	assert_int_equal(f->seq, ++r->seq);
	assert_true(f->ts >= r->ts);
	r->ts = f->ts;
	r->sum = r->each ? 0 : r->sum;
	mix(r, f->type);
	mix(r, f->ts);
	mix(r, f->wall);
	mix(r, f->inferred);
	mix(r, f->since);
	mix(r, f->count);
	mix(r, f->zombie_ns);
	mix(r, f->tid);
	mix(r, !f->ev);
	mix_who(r, &f->old_parent);
	mix_who(r, &f->new_parent);
	if (!r->each)
		mix_bytes(r, f->counts, sizeof(*f->counts));
	if (f->proc)
		mix_proc(r, f->proc);
	assert_true(r->seq < 4 * EVENTS);
	r->sums[r->seq] = r->sum;
}

/*
 * What is in the table is what the facts say, and the tree of births is one.  Of the gone
 * there is what shall be kept: in order of appearance, and no more of it than was promised.
 */
static void look_around(struct run *r, enum model_keep keep)
{
	size_t gone = 0, dull = 0;
	uint64_t number = 0;

	for (const struct proc *p = model_first(r->m); p; p = model_next(p)) {
		const struct proc *child;
		int depth = 0;

		for (const struct proc *q = p; q; q = q->born_of)
			assert_true(depth++ < EVENTS);
		for (child = TAILQ_FIRST(&p->born); child; child = TAILQ_NEXT(child, born_link))
			assert_ptr_equal(child->born_of, p);
		assert_true(p->number >= number);
		number = p->number + 1;
		if (p->state != PROC_GONE)
			mix_proc(r, p);
		gone += p->state == PROC_GONE;
		dull += p->state == PROC_GONE && p->zombie_flag_ts == NO_TIME &&
			p->orphaned_ts == NO_TIME;
	}
	if (keep == KEEP_ALIVE)
		assert_int_equal(gone, 0);
	if (keep != KEEP_ALL)
		assert_int_equal(dull, 0);
	if (keep == KEEP_NOTED)
		assert_true(gone <= 2 * NOTES_MAX);
}

static struct run live(uint64_t seed, enum model_keep keep, bool ticks, bool jitter)
{
	struct model_options opt = {.zombie_after_ns = 500, .keep = keep, .keep_args = true};
	struct meta meta = {.t0 = T0, .wall0 = 5000000000};
	struct run r = {.tick = ticks ? seed + 1 : 0};
	struct event tick = {.kind = EV_TICK}, end = {.kind = EV_END};
	uint64_t x = seed, ts = 0;
	struct model *m = model_new(&opt, &meta, hear, &r);

	assert_non_null(m);
	r.m = m;
	r.sums = calloc(4 * EVENTS, sizeof(*r.sums));
	assert_non_null(r.sums);
	model_begin(m);
	for (uint32_t i = 0; i < EVENTS; i++) {
		uint64_t before = ts;
		union any e;

		any_event(&e, &x, i, &ts, jitter);
		while (r.tick && below(&r.tick, 3)) {
			before += below(&r.tick, (uint32_t)(ts - before) + 1);
			tick.ts = T0 + before;
			assert_int_equal(model_feed(m, &tick), 0);
		}
		assert_int_equal(model_feed(m, &e.h), 0);
		if (i % 10000 == 0)
			look_around(&r, keep);
	}
	end.ts = T0 + ts + 100;
	assert_int_equal(model_feed(m, &end), 0);
	look_around(&r, keep);
	assert_true(model_counts(m)->adoption_wrong <= model_counts(m)->adoption_checked);
	assert_true(model_counts(m)->reaps > 1000); /* it did not go numb */
	assert_true(model_counts(m)->orphans > 1000);
	assert_true(model_counts(m)->zombies > 1000);
	model_free(m);
	return r;
}

static void assert_same(struct run a, struct run b)
{
	for (uint64_t i = 1; i <= a.seq && i <= b.seq; i++) {
		if (a.sums[i] != b.sums[i])
			fail_msg("fact %llu differs", (unsigned long long)i);
	}
	assert_int_equal(a.seq, b.seq);
	assert_true(a.sum == b.sum);
	free(a.sums);
	free(b.sums);
}

static void what_is_kept_makes_no_difference(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		assert_same(live(seed, KEEP_ALIVE, false, true), live(seed, KEEP_ALL, false, true));
		assert_same(live(seed, KEEP_ALIVE, false, true),
			    live(seed, KEEP_NOTED, false, true));
	}
}

static void ticks_make_no_difference(void **state)
{
	(void)state;
	for (uint64_t seed = 11; seed <= 12; seed++)
		assert_same(live(seed, KEEP_ALIVE, false, false),
			    live(seed, KEEP_ALL, true, false));
}

/* --- checkpoints ---------------------------------------------------------------------- */

#define EVENTS_EACH 4000
#define CHECKPOINTS 40

static int tell(void *ctx, const struct event *ev)
{
	return model_feed(ctx, ev);
}

/* Deaf until it begins to listen. */
struct ear {
	struct run r;
	bool listens;
	uint64_t seq;
};

static void hear_later(void *ctx, const struct fact *f)
{
	struct ear *e = ctx;

	e->seq = f->seq;
	if (e->listens)
		hear(&e->r, f);
}

static struct model *listener(struct ear *e, const struct meta *meta)
{
	const struct model_options opt = {.zombie_after_ns = 500, .keep_args = true};
	struct model *m = model_new(&opt, meta, hear_later, e);

	*e = (struct ear){.r = {.m = m, .each = true}};
	e->r.sums = calloc(8 * EVENTS_EACH, sizeof(*e->r.sums));
	assert_non_null(m);
	assert_non_null(e->r.sums);
	model_begin(m);
	return m;
}

/* Events from..to, and the end. */
static void feed_rest(struct model *m, const union any *e, uint32_t from, uint32_t to, uint64_t ts)
{
	const struct event end = {.kind = EV_END, .ts = T0 + ts + 100};

	for (uint32_t i = from; i < to; i++)
		assert_int_equal(model_feed(m, &e[i].h), 0);
	assert_int_equal(model_feed(m, &end), 0);
}

/* The model that was there from the beginning, and one that is told at event n. */
static void check_checkpoint(const union any *e, uint32_t n, uint64_t ts)
{
	const struct meta meta = {.t0 = T0, .wall0 = 5000000000};
	struct ear a, b;
	struct model *was = listener(&a, &meta), *told = listener(&b, &meta);

	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(model_feed(was, &e[i].h), 0);
	assert_int_equal(model_checkpoint(was, tell, told), 0);
	a.r.seq = b.r.seq = a.seq;
	a.listens = b.listens = true;
	feed_rest(was, e, n, EVENTS_EACH, ts);
	feed_rest(told, e, n, EVENTS_EACH, ts);
	for (uint64_t i = 1; i <= a.seq && i <= b.seq; i++)
		if (a.r.sums[i] != b.r.sums[i])
			fail_msg("checkpoint before event %u: fact %llu differs", n,
				 (unsigned long long)i);
	assert_int_equal(a.seq, b.seq);
	free(a.r.sums);
	free(b.r.sums);
	model_free(was);
	model_free(told);
}

static void a_checkpoint_tells_all(void **state)
{
	(void)state;
	for (uint64_t seed = 21; seed <= 23; seed++) {
		union any *e = calloc(EVENTS_EACH, sizeof(*e));
		uint64_t x = seed, ts = 0;

		assert_non_null(e);
		for (uint32_t i = 0; i < EVENTS_EACH; i++)
			any_event(&e[i], &x, i, &ts, false);
		for (int i = 0; i < CHECKPOINTS; i++)
			check_checkpoint(e, below(&x, EVENTS_EACH), ts);
		free(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_kept_makes_no_difference),
		cmocka_unit_test(ticks_make_no_difference),
		cmocka_unit_test(a_checkpoint_tells_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
