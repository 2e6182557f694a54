// SPDX-License-Identifier: GPL-2.0-only
/*
 * A busy day on one machine: two million lives go through model and tally, as `brood
 * summary` has them, and take no more memory than the first few of them did.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <malloc.h>

#include "model/model.h"
#include "view/tally.h"

#define MS    UINT64_C(1000000)
#define T0    (100 * MS)
#define LATE  20000	/* a zombie for long is one for as many lives: 200 ms */
#define EARLY 100000	/* after as many lives all that is bounded is full */
#define BOUND (4 << 20) /* bytes of heap */

/* Valgrind is 50 times slower: BROOD_TEST_LIVES=150000.  Sanitizers count no memory. */
static uint32_t lives(void)
{
	const char *n = getenv("BROOD_TEST_LIVES");

	return n ? (uint32_t)strtoul(n, NULL, 10) : 2000000;
}

static size_t heap(void)
{
	struct mallinfo2 i = mallinfo2();

	return i.uordblks + i.hblkhd;
}

struct day {
	struct model *m;
	uint64_t now;
	size_t before, most;
};

/* PIDs come round; the start makes it another one. */
static struct task_ref ref(uint32_t life)
{
	if (!life)
		return (struct task_ref){.start = 1, .tgid = 1};
	return (struct task_ref){.start = T0 + life, .tgid = 2 + life % 30000};
}

static struct event head(const struct day *d, enum event_kind kind, uint32_t life)
{
	struct event h = {.ts = T0 + d->now, .who = ref(life), .kind = (uint16_t)kind};

	if (life)
		memcpy(h.comm, "worker", 7);
	else
		memcpy(h.comm, "systemd", 8);
	return h;
}

static void feed(struct day *d, const void *ev)
{
	assert_int_equal(model_feed(d->m, ev), 0);
}

static void born(struct day *d, uint32_t parent, uint32_t life)
{
	struct ev_fork e = {
		.h = head(d, EV_FORK, life), .parent = ref(parent), .creator = ref(parent)};

	feed(d, &e);
}

/* One of a few commands, or one of many that nobody sees again. */
static void runs(struct day *d, uint32_t life)
{
	struct {
		struct ev_exec e;
		char bytes[64];
	} x = {.e = {.h = head(d, EV_EXEC, life), .parent = ref(0)}};
	int n = snprintf(x.bytes, sizeof(x.bytes), "/usr/bin/command-%u",
			 life % 8 ? life % 32 : life);

	x.e.file_off = x.e.args_off = offsetof(__typeof__(x), bytes);
	x.e.file_len = (uint32_t)n;
	x.e.args_len = x.e.args_bytes = sizeof(x.bytes);
	feed(d, &x);
}

static void exits(struct day *d, uint32_t parent, uint32_t life)
{
	struct ev_exit e = {.h = head(d, EV_EXIT, life),
			    .parent = ref(parent),
			    .adopter = ref(0),
			    .status = life % 10 ? 0 : (life % 5 + 1) << 8,
			    .max_rss_kib = 1000 + life % 1000};

	feed(d, &e);
}

static void reaped(struct day *d, uint32_t by, uint32_t life)
{
	struct ev_reap e = {.h = head(d, EV_REAP, life),
			    .by = ref(by),
			    .parent = ref(by),
			    .cpu_ns = life % 1000 * 1000};

	e.h.flags = EVF_EXACT;
	feed(d, &e);
}

/* 10 µs each. */
static void live(struct day *d, uint32_t life)
{
	d->now += MS / 100;
	born(d, 0, life);
	runs(d, life);
	if (life % 50 == 1) {
		/* It leaves a child behind. */
		born(d, life, life + 2000000000U);
		exits(d, 0, life);
		reaped(d, 0, life);
		exits(d, 0, life + 2000000000U);
		reaped(d, 0, life + 2000000000U);
		return;
	}
	exits(d, 0, life);
	if (life % 100)
		reaped(d, 0, life);
	else if (life > LATE)
		reaped(d, 0, life - LATE);
}

static void watch(struct day *d)
{
	size_t now = heap();

	assert_true(now >= d->before);
	if (now - d->before > d->most)
		d->most = now - d->before;
}

static void count(void *ctx, const struct fact *f)
{
	tally_fact(ctx, f);
}

static void test_a_day_in_little_memory(void **state)
{
	const struct model_options opt = {
		.zombie_after_ns = 100 * MS, .keep = KEEP_NOTED, .keep_args = true};
	const struct meta meta = {.t0 = T0};
	struct view_options view = {.columns = 80, .zombie_after_ns = 100 * MS};
	static struct tally tally;
	struct day d = {.before = heap()};
	uint32_t n = lives();
	size_t early = 0;
	struct sums *s;
	struct event end;
	struct ev_snapshot init = {.h = head(&d, EV_SNAPSHOT, 0)};

	(void)state;
	d.m = model_new(&opt, &meta, count, &tally);
	assert_non_null(d.m);
	model_begin(d.m);
	feed(&d, &init);
	for (uint32_t i = 1; i <= n; i++) {
		live(&d, i);
		if (i % 1000)
			continue;
		watch(&d);
		if (i == EARLY)
			early = heap() - d.before;
	}
	end = head(&d, EV_END, 0);
	feed(&d, &end);
	assert_true(heap() - d.before < early + (64 << 10));
	s = tally_sums(&tally, d.m, &meta, d.now); /* as the views do */
	assert_non_null(s);
	watch(&d);
	assert_int_equal(s->processes, 1 + n + (n + 49) / 50);
	assert_int_equal(tally.gone.processes, s->processes - 1 - LATE / 100);
	assert_int_equal(s->zombies, n / 100);
	assert_int_equal(s->orphans, (n + 49) / 50);
	sums_free(s);
	view.out = fopen("/dev/null", "w");
	assert_non_null(view.out);
	summary_view(&view, &tally, d.m, &meta, d.now);
	findings_view(&view, &tally, d.m, &meta, d.now);
	fclose(view.out);
	watch(&d);
	print_message("%u lives: at most %zu KiB of heap\n", n, d.most >> 10);
	assert_true(d.most < BOUND);
	model_free(d.m);
	tally_free(&tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_day_in_little_memory),
	};

	return cmocka_run_group_tests_name("day", tests, NULL, NULL);
}
