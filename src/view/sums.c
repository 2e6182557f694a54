// SPDX-License-Identifier: GPL-2.0-only
/* sums.c: see sums.h. */
#include <errno.h>
#include <stdlib.h>

#include "view/sums.h"

#define SECOND UINT64_C(1000000000)

static int by_value(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return (x->proc->ref.tgid > y->proc->ref.tgid) - (x->proc->ref.tgid < y->proc->ref.tgid);
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void add(struct sums *s, const struct proc *p, uint64_t end_ts)
{
	uint64_t zombie_ns = p->autoreap ? NO_TIME : proc_zombie_ns(p, end_ts);

	s->processes++;
	if (p->has_status) {
		s->exit_zero += !p->status;
		s->exit_other += p->status && !proc_signal(p->status);
		s->killed += proc_signal(p->status) != 0;
		if (p->status)
			s->failure[s->failures++] = (struct group){proc_name(p), p->status, 1, 0};
	}
	if (p->has_cpu) {
		s->cpu_ns += p->cpu_ns;
		s->cpu_known++;
		s->cpu[s->cpus++] = (struct group){proc_name(p), 0, 1, p->cpu_ns};
	}
	if (zombie_ns != NO_TIME)
		s->zombie[s->zombies++] = (struct ranked){p, zombie_ns};
	if (p->max_rss_kib)
		s->rss[s->rsses++] = (struct ranked){p, p->max_rss_kib};
}

/* births and ends are in order of time. */
static void find_peaks(struct sums *s, const uint64_t *births, size_t n_births,
		       const uint64_t *ends, size_t n_ends)
{
	uint64_t second = 0, forks = 0;

	for (size_t i = 0, ended = 0; i < n_births; i++) {
		while (ended < n_ends && ends[ended] <= births[i])
			ended++;
		if (i + 1 - ended > s->most_alive) {
			s->most_alive = i + 1 - ended;
			s->most_alive_ts = births[i];
		}
		if (!births[i])
			continue;
		if (births[i] / SECOND != second)
			forks = 0;
		second = births[i] / SECOND;
		if (++forks > s->busiest_forks) {
			s->busiest_forks = forks;
			s->busiest_ts = second * SECOND;
		}
	}
}

static int peaks(struct sums *s, const struct model *m)
{
	uint64_t *births = calloc(s->processes + 1, sizeof(*births));
	uint64_t *ends = calloc(s->processes + 1, sizeof(*ends));
	size_t n = 0, ended = 0;
	int err = births && ends ? 0 : -ENOMEM;

	for (const struct proc *p = model_first(m); p && !err; p = model_next(p)) {
		/* A zombie from before the trace was not alive in it; nor do we know of one
		 * whose end is unknown. */
		if (p->exit_ts == NO_TIME && proc_fate(p) != FATE_ALIVE)
			continue;
		births[n++] = p->fork_ts == NO_TIME ? 0 : p->fork_ts;
		if (p->exit_ts != NO_TIME)
			ends[ended++] = p->exit_ts;
	}
	if (!err) {
		qsort(births, n, sizeof(*births), by_time);
		qsort(ends, ended, sizeof(*ends), by_time);
		find_peaks(s, births, n, ends, ended);
	}
	free(births);
	free(ends);
	return err;
}

int sums_make(struct sums *s, const struct model *m, uint64_t end_ts)
{
	size_t n = 1;

	*s = (struct sums){0};
	for (const struct proc *p = model_first(m); p; p = model_next(p))
		n++;
	s->failure = calloc(n, sizeof(*s->failure));
	s->cpu = calloc(n, sizeof(*s->cpu));
	s->zombie = calloc(n, sizeof(*s->zombie));
	s->rss = calloc(n, sizeof(*s->rss));
	if (!s->failure || !s->cpu || !s->zombie || !s->rss)
		goto fail;
	for (const struct proc *p = model_first(m); p; p = model_next(p))
		add(s, p, end_ts);
	if (peaks(s, m))
		goto fail;
	s->failures = group_merge(s->failure, s->failures, BY_COUNT);
	s->cpus = group_merge(s->cpu, s->cpus, BY_SUM);
	qsort(s->zombie, s->zombies, sizeof(*s->zombie), by_value);
	qsort(s->rss, s->rsses, sizeof(*s->rss), by_value);
	return 0;
fail:
	sums_free(s);
	return -ENOMEM;
}

void sums_free(struct sums *s)
{
	free(s->failure);
	free(s->cpu);
	free(s->zombie);
	free(s->rss);
	*s = (struct sums){0};
}
