// SPDX-License-Identifier: GPL-2.0-only
/*
 * decode.c: columns to events.  What is read is hostile: no number is used as an index or a
 * length before it was compared with what there is.  A wrong one sets `bad`, which is
 * looked at once a record; until then values are wrong but places are not.
 */
#include <errno.h>

#include "trace/walk.h"

/* With the bytes behind a struct: each string a whole block, however often it is named. */
static uint32_t slot_size(int kind)
{
	const struct kind *k = &trace_kinds[kind];
	uint32_t size = k->size;

	for (uint32_t i = 0; i < k->n; i++)
		size += k->fields[i].type == FIELD_BYTES ? BLOCK_RAW_MAX : 0;
	return size;
}

int decoder_new(struct codec **out)
{
	struct codec *c;
	int err = codec_new(&c);

	if (err)
		return err;
	for (int k = 0; k < EV_KINDS && !err; k++)
		if (trace_kinds[k].size) {
			c->last[k] = malloc(slot_size(k));
			err = c->last[k] ? 0 : -ENOMEM;
		}
	if (err) {
		codec_free(c);
		return err;
	}
	codec_reset(c);
	*out = c;
	return 0;
}

uint32_t decoder_left(const struct codec *c)
{
	return c->left;
}

/* Where each column lies.  Those of numbers that are not known are left out. */
static void take_directory(struct codec *c, struct column *block)
{
	struct column directory = *block, skip = *block;
	uint64_t n = get(c, &directory), id = 0, at;

	/* Once through to see where it ends, which is where the columns begin. */
	get(c, &skip);
	for (uint64_t i = 0; i < 2 * n && !c->bad; i++)
		get(c, &skip);
	at = skip.pos;
	for (uint64_t i = 0; i < n && !c->bad; i++) {
		uint64_t gap = get(c, &directory), len = get(c, &directory);

		if (gap >= UINT32_MAX || len > block->size - at) {
			c->bad = true;
			return;
		}
		id += gap + (i > 0);
		if (id < COLUMNS)
			c->col[id] = (struct column){block->data + at, 0, (uint32_t)len};
		at += len;
	}
}

int decoder_begin(struct codec *c, const uint8_t *raw, uint32_t len, uint32_t records,
		  uint64_t first_ts)
{
	struct column block = {(uint8_t *)raw, 0, len};
	static const uint8_t nothing[1];

	codec_reset(c);
	for (int i = 0; i < COLUMNS; i++)
		c->col[i] = (struct column){(uint8_t *)nothing, 0, 0};
	c->left = records;
	c->ts = first_ts;
	take_directory(c, &block);
	/* Each record has a byte in the column of kinds at least. */
	if (c->bad || records > c->col[COLUMN_KIND].size)
		return -EBADMSG;
	return 0;
}

/* One record.  NULL: it is of a kind that is not known here, or bad. */
static const struct event *decode(struct codec *c)
{
	uint64_t kind = get(c, &c->col[COLUMN_KIND]);
	uint64_t after = get(c, &c->col[COLUMN_TS]);
	struct walk w = {.mask = get(c, &c->col[COLUMN_MASK])};
	const struct task_ref nobody = {0};
	const struct identity *id;

	c->bad |= after > UINT64_MAX - c->ts;
	c->ts += after;
	w.who = w.memory = w.ref = code_id(c, false, &c->col[COLUMN_WHO], true, &nobody);
	if (c->bad || kind >= EV_KINDS || !trace_kinds[kind].size)
		return NULL;
	id = &c->ids[w.who];
	w.ev = c->last[kind];
	w.last = w.ev;
	w.ev->ts = c->ts;
	w.ev->kind = (uint16_t)kind;
	w.ev->who.start = id->start;
	w.ev->who.tgid = id->tgid;
	walk_fields(c, &w, false);
	return w.ev;
}

int decoder_next(struct codec *c, const struct event **ev)
{
	while (c->left) {
		*ev = decode(c);
		if (c->bad)
			return -EBADMSG;
		c->left--;
		if (*ev)
			return 1;
	}
	return 0;
}
