/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h: the file format, written and read.  docs/trace-format.md is its description.
 *
 * A trace holds events only (include/event.h); whatever is derived is derived again by
 * the model when it is read.  So what is read back is, event for event and field by field,
 * what was written, but for three things: EV_TICK is not stored, event.lost reads 0 (EV_LOSS
 * tells of losses), and the variable bytes of an event follow its struct without a gap.
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

/* Each 0 for what is usual. */
struct trace_writer_options {
	size_t queue_bytes; /* waiting to be written, at most; usually 16 MiB */
	size_t checkpoint_bytes; /* of events, uncompressed, from one checkpoint to the next;
				  * usually 1 MiB, or 64 times what the last one took */
	uint64_t sync_ns;   /* between two fdatasync() of a file; usually 5 s */
	uint32_t trace_id;  /* usually random */
	int give_up_fd;	    /* see trace_writer_close(); usually none */
};

/*
 * Begin a trace on fd (a file, a pipe; not owned): header and META are queued.  Events are
 * encoded where the caller runs; compressing and writing happen in a thread of the
 * writer's own, so that a slow disk never holds up whoever drains the ring.  The thread
 * blocks all signals: neither SIGPIPE nor SIGXFSZ comes of writing.  opt may be NULL.
 * 0 or a negative errno.
 */
int trace_writer_new(struct trace_writer **out, int fd, const struct meta *meta,
		     const struct trace_writer_options *opt);

/*
 * Add one event; the block that is open is sealed when it is full or its first event is a
 * second old.  Snapshots that come before everything else go to blocks of their own.  An
 * EV_TICK only tells the time.  A time before the last one is stored as the last one.
 *
 * Never blocks on the disk: where it falls so far behind that the queue is full, or fails,
 * events are dropped and counted, and a LOSS block tells of it once there is room.
 * 0; -EPIPE: nobody reads any more; -EINVAL: an event of no known kind.
 */
int trace_writer_add(struct trace_writer *w, const struct event *ev);

/*
 * Seal the block that is open if its first event is a second old at `now` (CLOCK_BOOTTIME),
 * or, with force, whatever its age.  For when a source has nothing more at the moment.
 */
void trace_writer_tick(struct trace_writer *w, uint64_t now, bool force);

/* When that is due: ns of CLOCK_BOOTTIME; UINT64_MAX: no block is open. */
uint64_t trace_writer_deadline(const struct trace_writer *w);

/*
 * The snapshot is complete: one that comes now joined what is followed, even if it is told
 * before anything else.  Nobody need say so when the next event says it.
 */
void trace_writer_begun(struct trace_writer *w);

/* How many blocks were sealed so far; asks no lock, so it can be asked for every event. */
uint64_t trace_writer_sealed(const struct trace_writer *w);
/*
 * A checkpoint is all that a model knows, said at its place in the trace, so that somebody
 * can begin to read there.  Whoever has a model makes one, between two events, when it is
 * due: begin, add each event (see model_checkpoint(); its result is 0), end.  What is not
 * complete (whole false) or cannot be written is left out.  How often it is due follows from
 * how large the last one was: they are never more than a 64th part.
 */
bool trace_writer_checkpoint_due(const struct trace_writer *w);
void trace_writer_checkpoint_begin(struct trace_writer *w);
int trace_writer_checkpoint_add(void *w, const struct event *ev);
void trace_writer_checkpoint_end(struct trace_writer *w, bool whole);

struct trace_writer_stats {
	uint64_t events;    /* told to trace_writer_add() */
	uint64_t lost;	    /* of these, those that could not be written */
	uint64_t blocks;    /* written */
	uint64_t bytes;	    /* written, with all headers: the size of the file */
	uint64_t bytes_raw; /* before compression */
	uint64_t cpu_ns;    /* of the thread */
	int error;	    /* errno of the last write or sync if that failed, else 0 */
	int lost_error;	    /* errno of the last write that was given up, else 0 */
};
void trace_writer_stats(struct trace_writer *w, struct trace_writer_stats *s);

/*
 * Nothing more will be added: the thread writes the rest and END, syncs and ends, while the
 * caller goes on, perhaps with another file.  A write that fails is tried again until
 * trace_writer_close() is called; that does not wait once trace_writer_finished() says so.
 */
void trace_writer_finish(struct trace_writer *w);
bool trace_writer_finished(struct trace_writer *w);

/*
 * Write the rest and END, sync, wait for the thread, free.  What cannot be written now is
 * lost.  A pipe that nobody reads just now can be written later, and is waited for; but not
 * any longer once give_up_fd is readable (it is only looked at): -ECANCELED.
 * *s, which may be NULL: the final counts.  0; -errno where events were lost.
 */
int trace_writer_close(struct trace_writer *w, struct trace_writer_stats *s);

/* --- reading -------------------------------------------------------------------------- */

struct trace_reader;

/*
 * Begin to read.  fd: a file, a FIFO, a pipe; not owned, need not be seekable.
 * 0; -EINVAL: not a trace; -EBADMSG: a trace of less than its header; -EPROTONOSUPPORT: another major version; -EISDIR; -ENODATA:
 * empty; or another negative errno.  *why: what to tell a person (static text).
 */
int trace_reader_new(struct trace_reader **out, int fd, const char **why);

/*
 * Known after trace_reader_new(); valid until trace_reader_free().  Where META was damaged
 * only t0 is known, from the first block.
 */
const struct meta *trace_reader_meta(const struct trace_reader *r);

/*
 * Before the first event: only what happens between these is wanted (CLOCK_BOOTTIME ns of the
 * recorder).  Where fd is a file, reading begins at the last checkpoint before `from`: its
 * events (see model_checkpoint()) are told first, instead of all that came before it.  Where
 * there is none, and in a pipe, reading begins where it did: without what came before, a
 * model would not know what happens in the window.  It ends with the block that `to` is in.
 * 0 or a negative errno.
 */
int trace_reader_window(struct trace_reader *r, uint64_t from, uint64_t to);

/*
 * The next event, valid until the next call.  1: there is one; 0: the end, see
 * trace_reader_state(), and after a damaged or cut file it comes without an EV_END;
 * negative errno: the file could not be read on.  What was lost in writing and what is
 * damaged is told as an EV_LOSS.  Memory stays below 8 MiB whatever the file says.
 */
int trace_reader_next(struct trace_reader *r, const struct event **ev);

/* Is the event told last part of the snapshot that a file begins with? */
bool trace_reader_in_snapshot(const struct trace_reader *r);

enum trace_end {
	TRACE_COMPLETE,	 /* END was read */
	TRACE_WINDOW,	 /* the window's end was reached, the trace goes on */
	TRACE_CUT_SHORT, /* there is no END (yet) */
};

struct trace_reader_state {
	enum trace_end end;
	uint64_t events;  /* delivered so far, without those that tell of damage */
	uint64_t last_ts; /* of the last one, CLOCK_BOOTTIME of the recorder */
	uint64_t damaged; /* places where something was not as it was written */
	uint64_t lost;	  /* events there, and those lost in writing */
	uint64_t skipped; /* events before the checkpoint that reading began at */
	uint16_t major, minor;
};
void trace_reader_state(const struct trace_reader *r, struct trace_reader_state *s);
void trace_reader_free(struct trace_reader *r);

#endif
