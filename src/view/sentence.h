/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sentence.h: what became of one process, told in plain words.  first: the first of its
 * kind, which also says what the kind means.
 */
#ifndef BROOD_SENTENCE_H
#define BROOD_SENTENCE_H

#include "base/text.h"
#include "view/view.h"

struct setting {
	const struct meta *meta;
	uint64_t end_ts;
	uint64_t zombie_after_ns;
};

void zombie_sentence(struct text *t, const struct proc *p, const struct setting *s, bool first);
void orphan_sentence(struct text *t, const struct proc *p, bool first);

#endif
