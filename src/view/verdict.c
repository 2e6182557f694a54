// SPDX-License-Identifier: GPL-2.0-only
/*
 * verdict.c: see verdict.h.
 *
 * "Every child was waited for by its parent" is what one hopes to read; but without any
 * zombie or orphan it can still be untrue.  So each child is put to the way it went, and
 * the sentence is made from the sums.
 */
#include "view/fate.h"
#include "view/para.h"
#include "view/verdict.h"

enum way {
	WAITED,	   /* its parent waited for it */
	BY_KERNEL, /* its parent ignores SIGCHLD: nobody needs to wait */
	INHERITED, /* its parent exited without waiting; the adopter did */
	UNSEEN,	   /* nobody saw who reaped it, or how it ended */
	WAYS
};

struct tally {
	uint64_t ended, alive, way[WAYS];
	struct who heir; /* of the inherited, where it is always the same */
	bool many_heirs;
};

static enum way way_of(const struct proc *p)
{
	enum proc_fate fate = proc_fate(p);

	if (fate == FATE_AUTOREAPED)
		return BY_KERNEL;
	if (fate != FATE_REAPED || !p->reaper.ref.tgid)
		return UNSEEN;
	if (same_task(&p->reaper.ref, &p->birth_parent))
		return WAITED;
	return p->last_adopter.ref.tgid ? INHERITED : UNSEEN;
}

static void count(struct tally *t, const struct proc *p)
{
	enum way way;

	if (proc_fate(p) == FATE_ALIVE) {
		t->alive++;
		return;
	}
	way = way_of(p);
	t->ended++;
	t->way[way]++;
	if (way != INHERITED)
		return;
	if (t->way[way] == 1)
		t->heir = p->reaper;
	else if (!same_task(&t->heir.ref, &p->reaper.ref))
		t->many_heirs = true;
}

static void phrase(struct text *t, enum way way, const struct tally *tally)
{
	bool one = tally->way[way] == 1 || tally->way[way] == tally->ended;
	const char *its = one ? "its" : "their";

	text_adds(t, one ? "was " : "were ");
	switch (way) {
	case WAITED:
		text_addf(t, "waited for by %s parent", its);
		break;
	case BY_KERNEL:
		text_addf(t, "reaped by the kernel itself, because %s parent ignores SIGCHLD", its);
		break;
	case INHERITED:
		text_addf(t,
			  "left behind by %s parent, which exited without waiting, and reaped by ",
			  its);
		if (tally->many_heirs)
			text_addf(t, "whoever inherited %s", one ? "it" : "them");
		else
			para_who(t, &tally->heir.ref, tally->heir.comm);
		break;
	default:
		text_adds(t, "reaped unseen");
	}
}

void verdict_text(struct text *t, const struct model *m, const struct meta *meta)
{
	struct tally tally = {0};
	const char *link = "";

	for (const struct proc *p = model_first(m); p; p = model_next(p)) {
		/* The followed command itself is waited for by brood. */
		if (!meta->command || !p->from_snapshot)
			count(&tally, p);
	}
	text_adds(t, "No zombies, no orphans: ");
	if (!tally.ended && !tally.alive) {
		text_adds(t, meta->command ? "the command started no other process."
					   : "there was no process.");
		return;
	}
	if (!tally.ended) {
		text_adds(t, "no process ended.");
		return;
	}
	for (int w = 0; w < WAYS; w++) {
		if (tally.way[w] != tally.ended)
			continue;
		text_adds(t, tally.alive ? "every child that ended " : "every child ");
		phrase(t, w, &tally);
		text_adds(t, ".");
		return;
	}
	text_addf(t, "of the %llu children that ended, ", (unsigned long long)tally.ended);
	for (int w = 0; w < WAYS; w++) {
		if (!tally.way[w])
			continue;
		text_addf(t, "%s%llu%c", link, (unsigned long long)tally.way[w], PARA_GLUE);
		phrase(t, w, &tally);
		link = "; ";
	}
	text_adds(t, ".");
}
