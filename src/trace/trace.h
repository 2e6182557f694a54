/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h: the file format, written and read.  docs/trace-format.md is its description.
 *
 * A trace holds events only (include/event.h); whatever is derived is derived again by
 * the model when it is read.  So what is read back is, event for event, what was written.
 */
#ifndef BROOD_TRACE_H
#define BROOD_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "model/meta.h"

/* --- writing -------------------------------------------------------------------------- */

struct trace_writer;

/*
 * Begin a trace on fd (a file, a pipe; not owned): header and META are queued.  Events are
 * encoded where the caller runs; compressing and writing happen in a thread of the
 * writer's own, so that a slow disk never holds up whoever drains the ring.
 * 0 or a negative errno.
 */
int trace_writer_new(struct trace_writer **out, int fd, const struct meta *meta);

/*
 * Add one event.  Never blocks on the disk: when the disk falls so far behind that `max
 * queued` is full, events are dropped and counted, and a LOSS block tells of it once there
 * is room.  0 or -ENOMEM.
 */
int trace_writer_add(struct trace_writer *w, const struct event *ev);

/* Seal the block that is open, if it has events older than a second (or any, with force). */
int trace_writer_tick(struct trace_writer *w, uint64_t now, bool force);

struct trace_writer_stats {
	uint64_t events, blocks, bytes_raw, bytes_stored;
	uint64_t lost;		/* events that could not be written */
	int error;		/* errno of the last failed write; 0 */
};
void trace_writer_stats(const struct trace_writer *w, struct trace_writer_stats *s);

/* Write the rest and END, wait for the thread, free.  0, or -errno if events were lost. */
int trace_writer_close(struct trace_writer *w);

/* --- reading -------------------------------------------------------------------------- */

struct trace_reader;

/* What is wrong with a file; each is a way to end, never a reason to crash. */
enum trace_end {
	TRACE_COMPLETE,		/* END was read */
	TRACE_CUT_SHORT,	/* the file stops without END */
	TRACE_DAMAGED,		/* blocks were skipped; reading went on */
};

/*
 * Begin to read.  fd: a file, a FIFO, a pipe; not owned, need not be seekable.
 * 0; -EINVAL: not a trace; -EPROTONOSUPPORT: another major version; -EISDIR; -ENODATA:
 * empty; or another negative errno.  *why: what to tell a person (static text).
 */
int trace_reader_new(struct trace_reader **out, int fd, const char **why);

/* Known after trace_reader_new(); valid until trace_reader_free(). */
const struct meta *trace_reader_meta(const struct trace_reader *r);

/*
 * The next event, valid until the next call.  1: there is one; 0: the end, see
 * trace_reader_end(); negative errno: the file could not be read on.  A skipped block is
 * told as an EV_LOSS event.  Memory is bounded whatever the file says.
 */
int trace_reader_next(struct trace_reader *r, const struct event **ev);

struct trace_reader_state {
	enum trace_end end;
	uint64_t events;	/* delivered so far */
	uint64_t last_ts;	/* of the last one, CLOCK_BOOTTIME of the recorder */
	uint64_t damaged_blocks;
};
void trace_reader_state(const struct trace_reader *r, struct trace_reader_state *s);
void trace_reader_free(struct trace_reader *r);

/* Only events from..to (CLOCK_BOOTTIME ns of the recorder) are wanted: blocks outside may
 * be skipped without decoding (the model needs births and ends, so `from` only ever skips
 * what the index shows to be superseded; see trace-format.md). */

#endif
