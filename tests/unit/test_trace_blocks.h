/* SPDX-License-Identifier: GPL-2.0-only */
/* test_trace_blocks.h: traces made by hand, block by block, column by column. */
#ifndef BROOD_TEST_TRACE_BLOCKS_H
#define BROOD_TEST_TRACE_BLOCKS_H

#include "test_trace.h"

#include "trace/codec.h"
#include "trace/column.h"

/* A block taken to pieces: its columns by number. */
struct pieces {
	struct column col[64 * FIELDS_MAX];
};

static inline void append(struct column *c, const void *bytes, size_t n)
{
	assert_true(column_reserve(c, (uint32_t)n));
	column_put_bytes(c, bytes, (uint32_t)n);
}

static inline void append_number(struct column *c, uint64_t v)
{
	assert_true(column_reserve(c, VARINT_MAX));
	column_put(c, v);
}

/* What docs/trace-format.md says of the beginning of a payload, by hand. */
static inline void take_apart(struct pieces *p, uint8_t *raw, uint32_t len)
{
	struct column in = {raw, 0, len};
	uint32_t id[64], size[64];
	bool bad = false;
	uint64_t n = column_get(&in, &bad);

	memset(p, 0, sizeof(*p));
	for (uint32_t i = 0; i < n; i++) {
		id[i] = (uint32_t)column_get(&in, &bad) + (i ? id[i - 1] + 1 : 0);
		size[i] = (uint32_t)column_get(&in, &bad);
	}
	for (uint32_t i = 0; i < n; i++)
		append(&p->col[id[i]], column_get_bytes(&in, size[i], &bad), size[i]);
	assert_false(bad);
	assert_int_equal(in.pos, len);
	free(raw);
}

static inline struct column put_together(struct pieces *p)
{
	struct column out = {0};
	uint32_t n = 0, before = 0;

	for (uint32_t i = 0; i < 64 * FIELDS_MAX; i++)
		n += p->col[i].pos > 0;
	append_number(&out, n);
	n = 0;
	for (uint32_t i = 0; i < 64 * FIELDS_MAX; i++)
		if (p->col[i].pos) {
			append_number(&out, n++ ? i - before - 1 : i);
			append_number(&out, p->col[i].pos);
			before = i;
		}
	for (uint32_t i = 0; i < 64 * FIELDS_MAX; i++) {
		append(&out, p->col[i].data, p->col[i].pos);
		free(p->col[i].data);
	}
	return out;
}

/* --- files of single blocks ----------------------------------------------------------- */

static inline void write_header(int fd, uint8_t minor)
{
	uint8_t header[TRACE_HEADER_LEN];

	trace_header_pack(header);
	header[10] = minor;
	header[12] = 0xff; /* not used yet */
	assert_int_equal(write(fd, header, sizeof(header)), sizeof(header));
}

static inline void write_block(int fd, struct block_header h, const struct column *payload)
{
	uint8_t header[BLOCK_HEADER_LEN];

	h.trace_id = TRACE_ID;
	if (payload)
		h.raw_len = h.stored_len = payload->pos;
	block_pack(header, &h, payload ? payload->data : NULL);
	assert_int_equal(write(fd, header, sizeof(header)), sizeof(header));
	if (payload)
		assert_int_equal(write(fd, payload->data, payload->pos), payload->pos);
}

static inline struct block_header header_of(enum block_kind kind, uint64_t before, uint32_t records)
{
	return (struct block_header){.kind = (uint8_t)kind,
				     .records = records,
				     .before = before,
				     .first_ts = T0,
				     .last_ts = T0 + 10};
}

/* Forks of 2 and 3 at T0 and T0 + 1. */
static inline void two_forks(struct pieces *p)
{
	struct codec *c;
	uint8_t *raw;
	uint32_t len;

	assert_int_equal(encoder_new(&c), 0);
	for (uint32_t i = 0; i < 2; i++) {
		struct ev_fork f = small_fork(i + 2, T0 + i);

		assert_int_equal(encoder_add(c, &f.h, f.h.ts), 0);
	}
	raw = encoder_seal(c, &len);
	codec_free(c);
	take_apart(p, raw, len);
}

/* META with a tag that is not known, and the first one empty. */
static inline void write_meta(int fd)
{
	static uint8_t items[] = {99, 3, 'x', 'y', 'z', 1, 0, 6, 1, 2, 98, 0};
	const struct column payload = {items, sizeof(items), sizeof(items)};

	write_block(fd, header_of(BLOCK_META, 0, 0), &payload);
}

#endif
