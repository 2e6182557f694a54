// SPDX-License-Identifier: GPL-2.0-only
/* sentence.c: see sentence.h. */
#include "view/fate.h"
#include "view/para.h"
#include "view/sentence.h"

/* --- zombies ------------------------------------------------------------------------ */

/* "exited (3) at 0.120 s", "was killed by TERM (from 4711 server) at 0.120 s" */
static void say_end(struct text *t, const struct proc *p)
{
	int sig = proc_signal(p->status);

	if (p->exit_ts == NO_TIME) {
		text_adds(t, "was a zombie already when the trace began");
		return;
	}
	if (!p->has_status) {
		text_adds(t, "ended unseen");
	} else if (sig) {
		text_addf(t, "was killed by %s", signal_short_name(sig));
		if (p->killer.ref.tgid && !same_task(&p->killer.ref, &p->ref)) {
			text_adds(t, " (from ");
			para_who(t, &p->killer.ref, p->killer.comm);
			text_adds(t, ")");
		}
	} else {
		text_addf(t, "exited (%d)", proc_code(p->status));
	}
	text_adds(t, p->exit_inferred ? " by " : " at ");
	para_moment(t, p->exit_ts);
}

/* Where the kernel tells late, only by when: as early as the model could prove. */
static void say_when_reaped(struct text *t, const struct proc *p)
{
	uint64_t ts = p->reap_ts;

	if (ts == NO_TIME)
		return;
	if (!p->reap_exact && p->exit_ts != NO_TIME && p->zombie_ns < ts - p->exit_ts)
		ts = p->exit_ts + p->zombie_ns;
	text_adds(t, p->reap_exact ? " at " : " by ");
	para_moment(t, ts);
}

/* It died as the child of one that never waited, and was handed on when that one exited. */
static bool was_inherited(const struct proc *p)
{
	return p->orphaned_ts == NO_TIME && p->last_adopter.ref.tgid;
}

static void say_inherited(struct text *t, const struct proc *p)
{
	text_adds(t, "its parent ");
	para_who(t, &p->left_by.who.ref, p->left_by.who.comm);
	text_adds(t, " exited at ");
	para_moment(t, p->left_by.exit_ts);
	text_adds(t, " without waiting for it, and ");
	para_who(t, &p->last_adopter.ref, p->last_adopter.comm);
	text_adds(t, ", which inherited it, ");
}

static void say_never_reaped(struct text *t, const struct proc *p, const struct setting *s)
{
	uint64_t ns = proc_zombie_ns(p, s->end_ts);

	/* Too short a time to blame anybody. */
	if (ns <= s->zombie_after_ns) {
		text_adds(t, " and was not yet reaped when the trace ended, ");
		para_duration(t, ns);
		text_adds(t, " later.");
		return;
	}
	/* The heir may have had it for no time at all: the interval is not its fault. */
	if (was_inherited(p)) {
		text_adds(t, " and was still a zombie when the trace ended");
		if (ns != NO_TIME) {
			text_adds(t, ", ");
			para_duration(t, ns);
			text_adds(t, " later");
		}
		text_adds(t, ": ");
		say_inherited(t, p);
		text_adds(t, "had not reaped it yet.");
		return;
	}
	text_adds(t, " and was never reaped: ");
	if (p->parent.ref.tgid) {
		text_adds(t, "its parent ");
		para_who(t, &p->parent.ref, p->parent.comm);
		text_adds(t, " has not called wait() for it");
		if (ns != NO_TIME) {
			text_adds(t, " in the ");
			para_duration(t, ns);
			text_adds(t, " since");
		}
	} else {
		text_adds(t, "it is not known who its parent is");
	}
	text_adds(t, ".");
}

static void say_reaped_late(struct text *t, const struct proc *p, const struct meta *meta)
{
	uint64_t ns = p->zombie_ns;

	if (ns == NO_TIME) {
		text_adds(t, ", and remained one");
	} else {
		text_adds(t, " and stayed a zombie for ");
		if (zombie_at_most(p, meta))
			text_adds(t, "at most ");
		para_duration(t, ns);
	}
	if (was_inherited(p) && same_task(&p->last_adopter.ref, &p->reaper.ref)) {
		text_adds(t, ": ");
		say_inherited(t, p);
		text_adds(t, "reaped it");
	} else if (p->reaper.ref.tgid) {
		text_adds(t, ", until ");
		if (same_task(&p->reaper.ref, &p->parent.ref))
			text_adds(t, "its parent ");
		para_who(t, &p->reaper.ref, p->reaper.comm);
		text_adds(t, " reaped it");
	} else {
		text_adds(t, ", until it was reaped");
	}
	say_when_reaped(t, p);
	text_adds(t, ".");
}

void zombie_sentence(struct text *t, const struct proc *p, const struct setting *s, bool first)
{
	say_end(t, p);
	if (p->state == PROC_ZOMBIE)
		say_never_reaped(t, p, s);
	else
		say_reaped_late(t, p, s->meta);
	if (first)
		text_adds(t, " A zombie has ended and uses neither CPU nor memory; the kernel only "
			     "keeps its entry in the process table until its parent calls wait() "
			     "or exits. No signal removes it.");
}

/* --- orphans ------------------------------------------------------------------------ */

/* Whose child it was when it ended, or is. */
static const struct who *last_adopter(const struct proc *p)
{
	return p->last_adopter.ref.tgid ? &p->last_adopter : &p->new_parent;
}

static void say_adoption(struct text *t, const struct proc *p)
{
	const struct who *last = last_adopter(p);

	if (!p->new_parent.ref.tgid) {
		text_adds(t, "; it is not known who adopted it");
		return;
	}
	text_adds(t, "; adopted by ");
	para_who(t, &p->new_parent.ref, p->new_parent.comm);
	if (!same_task(&last->ref, &p->new_parent.ref)) {
		text_adds(t, " and later by ");
		para_who(t, &last->ref, last->comm);
	}
}

static void say_reap_of_orphan(struct text *t, const struct proc *p)
{
	if (p->reaper.ref.tgid && same_task(&p->reaper.ref, &last_adopter(p)->ref)) {
		text_adds(t, ", which reaped it");
	} else {
		text_adds(t, "; reaped");
		if (p->reaper.ref.tgid) {
			text_adds(t, " by ");
			para_who(t, &p->reaper.ref, p->reaper.comm);
		}
	}
	say_when_reaped(t, p);
}

void orphan_sentence(struct text *t, const struct proc *p, bool first)
{
	text_adds(t, "its parent ");
	if (p->old_parent.ref.tgid)
		para_who(t, &p->old_parent.ref, p->old_parent.comm);
	text_adds(t, " exited first, ");
	/* Where that was not seen, it is only known to have happened by then. */
	text_adds(t, same_task(&p->left_by.who.ref, &p->old_parent.ref) ? "at " : "before ");
	para_moment(t, p->orphaned_ts);
	say_adoption(t, p);
	switch (proc_fate(p)) {
	case FATE_ALIVE:
		text_adds(t, "; still running at the end");
		break;
	case FATE_ZOMBIE:
		text_adds(t, ", which has not reaped it");
		break;
	case FATE_AUTOREAPED:
		text_adds(t, "; reaped by the kernel itself, because the adopter ignores SIGCHLD");
		break;
	case FATE_REAPED:
		say_reap_of_orphan(t, p);
		break;
	default:
		text_adds(t, "; its end was not seen");
	}
	text_adds(t, ".");
	if (first)
		text_adds(t,
			  " An orphan is a process that outlives its parent; it runs on, and its "
			  "adopter has to wait for it when it ends.");
}
