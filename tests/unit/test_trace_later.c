// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traces that this writer does not write but a reader must take: of later minor versions,
 * without META, or wrong in ways that no checksum shows.
 */
#include "test_trace_blocks.h"

/* --- a later minor version ------------------------------------------------------------ */

/*
 * A record of kind 50 between the forks, about the first child; a field 30 in forks, one of
 * kind 50; and a column that belongs to nothing.
 */
static void add_unknown(struct pieces *p)
{
	const uint8_t kinds[] = {EV_FORK, 50, EV_FORK};
	uint8_t *ts, *who;
	struct column mask = p->col[COLUMN_MASK];
	bool bad = false;

	p->col[COLUMN_KIND].pos = 0;
	append(&p->col[COLUMN_KIND], kinds, sizeof(kinds));
	assert_int_equal(p->col[COLUMN_TS].pos, 2);
	append_number(&p->col[COLUMN_TS], 0);
	ts = p->col[COLUMN_TS].data;
	assert_int_equal(ts[1], 1); /* 0, 1: and now 0, 0, 1 */
	ts[1] = 0;
	ts[2] = 1;
	assert_int_equal(p->col[COLUMN_WHO].pos, 2);
	append_number(&p->col[COLUMN_WHO], 0);
	who = p->col[COLUMN_WHO].data;
	who[1] = 2; /* the creator is the last newcomer, this the one before */

	mask.size = mask.pos;
	mask.pos = 0;
	p->col[COLUMN_MASK] = (struct column){0};
	append_number(&p->col[COLUMN_MASK], column_get(&mask, &bad) | 1U << 30);
	append_number(&p->col[COLUMN_MASK], 1);
	append_number(&p->col[COLUMN_MASK], column_get(&mask, &bad) | 1U << 30);
	free(mask.data);
	append_number(&p->col[EV_FORK * FIELDS_MAX + 30], 12345);
	append_number(&p->col[EV_FORK * FIELDS_MAX + 30], 12345);
	append_number(&p->col[50 * FIELDS_MAX], 777);
	append_number(&p->col[30 * FIELDS_MAX + 5], 1);
}

static void test_later_minor(void **state)
{
	static uint8_t some[] = "what a later version says";
	struct column payload = {some, sizeof(some), sizeof(some)};
	struct block_header h;
	struct trace_reader *r;
	struct trace_reader_state s;
	struct pieces *p = malloc(sizeof(*p));
	int fd = new_file();

	(void)state;
	assert_non_null(p);
	write_header(fd, 77);
	write_meta(fd);
	write_block(fd, header_of(BLOCK_INDEX, 0, 0), &payload);
	write_block(fd, header_of(200, 0, 5), &payload); /* records that are not known */
	h = header_of(BLOCK_EVENTS, 5, 7);
	h.flags = 0x80; /* coded in a way that is not known */
	write_block(fd, h, &payload);
	two_forks(p);
	add_unknown(p);
	payload = put_together(p);
	append(&payload, "a tail", 6);
	h = header_of(BLOCK_EVENTS, 12, 3);
	h.flags = 0x0e; /* not vital */
	write_block(fd, h, &payload);
	write_block(fd, header_of(BLOCK_END, 15, 0), &(struct column){some, 0, 0});

	r = new_reader(fd);
	assert_int_equal(trace_reader_meta(r)->cpus, 2);
	expect_fork(r, 0);
	expect_fork(r, 1);
	trace_reader_state(r, &s);
	assert_int_equal(s.minor, 77);
	assert_int_equal(s.lost, 0);
	expect_end(r, 0);
	free(payload.data);
	free(p);
	close(fd);
}

static void test_other_major(void **state)
{
	uint8_t header[TRACE_HEADER_LEN];
	struct trace_reader *r;
	const char *why;
	int fd;

	(void)state;
	trace_header_pack(header);
	for (int major = 0; major < 4; major++) {
		header[8] = (uint8_t)major;
		fd = file_of(header, sizeof(header));
		if (major == 1) {
			trace_reader_free(new_reader(fd));
		} else {
			assert_int_equal(trace_reader_new(&r, fd, &why), -EPROTONOSUPPORT);
			assert_non_null(why);
		}
		close(fd);
	}
}

/* --- not as it should be, with checksums that are right ------------------------------- */

static void test_no_meta(void **state)
{
	struct trace_reader *r;
	struct column payload;
	struct pieces *p = malloc(sizeof(*p));
	int fd = new_file();

	(void)state;
	assert_non_null(p);
	write_header(fd, 0);
	two_forks(p);
	payload = put_together(p);
	write_block(fd, header_of(BLOCK_EVENTS, 0, 2), &payload);
	write_block(fd, header_of(BLOCK_END, 2, 0), NULL);
	r = new_reader(fd);
	assert_int_equal(trace_reader_meta(r)->t0, T0);
	assert_int_equal(trace_reader_meta(r)->cpus, 0);
	expect_fork(r, 0);
	expect_fork(r, 1);
	expect_end(r, 1);
	free(payload.data);
	free(p);
	close(fd);
}

/* Every byte of a payload wrong in its turn, the checksums right: events or losses, no more. */
static void test_nonsense(void **state)
{
	struct pieces *p = malloc(sizeof(*p));
	struct column payload;

	(void)state;
	assert_non_null(p);
	two_forks(p);
	payload = put_together(p);
	for (uint32_t at = 0; at < payload.pos; at++)
		for (int v = 0; v < 256; v += 15) {
			uint8_t was = payload.data[at];
			struct trace_reader *r;
			const struct event *ev;
			uint64_t told = 0;
			int fd = new_file();

			payload.data[at] = (uint8_t)v;
			write_header(fd, 0);
			write_meta(fd);
			write_block(fd, header_of(BLOCK_EVENTS, 0, 2), &payload);
			write_block(fd, header_of(BLOCK_END, 2, 0), NULL);
			payload.data[at] = was;
			r = new_reader(fd);
			while (trace_reader_next(r, &ev) == 1)
				told += ev->kind == EV_LOSS ? ((const struct ev_loss *)ev)->count
							    : 1;
			assert_in_range(told, 0, 2);
			trace_reader_free(r);
			close(fd);
		}
	free(payload.data);
	free(p);
}

/* Numbers of what is not there; in the second record, so the first is told. */
static const struct {
	uint32_t column;
	const char *bytes;
	uint32_t len;
} wrong[] = {
	{COLUMN_KIND, "\x01", 1},				       /* a kind for one only */
	{COLUMN_TS, "\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11}, /* past the end of time */
	{COLUMN_TS, "\0", 1},
	{COLUMN_WHO, "\0\x04", 2}, /* of 3 identities the 4th last */
	{COLUMN_WHO, "\0", 1},
	{COLUMN_MASK, "", 0},
	{COLUMN_ID_TGID, "\x04\x01", 2},
	{COLUMN_STRING_LEN, "\x03", 1}, /* longer than all strings */
	{COLUMN_STRING_LEN, "\xff\xff\xff\xff\x0f", 5},
	{COLUMN_STRING_LEN, "\xff\xff\xff\xff\xff\x0f", 6},
	{EV_FORK * FIELDS_MAX + 0, "\x04", 1}, /* identity 3 of 0 to 1 */
	{EV_FORK * FIELDS_MAX + 3, "\x02", 1}, /* string 1 of 0 */
};

static void test_wrong_numbers(void **state)
{
	struct pieces *p = malloc(sizeof(*p));

	(void)state;
	assert_non_null(p);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct trace_reader *r;
		struct trace_reader_state s;
		struct column payload, *c;
		const struct event *ev;
		int fd = new_file();

		two_forks(p);
		c = &p->col[wrong[i].column];
		c->pos = 0;
		append(c, wrong[i].bytes, wrong[i].len);
		payload = put_together(p);
		write_header(fd, 0);
		write_meta(fd);
		write_block(fd, header_of(BLOCK_EVENTS, 0, 2), &payload);
		write_block(fd, header_of(BLOCK_END, 2, 0), NULL);
		r = new_reader(fd);
		while (trace_reader_next(r, &ev) == 1 && ev->kind != EV_LOSS)
			;
		trace_reader_state(r, &s);
		assert_in_range(s.lost, 1, 2);
		assert_int_equal(s.events + s.lost, 2);
		expect_end(r, 1);
		free(payload.data);
		close(fd);
	}
	free(p);
}

/* Where a damaged place is searched, a block of another trace is not one. */
static void test_other_trace(void **state)
{
	const struct block_header other = {
		.trace_id = TRACE_ID + 1, .kind = BLOCK_LOSS, .records = 9};
	uint8_t header[BLOCK_HEADER_LEN];
	struct trace_reader *r;
	int fd = new_file();

	(void)state;
	write_header(fd, 0);
	write_meta(fd);
	block_pack(header, &other, NULL);
	assert_int_equal(write(fd, header, sizeof(header)), sizeof(header));
	write_block(fd, header_of(BLOCK_END, 0, 0), NULL);
	r = new_reader(fd);
	expect_end(r, 1);
	close(fd);
}

static void test_losses(void **state)
{
	struct trace_reader *r;
	struct column payload;
	struct pieces *p = malloc(sizeof(*p));
	struct block_header early = header_of(BLOCK_EVENTS, 16, 2);
	int fd = new_file();

	(void)state;
	assert_non_null(p);
	write_header(fd, 0);
	write_meta(fd);
	write_block(fd, header_of(BLOCK_LOSS, 0, 7), NULL);
	two_forks(p);
	payload = put_together(p);
	early.first_ts = 1; /* before what was told already */
	write_block(fd, early, &payload);
	write_block(fd, header_of(BLOCK_END, 20, 0), NULL);
	r = new_reader(fd);
	expect_loss(r, 7);
	expect_loss(r, 9);
	expect_loss(r, 2);
	expect_loss(r, 2);
	expect_end(r, 3);
	free(payload.data);
	free(p);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_later_minor), cmocka_unit_test(test_other_major),
		cmocka_unit_test(test_no_meta),	    cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_losses),	    cmocka_unit_test(test_wrong_numbers),
		cmocka_unit_test(test_other_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
