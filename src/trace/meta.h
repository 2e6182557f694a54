/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * meta.h: the payload of META and END: items of tag, length and that many bytes, the first
 * two varints.  Numbers are varints too.  Unknown tags are skipped.
 */
#ifndef BROOD_TRACE_META_H
#define BROOD_TRACE_META_H

#include "model/meta.h"
#include "trace/column.h"

/* Append the items of META.  false where memory is short. */
bool meta_put(struct column *to, const struct meta *m);

/* Take what is there into *m, whose other members stay.  command is malloc'ed.  0, -ENOMEM. */
int meta_get(const uint8_t *payload, uint32_t len, struct meta *m);

/* END: events that were lost in writing; where INDEX is, if there is one. */
bool end_put(struct column *to, uint64_t lost);
bool end_put_index(struct column *to, uint64_t at);
/* false: it does not say. */
bool end_get_index(const uint8_t *payload, uint32_t len, uint64_t *at);

#endif
