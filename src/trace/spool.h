/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * spool.h: what takes sealed blocks off the hands of whoever seals them: a queue, and a
 * thread that compresses and writes them in order.
 *
 * A write that fails (disk full, file too large) is tried again until there is room or the
 * spool is closed; meanwhile the queue fills, and then blocks are refused.
 */
#ifndef BROOD_TRACE_SPOOL_H
#define BROOD_TRACE_SPOOL_H

#include "trace/block.h"
#include "trace/trace.h"

struct spool;

int spool_new(struct spool **out, int fd, const struct trace_writer_options *opt);

/*
 * Queue one block; lengths and flags of the header are filled in.  raw (malloc'ed, may be
 * NULL where len is 0) is the spool's from here on, whatever happens.  always: however
 * full the queue is.  0; -ENOBUFS: refused; -EPIPE: nobody reads any more; -ENOMEM.
 */
int spool_add(struct spool *s, const struct block_header *h, uint8_t *raw, uint32_t len,
	      bool always);

/* lost: only what the spool itself had to drop. */
void spool_stats(struct spool *s, struct trace_writer_stats *stats);

/*
 * Nothing more will be added: write what is queued, trying for as long as it takes, sync and
 * end.  Does not wait for that.
 */
void spool_finish(struct spool *s);
bool spool_finished(struct spool *s);

/* The same, waiting for it, but what cannot be written now is given up; stats, and free. */
void spool_close(struct spool *s, struct trace_writer_stats *stats);

#endif
