// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of src/view/tally.c: the sums taken from the facts are those of all processes that
 * ever were, though hardly any of them is kept.
 */
#include "page.h"

#include "model/notes.h"

static uint32_t below(uint64_t *x, uint32_t n)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (uint32_t)((*x * 0x2545f4914f6cdd1dULL >> 32) % n);
}

/* --- the same as of all processes ------------------------------------------------------ */

enum { PIDS = 6000, NAMES = 40 };

struct walk {
	uint64_t births[PIDS], ends[PIDS], intervals[PIDS], rss[PIDS];
	size_t n_births, n_ends, n_intervals, n_rss;
	struct sums sums;
	struct peaks peaks;
};

/* Any lives that a kernel could tell of; some processes are met late. */
static struct cast *any_lives(uint64_t x)
{
	struct cast *c = play(&(struct meta){.host = "h"});
	uint32_t alive[PIDS], dead[PIDS], n_alive = 0, n_dead = 0, at, pid;
	char name[16];

	c->now = MS;
	found(c, 1, 0, "systemd");
	for (uint32_t next = 2; next < PIDS;) {
		c->now += below(&x, 3) ? below(&x, 2) : below(&x, 20) * MS;
		c->cpu = below(&x, 50) * US;
		c->rss = below(&x, 400);
		switch (below(&x, 8)) {
		case 0:
		case 1:
		case 2:
			forks(c, n_alive && below(&x, 3) ? alive[below(&x, n_alive)] : 1, next);
			snprintf(name, sizeof(name), "n%u", below(&x, NAMES));
			rename_to(c, next, name);
			alive[n_alive++] = next++;
			break;
		case 3:
			if (below(&x, 8))
				break;
			c->who[next].parent = 1;
			runs(c, next, "/bin/stranger", ARGS("stranger"));
			alive[n_alive++] = next++;
			break;
		case 4:
		case 5:
			if (n_alive < 20 + below(&x, 200))
				break;
			at = below(&x, n_alive);
			dead[n_dead++] = pid = alive[at];
			alive[at] = alive[--n_alive];
			quits_as(c, pid, below(&x, 3) ? 0 : below(&x, 4) * 256 + below(&x, 2) * 15,
				 below(&x, 10) ? 0 : EVF_AUTOREAP);
			for (uint32_t i = 2; i < next; i++)
				if (c->who[i].parent == pid)
					passes(c, i);
			break;
		default:
			if (n_dead < below(&x, 100))
				break;
			at = below(&x, n_dead);
			waits(c, c->who[dead[at]].parent, dead[at]);
			dead[at] = dead[--n_dead];
		}
	}
	c->now += 30 * MS;
	curtain(c);
	return c;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void walk_peaks(struct walk *w)
{
	uint64_t forks = 0, second = 0;

	qsort(w->births, w->n_births, sizeof(uint64_t), ascending);
	qsort(w->ends, w->n_ends, sizeof(uint64_t), ascending);
	for (size_t i = 0, ended = 0; i < w->n_births; i++) {
		while (ended < w->n_ends && w->ends[ended] <= w->births[i])
			ended++;
		if (i + 1 - ended > w->peaks.most_alive) {
			w->peaks.most_alive = i + 1 - ended;
			w->peaks.most_alive_ts = w->births[i];
		}
		if (!w->births[i])
			continue;
		forks = w->births[i] / S == second ? forks + 1 : 1;
		second = w->births[i] / S;
		if (forks > w->peaks.busiest_forks) {
			w->peaks.busiest_forks = forks;
			w->peaks.busiest_ts = second * S;
		}
	}
}

/* From the table that keeps all, as one would without having to care for memory. */
static struct walk *walk_all(struct cast *c)
{
	struct walk *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	for (const struct proc *p = model_first(c->m); p; p = model_next(p)) {
		uint64_t ns = proc_zombie_ns(p, c->now);

		w->sums.processes++;
		w->births[w->n_births++] = p->fork_ts == NO_TIME ? 0 : p->fork_ts;
		if (p->exit_ts != NO_TIME)
			w->ends[w->n_ends++] = p->exit_ts;
		if (ns != NO_TIME && !p->autoreap)
			w->intervals[w->n_intervals++] = ns;
		if (p->max_rss_kib)
			w->rss[w->n_rss++] = p->max_rss_kib;
		w->sums.zombies += p->zombie_flag_ts != NO_TIME;
		w->sums.orphans += p->orphaned_ts != NO_TIME;
		w->sums.exit_zero += p->has_status && !p->status;
		w->sums.cpu_ns += p->cpu_ns;
	}
	qsort(w->intervals, w->n_intervals, sizeof(uint64_t), ascending);
	qsort(w->rss, w->n_rss, sizeof(uint64_t), ascending);
	walk_peaks(w);
	return w;
}

static uint64_t members(const struct cast *c, struct name name, int64_t status)
{
	uint64_t n = 0;

	for (const struct proc *p = model_first(c->m); p; p = model_next(p)) {
		struct name other = proc_name(p);

		if (other.len != name.len || memcmp(other.s, name.s, name.len))
			continue;
		n += status < 0 ? p->has_cpu : p->has_status && p->status == status;
	}
	return n;
}

static void check_sums(const struct cast *c, struct sums *s, const struct walk *w)
{
	struct text exact = {0}, shown = {0};

	assert_int_equal(s->processes, w->sums.processes);
	assert_int_equal(s->exit_zero, w->sums.exit_zero);
	assert_int_equal(s->cpu_ns, w->sums.cpu_ns);
	assert_int_equal(s->zombies, w->sums.zombies);
	assert_int_equal(s->orphans, w->sums.orphans);
	assert_int_equal(s->intervals, w->n_intervals);
	assert_true(s->zombies > 100 && s->orphans > 100 && s->intervals > 1000);
	for (size_t i = 0; i < RANKS; i++) {
		assert_int_equal(s->longest.rank[i].value, w->intervals[w->n_intervals - 1 - i]);
		assert_int_equal(s->largest.rank[i].value, w->rss[w->n_rss - 1 - i]);
	}
	text_duration(&exact, w->intervals[(w->n_intervals - 1) / 2]);
	text_duration(&shown, duration_of_slot(sums_median_slot(s)));
	assert_string_equal(shown.data, exact.data);
	text_free(&exact);
	text_free(&shown);

	groups_sort(&s->failures, BY_COUNT);
	groups_sort(&s->cpus, BY_SUM);
	assert_true(s->failures.n > NAMES && s->cpus.n > NAMES);
	for (uint32_t i = 0; i < s->failures.n; i++)
		assert_int_equal(s->failures.row[i].count,
				 members(c, groups_name(&s->failures, &s->failures.row[i]),
					 s->failures.row[i].status));
	for (uint32_t i = 0; i < s->cpus.n; i++)
		assert_int_equal(s->cpus.row[i].count,
				 members(c, groups_name(&s->cpus, &s->cpus.row[i]), -1));
}

static void test_as_of_all_processes(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct cast *c = any_lives(seed);
		struct walk *w = walk_all(c);
		struct sums *s = tally_sums(&c->noted_tally, c->noted, &c->meta, c->now);
		struct peaks k = tally_peaks(&c->noted_tally);

		assert_non_null(s);
		check_sums(c, s, w);
		assert_int_equal(k.most_alive, w->peaks.most_alive);
		assert_int_equal(k.most_alive_ts, w->peaks.most_alive_ts);
		assert_int_equal(k.busiest_forks, w->peaks.busiest_forks);
		assert_int_equal(k.busiest_ts, w->peaks.busiest_ts);
		free(tally_page(c, summary_view)); /* compares */
		free(tally_page(c, findings_view));
		sums_free(s);
		free(w);
		play_end(c);
	}
}

/* --- a bounded number of notes --------------------------------------------------------- */

static size_t count_gone(const struct model *m)
{
	size_t n = 0;

	for (const struct proc *p = model_first(m); p; p = model_next(p))
		n += p->state == PROC_GONE;
	return n;
}

/* Each of many is left by its parent, and then a zombie; the later, the longer. */
static void test_notes_are_bounded(void **state)
{
	struct cast *c = play(&(struct meta){.host = "h"});
	uint32_t n = 3 * NOTES_MAX;
	size_t noted = 0;
	char *text;

	(void)state;
	found(c, 1, 0, "systemd");
	for (uint32_t i = 0; i < n; i++) {
		forks(c, 1, 1000 + i);
		forks(c, 1000 + i, 10000 + i);
		c->now += US;
		quits(c, 1000 + i, 0);
		passes(c, 10000 + i);
		waits(c, 1, 1000 + i);
		quits(c, 10000 + i, 0);
		c->now += 110 * MS + i * US;
		waits(c, 1, 10000 + i);
	}
	c->now += S;
	curtain(c);
	for (const struct proc *p = model_first(c->noted); p; p = model_next(p)) {
		uint32_t i = p->ref.tgid - 10000;

		if (p->ref.tgid == 1)
			continue;
		assert_true(i < NOTES_MAX || (i >= n - NOTES_MAX && i < n));
		assert_true(p->zombie_flag_ts != NO_TIME && p->orphaned_ts != NO_TIME);
		assert_null(p->args);
		noted++;
	}
	assert_int_equal(noted, 2 * NOTES_MAX);
	assert_int_equal(count_gone(c->m), 2 * n);
	text = tally_page(c, findings_view);
	assert_non_null(strstr(text, "zombie  … and 1490 more: 1490 children of systemd.\n"));
	assert_non_null(strstr(text, "orphan  … and 1490 more: 1490 left by systemd.\n"));
	assert_non_null(strstr(text, "zombie  11499 systemd  "));
	assert_non_null(strstr(text, "orphan  10009 systemd  "));
	assert_null(strstr(text, "orphan  10010 systemd  "));
	free(text);
	play_end(c);
}

/* --- how many at once ------------------------------------------------------------------- */

static void expect_peak(const struct cast *c, uint64_t most, uint64_t ts)
{
	struct peaks k = tally_peaks(&c->noted_tally);

	assert_int_equal(k.most_alive, most);
	assert_int_equal(k.most_alive_ts, ts);
}

/* Of what happens at the same moment, ends come first. */
static void test_ends_before_births(void **state)
{
	struct cast *c = play(&(struct meta){.host = "h"});

	(void)state;
	expect_peak(c, 0, 0);
	found(c, 1, 0, "systemd");
	expect_peak(c, 1, 0);
	c->now = 5;
	forks(c, 1, 10);
	forks(c, 1, 11);
	expect_peak(c, 3, 5);
	c->now = 7;
	forks(c, 1, 12);
	forks(c, 1, 13);
	quits(c, 10, 0);
	quits(c, 11, 0);
	expect_peak(c, 3, 5);
	forks(c, 1, 14);
	expect_peak(c, 4, 7);
	play_end(c);
}

/* Those who are met late were there before; those whose end is lost are not for ever. */
static void test_met_late_and_lost(void **state)
{
	struct cast *c = play(&(struct meta){.host = "h"});
	struct ev_snapshot old;

	(void)state;
	found(c, 1, 0, "systemd");
	c->now = 5;
	forks(c, 1, 10);
	forks(c, 1, 11);
	c->now = 6;
	quits(c, 10, 0);
	c->now = 10;
	c->who[20].parent = 1;
	quits(c, 20, 0); /* a stranger */
	expect_peak(c, 4, 5);
	waits(c, 1, 20);
	waits(c, 1, 11); /* its exit was lost */
	old = cast_snapshot(c, 30, 1, "old");
	old.state = SNAP_ZOMBIE;
	cast_feed(c, &old);
	waits(c, 1, 30);
	c->who[31].parent = 1;
	waits(c, 1, 31); /* a stranger, and dead */
	expect_peak(c, 4, 5);
	c->now = 20;
	for (uint32_t pid = 40; pid < 43; pid++)
		forks(c, 1, pid);
	expect_peak(c, 4, 5);
	forks(c, 1, 43);
	expect_peak(c, 5, 20);
	curtain(c);
	play_end(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(test_as_of_all_processes),
		PAGE_TEST(test_notes_are_bounded),
		PAGE_TEST(test_ends_before_births),
		PAGE_TEST(test_met_late_and_lost),
	};

	return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
