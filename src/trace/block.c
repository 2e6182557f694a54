// SPDX-License-Identifier: GPL-2.0-only
#include "trace/block.h"

#include <string.h>
#include <zlib.h>

const uint8_t trace_magic[TRACE_MAGIC_LEN] = {0x89, 'B', 'R', 'D', '\r', '\n', 0x1a, '\n'};
#define SYNC_LEN 4
static const uint8_t sync_bytes[SYNC_LEN] = {0xeb, 'b', 'l', 'k'};
#define HEADER_CRC 48 /* where it is, and how much it covers */
#define BLOCK_CRC  52

static void put_le(uint8_t *p, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t get_le(const uint8_t *p, int bytes)
{
	uint64_t v = 0;

	for (int i = 0; i < bytes; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

/* A fuzzer would spend its life on checksums. */
static bool crc_is(const uint8_t *p, uLong crc)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	(void)p;
	(void)crc;
	return true;
#else
	return get_le(p, 4) == crc;
#endif
}

static uLong block_crc(const uint8_t *header, const uint8_t *payload, uint32_t len)
{
	uLong crc = crc32(0, header, BLOCK_CRC);

	return len ? crc32(crc, payload, len) : crc;
}

void trace_header_pack(uint8_t *to)
{
	memset(to, 0, TRACE_HEADER_LEN);
	memcpy(to, trace_magic, TRACE_MAGIC_LEN);
	put_le(to + 8, TRACE_MAJOR, 2);
	put_le(to + 10, TRACE_MINOR, 2);
}

void block_pack(uint8_t *to, const struct block_header *h, const uint8_t *payload)
{
	memset(to, 0, BLOCK_HEADER_LEN);
	memcpy(to, sync_bytes, SYNC_LEN);
	put_le(to + 4, h->trace_id, 4);
	to[8] = h->kind;
	to[9] = h->flags;
	put_le(to + 12, h->raw_len, 4);
	put_le(to + 16, h->stored_len, 4);
	put_le(to + 20, h->records, 4);
	put_le(to + 24, h->before, 8);
	put_le(to + 32, h->first_ts, 8);
	put_le(to + 40, h->last_ts, 8);
	put_le(to + HEADER_CRC, crc32(0, to, HEADER_CRC), 4);
	put_le(to + BLOCK_CRC, block_crc(to, payload, h->stored_len), 4);
}

bool block_unpack(const uint8_t *p, struct block_header *h)
{
	if (memcmp(p, sync_bytes, SYNC_LEN) != 0 ||
	    !crc_is(p + HEADER_CRC, crc32(0, p, HEADER_CRC)))
		return false;
	h->trace_id = (uint32_t)get_le(p + 4, 4);
	h->kind = p[8];
	h->flags = p[9];
	h->raw_len = (uint32_t)get_le(p + 12, 4);
	h->stored_len = (uint32_t)get_le(p + 16, 4);
	h->records = (uint32_t)get_le(p + 20, 4);
	h->before = get_le(p + 24, 8);
	h->first_ts = get_le(p + 32, 8);
	h->last_ts = get_le(p + 40, 8);
	return h->raw_len <= BLOCK_RAW_MAX && h->stored_len <= BLOCK_STORED_MAX &&
	       h->before <= UINT64_MAX - h->records;
}

bool block_intact(const uint8_t *p, const struct block_header *h)
{
	return crc_is(p + BLOCK_CRC, block_crc(p, p + BLOCK_HEADER_LEN, h->stored_len));
}

size_t block_search(const uint8_t *p, size_t len)
{
	const uint8_t *at = p, *end = p + len;

	while ((at = memchr(at, sync_bytes[0], (size_t)(end - at)))) {
		size_t n = (size_t)(end - at);

		if (!memcmp(at, sync_bytes, n < SYNC_LEN ? n : SYNC_LEN))
			return (size_t)(at - p);
		at++;
	}
	return len;
}
