// SPDX-License-Identifier: GPL-2.0-only
/* sums.c: see sums.h. */
#include <stdlib.h>
#include <string.h>

#include "view/sums.h"

#define US UINT64_C(1000)
#define MS (1000 * US)
#define S  (1000 * MS)

/* --- durations ---------------------------------------------------------------------- */

/* As text_duration() (base/units.c) goes from unit to unit; a test compares. */
static const struct {
	uint64_t unit;
	uint32_t below; /* of these, rounded; then it is the next unit's */
} scale[] = {
	{US, 1000}, {MS / 10, 100}, {MS, 1000},	       {S / 10, 600},
	{S, 3600},  {60 * S, 6000}, {3600 * S, 24000},
};
#define UNITS (sizeof(scale) / sizeof(scale[0]))

/* Slot 0 is nothing, 1 is less than 1 µs. */
#define FIRST_SLOT 2

uint32_t duration_slot(uint64_t ns)
{
	uint32_t base = FIRST_SLOT;

	if (ns < US)
		return ns > 0;
	for (size_t i = 0; i < UNITS; i++) {
		uint64_t unit = scale[i].unit;
		uint64_t n = ns / unit + (ns % unit >= unit - unit / 2);

		if (n < scale[i].below)
			return base + (uint32_t)n;
		base += scale[i].below;
	}
	return DURATION_LONGEST;
}

uint64_t duration_of_slot(uint32_t slot)
{
	uint32_t base = FIRST_SLOT;

	if (slot < FIRST_SLOT)
		return slot;
	for (size_t i = 0; i < UNITS; i++) {
		if (slot < base + scale[i].below)
			return (slot - base) * scale[i].unit;
		base += scale[i].below;
	}
	return scale[UNITS - 1].unit * scale[UNITS - 1].below;
}

uint32_t sums_median_slot(const struct sums *s)
{
	uint64_t middle = s->intervals ? (s->intervals - 1) / 2 : 0, seen = 0;
	uint32_t i;

	for (i = 0; i < DURATION_LONGEST; i++) {
		seen += s->duration[i];
		if (seen > middle)
			break;
	}
	return i;
}

/* --- rankings ----------------------------------------------------------------------- */

static bool is_before(const struct ranked *a, const struct ranked *b)
{
	if (a->value != b->value)
		return a->value > b->value;
	if (a->who.ref.tgid != b->who.ref.tgid)
		return a->who.ref.tgid < b->who.ref.tgid;
	return a->who.ref.start < b->who.ref.start;
}

static void rank(struct ranking *r, const struct ranked *new)
{
	size_t at = r->n;

	if (r->n < RANKS)
		r->n++;
	else if (!is_before(new, &r->rank[--at]))
		return;
	for (; at && is_before(new, &r->rank[at - 1]); at--)
		r->rank[at] = r->rank[at - 1];
	r->rank[at] = *new;
}

static struct who self(const struct proc *p)
{
	struct who w = {.ref = p->ref};

	memcpy(w.comm, p->comm, sizeof(w.comm));
	return w;
}

/* --- one more process --------------------------------------------------------------- */

static enum way way_of(const struct proc *p, enum proc_fate fate)
{
	if (fate == FATE_AUTOREAPED)
		return WAY_KERNEL;
	if (fate != FATE_REAPED || !p->reaper.ref.tgid)
		return WAY_UNSEEN;
	if (same_task(&p->reaper.ref, &p->birth_parent))
		return WAY_WAITED;
	return p->last_adopter.ref.tgid ? WAY_INHERITED : WAY_UNSEEN;
}

static void add_child(struct sums *s, const struct proc *p)
{
	enum proc_fate fate = proc_fate(p);
	enum way way;

	if (fate == FATE_ALIVE) {
		s->children_alive++;
		return;
	}
	way = way_of(p, fate);
	s->children_ended++;
	s->way[way]++;
	if (way != WAY_INHERITED)
		return;
	if (s->way[way] == 1)
		s->heir = p->reaper;
	else if (!same_task(&s->heir.ref, &p->reaper.ref))
		s->many_heirs = true;
}

static void add_interval(struct sums *s, const struct proc *p, const struct meta *meta, uint64_t ns)
{
	bool reaped = p->state == PROC_GONE;
	struct ranked r = {
		.who = self(p),
		.value = ns,
		.by = p->state == PROC_ZOMBIE ? p->parent : p->reaper,
		.reaped = reaped,
		.at_most = zombie_at_most(p, meta),
	};

	s->intervals++;
	s->duration[duration_slot(ns)]++;
	rank(&s->longest, &r);
}

static struct name comm_name(const struct who *w)
{
	return (struct name){w->comm, strnlen(w->comm, EVENT_COMM)};
}

void sums_add(struct sums *s, const struct proc *p, const struct meta *meta, uint64_t end_ts)
{
	uint64_t zombie_ns = p->autoreap ? NO_TIME : proc_zombie_ns(p, end_ts);

	s->processes++;
	if (p->has_status) {
		s->exit_zero += !p->status;
		s->exit_other += p->status && !proc_signal(p->status);
		s->killed += proc_signal(p->status) != 0;
		if (p->status)
			groups_add(&s->failures, proc_name(p), p->status, 0);
	}
	if (p->has_cpu) {
		s->cpu_ns += p->cpu_ns;
		s->cpu_known++;
		groups_add(&s->cpus, proc_name(p), 0, p->cpu_ns);
	}
	if (zombie_ns != NO_TIME)
		add_interval(s, p, meta, zombie_ns);
	if (p->max_rss_kib)
		rank(&s->largest, &(struct ranked){.who = self(p), .value = p->max_rss_kib});
	if (p->zombie_flag_ts != NO_TIME) {
		s->zombies++;
		groups_add(&s->zombies_of, comm_name(&p->parent), 0, 0);
	}
	if (p->orphaned_ts != NO_TIME) {
		s->orphans++;
		groups_add(&s->orphans_of, comm_name(&p->old_parent), 0, 0);
	}
	/* The followed command itself is waited for by brood. */
	if (!meta->command || !p->from_snapshot)
		add_child(s, p);
}

/* --- memory ------------------------------------------------------------------------- */

struct sums *sums_copy(const struct sums *s)
{
	struct sums *to = malloc(sizeof(*to));
	bool ok;

	if (!to)
		return NULL;
	*to = *s;
	ok = !groups_copy(&to->failures, &s->failures);
	ok = !groups_copy(&to->cpus, &s->cpus) && ok;
	ok = !groups_copy(&to->zombies_of, &s->zombies_of) && ok;
	ok = !groups_copy(&to->orphans_of, &s->orphans_of) && ok;
	if (ok)
		return to;
	sums_free(to);
	return NULL;
}

void sums_clear(struct sums *s)
{
	groups_free(&s->failures);
	groups_free(&s->cpus);
	groups_free(&s->zombies_of);
	groups_free(&s->orphans_of);
}

void sums_free(struct sums *s)
{
	if (s)
		sums_clear(s);
	free(s);
}
