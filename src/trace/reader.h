/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reader.h: the inside of a reader: open.c begins and ends it, reader.c is what it does.
 * trace_reader_open() is for those who read what is not in a file: tests and fuzzers.
 */
#ifndef BROOD_TRACE_READER_H
#define BROOD_TRACE_READER_H

#include <zlib.h>

#include "trace/block.h"
#include "trace/codec.h"
#include "trace/jump.h"
#include "trace/trace.h"
#include "trace/window.h"

struct trace_reader {
	struct window in;
	int fd; /* what in.read reads; -1: something else */
	uint64_t base; /* where in fd the trace begins, if that is a regular file */
	struct meta meta;
	struct block_header h; /* of the block that is open, or of the next */
	bool have_header;      /* it is the next block's */
	bool known_id;
	uint32_t trace_id;
	struct codec *decoder;
	bool open; /* the decoder has more */
	z_stream inflate;
	uint8_t *raw;
	uint64_t told; /* records told of so far: events, losses, and what was passed over */
	uint64_t to;
	bool resuming;	/* what comes next is the checkpoint to begin at */
	bool bad_index; /* and it was not where the index says */
	struct ev_loss loss;
	bool loss_due;	/* it is to be told next */
	bool searching; /* for a header, over damage that was counted already */
	bool ended;
	struct trace_reader_state state;
};

/* As trace_reader_new(), but reading with read(ctx, …). */
int trace_reader_open(struct trace_reader **out, window_read_fn read, void *ctx, const char **why);

/* One step on: a header, or the block behind it.  0, also at the end; or a negative errno. */
int reader_step(struct trace_reader *r);

#endif
