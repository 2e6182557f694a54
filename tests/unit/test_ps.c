// SPDX-License-Identifier: GPL-2.0-only
/* Tests of ps, of the tree where little is known, and of the words that views share. */
#include "page.h"
#include "view/fate.h"

static void ps(const struct view_options *o, const struct model *m, const struct meta *meta,
	       uint64_t end_ts)
{
	(void)meta;
	(void)end_ts;
	ps_view(o, m);
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
	text = page(c, ps);
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
	text = page(c, ps);
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
	text = page(c, ps);
	assert_int_equal(strncmp(text, want, sizeof(want) - 1), 0);
	free(text);
	play_end(c);
}

static void test_little_known(void **state)
{
	struct cast *c = play(&(struct meta){.host = "h"});
	struct ev_snapshot zombie, kernel;
	struct ev_gone gone;

	(void)state;
	expect(c, tree_view, "No process was seen.\n");
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
	gone = (struct ev_gone){.h = cast_head(c, EV_GONE, 300)};
	gone.seen = gone.h.ts;
	cast_feed(c, &gone);
	c->now = S;
	curtain(c);
	expect(c, tree_view,
	       "1 systemd                    alive         1m 01s\n"
	       "├─200 old  zombie, unreaped  exit 3\n"
	       "├─300 lost                   end not seen\n"
	       "└─301 (no name)              alive         1m 01s\n"
	       "2 [kthreadd]                 alive         1m 01s\n");
	play_end(c);
}

/* --- words -------------------------------------------------------------------------- */

static void test_fates(void **state)
{
	static const struct {
		uint32_t status;
		const char *text;
	} cases[] = {
		{0, "exit 0"},
		{CODE(3), "exit 3"},
		{CODE(255), "exit 255"},
		{15, "killed: TERM"},
		{11 | 0x80, "killed: SEGV (core)"},
		{37, "killed: RTMIN+3"},
	};
	struct text t = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_clear(&t);
		status_text(&t, cases[i].status);
		assert_string_equal(t.data, cases[i].text);
		assert_int_equal(status_paint(cases[i].status), i ? PAINT_RED : PAINT_DIM);
	}
	text_free(&t);
}

static void test_no_colour(void **state)
{
	(void)state;
	for (int p = PAINT_OFF; p <= PAINT_CYAN; p++) {
		opt.colour = false;
		assert_string_equal(paint(&opt, p), "");
		opt.colour = true;
		assert_int_equal(paint(&opt, p)[0], '\033');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(test_ps),    PAGE_TEST(test_ps_circle), PAGE_TEST(test_little_known),
		PAGE_TEST(test_fates), PAGE_TEST(test_no_colour),
	};

	return cmocka_run_group_tests_name("ps", tests, NULL, NULL);
}
