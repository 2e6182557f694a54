// SPDX-License-Identifier: GPL-2.0-only
/* Parts of a trace: the snapshot that it begins with, and a window of time. */
#include "test_trace.h"

static void test_snapshot(void **state)
{
	struct ev_snapshot snap = {.h = {.ts = T0, .kind = EV_SNAPSHOT, .who = {1, 2, 2}}};
	const bool is_snapshot[] = {true, true, false, false};
	const struct event *ev;
	int fd = new_file();
	struct trace_writer *w = new_writer(fd);
	struct trace_reader *r;

	(void)state;
	assert_int_equal(trace_writer_add(w, &snap.h), 0);
	assert_int_equal(trace_writer_add(w, &snap.h), 0);
	snap.h.ts++; /* joined later */
	assert_int_equal(trace_writer_add(w, &snap.h), 0);
	assert_int_equal(trace_writer_add(w, &snap.h), 0);
	assert_int_equal(trace_writer_close(w, NULL), 0);
	r = new_reader(fd);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(trace_reader_next(r, &ev), 1);
		assert_int_equal(trace_reader_in_snapshot(r), is_snapshot[i]);
	}
	expect_end(r, 0);
	close(fd);
}

static void check_window(int fd, uint64_t from, uint64_t to, uint32_t first, uint32_t last)
{
	struct trace_reader *r = new_reader(fd);
	struct trace_reader_state s;
	const struct event *ev;

	trace_reader_window(r, T0 + from, T0 + to);
	for (uint32_t i = first; i < last; i++)
		expect_fork(r, i);
	assert_int_equal(trace_reader_next(r, &ev), 0);
	trace_reader_state(r, &s);
	assert_int_equal(s.skipped, first);
	assert_int_equal(s.lost, 0);
	expect_end(r, 0);
}

static void test_window(void **state)
{
	int fd = new_file(), p[2];
	struct trace_writer *w = new_writer(fd);
	uint8_t *bytes;
	size_t len;

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		struct ev_fork f = small_fork(i + 2, T0 + i);

		assert_int_equal(trace_writer_add(w, &f.h), 0);
		if (i % 10 == 9)
			trace_writer_tick(w, 0, true);
	}
	assert_int_equal(trace_writer_close(w, NULL), 0);
	check_window(fd, 0, 1000, 0, 100);
	check_window(fd, 35, 1000, 30, 100);
	check_window(fd, 35, 62, 30, 70);
	check_window(fd, 0, 9, 0, 10);
	check_window(fd, 1000, 2000, 100, 100);
	bytes = bytes_of(fd, &len);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(write(p[1], bytes, len), len);
	close(p[1]);
	check_window(p[0], 35, 62, 30, 70);
	free(bytes);
	close(p[0]);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_snapshot),
		cmocka_unit_test(test_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
