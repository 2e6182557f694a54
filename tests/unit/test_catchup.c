// SPDX-License-Identifier: GPL-2.0-only
/* The list of what exists, and what the probes told while it was made, fit together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "source/catchup.h"

/* The trace begins at T0; a process is its PID, and as old as that is small. */
#define T0 1000

struct start {
	struct snapshot list;
	struct queue early;
};

static struct task_ref ref(uint32_t pid)
{
	return (struct task_ref){.start = 10 * pid, .tgid = pid};
}

static int set_up(void **state)
{
	*state = calloc(1, sizeof(struct start));
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	struct start *s = *state;

	free(s->list.list);
	queue_free(&s->early);
	free(s);
	return 0;
}

static void listed(struct start *s, uint32_t pid, uint32_t parent)
{
	s->list.list = realloc(s->list.list, (s->list.n + 1) * sizeof(*s->list.list));
	assert_non_null(s->list.list);
	s->list.list[s->list.n++] = (struct ev_snapshot){
		.h = {.kind = EV_SNAPSHOT, .who = ref(pid), .comm = "listed"},
		.parent = ref(parent),
	};
}

static struct event head(uint64_t ts, enum event_kind kind, uint32_t pid, const char *comm)
{
	struct event h = {.ts = ts, .kind = (uint16_t)kind, .who = ref(pid)};

	strcpy(h.comm, comm);
	return h;
}

static void told(struct start *s, const void *ev, size_t size)
{
	assert_int_equal(queue_add(&s->early, ev, size), 0);
}

static void born(struct start *s, uint64_t ts, uint32_t pid, uint32_t parent)
{
	struct ev_fork f = {.h = head(ts, EV_FORK, pid, "born"), .parent = ref(parent), .uid = 7};

	told(s, &f, sizeof(f));
}

static void execs(struct start *s, uint64_t ts, uint32_t pid)
{
	struct ev_exec x = {.h = head(ts, EV_EXEC, pid, "exec"), .uid = 8, .gid = 9};

	told(s, &x, sizeof(x));
}

static void exits(struct start *s, uint64_t ts, uint32_t pid, uint32_t adopter)
{
	struct ev_exit x = {.h = head(ts, EV_EXIT, pid, "exit"), .adopter = ref(adopter),
			    .status = 3 << 8};

	told(s, &x, sizeof(x));
}

static void reaped(struct start *s, uint64_t ts, uint32_t pid)
{
	struct ev_reap r = {.h = head(ts, EV_REAP, pid, "reap")};

	told(s, &r, sizeof(r));
}

static const struct queued *caught_up(struct start *s)
{
	const struct queued *rest;

	assert_int_equal(catch_up(&s->list, &s->early, T0, &rest), 0);
	return rest;
}

static const struct ev_snapshot *entry(const struct start *s, uint32_t pid)
{
	for (size_t i = 0; i < s->list.n; i++)
		if (s->list.list[i].h.who.tgid == pid)
			return &s->list.list[i];
	return NULL;
}

static void test_nothing_happened(void **state)
{
	struct start *s = *state;

	listed(s, 3, 1);
	listed(s, 1, 0);
	assert_null(caught_up(s));
	assert_int_equal(s->list.n, 2);
	/* In order of birth, whatever the kernel's order was. */
	assert_int_equal(s->list.list[0].h.who.tgid, 1);
	assert_int_equal(s->list.list[1].h.who.tgid, 3);
}

static void test_born_before_the_trace(void **state)
{
	struct start *s = *state;

	listed(s, 2, 1);
	born(s, T0 - 2, 2, 1);
	born(s, T0 - 1, 3, 2);
	assert_null(caught_up(s));
	assert_int_equal(s->list.n, 2);
	assert_string_equal(entry(s, 2)->h.comm, "listed");
	assert_int_equal(entry(s, 3)->h.kind, EV_SNAPSHOT);
	assert_int_equal(entry(s, 3)->state, SNAP_ALIVE);
	assert_int_equal(entry(s, 3)->parent.tgid, 2);
	assert_int_equal(entry(s, 3)->uid, 7);
}

static void test_born_after_it_began(void **state)
{
	struct start *s = *state;

	listed(s, 2, 1);
	listed(s, 3, 1);
	born(s, T0, 3, 1);
	assert_ptr_equal(caught_up(s), s->early.first);
	assert_non_null(entry(s, 2));
	assert_null(entry(s, 3));
}

static void test_became_another_program(void **state)
{
	struct start *s = *state;

	listed(s, 2, 1);
	listed(s, 3, 1);
	execs(s, T0 - 1, 2);
	execs(s, T0, 3);
	assert_int_equal(caught_up(s)->ev.who.tgid, 3);
	assert_string_equal(entry(s, 2)->h.comm, "exec");
	assert_int_equal(entry(s, 2)->uid, 8);
	assert_int_equal(entry(s, 2)->gid, 9);
	assert_string_equal(entry(s, 3)->h.comm, "listed");
}

static void test_ended_before_the_trace(void **state)
{
	struct start *s = *state;

	listed(s, 1, 0);
	listed(s, 2, 1);
	listed(s, 3, 2);
	listed(s, 4, 2);
	exits(s, T0 - 3, 2, 1);
	exits(s, T0 - 2, 4, 1);
	reaped(s, T0 - 1, 4);
	exits(s, T0, 1, 0);
	assert_int_equal(caught_up(s)->ev.who.tgid, 1);
	assert_int_equal(s->list.n, 3);
	assert_int_equal(entry(s, 1)->state, SNAP_ALIVE);
	assert_int_equal(entry(s, 2)->state, SNAP_ZOMBIE);
	assert_int_equal(entry(s, 2)->status, 3 << 8);
	assert_int_equal(entry(s, 3)->parent.tgid, 1);
	assert_null(entry(s, 4));
}

static void test_births_that_are_still_to_be_told(void **state)
{
	struct start *s = *state;

	listed(s, 1, 0);
	listed(s, 50, 1);
	listed(s, 51, 50);
	/* Older than the probes: nobody tells of it. */
	assert_false(births_untold(&s->list, &s->early, 511));
	assert_true(births_untold(&s->list, &s->early, 500));
	born(s, T0 - 1, 50, 1);
	execs(s, T0 - 1, 51);
	assert_true(births_untold(&s->list, &s->early, 500));
	born(s, T0, 51, 50);
	assert_false(births_untold(&s->list, &s->early, 500));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_happened, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_born_before_the_trace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_born_after_it_began, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_became_another_program, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ended_before_the_trace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_births_that_are_still_to_be_told, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("catchup", tests, NULL, NULL);
}
