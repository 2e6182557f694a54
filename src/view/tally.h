/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tally.h: what summary and findings are made of, taken from the facts as they come, so
 * that no process needs to be kept for it once it is gone.
 *
 * Those that are gone are added up when they go; the others, which the model still has,
 * only when somebody asks.  So a summary takes memory for what is alive and for a bounded
 * list of names, however long the trace.
 */
#ifndef BROOD_TALLY_H
#define BROOD_TALLY_H

#include "view/sums.h"

/* How many at once, and when; how many forks in a whole second, and which. */
struct peaks {
	uint64_t most_alive, most_alive_ts;
	uint64_t busiest_forks, busiest_ts;

	/* private */
	uint64_t alive;
	uint64_t ts;		/* the moment in hand: its ends count before its births */
	bool born;		/* somebody was born in it */
	uint64_t forks;		/* in the second of ts */
};

/* All zero is a valid empty one. */
struct tally {
	struct sums gone;
	struct peaks peaks;
};

/* Every fact, in order. */
void tally_fact(struct tally *t, const struct fact *f);
void tally_free(struct tally *t);

/* All processes up to now; sums_free() it.  NULL where memory is short. */
struct sums *tally_sums(const struct tally *t, const struct model *m, const struct meta *meta,
			uint64_t end_ts);
struct peaks tally_peaks(const struct tally *t);

#endif
