// SPDX-License-Identifier: GPL-2.0-only
/*
 * resume.c: what is known after a gap in what was told, by comparing what was known before it
 * with a list of what exists after it.
 *
 * It is the census of census.c, but for this: nobody said how long the list is; the gap may
 * be of hours, so that who is not in the list was reaped long ago, by whom is not known;
 * and after another boot there is nothing to compare.
 */
#include <string.h>

#include "model/private.h"

/* The next that is not gone: such a one stays where it is whatever becomes of others. */
static struct proc *present(struct proc *p)
{
	while (p && p->state == PROC_GONE)
		p = TAILQ_NEXT(p, all_link);
	return p;
}

static void close_unlisted(struct model *m)
{
	struct proc *p, *next;

	for (p = present(TAILQ_FIRST(&m->table.all)); p; p = next) {
		next = present(TAILQ_NEXT(p, all_link));
		if (p->census != m->census.number)
			life_close(m, p);
	}
}

/* The first boot's clock says when the next one's ts begin: no other clock runs through. */
static void go_on_with(struct model *m, const struct meta *meta)
{
	uint64_t ts = m->rebooted ? meta->wall0 - m->wall_base : model_ts(m, meta->t0);

	if ((int64_t)(ts - m->now) < 0)
		ts = m->now;
	m->t0 = meta->t0;
	m->ts0 = ts;
	m->wall_base = meta->wall0 - ts;
	m->now = ts;
	m->meta = meta;
}

int model_resume(struct model *m, const struct meta *meta)
{
	struct fact f;

	if (m->ended)
		return 0;
	m->err = 0;
	if (m->listing)
		resume_end(m, NULL);
	m->rebooted = meta && strcmp(meta->boot_id, m->meta->boot_id) != 0;
	m->resuming = true;
	m->census.number++;
	m->census.left = 0;
	m->census.n = 0;
	m->list_ts = NO_TIME;
	if (m->rebooted) {
		close_unlisted(m);
		table_forget(&m->table);
	}
	if (meta) {
		uint64_t since = m->now;

		go_on_with(m, meta);
		f = model_fact(m, FACT_META, NULL);
		f.since = since;
		model_say(m, &f);
	}
	m->listing = true;
	return m->err;
}

bool resume_lists(struct model *m, const struct event *ev)
{
	if (ev->kind != EV_SNAPSHOT)
		return false;
	if (m->list_ts == NO_TIME)
		m->list_ts = ev->ts;
	return ev->ts == m->list_ts;
}

/* A list that was interrupted by a loss does not have all, so nobody is missing in it. */
void resume_end(struct model *m, const struct event *ev)
{
	m->listing = false;
	if (!ev || ev->kind != EV_LOSS)
		close_unlisted(m);
	census_compare(m);
	m->resuming = false;
}
