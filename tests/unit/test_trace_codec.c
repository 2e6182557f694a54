// SPDX-License-Identifier: GPL-2.0-only
/*
 * What goes into a trace comes out of it: every kind of event, every field at random and at
 * its extremes; within one block, over many, and through the whole file.
 */
#include "test_trace.h"

#include "trace/codec.h"
#include "trace/column.h"

#define EVENTS 20000

static const uint16_t kinds[] = {
	EV_FORK,	 EV_EXEC,	 EV_EXIT, EV_REAP,  EV_SIGNAL, EV_SNAPSHOT,
	EV_THREAD_START, EV_THREAD_EXIT, EV_LOSS, EV_CLOCK, EV_GONE,   EV_END,
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Mostly close together, sometimes far, at last as late as can be. */
static uint64_t later(uint64_t *x, uint64_t ts, int i)
{
	if (i == EVENTS - 1)
		return UINT64_MAX;
	if (!below(x, 50))
		return ts + below(x, 2000000000);
	return ts + below(x, 3) * below(x, 100000);
}

static struct any_event *some_events(uint64_t seed)
{
	struct any_event *list = calloc(EVENTS, sizeof(*list));
	uint64_t x = seed, ts = T0;

	assert_non_null(list);
	for (int i = 0; i < EVENTS; i++) {
		ts = later(&x, ts, i);
		rnd_event(&x, &list[i], kinds[below(&x, KINDS)], ts);
	}
	return list;
}

/* Some of them, in one block. */
static int check_block(struct codec *enc, struct codec *dec, const struct any_event *list, int n)
{
	const struct event *ev;
	struct block_stats s;
	uint8_t *raw;
	uint32_t len;
	int i, got = 0;

	for (i = 0; i < n; i++) {
		int err = encoder_add(enc, &list[i].ev.h, list[i].ev.h.ts);

		if (err == -ENOSPC)
			break;
		assert_int_equal(err, 0);
	}
	s = *encoder_stats(enc);
	assert_int_equal(s.records, i);
	assert_int_equal(s.first_ts, list[0].ev.h.ts);
	assert_int_equal(s.last_ts, list[i - 1].ev.h.ts);
	raw = encoder_seal(enc, &len);
	assert_non_null(raw);
	assert_in_range(len, 1, BLOCK_RAW_MAX);
	assert_int_equal(decoder_begin(dec, raw, len, s.records, s.first_ts), 0);
	while (decoder_next(dec, &ev) == 1) {
		assert_true(same_event(ev, &list[got].ev.h));
		got++;
	}
	assert_int_equal(got, i);
	assert_int_equal(decoder_left(dec), 0);
	free(raw);
	return i;
}

static void test_blocks(void **state)
{
	struct codec *enc, *dec;

	(void)state;
	assert_int_equal(encoder_new(&enc), 0);
	assert_int_equal(decoder_new(&dec), 0);
	for (uint64_t seed = 1; seed < 4; seed++) {
		struct any_event *list = some_events(seed);
		uint64_t x = seed;

		for (int i = 0; i < EVENTS;) {
			int n = 1 + (int)below(&x, below(&x, 2) ? 20 : EVENTS);

			i += check_block(enc, dec, list + i, n < EVENTS - i ? n : EVENTS - i);
		}
		free(list);
	}
	codec_free(enc);
	codec_free(dec);
}

static void check_file(int fd, const struct any_event *list)
{
	struct trace_reader *r = new_reader(fd);
	struct trace_reader_state s;
	const struct event *ev;

	for (int i = 0; i < EVENTS; i++) {
		assert_int_equal(trace_reader_next(r, &ev), 1);
		assert_true(same_event(ev, &list[i].ev.h));
	}
	assert_int_equal(trace_reader_next(r, &ev), 0);
	assert_int_equal(trace_reader_next(r, &ev), 0);
	trace_reader_state(r, &s);
	assert_int_equal(s.end, TRACE_COMPLETE);
	assert_int_equal(s.events, EVENTS);
	assert_int_equal(s.damaged, 0);
	assert_int_equal(s.lost, 0);
	trace_reader_free(r);
}

static void test_file(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 4; seed++) {
		struct any_event *list = some_events(seed);
		struct trace_writer_stats s;
		int fd = new_file();
		struct trace_writer *w = new_writer(fd);

		for (int i = 0; i < EVENTS; i++)
			assert_int_equal(trace_writer_add(w, &list[i].ev.h), 0);
		assert_int_equal(trace_writer_close(w, &s), 0);
		assert_int_equal(s.events, EVENTS);
		assert_int_equal(s.lost, 0);
		assert_int_equal(s.bytes, lseek(fd, 0, SEEK_END));
		check_file(fd, list);
		close(fd);
		free(list);
	}
}

static void test_meta(void **state)
{
	int fd = new_file();
	const struct meta *m, *told = some_meta();
	struct trace_reader *r;

	(void)state;
	assert_int_equal(trace_writer_close(new_writer(fd), NULL), 0);
	r = new_reader(fd);
	m = trace_reader_meta(r);
	assert_string_equal(m->brood, told->brood);
	assert_string_equal(m->host, told->host);
	assert_string_equal(m->kernel, told->kernel);
	assert_string_equal(m->boot_id, told->boot_id);
	assert_string_equal(m->arch, told->arch);
	assert_int_equal(m->cpus, told->cpus);
	assert_int_equal(m->command_len, told->command_len);
	assert_memory_equal(m->command, told->command, told->command_len);
	assert_int_equal(m->reap_source, told->reap_source);
	assert_int_equal(m->t0, told->t0);
	assert_int_equal(m->wall0, told->wall0);
	assert_int_equal(m->filtered, told->filtered);
	trace_reader_free(r);
	close(fd);
}

/* A command line may be as long as the kernel allows; a block is not. */
static void test_long_command(void **state)
{
	struct meta m = *some_meta();
	struct trace_writer *w;
	struct trace_reader *r;
	int fd = new_file();

	(void)state;
	m.command_len = 2 << 20;
	m.command = malloc(m.command_len);
	assert_non_null(m.command);
	for (size_t i = 0; i < m.command_len; i++)
		m.command[i] = i % 1000 == 999 ? '\0' : 'x';
	m.command[m.command_len - 1] = '\0';
	assert_int_equal(trace_writer_new(&w, fd, &m, NULL), 0);
	assert_int_equal(trace_writer_close(w, NULL), 0);
	r = new_reader(fd);
	assert_in_range(trace_reader_meta(r)->command_len, 200000, BLOCK_RAW_MAX);
	assert_int_equal(trace_reader_meta(r)->command_len % 1000, 0);
	trace_reader_free(r);
	free(m.command);
	close(fd);
}

/* The most that a probe tells of one exec, and more than any block can hold. */
static void test_long_args(void **state)
{
	const size_t size = sizeof(struct ev_exec) + BLOCK_RAW_MAX + 10;
	struct ev_exec *e = calloc(1, size);
	struct trace_writer_stats s;
	const struct event *ev;
	int fd = new_file();
	struct trace_writer *w = new_writer(fd);
	struct trace_reader *r;

	(void)state;
	assert_non_null(e);
	for (size_t i = sizeof(*e); i < size; i++)
		((char *)e)[i] = (char)(i % 251);
	e->h = (struct event){.ts = T0, .kind = EV_EXEC, .who = {1, 2, 2}};
	e->args_off = e->file_off = e->interp_off = sizeof(*e);
	e->args_len = 65536;
	e->file_len = e->interp_len = 4096;
	assert_int_equal(trace_writer_add(w, &e->h), 0);
	e->args_len = BLOCK_RAW_MAX;
	assert_int_equal(trace_writer_add(w, &e->h), 0);
	e->args_len = 10;
	assert_int_equal(trace_writer_add(w, &e->h), 0);
	assert_int_equal(trace_writer_close(w, &s), -ENOBUFS);
	assert_int_equal(s.lost, 1);

	r = new_reader(fd);
	e->args_len = 65536;
	assert_int_equal(trace_reader_next(r, &ev), 1);
	assert_true(same_event(ev, &e->h));
	assert_int_equal(trace_reader_next(r, &ev), 1);
	assert_int_equal(ev->kind, EV_LOSS);
	assert_int_equal(((const struct ev_loss *)ev)->count, 1);
	e->args_len = 10;
	assert_int_equal(trace_reader_next(r, &ev), 1);
	assert_true(same_event(ev, &e->h));
	assert_int_equal(trace_reader_next(r, &ev), 0);
	trace_reader_free(r);
	free(e);
	close(fd);
}

/* More newcomers than a block may have. */
static void test_many_identities(void **state)
{
	const uint32_t n = 3 * BLOCK_IDS_MAX;
	const struct event *ev;
	int fd = new_file();
	struct trace_writer *w = new_writer(fd);
	struct trace_reader *r;

	(void)state;
	for (uint32_t i = 0; i < n; i++) {
		struct ev_fork f = small_fork(i + 2, T0 + i);

		assert_int_equal(trace_writer_add(w, &f.h), 0);
	}
	assert_int_equal(trace_writer_close(w, NULL), 0);
	r = new_reader(fd);
	for (uint32_t i = 0; i < n; i++) {
		struct ev_fork f = small_fork(i + 2, T0 + i);

		assert_int_equal(trace_reader_next(r, &ev), 1);
		assert_true(same_event(ev, &f.h));
	}
	assert_int_equal(trace_reader_next(r, &ev), 0);
	trace_reader_free(r);
	close(fd);
}

/* Ticks are not stored, times never decrease, and what is no event is refused. */
static void test_odd_events(void **state)
{
	struct ev_fork f = small_fork(2, T0 + 10);
	struct event tick = {.ts = T0 + 11, .kind = EV_TICK};
	struct event unknown = {.ts = T0 + 11, .kind = EV_KINDS};
	const struct event *ev;
	int fd = new_file();
	struct trace_writer *w = new_writer(fd);
	struct trace_reader *r;

	(void)state;
	assert_int_equal(trace_writer_add(w, &f.h), 0);
	assert_int_equal(trace_writer_add(w, &tick), 0);
	assert_int_equal(trace_writer_add(w, &unknown), -EINVAL);
	f.h.ts = T0;
	assert_int_equal(trace_writer_add(w, &f.h), 0);
	trace_writer_tick(w, 0, true);
	assert_int_equal(trace_writer_add(w, &f.h), 0);
	assert_int_equal(trace_writer_close(w, NULL), 0);
	r = new_reader(fd);
	f.h.ts = T0 + 10;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(trace_reader_next(r, &ev), 1);
		assert_true(same_event(ev, &f.h));
	}
	assert_int_equal(trace_reader_next(r, &ev), 0);
	trace_reader_free(r);
	close(fd);
}

/* --- varints ----------------------------------------------------------------------------- */

static void test_varints(void **state)
{
	static const uint64_t values[] = {
		0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX >> 1, 1ULL << 63, UINT64_MAX};
	uint8_t bytes[VARINT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct column to = {bytes, 0, sizeof(bytes)}, from;
		bool bad = false;

		column_put(&to, values[i]);
		from = (struct column){bytes, 0, to.pos};
		assert_int_equal(column_get(&from, &bad), values[i]);
		assert_int_equal(from.pos, to.pos);
		assert_false(bad);
		for (uint32_t cut = 0; cut < to.pos; cut++) {
			from = (struct column){bytes, 0, cut};
			bad = false;
			column_get(&from, &bad);
			assert_true(bad);
		}
		assert_int_equal(unzigzag(zigzag(values[i])), values[i]);
		assert_int_equal(unzigzag32(zigzag32((uint32_t)values[i])), (uint32_t)values[i]);
	}
	assert_int_equal(zigzag((uint64_t)-1), 1);
	assert_int_equal(zigzag(1), 2);
	assert_int_equal(zigzag32((uint32_t)-1), 1);
}

/* More than 64 bits, more than 10 bytes. */
static void test_bad_varints(void **state)
{
	uint8_t bytes[12];

	(void)state;
	memset(bytes, 0x80, sizeof(bytes));
	for (int last = 0; last < 4; last++) {
		struct column c = {bytes, 0, sizeof(bytes)};
		bool bad = false;

		bytes[9] = (uint8_t)last;
		column_get(&c, &bad);
		assert_int_equal(bad, last > 1);
	}
	bytes[9] = 0x80;
	for (uint32_t len = 10; len <= sizeof(bytes); len++) {
		struct column c = {bytes, 0, len};
		bool bad = false;

		bytes[11] = 0;
		column_get(&c, &bad);
		assert_true(bad);
		assert_int_equal(c.pos, 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),	    cmocka_unit_test(test_file),
		cmocka_unit_test(test_meta),	    cmocka_unit_test(test_long_command),
		cmocka_unit_test(test_long_args),   cmocka_unit_test(test_many_identities),
		cmocka_unit_test(test_odd_events),  cmocka_unit_test(test_varints),
		cmocka_unit_test(test_bad_varints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
