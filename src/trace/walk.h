/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * walk.h: one record, field by field, in either direction.  Writer and reader share this
 * walk, so what one expects the other does too.  `writing` is a constant in each copy.
 */
#ifndef BROOD_TRACE_WALK_H
#define BROOD_TRACE_WALK_H

#include "trace/codec.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define NOT_FOUND     UINT32_MAX

struct codec {
	struct column col[COLUMNS];
	struct identity *ids; /* [0]: nobody */
	struct string *strings; /* [0]: the empty one */
	uint32_t n_ids, n_strings;
	uint32_t last_index[EV_KINDS][FIELDS_MAX]; /* of an identity or a string */
	struct event *last[EV_KINDS];		   /* reading: the event itself */
	uint64_t ts;				   /* of the last record */
	bool bad;				   /* reading: it makes no sense */

	/* reading */
	uint32_t left;

	/* writing */
	struct block_stats stats;
	uint32_t raw;			/* bytes in all columns */
	uint16_t *id_slots, *string_slots; /* hash tables of indices */
};

/* What is known while one record is coded. */
struct walk {
	struct event *ev;
	const struct event *last;
	uint32_t who, ref;	/* identities: whose record it is; coded last in it */
	uint32_t file;		/* string */
	uint32_t len;		/* of the bytes coded last */
	uint32_t var;		/* reading: bytes behind the struct so far */
	uint64_t mask;
};

/* encode.c */
uint32_t encoder_find_id(struct codec *c, const struct task_ref *ref);
uint32_t encoder_find_string(struct codec *c, const char *bytes, uint32_t len);

/* --- integers --------------------------------------------------------------------------- */

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

/* --- identities and strings --------------------------------------------------------------- */

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

	*s = (struct string){ .off = off, .len = len };
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

/* --- fields --------------------------------------------------------------------------------- */

ALWAYS_INLINE void *field_in(const struct event *ev, const struct field *f)
{
	return (char *)ev + f->offset;
}

/* An unsigned integer of `size` bytes: is it v?  Then make it v. */
ALWAYS_INLINE uint64_t load(const void *p, unsigned size)
{
	uint64_t v = 0;

	memcpy(&v, p, size);
	return v;
}

/*
 * v was expected.  Writing: is something else there?  Then its bit is set and true returned.
 * Reading: true if its bit is set; else v is stored.
 */
ALWAYS_INLINE bool differs(struct walk *w, bool writing, uint64_t bit, void *p, unsigned size,
			   uint64_t v)
{
	if (!writing) {
		if (w->mask & bit)
			return true;
		memcpy(p, &v, size);
		return false;
	}
	if (load(p, size) == v)
		return false;
	w->mask |= bit;
	return true;
}

ALWAYS_INLINE uint64_t expected(const struct codec *c, const struct walk *w, const struct field *f,
				unsigned size)
{
	switch (f->expect) {
	case EXPECT_LAST:
		return load(field_in(w->last, f), size);
	case EXPECT_OWN:
		return c->ids[w->who].own[f->own];
	case EXPECT_LEN:
		return w->len;
	default:
		return 0;
	}
}

/* U16, U32, U64, DELTA, AGE */
ALWAYS_INLINE void code_integer(struct codec *c, struct walk *w, bool writing, struct column *col,
				const struct field *f, uint64_t bit)
{
	unsigned size = f->type == FIELD_U16 ? 2 : f->type == FIELD_U32 ? 4 : 8;
	uint64_t v = expected(c, w, f, size);
	uint64_t base = f->type == FIELD_AGE ? w->ev->ts : v;
	void *p = field_in(w->ev, f);

	if (!differs(w, writing, bit, p, size, v))
		return;
	if (writing) {
		v = load(p, size);
		if (f->type == FIELD_DELTA || f->type == FIELD_AGE)
			put(c, col, zigzag(v - base));
		else
			put(c, col, v);
	} else {
		v = get(c, col);
		if (f->type == FIELD_DELTA || f->type == FIELD_AGE)
			v = base + unzigzag(v);
		c->bad |= size < 8 && v >> 8 * size;
		memcpy(p, &v, size);
	}
	if (f->expect == EXPECT_OWN)
		c->ids[w->who].own[f->own] = v;
}

ALWAYS_INLINE void code_ns_pid(struct codec *c, struct walk *w, bool writing, struct column *col,
			       const struct field *f, uint64_t bit)
{
	struct identity *id = &c->ids[w->who];
	uint32_t *p = field_in(w->ev, f);
	uint32_t v = id->tgid - id->ns_shift;

	if (!differs(w, writing, bit, p, sizeof(*p), v))
		return;
	if (writing)
		put(c, col, zigzag32(*p - v));
	else
		*p = v + unzigzag32(get32(c, col));
	id->ns_shift = id->tgid - *p;
}

ALWAYS_INLINE void code_tid(struct codec *c, struct walk *w, bool writing, struct column *col,
			    const struct field *f, uint64_t bit)
{
	struct task_ref *ref = field_in(w->ev, f);
	uint32_t v = 0;

	if (f->expect == EXPECT_TGID)
		v = ref->tgid;
	else if (f->expect == EXPECT_WHO_TID)
		v = w->ev->who.tid;
	else if (f->expect == EXPECT_TGID_OR_NONE &&
		 ((const struct task_ref *)field_in(w->last, f))->tid)
		v = ref->tgid;
	if (!differs(w, writing, bit, &ref->tid, sizeof(ref->tid), v))
		return;
	if (writing)
		put(c, col, zigzag32(ref->tid - ref->tgid));
	else
		ref->tid = ref->tgid + unzigzag32(get32(c, col));
}

ALWAYS_INLINE void code_ref(struct codec *c, struct walk *w, bool writing, struct column *col,
			    const struct field *f, uint64_t bit, uint32_t *last_index)
{
	struct task_ref *ref = field_in(w->ev, f);
	uint32_t i = 0;

	if (f->expect == EXPECT_LAST)
		i = *last_index;
	else if (f->expect == EXPECT_PARENT)
		i = c->ids[w->who].parent;
	else if (f->expect == EXPECT_WHO)
		i = w->who;
	if (writing && !is_id(c, i, ref))
		w->mask |= bit;
	if (w->mask & bit)
		i = code_id(c, writing, col, false, ref);
	if (!writing) {
		ref->start = c->ids[i].start;
		ref->tgid = c->ids[i].tgid;
	}
	if (f->expect == EXPECT_LAST)
		*last_index = i;
	if (f->type == FIELD_PARENT)
		c->ids[w->who].parent = i;
	w->ref = i;
}

ALWAYS_INLINE void inherit(struct codec *c, const struct walk *w)
{
	struct identity *id = &c->ids[w->who];
	const struct identity from = c->ids[w->ref];

	id->parent = w->ref;
	id->comm = from.comm;
	id->ns_shift = from.ns_shift;
	memcpy(id->own, from.own, sizeof(id->own));
}

ALWAYS_INLINE void code_comm(struct codec *c, struct walk *w, bool writing, struct column *col,
			     const struct field *f, uint64_t bit)
{
	char *comm = field_in(w->ev, f);
	uint32_t none = 0, *memory = &none, i;

	if (f->expect == EXPECT_OWN)
		memory = &c->ids[w->who].comm;
	else if (f->expect == EXPECT_ITS)
		memory = &c->ids[w->ref].comm;
	else if (f->expect == EXPECT_FILE)
		memory = &c->strings[w->file].comm;
	i = *memory;
	if (writing && memcmp(comm, c->strings[i].head, EVENT_COMM) != 0)
		w->mask |= bit;
	if (w->mask & bit) {
		if (writing) {
			uint32_t len = EVENT_COMM;

			while (len && !comm[len - 1])
				len--;
			i = encoder_find_string(c, comm, len);
			put_string(c, col, comm, len, i);
			if (i == NOT_FOUND)
				i = c->n_strings - 1;
		} else {
			i = get_string(c, col);
			c->bad |= c->strings[i].len > EVENT_COMM;
		}
		/* The strings may be elsewhere by now, but not this slot in them. */
		*memory = i;
	}
	if (!writing)
		memcpy(comm, c->strings[i].head, EVENT_COMM);
	if (f->expect == EXPECT_FILE)
		c->ids[w->who].comm = i;
}

/* Reading: string i behind what stands behind the struct already. */
ALWAYS_INLINE void lay_bytes(const struct codec *c, struct walk *w, uint32_t *off_len, uint32_t i)
{
	const struct string *s = &c->strings[i];

	off_len[0] = trace_kinds[w->ev->kind].size + w->var;
	off_len[1] = s->len;
	memcpy((char *)w->ev + off_len[0], c->col[COLUMN_STRING_BYTES].data + s->off, s->len);
	w->var += s->len;
}

ALWAYS_INLINE void code_bytes(struct codec *c, struct walk *w, bool writing, struct column *col,
			      const struct field *f, uint64_t bit, uint32_t *last_index)
{
	uint32_t *off_len = field_in(w->ev, f);
	uint32_t i = 0;

	if (f->expect == EXPECT_LAST)
		i = *last_index;
	else if (f->expect == EXPECT_FILE)
		i = c->strings[w->file].interp;
	if (writing) {
		const char *bytes = (const char *)w->ev + (off_len[1] ? off_len[0] : 0);
		uint32_t is = encoder_find_string(c, bytes, off_len[1]);

		if (is != i) {
			w->mask |= bit;
			put_string(c, col, bytes, off_len[1], is);
			i = is == NOT_FOUND ? c->n_strings - 1 : is;
		}
	} else {
		if (w->mask & bit)
			i = get_string(c, col);
		lay_bytes(c, w, off_len, i);
	}
	if (f->expect == EXPECT_LAST)
		*last_index = i;
	else if (f->expect == EXPECT_FILE)
		c->strings[w->file].interp = i;
	if (f->type == FIELD_BYTES && f->expect != EXPECT_FILE)
		w->file = i;
	w->len = off_len[1];
}

/* Code the fields of w->ev, whose kind, ts and `who` are known; w->mask is filled in or obeyed. */
ALWAYS_INLINE void walk_fields(struct codec *c, struct walk *w, bool writing)
{
	uint16_t kind = w->ev->kind;
	const struct kind *k = &trace_kinds[kind];
	struct column *col = &c->col[kind * FIELDS_MAX];
	uint32_t *last = c->last_index[kind];

	for (uint32_t n = 0; n < k->n; n++) {
		const struct field *f = &k->fields[n];
		uint64_t bit = 1ULL << n;

		switch (f->type) {
		case FIELD_U16:
		case FIELD_U32:
		case FIELD_U64:
		case FIELD_DELTA:
		case FIELD_AGE:
			code_integer(c, w, writing, &col[n], f, bit);
			break;
		case FIELD_NS_PID:
			code_ns_pid(c, w, writing, &col[n], f, bit);
			break;
		case FIELD_TID:
			code_tid(c, w, writing, &col[n], f, bit);
			break;
		case FIELD_REF:
		case FIELD_PARENT:
			code_ref(c, w, writing, &col[n], f, bit, &last[n]);
			break;
		case FIELD_INHERIT:
			inherit(c, w);
			break;
		case FIELD_COMM:
			code_comm(c, w, writing, &col[n], f, bit);
			break;
		case FIELD_BYTES:
			code_bytes(c, w, writing, &col[n], f, bit, &last[n]);
			break;
		}
	}
}

#endif
