// SPDX-License-Identifier: GPL-2.0-only
/* Who was seen to end is watched until its reap is told; and if it never is, not for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <malloc.h>

#include "source/clock.h"
#include "source/reapwatch.h"

#define AGE  (100 * NS_PER_MS)
#define LATE (11 * NS_PER_S)

/* As where reaps are told late. */
static int exited(struct reapwatch *w, const struct task_ref *ref, uint64_t ts)
{
	return reapwatch_exited(w, ref, ts, false);
}

static bool next_gone(struct reapwatch *w, uint64_t now, struct ev_gone *gone)
{
	bool in_order;

	return reapwatch_next_gone(w, now, gone, &in_order) && !in_order;
}

/* Nobody: no PID is that large (PID_MAX_LIMIT is 2^22). */
static struct task_ref nobody(uint32_t n)
{
	return (struct task_ref){.start = 1 + n, .tgid = 1U << 23};
}

/* Alive: to the watch it passes for a zombie that is still there. */
static struct task_ref somebody(pid_t pid)
{
	struct task_ref ref = {.tgid = (uint32_t)pid};
	unsigned long long ticks;
	char line[1024] = "", *p;
	FILE *f;

	snprintf(line, sizeof(line), "/proc/%d/stat", pid);
	f = fopen(line, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	fclose(f);
	p = strrchr(line, ')');
	assert_int_equal(sscanf(p, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
				   "%*d %*d %*d %*d %llu", &ticks), 1);
	ref.start = ticks * NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
	return ref;
}

static pid_t pausing_child(void)
{
	pid_t child = fork();

	if (child == 0)
		pause();
	assert_true(child > 0);
	return child;
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_gone_is_told_once(void **state)
{
	struct reapwatch *w = reapwatch_new(AGE);
	struct task_ref ref = nobody(0);
	uint64_t now = boottime();
	struct ev_gone gone;

	(void)state;
	assert_non_null(w);
	assert_int_equal(exited(w, &ref, now), 0);
	assert_int_equal(reapwatch_deadline(w), now + AGE);
	assert_false(next_gone(w, now + AGE, &gone));
	assert_true(next_gone(w, now + AGE + 1, &gone));
	assert_int_equal(gone.h.ts, now + AGE);
	assert_int_equal(gone.h.who.tgid, ref.tgid);
	assert_false(next_gone(w, now + AGE + 1, &gone));
	assert_true(reapwatch_untold(w, now + 1));
	assert_true(reapwatch_reaped(w, &ref));
	assert_false(reapwatch_untold(w, now + 1));
	reapwatch_free(w);
}

static void test_a_zombie_is_not_gone(void **state)
{
	struct reapwatch *w = reapwatch_new(AGE);
	struct task_ref ref = somebody(getpid());
	uint64_t now = boottime();
	struct ev_gone gone;

	(void)state;
	assert_int_equal(exited(w, &ref, now), 0);
	assert_false(next_gone(w, now + LATE, &gone));
	reapwatch_ask_again(w);
	assert_false(next_gone(w, now + 2 * LATE, &gone));
	assert_false(reapwatch_untold(w, now + 1));
	assert_true(reapwatch_reaped(w, &ref));
	reapwatch_free(w);
}

static void test_a_reap_that_is_never_told(void **state)
{
	struct reapwatch *w = reapwatch_new(AGE);
	struct task_ref ref = nobody(0);
	uint64_t now = boottime();
	struct ev_gone gone;

	(void)state;
	assert_int_equal(exited(w, &ref, now), 0);
	assert_true(next_gone(w, now + NS_PER_S, &gone));
	assert_false(next_gone(w, boottime() + NS_PER_S, &gone));
	assert_true(reapwatch_untold(w, now + 1));
	assert_false(next_gone(w, boottime() + LATE, &gone));
	assert_false(reapwatch_untold(w, now + 1));
	assert_false(reapwatch_reaped(w, &ref));
	reapwatch_free(w);
}

/* A zombie that was reaped later, and the reap, told as it happens, was lost. */
static void test_a_zombie_whose_reap_was_lost(void **state)
{
	struct reapwatch *w = reapwatch_new(AGE);
	uint64_t now = boottime();
	struct ev_gone gone;
	struct task_ref ref;
	pid_t child = pausing_child();

	(void)state;
	ref = somebody(child);
	assert_int_equal(reapwatch_exited(w, &ref, now, true), 0);
	assert_false(next_gone(w, now + NS_PER_S, &gone));
	end(child);
	reapwatch_ask_again(w);
	assert_true(reapwatch_untold(w, now + 1));
	assert_false(next_gone(w, boottime() + LATE, &gone));
	assert_false(reapwatch_untold(w, now + 1));
	reapwatch_free(w);
}

/* Zombies of an hour are looked for; it is asked about after 100 ms all the same. */
static void test_asked_early_and_of_age(void **state)
{
	const uint64_t early = 100 * NS_PER_MS, hour = 3600 * NS_PER_S;
	struct reapwatch *w = reapwatch_new(hour);
	struct task_ref ref = nobody(0), zombie;
	uint64_t now = boottime();
	struct ev_gone gone;
	pid_t child = pausing_child();

	(void)state;
	zombie = somebody(child);
	assert_int_equal(exited(w, &ref, now), 0);
	assert_int_equal(exited(w, &zombie, now), 0);
	assert_int_equal(reapwatch_deadline(w), now + early);
	assert_true(next_gone(w, now + early + 1, &gone));
	assert_int_equal(gone.h.who.tgid, ref.tgid);
	assert_int_equal(gone.h.ts, now + early);
	assert_false(next_gone(w, now + early + 1, &gone));
	assert_false(next_gone(w, now + hour - 1, &gone));
	assert_int_equal(reapwatch_deadline(w), now + hour);
	end(child);
	assert_false(next_gone(w, now + hour, &gone));
	assert_true(next_gone(w, now + hour + 1, &gone));
	assert_int_equal(gone.h.who.tgid, zombie.tgid);
	assert_int_equal(reapwatch_deadline(w), UINT64_MAX);
	reapwatch_free(w);
}

/* A zombie is asked about when it has doubled its age, so that it costs few wake-ups. */
static void test_asked_as_the_age_doubles(void **state)
{
	struct reapwatch *w = reapwatch_new(300 * NS_PER_MS);
	const uint64_t ages[] = {100, 200, 300, 400, 800, 1600, 3200};
	struct task_ref ref = somebody(getpid());
	uint64_t now = boottime(), due;
	struct ev_gone gone;
	int n = 0;

	(void)state;
	assert_int_equal(exited(w, &ref, now), 0);
	for (size_t i = 0; i < sizeof(ages) / sizeof(*ages); i++) {
		assert_int_equal(reapwatch_deadline(w), now + ages[i] * NS_PER_MS);
		assert_false(next_gone(w, now + ages[i] * NS_PER_MS + 1, &gone));
	}
	for (; (due = reapwatch_deadline(w)) != UINT64_MAX; n++)
		assert_false(next_gone(w, due + 1, &gone));
	assert_in_range(n, 10, 30);
	reapwatch_free(w);
}

/* Seen to be a zombie, reaped then, and never told of: heard of when it is asked about again. */
static void test_a_zombie_whose_reap_is_never_told(void **state)
{
	struct reapwatch *w = reapwatch_new(AGE);
	uint64_t now = boottime();
	struct task_ref ref, in_order;
	struct ev_gone gone;
	pid_t child = pausing_child(), other = pausing_child();

	(void)state;
	ref = somebody(child);
	in_order = somebody(other);
	assert_int_equal(exited(w, &ref, now), 0);
	assert_int_equal(reapwatch_exited(w, &in_order, now, true), 0);
	assert_false(next_gone(w, now + NS_PER_S, &gone));
	end(child);
	end(other);
	assert_false(next_gone(w, now + NS_PER_S, &gone));
	assert_true(next_gone(w, now + 2 * NS_PER_S, &gone));
	assert_int_equal(gone.h.who.tgid, ref.tgid);
	/* The other's reap is told as it happens, or lost and counted. */
	assert_false(next_gone(w, now + 2 * NS_PER_S, &gone));
	assert_int_equal(reapwatch_deadline(w), UINT64_MAX);
	reapwatch_free(w);
}

static size_t heap(void)
{
	struct mallinfo2 i = mallinfo2();

	return i.uordblks + i.hblkhd;
}

static void test_flat_though_every_reap_is_lost(void **state)
{
	struct reapwatch *w = reapwatch_new(AGE);
	size_t early = 0, before = heap();
	struct ev_gone gone;

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		struct task_ref ref = nobody(i);
		uint64_t now = boottime();

		assert_int_equal(exited(w, &ref, now), 0);
		assert_true(next_gone(w, now + NS_PER_S, &gone));
		/* ten seconds later */
		assert_false(next_gone(w, boottime() + LATE, &gone));
		if (i == 1000)
			early = heap() - before;
	}
	assert_true(heap() - before <= early + 4096);
	reapwatch_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gone_is_told_once),
		cmocka_unit_test(test_a_zombie_is_not_gone),
		cmocka_unit_test(test_a_reap_that_is_never_told),
		cmocka_unit_test(test_a_zombie_whose_reap_was_lost),
		cmocka_unit_test(test_asked_early_and_of_age),
		cmocka_unit_test(test_asked_as_the_age_doubles),
		cmocka_unit_test(test_a_zombie_whose_reap_is_never_told),
		cmocka_unit_test(test_flat_though_every_reap_is_lost),
	};

	return cmocka_run_group_tests_name("reapwatch", tests, NULL, NULL);
}
