// SPDX-License-Identifier: GPL-2.0-only
/* tally.c: see tally.h. */
#include "view/tally.h"

#define SECOND UINT64_C(1000000000)

/* --- how many at once --------------------------------------------------------------- */

static void end_moment(struct peaks *k)
{
	if (k->born && k->alive > k->most_alive) {
		k->most_alive = k->alive;
		k->most_alive_ts = k->ts;
	}
	k->born = false;
}

static void at_moment(struct peaks *k, uint64_t ts)
{
	if (ts == k->ts)
		return;
	end_moment(k);
	if (ts / SECOND != k->ts / SECOND)
		k->forks = 0;
	k->ts = ts;
}

/*
 * Whoever was not born in the trace was alive all the time until now, whenever we learn of
 * that: at each moment there was one more than we thought, so the highest is the same one.
 */
static void found(struct peaks *k)
{
	k->alive++;
	k->most_alive++;
}

/* Born in a gap, or on another boot: there from now on. */
static void met(struct peaks *k)
{
	k->alive++;
	k->born = true;
}

static void born(struct peaks *k)
{
	if (++k->forks > k->busiest_forks) {
		k->busiest_forks = k->forks;
		k->busiest_ts = k->ts / SECOND * SECOND;
	}
	k->alive++;
	k->born = true;
}

static void ended(struct peaks *k)
{
	k->alive -= k->alive > 0;
}

static void count_alive(struct peaks *k, const struct fact *f)
{
	at_moment(k, f->ts);
	switch (f->type) {
	case FACT_SNAPSHOT:
		if (f->proc->state == PROC_ALIVE && f->resuming)
			met(k);
		else if (f->proc->state == PROC_ALIVE)
			found(k);
		break;
	case FACT_FORK:
		born(k);
		break;
	case FACT_EXIT:
		ended(k);
		break;
	case FACT_REAP:
		/* Its exit was lost: it ended by now. */
		if (f->proc->exit_ts == NO_TIME && f->proc->entry != ENTRY_FOUND_ZOMBIE)
			ended(k);
		break;
	default:
		break;
	}
}

struct peaks tally_peaks(const struct tally *t)
{
	struct peaks k = t->peaks;

	end_moment(&k);
	return k;
}

/* --- all of it ---------------------------------------------------------------------- */

void tally_fact(struct tally *t, const struct fact *f)
{
	count_alive(&t->peaks, f);
	if (f->type == FACT_REAP)
		sums_add(&t->gone, f->proc, f->meta, f->ts);
}

struct sums *tally_sums(const struct tally *t, const struct model *m, const struct meta *meta,
			uint64_t end_ts)
{
	struct sums *s = sums_copy(&t->gone);

	if (!s)
		return NULL;
	for (const struct proc *p = model_first(m); p; p = model_next(p))
		if (p->state != PROC_GONE)
			sums_add(s, p, meta, end_ts);
	return s;
}

void tally_free(struct tally *t)
{
	sums_clear(&t->gone);
}
