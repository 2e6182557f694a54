/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * jump.h: where to begin to read a file of which only the part from some moment on is
 * wanted: the last checkpoint before that.  By the index, or from header to header.
 */
#ifndef BROOD_TRACE_JUMP_H
#define BROOD_TRACE_JUMP_H

#include "trace/block.h"
#include "trace/codec.h"

#include <zlib.h>

struct jump {
	/* In. */
	int fd;
	uint64_t base; /* where in fd the trace begins */
	uint64_t size; /* of the trace, from there to the end of fd */
	uint32_t trace_id;
	uint64_t from; /* CLOCK_BOOTTIME: a checkpoint of this time or later is of no use */
	/* Lent: what is in them before and after is nobody's business. */
	z_stream *z;
	struct codec *decoder;
	uint8_t *raw; /* BLOCK_RAW_MAX bytes */
	/* Out. */
	uint64_t at;	       /* the first block of the checkpoint, from base on */
	struct block_header h; /* of that */
	bool bad_index;	       /* there is one that does not tell the truth */
};

/*
 * Is there such a checkpoint, whole and readable to its last record?  Nothing that the file
 * says is believed before it was looked at, so damage costs time at most.  1; 0; -ENOMEM.
 */
int jump_find(struct jump *j);

/*
 * The payload of the block at `stored`, inflated (to raw) where it is deflated; NULL where it
 * does not become what the header says.
 */
const uint8_t *block_payload(const struct block_header *h, const uint8_t *stored, z_stream *z,
			     uint8_t *raw);

/* What stands before the records of a CHECKPOINT block. */
struct checkpoint_head {
	uint64_t part;	  /* 0, 1, … */
	bool last;	  /* there is no further part */
	uint32_t records; /* in this block */
	uint32_t len;	  /* of this head: where the records begin */
};
bool checkpoint_get(const uint8_t *payload, uint32_t len, struct checkpoint_head *head);

#endif
