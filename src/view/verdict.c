// SPDX-License-Identifier: GPL-2.0-only
/*
 * verdict.c: see verdict.h.
 *
 * "Every child was waited for by its parent" is what one hopes to read; but without any
 * zombie or orphan it can still be untrue.  So each child is put to the way it went
 * (sums.c), and the sentence is made from the sums.
 */
#include "view/para.h"
#include "view/verdict.h"

static void phrase(struct text *t, enum way way, const struct sums *s)
{
	bool one = s->way[way] == 1 || s->way[way] == s->children_ended;
	const char *its = one ? "its" : "their";

	text_adds(t, one ? "was " : "were ");
	switch (way) {
	case WAY_WAITED:
		text_addf(t, "waited for by %s parent", its);
		break;
	case WAY_KERNEL:
		text_addf(t, "reaped by the kernel itself, because %s parent ignores SIGCHLD", its);
		break;
	case WAY_INHERITED:
		text_addf(t,
			  "left behind by %s parent, which exited without waiting, and reaped by ",
			  its);
		if (s->many_heirs)
			text_addf(t, "whoever inherited %s", one ? "it" : "them");
		else
			para_who(t, &s->heir.ref, s->heir.comm);
		break;
	default:
		text_adds(t, "reaped unseen");
	}
}

void verdict_text(struct text *t, const struct sums *s, const struct meta *meta)
{
	const char *link = "";

	text_adds(t, "No zombies, no orphans: ");
	if (!s->children_ended && !s->children_alive) {
		/* Without even the command: part of a trace, after its end. */
		text_adds(t, meta->command && s->processes
				     ? "the command started no other process."
				     : "there was no process.");
		return;
	}
	if (!s->children_ended) {
		text_adds(t, "no process ended.");
		return;
	}
	for (int w = 0; w < WAYS; w++) {
		if (s->way[w] != s->children_ended)
			continue;
		text_adds(t, s->children_alive ? "every child that ended " : "every child ");
		phrase(t, w, s);
		text_adds(t, ".");
		return;
	}
	text_addf(t, "of the %llu children that ended, ", (unsigned long long)s->children_ended);
	for (int w = 0; w < WAYS; w++) {
		if (!s->way[w])
			continue;
		text_addf(t, "%s%llu%c", link, (unsigned long long)s->way[w], PARA_GLUE);
		phrase(t, w, s);
		link = "; ";
	}
	text_adds(t, ".");
}
