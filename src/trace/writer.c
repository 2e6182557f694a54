// SPDX-License-Identifier: GPL-2.0-only
/*
 * writer.c: events to blocks, and which events got lost on the way.  The records of all
 * blocks are numbered through, lost ones too; so a reader that misses a block knows how
 * many events it misses.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "trace/codec.h"
#include "trace/meta.h"
#include "trace/spool.h"
#include "trace/trace.h"

#define SEAL_NS 1000000000ULL
/*
 * Uncompressed bytes of events from one checkpoint to the next: at least so many, so that what
 * a window reads too much takes a moment only, and so many times those of the last one.
 */
#define CHECKPOINT_USUAL (1U << 20)
#define CHECKPOINT_SHARE 64

struct trace_writer {
	struct spool *spool;
	struct codec *encoder;
	struct block_header next; /* trace_id, before */
	enum block_kind kind;	  /* of the open block */
	struct block_header loss; /* records > 0: dropped, to be told in a LOSS block */
	uint64_t events, lost;
	uint64_t sealed; /* blocks */
	uint64_t last_ts;
	uint64_t snapshot_ts; /* of the first event, if that is a snapshot */
	bool broken;
	bool finished; /* END is queued */
	struct {
		uint64_t due_after; /* bytes of events since the last one */
		bool wanted;	    /* it is what was asked for */
		uint64_t since;	    /* so many there were */
		uint64_t part;	    /* of the one being made */
		uint64_t bytes;	    /* of its parts so far */
		uint32_t made;	    /* so many, with their last part */
		bool failed;
	} checkpoint;
};

/* Queue a block of this kind; first_ts, last_ts and records as in *h. */
static int queue_block(struct trace_writer *w, enum block_kind kind, const struct block_header *h,
		       struct column *payload, bool always)
{
	struct block_header full = *h;
	int err;

	full.trace_id = w->next.trace_id;
	full.before = w->next.before;
	full.kind = (uint8_t)kind;
	err = spool_add(w->spool, &full, payload ? payload->data : NULL, payload ? payload->pos : 0,
			always);
	if (!err)
		w->next.before += h->records;
	w->broken |= err == -EPIPE;
	return err;
}

/* A LOSS block counts to 2^32 - 1; nobody loses more between two attempts. */
static void note_loss(struct trace_writer *w, const struct block_stats *s)
{
	struct block_header *l = &w->loss;
	uint32_t room = UINT32_MAX - l->records;

	w->lost += s->records;
	if (!l->records)
		l->first_ts = s->first_ts;
	l->last_ts = s->last_ts;
	l->records += s->records < room ? s->records : room;
}

static int queue_loss(struct trace_writer *w, bool always)
{
	int err = 0;

	if (w->loss.records) {
		err = queue_block(w, BLOCK_LOSS, &w->loss, NULL, always);
		if (!err)
			w->loss.records = 0;
	}
	return err;
}

static void seal(struct trace_writer *w)
{
	const struct block_stats s = *encoder_stats(w->encoder);
	struct column raw = {0};
	struct block_header h = {
		.records = s.records,
		.first_ts = s.first_ts,
		.last_ts = s.last_ts,
	};
	int err;

	if (!s.records)
		return;
	w->sealed++;
	raw.data = encoder_seal(w->encoder, &raw.pos);
	w->checkpoint.since += raw.pos;
	err = raw.pos ? queue_loss(w, false) : -ENOMEM;
	if (!err)
		err = queue_block(w, w->kind, &h, &raw, false);
	else
		free(raw.data);
	if (err)
		note_loss(w, &s);
}

/* One event that no block can hold, or for which there is no memory. */
static void lose_event(struct trace_writer *w)
{
	seal(w);
	note_loss(w, &(struct block_stats){1, w->last_ts, w->last_ts});
}

uint64_t trace_writer_deadline(const struct trace_writer *w)
{
	const struct block_stats *s = encoder_stats(w->encoder);

	return s->records && s->first_ts < UINT64_MAX - SEAL_NS ? s->first_ts + SEAL_NS
								: UINT64_MAX;
}

void trace_writer_tick(struct trace_writer *w, uint64_t now, bool force)
{
	if (force || now >= trace_writer_deadline(w))
		seal(w);
	if (!encoder_stats(w->encoder)->records)
		queue_loss(w, false);
}

void trace_writer_begun(struct trace_writer *w)
{
	if (w->kind != BLOCK_SNAPSHOT)
		return;
	seal(w);
	w->kind = BLOCK_EVENTS;
}

uint64_t trace_writer_sealed(const struct trace_writer *w)
{
	return w->sealed;
}

/* The snapshot is all of one moment; one that comes later joined what is followed. */
static void sort(struct trace_writer *w, const struct event *ev)
{
	if (w->kind != BLOCK_SNAPSHOT)
		return;
	if (!w->events)
		w->snapshot_ts = ev->ts;
	if (ev->kind != EV_SNAPSHOT || ev->ts != w->snapshot_ts)
		trace_writer_begun(w);
}

int trace_writer_add(struct trace_writer *w, const struct event *ev)
{
	uint64_t ts = ev->ts > w->last_ts ? ev->ts : w->last_ts;
	int err;

	if (ev->kind == EV_TICK) {
		trace_writer_tick(w, ev->ts, false);
		return w->broken ? -EPIPE : 0;
	}
	if (ev->kind >= EV_KINDS || !trace_kinds[ev->kind].size)
		return -EINVAL;
	sort(w, ev);
	if (ts >= trace_writer_deadline(w))
		seal(w);
	w->events++;
	w->last_ts = ts;
	err = encoder_add(w->encoder, ev, ts);
	if (err == -ENOSPC) {
		seal(w);
		err = encoder_add(w->encoder, ev, ts);
	}
	if (err)
		lose_event(w);
	return w->broken ? -EPIPE : 0;
}

/* --- checkpoints ---------------------------------------------------------------------- */

bool trace_writer_checkpoint_due(const struct trace_writer *w)
{
	return w->checkpoint.since >= w->checkpoint.due_after;
}

void trace_writer_checkpoint_begin(struct trace_writer *w)
{
	trace_writer_tick(w, 0, true);
	w->checkpoint.part = w->checkpoint.bytes = w->checkpoint.since = 0;
	w->checkpoint.failed = false;
}

/* Its records are not numbered: to whoever reads from the beginning they are no news. */
static int seal_part(struct trace_writer *w, bool last)
{
	const struct block_header h = {.first_ts = w->last_ts, .last_ts = w->last_ts};
	const uint32_t records = encoder_stats(w->encoder)->records;
	struct column part = {0}, raw = {0};
	int err = -ENOMEM;

	raw.data = encoder_seal(w->encoder, &raw.pos);
	if (raw.pos && raw.pos <= BLOCK_RAW_MAX - 3 * VARINT_MAX &&
	    column_reserve(&part, raw.pos + 3 * VARINT_MAX)) {
		column_put(&part, w->checkpoint.part++);
		column_put(&part, last);
		column_put(&part, records);
		column_put_bytes(&part, raw.data, raw.pos);
		w->checkpoint.bytes += part.pos;
		err = queue_block(w, BLOCK_CHECKPOINT, &h, &part, false);
	}
	free(raw.data);
	return err;
}

int trace_writer_checkpoint_add(void *ctx, const struct event *ev)
{
	struct trace_writer *w = ctx;
	int err = encoder_add(w->encoder, ev, w->last_ts);

	if (err == -ENOSPC) {
		err = seal_part(w, false);
		if (!err)
			err = encoder_add(w->encoder, ev, w->last_ts);
	}
	w->checkpoint.failed |= err != 0;
	return err;
}

void trace_writer_checkpoint_end(struct trace_writer *w, bool whole)
{
	uint64_t share;

	if (whole && !w->checkpoint.failed && !seal_part(w, true))
		w->checkpoint.made++;
	else
		encoder_reset(w->encoder);
	share = CHECKPOINT_SHARE * w->checkpoint.bytes;
	if (!w->checkpoint.wanted)
		w->checkpoint.due_after = share > CHECKPOINT_USUAL ? share : CHECKPOINT_USUAL;
}

/* --- begin and end ---------------------------------------------------------------------- */

static int begin(struct trace_writer *w, const struct meta *meta)
{
	const struct block_header h = {.first_ts = meta->t0, .last_ts = meta->t0};
	struct column payload = {0};

	if (!meta_put(&payload, meta)) {
		free(payload.data);
		return -ENOMEM;
	}
	w->last_ts = meta->t0;
	return queue_block(w, BLOCK_META, &h, &payload, true);
}

/* Telling a trace from another is all it is for; so time will do where there is no random. */
static uint32_t new_trace_id(void)
{
	struct timespec t;
	uint32_t id;

	if (getrandom(&id, sizeof(id), GRND_NONBLOCK) == sizeof(id))
		return id;
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint32_t)t.tv_nsec ^ (uint32_t)t.tv_sec << 2;
}

int trace_writer_new(struct trace_writer **out, int fd, const struct meta *meta,
		     const struct trace_writer_options *opt)
{
	static const struct trace_writer_options usual;
	struct trace_writer *w = calloc(1, sizeof(*w));
	int err = -ENOMEM;

	opt = opt ? opt : &usual;
	if (w) {
		w->kind = BLOCK_SNAPSHOT;
		w->checkpoint.wanted = opt->checkpoint_bytes;
		w->checkpoint.due_after = opt->checkpoint_bytes ? opt->checkpoint_bytes
								: CHECKPOINT_USUAL;
		w->next.trace_id = opt->trace_id ? opt->trace_id : new_trace_id();
		err = encoder_new(&w->encoder);
	}
	if (!err)
		err = spool_new(&w->spool, fd, opt);
	if (!err)
		err = begin(w, meta);
	if (err) {
		trace_writer_close(w, NULL);
		return err;
	}
	*out = w;
	return 0;
}

static void add_own_counts(const struct trace_writer *w, struct trace_writer_stats *s)
{
	s->events = w->events;
	s->lost += w->lost;
}

void trace_writer_stats(struct trace_writer *w, struct trace_writer_stats *s)
{
	spool_stats(w->spool, s);
	add_own_counts(w, s);
}

/* END is written even where something could not be: what is there ends here. */
void trace_writer_finish(struct trace_writer *w)
{
	const struct block_header h = {.first_ts = w->last_ts, .last_ts = w->last_ts};
	struct column payload = {0};

	if (w->finished)
		return;
	w->finished = true;
	trace_writer_tick(w, 0, true);
	queue_loss(w, true);
	if (w->checkpoint.made)
		queue_block(w, BLOCK_INDEX, &h, NULL, true);
	if (end_put(&payload, w->lost))
		queue_block(w, BLOCK_END, &h, &payload, true);
	else
		free(payload.data);
	spool_finish(w->spool);
}

bool trace_writer_finished(struct trace_writer *w)
{
	return spool_finished(w->spool);
}

int trace_writer_close(struct trace_writer *w, struct trace_writer_stats *s)
{
	struct trace_writer_stats stats = {0};
	int err;

	if (!w)
		return 0;
	if (w->spool) {
		trace_writer_finish(w);
		spool_close(w->spool, &stats);
	}
	add_own_counts(w, &stats);
	codec_free(w->encoder);
	free(w);
	if (s)
		*s = stats;
	err = stats.error ? -stats.error : stats.lost_error ? -stats.lost_error : -ENOBUFS;
	return stats.lost || stats.error ? err : 0;
}
