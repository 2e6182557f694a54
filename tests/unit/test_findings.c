// SPDX-License-Identifier: GPL-2.0-only
/* Tests of findings and summary: the exact text that a real model gives. */
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

/* --- something is found --------------------------------------------------------------- */

/* Each kind of zombie and of orphan, once. */
static struct cast *trouble(void)
{
	struct cast *c = begin(&followed);

	c->cpu = 400 * US;
	c->now = MS;
	forks(c, 100, 101); /* a zombie for ever */
	forks(c, 100, 102); /* reaped late */
	forks(c, 100, 103); /* leaves 104 as a zombie, 105 and 106 as orphans */
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

/* clang-format off */
static const char trouble_text[] =
	"zombie  101 worker  exited (3) at 0.120 s and was never reaped: its parent\n"
	"                    100 server has not called wait() for it in the 2.0 s since.\n"
	"                    A zombie has ended and uses neither CPU nor memory; the\n"
	"                    kernel only keeps its entry in the process table until its\n"
	"                    parent calls wait() or exits. No signal removes it.\n"
	"zombie  102 server  was killed by TERM (from 100 server) at 0.120 s and stayed a\n"
	"                    zombie for 1.2 s, until its parent 100 server reaped it at\n"
	"                    1.310 s.\n"
	"zombie  104 server  exited (1) at 0.120 s and stayed a zombie for 190 ms: its\n"
	"                    parent 103 server exited at 0.310 s without waiting for it,\n"
	"                    and 1 systemd, which inherited it, reaped it at 0.310 s.\n"
	"orphan  105 server  its parent 103 server exited first, at 0.310 s; adopted by\n"
	"                    1 systemd, which reaped it at 1.310 s. An orphan is a\n"
	"                    process that outlives its parent; it runs on, and its\n"
	"                    adopter has to wait for it when it ends.\n"
	"orphan  106 server  its parent 103 server exited first, at 0.310 s; adopted by\n"
	"                    1 systemd; still running at the end.\n"
	"\n"
	"Still running at the end: 100 server, 106 server.\n";
/* clang-format on */

static void test_trouble(void **state)
{
	struct cast *c = trouble();

	(void)state;
	expect_tally(c, findings_view, trouble_text);
	play_end(c);
}

/* clang-format off */
static const char summary_text[] =
	"Watched     ./server 3 and all that it started, for 2.1 s\n"
	"Machine     demo, Linux 6.18.5 on x86_64, 2 CPUs\n"
	"Reaps       told at the moment, by the reaper itself (release_task)\n"
	"Lost        nothing\n"
	"\n"
	"Events                           count    per second\n"
	"            forks                    6           2.8\n"
	"            execs                    1           0.5\n"
	"            exits                    5           2.4\n"
	"            reaps                    4           1.9\n"
	"\n"
	"Processes   1 at the start, 2 alive at the end, at most 7 at once, at 0.001 s\n"
	"Busiest     6 forks, in the second from 0.000 s on\n"
	"Ended       2 with exit 0, 2 with another exit code, 1 killed by a signal\n"
	"                 1 ×  server                          killed: TERM\n"
	"                 1 ×  server                          exit 1\n"
	"                 1 ×  worker                          exit 3\n"
	"Zombies     3 flagged: left unreaped for longer than 100 ms. From exit to reap:\n"
	"            190 ms in the median, 2.0 s at most\n"
	"               2.0 s  101 worker                not reaped by 100 server\n"
	"               1.2 s  102 server                reaped by 100 server\n"
	"              190 ms  104 server                reaped by 1 systemd\n"
	"Orphans     2. Their adopters are computed: 1 confirmed by the kernel, 0\n"
	"            refuted, 1 unchecked\n"
	"\n"
	"CPU time    1.6 ms in all, of 4 of 7 processes: the kernel tells when one is\n"
	"            reaped\n"
	"              1.6 ms  100 %       4 × server\n"
	"Memory      the largest, each at its peak (resident)\n"
	"             1.0 MiB  101 worker\n"
	"             1.0 MiB  102 server\n"
	"             1.0 MiB  103 server\n"
	"             1.0 MiB  104 server\n"
	"             1.0 MiB  105 server\n";
/* clang-format on */

static void test_summary(void **state)
{
	struct cast *c = trouble();

	(void)state;
	expect_tally(c, summary_view, summary_text);
	play_end(c);
}

/* clang-format off */
static const char many_text[] =
	"zombie  1001 server  exited (0) at 0.002 s and stayed a zombie for at most\n"
	"                     3.0 s, until its parent 70 server reaped it by 3.000 s. A\n"
	"                     zombie has ended and uses neither CPU nor memory; the\n"
	"                     kernel only keeps its entry in the process table until its\n"
	"                     parent calls wait() or exits. No signal removes it.\n"
	"zombie  1002 server  exited (0) at 0.003 s and was never reaped: its parent\n"
	"                     70 server has not called wait() for it in the 3.0 s since.\n"
	"zombie  1003 server  exited (0) at 0.004 s and was never reaped: its parent\n"
	"                     70 server has not called wait() for it in the 3.0 s since.\n"
	"zombie  1004 server  exited (0) at 0.005 s and was never reaped: its parent\n"
	"                     70 server has not called wait() for it in the 3.0 s since.\n"
	"zombie  1005 other   exited (0) at 0.006 s and was never reaped: its parent\n"
	"                     71 other has not called wait() for it in the 3.0 s since.\n"
	"zombie  1006 server  exited (0) at 0.007 s and was never reaped: its parent\n"
	"                     70 server has not called wait() for it in the 3.0 s since.\n"
	"zombie  1007 server  exited (0) at 0.008 s and was never reaped: its parent\n"
	"                     70 server has not called wait() for it in the 3.0 s since.\n"
	"zombie  1008 server  exited (0) at 0.009 s and was never reaped: its parent\n"
	"                     70 server has not called wait() for it in the 3.0 s since.\n"
	"zombie  1009 server  exited (0) at 0.010 s and was never reaped: its parent\n"
	"                     70 server has not called wait() for it in the 3.0 s since.\n"
	"zombie  1010 other   exited (0) at 0.011 s and was never reaped: its parent\n"
	"                     71 other has not called wait() for it in the 3.0 s since.\n"
	"zombie  … and 37 more: 29 children of server, 8 of other.\n"
	"\n"
	"No orphans: no process outlived its parent.\n";
/* clang-format on */

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
	expect_tally(c, findings_view, many_text);
	play_end(c);
}

/* clang-format off */
static const char late_text[] =
	"zombie  71 old     was a zombie already when the trace began and was never\n"
	"                   reaped: its parent 70 server has not called wait() for it. A\n"
	"                   zombie has ended and uses neither CPU nor memory; the kernel\n"
	"                   only keeps its entry in the process table until its parent\n"
	"                   calls wait() or exits. No signal removes it.\n"
	"zombie  72 older   was a zombie already when the trace began, and remained one,\n"
	"                   until its parent 70 server reaped it by 1.000 s.\n"
	"zombie  80 server  was killed by SEGV at 0.000 s and stayed a zombie for at most\n"
	"                   1.0 s, until its parent 70 server reaped it by 1.000 s.\n"
	"zombie  81 server  exited (0) at 1.000 s and was not yet reaped when the trace\n"
	"                   ended, 30 µs later.\n"
	"\n"
	"No orphans were seen.\n"
	"lost    1 event was not seen. Who was there afterwards, and who was not, has\n"
	"        been looked up; but short lives in between, exit codes and names of\n"
	"        programs may be missing above.\n";
/* clang-format on */

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
	expect_tally(c, findings_view, late_text);
	play_end(c);
}

/* clang-format off */
static const char orphans_text[] =
	"orphan  102 server  its parent 101 server exited first, at 0.005 s; adopted by\n"
	"                    1 systemd; still running at the end. An orphan is a process\n"
	"                    that outlives its parent; it runs on, and its adopter has to\n"
	"                    wait for it when it ends.\n"
	"\n"
	"No zombies: whatever ended was reaped within 100 ms.\n"
	"Still running at the end: 102 server.\n";
/* clang-format on */

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
	expect_tally(finish(c), findings_view, orphans_text);
	play_end(c);
}

/* clang-format off */
static const char handed_on_text[] =
	"zombie  101 server  exited (0) at 0.000 s and stayed a zombie for at most 2.0 s,\n"
	"                    until its parent 100 server reaped it by 2.000 s. A zombie\n"
	"                    has ended and uses neither CPU nor memory; the kernel only\n"
	"                    keeps its entry in the process table until its parent calls\n"
	"                    wait() or exits. No signal removes it.\n"
	"zombie  102 server  exited (0) at 0.000 s and stayed a zombie for at most 2.0 s,\n"
	"                    until its parent 100 server reaped it by 2.000 s.\n"
	"zombie  103 server  exited (3) at 0.000 s and was still a zombie when the trace\n"
	"                    ended, 2.0 s later: its parent 100 server exited at 2.000 s\n"
	"                    without waiting for it, and 1 systemd, which inherited it,\n"
	"                    had not reaped it yet.\n"
	"orphan  102 server  its parent 101 server exited first, at 0.000 s; adopted by\n"
	"                    100 server, which reaped it by 2.000 s. An orphan is a\n"
	"                    process that outlives its parent; it runs on, and its\n"
	"                    adopter has to wait for it when it ends.\n";
/* clang-format on */

/*
 * A subreaper adopts, waits and exits before the kernel has told of the reap: what the
 * model had to hand on meanwhile was never anybody else's.  A zombie that is handed on as
 * the trace ends is not its heir's fault.
 */
static void test_handed_on(void **state)
{
	struct meta late = followed;
	struct cast *c;

	(void)state;
	late.reap_source = REAP_PROCESS_FREE;
	c = begin(&late);
	c->adopter = 100;
	forks(c, 100, 101);
	forks(c, 101, 102);
	quits(c, 101, 0);
	passes(c, 102);
	quits(c, 102, 0);
	c->adopter = 1;
	forks(c, 100, 103);
	quits(c, 103, CODE(3));
	c->now = 2 * S;
	quits(c, 100, 0);
	waits(c, 100, 101);
	waits(c, 100, 102);
	waits(c, 50, 100);
	curtain(c);
	expect_tally(c, findings_view, handed_on_text);
	play_end(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(test_trouble),      PAGE_TEST(test_summary),
		PAGE_TEST(test_many_zombies), PAGE_TEST(test_late_and_before),
		PAGE_TEST(test_only_orphans), PAGE_TEST(test_handed_on),
	};

	return cmocka_run_group_tests_name("findings", tests, NULL, NULL);
}
