/* SPDX-License-Identifier: GPL-2.0-only */
/* page.h: what a view printed of a cast (cast.h), as a string to compare. */
#ifndef BROOD_TEST_PAGE_H
#define BROOD_TEST_PAGE_H

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

typedef void (*view_fn)(const struct view_options *opt, const struct model *m,
			const struct meta *meta, uint64_t end_ts);

/* Of the test that runs; set anew before each by page_reset(). */
static struct view_options opt;

static inline int page_reset(void **state)
{
	(void)state;
	opt = (struct view_options){.columns = 80, .fold = true, .zombie_after_ns = 100 * MS};
	return 0;
}

/* To be freed. */
static inline char *page(struct cast *c, view_fn view)
{
	/* Not on the stack: gcc 12 would take what open_memstream() puts here for dangling. */
	static char *text;
	static size_t len;

	text = NULL;
	opt.out = open_memstream(&text, &len);
	assert_non_null(opt.out);
	view(&opt, c->m, &c->meta, c->now);
	assert_int_equal(fclose(opt.out), 0);
	assert_non_null(text);
	return text;
}

/* How many lines, none of them wider than that. */
static inline size_t count_lines(const char *s, int columns)
{
	size_t n = 0, len;

	for (; *s; s += len + 1, n++) {
		len = strcspn(s, "\n");
		assert_true(text_width(s, len) <= columns);
	}
	return n;
}

/* Exactly this; and it fits. */
static inline void expect(struct cast *c, view_fn view, const char *want)
{
	char *got = page(c, view);

	assert_string_equal(got, want);
	if (!opt.colour)
		count_lines(got, opt.columns);
	free(got);
}

#define PAGE_TEST(f) cmocka_unit_test_setup(f, page_reset)

#endif
