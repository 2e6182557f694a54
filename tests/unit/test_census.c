/* SPDX-License-Identifier: GPL-2.0-only */
/* A model that is told what another one says of a moment knows the same from then on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cast.h"

static const struct meta meta = {.t0 = CAST_T0, .wall0 = 1700000000 * S};

static void ignore(void *ctx, const struct fact *f)
{
	(void)ctx;
	(void)f;
}

static struct model *told_by(const struct model *from)
{
	const struct model_options opt = {100 * MS, .keep = KEEP_ALL, .keep_args = true};
	struct model *to = model_new(&opt, &meta, ignore, NULL);

	assert_non_null(to);
	for (const struct proc *p = model_first(from); p; p = model_next(p)) {
		struct ev_snapshot *s;

		if (p->state == PROC_GONE)
			continue;
		s = model_census(from, p);
		assert_non_null(s);
		assert_int_equal(model_feed(to, &s->h), 0);
		free(s);
	}
	return to;
}

static void test_the_same_is_known(void **state)
{
	struct cast *c = play(&meta);
	struct model *later;
	const struct proc *p, *q;
	size_t n = 0;

	(void)state;
	found(c, 1, 0, "init");
	found(c, 20, 1, "make");
	runs(c, 20, "/usr/bin/make", ARGS("make\0-j8"));
	c->adopter = 1;
	c->now = 10 * MS;
	forks(c, 20, 21);
	forks(c, 21, 22);
	forks(c, 20, 23);
	forks(c, 20, 24);
	c->now = 20 * MS;
	quits(c, 21, CODE(0)); /* which leaves 22 to init */
	quits(c, 23, CODE(3)); /* and stays a zombie */
	quits(c, 24, CODE(0));
	waits(c, 20, 24);
	c->now = 30 * MS;

	later = told_by(c->m);
	for (p = model_first(c->m); p; p = model_next(p)) {
		if (p->state == PROC_GONE)
			continue;
		q = model_find(later, &p->ref);
		assert_non_null(q);
		assert_string_equal(q->comm, p->comm);
		assert_true(ref_same(&q->parent.ref, &p->parent.ref));
		assert_int_equal(q->state, p->state);
		assert_int_equal(q->exit_ts, p->exit_ts);
		assert_int_equal(q->status, p->status);
		assert_int_equal(q->uid, p->uid);
		assert_int_equal(q->pid_ns, p->pid_ns);
		assert_int_equal(q->cgroup_id, p->cgroup_id);
		assert_int_equal(q->args_bytes, p->args_bytes);
		assert_int_equal(q->args_len, p->args_len);
		if (p->args_len)
			assert_memory_equal(q->args, p->args, p->args_len);
		assert_int_equal(q->adopted_before, p->orphaned_ts != NO_TIME);
		n++;
	}
	assert_int_equal(n, 5);
	for (q = model_first(later); q; q = model_next(q))
		n--;
	assert_int_equal(n, 0);
	model_free(later);
	play_end(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
