/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * places.h: where the checkpoints of a trace are, and the payload of INDEX, which tells it.
 * A bounded number: where there are more, each second one is forgotten, and as many of those
 * to come, for a reader that begins at an earlier one is only slower.
 */
#ifndef BROOD_TRACE_PLACES_H
#define BROOD_TRACE_PLACES_H

#include "trace/column.h"

#define PLACES_MAX 8192

struct place {
	uint64_t at; /* bytes from the beginning of the trace to the first block of it */
	uint64_t ts; /* of the checkpoint, CLOCK_BOOTTIME */
};

/* All zero is a valid empty one.  In order of place and time. */
struct places {
	struct place *place;
	uint32_t n, room;
	uint32_t thinned; /* so often: of 2^thinned places one is noted */
	uint32_t passed;  /* of these, since the last one */
};

/* 0 or -ENOMEM, then it is not added. */
int places_add(struct places *p, uint64_t at, uint64_t ts);
void places_free(struct places *p);

/* INDEX.  false where memory is short. */
bool places_put(struct column *to, const struct places *p);
/* 0; -EBADMSG: what is there makes no sense, and *p is empty; -ENOMEM. */
int places_get(const uint8_t *payload, uint32_t len, struct places *p);

#endif
