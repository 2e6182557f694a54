/* SPDX-License-Identifier: GPL-2.0-only */
/* The model: three parents, orphans and their adopters, and what the kernel says to that. */
#include "story.h"

#define CHECKED(s) model_counts((s)->m)->adoption_checked
#define WRONG(s)   model_counts((s)->m)->adoption_wrong

static void an_orphan(void **state)
{
	struct story *s = *state;

	exists(s, 1, 0);
	exists(s, 5, 1);
	at(s, 1);
	born(s, 10, 5);
	born(s, 11, 10);
	born(s, 12, 10);
	at(s, 2);
	exits(s, 10, code(0));
	TOLD(s, "0 snapshot 1 of ?", "0 snapshot 5 of 1", "1 fork 10 of 5", "1 fork 11 of 10",
	     "1 fork 12 of 10", "2 exit 10 of 5 code 0", "2 orphan 11 from 10 to 1",
	     "2 orphan 12 from 10 to 1");
	assert_string_equal(s->fact.old_parent.comm, "p5");
	assert_string_equal(s->fact.new_parent.comm, "p1");
	assert_int_equal(s->last.orphaned_ts, 2 * MS);
	assert_int_equal(s->last.birth_parent.tgid, 10);
	assert_int_equal(s->last.parent.ref.tgid, 1);
	assert_int_equal(s->last.old_parent.ref.tgid, 10);
	assert_int_equal(s->last.new_parent.ref.tgid, 1);
	at(s, 3);
	exits(s, 11, code(0));
	reaped(s, 11, 1);
	TOLD(s, "3 exit 11 of 1 code 0", "3 reap 11 by 1 after 0");
	assert_int_equal(s->last.last_adopter.ref.tgid, 1);
	assert_int_equal(CHECKED(s), 1);
	assert_int_equal(WRONG(s), 0);
	assert_int_equal(model_counts(s->m)->orphans, 2);
}

/* The nearest subreaper adopts, not PID 1. */
static void a_subreaper(void **state)
{
	struct story *s = *state;

	s->adopter = 5;
	exists(s, 5, 1);
	execs(s, 5, "subreaper");
	born(s, 10, 5);
	born(s, 11, 10);
	born(s, 12, 11);
	at(s, 1);
	exits(s, 11, code(0));
	at(s, 2);
	exits(s, 12, code(0));
	reaped(s, 12, 5);
	TOLD(s, "0 snapshot 5 of 1", "0 exec 5 of 1", "0 fork 10 of 5", "0 fork 11 of 10",
	     "0 fork 12 of 11", "1 exit 11 of 10 code 0", "1 orphan 12 from 11 to 5",
	     "2 exit 12 of 5 code 0", "2 reap 12 by 5 after 0");
	assert_string_equal(s->last.reaper.comm, "subreaper");
	assert_int_equal(CHECKED(s), 1);
	assert_int_equal(WRONG(s), 0);
}

static void an_orphan_of_an_orphan(void **state)
{
	struct story *s = *state;

	s->adopter = 5;
	born(s, 5, 1);
	born(s, 10, 5);
	born(s, 11, 10);
	at(s, 1);
	exits(s, 10, code(0));
	at(s, 2);
	s->adopter = 1;
	exits(s, 5, code(0)); /* the subreaper itself dies, with a zombie and an orphan */
	at(s, 3);
	exits(s, 11, code(0));
	reaped(s, 11, 1);
	TOLD(s, "0 fork 5 of 1", "0 fork 10 of 5", "0 fork 11 of 10", "1 exit 10 of 5 code 0",
	     "1 orphan 11 from 10 to 5", "2 exit 5 of 1 code 0", "2 orphan 11 from 5 to 1",
	     "3 exit 11 of 1 code 0", "3 reap 11 by 1 after 0");
	assert_int_equal(s->last.orphaned_ts, 1 * MS);
	assert_int_equal(s->last.old_parent.ref.tgid, 10);
	assert_int_equal(s->last.new_parent.ref.tgid, 5);
	assert_int_equal(s->last.last_adopter.ref.tgid, 1);
	assert_int_equal(model_counts(s->m)->orphans, 2);
	assert_int_equal(CHECKED(s), 1);
}

/* The adopter's own children come first, then the adopted: the order of the kernel's list. */
static void order_of_children(void **state)
{
	struct story *s = *state;

	s->adopter = 5;
	born(s, 5, 1);
	born(s, 10, 5);
	born(s, 11, 10);
	born(s, 12, 5);
	exits(s, 10, code(0));
	reaped(s, 10, 5);
	s->checked = s->n_lines;
	s->adopter = 1;
	exits(s, 5, code(0));
	TOLD(s, "0 exit 5 of 1 code 0", "0 orphan 12 from 5 to 1", "0 orphan 11 from 5 to 1");
}

/* A zombie is nobody's orphan: it is dead.  It goes to the adopter all the same. */
static void a_zombie_changes_hands(void **state)
{
	struct story *s = *state;

	exists(s, 1, 0);
	born(s, 10, 1);
	born(s, 11, 10);
	at(s, 1);
	exits(s, 11, code(0));
	at(s, 2);
	exits(s, 10, code(0));
	at(s, 4);
	reaped(s, 11, 1);
	TOLD(s, "0 snapshot 1 of ?", "0 fork 10 of 1", "0 fork 11 of 10", "1 exit 11 of 10 code 0",
	     "2 exit 10 of 1 code 0", "4 reap 11 by 1 after 3");
	assert_int_equal(s->last.parent.ref.tgid, 1);
	assert_int_equal(s->last.last_adopter.ref.tgid, 1);
	assert_int_equal(s->last.orphaned_ts, NO_TIME);
	assert_int_equal(model_counts(s->m)->orphans, 0);
}

/* The birth parent is not who called clone. */
static void clone_parent(void **state)
{
	struct story *s = *state;
	struct ev_fork f;

	born(s, 10, 1);
	born(s, 11, 10);
	f = story_fork(s, 12, 10);
	f.creator = story_ref(11);
	f.creator.tid = 13;
	story_feed(s, &f);
	assert_int_equal(s->fact.creator.tid, 13);
	assert_int_equal(s->last.birth_parent.tgid, 10);
	/* So its creator may die without making it an orphan. */
	exits(s, 11, code(0));
	exits(s, 10, code(0));
	TOLD(s, "0 fork 10 of 1", "0 fork 11 of 10", "0 fork 12 of 10 by 11",
	     "0 exit 11 of 10 code 0", "0 exit 10 of 1 code 0", "0 orphan 12 from 10 to 1");
}

/* With the init of a PID namespace goes all that is in it. */
static void init_of_a_namespace(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	born(s, 11, 10);
	born(s, 12, 10);
	exits(s, 12, code(0));
	at(s, 1);
	exits_flagged(s, 10, 9, EVF_NS_INIT);
	TOLD(s, "0 fork 10 of 1", "0 fork 11 of 10", "0 fork 12 of 10", "0 exit 12 of 10 code 0",
	     "1 exit 10 of 1 signal 9");
	/* It reaps them as it dies: that is not the kernel's autoreap. */
	at(s, 2);
	kills(s, 10, 11, 9);
	exits(s, 11, 9);
	reaped(s, 11, 10);
	at(s, 3);
	freed(s, 12, 10);
	reaped(s, 10, 1);
	TOLD(s, "2 exit 11 of 10 signal 9 killed by 10", "2 reap 11 by 10 after 0",
	     "3 reap 12 by 10 after 3 late", "3 reap 10 by 1 after 2");
	assert_int_equal(WRONG(s), 0);
}

static void nobody_adopts(void **state)
{
	struct story *s = *state;

	s->adopter = 0;
	born(s, 10, 1);
	born(s, 11, 10);
	born(s, 12, 10);
	exits(s, 12, code(0));
	exits(s, 10, code(0));
	TOLD(s, "0 fork 10 of 1", "0 fork 11 of 10", "0 fork 12 of 10", "0 exit 12 of 10 code 0",
	     "0 exit 10 of 1 code 0", "0 orphan 11 from 10 to ?");
	/* What the child tells at its own exit is then the answer, and no contradiction. */
	exits_of(s, 11, code(0), 1);
	reaped(s, 12, 1);
	TOLD(s, "0 exit 11 of 1 code 0", "0 reap 12 by 1 after 0");
	assert_int_equal(lookup(s, 11)->new_parent.ref.tgid, 1);
	assert_int_equal(CHECKED(s), 0);
	assert_int_equal(WRONG(s), 0);
}

static void not_its_own_adopter(void **state)
{
	struct story *s = *state;

	s->adopter = 11;
	born(s, 10, 1);
	born(s, 11, 10);
	exits(s, 10, code(0));
	TOLD(s, "0 fork 10 of 1", "0 fork 11 of 10", "0 exit 10 of 1 code 0",
	     "0 orphan 11 from 10 to ?");
	s->adopter = 20;
	born(s, 20, 1);
	born(s, 21, 20);
	exits(s, 20, code(0));
	TOLD(s, "0 fork 20 of 1", "0 fork 21 of 20", "0 exit 20 of 1 code 0",
	     "0 orphan 21 from 20 to ?");
}

/* The kernel says that somebody else adopted it. */
static void a_wrong_adoption(void **state)
{
	struct story *s = *state;

	exists(s, 1, 0);
	exists(s, 5, 1);
	born(s, 10, 5);
	born(s, 11, 10);
	born(s, 12, 10);
	s->adopter = 5;
	exits(s, 10, code(0));
	s->checked = s->n_lines;
	exits_of(s, 11, code(0), 1);
	TOLD(s, "0 exit 11 of 1 code 0");
	assert_int_equal(CHECKED(s), 1);
	assert_int_equal(WRONG(s), 1);
	assert_int_equal(s->last.new_parent.ref.tgid, 1);
	/* An exec may tell it first. */
	*story_parent(s, 12) = 1;
	execs(s, 12, "late");
	assert_int_equal(CHECKED(s), 2);
	assert_int_equal(WRONG(s), 2);
	exits(s, 12, code(0));
	TOLD(s, "0 exec 12 of 1", "0 exit 12 of 1 code 0");
	assert_int_equal(CHECKED(s), 2);
	/* From then on it is 1's. */
	reaped(s, 11, 1);
	TOLD(s, "0 reap 11 by 1 after 0");
}

/* sched_process_exit comes before the kernel reparents. */
static void told_the_dead_parent(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	born(s, 11, 10);
	born(s, 12, 10);
	exits(s, 10, code(0));
	at(s, 1);
	*story_parent(s, 12) = 10;
	execs(s, 12, "busy");
	exits_of(s, 11, code(0), 10);
	TOLD(s, "0 fork 10 of 1", "0 fork 11 of 10", "0 fork 12 of 10", "0 exit 10 of 1 code 0",
	     "0 orphan 11 from 10 to 1", "0 orphan 12 from 10 to 1", "1 exec 12 of 1",
	     "1 exit 11 of 10 code 0");
	assert_int_equal(lookup(s, 11)->parent.ref.tgid, 1);
	assert_int_equal(lookup(s, 11)->last_adopter.ref.tgid, 1);
	assert_int_equal(CHECKED(s), 0);
	assert_int_equal(WRONG(s), 0);
	at(s, 2);
	freed(s, 11, 1);
	TOLD(s, "2 reap 11 by 1 after 1 late");
	/* A parent that was dead before it cannot have reaped it. */
	exits_of(s, 12, code(0), 10);
	freed(s, 12, 10);
	TOLD(s, "2 exit 12 of 10 code 0", "2 reap 12 by ? after 0 late");
}

/* Its parent's death was lost, or lies outside of what is traced. */
static void an_unseen_death(void **state)
{
	struct story *s = *state;

	exists(s, 10, 5); /* 5 is never seen */
	born(s, 11, 10);
	at(s, 1);
	exits_of(s, 10, code(0), 1);
	TOLD(s, "0 snapshot 10 of 5", "0 fork 11 of 10", "1 orphan 10 from 5 to 1 (inferred)",
	     "1 exit 10 of 1 code 0", "1 orphan 11 from 10 to 1");
	assert_int_equal(lookup(s, 10)->orphaned_ts, 1 * MS);
	assert_int_equal(lookup(s, 10)->new_parent.ref.tgid, 1);
	/* Known to be dead: reaped without an exit, or gone. */
	born(s, 20, 1);
	born(s, 21, 20);
	reaped(s, 20, 1);
	*story_parent(s, 21) = 1;
	execs(s, 21, "x");
	exits(s, 21, code(0));
	TOLD(s, "1 fork 20 of 1", "1 fork 21 of 20", "1 exit 20 of 1 code ? (inferred)",
	     "1 reap 20 by 1 after ?",
	     "1 orphan 21 from 20 to 1 (inferred)", "1 exec 21 of 1", "1 exit 21 of 1 code 0");
	born(s, 30, 1);
	born(s, 31, 30);
	vanished(s, 30);
	exits_of(s, 31, code(0), 1);
	TOLD(s, "1 fork 30 of 1", "1 fork 31 of 30", "1 exit 30 of 1 code ? (inferred)",
	     "1 orphan 31 from 30 to 1 (inferred)",
	     "1 exit 31 of 1 code 0");
	assert_int_equal(CHECKED(s), 0);
	assert_int_equal(WRONG(s), 0);
}

/* Its parent lives, but the kernel names another: we had been wrong. */
static void a_wrong_parent(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	born(s, 11, 10);
	born(s, 12, 1);
	exits_of(s, 11, code(0), 12);
	reaped(s, 11, 12);
	TOLD(s, "0 fork 10 of 1", "0 fork 11 of 10", "0 fork 12 of 1", "0 exit 11 of 12 code 0",
	     "0 reap 11 by 12 after 0");
	assert_int_equal(CHECKED(s), 1);
	assert_int_equal(WRONG(s), 1);
	assert_int_equal(model_counts(s->m)->orphans, 0);
}

/* A fork was lost; when its process is met later, it finds the children it has. */
static void a_stranger_with_children(void **state)
{
	struct story *s = *state;

	born(s, 11, 10);
	born(s, 12, 10);
	exits(s, 12, code(0));
	*story_parent(s, 10) = 1;
	exits(s, 10, code(0));
	TOLD(s, "0 fork 11 of 10", "0 fork 12 of 10", "0 exit 12 of 10 code 0",
	     "0 snapshot 10 of 1 (inferred)", "0 exit 10 of 1 code 0", "0 orphan 11 from 10 to 1");
	reaped(s, 12, 1);
	TOLD(s, "0 reap 12 by 1 after 0");
	if (s->keep == KEEP_ALL) {
		assert_ptr_equal(lookup(s, 12)->born_of, lookup(s, 10));
	}
}

/* A sibling's clone(CLONE_PARENT) comes between a parent's end and the adoption. */
static void born_of_a_dying_parent(void **state)
{
	struct story *s = *state;
	struct ev_fork ev;

	s->adopter = 5;
	born(s, 5, 1);
	born(s, 10, 5);
	born(s, 11, 10);
	exits(s, 10, code(0));
	s->checked = s->n_lines;
	at(s, 1);
	*story_parent(s, 12) = 10;
	ev = story_fork(s, 12, 10);
	ev.creator = story_ref(11);
	story_feed(s, &ev);
	*story_parent(s, 12) = 5;
	TOLD(s, "1 fork 12 of 10 by 11", "1 orphan 12 from 10 to 5");
	exits(s, 12, code(0));
	reaped(s, 12, 5);
	TOLD(s, "1 exit 12 of 5 code 0", "1 reap 12 by 5 after 0");
	assert_int_equal(CHECKED(s), 1);
	assert_int_equal(WRONG(s), 0);
}

/* An adopter that was never seen itself has to hand on what it adopted, once it is. */
static void an_unknown_adopter(void **state)
{
	struct story *s = *state;

	s->adopter = 40;
	born(s, 10, 1);
	born(s, 11, 10);
	exits(s, 10, code(0));
	s->adopter = 1;
	*story_parent(s, 40) = 1;
	exits(s, 40, code(0));
	TOLD(s, "0 fork 10 of 1", "0 fork 11 of 10", "0 exit 10 of 1 code 0",
	     "0 orphan 11 from 10 to 40", "0 snapshot 40 of 1 (inferred)", "0 exit 40 of 1 code 0",
	     "0 orphan 11 from 40 to 1");
}

/* What does not say who the parent is, says nothing against the one we know. */
static void no_parent_told(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	born(s, 11, 10);
	exits_of(s, 11, code(0), 0);
	exits_of(s, 10, code(0), 10);
	TOLD(s, "0 fork 10 of 1", "0 fork 11 of 10", "0 exit 11 of 10 code 0",
	     "0 exit 10 of 1 code 0");
	assert_int_equal(WRONG(s), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(an_orphan),
		STORY(a_subreaper),
		STORY(an_orphan_of_an_orphan),
		STORY(order_of_children),
		STORY(a_zombie_changes_hands),
		STORY(clone_parent),
		STORY(init_of_a_namespace),
		STORY(nobody_adopts),
		STORY(not_its_own_adopter),
		STORY(a_wrong_adoption),
		STORY(told_the_dead_parent),
		STORY(an_unseen_death),
		STORY(a_wrong_parent),
		STORY(a_stranger_with_children),
		STORY(born_of_a_dying_parent),
		STORY(an_unknown_adopter),
		STORY(no_parent_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
