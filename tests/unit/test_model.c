/* SPDX-License-Identifier: GPL-2.0-only */
/* The model: time and order of the facts, what each event kind says, and the table. */
#include "story.h"

static void a_whole_life(void **state)
{
	struct story *s = *state;
	const struct model_counts *c = model_counts(s->m);

	exists(s, 1, 0);
	exists(s, 5, 1);
	TOLD(s, "0 snapshot 1 of ?", "0 snapshot 5 of 1");
	at(s, 1);
	born(s, 10, 5);
	TOLD(s, "1 fork 10 of 5");
	assert_string_equal(s->last.parent.comm, "p5");
	assert_string_equal(s->last.comm, "p5");
	assert_int_equal(s->last.state, PROC_ALIVE);
	assert_int_equal(s->last.fork_ts, 1 * MS);
	assert_int_equal(s->last.exit_ts, NO_TIME);
	at(s, 2);
	execs(s, 10, "worker");
	TOLD(s, "2 exec 10 of 5");
	assert_string_equal(s->last.comm, "worker");
	assert_string_equal(s->last_arg, "worker");
	assert_int_equal(s->last.args_len, 7);
	assert_int_equal(s->last.execs, 1);
	at(s, 50);
	exits(s, 10, code(3));
	TOLD(s, "50 exit 10 of 5 code 3");
	assert_int_equal(s->last.state, PROC_ZOMBIE);
	assert_int_equal(s->last.max_rss_kib, 128);
	at(s, 50.5);
	reaped(s, 10, 5);
	TOLD(s, "50.5 reap 10 by 5 after 0.5");
	assert_int_equal(s->last.state, PROC_GONE);
	assert_int_equal(s->last.cpu_ns, 3 * MS);
	assert_string_equal(s->last.reaper.comm, "p5");
	at(s, 60);
	ends(s);
	TOLD(s, "60 end");
	assert_int_equal(c->events, 6);
	assert_int_equal(c->snapshots, 2);
	assert_int_equal(c->forks, 1);
	assert_int_equal(c->execs, 1);
	assert_int_equal(c->exits, 1);
	assert_int_equal(c->reaps, 1);
	assert_int_equal(c->alive, 2);
	assert_int_equal(c->zombies_now + c->zombies + c->orphans + c->inferred + c->ignored, 0);
	/* Nothing follows the end. */
	born(s, 11, 5);
	at(s, 600);
	ends(s);
	SILENCE(s);
}

static void time_never_runs_backwards(void **state)
{
	struct story *s = *state;
	struct ev_fork early;

	early = story_fork(s, 10, 1);
	early.h.ts = STORY_T0 - 5; /* reserved just before the trace began */
	story_feed(s, &early);
	TOLD(s, "0 fork 10 of 1");
	at(s, 9);
	born(s, 11, 1);
	/* The clock was read, then an interrupt came before the event was reserved. */
	s->now = 8 * MS;
	born(s, 12, 1);
	TOLD(s, "9 fork 11 of 1", "9 fork 12 of 1");
}

static void the_wall_clock_is_set(void **state)
{
	struct story *s = *state;
	struct ev_clock clock = {0};

	at(s, 10);
	born(s, 10, 1);
	assert_true(s->fact.wall == STORY_WALL0 + 10 * MS);
	at(s, 20);
	clock.h = story_head(s, EV_CLOCK, 0);
	clock.wall_ns = 1000000000; /* backwards, to 1970 */
	story_feed(s, &clock);
	s->wall_base = 1000000000 - 20 * MS;
	at(s, 30);
	born(s, 11, 1);
	assert_true(s->fact.wall == 1000000000 + 10 * MS);
	TOLD(s, "10 fork 10 of 1", "30 fork 11 of 1");
}

static void a_loss(void **state)
{
	struct story *s = *state;
	struct ev_loss loss = {.since = STORY_T0 + 3 * MS, .count = 7};

	at(s, 9);
	loss.h = story_head(s, EV_LOSS, 0);
	story_feed(s, &loss);
	loss.since = 1; /* before the trace, in a damaged file */
	story_feed(s, &loss);
	loss.since = UINT64_MAX;
	story_feed(s, &loss);
	TOLD(s, "9 loss 7 since 3", "9 loss 7 since 0", "9 loss 7 since 9");
	assert_int_equal(model_counts(s->m)->lost, 21);
	assert_int_equal(model_counts(s->m)->events, 3);
}

/* A PID that is used again is somebody else. */
static void pid_reuse(void **state)
{
	struct story *s = *state;

	exists(s, 1, 0);
	born(s, 10, 1);
	born(s, 11, 10);
	at(s, 1);
	exits(s, 10, code(0));
	at(s, 2);
	reaped(s, 10, 1);
	at(s, 3);
	born(s, again(10), 1);
	born(s, 12, again(10));
	at(s, 4);
	exits(s, again(10), code(1));
	/* 11 belongs to 1 since the first one died: only 12 is concerned. */
	TOLD(s, "0 snapshot 1 of ?", "0 fork 10 of 1", "0 fork 11 of 10", "1 exit 10 of 1 code 0",
	     "1 orphan 11 from 10 to 1", "2 reap 10 by 1 after 1", "3 fork 10' of 1",
	     "3 fork 12 of 10'", "4 exit 10' of 1 code 1", "4 orphan 12 from 10' to 1");
	/* Even while the first one is still a zombie, or told of late. */
	born(s, 20, 1);
	exits(s, 20, code(0));
	born(s, again(20), 1);
	at(s, 5);
	reaped(s, 20, 1);
	assert_non_null(lookup(s, again(20)));
	assert_int_equal(lookup(s, again(20))->state, PROC_ALIVE);
	TOLD(s, "4 fork 20 of 1", "4 exit 20 of 1 code 0", "4 fork 20' of 1",
	     "5 reap 20 by 1 after 1");
}

/* The end of a process is that of its last thread, whichever; the leader may be long gone. */
static void leader_exits_first(void **state)
{
	struct story *s = *state;
	struct ev_thread t = {0};
	struct ev_exit x;

	born(s, 10, 1);
	t.h = story_head(s, EV_THREAD_START, 10);
	t.h.who.tid = 11;
	t.creator = story_ref(10);
	t.creator.tid = 10;
	story_feed(s, &t);
	TOLD(s, "0 fork 10 of 1", "0 thread 10/11 by 10/10");
	at(s, 1);
	t.h = story_head(s, EV_THREAD_EXIT, 10);
	t.h.who.tid = 10;
	story_feed(s, &t);
	TOLD(s, "1 thread 10/10 ends");
	assert_int_equal(s->last.state, PROC_ALIVE);
	at(s, 2);
	x = story_exit(s, 10, code(0));
	x.h.who.tid = 11; /* it happened in the other thread */
	story_feed(s, &x);
	reaped(s, 10, 1);
	TOLD(s, "2 exit 10 of 1 code 0", "2 reap 10 by 1 after 0");
	t.h = story_head(s, EV_THREAD_EXIT, 10);
	story_feed(s, &t);
	assert_int_equal(model_counts(s->m)->ignored, 1);
}

static void exec_by_another_thread(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	at(s, 1);
	execs_by(s, 10, "other", 11);
	TOLD(s, "0 fork 10 of 1", "1 exec 10 of 1");
	assert_int_equal(s->old_tid, 11);
	at(s, 2);
	execs(s, 10, "longer-argument");
	assert_int_equal(s->last.execs, 2);
	assert_string_equal(s->last_arg, "longer-argument");
	exits(s, 10, code(0));
	TOLD(s, "2 exec 10 of 1", "2 exit 10 of 1 code 0");
	execs(s, 10, "ghost"); /* the dead do not */
	assert_int_equal(model_counts(s->m)->ignored, 1);
}

/* The last of two threads that die together is not known for sure on older kernels. */
static void death_told_twice(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	exits_flagged(s, 10, code(4), EVF_RACE_PRONE);
	at(s, 1);
	exits_flagged(s, 10, code(5), EVF_RACE_PRONE);
	reaped(s, 10, 1);
	TOLD(s, "0 fork 10 of 1", "0 exit 10 of 1 code 4", "1 reap 10 by 1 after 1");
	exits_flagged(s, 10, code(5), EVF_RACE_PRONE);
	reaped(s, 10, 1);
	assert_int_equal(model_counts(s->m)->ignored, 3);
	assert_int_equal(model_counts(s->m)->exits, 1);
}

static void snapshot_and_live(void **state)
{
	struct story *s = *state;

	/* Attached first, then looked: it may be told twice, but it appears once. */
	born(s, 10, 1);
	exists(s, 10, 1);
	TOLD(s, "0 fork 10 of 1");
	born(s, 10, 1);
	exists(s, 11, 1);
	at(s, 1);
	born(s, 11, 1); /* its creator was held up before it could tell */
	TOLD(s, "0 snapshot 11 of 1");
	exits(s, 11, code(0));
	TOLD(s, "1 exit 11 of 1 code 0");
	assert_true(s->last.from_snapshot);
	assert_int_equal(s->last.fork_ts, NO_TIME);
	assert_int_equal(model_counts(s->m)->ignored, 3);
	assert_int_equal(model_counts(s->m)->snapshots, 1);
	assert_int_equal(model_counts(s->m)->forks, 1);
}

static void strangers(void **state)
{
	struct story *s = *state;
	struct ev_thread t = {0};

	exists(s, 1, 0);
	*story_parent(s, 10) = 1;
	at(s, 1);
	execs(s, 10, "who");
	TOLD(s, "0 snapshot 1 of ?", "1 snapshot 10 of 1 (inferred)", "1 exec 10 of 1");
	assert_true(s->last.inferred);
	assert_int_equal(s->last.fork_ts, NO_TIME);
	*story_parent(s, 11) = 1;
	exits(s, 11, code(2));
	TOLD(s, "1 snapshot 11 of 1 (inferred)", "1 exit 11 of 1 code 2");
	assert_int_equal(s->last.uid, NO_ID);
	*story_parent(s, 12) = 1;
	reaped(s, 12, 1);
	TOLD(s, "1 snapshot 12 of 1 zombie (inferred)", "1 reap 12 by 1 after ?");
	assert_false(s->last.has_status);
	/* Told late, nothing of it can be believed. */
	freed(s, 13, 1);
	TOLD(s, "1 snapshot 13 of ? zombie (inferred)", "1 reap 13 by ? after ? late");
	t.h = story_head(s, EV_THREAD_START, 14);
	t.h.who.tid = 15;
	t.creator = (struct task_ref){.tgid = 14, .tid = 14};
	story_feed(s, &t);
	TOLD(s, "1 snapshot 14 of ? (inferred)", "1 thread 14/15 by 14/14");
	assert_int_equal(model_counts(s->m)->inferred, 5);
	/* A signal or a disappearance is no reason to introduce anybody. */
	kills(s, 1, 16, 9);
	vanished(s, 16);
	SILENCE(s);
	assert_int_equal(model_counts(s->m)->ignored, 1);
}

static void inferred_by_the_source(void **state)
{
	struct story *s = *state;
	struct ev_fork f = story_fork(s, 10, 1);

	f.h.flags = EVF_INFERRED;
	story_feed(s, &f);
	assert_true(s->last.inferred);
	exits_flagged(s, 10, code(0), EVF_INFERRED);
	TOLD(s, "0 fork 10 of 1 (inferred)", "0 exit 10 of 1 code 0 (inferred)");
	assert_int_equal(model_counts(s->m)->inferred, 2);
}

static void nonsense_is_ignored(void **state)
{
	struct story *s = *state;
	struct event ev = {.ts = STORY_T0 + 5, .kind = EV_KINDS};

	story_feed(s, &ev);
	ev.kind = UINT16_MAX;
	story_feed(s, &ev);
	ev.kind = EV_NONE;
	story_feed(s, &ev);
	born(s, 0, 1);
	exits(s, 0, code(0));
	reaped(s, 0, 1);
	SILENCE(s);
	assert_int_equal(model_counts(s->m)->ignored, 6);
}

static void killers(void **state)
{
	struct story *s = *state;

	born(s, 10, 1);
	kills(s, 5, 10, 15);
	kills(s, 6, 10, 15);
	exits(s, 10, 15);
	TOLD(s, "0 fork 10 of 1", "0 exit 10 of 1 signal 15 killed by 5");
	assert_string_equal(s->last.killer.comm, "p5");
	/* It survived TERM. */
	born(s, 11, 1);
	kills(s, 5, 11, 15);
	kills(s, 6, 11, 9);
	kills(s, 5, 11, 15);
	exits(s, 11, 9);
	TOLD(s, "0 fork 11 of 1", "0 exit 11 of 1 signal 9 killed by 6");
	/* It was dying of one when another came. */
	born(s, 14, 1);
	kills(s, 14, 14, 6);
	kills(s, 5, 14, 8);
	kills(s, 7, 14, 6);
	exits(s, 14, 6);
	TOLD(s, "0 fork 14 of 1", "0 exit 14 of 1 signal 6 killed by 14");
	/* It died of something else, or of nothing. */
	born(s, 12, 1);
	kills(s, 5, 12, 15);
	exits(s, 12, 11 | 0x80);
	born(s, 13, 1);
	kills(s, 5, 13, 15);
	exits(s, 13, code(0));
	kills(s, 5, 13, 9); /* too late */
	TOLD(s, "0 fork 12 of 1", "0 exit 12 of 1 signal 11 core", "0 fork 13 of 1",
	     "0 exit 13 of 1 code 0");
	assert_int_equal(s->last.killer_sig, 0);
}

static struct ev_snapshot in_session(struct story *s, uint32_t id, uint32_t parent, uint32_t sid,
				     uint32_t parent_sid)
{
	struct ev_snapshot ev = story_snapshot(s, id, parent);

	ev.sid = sid;
	ev.parent_sid = parent_sid;
	return ev;
}

static void adopted_before_the_trace(void **state)
{
	struct story *s = *state;
	const struct {
		uint32_t id, parent, sid, parent_sid, kthread;
		bool adopted;
	} cases[] = {
		{20, 1, 15, 1, 0, true},    /* left over from session 15 */
		{21, 1, 21, 1, 0, false},   /* leads its own: says nothing */
		{22, 15, 15, 15, 0, false}, /* in its parent's */
		{23, 0, 15, 1, 0, false},   /* no parent */
		{24, 2, 15, 1, 1, false},   /* a kernel thread */
		{25, 1, 0, 1, 0, false},    /* unknown */
		{26, 1, 15, 0, 0, false},
		{27, 40, 27, 40, 0, true}, /* its parent is younger (a subreaper) */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ev_snapshot ev = in_session(s, cases[i].id, cases[i].parent, cases[i].sid,
						   cases[i].parent_sid);

		ev.kthread = cases[i].kthread;
		story_feed(s, &ev);
		assert_int_equal(s->last.adopted_before, cases[i].adopted);
		assert_int_equal(s->last.sid, cases[i].sid);
	}
	s->checked = s->n_lines;
}

static int walk(struct story *s)
{
	int n = 0;

	for (const struct proc *p = model_first(s->m); p; p = model_next(p))
		n++;
	return n;
}

static void the_table(void **state)
{
	struct story *s = *state;
	struct task_ref ref = story_ref(10);

	assert_int_equal(walk(s), 0);
	exists(s, 1, 0);
	born(s, 10, 1);
	born(s, 11, 10);
	born(s, 12, 10);
	exists(s, 13, 12);
	ref.tid = 77; /* a thread of it */
	assert_ptr_equal(model_find(s->m, &ref), lookup(s, 10));
	assert_int_equal(model_first(s->m)->ref.tgid, 1);
	assert_int_equal(walk(s), 5);
	assert_int_equal(proc_fate(lookup(s, 10)), FATE_ALIVE);
	exits(s, 11, code(0));
	at(s, 7);
	assert_int_equal(proc_fate(lookup(s, 11)), FATE_ZOMBIE);
	assert_int_equal(proc_zombie_ns(lookup(s, 11), 7 * MS), 7 * MS);
	assert_int_equal(proc_zombie_ns(lookup(s, 10), 7 * MS), NO_TIME);
	reaped(s, 11, 10);
	s->checked = s->n_lines;
	assert_null(lookup(s, 99));
	if (s->keep != KEEP_ALL) {
		assert_null(lookup(s, 11));
		assert_int_equal(walk(s), 4);
		assert_null(lookup(s, 10)->born_of);
		return;
	}
	assert_int_equal(walk(s), 5);
	assert_int_equal(proc_fate(lookup(s, 11)), FATE_REAPED);
	assert_int_equal(proc_zombie_ns(lookup(s, 11), 99 * MS), 7 * MS);
	assert_ptr_equal(lookup(s, 11)->born_of, lookup(s, 10));
	assert_ptr_equal(TAILQ_FIRST(&lookup(s, 10)->born), lookup(s, 11));
	assert_ptr_equal(TAILQ_NEXT(lookup(s, 11), born_link), lookup(s, 12));
	assert_ptr_equal(lookup(s, 10)->born_of, lookup(s, 1));
	assert_ptr_equal(lookup(s, 13)->born_of, lookup(s, 12));
}

/* Far more of them come and go than the model remembers. */
static void many_come_and_go(void **state)
{
	struct story *s = *state;

	for (uint32_t i = 0; i < 3000; i++) {
		struct ev_fork f = story_fork(s, 10, 1);
		struct ev_exit x = story_exit(s, 10, 0);
		struct ev_reap r = story_reap(s, 10, 1);

		f.h.who.start = x.h.who.start = r.h.who.start = i;
		r.h.flags = EVF_EXACT;
		story_feed(s, &f);
		story_feed(s, &x);
		story_feed(s, &r);
		s->n_lines = s->checked;
	}
	assert_int_equal(walk(s), s->keep == KEEP_ALL ? 3000 : 0);
	for (struct task_ref r = {.tgid = 10}; r.start < 3000; r.start++) {
		const struct proc *p = model_find(s->m, &r);

		assert_int_equal(p && p->state == PROC_GONE && p->ref.start == r.start,
				 s->keep == KEEP_ALL);
	}
	assert_int_equal(model_counts(s->m)->reaps, 3000);
	assert_int_equal(model_counts(s->m)->ignored, 0);
	/* Told of one of the last again, it knows; of one long gone, it has forgotten. */
	for (uint64_t start = 0; start < 3000; start += 2900) {
		struct ev_reap r = story_reap(s, 10, 1);

		r.h.flags = EVF_EXACT;
		r.h.who.start = start;
		story_feed(s, &r);
	}
	TOLD(s, "0 snapshot 10' of 1 zombie (inferred)", "0 reap 10' by 1 after ?");
	assert_int_equal(model_counts(s->m)->ignored, 1);
}

/* The parents of a snapshot may come after their children. */
static void snapshot_in_any_order(void **state)
{
	struct story *s = *state;

	exists(s, 12, 11);
	exists(s, 13, 11);
	exists(s, 11, 10);
	exists(s, 10, 1);
	TOLD(s, "0 snapshot 12 of 11", "0 snapshot 13 of 11", "0 snapshot 11 of 10",
	     "0 snapshot 10 of 1");
	if (s->keep == KEEP_ALL) {
		assert_ptr_equal(lookup(s, 12)->born_of, lookup(s, 11));
		assert_ptr_equal(lookup(s, 13)->born_of, lookup(s, 11));
		assert_ptr_equal(lookup(s, 11)->born_of, lookup(s, 10));
		assert_null(lookup(s, 10)->born_of);
	}
	assert_null(lookup(s, 1)); /* named, but never seen */
	exits(s, 11, code(0));
	TOLD(s, "0 exit 11 of 10 code 0", "0 orphan 12 from 11 to 1", "0 orphan 13 from 11 to 1");
	exits(s, 12, code(0));
	assert_int_equal(model_counts(s->m)->adoption_checked, 1);
	assert_int_equal(model_counts(s->m)->adoption_wrong, 0);
	TOLD(s, "0 exit 12 of 1 code 0");
}

/* Only a damaged file tells that: views walk the tree and must come to an end. */
static void nobody_is_its_own_ancestor(void **state)
{
	struct story *s = *state;

	exists(s, 10, 12);
	exists(s, 11, 10);
	exists(s, 12, 11);
	exists(s, 20, 20);
	exits(s, 10, code(0));
	exits(s, 20, code(0));
	s->checked = s->n_lines;
	for (const struct proc *p = model_first(s->m); p; p = model_next(p)) {
		int n = 0;

		for (const struct proc *q = p; q; q = q->born_of)
			assert_true(n++ < 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(a_whole_life),
		STORY(time_never_runs_backwards),
		STORY(the_wall_clock_is_set),
		STORY(a_loss),
		STORY(pid_reuse),
		STORY(leader_exits_first),
		STORY(exec_by_another_thread),
		STORY(death_told_twice),
		STORY(snapshot_and_live),
		STORY(strangers),
		STORY(inferred_by_the_source),
		STORY(nonsense_is_ignored),
		STORY(killers),
		STORY(adopted_before_the_trace),
		STORY(the_table),
		STORY(many_come_and_go),
		STORY(snapshot_in_any_order),
		STORY(nobody_is_its_own_ancestor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
