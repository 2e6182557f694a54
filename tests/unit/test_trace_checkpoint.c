// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checkpoints and the index: a window of a trace is what the whole trace tells of that time,
 * wherever reading begins, and whatever is damaged is told or makes no difference.
 */
#include "test_trace.h"

#include <malloc.h>
#include <zlib.h>

#include "model/model.h"
#include "trace/meta.h"
#include "trace/places.h"
#include "trace/reader.h"

#define EVENTS	 1500
#define SPREAD	 40 /* PIDs in use at a time */
#define END_TS	 (EVENTS * 1000ULL)
#define ZOMBIE	 5000
#define MOST_OF	 20000

/* --- a trace with history: orphans, zombies, who killed whom ---------------------------- */

struct life {
	struct task_ref ref, parent;
	bool alive, zombie;
};

struct village {
	uint64_t x, ts;
	struct life of[SPREAD];
	uint32_t born;
};

static struct event head(const struct village *v, const struct life *l, enum event_kind kind)
{
	struct event h = {.ts = T0 + v->ts, .who = l->ref, .kind = (uint16_t)kind};

	h.who.tid = l->ref.tgid;
	snprintf(h.comm, sizeof(h.comm), "c%u", l->ref.tgid % 7);
	return h;
}

static struct life *anybody(struct village *v, bool alive, bool zombie)
{
	for (uint32_t i = below(&v->x, SPREAD), n = 0; n < SPREAD; n++, i = (i + 1) % SPREAD)
		if (v->of[i].alive == alive && v->of[i].zombie == zombie)
			return &v->of[i];
	return NULL;
}

static void next_event(struct village *v, union any *e)
{
	struct life *l, *by = anybody(v, true, false);

	memset(e, 0, sizeof(*e));
	v->ts += 500 + below(&v->x, 1000);
	switch (below(&v->x, 4)) {
	case 0:
		l = anybody(v, true, false);
		if (l != v->of && below(&v->x, 2)) {
			e->exit.h = head(v, l, EV_EXIT);
			e->exit.parent = l->parent;
			e->exit.adopter = v->of[0].ref;
			e->exit.status = below(&v->x, 3) ? 9 : below(&v->x, 3) << 8;
			*l = (struct life){.ref = l->ref, .parent = l->parent, .zombie = true};
			for (int i = 0; i < SPREAD; i++)
				if (v->of[i].parent.tgid == l->ref.tgid)
					v->of[i].parent = v->of[0].ref;
			return;
		}
		e->signal.h = head(v, l, EV_SIGNAL);
		e->signal.from = by->ref;
		e->signal.sig = 9;
		return;
	case 1:
		l = anybody(v, false, true);
		if (l) {
			e->reap.h = head(v, l, EV_REAP);
			e->reap.by = e->reap.parent = l->parent;
			e->reap.h.flags = below(&v->x, 2) ? EVF_EXACT : 0;
			l->zombie = false;
			return;
		}
		break;
	default:
		break;
	}
	l = anybody(v, false, false);
	if (l) {
		v->born++;
		*l = (struct life){.ref = {T0 + v->ts - 300, v->born + 1, 0},
				   .parent = by->ref,
				   .alive = true};
		e->fork.h = head(v, l, EV_FORK);
		e->fork.parent = by->ref;
		e->fork.creator = by->ref;
		e->fork.creator.tid = by->ref.tgid;
		return;
	}
	e->clock.h = head(v, v->of, EV_CLOCK);
	e->clock.h.who = (struct task_ref){0};
	e->clock.wall_ns = 1700000000000000000ULL + v->ts + below(&v->x, 1000);
}

/* --- writing it --------------------------------------------------------------------------- */

static void ignore(void *ctx, const struct fact *f)
{
	(void)ctx;
	(void)f;
}

static const struct model_options opt = {.zombie_after_ns = ZOMBIE, .keep_args = true};

/* Checkpoints every so many bytes; 0: none. */
static int record(size_t checkpoint_bytes)
{
	const struct trace_writer_options wo = {.trace_id = TRACE_ID,
						.checkpoint_bytes = checkpoint_bytes};
	struct village v = {.x = 7, .of[0] = {{1000, 1, 0}, {0, 0, 0}, true, false}};
	struct ev_snapshot init = {.h = head(&v, v.of, EV_SNAPSHOT)};
	struct event end = {.kind = EV_END};
	struct model *m = model_new(&opt, some_meta(), ignore, NULL);
	struct trace_writer *w;
	int fd = new_file();

	assert_non_null(m);
	assert_int_equal(trace_writer_new(&w, fd, some_meta(), &wo), 0);
	model_begin(m);
	trace_writer_add(w, &init.h);
	model_feed(m, &init.h);
	for (int i = 0; i < EVENTS; i++) {
		union any e;

		next_event(&v, &e);
		assert_int_equal(trace_writer_add(w, &e.h), 0);
		assert_int_equal(model_feed(m, &e.h), 0);
		if (i % 50 == 49)
			trace_writer_tick(w, 0, true);
		if (!checkpoint_bytes || !trace_writer_checkpoint_due(w))
			continue;
		trace_writer_checkpoint_begin(w);
		trace_writer_checkpoint_end(
			w, !model_checkpoint(m, trace_writer_checkpoint_add, w));
	}
	end.ts = T0 + v.ts;
	trace_writer_add(w, &end);
	assert_int_equal(trace_writer_close(w, NULL), 0);
	model_free(m);
	return fd;
}

/* --- reading a window --------------------------------------------------------------------- */

/* Facts of a window, each as a number that hardly another fact has. */
struct facts {
	uint64_t from, to;
	uint64_t sum[MOST_OF];
	size_t n;
	uint64_t skipped;
	bool told; /* that something is damaged, lost or cut off */
};

static uint64_t mix(uint64_t sum, const void *p, size_t n)
{
	return (uint64_t)crc32((uLong)(sum >> 32), p, (uInt)n) << 32 |
	       crc32((uLong)(sum & UINT32_MAX), p, (uInt)n);
}

static void hear(void *ctx, const struct fact *f)
{
	struct facts *x = ctx;
	const struct proc *p = f->proc;
	const uint64_t v[] = {f->type, f->seq, f->ts, f->wall, f->since, f->zombie_ns};
	uint64_t sum = mix(0x123456789, v, sizeof(v));

	if (f->ts < x->from || f->ts > x->to)
		return;
	assert_true(x->n < MOST_OF);
	sum = mix(sum, &f->old_parent, sizeof(f->old_parent));
	sum = mix(sum, &f->new_parent, sizeof(f->new_parent));
	if (p) {
		sum = mix(sum, &p->ref, sizeof(p->ref));
		sum = mix(sum, &p->parent, sizeof(p->parent));
		sum = mix(sum, &p->fork_ts, sizeof(p->fork_ts));
		sum = mix(sum, &p->killer, sizeof(p->killer));
		sum = mix(sum, &p->reaper, sizeof(p->reaper));
		sum = mix(sum, &p->old_parent, sizeof(p->old_parent));
	}
	x->sum[x->n++] = sum;
}

static struct facts *window(int fd, uint64_t from, uint64_t to, bool jump)
{
	struct facts *x = calloc(1, sizeof(*x));
	struct model *m = model_new(&opt, some_meta(), hear, x);
	struct trace_reader *r;
	struct trace_reader_state s;
	const struct event *ev;
	const char *why;
	bool whole = true, past = false;

	assert_true(x && m);
	x->from = from;
	x->to = to;
	model_begin(m);
	lseek(fd, 0, SEEK_SET);
	if (trace_reader_new(&r, fd, &why)) {
		x->told = true;
		model_free(m);
		return x;
	}
	assert_int_equal(trace_reader_window(r, jump ? T0 + from : 0, T0 + to), 0);
	while (trace_reader_next(r, &ev) == 1 && !past) {
		past = ev->ts > T0 + to;
		whole &= ev->kind != EV_LOSS;
		if (!past)
			assert_int_equal(model_feed(m, ev), 0);
	}
	trace_reader_state(r, &s);
	x->skipped = s.skipped;
	x->told = !whole || s.damaged || (s.end == TRACE_CUT_SHORT && !past);
	trace_reader_free(r);
	model_free(m);
	return x;
}

static bool same(const struct facts *a, const struct facts *b)
{
	return a->n == b->n && !memcmp(a->sum, b->sum, a->n * sizeof(a->sum[0]));
}

/* --- the tests ------------------------------------------------------------------------------ */

static void test_windows(void **state)
{
	int whole = record(0), with = record(600);
	uint64_t x = 5, jumped = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		uint64_t from = below(&x, END_TS), to = from + below(&x, END_TS / 4);
		struct facts *a = window(whole, from, to, false), *b = window(with, from, to, true);

		assert_false(a->told || b->told);
		assert_true(a->n > 0 || to - from < 10000);
		assert_true(same(a, b));
		jumped += b->skipped > 0;
		free(a);
		free(b);
	}
	assert_true(jumped > 80);
	close(whole);
	close(with);
}

static const uint64_t from = END_TS / 2, to = END_TS / 2 + END_TS / 5;

/* Damage costs nothing, or it is told.  Not each byte: test_trace_damage.c is about those. */
static void test_flipped(void **state)
{
	int fd = record(5000);
	struct facts *good = window(fd, from, to, true);
	size_t len, unnoticed = 0;
	uint8_t *bytes = bytes_of(fd, &len);

	(void)state;
	assert_true(good->skipped && good->n > 50 && !good->told);
	for (size_t at = 0; at < len; at += 5) {
		const uint8_t flipped = bytes[at] ^ 0x55;
		struct facts *x;

		assert_int_equal(pwrite(fd, &flipped, 1, (off_t)at), 1);
		x = window(fd, from, to, true);
		if (!same(x, good) && !x->told)
			fail_msg("byte %zu", at);
		unnoticed += same(x, good);
		assert_int_equal(pwrite(fd, bytes + at, 1, (off_t)at), 1);
		free(x);
	}
	assert_true(unnoticed > len / 10);
	free(good);
	free(bytes);
	close(fd);
}

/* What is there is read by what is there: no END, no index. */
static void test_truncated(void **state)
{
	int fd = record(5000);
	struct facts *good = window(fd, from, to, true);
	size_t len, whole = 0;
	uint8_t *bytes = bytes_of(fd, &len);

	(void)state;
	for (size_t at = len - 1; at > 0; at -= at > 11 ? 11 : at) {
		struct facts *x;

		assert_int_equal(ftruncate(fd, (off_t)at), 0);
		x = window(fd, from, to, true);
		if (!same(x, good) && !x->told)
			fail_msg("cut at %zu", at);
		whole += same(x, good) && x->skipped == good->skipped;
		free(x);
	}
	assert_true(whole > 100);
	free(good);
	free(bytes);
	close(fd);
}

/* --- an index that lies ----------------------------------------------------------------------- */

static size_t find_block(const uint8_t *bytes, size_t len, enum block_kind kind, size_t at,
			 struct block_header *h)
{
	for (; at < len; at += BLOCK_HEADER_LEN + h->stored_len) {
		assert_true(block_unpack(bytes + at, h));
		if (h->kind == kind)
			break;
	}
	return at;
}

/* The same file with this in its INDEX, and with END where it is then. */
static int with_index(const uint8_t *bytes, size_t len, const struct places *p)
{
	struct block_header h;
	struct column payload = {0}, end = {0};
	uint8_t header[BLOCK_HEADER_LEN];
	size_t at = find_block(bytes, len, BLOCK_INDEX, TRACE_HEADER_LEN, &h);
	int fd = file_of(bytes, at);

	assert_true(places_put(&payload, p));
	h.flags = 0;
	h.raw_len = h.stored_len = payload.pos;
	block_pack(header, &h, payload.data);
	lseek(fd, 0, SEEK_END);
	assert_int_equal(write(fd, header, sizeof(header)), sizeof(header));
	assert_int_equal(write(fd, payload.data, payload.pos), payload.pos);

	find_block(bytes, len, BLOCK_END, TRACE_HEADER_LEN, &h);
	assert_true(end_put(&end, 0) && end_put_index(&end, at));
	h.flags = 0;
	h.raw_len = h.stored_len = end.pos;
	block_pack(header, &h, end.data);
	assert_int_equal(write(fd, header, sizeof(header)), sizeof(header));
	assert_int_equal(write(fd, end.data, end.pos), end.pos);
	free(payload.data);
	free(end.data);
	return fd;
}

static void test_lying_index(void **state)
{
	int fd = record(600);
	struct facts *good = window(fd, from, to, true);
	struct places truth = {0};
	struct block_header h;
	size_t len, at;
	uint8_t *bytes = bytes_of(fd, &len);
	uint64_t x = 3;

	(void)state;
	for (at = find_block(bytes, len, BLOCK_CHECKPOINT, TRACE_HEADER_LEN, &h); at < len;
	     at = find_block(bytes, len, BLOCK_CHECKPOINT, at + BLOCK_HEADER_LEN + h.stored_len, &h))
		assert_int_equal(places_add(&truth, at, h.first_ts), 0);
	assert_true(truth.n > 20);
	for (int i = 0; i < 200; i++) {
		struct places lies = {0};
		struct facts *y;
		uint64_t place = 0, ts = 0;
		int lying;

		for (uint32_t k = 0; k < truth.n; k++) {
			uint64_t a = truth.place[k].at, t = truth.place[k].ts;

			if (below(&x, 2))
				a = below(&x, 2) ? truth.place[below(&x, truth.n)].at
						 : below(&x, (uint32_t)len);
			if (below(&x, 2))
				t = T0 + below(&x, END_TS);
			/* Such as can be written: they do not run backwards. */
			place = a > place ? a : place;
			ts = t > ts ? t : ts;
			assert_int_equal(places_add(&lies, place, ts), 0);
		}
		lying = with_index(bytes, len, &lies);
		y = window(lying, from, to, true);
		assert_true(same(y, good));
		places_free(&lies);
		free(y);
		close(lying);
	}
	places_free(&truth);
	free(good);
	free(bytes);
	close(fd);
}

static void test_places(void **state)
{
	const uint32_t n = 5 * PLACES_MAX;
	struct places p = {0}, q = {0};
	struct column c = {0};

	(void)state;
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(places_add(&p, 16 + 1000ULL * i, T0 + i), 0);
	assert_in_range(p.n, PLACES_MAX / 2, PLACES_MAX);
	assert_int_equal(p.place[0].at, 16);
	for (uint32_t i = 0; i < p.n; i++) {
		assert_int_equal((p.place[i].at - 16) / 1000, p.place[i].ts - T0);
		/* None is far from where it would be without a limit. */
		assert_true(!i || p.place[i].ts - p.place[i - 1].ts <= 8);
	}
	assert_in_range(p.place[p.n - 1].ts, T0 + n - 8, T0 + n - 1);
	assert_true(places_put(&c, &p));
	assert_true(c.pos <= BLOCK_RAW_MAX);
	assert_int_equal(places_get(c.data, c.pos, &q), 0);
	assert_int_equal(q.n, p.n);
	assert_memory_equal(q.place, p.place, p.n * sizeof(*p.place));
	places_free(&q);
	for (uint32_t len = 0; len < c.pos; len += 97)
		assert_int_equal(places_get(c.data, len, &q), -EBADMSG);
	places_free(&p);
	free(c.data);
}

/* A checkpoint of many blocks, and one that failed on the way. */
static void test_large_checkpoint(void **state)
{
	struct {
		struct ev_snapshot s;
		char args[60000];
	} x = {.s.h = {.kind = EV_SNAPSHOT}};
	const struct ev_checkpoint last = {.h.kind = EV_CHECKPOINT};
	struct ev_fork f = small_fork(2, T0);
	const struct event *ev;
	struct trace_reader *r;
	int fd = new_file();
	struct trace_writer *w = new_writer(fd);

	(void)state;
	x.s.args_off = sizeof(x.s);
	x.s.args_len = x.s.args_bytes = sizeof(x.args);
	assert_int_equal(trace_writer_add(w, &f.h), 0);
	for (int failed = 0; failed < 2; failed++) {
		uint64_t seed = 9;

		trace_writer_checkpoint_begin(w);
		for (uint32_t i = 0; i < 20; i++) {
			x.s.h.who = (struct task_ref){i + 1, i + 1, i + 1};
			rnd_bytes(&seed, x.args, sizeof(x.args));
			assert_int_equal(trace_writer_checkpoint_add(w, &x.s.h), 0);
		}
		assert_int_equal(trace_writer_checkpoint_add(w, &last.h), 0);
		trace_writer_checkpoint_end(w, !failed);
		f.h.ts++;
		assert_int_equal(trace_writer_add(w, &f.h), 0);
	}
	assert_int_equal(trace_writer_close(w, NULL), 0);
	r = new_reader(fd);
	assert_int_equal(trace_reader_window(r, T0 + 10, UINT64_MAX), 0);
	for (uint32_t i = 0; i < 20; i++) {
		assert_int_equal(trace_reader_next(r, &ev), 1);
		assert_int_equal(ev->kind, EV_SNAPSHOT);
		assert_int_equal(ev->who.tgid, i + 1);
		assert_int_equal(ev->ts, T0);
	}
	assert_int_equal(trace_reader_next(r, &ev), 1);
	assert_int_equal(ev->kind, EV_CHECKPOINT);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(trace_reader_next(r, &ev), 1);
		assert_int_equal(ev->kind, EV_FORK);
	}
	expect_end(r, 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_windows),	    cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_truncated),   cmocka_unit_test(test_lying_index),
		cmocka_unit_test(test_places),	    cmocka_unit_test(test_large_checkpoint),
	};

	/* Thousands of readers: the memory of one is for the next. */
	mallopt(M_MMAP_THRESHOLD, 16 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
