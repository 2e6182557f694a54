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
typedef void (*tally_view_fn)(const struct view_options *opt, const struct tally *tally,
			      const struct model *m, const struct meta *meta, uint64_t end_ts);

/* Of the test that runs; set anew before each by page_reset(). */
static struct view_options opt;

static inline int page_reset(void **state)
{
	(void)state;
	opt = (struct view_options){.columns = 80, .fold = true, .zombie_after_ns = 100 * MS};
	return 0;
}

/* Not on the stack: gcc 12 would take what open_memstream() puts here for dangling. */
static char *page_text;
static size_t page_len;

static inline void page_open(void)
{
	page_text = NULL;
	opt.out = open_memstream(&page_text, &page_len);
	assert_non_null(opt.out);
}

static inline char *page_close(void)
{
	assert_int_equal(fclose(opt.out), 0);
	assert_non_null(page_text);
	return page_text;
}

/* To be freed. */
static inline char *page(struct cast *c, view_fn view)
{
	page_open();
	view(&opt, c->m, &c->meta, c->now);
	return page_close();
}

/* The same, whatever the model keeps. */
static inline char *tally_page(struct cast *c, tally_view_fn view)
{
	char *all, *noted;

	page_open();
	view(&opt, &c->tally, c->m, &c->meta, c->now);
	all = page_close();
	page_open();
	view(&opt, &c->noted_tally, c->noted, &c->meta, c->now);
	noted = page_close();
	assert_string_equal(noted, all);
	free(all);
	return noted;
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

static inline void expect_text(char *got, const char *want)
{
	assert_string_equal(got, want);
	if (!opt.colour)
		count_lines(got, opt.columns);
	free(got);
}

/* Exactly this; and it fits. */
static inline void expect(struct cast *c, view_fn view, const char *want)
{
	expect_text(page(c, view), want);
}

static inline void expect_tally(struct cast *c, tally_view_fn view, const char *want)
{
	expect_text(tally_page(c, view), want);
}

#define PAGE_TEST(f) cmocka_unit_test_setup(f, page_reset)

#endif
