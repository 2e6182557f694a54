// SPDX-License-Identifier: GPL-2.0-only
/* After a loss: what exists is told at one moment, and what was missed is put right. */
#include "story.h"

/* What exists, told in one go: pairs of a process and its parent; 0 ends them. */
static void census(struct story *s, const uint32_t *pairs)
{
	struct ev_census c = {.h = story_head(s, EV_CENSUS, 0)};

	while (pairs[2 * c.count])
		c.count++;
	story_feed(s, &c);
	for (uint32_t i = 0; i < c.count; i++) {
		struct ev_snapshot ev = story_snapshot(s, pairs[2 * i], pairs[2 * i + 1]);

		ev.h.flags = EVF_INFERRED;
		story_feed(s, &ev);
	}
}
#define CENSUS(s, ...) census(s, (const uint32_t[]){__VA_ARGS__, 0})

static void nothing_was_missed(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	born(s, 11, 10);
	s->checked = s->n_lines;
	at(s, 5);
	CENSUS(s, 10, 1, 11, 10);
	SILENCE(s);
	assert_int_equal(model_counts(s->m)->inferred, 0);
	/* And it is over: a snapshot is none of a census any more. */
	exists(s, 10, 1);
	SILENCE(s);
	assert_int_equal(model_counts(s->m)->ignored, 1);
}

static void a_birth(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	at(s, 5);
	CENSUS(s, 10, 1, 12, 10);
	exits(s, 12, code(3));
	freed(s, 12, 10);
	TOLD(s, "0 fork 10 of 1", "5 snapshot 12 of 10 (inferred)", "5 exit 12 of 10 code 3",
	     "5 reap 12 by 10 after 0 late");
}

static void an_end(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	born(s, 11, 10);
	born(s, 12, 10);
	exits(s, 12, code(0));
	s->checked = s->n_lines;
	at(s, 5);
	CENSUS(s, 11, 1);
	TOLD(s, "5 exit 10 of 1 code ? (inferred)", "5 orphan 11 from 10 to 1 (inferred)");
	assert_int_equal(proc_fate(lookup(s, 10)), FATE_REAPED);
	/* The kernel may still tell of the reaps. */
	at(s, 20);
	freed(s, 10, 1);
	TOLD(s, "20 reap 10 by 1 after ? late");
	exits(s, 11, code(0));
	TOLD(s, "20 exit 11 of 1 code 0");
	assert_int_equal(model_counts(s->m)->adoption_wrong, 0);
	/* Or it does not: 12 was gone when it was looked for, and is not waited for for ever. */
	at(s, 11000);
	exists(s, 99, 1);
	TOLD(s, "120 zombie 11 of 1 since 20", "10005 reap 12 by ? after 5 late (inferred)",
	     "11000 snapshot 99 of 1");
	freed(s, 12, 1); /* too late */
	SILENCE(s);
}

static void an_end_whose_zombie_is_there(void **state)
{
	struct story *s = *state;
	struct ev_census c = {.h = story_head(s, EV_CENSUS, 0), .count = 1};
	struct ev_snapshot zombie;

	born(s, 10, 1);
	at(s, 5);
	c.h.ts = STORY_T0 + s->now;
	story_feed(s, &c);
	zombie = story_snapshot(s, 10, 1);
	zombie.h.flags = EVF_INFERRED;
	zombie.state = SNAP_ZOMBIE;
	zombie.status = code(3);
	story_feed(s, &zombie);
	TOLD(s, "0 fork 10 of 1", "5 exit 10 of 1 code 3 (inferred)");
	at(s, 205);
	reaped(s, 10, 1);
	/* How long it was one is not known: its end was not seen. */
	TOLD(s, "105 zombie 10 of 1 since 5", "205 reap 10 by 1 after ?");
	assert_true(s->last.exit_inferred);
	assert_true(s->last.has_status);
}

/* Its parent died unseen, but after it: it is handed on, and no orphan. */
static void a_zombie_that_was_handed_on(void **state)
{
	struct story *s = *state;
	struct ev_census c = {.h = story_head(s, EV_CENSUS, 0), .count = 1};
	struct ev_snapshot zombie;

	born(s, 10, 1);
	born(s, 11, 10);
	exits(s, 11, code(3));
	s->checked = s->n_lines;
	at(s, 5);
	c.h.ts = STORY_T0 + s->now;
	story_feed(s, &c);
	zombie = story_snapshot(s, 11, 1);
	zombie.h.flags = EVF_INFERRED;
	zombie.state = SNAP_ZOMBIE;
	zombie.status = code(3);
	story_feed(s, &zombie);
	TOLD(s, "5 exit 10 of 1 code ? (inferred)");
	assert_int_equal(model_counts(s->m)->orphans, 0);
	at(s, 20);
	freed(s, 11, 1);
	TOLD(s, "20 reap 11 by 1 after 20 late");
}

static void everything_ended(void **state)
{
	struct story *s = *state;
	struct ev_census c = {.h = story_head(s, EV_CENSUS, 0)};

	born(s, 10, 1);
	born(s, 11, 10);
	s->checked = s->n_lines;
	story_feed(s, &c);
	TOLD(s, "0 exit 10 of 1 code ? (inferred)", "0 exit 11 of 10 code ? (inferred)");
	at(s, 50);
	ends(s);
	TOLD(s, "50 reap 10 by 1 after ? late (inferred)",
	     "50 reap 11 by 10 after ? late (inferred)", "50 end");
	assert_int_equal(model_counts(s->m)->alive, 0);
}

/* An adoption that we had computed, and the census confirms or corrects. */
static void adopters(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	born(s, 11, 10);
	born(s, 12, 10);
	exits(s, 10, code(0));
	s->checked = s->n_lines;
	at(s, 5);
	reaped(s, 10, 1);
	CENSUS(s, 11, 1, 12, 7);
	TOLD(s, "5 reap 10 by 1 after 5");
	exits_of(s, 12, code(0), 7);
	TOLD(s, "5 exit 12 of 7 code 0");
	assert_int_equal(model_counts(s->m)->adoption_wrong, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(nothing_was_missed), STORY(a_birth),	STORY(an_end),
		STORY(an_end_whose_zombie_is_there), STORY(a_zombie_that_was_handed_on),
		STORY(everything_ended), STORY(adopters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
