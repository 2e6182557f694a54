// SPDX-License-Identifier: GPL-2.0-only
/* A part of a trace: which facts of it are shown, of which processes, and what is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cast.h"
#include "verbs/select.h"

static const struct meta meta = {.t0 = CAST_T0, .wall0 = 1700000000 * S};

/* What is shown, a word a fact: "type PID", meta and end without. */
struct shown {
	struct select s;
	struct options o;
	struct model *m;
	char words[4096];
	size_t len;
	uint64_t seq, ts;
	struct model_counts counts; /* of the end */
	uint64_t since;
};

static void hear(void *ctx, const struct fact *f)
{
	static const char *const names[FACT_TYPES] = {
		[FACT_META] = "meta",	[FACT_SNAPSHOT] = "is",	  [FACT_FORK] = "fork",
		[FACT_EXEC] = "exec",	[FACT_EXIT] = "exit",	  [FACT_ORPHAN] = "orphan",
		[FACT_ZOMBIE] = "flag", [FACT_REAP] = "reap",	  [FACT_THREAD_START] = "thread",
		[FACT_LOSS] = "loss",	[FACT_END] = "end",
	};
	struct shown *x = ctx;

	assert_true(f->seq >= x->seq);
	assert_true(f->ts >= x->ts);
	x->seq = f->seq;
	x->ts = f->ts;
	x->len += (size_t)snprintf(x->words + x->len, sizeof(x->words) - x->len, "%s%s",
				   x->len ? " " : "", names[f->type]);
	if (f->proc)
		x->len += (size_t)snprintf(x->words + x->len, sizeof(x->words) - x->len, "%u",
					   f->proc->ref.tgid);
	if (f->type == FACT_END) {
		x->counts = *f->counts;
		x->since = f->since;
	}
}

static struct moment at(uint64_t ns)
{
	return (struct moment){.kind = MOMENT_SINCE_BEGIN, .ns = ns};
}

static void tell(void *ctx, const struct event *ev)
{
	struct shown *x = ctx;

	assert_int_equal(select_feed(&x->s, ev), 0);
}

/*
 * 20 make, which is there from the beginning, starts 21 cc, which starts 22 and leaves it to
 * 1 init; 23 becomes a zombie.  19, a child of 20, is listed before it.
 */
static void play_it(struct shown *x)
{
	struct cast *c = play(&meta);

	c->also = tell;
	c->also_ctx = x;
	found(c, 1, 0, "init");
	found(c, 19, 20, "old");
	found(c, 20, 1, "make");
	c->now = 10 * MS;
	forks(c, 20, 21);
	runs(c, 21, "/usr/bin/cc", ARGS("cc\0x.c"));
	c->now = 20 * MS;
	forks(c, 21, 22);
	quits(c, 21, CODE(0));
	passes(c, 22);
	c->now = 30 * MS;
	waits(c, 20, 21);
	forks(c, 20, 23);
	quits(c, 23, CODE(3)); /* flagged at 130 ms */
	c->now = 200 * MS;
	quits(c, 22, CODE(0));
	c->now = 210 * MS;
	waits(c, 1, 22);
	c->now = 220 * MS;
	loses(c, 5);
	forks(c, 1, 24);
	c->now = 300 * MS;
	curtain(c);
	play_end(c);
}

/* Options as they are in x->o.  What the views would then see of the table: PIDs. */
static void check(struct shown *x, const char *words, const char *table)
{
	const struct model_options opt = {100 * MS, .keep = KEEP_ALL, .keep_args = true};
	char pids[256] = "";
	size_t len = 0;

	assert_int_equal(select_begin(&x->s, &x->o, &meta, hear, x), 0);
	x->m = x->s.model = model_new(&opt, &meta, select_fact, &x->s);
	assert_non_null(x->m);
	model_begin(x->m);
	play_it(x);
	assert_string_equal(x->words, words);
	for (const struct proc *p = model_first(x->m); p; p = model_next(p))
		len += (size_t)snprintf(pids + len, sizeof(pids) - len, " %u", p->ref.tgid);
	assert_string_equal(len ? pids + 1 : "", table);
	model_free(x->m);
}

#define ALL_OF_IT                                                                              \
	"meta is1 is19 is20 fork21 exec21 fork22 exit21 orphan22 reap21 fork23 exit23 flag23 "     \
	"exit22 reap22 loss fork24 end"

static void test_all(void **state)
{
	struct shown x = {.o.to = at(S)};

	(void)state;
	check(&x, ALL_OF_IT, "1 19 20 21 22 23 24");
	assert_int_equal(x.counts.forks, 4);
	assert_int_equal(x.counts.events, 14);
	assert_int_equal(x.counts.snapshots, 3);
	assert_int_equal(x.counts.lost, 5);
	assert_int_equal(x.counts.alive, 4);
	assert_int_equal(x.counts.zombies_now, 1);
}

static void test_window(void **state)
{
	struct shown x = {.o.from = at(30 * MS)}, y = {.o.from = at(130 * MS + 1)},
		     z = {.o.from = at(S)};

	(void)state;
	/* Both ends belong to it; 21 was not reaped yet. */
	check(&x,
	      "meta is1 is19 is20 is21 is22 reap21 fork23 exit23 flag23 exit22 reap22 loss fork24 "
	      "end",
	      "1 19 20 21 22 23 24");
	assert_int_equal(x.counts.snapshots, 5);
	assert_int_equal(x.counts.forks, 2);
	assert_int_equal(x.counts.orphans, 0);
	assert_int_equal(x.counts.zombies, 1);
	assert_int_equal(x.since, 30 * MS);
	/* What was flagged before is not flagged again. */
	check(&y, "meta is1 is19 is20 is22 is23 exit22 reap22 loss fork24 end", "1 19 20 22 23 24");
	assert_int_equal(y.counts.zombies, 0);
	assert_int_equal(y.counts.zombies_now, 1);
	/* Beyond its end there is nothing. */
	check(&z, "meta end", "");
	assert_int_equal(z.counts.events, 0);
	assert_int_equal(z.counts.alive, 0);
}

static void test_before_the_trace(void **state)
{
	struct shown x = {.o.to = {.kind = MOMENT_WALL, .ns = 1600000000 * S}};

	(void)state;
	check(&x, "meta end", "");
}

static void test_pid(void **state)
{
	struct shown x = {.o.live.filter = {.n_pid = 1, .pid = {22}}},
		     y = {.o.live.filter = {.n_pid = 2, .pid = {23, 22}}, .o.from = at(150 * MS)},
		     z = {.o.live.filter = {.n_pid = 1, .pid = {4711}}};

	(void)state;
	check(&x, "meta fork22 orphan22 exit22 reap22 loss end", "22");
	assert_int_equal(x.counts.events, 4);
	assert_int_equal(x.counts.orphans, 1);
	check(&y, "meta is22 is23 exit22 reap22 loss end", "22 23");
	check(&z, "meta loss end", "");
}

static void test_comm(void **state)
{
	/* A child bears its creator's name; what counts is the name at that moment. */
	struct shown x = {.o.live.filter = {.n_comm = 1, .comm = {"cc"}}},
		     y = {.o.live.filter = {.n_comm = 1, .comm = {"make"}, .n_pid = 1, .pid = {21}}};

	(void)state;
	check(&x, "meta exec21 fork22 exit21 orphan22 reap21 exit22 reap22 loss end", "21 22");
	check(&y, "meta fork21 loss end", "");
}

static void test_under(void **state)
{
	struct shown x = {.o.n_under = 1, .o.under = {{0, 21, 0}}},
		     y = {.o.n_under = 1, .o.under = {cast_ref(20)}},
		     z = {.o.n_under = 1, .o.under = {{77, 20, 0}}},
		     w = {.o.n_under = 2, .o.under = {{0, 24, 0}, {0, 19, 0}}, .o.from = at(25 * MS)};

	(void)state;
	/* By birth: 22 stays below 21, whoever adopts it. */
	check(&x, "meta fork21 exec21 fork22 exit21 orphan22 reap21 exit22 reap22 loss end",
	      "21 22");
	assert_true(select_found(&x.s));
	/* 19 is known to be its child only after it was listed. */
	check(&y,
	      "meta is20 is19 fork21 exec21 fork22 exit21 orphan22 reap21 fork23 exit23 flag23 "
	      "exit22 reap22 loss end",
	      "19 20 21 22 23");
	check(&z, "meta loss end", "");
	assert_false(select_found(&z.s));
	check(&w, "meta is19 loss fork24 end", "19 24");
	assert_int_equal(select_read_from(&w.s), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_before_the_trace),
		cmocka_unit_test(test_pid),
		cmocka_unit_test(test_comm),
		cmocka_unit_test(test_under),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
