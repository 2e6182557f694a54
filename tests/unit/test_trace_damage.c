// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is left of a trace that was cut, damaged, or written by somebody else.  A flipped
 * byte, a cut: at every offset.
 */
#include "test_trace.h"

#include "trace/codec.h"
#include "trace/reader.h"

#define BLOCKS	  8
#define PER_BLOCK 5
#define EVENTS	  (BLOCKS * PER_BLOCK)
#define STEPS	  100

/* Of one reading: which of the events 0, 1, 2 … were told, and how many were lost where. */
struct reading {
	int err; /* of opening it */
	struct trace_reader_state s;
	uint64_t events, lost;
	bool has_meta;
};

struct input {
	const uint8_t *bytes;
	size_t len, pos, step;
};

/* As a pipe does: some bytes at a time. */
static ssize_t read_input(void *ctx, void *to, size_t n)
{
	struct input *in = ctx;

	if (n > in->len - in->pos)
		n = in->len - in->pos;
	if (in->step && n > in->step)
		n = in->step;
	memcpy(to, in->bytes + in->pos, n);
	in->pos += n;
	return (ssize_t)n;
}

/* Events are forks of 2, 3, 4 …: each must come after those before it, gaps be told first. */
static struct reading read_forks(const uint8_t *bytes, size_t len, size_t step)
{
	struct input in = {bytes, len, 0, step};
	struct reading got = {0};
	struct trace_reader *r;
	const struct event *ev;
	const char *why;
	int more;

	got.err = trace_reader_open(&r, read_input, &in, &why);
	if (got.err) {
		assert_non_null(why);
		return got;
	}
	got.has_meta = trace_reader_meta(r)->cpus == 2;
	while ((more = trace_reader_next(r, &ev)) == 1) {
		if (ev->kind == EV_LOSS) {
			got.lost += ((const struct ev_loss *)ev)->count;
		} else {
			struct ev_fork f = small_fork(2 + (uint32_t)(got.events + got.lost),
						      T0 + got.events + got.lost);

			assert_true(same_event(ev, &f.h));
			got.events++;
		}
	}
	assert_int_equal(more, 0);
	trace_reader_state(r, &got.s);
	assert_int_equal(got.s.events, got.events);
	assert_int_equal(got.s.lost, got.lost);
	trace_reader_free(r);
	return got;
}

static uint8_t *fork_trace(size_t *len, size_t block_ends[BLOCKS])
{
	int fd = new_file();
	struct trace_writer *w = new_writer(fd);
	struct trace_writer_stats s;
	uint8_t *bytes;

	for (uint32_t i = 0; i < EVENTS; i++) {
		struct ev_fork f = small_fork(i + 2, T0 + i);

		assert_int_equal(trace_writer_add(w, &f.h), 0);
		if (i % PER_BLOCK == PER_BLOCK - 1)
			trace_writer_tick(w, 0, true);
	}
	assert_int_equal(trace_writer_close(w, &s), 0);
	assert_int_equal(s.blocks, BLOCKS + 2);
	bytes = bytes_of(fd, len);
	close(fd);
	for (size_t at = TRACE_HEADER_LEN, n = 0; at < *len;) {
		struct block_header h;

		assert_true(block_unpack(bytes + at, &h));
		at += BLOCK_HEADER_LEN + h.stored_len;
		if (h.kind == BLOCK_EVENTS)
			block_ends[n++] = at;
	}
	return bytes;
}

static void test_whole(void **state)
{
	size_t len, ends[BLOCKS];
	uint8_t *bytes = fork_trace(&len, ends);

	(void)state;
	for (size_t step = 0; step < STEPS; step++) {
		struct reading got = read_forks(bytes, len, step);

		assert_int_equal(got.events, EVENTS);
		assert_int_equal(got.s.end, TRACE_COMPLETE);
		assert_int_equal(got.s.damaged + got.lost, 0);
	}
	free(bytes);
}

static void test_cut_anywhere(void **state)
{
	size_t len, ends[BLOCKS];
	uint8_t *bytes = fork_trace(&len, ends);

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		struct reading got = read_forks(bytes, cut, 0);
		uint64_t whole = 0;

		while (whole < BLOCKS && ends[whole] <= cut)
			whole++;
		if (cut < TRACE_HEADER_LEN) {
			assert_int_equal(got.err, cut ? -EBADMSG : -ENODATA);
			continue;
		}
		assert_int_equal(got.err, 0);
		assert_int_equal(got.events, whole * PER_BLOCK);
		assert_int_equal(got.lost, 0);
		assert_int_equal(got.s.end, TRACE_CUT_SHORT);
		assert_int_equal(got.s.damaged, 0);
	}
	free(bytes);
}

/* One byte costs one block at most, and what it costs is told. */
static void test_flip_anywhere(void **state)
{
	size_t len, ends[BLOCKS];
	uint8_t *bytes = fork_trace(&len, ends);

	(void)state;
	for (size_t at = 0; at < len; at++) {
		for (int bit = 0; bit < 8; bit += 7) {
			struct reading got;
			size_t meta_end = ends[0];

			bytes[at] ^= (uint8_t)(1 << bit);
			got = read_forks(bytes, len, 0);
			bytes[at] ^= (uint8_t)(1 << bit);
			if (at < 8) {
				assert_int_equal(got.err, -EINVAL);
				continue;
			}
			if (at < 10) {
				assert_int_equal(got.err, -EPROTONOSUPPORT);
				continue;
			}
			assert_int_equal(got.err, 0);
			assert_true(got.has_meta || at < meta_end);
			if (at < TRACE_HEADER_LEN) { /* minor version, and what is not used */
				assert_int_equal(got.events, EVENTS);
				assert_int_equal(got.s.damaged, 0);
				continue;
			}
			assert_int_equal(got.events + got.lost, EVENTS);
			assert_in_range(got.lost, 0, PER_BLOCK);
			if (at < ends[BLOCKS - 1]) {
				assert_int_equal(got.s.end, TRACE_COMPLETE);
				assert_int_equal(got.s.damaged, got.has_meta ? 1 : got.s.damaged);
				assert_in_range(got.s.damaged, 1, 2);
			} else {
				assert_int_equal(got.s.end, TRACE_CUT_SHORT);
			}
		}
	}
	free(bytes);
}

/* A piece is missing, of any length, anywhere: what is whole is read. */
static void test_piece_missing(void **state)
{
	size_t len, ends[BLOCKS];
	uint8_t *bytes = fork_trace(&len, ends), *rest = malloc(len);

	(void)state;
	assert_non_null(rest);
	for (size_t at = TRACE_HEADER_LEN; at < len; at += 7)
		for (size_t n = 1; n < len - at; n += 61) {
			struct reading got;
			uint64_t whole = 0;

			for (int i = 0; i < BLOCKS; i++) {
				size_t begin = i ? ends[i - 1] : TRACE_HEADER_LEN;

				whole += ends[i] <= at || begin >= at + n;
			}
			memcpy(rest, bytes, at);
			memcpy(rest + at, bytes + at + n, len - at - n);
			got = read_forks(rest, len - n, 0);
			assert_int_equal(got.err, 0);
			assert_in_range(got.events, whole * PER_BLOCK, (whole + 1) * PER_BLOCK);
			if (got.s.end == TRACE_COMPLETE)
				assert_int_equal(got.events + got.lost, EVENTS);
		}
	free(rest);
	free(bytes);
}

/* A block that comes twice is told once. */
static void test_piece_twice(void **state)
{
	size_t len, ends[BLOCKS];
	uint8_t *bytes = fork_trace(&len, ends), *more = malloc(2 * len);
	struct reading got;

	(void)state;
	assert_non_null(more);
	memcpy(more, bytes, ends[3]);
	memcpy(more + ends[3], bytes + ends[1], len - ends[1]);
	got = read_forks(more, len + ends[3] - ends[1], 0);
	assert_int_equal(got.events, EVENTS);
	assert_int_equal(got.lost, 0);
	assert_int_equal(got.s.end, TRACE_COMPLETE);
	assert_in_range(got.s.damaged, 1, 2);
	free(more);
	free(bytes);
}

static void test_garbage(void **state)
{
	uint64_t x = 1;
	uint8_t *bytes = malloc(3 << 20);
	struct reading got;

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < 3 << 20; i++)
		bytes[i] = (uint8_t)(rnd(&x) >> 40);
	for (size_t len = 1; len < 100; len++)
		assert_int_equal(read_forks(bytes, len, 0).err, -EINVAL);
	trace_header_pack(bytes);
	got = read_forks(bytes, 3 << 20, 1000);
	assert_int_equal(got.err, 0);
	assert_int_equal(got.events + got.lost, 0);
	assert_int_equal(got.s.end, TRACE_CUT_SHORT);
	/* As 7-bit and text transfer leave it. */
	bytes[0] &= 0x7f;
	assert_int_equal(read_forks(bytes, 1000, 0).err, -EINVAL);
	bytes[0] |= 0x80;
	memmove(bytes + 4, bytes + 5, TRACE_HEADER_LEN);
	assert_int_equal(read_forks(bytes, 1000, 0).err, -EINVAL);
	free(bytes);
}

static void test_not_a_file(void **state)
{
	struct trace_reader *r;
	const char *why;
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(trace_reader_new(&r, fd, &why), -EISDIR);
	close(fd);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(trace_reader_new(&r, fd, &why), -ENODATA);
	close(fd);
	fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	assert_int_equal(trace_reader_new(&r, fd, &why), -EINVAL);
	close(fd);
	assert_int_equal(trace_reader_new(&r, -1, &why), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),	      cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_flip_anywhere), cmocka_unit_test(test_piece_missing),
		cmocka_unit_test(test_piece_twice),   cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_not_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
