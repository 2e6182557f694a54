// SPDX-License-Identifier: GPL-2.0-only
/* Parts of a trace: the snapshot that it begins with, and a window of time. */
#include "test_trace.h"

#include "trace/reader.h"

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

/* Forks first..last are told, after the one event of a checkpoint if there is one. */
static void check_window(int fd, uint64_t from, uint64_t to, uint32_t first, uint32_t last,
			 enum trace_end how)
{
	struct trace_reader *r = new_reader(fd);
	struct trace_reader_state s;
	const struct event *ev;

	assert_int_equal(trace_reader_window(r, T0 + from, T0 + to), 0);
	if (first) {
		assert_int_equal(trace_reader_next(r, &ev), 1);
		assert_int_equal(ev->kind, EV_CHECKPOINT);
		assert_int_equal(ev->ts, T0 + first - 1);
	}
	for (uint32_t i = first; i < last; i++)
		expect_fork(r, i);
	assert_int_equal(trace_reader_next(r, &ev), 0);
	trace_reader_state(r, &s);
	assert_int_equal(s.end, how);
	assert_int_equal(s.skipped, first);
	assert_int_equal(s.events, last - first);
	assert_int_equal(s.lost, 0);
	assert_int_equal(s.damaged, 0);
	trace_reader_free(r);
}

static void make_checkpoint(struct trace_writer *w)
{
	const struct ev_checkpoint c = {.h.kind = EV_CHECKPOINT};

	trace_writer_checkpoint_begin(w);
	assert_int_equal(trace_writer_checkpoint_add(w, &c.h), 0);
	trace_writer_checkpoint_end(w, true);
}

static void check_windows(int fd)
{
	check_window(fd, 0, 1000, 0, 100, TRACE_COMPLETE);
	check_window(fd, 19, 1000, 0, 100, TRACE_COMPLETE); /* not before it, but at it */
	check_window(fd, 20, 1000, 20, 100, TRACE_COMPLETE);
	check_window(fd, 35, 1000, 20, 100, TRACE_COMPLETE);
	check_window(fd, 45, 62, 40, 70, TRACE_WINDOW);
	check_window(fd, 0, 9, 0, 10, TRACE_WINDOW);
	check_window(fd, 1000, 2000, 80, 100, TRACE_COMPLETE);
}

/* A checkpoint after each 20 forks, blocks of 10. */
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
		if (i % 20 == 19 && i < 99)
			make_checkpoint(w);
	}
	assert_int_equal(trace_writer_close(w, NULL), 0);
	check_windows(fd);
	bytes = bytes_of(fd, &len);

	/* A pipe is read from its beginning. */
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(write(p[1], bytes, len), len);
	close(p[1]);
	check_window(p[0], 45, 62, 0, 70, TRACE_WINDOW);
	close(p[0]);

	/* Without END there is no index: from header to header. */
	assert_int_equal(ftruncate(fd, (off_t)len - 1), 0);
	check_window(fd, 45, 62, 40, 70, TRACE_WINDOW);
	check_window(fd, 1000, 2000, 80, 100, TRACE_CUT_SHORT);
	free(bytes);
	close(fd);
}

/* Where a trace does not begin at the beginning of its file. */
static void test_window_further_on(void **state)
{
	int fd = new_file();
	struct trace_writer *w;
	struct trace_reader *r;
	const struct event *ev;
	const char *why;

	(void)state;
	assert_int_equal(write(fd, "something else", 14), 14);
	w = new_writer(fd);
	for (uint32_t i = 0; i < 20; i++) {
		struct ev_fork f = small_fork(i + 2, T0 + i);

		assert_int_equal(trace_writer_add(w, &f.h), 0);
		if (i == 9)
			make_checkpoint(w);
	}
	assert_int_equal(trace_writer_close(w, NULL), 0);
	assert_int_equal(lseek(fd, 14, SEEK_SET), 14);
	assert_int_equal(trace_reader_new(&r, fd, &why), 0);
	assert_int_equal(trace_reader_window(r, T0 + 15, UINT64_MAX), 0);
	assert_int_equal(trace_reader_next(r, &ev), 1);
	assert_int_equal(ev->kind, EV_CHECKPOINT);
	for (uint32_t i = 10; i < 20; i++)
		expect_fork(r, i);
	expect_end(r, 0);
	close(fd);
}

/* --- more than fits a reader's buffer ----------------------------------------------------- */

#define LARGE	  1500
#define ARGS_SIZE 4000

struct large {
	struct ev_exec e;
	char args[ARGS_SIZE];
};

static void make_large(struct large *l, uint64_t i)
{
	uint64_t x = i + 1;

	memset(l, 0, sizeof(*l));
	l->e.h = (struct event){.ts = T0 + i, .kind = EV_EXEC, .who = {1, 2, 2}};
	l->e.args_off = sizeof(l->e);
	l->e.args_len = ARGS_SIZE;
	for (int k = 0; k < ARGS_SIZE; k++)
		l->args[k] = (char)(rnd(&x) >> 50);
}

static ssize_t read_fd(void *ctx, void *to, size_t n)
{
	return read(*(int *)ctx, to, n);
}

/* Without seeking, as from a pipe. */
static struct trace_reader *new_stream_reader(int *fd)
{
	struct trace_reader *r;
	const char *why;

	lseek(*fd, 0, SEEK_SET);
	assert_int_equal(trace_reader_open(&r, read_fd, fd, &why), 0);
	return r;
}

/* Returns how many events were not told, as they came before the checkpoint. */
static uint64_t check_large(int fd, uint64_t from, bool seek)
{
	struct trace_reader *r = seek ? new_reader(fd) : new_stream_reader(&fd);
	struct trace_reader_state s;
	const struct event *ev;
	uint64_t i;

	assert_int_equal(trace_reader_window(r, T0 + from, UINT64_MAX), 0);
	assert_int_equal(trace_reader_next(r, &ev), 1);
	if (ev->kind == EV_CHECKPOINT)
		assert_int_equal(trace_reader_next(r, &ev), 1);
	for (i = ev->ts - T0; i < LARGE; i++) {
		struct large l;

		make_large(&l, i);
		assert_true(same_event(ev, &l.e.h));
		assert_int_equal(trace_reader_next(r, &ev), i < LARGE - 1);
	}
	trace_reader_state(r, &s);
	assert_int_equal(s.skipped + s.events, LARGE);
	assert_int_equal(s.lost, 0);
	expect_end(r, 0);
	return s.skipped;
}

static void test_large(void **state)
{
	int fd = new_file();
	struct trace_writer *w = new_writer(fd);

	(void)state;
	for (uint64_t i = 0; i < LARGE; i++) {
		struct large l;

		make_large(&l, i);
		assert_int_equal(trace_writer_add(w, &l.e.h), 0);
		if (i % 100 == 99)
			make_checkpoint(w);
	}
	assert_int_equal(trace_writer_close(w, NULL), 0);
	assert_in_range(lseek(fd, 0, SEEK_END), 5 << 20, 8 << 20);
	assert_int_equal(check_large(fd, 0, true), 0);
	for (uint64_t from = 1; from < LARGE; from += 100)
		assert_int_equal(check_large(fd, from + 50, true), from - 1);
	assert_int_equal(check_large(fd, LARGE / 2, false), 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_snapshot),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_window_further_on),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
