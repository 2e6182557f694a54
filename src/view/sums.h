/* SPDX-License-Identifier: GPL-2.0-only */
/* sums.h: what the summary shows, added up over all processes of a model. */
#ifndef BROOD_SUMS_H
#define BROOD_SUMS_H

#include "view/group.h"

/* One process and what it is listed for: ns of being a zombie, KiB of memory. */
struct ranked {
	const struct proc *proc;
	uint64_t value;
};

struct sums {
	size_t processes;
	uint64_t exit_zero, exit_other, killed; /* of those whose end was seen */
	uint64_t most_alive, most_alive_ts; /* at once */
	uint64_t busiest_forks, busiest_ts; /* of all whole seconds */
	uint64_t cpu_ns, cpu_known; /* sum; of how many processes */
	struct group *failure;	/* by command and status, the most frequent first */
	size_t failures;
	struct group *cpu;	/* by command, the most expensive first */
	size_t cpus;
	struct ranked *zombie;	/* intervals of whatever had to be waited for, longest first */
	size_t zombies;
	struct ranked *rss;	/* largest first */
	size_t rsses;
};

/* 0 or -ENOMEM; then nothing is left to free. */
int sums_make(struct sums *s, const struct model *m, uint64_t end_ts);
void sums_free(struct sums *s);

#endif
