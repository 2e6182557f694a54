// SPDX-License-Identifier: GPL-2.0-only
/* codec.c: what writing and reading a block have in common. */
#include <errno.h>

#include "trace/intern.h"

int codec_new(struct codec **out)
{
	struct codec *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	/* Most blocks use a small part of it, and only that ever becomes real memory. */
	c->ids = malloc(BLOCK_IDS_MAX * sizeof(*c->ids));
	c->strings = malloc(BLOCK_STRINGS_MAX * sizeof(*c->strings));
	if (!c->ids || !c->strings) {
		codec_free(c);
		return -ENOMEM;
	}
	*out = c;
	return 0;
}

void codec_reset(struct codec *c)
{
	memset(&c->ids[0], 0, sizeof(c->ids[0]));
	memset(&c->strings[0], 0, sizeof(c->strings[0]));
	c->n_ids = c->n_strings = 1;
	memset(c->last_index, 0, sizeof(c->last_index));
	for (int k = 0; k < EV_KINDS; k++)
		if (c->last[k])
			memset(c->last[k], 0, trace_kinds[k].size);
	c->bad = false;
}

void codec_free(struct codec *c)
{
	if (!c)
		return;
	if (c->id_slots) /* writing: columns and copies are its own */
		for (int i = 0; i < COLUMNS; i++)
			free(c->col[i].data);
	for (int k = 0; k < EV_KINDS; k++)
		free(c->last[k]);
	free(c->id_slots);
	free(c->string_slots);
	free(c->ids);
	free(c->strings);
	free(c);
}
