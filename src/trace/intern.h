/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * intern.h: the inside of a codec, and what records refer to by number: identities and strings.
 * The first mention in a block brings it along, so writer and reader number them alike.
 */
#ifndef BROOD_TRACE_INTERN_H
#define BROOD_TRACE_INTERN_H

#include "trace/codec.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define NOT_FOUND     UINT32_MAX

struct codec {
	struct column col[COLUMNS];
	struct identity *ids;	/* [0]: nobody */
	struct string *strings; /* [0]: the empty one */
	uint32_t n_ids, n_strings;
	uint32_t last_index[EV_KINDS][FIELDS_MAX]; /* of an identity or a string */
	struct event *last[EV_KINDS];		   /* reading: the event itself */
	uint64_t ts;				   /* of the last record; never decreases */
	bool bad;				   /* reading: it makes no sense */

	/* reading */
	uint32_t left;

	/* writing */
	struct block_stats stats;
	uint32_t raw;			   /* bytes in all columns */
	uint16_t *id_slots, *string_slots; /* hash tables of indices */
};

int codec_new(struct codec **out);
/* Back to what a block begins with; columns are the caller's business. */
void codec_reset(struct codec *c);

/* encode.c */
uint32_t encoder_find_id(struct codec *c, const struct task_ref *ref);
uint32_t encoder_find_string(struct codec *c, const char *bytes, uint32_t len);

/* --- integers ------------------------------------------------------------------------- */

ALWAYS_INLINE void put(struct codec *c, struct column *col, uint64_t v)
{
	uint32_t at = col->pos;

	column_put(col, v);
	c->raw += col->pos - at;
}

ALWAYS_INLINE uint64_t get(struct codec *c, struct column *col)
{
	return column_get(col, &c->bad);
}

ALWAYS_INLINE uint32_t get32(struct codec *c, struct column *col)
{
	uint64_t v = get(c, col);

	c->bad |= v > UINT32_MAX;
	return (uint32_t)v;
}

/* --- identities and strings ----------------------------------------------------------- */

/* A newcomer remembers what the one before it does. */
ALWAYS_INLINE uint32_t add_id(struct codec *c, uint32_t tgid, uint64_t start)
{
	uint32_t i = c->n_ids++;

	c->ids[i] = c->ids[i - 1];
	c->ids[i].tgid = tgid;
	c->ids[i].start = start;
	return i;
}

ALWAYS_INLINE void put_new_id(struct codec *c, const struct task_ref *ref)
{
	put(c, &c->col[COLUMN_ID_TGID], zigzag32(ref->tgid - c->ids[c->n_ids - 1].tgid));
	put(c, &c->col[COLUMN_ID_START], zigzag(c->ts - ref->start));
	add_id(c, ref->tgid, ref->start);
}

ALWAYS_INLINE uint32_t get_new_id(struct codec *c)
{
	uint32_t tgid = unzigzag32(get32(c, &c->col[COLUMN_ID_TGID]));
	uint64_t start = c->ts - unzigzag(get(c, &c->col[COLUMN_ID_START]));

	if (c->n_ids == BLOCK_IDS_MAX)
		c->bad = true;
	return c->bad ? 0 : add_id(c, tgid + c->ids[c->n_ids - 1].tgid, start);
}

ALWAYS_INLINE bool is_id(const struct codec *c, uint32_t i, const struct task_ref *ref)
{
	return c->ids[i].tgid == ref->tgid && c->ids[i].start == ref->start;
}

/* 0: a newcomer; else where it is, counted from the end (`who`) or the beginning. */
ALWAYS_INLINE uint32_t code_id(struct codec *c, bool writing, struct column *col, bool from_end,
			       const struct task_ref *ref)
{
	uint32_t i;

	if (writing) {
		i = encoder_find_id(c, ref);
		if (i == NOT_FOUND) {
			put(c, col, 0);
			i = c->n_ids;
			put_new_id(c, ref);
		} else {
			put(c, col, from_end ? c->n_ids - i : i + 1);
		}
		return i;
	}
	i = get32(c, col);
	if (!i)
		return get_new_id(c);
	i = from_end ? c->n_ids - i : i - 1;
	if (i < c->n_ids)
		return i;
	c->bad = true;
	return 0;
}

ALWAYS_INLINE uint32_t add_string(struct codec *c, uint32_t off, uint32_t len)
{
	uint32_t i = c->n_strings++;
	struct string *s = &c->strings[i];

	*s = (struct string){.off = off, .len = len};
	memcpy(s->head, c->col[COLUMN_STRING_BYTES].data + off,
	       len < sizeof(s->head) ? len : sizeof(s->head));
	return i;
}

ALWAYS_INLINE uint32_t get_string(struct codec *c, struct column *col)
{
	uint32_t i = get32(c, col), off = c->col[COLUMN_STRING_BYTES].pos, len;

	if (i) {
		if (i <= c->n_strings)
			return i - 1;
		c->bad = true;
		return 0;
	}
	len = get32(c, &c->col[COLUMN_STRING_LEN]);
	column_get_bytes(&c->col[COLUMN_STRING_BYTES], len, &c->bad);
	if (c->n_strings == BLOCK_STRINGS_MAX)
		c->bad = true;
	return c->bad ? 0 : add_string(c, off, len);
}

ALWAYS_INLINE void put_string(struct codec *c, struct column *col, const char *bytes, uint32_t len,
			      uint32_t i)
{
	struct column *to = &c->col[COLUMN_STRING_BYTES];

	if (i != NOT_FOUND) {
		put(c, col, (uint64_t)i + 1);
		return;
	}
	put(c, col, 0);
	put(c, &c->col[COLUMN_STRING_LEN], len);
	column_put_bytes(to, bytes, len);
	c->raw += len;
	add_string(c, to->pos - len, len);
}

#endif
