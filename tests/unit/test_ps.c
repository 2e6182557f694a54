// SPDX-License-Identifier: GPL-2.0-only
/* Tests of ps (src/view/ps.c), and of the tree where little is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "cast.h"
#include "view/view.h"

static struct view_options opt;

static int reset(void **state)
{
	(void)state;
	opt = (struct view_options){.columns = 80, .fold = true, .zombie_after_ns = 100 * MS};
	return 0;
}

/* The text of a view; to be freed. */
static char *shown(struct cast *c, bool ps)
{
	char *text = NULL;
	size_t len;

	opt.out = open_memstream(&text, &len);
	assert_non_null(opt.out);
	if (ps)
		ps_view(&opt, c->m);
	else
		tree_view(&opt, c->m, &c->meta, c->now);
	assert_int_equal(fclose(opt.out), 0);
	assert_non_null(text);
	return text;
}

static void expect_tree(struct cast *c, const char *want)
{
	char *got = shown(c, false);

	assert_string_equal(got, want);
	free(got);
}

static size_t count_lines(const char *s, int columns)
{
	size_t n = 0, len;

	for (; *s; s += len + 1, n++) {
		len = strcspn(s, "\n");
		assert_true(text_width(s, len) <= columns);
	}
	return n;
}

static void test_ps(void **state)
{
	struct cast *c = play(&(struct meta){.host = "h"});
	struct ev_snapshot ev;
	char *text;

	(void)state;
	found(c, 1, 0, "systemd");
	found(c, 52, 50, "worker"); /* before its parent: PIDs came round */
	found(c, 50, 1, "server");
	ev = cast_snapshot(c, 51, 50, "worker");
	ev.state = SNAP_ZOMBIE;
	ev.status = CODE(3);
	cast_feed(c, &ev);
	ev = cast_snapshot(c, 60, 1, "sleep");
	ev.sid = 59;
	ev.parent_sid = 1;
	cast_feed(c, &ev);
	found(c, 70, 61, "of nobody known");
	text = shown(c, true);
	assert_string_equal(
		text, "1 systemd\n"
		      "├─50 server\n"
		      "│ ├─52 worker\n"
		      "│ └─51 worker  zombie: exited (3), 50 server has not waited for it\n"
		      "└─60 sleep  orphan, adopted by 1 systemd\n"
		      "70 of nobody known\n"
		      "\n"
		      "6 processes, 1 zombie, 1 orphan. A zombie has ended; the kernel keeps its "
		      "entry\n"
		      "until its parent waits for it or exits. An orphan runs, but the process "
		      "that\n"
		      "made it has ended; another one is its parent now. Which ones are orphans "
		      "is\n"
		      "concluded from their sessions; some may not be recognised.\n");
	free(text);
	opt.columns = 36;
	text = shown(c, true);
	assert_true(count_lines(text, 36) > 12);
	free(text);
	play_end(c);
}

/* A damaged trace: two are each other's parent, one is its own. */
static void test_ps_circle(void **state)
{
	static const char want[] = "11 b\n└─10 a  orphan, adopted by 11 b\n12 c\n\n";
	struct cast *c = play(&(struct meta){.host = "h"});
	char *text;

	(void)state;
	found(c, 10, 11, "a");
	found(c, 11, 10, "b");
	found(c, 12, 12, "c");
	text = shown(c, true);
	assert_int_equal(strncmp(text, want, sizeof(want) - 1), 0);
	free(text);
	play_end(c);
}

static void test_little_known(void **state)
{
	struct cast *c = play(&(struct meta){.host = "h"});
	struct ev_snapshot zombie, kernel;
	struct event gone;

	(void)state;
	expect_tree(c, "No process was seen.\n");
	found(c, 1, 0, "systemd");
	zombie = cast_snapshot(c, 200, 1, "old");
	zombie.state = SNAP_ZOMBIE;
	zombie.status = CODE(3);
	cast_feed(c, &zombie);
	kernel = cast_snapshot(c, 2, 0, "kthreadd");
	kernel.kthread = 1;
	cast_feed(c, &kernel);
	found(c, 300, 1, "lost");
	found(c, 301, 1, "");
	gone = cast_head(c, EV_GONE, 300);
	cast_feed(c, &gone);
	c->now = S;
	curtain(c);
	expect_tree(c, "1 systemd                    alive         1m 01s\n"
		       "├─200 old  zombie, unreaped  exit 3\n"
		       "├─300 lost                   end not seen\n"
		       "└─301 (no name)              alive         1m 01s\n"
		       "2 [kthreadd]                 alive         1m 01s\n");
	play_end(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ps, reset),
		cmocka_unit_test_setup(test_ps_circle, reset),
		cmocka_unit_test_setup(test_little_known, reset),
	};

	return cmocka_run_group_tests_name("ps", tests, NULL, NULL);
}
