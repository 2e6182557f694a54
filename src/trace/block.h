/* SPDX-License-Identifier: GPL-2.0-only */
/* block.h: the frame around everything in a trace.  All integers are little-endian. */
#ifndef BROOD_TRACE_BLOCK_H
#define BROOD_TRACE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Before the first block.  The first byte has the top bit set, which 7-bit transfer loses;
 * CR LF and LF are what text mode changes; ^Z ends a text for some.
 */
#define TRACE_MAGIC_LEN 8
extern const uint8_t trace_magic[TRACE_MAGIC_LEN]; /* 89 'B' 'R' 'D' CR LF ^Z LF */

#define TRACE_MAJOR	 1
#define TRACE_MINOR	 1
#define TRACE_HEADER_LEN 16

#define BLOCK_HEADER_LEN 56
#define BLOCK_RAW_MAX	 (256U << 10)
#define BLOCK_STORED_MAX BLOCK_RAW_MAX /* deflated only where that is shorter */

enum block_kind {
	BLOCK_META = 1,	    /* what is known of the trace */
	BLOCK_SNAPSHOT = 2, /* the processes that existed as it began */
	BLOCK_EVENTS = 3,
	BLOCK_LOSS = 4,	 /* events that could not be written: the header says how many */
	BLOCK_END = 5,	 /* the trace is complete */
	BLOCK_INDEX = 6, /* where the checkpoints are */
	BLOCK_CHECKPOINT = 7, /* all that is known at its place, for who begins to read there */
};

enum block_flags {
	BLOCK_DEFLATED = 1 << 0,
	/* Whoever does not know one of these cannot read the payload. */
	BLOCK_FLAGS_VITAL = 0xf0,
};

struct block_header {
	uint32_t trace_id; /* random, the same in all blocks of a trace */
	uint8_t kind;	   /* enum block_kind */
	uint8_t flags;	   /* enum block_flags */
	uint32_t raw_len;  /* of the payload, inflated */
	uint32_t stored_len;
	uint32_t records;
	uint64_t before; /* records of all blocks before, lost ones included */
	uint64_t first_ts, last_ts;
};

/* The 16 bytes that a trace begins with. */
void trace_header_pack(uint8_t *to);

/* Both checksums are filled in. */
void block_pack(uint8_t *to, const struct block_header *h, const uint8_t *payload);

/* Is there a header at p (BLOCK_HEADER_LEN bytes) that can be believed?  Then it is *h. */
bool block_unpack(const uint8_t *p, struct block_header *h);

/* Is the payload of the block at p the one that was written? */
bool block_intact(const uint8_t *p, const struct block_header *h);

/*
 * The first place in p[0..len) where a header may begin, were there more bytes; len if there
 * is none.
 */
size_t block_search(const uint8_t *p, size_t len);

#endif
