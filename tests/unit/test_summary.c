// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the summary, beside those of test_findings.c: long commands and too many. */
#include "page.h"

/* The line of the command, cut so that all of the sentence stands on it. */
static void expect_watched(const char *args, size_t len, uint64_t now, const char *want)
{
	struct meta meta = {.host = "demo", .kernel = "6.18.5", .arch = "x86_64", .cpus = 2};
	struct cast *c;
	char *got;

	meta.command = (char *)args;
	meta.command_len = len;
	c = play(&meta);
	c->now = now;
	curtain(c);
	got = tally_page(c, summary_view);
	assert_true(strlen(got) > strlen(want));
	assert_int_equal(strncmp(got + strlen(want), "Machine ", 8), 0);
	got[strlen(want)] = '\0';
	count_lines(got, opt.columns);
	assert_string_equal(got, want);
	free(got);
	play_end(c);
}

static void test_watched(void **state)
{
	static const char make[] = "make\0-s\0-C\0/home/user/build/brood\0all";

	(void)state;
	expect_watched(ARGS(make), 27 * MS,
		       "Watched     make -s -C /home/user/build/broo… and all that it started, for "
		       "27 ms\n");
	expect_watched(ARGS(make), 3 * S + 725 * S,
		       "Watched     make -s -C /home/user/build/br… and all that it started, for "
		       "12m 08s\n");
	opt.columns = 100;
	expect_watched(ARGS(make), 27 * MS,
		       "Watched     make -s -C /home/user/build/brood all and all that it started, "
		       "for 27 ms\n");
	/* Too narrow for that: what stands behind it may go on below. */
	opt.columns = 60;
	expect_watched(ARGS(make), 27 * MS,
		       "Watched     make -s -C /home/user/build/brood all and all\n"
		       "            that it started, for 27 ms\n");
	opt.columns = 40;
	expect_watched(ARGS(make), 27 * MS,
		       "Watched     make -s -C /home/user/build…\n"
		       "            and all that it started, for\n"
		       "            27 ms\n");
}

/* More commands than are told apart, which the summary says. */
static void test_too_many_commands(void **state)
{
	struct cast *c = play(&(struct meta){.host = "h"});
	char comm[16], *text;

	(void)state;
	found(c, 100, 1, "server");
	c->cpu = MS;
	for (uint32_t i = 0; i < 5000; i++) {
		forks(c, 100, 1000 + i);
		snprintf(comm, sizeof(comm), "c%04u", i);
		rename_to(c, 1000 + i, comm);
		quits(c, 1000 + i, CODE(1));
		waits(c, 100, 1000 + i);
	}
	text = tally_page(c, summary_view);
	count_lines(text, 80);
	assert_non_null(strstr(text,
			       "            1.0 ms    0 %       1 × c0009\n"
			       "                 …  and 4086 more commands\n"
			       "                 …  and 904 processes with 904 ms besides: only "
			       "4096 commands\n"
			       "                    are told apart\n"
			       "Memory "));
	assert_non_null(strstr(text,
			       "                 …  and 4086 more kinds of failure\n"
			       "                 …  and 904 processes besides: only 4096 kinds of "
			       "failure are\n"
			       "                    told apart\n"
			       "Zombies "));
	free(text);
	play_end(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(test_watched),
		PAGE_TEST(test_too_many_commands),
	};

	return cmocka_run_group_tests_name("summary", tests, NULL, NULL);
}
