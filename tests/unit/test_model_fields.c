/* SPDX-License-Identifier: GPL-2.0-only */
/* The model: each field of a process, from the event that tells it, and names as they change. */
#include "story.h"

static void from_a_snapshot(void **state)
{
	struct story *s = *state;
	struct {
		struct ev_snapshot ev;
		char args[8];
	} x = {.ev = story_snapshot(s, 10, 1), .args = "a\0bc"};

	x.ev.h.who.tid = 10;
	x.ev.parent.tid = 3;
	x.ev.gid = 1001;
	x.ev.ns_pid = 7;
	x.ev.pid_ns = 8;
	x.ev.kthread = 1;
	x.ev.args_bytes = 9;
	x.ev.args_off = sizeof(x.ev);
	x.ev.args_len = 5;
	story_feed(s, &x);
	TOLD(s, "0 snapshot 10 of 1");
	assert_string_equal(s->last.comm, "p10");
	assert_int_equal(s->last.ref.tid, 0);
	assert_int_equal(s->last.parent.ref.tid, 0);
	assert_int_equal(s->last.birth_parent.tgid, 1);
	assert_int_equal(s->last.birth_parent.tid, 0);
	assert_int_equal(s->last.uid, 1000);
	assert_int_equal(s->last.gid, 1001);
	assert_int_equal(s->last.ns_pid, 7);
	assert_int_equal(s->last.pid_ns, 8);
	assert_true(s->last.kthread);
	assert_true(s->last.from_snapshot);
	assert_false(s->last.inferred);
	assert_false(s->last.has_status);
	assert_int_equal(s->last.args_bytes, 9);
	assert_int_equal(s->last.args_len, 5);
	assert_memory_equal(lookup(s, 10)->args, "a\0bc\0", 6);
	/* Found by the source only after something was lost. */
	x.ev = story_snapshot(s, 11, 1);
	x.ev.h.flags = EVF_INFERRED;
	story_feed(s, &x);
	TOLD(s, "0 snapshot 11 of 1 (inferred)");
	assert_true(s->last.inferred);
	assert_false(s->last.from_snapshot);
	assert_null(lookup(s, 11)->args);
}

static void from_a_fork(void **state)
{
	struct story *s = *state;
	struct ev_fork f;

	exists(s, 10, 1);
	f = story_fork(s, 11, 10);
	f.creator.tid = 12;
	f.parent.tid = 12;
	f.gid = 1001;
	f.ns_pid = 7;
	f.pid_ns = 8;
	story_feed(s, &f);
	TOLD(s, "0 snapshot 10 of 1", "0 fork 11 of 10");
	assert_int_equal(s->last.creator.tid, 12);
	assert_int_equal(s->last.parent.ref.tid, 0);
	assert_int_equal(s->last.birth_parent.tid, 0);
	assert_int_equal(s->last.uid, 1000);
	assert_int_equal(s->last.gid, 1001);
	assert_int_equal(s->last.ns_pid, 7);
	assert_int_equal(s->last.pid_ns, 8);
	assert_false(s->last.from_snapshot);
	assert_false(s->last.inferred);
	assert_int_equal(s->last.sid, 0);
}

static void from_an_exec(void **state)
{
	struct story *s = *state;
	struct {
		struct ev_exec ev;
		char bytes[16];
	} x = {.bytes = "/bin/xy\0-z"};

	born(s, 10, 1);
	x.ev.h = story_head(s, EV_EXEC, 10);
	x.ev.uid = 5;
	x.ev.gid = 6;
	x.ev.file_off = sizeof(x.ev);
	x.ev.file_len = 7;
	x.ev.args_off = sizeof(x.ev) + 5;
	x.ev.args_len = 6;
	x.ev.args_bytes = 70000;
	story_feed(s, &x); /* it tells no parent: that is no reason to forget the one we know */
	assert_string_equal(lookup(s, 10)->file, "/bin/xy");
	assert_memory_equal(lookup(s, 10)->args, "xy\0-z\0\0", 7);
	assert_int_equal(s->last.args_len, 6);
	assert_int_equal(s->last.args_bytes, 70000);
	assert_int_equal(s->last.uid, 5);
	assert_int_equal(s->last.gid, 6);
	/* The next one has none that could be read. */
	x.ev.args_len = x.ev.args_bytes = 0;
	story_feed(s, &x);
	assert_null(lookup(s, 10)->args);
	assert_int_equal(s->last.args_len, 0);
	assert_int_equal(s->last.execs, 2);
	TOLD(s, "0 fork 10 of 1", "0 exec 10 of 1", "0 exec 10 of 1");
	/* A stranger is introduced with what the exec tells. */
	x.ev.h = story_head(s, EV_EXEC, 11);
	story_feed(s, &x);
	TOLD(s, "0 snapshot 11 of ? (inferred)", "0 exec 11 of ?");
	assert_int_equal(s->last.uid, 5);
}

static void nothing_need_be_kept(void **state)
{
	struct story s = {.adopter = 1, .wall_base = STORY_WALL0};
	struct model_options opt = {.zombie_after_ns = 100 * MS, .keep = KEEP_ALL};

	(void)state;
	s.meta.t0 = STORY_T0;
	s.meta.wall0 = STORY_WALL0;
	s.m = model_new(&opt, &s.meta, story_hear, &s);
	assert_non_null(s.m);
	model_begin(s.m);
	born(&s, 10, 1);
	execs(&s, 10, "prog");
	assert_null(lookup(&s, 10)->file);
	assert_null(lookup(&s, 10)->args);
	assert_int_equal(s.last.args_len, 0);
	assert_int_equal(s.last.args_bytes, 5);
	model_free(s.m);
	model_free(NULL);
}

static void from_exit_and_reap(void **state)
{
	struct story *s = *state;
	struct ev_exit x;
	struct ev_reap r;

	born(s, 10, 1);
	assert_false(s->last.has_cpu);
	x = story_exit(s, 10, 6 | 0x80);
	memcpy(x.h.comm, "renamed", 8); /* by prctl(), of which there is no event */
	story_feed(s, &x);
	assert_string_equal(s->last.comm, "renamed");
	assert_int_equal(s->last.max_rss_kib, 128);
	assert_true(s->last.has_status);
	assert_false(s->last.has_cpu);
	assert_int_equal(s->last.zombie_ns, NO_TIME);
	TOLD(s, "0 fork 10 of 1", "0 exit 10 of 1 signal 6 core");
	/* Its parent had died unseen, as the reap tells. */
	at(s, 2);
	r = story_reap(s, 10, 5);
	r.h.flags = EVF_EXACT;
	r.parent = story_ref(5);
	story_feed(s, &r);
	TOLD(s, "2 reap 10 by 5 after 2");
	assert_int_equal(s->last.parent.ref.tgid, 5);
	assert_int_equal(s->last.zombie_ns, 2 * MS);
	assert_true(s->last.has_cpu && s->last.reap_exact && !s->last.reap_inferred);
	/* Where the reap does not tell it, it is who it was. */
	born(s, 11, 1);
	exits(s, 11, code(0));
	r = story_reap(s, 11, 1);
	r.h.flags = EVF_EXACT | EVF_INFERRED;
	r.parent = (struct task_ref){0};
	story_feed(s, &r);
	TOLD(s, "2 fork 11 of 1", "2 exit 11 of 1 code 0", "2 reap 11 by 1 after 0 (inferred)");
	assert_int_equal(s->last.parent.ref.tgid, 1);
	assert_true(!s->last.has_cpu && s->last.reap_inferred);
}

/* Everybody is called what they were called when it mattered. */
static void names(void **state)
{
	struct story *s = *state;
	struct ev_thread t = {0};
	struct ev_exit x;

	exists(s, 1, 0);
	execs(s, 1, "init");
	born(s, 10, 1);
	execs(s, 10, "shell");
	born(s, 11, 10);
	assert_string_equal(s->last.comm, "shell");
	assert_string_equal(s->last.parent.comm, "shell");
	born(s, 12, 10);
	execs(s, 10, "server");
	/* The parent has another name by now. */
	at(s, 1);
	exits(s, 12, code(0));
	assert_string_equal(s->last.parent.comm, "server");
	execs(s, 10, "server2");
	at(s, 102);
	memcpy(story_comm(s, 10), "renamed", 8);
	t.h = story_head(s, EV_THREAD_START, 10);
	t.h.who.tid = 13;
	story_feed(s, &t);
	assert_string_equal(s->last.comm, "renamed");
	assert_string_equal(s->lines[s->n_lines - 2], "101 zombie 12 of 10 since 1");
	assert_string_equal(lookup(s, 12)->parent.comm, "server2");
	/* The adopter's name is as the event says. */
	x = story_exit(s, 10, 0);
	memcpy(x.adopter_comm, "systemd", 8);
	story_feed(s, &x);
	story_reparent(s, 10);
	assert_string_equal(s->fact.old_parent.comm, "renamed");
	assert_string_equal(s->fact.new_parent.comm, "systemd");
	assert_string_equal(lookup(s, 12)->last_adopter.comm, "systemd");
	/* Else as the table has it, which has learned that name. */
	born(s, 20, 1);
	born(s, 21, 20);
	x = story_exit(s, 20, 0);
	memset(x.adopter_comm, 0, sizeof(x.adopter_comm));
	story_feed(s, &x);
	story_reparent(s, 20);
	assert_string_equal(s->fact.new_parent.comm, "systemd");
	/* So is a reaper called what it was at that moment. */
	memcpy(story_comm(s, 1), "launchd", 8);
	reaped(s, 12, 1);
	assert_string_equal(s->last.reaper.comm, "launchd");
	reaped(s, 10, 50); /* of whom only the event has the name */
	assert_string_equal(s->last.reaper.comm, "p50");
	/* A death that is only concluded. */
	born(s, 30, 1);
	born(s, 31, 30);
	execs(s, 30, "parent");
	vanished(s, 30);
	exits_of(s, 31, code(0), 1);
	assert_string_equal(lookup(s, 31)->old_parent.comm, "parent");
	assert_string_equal(lookup(s, 31)->new_parent.comm, "launchd");
	s->checked = s->n_lines;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(from_a_snapshot),	   STORY(from_a_fork),
		STORY(from_an_exec),	   cmocka_unit_test(nothing_need_be_kept),
		STORY(from_exit_and_reap), STORY(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
