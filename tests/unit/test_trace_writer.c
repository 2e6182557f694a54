// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing where it does not go smoothly: full disks, size limits, readers that leave or are
 * slow.  Nothing may be lost without being told, and what is told must be in order.
 */
#include "test_trace.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#define S 1000000000ULL

static struct trace_writer *writer_with(int fd, size_t queue_bytes)
{
	struct trace_writer_options opt = {.queue_bytes = queue_bytes};
	struct trace_writer *w;

	assert_int_equal(trace_writer_new(&w, fd, some_meta(), &opt), 0);
	return w;
}

static int add_fork(struct trace_writer *w, uint32_t i)
{
	struct ev_fork f = small_fork(i + 2, T0 + i);

	return trace_writer_add(w, &f.h);
}

/* Forks first..first+n, in blocks of 100. */
static void add_forks(struct trace_writer *w, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++) {
		assert_int_equal(add_fork(w, i), 0);
		if (i % 100 == 99)
			trace_writer_tick(w, 0, true);
	}
}

/* Forks and losses, in order and without a gap; how many were lost. */
static uint64_t check_forks(struct trace_reader *r, uint32_t n)
{
	struct trace_reader_state s;
	const struct event *ev;
	uint64_t lost = 0;
	uint32_t i = 0;

	while (trace_reader_next(r, &ev) == 1) {
		if (ev->kind == EV_LOSS) {
			lost += ((const struct ev_loss *)ev)->count;
			i += (uint32_t)((const struct ev_loss *)ev)->count;
		} else {
			struct ev_fork f = small_fork(i + 2, T0 + i);

			assert_true(same_event(ev, &f.h));
			i++;
		}
	}
	assert_int_equal(i, n);
	trace_reader_state(r, &s);
	assert_int_equal(s.end, TRACE_COMPLETE);
	assert_int_equal(s.damaged, 0);
	assert_int_equal(s.lost, lost);
	trace_reader_free(r);
	return lost;
}

/* Until the thread has met this error (0: none any more); a test that waits for ever fails. */
static void wait_for_error(struct trace_writer *w, int error)
{
	struct trace_writer_stats s;

	do {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		trace_writer_stats(w, &s);
	} while (s.error != error);
}

static void test_full(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct trace_writer *w = writer_with(fd, 0);
	struct trace_writer_stats s;

	(void)state;
	assert_true(fd >= 0);
	add_forks(w, 0, 1000);
	wait_for_error(w, ENOSPC);
	assert_int_equal(trace_writer_close(w, &s), -ENOSPC);
	assert_int_equal(s.events, 1000);
	assert_int_equal(s.lost, 1000);
	assert_int_equal(s.bytes, 0);
	close(fd);
}

static void test_reader_gone(void **state)
{
	int p[2];
	struct trace_writer *w;
	struct trace_writer_stats s;
	uint32_t n = 0;

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	w = writer_with(p[1], 0);
	close(p[0]);
	/* SIGPIPE would end this test. */
	do
		trace_writer_tick(w, 0, true);
	while (add_fork(w, n++) == 0);
	assert_int_equal(add_fork(w, n++), -EPIPE);
	assert_int_equal(trace_writer_close(w, &s), -EPIPE);
	assert_int_equal(s.lost, n);
	close(p[1]);
}

static void limit_file_size(rlim_t size)
{
	struct rlimit l;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
	l.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

/* Add forks until the thread has met an error; how many there are then. */
static uint32_t add_until(struct trace_writer *w, int error)
{
	struct trace_writer_stats s;
	uint32_t n = 0;

	do {
		add_forks(w, n, 100);
		n += 100;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		trace_writer_stats(w, &s);
	} while (s.error != error);
	return n;
}

/* A disk that is full for a while: the queue bridges it, or what it cannot hold is told. */
static uint64_t fill_and_recover(size_t queue_bytes)
{
	int fd = new_file(), err;
	struct trace_writer *w;
	struct trace_writer_stats s;
	uint64_t lost;
	uint32_t n;

	limit_file_size(1500);
	w = writer_with(fd, queue_bytes);
	n = add_until(w, EFBIG);
	add_forks(w, n, 3000);
	limit_file_size(RLIM_INFINITY);
	wait_for_error(w, 0);
	add_forks(w, n + 3000, 50);
	err = trace_writer_close(w, &s);
	assert_int_equal(err, s.lost ? -ENOBUFS : 0);
	assert_int_equal(s.bytes, lseek(fd, 0, SEEK_END));
	lost = check_forks(new_reader(fd), n + 3050);
	assert_int_equal(lost, s.lost);
	close(fd);
	return lost;
}

static void test_bridged(void **state)
{
	(void)state;
	assert_int_equal(fill_and_recover(0), 0);
}

static void test_recovered(void **state)
{
	(void)state;
	assert_in_range(fill_and_recover(6000), 2000, UINT32_MAX);
}

/* The disk is full to the end: what was written before reads back. */
static void test_full_to_the_end(void **state)
{
	int fd = new_file();
	struct trace_writer *w;
	struct trace_writer_stats s;
	struct trace_reader_state rs;
	struct trace_reader *r;
	const struct event *ev;
	uint64_t n = 0;

	(void)state;
	limit_file_size(1500);
	w = writer_with(fd, 0);
	add_forks(w, 0, 3000);
	assert_int_equal(trace_writer_close(w, &s), -EFBIG);
	limit_file_size(RLIM_INFINITY);
	assert_in_range(s.lost, 1, 2999);
	r = new_reader(fd);
	while (trace_reader_next(r, &ev) == 1)
		n += ev->kind == EV_FORK;
	trace_reader_state(r, &rs);
	assert_int_equal(n, 3000 - s.lost);
	assert_int_equal(rs.damaged, 0);
	trace_reader_free(r);
	close(fd);
}

/* One block does not fit, what ends the trace does: it is complete, and says what it lacks. */
static void test_no_room_at_the_end(void **state)
{
	int fd = new_file();
	struct trace_writer *w = writer_with(fd, 0);
	struct trace_writer_stats s;
	struct any_event large = {.ev.exec.args_len = 500};
	uint64_t x = 1;

	(void)state;
	large.ev.h = (struct event){.ts = T0 + 100, .kind = EV_EXEC};
	large.ev.exec.args_off = sizeof(large.ev.exec);
	for (size_t i = 0; i < 500; i++)
		((char *)&large)[sizeof(large.ev.exec) + i] = (char)(rnd(&x) >> 40);
	add_forks(w, 0, 100);
	do {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		trace_writer_stats(w, &s);
	} while (s.blocks < 2);
	limit_file_size(s.bytes + 2 * BLOCK_HEADER_LEN + 3);
	assert_int_equal(trace_writer_add(w, &large.ev.h), 0);
	assert_int_equal(trace_writer_close(w, &s), -EFBIG);
	limit_file_size(RLIM_INFINITY);
	assert_int_equal(s.lost, 1);
	assert_int_equal(s.blocks, 4);
	assert_int_equal(s.bytes, lseek(fd, 0, SEEK_END));
	assert_int_equal(check_forks(new_reader(fd), 101), 1);
	close(fd);
}

/* --- order through the thread --------------------------------------------------------- */

#define MANY 200000

struct pipe_reader {
	int fd;
	pthread_t thread;
};

static void *read_pipe(void *arg)
{
	struct pipe_reader *p = arg;
	struct trace_reader *r;
	const char *why;
	uint64_t lost;

	if (trace_reader_new(&r, p->fd, &why))
		return (void *)why;
	lost = check_forks(r, MANY);
	return lost ? "lost" : NULL;
}

static void test_pipe(void **state)
{
	for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
		struct pipe_reader p;
		struct trace_writer *w;
		struct trace_writer_stats s;
		void *failure;
		int fds[2];

		(void)state;
		assert_int_equal(pipe2(fds, O_CLOEXEC | (nonblocking ? O_NONBLOCK : 0)), 0);
		p.fd = fds[0];
		assert_int_equal(pthread_create(&p.thread, NULL, read_pipe, &p), 0);
		w = writer_with(fds[1], 64 << 20);
		for (uint32_t i = 0; i < MANY; i++) {
			assert_int_equal(add_fork(w, i), 0);
			if (i % 1000 == 0)
				trace_writer_stats(w, &s);
		}
		assert_int_equal(trace_writer_close(w, NULL), 0);
		assert_int_equal(pthread_join(p.thread, &failure), 0);
		assert_null(failure);
		close(fds[0]);
		close(fds[1]);
	}
}

/* --- a pipe that is open, and not read ------------------------------------------------ */

/* More than a pipe holds, and blocks that do not fit in what it takes at once. */
static struct trace_writer *fill_pipe(const int pipe_fds[2], int give_up_fd, uint32_t *n)
{
	struct trace_writer_options opt = {.give_up_fd = give_up_fd, .queue_bytes = 64 << 20};
	struct trace_writer *w;

	assert_true(fcntl(pipe_fds[1], F_SETPIPE_SZ, 4096) >= 4096);
	assert_int_equal(trace_writer_new(&w, pipe_fds[1], some_meta(), &opt), 0);
	*n = MANY;
	for (uint32_t i = 0; i < *n; i++)
		assert_int_equal(add_fork(w, i), 0);
	return w;
}

/* The wait for a reader ends when it is told to; what was not written is counted. */
static void test_give_up(void **state)
{
	int p[2], told[2];
	struct trace_writer *w;
	struct trace_writer_stats s;
	uint32_t n;

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	assert_int_equal(write(told[1], "", 1), 1);
	w = fill_pipe(p, told[0], &n);
	assert_int_equal(trace_writer_close(w, &s), -ECANCELED);
	assert_int_equal(s.events, n);
	assert_in_range(s.lost, 1, n);
	assert_int_equal(s.error, ECANCELED);
	for (int i = 0; i < 2; i++) {
		close(p[i]);
		close(told[i]);
	}
}

/* A reader that comes late gets all of it: also where somebody was in a hurry too early. */
static void test_late_reader(void **state)
{
	struct pipe_reader r;
	int p[2], told[2];
	struct trace_writer *w;
	struct trace_writer_stats s;
	void *failure;
	uint32_t n;
	char c;

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	assert_int_equal(write(told[1], "", 1), 1);
	w = fill_pipe(p, told[0], &n);
	/* Long enough for the thread to find the pipe full and to look around. */
	nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
	assert_int_equal(read(told[0], &c, 1), 1);
	r.fd = p[0];
	assert_int_equal(pthread_create(&r.thread, NULL, read_pipe, &r), 0);
	assert_int_equal(trace_writer_close(w, &s), 0);
	assert_int_equal(s.lost, 0);
	assert_int_equal(pthread_join(r.thread, &failure), 0);
	assert_null(failure);
	for (int i = 0; i < 2; i++) {
		close(p[i]);
		close(told[i]);
	}
}

/* --- when blocks are sealed ----------------------------------------------------------- */

static void test_seal_by_time(void **state)
{
	struct ev_fork f = small_fork(2, T0);
	int fd = new_file();
	struct trace_writer *w = new_writer(fd);
	struct trace_writer_stats s;

	(void)state;
	assert_int_equal(trace_writer_deadline(w), UINT64_MAX);
	trace_writer_tick(w, T0 + 5 * S, false);
	assert_int_equal(trace_writer_add(w, &f.h), 0);
	assert_int_equal(trace_writer_deadline(w), T0 + S);
	trace_writer_tick(w, T0 + S - 1, false);
	assert_int_equal(trace_writer_deadline(w), T0 + S);
	trace_writer_tick(w, T0 + S, false);
	assert_int_equal(trace_writer_deadline(w), UINT64_MAX);

	f = small_fork(3, T0 + 2 * S);
	assert_int_equal(trace_writer_add(w, &f.h), 0);
	f = small_fork(4, T0 + 3 * S); /* seals the one before */
	assert_int_equal(trace_writer_add(w, &f.h), 0);
	assert_int_equal(trace_writer_deadline(w), T0 + 4 * S);
	assert_int_equal(trace_writer_close(w, &s), 0);
	assert_int_equal(s.blocks, 1 + 3 + 1);
	close(fd);
}

/* A process killed at any moment leaves what was sealed: written, not kept in a buffer. */
static void test_sealed_is_written(void **state)
{
	struct trace_reader_state rs;
	struct trace_writer_stats s;
	const struct event *ev;
	int fd = new_file();
	struct trace_writer *w = new_writer(fd);
	struct trace_reader *r;

	(void)state;
	add_forks(w, 0, 150);
	do {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		trace_writer_stats(w, &s);
	} while (s.blocks < 2);
	r = new_reader(dup(fd));
	for (int i = 0; i < 100; i++)
		assert_int_equal(trace_reader_next(r, &ev), 1);
	assert_int_equal(trace_reader_next(r, &ev), 0);
	trace_reader_state(r, &rs);
	assert_int_equal(rs.end, TRACE_CUT_SHORT);
	assert_int_equal(rs.damaged, 0);
	trace_reader_free(r);
	lseek(fd, 0, SEEK_END);
	assert_int_equal(trace_writer_close(w, NULL), 0);
	assert_int_equal(check_forks(new_reader(fd), 150), 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_reader_gone),
		cmocka_unit_test(test_bridged),
		cmocka_unit_test(test_recovered),
		cmocka_unit_test(test_full_to_the_end),
		cmocka_unit_test(test_no_room_at_the_end),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_give_up),
		cmocka_unit_test(test_late_reader),
		cmocka_unit_test(test_seal_by_time),
		cmocka_unit_test(test_sealed_is_written),
	};

	/* What a write past RLIMIT_FSIZE sends must not arrive: its default would end us. */
	signal(SIGXFSZ, SIG_DFL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
