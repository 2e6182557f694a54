// SPDX-License-Identifier: GPL-2.0-only
#include "trace/jump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace/meta.h"
#include "trace/places.h"

#define TAIL	  4096U /* END is shorter, and lies within it */
#define BLOCK_MAX (BLOCK_HEADER_LEN + BLOCK_STORED_MAX)
#define SEARCH	  65536U /* bytes looked through at once for the next header */

const uint8_t *block_payload(const struct block_header *h, const uint8_t *stored, z_stream *z,
			     uint8_t *raw)
{
	if (!(h->flags & BLOCK_DEFLATED))
		return h->stored_len == h->raw_len ? stored : NULL;
	inflateReset(z);
	z->next_in = (uint8_t *)stored;
	z->avail_in = h->stored_len;
	z->next_out = raw;
	z->avail_out = h->raw_len;
	if (inflate(z, Z_FINISH) != Z_STREAM_END || z->avail_out)
		return NULL;
	return raw;
}

bool checkpoint_get(const uint8_t *payload, uint32_t len, struct checkpoint_head *head)
{
	struct column c = {(uint8_t *)payload, 0, len};
	bool bad = false;
	uint64_t records;

	head->part = column_get(&c, &bad);
	head->last = column_get(&c, &bad) != 0;
	records = column_get(&c, &bad);
	head->records = (uint32_t)records;
	head->len = c.pos;
	return !bad && records <= BLOCK_RECORDS_MAX;
}

/* --- reading here and there ----------------------------------------------------------- */

static bool read_at(const struct jump *j, uint64_t at, void *to, size_t n)
{
	size_t got = 0;

	if (at > j->size || n > j->size - at)
		return false;
	while (got < n) {
		ssize_t k = pread(j->fd, (uint8_t *)to + got, n - got, (off_t)(j->base + at + got));

		if (k > 0)
			got += (size_t)k;
		else if (k == 0 || errno != EINTR)
			return false;
	}
	return true;
}

static bool header_at(const struct jump *j, uint64_t at, struct block_header *h)
{
	uint8_t bytes[BLOCK_HEADER_LEN];

	return read_at(j, at, bytes, sizeof(bytes)) && block_unpack(bytes, h) &&
	       h->trace_id == j->trace_id;
}

static uint64_t end_of(uint64_t at, const struct block_header *h)
{
	return at + BLOCK_HEADER_LEN + h->stored_len;
}

/* The payload of the block there, if that is whole and of this kind; block: BLOCK_MAX bytes. */
static const uint8_t *payload_at(const struct jump *j, uint64_t at, enum block_kind kind,
				 struct block_header *h, uint8_t *block)
{
	if (!header_at(j, at, h) || h->kind != kind || h->flags & BLOCK_FLAGS_VITAL ||
	    !read_at(j, at, block, BLOCK_HEADER_LEN + h->stored_len) || !block_intact(block, h))
		return NULL;
	return block_payload(h, block + BLOCK_HEADER_LEN, j->z, j->raw);
}

/* --- a checkpoint ----------------------------------------------------------------------- */

/* Can all records be read?  The last one of all must be EV_CHECKPOINT. */
static bool decodes(const struct jump *j, const uint8_t *payload, const struct block_header *h,
		    const struct checkpoint_head *head)
{
	const struct event *ev;
	uint16_t kind = EV_NONE;
	int more;

	if (decoder_begin(j->decoder, payload + head->len, h->raw_len - head->len, head->records,
			  h->first_ts))
		return false;
	while ((more = decoder_next(j->decoder, &ev)) == 1) {
		kind = ev->kind;
		if (ev->ts != h->first_ts)
			return false;
	}
	return more == 0 && (kind == EV_CHECKPOINT) == head->last;
}

/* Is there a whole one?  Then j->h is the header of its first block. */
static bool is_checkpoint(struct jump *j, uint64_t at, uint8_t *block)
{
	struct checkpoint_head head = {.last = false};

	for (uint64_t part = 0; !head.last; part++) {
		struct block_header h;
		const uint8_t *payload = payload_at(j, at, BLOCK_CHECKPOINT, &h, block);

		if (!payload || !checkpoint_get(payload, h.raw_len, &head) || head.part != part)
			return false;
		if (!part)
			j->h = h;
		if (h.first_ts >= j->from || h.first_ts != j->h.first_ts ||
		    h.before != j->h.before || !decodes(j, payload, &h, &head))
			return false;
		at = end_of(at, &h);
	}
	return true;
}

/* The last of these that is one. */
static int choose(struct jump *j, const struct places *p, uint8_t *block)
{
	for (uint32_t i = p->n; i-- > 0;) {
		if (p->place[i].ts >= j->from)
			continue;
		j->at = p->place[i].at;
		if (is_checkpoint(j, j->at, block))
			return 1;
		j->bad_index = true;
	}
	return 0;
}

/* --- by the index ----------------------------------------------------------------------- */

/* END is the last block, if the file is whole.  Where does it say that the index is? */
static bool index_place(const struct jump *j, uint64_t *at, uint8_t *block)
{
	const uint8_t *payload;
	uint8_t tail[TAIL];
	const size_t len = j->size < TAIL ? (size_t)j->size : TAIL;

	if (!read_at(j, j->size - len, tail, len))
		return false;
	for (size_t i = block_search(tail, len); i + BLOCK_HEADER_LEN <= len;
	     i += 1 + block_search(tail + i + 1, len - i - 1)) {
		struct block_header h;

		if (block_unpack(tail + i, &h) && end_of(i, &h) == len) {
			payload = payload_at(j, j->size - len + i, BLOCK_END, &h, block);
			return payload && end_get_index(payload, h.raw_len, at);
		}
	}
	return false;
}

/* 1: there is an index, which is in *p; 0; -ENOMEM. */
static int read_index(struct jump *j, struct places *p, uint8_t *block)
{
	struct block_header h;
	const uint8_t *payload;
	uint64_t at;
	int err;

	if (!index_place(j, &at, block))
		return 0;
	payload = payload_at(j, at, BLOCK_INDEX, &h, block);
	err = payload ? places_get(payload, h.raw_len, p) : -EBADMSG;
	j->bad_index = err == -EBADMSG;
	return err == -EBADMSG ? 0 : err ? err : 1;
}

/* --- from header to header -------------------------------------------------------------- */

/* Where the next header may begin, behind `at`; the end of the file if nowhere. */
static uint64_t search(const struct jump *j, uint64_t at, uint8_t *bytes)
{
	for (at++; at < j->size;) {
		uint64_t left = j->size - at;
		size_t len = left < SEARCH ? (size_t)left : SEARCH, i;

		if (!read_at(j, at, bytes, len))
			break;
		i = block_search(bytes, len);
		at += i;
		if (i < len)
			return at;
	}
	return j->size;
}

static int walk_headers(const struct jump *j, struct places *p, uint8_t *block)
{
	struct block_header h, last = {.kind = 0};
	uint64_t at = TRACE_HEADER_LEN;
	int err = 0;

	while (!err && at < j->size) {
		if (!header_at(j, at, &h)) {
			at = search(j, at, block);
			continue;
		}
		if (h.first_ts >= j->from)
			break;
		/* Further parts of a checkpoint follow its first. */
		if (h.kind == BLOCK_CHECKPOINT &&
		    (last.kind != BLOCK_CHECKPOINT || last.before != h.before))
			err = places_add(p, at, h.first_ts);
		last = h;
		at = end_of(at, &h);
	}
	return err;
}

static int by_headers(struct jump *j, uint8_t *block)
{
	const bool bad_index = j->bad_index;
	struct places p = {0};
	int found = walk_headers(j, &p, block);

	if (!found)
		found = choose(j, &p, block);
	places_free(&p);
	j->bad_index = bad_index;
	return found;
}

int jump_find(struct jump *j)
{
	uint8_t *block = malloc(BLOCK_MAX);
	struct places p = {0};
	int found = block ? read_index(j, &p, block) : -ENOMEM;
	bool have_index = found == 1;

	if (have_index)
		found = choose(j, &p, block);
	places_free(&p);
	if (!found && (!have_index || j->bad_index))
		found = by_headers(j, block);
	free(block);
	return found;
}
