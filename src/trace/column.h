/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * column.h: a run of bytes that is only appended to, or only read from its beginning on, and
 * the integers in it: varints, 7 bits a byte, the lowest first, the top bit set in all but
 * the last.  Signed differences are zigzag: 0, -1, 1, -2, … as 0, 1, 2, 3, …
 */
#ifndef BROOD_TRACE_COLUMN_H
#define BROOD_TRACE_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define VARINT_MAX 10 /* bytes of UINT64_MAX */

struct column {
	uint8_t *data; /* writing: owned; reading: borrowed */
	uint32_t pos;  /* written or read so far */
	uint32_t size; /* writing: room; reading: bytes */
};

/* Room for n more bytes.  false where memory is short. */
static inline bool column_reserve(struct column *c, uint32_t n)
{
	uint32_t size = c->size ? c->size : 256;
	uint8_t *data;

	if (c->size - c->pos >= n)
		return true;
	while (size - c->pos < n)
		size *= 2;
	data = (uint8_t *)realloc(c->data, size);
	if (!data)
		return false;
	c->data = data;
	c->size = size;
	return true;
}

/* The two below need room reserved. */
static inline void column_put(struct column *c, uint64_t v)
{
	while (v >= 0x80) {
		c->data[c->pos++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	c->data[c->pos++] = (uint8_t)v;
}

static inline void column_put_bytes(struct column *c, const void *bytes, uint32_t n)
{
	if (n)
		memcpy(c->data + c->pos, bytes, n);
	c->pos += n;
}

/* One varint; 0 and *bad set where there is none. */
static inline uint64_t column_get(struct column *c, bool *bad)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && c->pos < c->size; shift += 7) {
		uint8_t byte = c->data[c->pos++];

		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			/* Of the tenth byte one bit fits. */
			*bad |= shift == 63 && byte > 1;
			return v;
		}
	}
	*bad = true;
	return 0;
}

/* The next n bytes; NULL and *bad set where there are fewer. */
static inline const uint8_t *column_get_bytes(struct column *c, uint64_t n, bool *bad)
{
	const uint8_t *p = c->data + c->pos;

	if (n > c->size - c->pos) {
		*bad = true;
		return NULL;
	}
	c->pos += (uint32_t)n;
	return p;
}

static inline uint64_t zigzag(uint64_t difference)
{
	return difference << 1 ^ (0 - (difference >> 63));
}

static inline uint64_t unzigzag(uint64_t v)
{
	return v >> 1 ^ (0 - (v & 1));
}

static inline uint32_t zigzag32(uint32_t difference)
{
	return difference << 1 ^ (0 - (difference >> 31));
}

static inline uint32_t unzigzag32(uint32_t v)
{
	return v >> 1 ^ (0 - (v & 1));
}

#endif
