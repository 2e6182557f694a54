/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sums.h: what summary and findings show of many processes, added up one by one.
 *
 * The memory does not depend on how many: nothing here refers to a process that was added,
 * and what is listed by name is bounded.
 */
#ifndef BROOD_SUMS_H
#define BROOD_SUMS_H

#include "view/group.h"

#define RANKS 5

/* One process and what it is listed for: ns of being a zombie, KiB of memory. */
struct ranked {
	struct who who;
	uint64_t value;
	struct who by;		/* of a zombie: who reaped it, or has not; ref.tgid 0 unknown */
	bool reaped, at_most;
};

struct ranking {
	struct ranked rank[RANKS]; /* the greatest first; ties in order of PIDs */
	size_t n;
};

/*
 * How often durations occurred, one count for each that text_duration() tells apart: so the
 * median is as exact as it can be shown.
 */
#define DURATIONS 36303
uint32_t duration_slot(uint64_t ns); /* never decreases as ns increases */
uint64_t duration_of_slot(uint32_t slot);
#define DURATION_LONGEST (DURATIONS - 1) /* not told apart: 1000 days or more */

/* How a child ended up, as a parent is responsible for it. */
enum way {
	WAY_WAITED,    /* its parent waited for it */
	WAY_KERNEL,    /* its parent ignores SIGCHLD: nobody needs to wait */
	WAY_INHERITED, /* its parent exited without waiting; the adopter did */
	WAY_UNSEEN,    /* nobody saw who reaped it, or how it ended */
	WAYS
};

/* All zero is a valid empty one. */
struct sums {
	uint64_t processes;
	uint64_t exit_zero, exit_other, killed; /* of those whose end was seen */
	uint64_t cpu_ns, cpu_known; /* sum; of how many processes */
	uint64_t zombies, orphans; /* zombies: flagged; each counted once */
	struct groups failures;	/* by command and status */
	struct groups cpus;	/* by command */
	struct groups zombies_of, orphans_of; /* by comm of the parent, of the dead parent */
	struct ranking longest;	/* zombie intervals of whatever had to be waited for */
	struct ranking largest;	/* memory */
	uint64_t intervals;	/* how many of them are in duration[] */

	/* Children only: not the followed command. */
	uint64_t children_alive, children_ended, way[WAYS];
	struct who heir;	/* of the inherited, where it is always the same */
	bool many_heirs;

	uint64_t duration[DURATIONS];
};

void sums_add(struct sums *s, const struct proc *p, const struct meta *meta, uint64_t end_ts);
/* Of the interval in the middle; of an even number, the lesser of the two. */
uint32_t sums_median_slot(const struct sums *s);

/* NULL where memory is short. */
struct sums *sums_copy(const struct sums *s);
/* What it refers to, and not s itself. */
void sums_clear(struct sums *s);
/* Of a copy: s as well. */
void sums_free(struct sums *s);

#endif
