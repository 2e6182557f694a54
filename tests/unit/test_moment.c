// SPDX-License-Identifier: GPL-2.0-only
/* Points in a trace as a person names them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "verbs/moment.h"

#define S  INT64_C(1000000000)
#define T1 INT64_C(1709210096) /* 2024-02-29T12:34:56Z */

/* It began half a second later. */
static const struct meta meta = {.t0 = 77, .wall0 = T1 * S + S / 2};

static void check(const char *s, int64_t ts)
{
	struct moment m;

	assert_int_equal(moment_parse(s, &m), 0);
	assert_int_equal(moment_ts(&m, &meta), ts);
}

static void refuse(const char *s)
{
	struct moment m;

	assert_int_equal(moment_parse(s, &m), -EINVAL);
}

static void test_since_begin(void **state)
{
	(void)state;
	check("0", 0);
	check("2.5", 5 * S / 2);
	check("1500ms", 3 * S / 2);
	check("3m", 180 * S);
	check("250000001ns", 250000001);
	refuse("");
	refuse("-1");
	refuse("x");
	refuse("2.5 x");
}

static void test_wall_clock(void **state)
{
	(void)state;
	check("2024-02-29T12:34:57.500000000Z", S);
	check("2024-02-29T12:34:56.500000001Z", 1);
	check("2024-02-29T12:34:56Z", -S / 2);
	check("2024-02-29T13:34:57.5+01:00", S);
	check("2024-02-29T11:34:57.5-01:00", S);
	check("2024-03-01T00:00:00Z", INT64_C(41104) * S - S / 2);
	refuse("2024-02-30T12:00:00Z");
	refuse("2023-02-29T12:00:00Z");
	refuse("2024-02-29T12:34:56.Z");
	refuse("2024-02-29T12:34:56.1234567891Z");
	refuse("2024-02-29T12:34:56Zx");
	refuse("2024-02-29T12:34:56 EST");
	refuse("2024-13-01T00:00:00Z");
	refuse("2024-02-29");
	refuse("2024-02-29T12");
}

static void test_local_time(void **state)
{
	(void)state;
	setenv("TZ", "XXX-2:30", 1); /* east of Greenwich */
	tzset();
	check("2024-02-29 15:04:57.5", S);
	check("2024-02-29T15:04:57.5", S);
	check("15:04:57.5", S);
	check("15:04:56", -S / 2);
	check("00:00:00", -(INT64_C(54296) * S + S / 2));
	check("2024-02-29T12:34:57.5Z", S);
	refuse("25:00:00");
	refuse("15:04");
	refuse("15:04:57.5Z");
	setenv("TZ", "UTC", 1);
	tzset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_since_begin),
		cmocka_unit_test(test_wall_clock),
		cmocka_unit_test(test_local_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
