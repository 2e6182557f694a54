// SPDX-License-Identifier: GPL-2.0-only
/* Tests of src/view/verdict.c: what is said where nothing is found, in each true way. */
#include "page.h"

static const struct meta followed = {.host = "demo",
				     .kernel = "6.18.5",
				     .arch = "x86_64",
				     .cpus = 2,
				     .command = (char *)"./server\0003",
				     .command_len = 11};

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

static void test_all_waited_for(void **state)
{
	struct cast *c = begin(&followed);

	(void)state;
	forks(c, 100, 101);
	quits(c, 101, 0);
	waits(c, 100, 101);
	expect_tally(finish(c), findings_view,
		     "No zombies, no orphans: every child was waited for by its parent.\n");
	play_end(c);
}

static void test_no_children(void **state)
{
	struct cast *c = finish(begin(&followed));

	(void)state;
	expect_tally(c, findings_view,
		     "No zombies, no orphans: the command started no other process.\n");
	play_end(c);

	c = play(&followed); /* --from a time after the end */
	curtain(c);
	expect_tally(c, findings_view, "No zombies, no orphans: there was no process.\n");
	play_end(c);

	c = play(&(struct meta){.host = "h"});
	curtain(c);
	expect_tally(c, findings_view, "No zombies, no orphans: there was no process.\n");
	play_end(c);

	c = play(&(struct meta){.host = "h"});
	found(c, 1, 0, "systemd");
	curtain(c);
	expect_tally(c, findings_view, "No zombies, no orphans: no process ended.\n");
	play_end(c);
}

/* clang-format off */
static const char kernel_text[] =
	"No zombies, no orphans: every child was reaped by the kernel itself, because its\n"
	"parent ignores SIGCHLD.\n";
/* clang-format on */

static void test_nobody_had_to_wait(void **state)
{
	struct cast *c = begin(&followed);

	(void)state;
	for (uint32_t pid = 101; pid < 103; pid++) {
		forks(c, 100, pid);
		quits_as(c, pid, 0, EVF_AUTOREAP);
		waits(c, pid, pid);
	}
	expect_tally(finish(c), findings_view, kernel_text);
	play_end(c);
}

/* clang-format off */
static const char mixed_text[] =
	"No zombies, no orphans: of the 4 children that ended, 2 were waited for by their\n"
	"parent; 1 was reaped by the kernel itself, because its parent ignores SIGCHLD;\n"
	"1 was left behind by its parent, which exited without waiting, and reaped by\n"
	"1 systemd.\n"
	"Still running at the end: 100 server, 104 server.\n";

static const char mixed_lost_text[] =
	"No zombies and no orphans were seen.\n"
	"lost    3 events were not seen. Who was there afterwards, and who was not, has\n"
	"        been looked up; but short lives in between, exit codes and names of\n"
	"        programs may be missing above.\n";
/* clang-format on */

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
	expect_tally(c, findings_view, mixed_text);
	quits(c, 104, 0);
	waits(c, 100, 104);
	loses(c, 3);
	expect_tally(finish(c), findings_view, mixed_lost_text);
	play_end(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(test_all_waited_for),
		PAGE_TEST(test_no_children),
		PAGE_TEST(test_nobody_had_to_wait),
		PAGE_TEST(test_mixed_ends),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
