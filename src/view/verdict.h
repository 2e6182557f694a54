/* SPDX-License-Identifier: GPL-2.0-only */
/* verdict.h: how the children ended up, where there is neither a zombie nor an orphan. */
#ifndef BROOD_VERDICT_H
#define BROOD_VERDICT_H

#include "view/sums.h"

/* "No zombies, no orphans: every child was waited for by its parent.", or what is true. */
void verdict_text(struct text *t, const struct sums *s, const struct meta *meta);

#endif
