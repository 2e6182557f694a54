// SPDX-License-Identifier: GPL-2.0-only
/* Tests of what the sums are made of: counts of durations and of commands. */
#include "page.h"

static uint32_t below(uint64_t *x, uint32_t n)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (uint32_t)((*x * 0x2545f4914f6cdd1dULL >> 32) % n);
}

/* --- durations ---------------------------------------------------------------------- */

static void check_duration(uint64_t ns)
{
	uint32_t slot = duration_slot(ns);
	struct text exact = {0}, shown = {0};

	assert_true(slot < DURATIONS);
	assert_true(!ns || duration_slot(ns - 1) <= slot);
	text_duration(&exact, ns);
	text_duration(&shown, duration_of_slot(slot));
	if (slot == DURATION_LONGEST)
		assert_string_equal(shown.data, "1000d");
	else
		assert_string_equal(shown.data, exact.data);
	text_free(&exact);
	text_free(&shown);
}

/* What is shown of a slot is what is shown of whatever is in it. */
static void test_durations(void **state)
{
	uint64_t x = 1;

	(void)state;
	for (uint64_t unit = 1; unit < UINT64_MAX / 100; unit *= 10) {
		for (uint64_t n = 0; n < 2000; n++) {
			check_duration(n * unit / 20);
			check_duration(60 * n * unit / 20);
			check_duration(n * unit / 20 + below(&x, 100));
		}
	}
	for (int shift = 0; shift < 64; shift++)
		check_duration(UINT64_MAX >> shift);
	for (uint32_t slot = 0; slot < DURATIONS; slot++)
		check_duration(duration_of_slot(slot));
	check_duration(23999 * 3600 * S + 1800 * S - 1);
	check_duration(23999 * 3600 * S + 1800 * S);
}

/* --- groups ------------------------------------------------------------------------- */

static struct name number_name(char *buf, uint32_t i)
{
	return (struct name){buf, (size_t)snprintf(buf, 16, "n%u", i)};
}

static void test_groups_are_bounded(void **state)
{
	static char longest[70000];
	struct groups g = {0}, copy;
	char buf[16];

	(void)state;
	assert_int_equal(groups_copy(&copy, &g), 0);
	groups_sort(&copy, BY_COUNT);
	groups_free(&copy);
	groups_remove(&g, number_name(buf, 0), 0);
	for (uint32_t i = 0; i < 5000; i++) {
		groups_add(&g, number_name(buf, i), i % 2, 10);
		if (i < 100)
			groups_add(&g, number_name(buf, i), i % 2, i);
	}
	assert_int_equal(g.n, GROUPS_MAX);
	assert_int_equal(g.others, 5000 - GROUPS_MAX);
	assert_int_equal(g.others_sum, 10 * (5000 - GROUPS_MAX));
	assert_int_equal(groups_copy(&copy, &g), 0);
	groups_free(&g);
	/* One that has a group, all of one, and one that has none. */
	groups_remove(&copy, number_name(buf, 50), 0);
	groups_remove(&copy, number_name(buf, 2000), 0);
	groups_remove(&copy, number_name(buf, 2001), 0);
	groups_sort(&copy, BY_SUM);
	assert_int_equal(copy.others, 5000 - GROUPS_MAX - 1);
	assert_int_equal(copy.n, GROUPS_MAX - 1);
	for (uint32_t i = 0; i < 100; i++) {
		struct name name = groups_name(&copy, &copy.row[i]),
			    want = number_name(buf, 99 - i);

		assert_int_equal(name.len, want.len);
		assert_memory_equal(name.s, want.s, want.len);
		assert_int_equal(copy.row[i].sum, 109 - i);
		assert_int_equal(copy.row[i].count, 99 - i == 50 ? 1 : 2);
		assert_int_equal(copy.row[i].status, (99 - i) % 2);
	}
	groups_free(&copy);

	/* No name in a kernel is that long, but in a file it can be. */
	memset(longest, 'x', sizeof(longest));
	for (uint32_t i = 0; i < 2 * GROUPS_MAX; i++) {
		memcpy(longest, &i, sizeof(i));
		groups_add(&g, (struct name){longest, sizeof(longest)}, 0, 0);
	}
	assert_true(sizeof(*g.row) * g.room + 2 * sizeof(*g.slot) * g.room + g.names_room <
		    3 << 20);
	groups_free(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_groups_are_bounded),
	};

	return cmocka_run_group_tests_name("sums", tests, NULL, NULL);
}
