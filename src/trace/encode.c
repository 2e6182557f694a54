// SPDX-License-Identifier: GPL-2.0-only
/* encode.c: events to columns. */
#include <errno.h>

#include "trace/walk.h"

/* Open addressing, half empty at most. */
#define SLOTS (2 * BLOCK_IDS_MAX)
_Static_assert(BLOCK_STRINGS_MAX <= BLOCK_IDS_MAX, "SLOTS serves both");
_Static_assert(BLOCK_IDS_MAX <= UINT16_MAX, "slots hold 16 bits");

/* The most that one record takes beside its strings: each field and shared column a varint. */
#define RECORD_MAX ((FIELDS_MAX + 16) * VARINT_MAX)
/* The most that one record adds: `who` and refs; bytes and comms. */
#define RECORD_IDS     4
#define RECORD_STRINGS 6
/* Number and length of each column, and how many there are. */
#define DIRECTORY_MAX (4 + 6 * COLUMNS)
#define SHARED_MAX    ((RECORD_IDS + RECORD_STRINGS) * VARINT_MAX)

int encoder_new(struct codec **out)
{
	struct codec *c;
	int err = codec_new(&c);

	if (err)
		return err;
	c->id_slots = malloc(SLOTS * sizeof(*c->id_slots));
	c->string_slots = malloc(SLOTS * sizeof(*c->string_slots));
	for (int k = 0; k < EV_KINDS && !err; k++)
		if (trace_kinds[k].size) {
			c->last[k] = malloc(trace_kinds[k].size);
			err = c->last[k] ? 0 : -ENOMEM;
		}
	if (err || !c->id_slots || !c->string_slots) {
		codec_free(c);
		return -ENOMEM;
	}
	encoder_reset(c);
	*out = c;
	return 0;
}

void encoder_reset(struct codec *c)
{
	codec_reset(c);
	for (int i = 0; i < COLUMNS; i++)
		c->col[i].pos = 0;
	memset(c->id_slots, 0, SLOTS * sizeof(*c->id_slots));
	memset(c->string_slots, 0, SLOTS * sizeof(*c->string_slots));
	c->raw = 0;
	c->stats = (struct block_stats){0};
}

const struct block_stats *encoder_stats(const struct codec *c)
{
	return &c->stats;
}

/* --- what was met already in this block ----------------------------------------------- */

static uint32_t mix(uint64_t h)
{
	h *= 0x9e3779b97f4a7c15ULL;
	return (uint32_t)(h >> 40) & (SLOTS - 1);
}

uint32_t encoder_find_id(struct codec *c, const struct task_ref *ref)
{
	uint32_t slot = mix(ref->start ^ (uint64_t)ref->tgid << 32 ^ ref->tgid);

	if (is_id(c, 0, ref))
		return 0;
	for (; c->id_slots[slot]; slot = (slot + 1) & (SLOTS - 1))
		if (is_id(c, c->id_slots[slot], ref))
			return c->id_slots[slot];
	c->id_slots[slot] = (uint16_t)c->n_ids; /* which the caller adds now */
	return NOT_FOUND;
}

static uint64_t hash_bytes(const char *bytes, uint32_t len)
{
	uint64_t h = len, part;

	for (; len >= sizeof(part); bytes += sizeof(part), len -= sizeof(part)) {
		memcpy(&part, bytes, sizeof(part));
		h = (h ^ part) * 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
	}
	part = 0;
	memcpy(&part, bytes, len);
	h = (h ^ part) * 0xff51afd7ed558ccdULL;
	return h ^ h >> 32;
}

uint32_t encoder_find_string(struct codec *c, const char *bytes, uint32_t len)
{
	const uint8_t *base = c->col[COLUMN_STRING_BYTES].data;
	uint32_t slot;

	if (!len)
		return 0;
	for (slot = mix(hash_bytes(bytes, len)); c->string_slots[slot];
	     slot = (slot + 1) & (SLOTS - 1)) {
		const struct string *s = &c->strings[c->string_slots[slot]];

		if (s->len == len && !memcmp(base + s->off, bytes, len))
			return c->string_slots[slot];
	}
	c->string_slots[slot] = (uint16_t)c->n_strings; /* likewise */
	return NOT_FOUND;
}

/* --- one event ------------------------------------------------------------------------ */

/* Bytes of it that lie behind the struct. */
static uint64_t var_bytes(const struct event *ev)
{
	const struct ev_exec *exec = (const struct ev_exec *)ev;

	if (ev->kind == EV_EXEC)
		return (uint64_t)exec->args_len + exec->file_len + exec->interp_len;
	if (ev->kind == EV_SNAPSHOT)
		return ((const struct ev_snapshot *)ev)->args_len;
	if (ev->kind == EV_PAST)
		return ((const struct ev_past *)ev)->file_len;
	return 0;
}

/* All memory that the event may need: once it is begun, nothing can fail. */
static bool make_room(struct codec *c, uint16_t kind, uint32_t var)
{
	struct column *col = &c->col[kind * FIELDS_MAX];
	uint32_t n = trace_kinds[kind].n;
	bool ok = true;

	for (uint32_t i = 0; i < n; i++)
		ok &= column_reserve(&col[i], VARINT_MAX);
	for (uint32_t i = 0; i < COLUMN_STRING_BYTES; i++)
		ok &= column_reserve(&c->col[i], SHARED_MAX);
	return ok & column_reserve(&c->col[COLUMN_STRING_BYTES], var + RECORD_STRINGS * EVENT_COMM);
}

static bool fits(const struct codec *c, uint64_t var)
{
	return c->raw + var + RECORD_STRINGS * EVENT_COMM + RECORD_MAX + DIRECTORY_MAX <=
		       BLOCK_RAW_MAX &&
	       c->n_ids + RECORD_IDS <= BLOCK_IDS_MAX &&
	       c->n_strings + RECORD_STRINGS <= BLOCK_STRINGS_MAX &&
	       c->stats.records < BLOCK_RECORDS_MAX;
}

static void encode(struct codec *c, const struct event *ev, uint64_t ts)
{
	struct walk w = {.ev = (struct event *)ev, .last = c->last[ev->kind]};

	put(c, &c->col[COLUMN_KIND], ev->kind);
	put(c, &c->col[COLUMN_TS], ts - c->ts);
	c->ts = ts;
	w.who = w.memory = w.ref = code_id(c, true, &c->col[COLUMN_WHO], true, &ev->who);
	walk_fields(c, &w, true);
	put(c, &c->col[COLUMN_MASK], w.mask);
	memcpy(c->last[ev->kind], ev, trace_kinds[ev->kind].size);
}

int encoder_add(struct codec *c, const struct event *ev, uint64_t ts)
{
	uint64_t var = var_bytes(ev);

	if (!fits(c, var))
		return c->stats.records ? -ENOSPC : -EMSGSIZE;
	if (!make_room(c, ev->kind, (uint32_t)var))
		return -ENOMEM;
	if (!c->stats.records)
		c->ts = c->stats.first_ts = ts;
	c->stats.last_ts = ts;
	c->stats.records++;
	encode(c, ev, ts);
	return 0;
}

/* --- the block ------------------------------------------------------------------------ */

static void put_directory(const struct codec *c, struct column *to)
{
	int n = 0, before = -1;

	for (int i = 0; i < COLUMNS; i++)
		n += c->col[i].pos > 0;
	column_put(to, (uint64_t)n);
	for (int i = 0; i < COLUMNS; i++)
		if (c->col[i].pos) {
			column_put(to, (uint64_t)(i - before - 1));
			column_put(to, c->col[i].pos);
			before = i;
		}
}

uint8_t *encoder_seal(struct codec *c, uint32_t *len)
{
	struct column block = {0};

	if (column_reserve(&block, c->raw + DIRECTORY_MAX)) {
		put_directory(c, &block);
		for (int i = 0; i < COLUMNS; i++)
			column_put_bytes(&block, c->col[i].data, c->col[i].pos);
	}
	*len = block.pos;
	encoder_reset(c);
	return block.data;
}
