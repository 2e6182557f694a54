// SPDX-License-Identifier: GPL-2.0-only
/*
 * reader.c: blocks to events, whatever happened to the file.
 *
 * Each block says how many records came before it, so one rule finds all that is missing,
 * be it damaged, cut out or never written: where more came before than were told, the
 * difference was lost, and an EV_LOSS says so.
 */
#include "trace/reader.h"

#include <string.h>

#include "trace/meta.h"

/* --- finding blocks ------------------------------------------------------------------- */

static bool is_header(struct trace_reader *r, const uint8_t *p, struct block_header *h)
{
	return block_unpack(p, h) && (!r->known_id || h->trace_id == r->trace_id);
}

/*
 * The next header into r->h, over damage where there is some, which is counted unless it was
 * already.  false: there is none.
 */
static bool find_header(struct trace_reader *r, bool *damaged)
{
	const uint8_t *p;

	*damaged = r->searching;

	while ((p = window_peek(&r->in, BLOCK_HEADER_LEN))) {
		if (is_header(r, p, &r->h)) {
			r->trace_id = r->h.trace_id;
			r->known_id = true;
			r->state.damaged += *damaged && !r->searching;
			r->searching = false;
			return true;
		}
		*damaged = true;
		window_skip(&r->in, 1 + block_search(p + 1, window_have(&r->in) - 1));
	}
	return false;
}

/*
 * Past a block whose payload is not intact.  Its length is believed if something follows
 * there that was written there; else a part of the file may be missing, and with it the
 * beginning of the next block, so that is looked for from here on.
 */
static void pass_damaged(struct trace_reader *r, bool whole)
{
	size_t len = BLOCK_HEADER_LEN + r->h.stored_len;
	const uint8_t *p = window_peek(&r->in, len + BLOCK_HEADER_LEN);
	struct block_header next;

	/* Not whole: if nothing more is found, the file is cut short there, not damaged. */
	r->state.damaged += whole;
	if (p ? is_header(r, p + len, &next) : window_have(&r->in) == len) {
		window_skip(&r->in, len);
	} else {
		window_skip(&r->in, 1);
		r->searching = whole;
	}
}

/* All records before the n-th are told of, those not told yet as lost until ts. */
static void miss_until(struct trace_reader *r, uint64_t n, uint64_t ts)
{
	if (n <= r->told)
		return;
	r->loss.h.kind = EV_LOSS;
	r->loss.h.ts = ts > r->state.last_ts ? ts : r->state.last_ts;
	r->loss.since = r->state.last_ts;
	r->loss.count = n - r->told;
	r->state.lost += r->loss.count;
	r->loss_due = true;
	r->told = n;
}

/* What the open block still has makes no sense. */
static void miss_rest(struct trace_reader *r)
{
	r->state.damaged++;
	miss_until(r, r->h.before + r->h.records, r->h.last_ts);
}

/* --- payloads ------------------------------------------------------------------------- */

/* A payload that stays where it is while events are decoded from it. */
static bool open_records(struct trace_reader *r, const uint8_t *payload, uint32_t at,
			 uint32_t records)
{
	if (payload != r->raw)
		memcpy(r->raw, payload, r->h.raw_len);
	if (decoder_begin(r->decoder, r->raw + at, r->h.raw_len - at, records, r->h.first_ts))
		return false;
	r->open = true;
	return true;
}

/* Who begins to read here has found it whole; to all others it is no news. */
static bool open_checkpoint(struct trace_reader *r, const uint8_t *payload)
{
	struct checkpoint_head head;

	if (!r->resuming)
		return true;
	if (r->h.first_ts < r->state.last_ts || !checkpoint_get(payload, r->h.raw_len, &head))
		return false;
	r->resuming = !head.last;
	return open_records(r, payload, head.len, head.records);
}

static void end(struct trace_reader *r, enum trace_end how)
{
	r->ended = true;
	r->state.end = how;
}

static int open_block(struct trace_reader *r, const uint8_t *payload)
{
	bool ok = true;

	switch (r->h.kind) {
	case BLOCK_META:
		return meta_get(payload, r->h.raw_len, &r->meta);
	case BLOCK_SNAPSHOT:
	case BLOCK_EVENTS:
		/* Time that runs backwards was never written. */
		ok = r->h.first_ts >= r->state.last_ts &&
		     open_records(r, payload, 0, r->h.records);
		break;
	case BLOCK_CHECKPOINT:
		ok = open_checkpoint(r, payload);
		break;
	case BLOCK_LOSS:
		miss_until(r, r->h.before + r->h.records, r->h.last_ts);
		break;
	case BLOCK_END:
		end(r, TRACE_COMPLETE);
		break;
	default: /* of a later minor version */
		r->told = r->h.before + r->h.records;
		break;
	}
	if (!ok)
		miss_rest(r);
	return 0;
}

/* Take the block that r->h heads. */
static int take_block(struct trace_reader *r)
{
	size_t len = BLOCK_HEADER_LEN + r->h.stored_len;
	const uint8_t *block = window_peek(&r->in, len);
	bool known = !(r->h.flags & BLOCK_FLAGS_VITAL);
	const uint8_t *payload;
	int err = 0;

	if (!block || !block_intact(block, &r->h)) {
		if (block)
			miss_until(r, r->h.before + r->h.records, r->h.last_ts);
		pass_damaged(r, block != NULL);
		return 0;
	}
	payload = known ? block_payload(&r->h, block + BLOCK_HEADER_LEN, &r->inflate, r->raw)
			: block;
	if (!known)
		r->h.kind = 0;
	if (payload)
		err = open_block(r, payload);
	else
		miss_rest(r);
	window_skip(&r->in, len);
	return err;
}

/* The next header, and what its number says is missing before it. */
static int take_header(struct trace_reader *r)
{
	bool damaged;

	if (!find_header(r, &damaged)) {
		r->ended = true;
		return r->in.err < 0 ? r->in.err : 0;
	}
	r->have_header = true;
	if (r->h.before > r->told) {
		r->state.damaged += !damaged;
		miss_until(r, r->h.before, r->h.first_ts);
	}
	return 0;
}

int reader_step(struct trace_reader *r)
{
	if (!r->have_header)
		return take_header(r);
	r->have_header = false;
	if (r->h.before < r->told) {
		/* Told already: somebody put it there twice. */
		r->state.damaged++;
		r->searching = true;
		window_skip(&r->in, 1);
	} else if (r->h.kind == BLOCK_EVENTS && r->h.first_ts > r->to) {
		/* An index further on that is not right will not be met any more. */
		r->state.damaged += r->bad_index;
		end(r, TRACE_WINDOW);
	} else {
		return take_block(r);
	}
	return 0;
}

/* --- events --------------------------------------------------------------------------- */

static int next_of_block(struct trace_reader *r, const struct event **ev)
{
	int more = decoder_next(r->decoder, ev);

	/* The records of a checkpoint are none of the trace. */
	if (r->h.kind != BLOCK_CHECKPOINT)
		r->told = r->h.before + r->h.records - decoder_left(r->decoder);
	if (more == 1) {
		r->state.events += r->h.kind != BLOCK_CHECKPOINT;
		r->state.last_ts = (*ev)->ts;
		return 1;
	}
	r->open = false;
	if (more < 0)
		miss_rest(r);
	return 0;
}

int trace_reader_next(struct trace_reader *r, const struct event **ev)
{
	int err = 0;

	for (;;) {
		if (r->open && next_of_block(r, ev))
			return 1;
		if (r->loss_due) {
			r->loss_due = false;
			r->state.last_ts = r->loss.h.ts;
			*ev = &r->loss.h;
			return 1;
		}
		if (r->ended || err)
			return err;
		err = reader_step(r);
	}
}
