// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the tree (src/view/tree.c and what it is made of): the exact text that a real
 * model gives.
 */
#include "page.h"

static const struct meta make_meta = {.command = (char *)"make", .command_len = 5};

/* --- stories ------------------------------------------------------------------------ */

static struct cast *begin(void)
{
	struct cast *c = play(&make_meta);

	found(c, 100, 50, "brood");
	runs(c, 100, "/usr/bin/make", ARGS("make"));
	return c;
}

static struct cast *finish(struct cast *c)
{
	quits(c, 100, 0);
	waits(c, 50, 100);
	curtain(c);
	return c;
}

/* A child of 100 that lives 1 ms and is waited for at once. */
static void child(struct cast *c, uint32_t pid, const char *comm, uint32_t status)
{
	forks(c, 100, pid);
	rename_to(c, pid, comm);
	c->now += MS;
	quits(c, pid, status);
	waits(c, 100, pid);
}

static void test_server(void **state)
{
	struct cast *c = play(&make_meta);

	(void)state;
	found(c, 4711, 900, "brood");
	c->now = 20 * US;
	c->cpu = 400 * US;
	runs(c, 4711, "./server", ARGS("./server\0003"));
	for (uint32_t i = 0; i < 3; i++) {
		c->now = (412 + 110 * i) * US;
		forks(c, 4711, 4712 + i);
	}
	for (uint32_t i = 0; i < 3; i++) {
		c->now = (50 * (i + 1)) * MS + 812 * US;
		kills(c, 4711, 4712 + i, 15);
		quits(c, 4712 + i, i == 2 ? 15 : 0);
		c->now += 79 * US;
		waits(c, 4711, 4712 + i);
	}
	c->cpu = 1200 * US;
	quits(c, 4711, 0);
	waits(c, 900, 4711);
	curtain(c);
	expect(c, tree_view,
	       "4711 ./server 3  exit 0        151 ms  1.2 ms CPU\n"
	       "├─4712 server    exit 0         50 ms  400 µs CPU\n"
	       "├─4713 server    exit 0        100 ms  400 µs CPU\n"
	       "└─4714 server    killed: TERM  150 ms  400 µs CPU\n");
	play_end(c);
}

/* One rule of make -j: sh runs gcc, which runs cc1 and as, in either order. */
static void compile(struct cast *c, uint32_t sh, int i, uint32_t status)
{
	const char *const files[] = {"/usr/lib/cc1", "/usr/bin/as"};
	char args[64];

	forks(c, 100, sh);
	runs(c, sh, "/bin/sh", ARGS("/bin/sh\0-c\0gcc -c"));
	forks(c, sh, sh + 1);
	snprintf(args, sizeof(args), "gcc%c-c%cf%03d.c", 0, 0, i);
	runs(c, sh + 1, "/usr/bin/gcc", args, 13);
	for (uint32_t k = 0; k < 2; k++) {
		const char *file = files[(k + (uint32_t)i) % 2];

		forks(c, sh + 1, sh + 2 + k);
		snprintf(args, sizeof(args), "%s%cf%03d.c", file, 0, i);
		runs(c, sh + 2 + k, file, args, strlen(file) + 8);
		c->now += (uint64_t)(100 + i) * MS;
		c->cpu = (uint64_t)(80 + i) * MS;
		quits(c, sh + 2 + k, status);
		waits(c, sh + 1, sh + 2 + k);
	}
	c->cpu = MS;
	quits(c, sh + 1, status);
	waits(c, sh, sh + 1);
	quits(c, sh, status);
	waits(c, 100, sh);
}

static void test_make_folds(void **state)
{
	struct cast *c = begin();
	char *unfolded;

	(void)state;
	for (int i = 0; i < 12; i++)
		compile(c, (uint32_t)(1000 + 10 * i), i, i == 5 ? CODE(1) : 0);
	finish(c);
	expect(c, tree_view,
	       "100 make                        exit 0       2.5 s  1.0 ms CPU\n"
	       "├─11 × /bin/sh -c 'gcc -c'      exit 0  200–222 ms   11 ms CPU\n"
	       "│ └─11 × gcc …                  exit 0  200–222 ms   11 ms CPU\n"
	       "│   ├─11 × cc1 …                exit 0  100–111 ms  941 ms CPU\n"
	       "│   └─11 × as …                 exit 0  100–111 ms  941 ms CPU\n"
	       "└─1050 /bin/sh -c 'gcc -c'      exit 1      210 ms  1.0 ms CPU\n"
	       "  └─1051 gcc -c f005.c          exit 1      210 ms  1.0 ms CPU\n"
	       "    ├─1052 /usr/bin/as f005.c   exit 1      105 ms   85 ms CPU\n"
	       "    └─1053 /usr/lib/cc1 f005.c  exit 1      105 ms   85 ms CPU\n");
	opt.fold = false;
	unfolded = page(c, tree_view);
	assert_int_equal(count_lines(unfolded, 80), 1 + 12 * 4);
	free(unfolded);
	play_end(c);
}

/* What folds: three or more, alike in name and end, wherever they stand among the others. */
static void test_fold_rules(void **state)
{
	struct cast *c = begin();

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		child(c, 200 + i, "a", 0);
		child(c, 210 + i, "a", CODE(1));
		if (i < 3)
			child(c, 220 + i, "few", 0);
		child(c, 230 + i, "killed", 9);
	}
	/* Forked only, and not: not alike. */
	forks(c, 100, 240);
	runs(c, 240, "a", ARGS("a"));
	quits(c, 240, 0);
	waits(c, 100, 240);
	expect(finish(c), tree_view,
	       "100 make      exit 0         15 ms  0 µs CPU\n"
	       "├─4 × a       exit 0        1.0 ms  0 µs CPU\n"
	       "├─4 × a       exit 1        1.0 ms  0 µs CPU\n"
	       "├─220 few     exit 0        1.0 ms  0 µs CPU\n"
	       "├─4 × killed  killed: KILL  1.0 ms  0 µs CPU\n"
	       "├─221 few     exit 0        1.0 ms  0 µs CPU\n"
	       "├─222 few     exit 0        1.0 ms  0 µs CPU\n"
	       "└─240 a       exit 0          0 µs  0 µs CPU\n");
	play_end(c);
}

/* What deserves a look of its own never folds, nor does whoever is above it. */
static void test_flagged_stay(void **state)
{
	struct cast *c = begin();

	(void)state;
	for (uint32_t i = 0; i < 7; i++) {
		forks(c, 100, 200 + i);
		forks(c, 200 + i, 300 + i);
		c->now += MS;
		quits(c, 300 + i, 0);
		if (i > 0) /* 300: a zombie for long */
			waits(c, 200 + i, 300 + i);
	}
	forks(c, 206, 400); /* 400: an orphan, then a zombie for ever */
	c->now += 2 * S;
	waits(c, 200, 300);
	for (uint32_t i = 0; i < 7; i++) {
		quits(c, 200 + i, 0);
		if (i == 6)
			passes(c, 400);
		waits(c, 100, 200 + i);
	}
	quits(c, 400, CODE(3));
	forks(c, 100, 500); /* 500: alive */
	c->now += S;
	expect(finish(c), tree_view,
	       "100 make                                                exit 0   3.0 s  0 µs CPU\n"
	       "├─200 make                                              exit 0   2.0 s  0 µs CPU\n"
	       "│ └─300 make                              zombie 2.0 s  exit 0  1.0 ms  0 µs CPU\n"
	       "├─5 × make                                              exit 0   2.0 s  0 µs CPU\n"
	       "│ └─5 × make                                            exit 0  1.0 ms  0 µs CPU\n"
	       "├─206 make                                              exit 0   2.0 s  0 µs CPU\n"
	       "│ ├─306 make                                            exit 0  1.0 ms  0 µs CPU\n"
	       "│ └─400 make  zombie 1.0 s, unreaped, orphan → 1 syst…  exit 3   2.0 s\n"
	       "└─500 make                          orphan → 1 systemd  alive    1.0 s\n");
	play_end(c);
}

/* --- width -------------------------------------------------------------------------- */

static void test_cut_and_wide(void **state)
{
	struct cast *c = begin();
	static const char tail[] = "…  exit 0  1.0 ms  0 µs CPU\n";
	char args[5000], *text, *line;

	(void)state;
	memset(args, 'x', sizeof(args));
	args[sizeof(args) - 1] = '\0';
	forks(c, 100, 200);
	runs(c, 200, "x", args, sizeof(args));
	c->now += MS;
	quits(c, 200, 0);
	waits(c, 100, 200);
	finish(c);
	text = page(c, tree_view);
	assert_int_equal(count_lines(text, 80), 2);
	line = strstr(text, "└─");
	assert_int_equal(text_width(line, strcspn(line, "\n")), 80);
	assert_string_equal(line + strlen(line) - strlen(tail), tail);
	free(text);

	/* Uncut, and the line above it is no longer for that. */
	opt.wide = true;
	text = page(c, tree_view);
	line = strchr(text, '\n') + 1;
	assert_true(line - text <= 82);
	assert_non_null(strstr(line, args));
	free(text);

	opt.wide = false;
	opt.columns = 0;
	text = page(c, tree_view);
	assert_non_null(strstr(text, args));
	free(text);
	play_end(c);
}

/* In a narrow window the CPU time is what one can do without. */
static void test_narrow(void **state)
{
	struct cast *c = begin();

	(void)state;
	opt.columns = 44;
	child(c, 200, "a-rather-long-n", 0);
	expect(finish(c), tree_view,
	       "100 make               exit 0  1.0 ms\n"
	       "└─200 a-rather-long-n  exit 0  1.0 ms\n");
	play_end(c);
}

/* A chain of 10,000: indentation ends, the depth is told; nothing overflows. */
static void test_deep(void **state)
{
	struct cast *c = begin();
	char *text;

	(void)state;
	for (uint32_t i = 1; i < 10000; i++)
		forks(c, 99 + i, 100 + i);
	for (uint32_t i = 10000; i-- > 1;) {
		quits(c, 100 + i, 0);
		waits(c, 99 + i, 100 + i);
	}
	finish(c);
	text = page(c, tree_view);
	assert_int_equal(count_lines(text, 80), 10000);
	assert_null(strstr(text, "│"));
	assert_non_null(strstr(text, "\n└─101 make "));
	assert_non_null(strstr(text, "\n  └─102 make "));
	assert_non_null(strstr(text, " level 5000: 5100 make "));
	assert_non_null(strstr(text, " level 9999: 10099 make "));
	free(text);
	play_end(c);
}

static void test_many_siblings(void **state)
{
	struct cast *c = begin();
	char *text;

	(void)state;
	for (uint32_t i = 0; i < 100000; i++)
		forks(c, 100, 1000 + i);
	c->now = S;
	for (uint32_t i = 0; i < 100000; i++) {
		quits(c, 1000 + i, 0);
		waits(c, 100, 1000 + i);
	}
	finish(c);
	expect(c, tree_view,
	       "100 make         exit 0  1.0 s  0 µs CPU\n"
	       "└─100000 × make  exit 0  1.0 s  0 µs CPU\n");
	opt.fold = false;
	text = page(c, tree_view);
	assert_int_equal(count_lines(text, 80), 100001);
	free(text);
	play_end(c);
}

/* --- strangers and colours ---------------------------------------------------------- */

static void test_hostile(void **state)
{
	static const char evil[] = "\033[31m\xff\xe2\x80\xae";
	struct cast *c = begin();

	(void)state;
	child(c, 200, evil, 0);
	for (uint32_t i = 0; i < 4; i++) {
		forks(c, 100, 300 + i);
		runs(c, 300 + i, evil, i ? "a" : "b", 2);
		quits(c, 300 + i, 0);
		waits(c, 100, 300 + i);
	}
	forks(c, 100, 400);
	runs(c, 400, "x", ARGS("\033[31m\0two words\0"));
	quits(c, 400, 0);
	waits(c, 100, 400);
	expect(finish(c), tree_view,
	       "100 make                        exit 0  1.0 ms  0 µs CPU\n"
	       "├─200 \\e[31m\\xff\\u{202e}        exit 0  1.0 ms  0 µs CPU\n"
	       "├─4 × \\e[31m\\xff\\u{202e} …      exit 0    0 µs  0 µs CPU\n"
	       "└─400 $'\\e[31m' 'two words' ''  exit 0    0 µs  0 µs CPU\n");
	play_end(c);
}

static void test_colours(void **state)
{
	struct cast *c = begin();

	(void)state;
	opt.colour = true;
	child(c, 200, "bad", 11 | 0x80);
	expect(finish(c), tree_view,
	       "\033[1m100 \033[0mmake   \033[2mexit 0\033[0m               1.0 ms  "
	       "\033[2m0 µs CPU\033[0m\n"
	       "\033[2m└─\033[0m\033[1m200 \033[0mbad  "
	       "\033[31mkilled: SEGV (core)\033[0m  1.0 ms  \033[2m0 µs CPU\033[0m\n");
	play_end(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(test_server),	      PAGE_TEST(test_make_folds),
		PAGE_TEST(test_fold_rules),   PAGE_TEST(test_flagged_stay),
		PAGE_TEST(test_cut_and_wide), PAGE_TEST(test_narrow),
		PAGE_TEST(test_deep),	      PAGE_TEST(test_many_siblings),
		PAGE_TEST(test_hostile),      PAGE_TEST(test_colours),
	};

	return cmocka_run_group_tests_name("views", tests, NULL, NULL);
}
