/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * test_trace.h: for tests of traces: events at random, files in memory, and what is read of
 * them again.
 */
#ifndef BROOD_TEST_TRACE_H
#define BROOD_TEST_TRACE_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "trace/block.h"
#include "trace/fields.h"
#include "trace/trace.h"

#define T0	 5000000000ULL
#define TRACE_ID 0x64726221U

union any {
	struct event h;
	struct ev_fork fork;
	struct ev_exec exec;
	struct ev_exit exit;
	struct ev_reap reap;
	struct ev_signal signal;
	struct ev_snapshot snapshot;
	struct ev_thread thread;
	struct ev_loss loss;
	struct ev_clock clock;
	struct ev_gone gone;
	char bytes[128];
};

/* An event with room behind it. */
struct any_event {
	union any ev;
	char var[1024];
};

/* --- random --------------------------------------------------------------------------- */

static inline uint64_t rnd(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x * 0x2545f4914f6cdd1dULL;
}

static inline uint32_t below(uint64_t *x, uint32_t n)
{
	return (uint32_t)(rnd(x) >> 32) % n;
}

/*
 * Small, near a power of two, or as large as can be.  One call in a statement: the order
 * within one is the compiler's, and the same seed must make the same events everywhere.
 */
static inline uint64_t rnd_number(uint64_t *x)
{
	uint64_t v = rnd(x);
	uint32_t shift = below(x, 64), little = below(x, 3);

	switch (below(x, 4)) {
	case 0:
		return little;
	case 1:
		return (1ULL << shift) - little;
	case 2:
		return UINT64_MAX - little;
	default:
		return v >> shift;
	}
}

/* One of few, so that many are met again; or anybody. */
static inline struct task_ref rnd_ref(uint64_t *x)
{
	uint32_t n = below(x, 12), tid = below(x, 5);
	struct task_ref r = {1000 * n, n, tid > 2 ? n : tid};

	if (n == 1)
		return (struct task_ref){0};
	if (n == 0) {
		r.start = rnd_number(x);
		r.tgid = (uint32_t)rnd(x);
		r.tid = (uint32_t)rnd_number(x);
	}
	return r;
}

static inline void rnd_bytes(uint64_t *x, char *to, uint32_t len)
{
	bool text = below(x, 2);

	for (uint32_t i = 0; i < len; i++)
		to[i] = (char)(text ? 'a' + below(x, 2) : rnd(x) >> 40);
}

static inline void rnd_comm(uint64_t *x, char *to)
{
	uint32_t len = below(x, 3) ? below(x, 4) : below(x, EVENT_COMM + 1);

	memset(to, 0, EVENT_COMM);
	rnd_bytes(x, to, len);
}

/* Every field of the kind at random; what stays is the time, so that order can be kept. */
static inline void rnd_event(uint64_t *x, struct any_event *e, uint16_t kind, uint64_t ts)
{
	const struct kind *k = &trace_kinds[kind];
	uint32_t at = k->size;

	memset(e, 0, sizeof(*e));
	e->ev.h.kind = kind;
	e->ev.h.ts = ts;
	e->ev.h.who = rnd_ref(x);
	for (uint32_t i = 0; i < k->n; i++) {
		char *p = e->ev.bytes + k->fields[i].offset;
		uint64_t v = below(x, 3) ? below(x, 2) : rnd_number(x);
		struct task_ref ref = rnd_ref(x);

		switch (k->fields[i].type) {
		case FIELD_U16:
			memcpy(p, &v, 2);
			break;
		case FIELD_U32:
		case FIELD_NS_PID:
			memcpy(p, &v, 4);
			break;
		case FIELD_U64:
		case FIELD_DELTA:
		case FIELD_AGE:
			memcpy(p, &v, 8);
			break;
		case FIELD_REF:
		case FIELD_PARENT:
		case FIELD_CREATOR:
			memcpy(p, &ref, sizeof(ref));
			break;
		case FIELD_COMM:
			rnd_comm(x, p);
			break;
		case FIELD_BYTES: {
			uint32_t off_len[2] = {0, below(x, 3) ? below(x, 4) : below(x, 300)};

			/* With gaps, and anywhere where there is nothing. */
			off_len[0] = off_len[1] ? at + below(x, 8) : (uint32_t)rnd(x);
			memcpy(p, off_len, sizeof(off_len));
			if (off_len[1]) {
				rnd_bytes(x, (char *)e + off_len[0], off_len[1]);
				at = off_len[0] + off_len[1];
			}
			break;
		}
		default:
			break;
		}
	}
}

/* --- comparing ------------------------------------------------------------------------ */

static inline const uint32_t *bytes_at(const struct event *ev, const struct field *f)
{
	return (const uint32_t *)(const void *)((const char *)ev + f->offset);
}

/* The struct as a trace keeps it: without `lost`, and wherever its bytes lie. */
static inline void canonical(union any *to, const struct event *ev)
{
	const struct kind *k = &trace_kinds[ev->kind];

	memset(to, 0, sizeof(*to));
	memcpy(to, ev, k->size);
	to->h.lost = 0;
	for (uint32_t i = 0; i < k->n; i++)
		if (k->fields[i].type == FIELD_BYTES)
			memset(to->bytes + k->fields[i].offset, 0, 4);
}

static inline bool same_event(const struct event *a, const struct event *b)
{
	const struct kind *k = &trace_kinds[a->kind];
	union any x, y;

	canonical(&x, a);
	canonical(&y, b);
	if (memcmp(&x, &y, sizeof(x)) != 0)
		return false;
	for (uint32_t i = 0; i < k->n; i++) {
		const uint32_t *p = bytes_at(a, &k->fields[i]), *q = bytes_at(b, &k->fields[i]);

		if (k->fields[i].type == FIELD_BYTES && p[1] &&
		    memcmp((const char *)a + p[0], (const char *)b + q[0], p[1]) != 0)
			return false;
	}
	return true;
}

/* --- files ---------------------------------------------------------------------------- */

static inline int new_file(void)
{
	int fd = memfd_create("trace", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static inline int file_of(const uint8_t *bytes, size_t len)
{
	int fd = new_file();

	assert_int_equal(pwrite(fd, bytes, len, 0), len);
	return fd;
}

/* All that is in the file; malloc'ed. */
static inline uint8_t *bytes_of(int fd, size_t *len)
{
	off_t end = lseek(fd, 0, SEEK_END);
	uint8_t *bytes = malloc((size_t)end + 1);

	assert_non_null(bytes);
	*len = (size_t)end;
	assert_int_equal(pread(fd, bytes, *len, 0), *len);
	lseek(fd, 0, SEEK_SET);
	return bytes;
}

static inline const struct meta *some_meta(void)
{
	static char command[] = "make\0-j2";
	static struct meta m = {.brood = "0.1.0",
				.host = "h",
				.kernel = "6.1",
				.boot_id = "b",
				.arch = "x86_64",
				.cpus = 2,
				.command = command,
				.command_len = sizeof(command),
				.reap_source = REAP_PROCESS_FREE,
				.t0 = T0,
				.wall0 = 1700000000000000000ULL};

	return &m;
}

static inline struct trace_writer *new_writer(int fd)
{
	static const struct trace_writer_options opt = {.trace_id = TRACE_ID};
	struct trace_writer *w;

	assert_int_equal(trace_writer_new(&w, fd, some_meta(), &opt), 0);
	return w;
}

static inline struct trace_reader *new_reader(int fd)
{
	struct trace_reader *r;
	const char *why;

	lseek(fd, 0, SEEK_SET);
	assert_int_equal(trace_reader_new(&r, fd, &why), 0);
	return r;
}

/* A fork, as small as they come, for tests that only count. */
static inline struct ev_fork small_fork(uint32_t pid, uint64_t ts)
{
	return (struct ev_fork){
		.h = {.ts = ts, .kind = EV_FORK, .who = {ts - 1000, pid, pid}, .comm = "sh"},
		.parent = {1000, 1, 0},
		.creator = {1000, 1, 1},
		.ns_pid = pid,
	};
}

/* --- what a reader tells next ---------------------------------------------------------- */

/* small_fork(i + 2, T0 + i) */
static inline void expect_fork(struct trace_reader *r, uint32_t i)
{
	struct ev_fork f = small_fork(i + 2, T0 + i);
	const struct event *ev;

	assert_int_equal(trace_reader_next(r, &ev), 1);
	assert_true(same_event(ev, &f.h));
}

static inline void expect_loss(struct trace_reader *r, uint64_t count)
{
	const struct event *ev;

	assert_int_equal(trace_reader_next(r, &ev), 1);
	assert_int_equal(ev->kind, EV_LOSS);
	assert_int_equal(((const struct ev_loss *)ev)->count, count);
}

static inline void expect_end(struct trace_reader *r, uint64_t damaged)
{
	struct trace_reader_state s;
	const struct event *ev;

	assert_int_equal(trace_reader_next(r, &ev), 0);
	trace_reader_state(r, &s);
	assert_int_equal(s.end, TRACE_COMPLETE);
	assert_int_equal(s.damaged, damaged);
	trace_reader_free(r);
}

#endif
