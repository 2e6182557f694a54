/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * codec.h: the events of one block as columns, and back.  Nothing is known of other blocks.
 * docs/trace-format.md describes it; the table of fields is in fields.c.
 */
#ifndef BROOD_TRACE_CODEC_H
#define BROOD_TRACE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "trace/block.h"
#include "trace/column.h"
#include "trace/fields.h"

/* Limits of one block, beside BLOCK_RAW_MAX; a reader's memory follows from them. */
#define BLOCK_RECORDS_MAX 65536U
#define BLOCK_IDS_MAX	  16384U
#define BLOCK_STRINGS_MAX 16384U

/* The columns that all kinds share; field f of kind k has column k * FIELDS_MAX + f. */
enum shared_column {
	COLUMN_KIND,
	COLUMN_MASK,
	COLUMN_TS,
	COLUMN_WHO,
	COLUMN_ID_TGID,
	COLUMN_ID_START,
	COLUMN_STRING_LEN,
	COLUMN_STRING_BYTES,
	COLUMN_SHARED,
	COLUMNS = EV_KINDS * FIELDS_MAX,
};

struct identity {
	uint64_t start;
	uint32_t tgid;
	uint32_t parent;   /* an identity */
	uint32_t comm;	   /* a string */
	uint32_t ns_shift; /* tgid - ns_pid */
	uint64_t own[OWNS];
};

struct string {
	uint32_t off, len; /* in COLUMN_STRING_BYTES */
	uint32_t comm;	   /* of the last exec of this file */
	uint32_t interp;
	char head[EVENT_COMM]; /* its first bytes, then NULs: a comm as it is in events */
};

struct codec;

/* --- writing (encode.c) --------------------------------------------------------------- */

int encoder_new(struct codec **out);

/*
 * Add one event, of a kind in the table, to the open block, as of ts, which must not be before
 * the one added last.  0; -ENOSPC: it does not fit any more, seal first; -EMSGSIZE: it never
 * will; -ENOMEM.
 */
int encoder_add(struct codec *c, const struct event *ev, uint64_t ts);

struct block_stats {
	uint32_t records;
	uint64_t first_ts, last_ts;
};
const struct block_stats *encoder_stats(const struct codec *c);

/* The block as bytes (malloc'ed, *len of them), and begin the next.  NULL: no memory. */
uint8_t *encoder_seal(struct codec *c, uint32_t *len);

/* Forget what the open block holds. */
void encoder_reset(struct codec *c);

/* --- reading (decode.c) --------------------------------------------------------------- */

int decoder_new(struct codec **out);

/* Begin a block.  raw stays borrowed until its last record.  0 or -EBADMSG. */
int decoder_begin(struct codec *c, const uint8_t *raw, uint32_t len, uint32_t records,
		  uint64_t first_ts);

/*
 * The next event of a kind that is known, valid until the next call.  1; 0: the block is at
 * its end; -EBADMSG: what follows makes no sense.
 */
int decoder_next(struct codec *c, const struct event **ev);

/* Records not taken yet; after -EBADMSG, with the one that made no sense. */
uint32_t decoder_left(const struct codec *c);

void codec_free(struct codec *c);

#endif
