/* SPDX-License-Identifier: GPL-2.0-only */
/* The model: exit, zombie, reap: told exactly, told late, told never. */
#include "story.h"

#include <time.h>

static void a_zombie(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	at(s, 5);
	exits(s, 10, code(3));
	assert_true(model_next_deadline(s->m) == STORY_T0 + 105 * MS + 1);
	at(s, 300);
	born(s, 11, 1);
	TOLD(s, "0 fork 10 of 1", "5 exit 10 of 1 code 3", "105 zombie 10 of 1 since 5",
	     "300 fork 11 of 1");
	assert_int_equal(lookup(s, 10)->zombie_flag_ts, 105 * MS);
	assert_true(model_next_deadline(s->m) == NO_TIME);
	reaped(s, 10, 1);
	TOLD(s, "300 reap 10 by 1 after 295");
	assert_int_equal(s->last.zombie_flag_ts, 105 * MS);
	assert_int_equal(model_counts(s->m)->zombies, 1);
}

/* Longer than the limit, not as long as it. */
static void at_the_limit(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	born(s, 11, 1);
	exits(s, 10, code(0));
	exits(s, 11, code(0));
	at(s, 100);
	reaped(s, 10, 1);
	TOLD(s, "0 fork 10 of 1", "0 fork 11 of 1", "0 exit 10 of 1 code 0",
	     "0 exit 11 of 1 code 0", "100 reap 10 by 1 after 100");
	s->now++;
	reaped(s, 11, 1);
	TOLD(s, "100 zombie 11 of 1 since 0", "100 reap 11 by 1 after 100");
	assert_int_equal(s->fact.zombie_ns, 100 * MS + 1);
}

/* A tick flags, and the flag has the time when it was due. */
static void a_tick(void **state)
{
	struct story *s = *state;
	struct event tick = {.ts = STORY_T0 + 100 * MS, .kind = EV_TICK};

	born(s, 10, 1);
	exits(s, 10, code(0));
	s->checked = s->n_lines;
	story_feed(s, &tick);
	SILENCE(s);
	tick.ts = model_next_deadline(s->m);
	story_feed(s, &tick);
	TOLD(s, "100 zombie 10 of 1 since 0");
	assert_true(model_next_deadline(s->m) == NO_TIME);
}

static void flagged_in_order_of_death(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	born(s, 11, 1);
	born(s, 12, 1);
	at(s, 1);
	exits(s, 12, code(0));
	at(s, 2);
	exits(s, 10, code(0));
	at(s, 3);
	exits(s, 11, code(0));
	at(s, 4);
	reaped(s, 10, 1);
	s->checked = s->n_lines;
	at(s, 102);
	ends(s);
	TOLD(s, "101 zombie 12 of 1 since 1", "102 zombie 11 of 1 since 3", "102 end");
	assert_int_equal(model_counts(s->m)->zombies, 2);
	assert_int_equal(model_counts(s->m)->zombies_now, 2);
	assert_int_equal(model_counts(s->m)->alive, 0);
	assert_int_equal(proc_fate(lookup(s, 11)), FATE_ZOMBIE);
}

static void a_zombie_in_the_snapshot(void **state)
{
	struct story *s = *state;

	at(s, 10);
	exists_zombie(s, 10, 1, 9);
	exists_zombie(s, 11, 1, code(1));
	at(s, 20);
	reaped(s, 11, 1);
	at(s, 200);
	ends(s);
	TOLD(s, "10 snapshot 10 of 1 zombie", "10 snapshot 11 of 1 zombie",
	     "20 reap 11 by 1 after ?", "110 zombie 10 of 1 since ?", "200 end");
	assert_int_equal(lookup(s, 10)->exit_ts, NO_TIME);
	assert_int_equal(lookup(s, 10)->status, 9);
	assert_true(lookup(s, 10)->has_status);
	assert_true(proc_zombie_ns(lookup(s, 10), 200 * MS) == NO_TIME);
}

static void autoreap_told_exactly(void **state)
{
	struct story *s = *state;
	struct ev_reap r;

	born(s, 10, 1);
	born(s, 11, 1);
	born(s, 12, 1);
	exits_flagged(s, 10, code(0), EVF_AUTOREAP);
	exits_flagged(s, 11, code(0), EVF_AUTOREAP);
	exits(s, 12, code(0));
	at(s, 1);
	/* By the dying task itself; by a tracer that let go of it. */
	r = story_reap(s, 10, 10);
	r.h.flags = EVF_EXACT | EVF_SELF_REAP;
	story_feed(s, &r);
	TOLD(s, "0 fork 10 of 1", "0 fork 11 of 1", "0 fork 12 of 1",
	     "0 exit 10 of 1 code 0 autoreap", "0 exit 11 of 1 code 0 autoreap",
	     "0 exit 12 of 1 code 0", "1 reap 10 autoreap after 1");
	assert_int_equal(s->last.reaper.ref.tgid, 0);
	assert_int_equal(proc_fate(&s->last), FATE_AUTOREAPED);
	reaped(s, 11, 50);
	/* It was not foretold (the parent changed its mind), but so it was. */
	r = story_reap(s, 12, 12);
	r.h.flags = EVF_EXACT | EVF_SELF_REAP;
	story_feed(s, &r);
	TOLD(s, "1 reap 11 autoreap after 1", "1 reap 12 autoreap after 1");
	/* It was foretold, but the parent waited for it after all. */
	born(s, 13, 1);
	exits_flagged(s, 13, code(0), EVF_AUTOREAP);
	reaped(s, 13, 1);
	TOLD(s, "1 fork 13 of 1", "1 exit 13 of 1 code 0 autoreap", "1 reap 13 by 1 after 0");
	assert_int_equal(proc_fate(&s->last), FATE_REAPED);
}

/* forget_original_parent() lets go of what the adopter does not want to know of. */
static void autoreap_by_a_dying_parent(void **state)
{
	struct story *s = *state;

	exists(s, 1, 0);
	born(s, 10, 1);
	born(s, 11, 10);
	exits(s, 11, code(0));
	at(s, 1);
	exits(s, 10, code(0));
	reaped(s, 11, 10);
	TOLD(s, "0 snapshot 1 of ?", "0 fork 10 of 1", "0 fork 11 of 10", "0 exit 11 of 10 code 0",
	     "1 exit 10 of 1 code 0", "1 reap 11 autoreap after 1");
}

static void autoreap_told_late(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	born(s, 11, 10);
	exits_flagged(s, 11, code(0), EVF_AUTOREAP);
	at(s, 1);
	exits(s, 10, code(0)); /* which changes nothing any more */
	at(s, 15);
	freed(s, 11, 10);
	TOLD(s, "0 fork 10 of 1", "0 fork 11 of 10", "0 exit 11 of 10 code 0 autoreap",
	     "1 exit 10 of 1 code 0", "15 reap 11 autoreap after 0 late");
	assert_int_equal(s->last.reap_ts, 15 * MS);
	assert_int_equal(proc_zombie_ns(&s->last, 99 * MS), 0);
}

/* A zombie whose adopter ignores SIGCHLD is released as it is handed on. */
static void autoreap_by_an_adopter_told_late(void **state)
{
	struct story *s = *state;

	s->adopter = 5;
	born(s, 5, 1);
	born(s, 10, 5);
	born(s, 11, 10);
	born(s, 12, 10);
	exits(s, 11, code(0));
	exits(s, 12, code(0));
	at(s, 3);
	exits_flagged(s, 10, code(0), EVF_ADOPTER_IGNORES);
	s->checked = s->n_lines;
	at(s, 15);
	freed(s, 11, 5);
	freed(s, 12, 10); /* its own parent had waited for this one, before */
	TOLD(s, "15 reap 11 autoreap after 3 late", "15 reap 12 by 10 after 3 late");
	/* One that is adopted alive is foretold as ever, and that is believed. */
	born(s, 20, 5);
	born(s, 21, 20);
	exits_flagged(s, 20, code(0), EVF_ADOPTER_IGNORES);
	exits(s, 21, code(0)); /* 5 changed its mind */
	s->checked = s->n_lines;
	at(s, 30);
	freed(s, 21, 5);
	TOLD(s, "30 reap 21 by 5 after 15 late");
}

/*
 * Until it is really released it is a child like others, and may be handed on.  Or the
 * adopter ended before the parent got so far as to give it away.
 */
static void reaped_after_one_who_ignores(void **state)
{
	struct story *s = *state;

	s->adopter = 5;
	born(s, 5, 1);
	born(s, 10, 5);
	born(s, 11, 10);
	exits(s, 11, code(0));
	at(s, 1);
	exits_flagged(s, 10, code(0), EVF_ADOPTER_IGNORES);
	at(s, 2);
	s->adopter = 1;
	exits(s, 5, code(0));
	s->checked = s->n_lines;
	at(s, 15);
	freed(s, 11, 1);
	TOLD(s, "15 reap 11 by ? after 15 late");
}

/* A leader that the last thread took along: told late everywhere, and no doubt about it. */
static void autoreap_of_a_leader_told_late(void **state)
{
	struct story *s = *state;
	struct ev_reap r;

	born(s, 10, 1);
	born(s, 11, 10);
	exits_flagged(s, 11, code(0), EVF_AUTOREAP);
	exits(s, 10, code(0));
	s->checked = s->n_lines;
	at(s, 15);
	r = story_reap(s, 11, 1);
	r.h.flags = EVF_SELF_REAP;
	story_feed(s, &r);
	TOLD(s, "15 reap 11 autoreap after 0 late");
}

/* So is one that comes to the init of a PID namespace which has begun to end. */
static void autoreap_by_a_dying_init_told_late(void **state)
{
	struct story *s = *state;

	s->adopter = 5;
	born(s, 5, 1);
	born(s, 9, 5);
	born(s, 10, 5);
	born(s, 11, 10);
	exits(s, 9, code(0));
	exits(s, 11, code(0));
	at(s, 1);
	exits_flagged(s, 5, code(0), EVF_NS_INIT);
	exits(s, 10, 9);
	s->checked = s->n_lines;
	at(s, 15);
	freed(s, 11, 5);
	freed(s, 9, 5); /* init's own zombie: the last thing that it waits for */
	TOLD(s, "15 reap 11 autoreap after 1 late", "15 reap 9 by 5 after 15 late");
}

/*
 * Both end at once: the child's end is told while it still has a parent that ignores
 * SIGCHLD.  Was that still its parent when it was to be notified?
 */
static void autoreap_foretold_in_vain(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	born(s, 11, 10);
	born(s, 12, 10);
	exits_flagged(s, 11, code(0), EVF_AUTOREAP);
	exits_flagged(s, 12, code(0), EVF_AUTOREAP);
	exits(s, 10, code(0));
	s->checked = s->n_lines;
	at(s, 15);
	freed(s, 11, 1);
	freed(s, 12, 10);
	TOLD(s, "15 reap 11 by ? after 15 late", "15 reap 12 autoreap after 0 late");
}

/* Told 10 to 20 ms after it was done, by whom only as far as it can be true. */
static void reaped_late(void **state)
{
	struct story *s = *state;

	exists(s, 1, 0);
	execs(s, 1, "init");
	born(s, 10, 1);
	born(s, 11, 1);
	born(s, 12, 1);
	exits(s, 10, code(0));
	exits(s, 11, code(0));
	exits(s, 12, code(0));
	s->checked = s->n_lines;
	at(s, 15);
	freed(s, 10, 1);
	TOLD(s, "15 reap 10 by 1 after 15 late");
	assert_string_equal(s->last.reaper.comm, "init");
	freed(s, 11, 50); /* never heard of */
	freed(s, 12, 0);
	TOLD(s, "15 reap 11 by ? after 15 late", "15 reap 12 by ? after 15 late");
	freed(s, 12, 1);
	assert_int_equal(model_counts(s->m)->ignored, 1);
}

/* 11 and 12 end, and 3 ms after the beginning their parent does: 10. */
static void parent_of_two_dies(struct story *s, uint64_t children_end)
{
	born(s, 10, 1);
	execs(s, 10, "parent");
	born(s, 11, 10);
	born(s, 12, 10);
	at(s, children_end);
	exits(s, 11, code(0));
	exits(s, 12, code(0));
	at(s, 3);
	exits(s, 10, code(0));
}

/* A parent that waits and exits at once is dead before the reap is told. */
static void reaped_by_one_who_died_since(void **state)
{
	struct story *s = *state;

	parent_of_two_dies(s, 1);
	TOLD(s, "0 fork 10 of 1", "0 exec 10 of 1", "0 fork 11 of 10", "0 fork 12 of 10",
	     "1 exit 11 of 10 code 0", "1 exit 12 of 10 code 0", "3 exit 10 of 1 code 0");
	at(s, 10);
	freed(s, 10, 1);
	at(s, 16);
	freed(s, 11, 10);
	TOLD(s, "10 reap 10 by 1 after 7 late", "16 reap 11 by 10 after 2 late");
	assert_string_equal(s->last.reaper.comm, "parent");
	assert_int_equal(s->last.parent.ref.tgid, 10);
	assert_int_equal(s->last.reap_ts, 16 * MS);
	/* The other one was really left to init. */
	freed(s, 12, 1);
	TOLD(s, "16 reap 12 by 1 after 15 late");
}

/* And may be freed, too: then what is read of it is anything. */
static void reaped_by_one_whose_memory_is_gone(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	execs(s, 10, "parent");
	born(s, 11, 10);
	at(s, 1);
	exits(s, 11, code(0));
	at(s, 3);
	exits(s, 10, code(0));
	s->checked = s->n_lines;
	at(s, 16);
	freed(s, 11, 4711);
	TOLD(s, "16 reap 11 by 10 after 2 late");
	assert_string_equal(s->last.reaper.comm, "parent");
}

/* And used again, for somebody younger than the child, who can never have been its parent. */
static void reaped_by_one_whose_memory_is_in_use(void **state)
{
	struct story *s = *state;

	parent_of_two_dies(s, 1);
	at(s, 10);
	freed(s, 10, 1);
	born(s, 13, 1);
	s->checked = s->n_lines;
	freed(s, 11, 13);
	TOLD(s, "10 reap 11 by 10 after 2 late");
	assert_string_equal(s->last.reaper.comm, "parent");
	exits(s, 13, code(0));
	s->checked = s->n_lines;
	freed(s, 12, 13);
	TOLD(s, "10 reap 12 by 10 after 2 late");
}

/* Or it holds the copy that somebody older makes of himself, as the kernel saw. */
static void reaped_by_one_whose_memory_a_fork_has(void **state)
{
	struct story *s = *state;
	struct ev_reap ev;

	born(s, 5, 1);
	parent_of_two_dies(s, 0);
	at(s, 10);
	freed(s, 10, 1);
	s->checked = s->n_lines;
	ev = story_reap(s, 11, 5);
	ev.h.flags |= EVF_LEFTOVER;
	story_feed(s, &ev);
	TOLD(s, "10 reap 11 by 10 after 3 late");
	/* Else somebody that old may be an adopter of whom nothing is known. */
	freed(s, 12, 5);
	TOLD(s, "10 reap 12 by ? after 10 late");
}

/* Of two that died since, only one whose end was told to the last can be unreadable. */
static void reaped_by_the_one_of_two_that_is_freed(void **state)
{
	struct story *s = *state;

	s->adopter = 5;
	born(s, 5, 1);
	born(s, 10, 5);
	born(s, 11, 10);
	born(s, 12, 10);
	exits(s, 11, code(0));
	exits(s, 12, code(0));
	at(s, 1);
	exits(s, 10, code(0));
	at(s, 2);
	s->adopter = 1;
	exits(s, 5, code(0));
	at(s, 15);
	freed(s, 10, 5);
	s->checked = s->n_lines;
	freed(s, 11, 4711);
	TOLD(s, "15 reap 11 by 10 after 1 late");
	at(s, 16);
	freed(s, 5, 1);
	s->checked = s->n_lines;
	freed(s, 12, 4711); /* 10 or 5: nobody can know */
	TOLD(s, "16 reap 12 by ? after 16 late");
}

/* Zombies handed on twice, and once more. */
static void reaped_by_an_adopter_who_died_since(void **state)
{
	struct story *s = *state;

	s->adopter = 5;
	born(s, 4, 1);
	born(s, 5, 4);
	born(s, 10, 5);
	for (uint32_t id = 11; id <= 14; id++) {
		born(s, id, 10);
		exits(s, id, code(0));
	}
	at(s, 1);
	exits(s, 10, code(0));
	at(s, 2);
	s->adopter = 4;
	exits(s, 5, code(0));
	s->checked = s->n_lines;
	at(s, 15);
	freed(s, 11, 10);
	freed(s, 12, 5);
	freed(s, 13, 4);
	at(s, 16);
	s->adopter = 1;
	exits(s, 4, code(0));
	at(s, 20);
	freed(s, 14, 10);
	TOLD(s, "15 reap 11 by 10 after 1 late", "15 reap 12 by 5 after 2 late",
	     "15 reap 13 by 4 after 15 late", "16 exit 4 of 1 code 0",
	     "20 reap 14 by 10 after 1 late");
}

/* However many parents died since, one that is named is known. */
static void reaped_by_the_first_of_many(void **state)
{
	struct story *s = *state;

	born(s, 30, 1);
	for (uint32_t id = 31; id <= 37; id++)
		born(s, id, id - 1);
	exits(s, 37, code(0));
	at(s, 1);
	for (uint32_t id = 36; id > 30; id--) {
		s->adopter = id - 1;
		exits(s, id, code(0));
	}
	at(s, 2);
	s->checked = s->n_lines;
	freed(s, 37, 36);
	TOLD(s, "2 reap 37 by 36 after 1 late");
}

/* The task list no longer has it, so it was reaped; the kernel tells later. */
static void gone_then_told(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	exits(s, 10, code(0));
	at(s, 90);
	vanished(s, 10);
	TOLD(s, "0 fork 10 of 1", "0 exit 10 of 1 code 0");
	assert_int_equal(proc_fate(lookup(s, 10)), FATE_REAPED);
	assert_int_equal(proc_zombie_ns(lookup(s, 10), 99 * MS), 90 * MS);
	assert_true(model_next_deadline(s->m) == STORY_T0 + (90 + 10000) * MS + 1);
	at(s, 105);
	vanished(s, 10);
	freed(s, 10, 1);
	TOLD(s, "105 reap 10 by 1 after 90 late");
	vanished(s, 10);
	assert_int_equal(model_counts(s->m)->ignored, 2);
	assert_int_equal(model_counts(s->m)->zombies, 0);
}

static void gone_and_never_told(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	born(s, 11, 1);
	born(s, 12, 1);
	born(s, 13, 1);
	born(s, 14, 1);
	exits(s, 10, code(0));
	at(s, 1);
	exits(s, 11, code(0));
	at(s, 2);
	exits_flagged(s, 12, code(0), EVF_AUTOREAP);
	exits(s, 13, code(0));
	s->checked = s->n_lines;
	at(s, 4);
	vanished(s, 14); /* whose exit was lost */
	vanished(s, 12);
	vanished(s, 11);
	vanished(s, 10);
	TOLD(s, "4 exit 14 of 1 code ? (inferred)");
	at(s, 50);
	assert_true(model_next_deadline(s->m) == STORY_T0 + 102 * MS + 1);
	ends(s);
	TOLD(s, "50 reap 14 by 1 after ? late (inferred)",
	     "50 reap 12 autoreap after 0 late (inferred)",
	     "50 reap 11 by 1 after 3 late (inferred)",
	     "50 reap 10 by 1 after 4 late (inferred)", "50 zombie 13 of 1 since 2", "50 end");
	assert_int_equal(model_counts(s->m)->reaps, 4);
	assert_int_equal(model_counts(s->m)->zombies_now, 1);
	assert_int_equal(model_counts(s->m)->alive, 0);
	if (s->keep == KEEP_ALL) {
		assert_int_equal(proc_fate(lookup(s, 10)), FATE_REAPED);
		assert_int_equal(proc_fate(lookup(s, 12)), FATE_AUTOREAPED);
		assert_int_equal(proc_fate(lookup(s, 13)), FATE_ZOMBIE);
		assert_int_equal(proc_fate(lookup(s, 14)), FATE_UNKNOWN);
		assert_int_equal(lookup(s, 10)->reap_ts, 4 * MS);
	}
}

/* What was reaped, though untold, before its parent exited is not handed on. */
static void gone_before_its_parent(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	born(s, 11, 10);
	exits(s, 11, code(0));
	at(s, 1);
	vanished(s, 11);
	exits(s, 10, code(0));
	at(s, 15);
	freed(s, 11, 10);
	TOLD(s, "0 fork 10 of 1", "0 fork 11 of 10", "0 exit 11 of 10 code 0",
	     "1 exit 10 of 1 code 0", "15 reap 11 by 10 after 1 late");
}

/* Gone by the time of asking, when its parent had exited, too: it may have been handed on before. */
static void gone_when_asked_late(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	born(s, 11, 10);
	born(s, 12, 10);
	exits(s, 11, code(0));
	exits(s, 12, code(0));
	at(s, 1);
	vanished_late(s, 11, 20);
	vanished_late(s, 12, 20);
	at(s, 10);
	exits(s, 10, code(0));
	at(s, 30);
	freed(s, 11, 1);
	s->checked = s->n_lines - 1;
	TOLD(s, "30 reap 11 by 1 after 21 late");
	ends(s);
	TOLD(s, "30 reap 12 by ? after 21 late (inferred)", "30 zombie 10 of 1 since 10", "30 end");
}

/* Its exit was lost: it is not a zombie for a second, as far as we know. */
static void reaped_alive(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	reaped(s, 10, 1);
	TOLD(s, "0 fork 10 of 1", "0 exit 10 of 1 code ? (inferred)", "0 reap 10 by 1 after ?");
	assert_false(s->last.has_status);
	assert_int_equal(proc_fate(&s->last), FATE_REAPED);
}

/* No limit at all, and one that is never reached. */
static void extreme_limits(void **state)
{
	const uint64_t limits[] = {0, UINT64_MAX};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct story s = {.adopter = 1, .wall_base = STORY_WALL0};
		struct model_options opt = {.zombie_after_ns = limits[i]};

		s.meta.t0 = STORY_T0;
		s.meta.wall0 = STORY_WALL0;
		s.m = model_new(&opt, &s.meta, story_hear, &s);
		assert_non_null(s.m);
		model_begin(s.m);
		at(&s, 1);
		exists_zombie(&s, 9, 1, 0);
		born(&s, 10, 1);
		exits(&s, 10, code(0));
		reaped(&s, 10, 1);
		assert_true(model_next_deadline(s.m) == (i ? NO_TIME : STORY_T0 + 1 * MS + 1));
		at(&s, 1e6);
		ends(&s);
		if (i == 0)
			TOLD(&s, "0 meta", "1 snapshot 9 of 1 zombie", "1 fork 10 of 1",
			     "1 exit 10 of 1 code 0", "1 reap 10 by 1 after 0",
			     "1 zombie 9 of 1 since ?", "1e+06 end");
		else
			TOLD(&s, "0 meta", "1 snapshot 9 of 1 zombie", "1 fork 10 of 1",
			     "1 exit 10 of 1 code 0", "1 reap 10 by 1 after 0",
			     "1e+06 zombie 9 of 1 since ?", "1e+06 end");
		model_free(s.m);
	}
}

static void ignore(void *ctx, const struct fact *f)
{
	(void)ctx;
	(void)f;
}

/* What a loss of reaps leaves behind: each event takes as long as if they were a few. */
static void many_gone_and_never_told(void **state)
{
	const struct model_options opt = {.zombie_after_ns = 600000 * MS};
	const struct meta meta = {.t0 = STORY_T0, .wall0 = STORY_WALL0};
	struct event end = {.ts = STORY_T0 + MS, .kind = EV_END};
	struct model *m = model_new(&opt, &meta, ignore, NULL);
	clock_t before = clock();

	(void)state;
	assert_non_null(m);
	model_begin(m);
	for (uint32_t i = 0; i < 100000; i++) {
		struct event h = {.ts = STORY_T0, .who = {i + 1, 1000 + i, 1000 + i}};
		struct ev_snapshot zombie = {.h = h, .state = SNAP_ZOMBIE};
		struct ev_gone gone = {.h = h, .seen = STORY_T0};

		zombie.h.kind = EV_SNAPSHOT;
		gone.h.kind = EV_GONE;
		assert_int_equal(model_feed(m, &zombie.h), 0);
		assert_int_equal(model_feed(m, &gone.h), 0);
	}
	assert_int_equal(model_feed(m, &end), 0);
	assert_int_equal(model_counts(m)->zombies, 0);
	assert_true(clock() - before < 10 * CLOCKS_PER_SEC); /* 0.1 s; 30 s where they are looked through */
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(a_zombie),
		STORY(at_the_limit),
		STORY(a_tick),
		STORY(flagged_in_order_of_death),
		STORY(a_zombie_in_the_snapshot),
		STORY(autoreap_told_exactly),
		STORY(autoreap_by_a_dying_parent),
		STORY(autoreap_told_late),
		STORY(autoreap_by_an_adopter_told_late),
		STORY(reaped_after_one_who_ignores),
		STORY(autoreap_by_a_dying_init_told_late),
		STORY(autoreap_of_a_leader_told_late),
		STORY(autoreap_foretold_in_vain),
		STORY(reaped_late),
		STORY(reaped_by_one_whose_memory_is_gone),
		STORY(reaped_by_one_whose_memory_is_in_use),
		STORY(reaped_by_one_whose_memory_a_fork_has),
		STORY(reaped_by_the_one_of_two_that_is_freed),
		STORY(reaped_by_one_who_died_since),
		STORY(reaped_by_an_adopter_who_died_since),
		STORY(reaped_by_the_first_of_many),
		STORY(gone_then_told),
		STORY(gone_and_never_told),
		STORY(gone_before_its_parent),
		STORY(gone_when_asked_late),
		STORY(reaped_alive),
		cmocka_unit_test(extreme_limits),
		cmocka_unit_test(many_gone_and_never_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
