/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * walk.h: one record, field by field, in either direction.  Writer and reader share this
 * walk, so what one expects the other does too.  `writing` is a constant in each copy.
 */
#ifndef BROOD_TRACE_WALK_H
#define BROOD_TRACE_WALK_H

#include "trace/intern.h"
#include "trace/kinds.h"

/* What is known while one record is coded. */
struct walk {
	struct event *ev;
	const struct event *last;
	uint32_t who;	 /* identity: whose record it is */
	uint32_t memory; /* identity: whose memory is asked; of a fork the creator's */
	uint32_t ref;	 /* identity: coded last in this record */
	uint32_t file;	 /* string: coded last */
	uint32_t len;	 /* of the bytes coded last */
	uint32_t var;	 /* reading: bytes behind the struct so far */
	uint64_t mask;
};

ALWAYS_INLINE void *field_in(const struct event *ev, const struct field *f)
{
	return (char *)ev + f->offset;
}

/* An unsigned integer of `size` bytes; little-endian machines only, as BPF objects are. */
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
		return c->ids[w->memory].own[f->own];
	case EXPECT_LEN:
		return w->len;
	default:
		return 0;
	}
}

/* U16, U32, U64, DELTA, AGE */
ALWAYS_INLINE void code_integer(struct codec *c, struct walk *w, bool writing, struct column *col,
				const struct field *f, uint64_t bit, enum field_type type)
{
	const unsigned size = type == FIELD_U16 ? 2 : type == FIELD_U32 ? 4 : 8;
	const bool difference = type == FIELD_DELTA || type == FIELD_AGE;
	uint64_t v = expected(c, w, f, size);
	uint64_t base = type == FIELD_AGE ? c->ts : v;
	void *p = field_in(w->ev, f);

	if (!differs(w, writing, bit, p, size, v))
		return;
	if (writing) {
		v = load(p, size);
		put(c, col, difference ? zigzag(v - base) : v);
	} else {
		v = get(c, col);
		if (difference)
			v = base + unzigzag(v);
		c->bad |= size < 8 && v >> 8 * size;
		memcpy(p, &v, size);
	}
	if (f->expect == EXPECT_OWN)
		c->ids[w->memory].own[f->own] = v;
}

ALWAYS_INLINE void code_ns_pid(struct codec *c, struct walk *w, bool writing, struct column *col,
			       const struct field *f, uint64_t bit)
{
	uint32_t *p = field_in(w->ev, f), *shift = &c->ids[w->memory].ns_shift;
	uint32_t v = w->ev->who.tgid - *shift;

	if (!differs(w, writing, bit, p, sizeof(*p), v))
		return;
	if (writing)
		put(c, col, zigzag32(*p - v));
	else
		*p = v + unzigzag32(get32(c, col));
	*shift = w->ev->who.tgid - *p;
}

ALWAYS_INLINE void code_tid(struct codec *c, struct walk *w, bool writing, struct column *col,
			    const struct field *f, uint64_t bit)
{
	struct task_ref *ref = field_in(w->ev, f);
	const struct task_ref *last = field_in(w->last, f);
	uint32_t v = 0;

	if (f->expect == EXPECT_WHO_TID)
		v = w->ev->who.tid;
	else if (f->expect == EXPECT_TGID || (f->expect == EXPECT_TGID_OR_NONE && last->tid))
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
	else if (f->expect == EXPECT_REF)
		i = w->ref;
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
	if (f->type == FIELD_CREATOR)
		w->memory = i;
	w->ref = i;
}

/* A newborn remembers what its creator does. */
ALWAYS_INLINE void inherit(struct codec *c, const struct walk *w)
{
	struct identity *to = &c->ids[w->who];
	const struct identity *from = &c->ids[w->memory];

	to->comm = from->comm;
	to->ns_shift = from->ns_shift;
	for (int i = 0; i < OWNS; i++)
		to->own[i] = from->own[i];
}

ALWAYS_INLINE void code_comm(struct codec *c, struct walk *w, bool writing, struct column *col,
			     const struct field *f, uint64_t bit)
{
	char *comm = field_in(w->ev, f);
	uint32_t none = 0, *memory = &none, i;

	if (f->expect == EXPECT_OWN)
		memory = &c->ids[w->memory].comm;
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
		*memory = i;
	}
	if (!writing)
		memcpy(comm, c->strings[i].head, EVENT_COMM);
	if (f->expect == EXPECT_FILE)
		c->ids[w->memory].comm = i;
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

/* One field. */
ALWAYS_INLINE void code_field(struct codec *c, struct walk *w, bool writing, struct column *col,
			      const struct field *f, uint64_t bit, uint32_t *last_index)
{
	switch (f->type) {
	case FIELD_U16:
		code_integer(c, w, writing, col, f, bit, FIELD_U16);
		break;
	case FIELD_U32:
		code_integer(c, w, writing, col, f, bit, FIELD_U32);
		break;
	case FIELD_U64:
		code_integer(c, w, writing, col, f, bit, FIELD_U64);
		break;
	case FIELD_DELTA:
		code_integer(c, w, writing, col, f, bit, FIELD_DELTA);
		break;
	case FIELD_AGE:
		code_integer(c, w, writing, col, f, bit, FIELD_AGE);
		break;
	case FIELD_NS_PID:
		code_ns_pid(c, w, writing, col, f, bit);
		break;
	case FIELD_TID:
		code_tid(c, w, writing, col, f, bit);
		break;
	case FIELD_REF:
	case FIELD_PARENT:
	case FIELD_CREATOR:
		code_ref(c, w, writing, col, f, bit, last_index);
		break;
	case FIELD_INHERIT:
		inherit(c, w);
		break;
	case FIELD_COMM:
		code_comm(c, w, writing, col, f, bit);
		break;
	case FIELD_BYTES:
		code_bytes(c, w, writing, col, f, bit, last_index);
		break;
	}
}

/*
 * The kinds that traces are made of are walked without asking at run time what each field is:
 * unrolled, f is a constant above.  That saves a quarter of the time to read.  (clang with
 * sanitizers takes minutes for this; the road below is the same but for the speed.)
 */
#ifdef __clang__
#define WALK(kind, list)
#else
#define WALK(kind, list)                                                                           \
	case kind:                                                                                 \
		_Pragma("GCC unroll 32")                                                           \
		for (uint32_t n = 0; n < sizeof(list) / sizeof((list)[0]); n++)                    \
			code_field(c, w, writing, &col[n], &(list)[n], 1U << n, &last[n]);         \
		break;
#endif

/* Code the fields of w->ev, whose kind, ts and `who` are known; w->mask is filled in or obeyed. */
ALWAYS_INLINE void walk_fields(struct codec *c, struct walk *w, bool writing)
{
	const struct kind *k = &trace_kinds[w->ev->kind];
	struct column *col = &c->col[w->ev->kind * FIELDS_MAX];
	uint32_t *last = c->last_index[w->ev->kind];

	switch (w->ev->kind) {
		WALK(EV_FORK, fork_fields)
		WALK(EV_EXEC, exec_fields)
		WALK(EV_EXIT, exit_fields)
		WALK(EV_REAP, reap_fields)
	default:
		for (uint32_t n = 0; n < k->n; n++)
			code_field(c, w, writing, &col[n], &k->fields[n], 1U << n, &last[n]);
	}
}

#endif
