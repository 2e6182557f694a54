/* SPDX-License-Identifier: GPL-2.0-only */
/* rows.h: a forest as lines from top to bottom, alike siblings folded into one. */
#ifndef BROOD_ROWS_H
#define BROOD_ROWS_H

#include "base/text.h"
#include "view/forest.h"

struct row {
	const struct proc **proc; /* in order of birth */
	uint32_t count;		/* of proc; > 1: folded */
	uint32_t depth;		/* 0: a root */
	bool last;		/* of its siblings */
};

struct rows {
	struct row *row;
	uint32_t n;
	const struct proc **procs;
};

/* 0 or -ENOMEM; then nothing is left to free. */
int rows_make(struct rows *r, const struct model *m, enum kinship kin, bool fold);
void rows_free(struct rows *r);

/*
 * The lines that lead to a row.  To be asked for each row, from the first to the last:
 * it remembers which branches go on below.  A row deeper than limit is indented no more;
 * its depth stands there as a number.
 */
#define BRANCH_LEVELS 64
struct branches {
	uint32_t limit;		/* at most BRANCH_LEVELS */
	bool open[BRANCH_LEVELS + 1];
};
void branch_text(struct text *t, struct branches *b, const struct row *row);

/* How many levels to indent where this many columns are for branches, PID and command. */
uint32_t branch_limit(int columns);

#endif
