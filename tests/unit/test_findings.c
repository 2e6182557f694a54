// SPDX-License-Identifier: GPL-2.0-only
/* Tests of findings and summary: the exact text that a real model gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "cast.h"
#include "view/fate.h"

typedef void (*view_fn)(const struct view_options *, const struct model *, const struct meta *,
			uint64_t);

static struct view_options opt;
static const struct meta followed = {.host = "demo",
				     .kernel = "6.18.5",
				     .arch = "x86_64",
				     .cpus = 2,
				     .command = (char *)"./server\0003",
				     .command_len = 11};

static int reset(void **state)
{
	(void)state;
	opt = (struct view_options){.columns = 80, .fold = true, .zombie_after_ns = 100 * MS};
	return 0;
}

static void expect(struct cast *c, view_fn view, const char *want)
{
	char *text = NULL;
	size_t len;

	opt.out = open_memstream(&text, &len);
	assert_non_null(opt.out);
	view(&opt, c->m, &c->meta, c->now);
	assert_int_equal(fclose(opt.out), 0);
	assert_string_equal(text, want);
	free(text);
}

static struct cast *begin(const struct meta *meta)
{
	struct cast *c = play(meta);

	found(c, 100, 50, "brood");
	runs(c, 100, "./server", ARGS("./server\0003"));
	return c;
}

/* The followed command ends, and the trace with it. */
static struct cast *finish(struct cast *c)
{
	quits(c, 100, 0);
	waits(c, 50, 100);
	curtain(c);
	return c;
}

/* --- something is found --------------------------------------------------------------- */

/* Each kind of zombie and of orphan, once. */
static struct cast *trouble(void)
{
	struct cast *c = begin(&followed);

	c->cpu = 400 * US;
	c->now = MS;
	forks(c, 100, 101);	/* a zombie for ever */
	forks(c, 100, 102);	/* reaped late */
	forks(c, 100, 103);	/* leaves 104 as a zombie, 105 and 106 as orphans */
	forks(c, 103, 104);
	forks(c, 103, 105);
	forks(c, 103, 106);
	rename_to(c, 101, "worker");
	c->now = 120 * MS;
	quits(c, 101, CODE(3));
	kills(c, 100, 102, 15);
	quits(c, 102, 15);
	quits(c, 104, CODE(1));
	c->now = 310 * MS;
	quits(c, 103, 0);
	passes(c, 104);
	passes(c, 105);
	passes(c, 106);
	waits(c, 100, 103);
	waits(c, 1, 104);
	c->now = 1310 * MS;
	quits(c, 105, 0);
	waits(c, 1, 105);
	waits(c, 100, 102);
	c->now = 2120 * MS;
	curtain(c);
	return c;
}

static void test_trouble(void **state)
{
	struct cast *c = trouble();

	(void)state;
	expect(c, findings_view, "");
	play_end(c);
}

static void test_summary(void **state)
{
	struct cast *c = trouble();

	(void)state;
	expect(c, summary_view, "");
	play_end(c);
}

/* On a kernel that tells late: at most.  Many: the longest ten, the others in groups. */
static void test_many_zombies(void **state)
{
	struct cast *c = play(&(struct meta){.reap_source = REAP_PROCESS_FREE});

	(void)state;
	found(c, 1, 0, "systemd");
	found(c, 70, 1, "server");
	found(c, 71, 1, "other");
	for (uint32_t i = 0; i < 47; i++) {
		c->now += MS;
		forks(c, i % 5 ? 70 : 71, 1000 + i);
		quits(c, 1000 + i, 0);
	}
	c->now = 2 * S;
	waits(c, 71, 1000);
	c->now = 3 * S;
	waits(c, 70, 1001);
	curtain(c);
	expect(c, findings_view, "");
	play_end(c);
}

static void test_late_and_before(void **state)
{
	struct cast *c = play(&(struct meta){.reap_source = REAP_PROCESS_FREE});
	struct ev_snapshot old;

	(void)state;
	found(c, 70, 1, "server");
	old = cast_snapshot(c, 71, 70, "old");
	old.state = SNAP_ZOMBIE;
	cast_feed(c, &old);
	old = cast_snapshot(c, 72, 70, "older");
	old.state = SNAP_ZOMBIE;
	cast_feed(c, &old);
	forks(c, 70, 80);
	forks(c, 70, 81);
	quits(c, 80, 11 | 0x80);
	c->now = S;
	waits(c, 70, 80);
	waits(c, 70, 72);
	quits(c, 81, 0); /* the trace ends before anybody can wait */
	c->now += 30 * US;
	loses(c, 1);
	curtain(c);
	expect(c, findings_view, "");
	play_end(c);
}

/* --- nothing is found, in each true way ------------------------------------------------- */

static void test_all_waited_for(void **state)
{
	struct cast *c = begin(&followed);

	(void)state;
	forks(c, 100, 101);
	quits(c, 101, 0);
	waits(c, 100, 101);
	expect(finish(c), findings_view,
	       "No zombies, no orphans: every child was waited for by its parent.\n");
	play_end(c);
}

static void test_no_children(void **state)
{
	struct cast *c = finish(begin(&followed));

	(void)state;
	expect(c, findings_view, "No zombies, no orphans: the command started no other process.\n");
	play_end(c);

	c = play(&(struct meta){.host = "h"});
	curtain(c);
	expect(c, findings_view, "No zombies, no orphans: there was no process.\n");
	play_end(c);

	c = play(&(struct meta){.host = "h"});
	found(c, 1, 0, "systemd");
	curtain(c);
	expect(c, findings_view, "No zombies, no orphans: no process ended.\n");
	play_end(c);
}

static void test_nobody_had_to_wait(void **state)
{
	struct cast *c = begin(&followed);

	(void)state;
	for (uint32_t pid = 101; pid < 103; pid++) {
		forks(c, 100, pid);
		quits_as(c, pid, 0, EVF_AUTOREAP);
		waits(c, pid, pid);
	}
	expect(finish(c), findings_view, "");
	play_end(c);
}

/* One child each way; two more that were waited for. */
static void test_mixed_ends(void **state)
{
	struct cast *c = begin(&followed);

	(void)state;
	for (uint32_t pid = 101; pid < 105; pid++)
		forks(c, 100, pid);
	quits(c, 101, 0);
	waits(c, 100, 101);
	quits_as(c, 102, 0, EVF_AUTOREAP);
	waits(c, 102, 102);
	forks(c, 103, 110);
	quits(c, 110, 0);
	quits(c, 103, 0);
	passes(c, 110);
	waits(c, 1, 110);
	waits(c, 100, 103);
	expect(c, findings_view, "");
	quits(c, 104, 0);
	waits(c, 100, 104);
	loses(c, 3);
	expect(finish(c), findings_view, "");
	play_end(c);
}

static void test_only_orphans(void **state)
{
	struct cast *c = begin(&followed);

	(void)state;
	forks(c, 100, 101);
	forks(c, 101, 102);
	c->now = 5 * MS;
	quits(c, 101, 0);
	passes(c, 102);
	waits(c, 100, 101);
	expect(finish(c), findings_view, "");
	play_end(c);
}

/* --- words -------------------------------------------------------------------------- */

static void test_fates(void **state)
{
	static const struct {
		uint32_t status;
		const char *text;
	} cases[] = {
		{0, "exit 0"},
		{CODE(3), "exit 3"},
		{CODE(255), "exit 255"},
		{15, "killed: TERM"},
		{11 | 0x80, "killed: SEGV (core)"},
		{37, "killed: RTMIN+3"},
	};
	struct text t = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_clear(&t);
		status_text(&t, cases[i].status);
		assert_string_equal(t.data, cases[i].text);
		assert_int_equal(status_paint(cases[i].status), i ? PAINT_RED : PAINT_DIM);
	}
	text_free(&t);
}

static void test_no_colour(void **state)
{
	(void)state;
	for (int p = PAINT_OFF; p <= PAINT_CYAN; p++) {
		opt.colour = false;
		assert_string_equal(paint(&opt, p), "");
		opt.colour = true;
		assert_int_equal(paint(&opt, p)[0], '\033');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_trouble, reset),
		cmocka_unit_test_setup(test_summary, reset),
		cmocka_unit_test_setup(test_many_zombies, reset),
		cmocka_unit_test_setup(test_late_and_before, reset),
		cmocka_unit_test_setup(test_all_waited_for, reset),
		cmocka_unit_test_setup(test_no_children, reset),
		cmocka_unit_test_setup(test_nobody_had_to_wait, reset),
		cmocka_unit_test_setup(test_mixed_ends, reset),
		cmocka_unit_test_setup(test_only_orphans, reset),
		cmocka_unit_test_setup(test_fates, reset),
		cmocka_unit_test_setup(test_no_colour, reset),
	};

	return cmocka_run_group_tests_name("findings", tests, NULL, NULL);
}
