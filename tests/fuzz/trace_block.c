// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as the columns of a block: two bytes of record count, then the payload.  What
 * can be decoded, encoded again, must decode to the same.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/codec.h"

static struct codec *first, *second, *again;

static void check_same(const struct event *a, const struct event *b)
{
	const struct kind *k = &trace_kinds[a->kind];
	size_t len = k->size;

	for (uint32_t i = 0; i < k->n; i++)
		if (k->fields[i].type == FIELD_BYTES) {
			uint32_t off_len[2];

			memcpy(off_len, (const char *)a + k->fields[i].offset, sizeof(off_len));
			if (off_len[0] + off_len[1] > len)
				len = off_len[0] + off_len[1];
		}
	if (a->kind != b->kind || memcmp(a, b, len) != 0)
		__builtin_trap();
}

/* Encode what `first` tells, until it ends or the new block is full; how many that were. */
static uint32_t encode_again(void)
{
	const struct event *ev;
	uint32_t n = 0;

	encoder_reset(again);
	while (decoder_next(first, &ev) == 1) {
		int err = encoder_add(again, ev, ev->ts);

		if (err == -ENOSPC || err == -EMSGSIZE)
			break;
		if (err)
			__builtin_trap();
		n++;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint32_t records, n, raw_len;
	uint64_t first_ts = 0;
	uint8_t *raw;

	if (!first && (decoder_new(&first) || decoder_new(&second) || encoder_new(&again)))
		abort();
	if (len < 2 || len - 2 > BLOCK_RAW_MAX)
		return 0;
	records = bytes[0] | (uint32_t)bytes[1] << 8;
	bytes += 2;
	len -= 2;
	if (decoder_begin(first, bytes, (uint32_t)len, records, first_ts))
		return 0;
	n = encode_again();
	first_ts = encoder_stats(again)->first_ts;
	raw = encoder_seal(again, &raw_len);
	if (!raw || raw_len > BLOCK_RAW_MAX)
		__builtin_trap();
	if (decoder_begin(first, bytes, (uint32_t)len, records, 0) ||
	    decoder_begin(second, raw, raw_len, n, first_ts))
		__builtin_trap();
	while (n--) {
		const struct event *a, *b;

		if (decoder_next(first, &a) != 1 || decoder_next(second, &b) != 1)
			__builtin_trap();
		check_same(a, b);
	}
	free(raw);
	return 0;
}
