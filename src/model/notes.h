/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * notes.h: which of the processes that are gone are worth remembering, because a finding
 * may name them: those that were flagged as zombies, and those that were orphans.  Of each
 * kind only the most notable ones: the longest zombies, the orphans that appeared first.
 */
#ifndef BROOD_NOTES_H
#define BROOD_NOTES_H

#include "model/model.h"

#define NOTES_MAX 500		/* of a kind */

enum note_kind { NOTE_ZOMBIE, NOTE_ORPHAN, NOTE_KINDS };

/* All zero is a valid empty one. */
struct notes {
	struct {
		struct proc *heap[NOTES_MAX]; /* binary; the least notable on top */
		size_t n;
	} of[NOTE_KINDS];
};

/*
 * p is gone: note it where it deserves that, by setting its bits in p->noted.  Returns how
 * many others in turn lost their last bit; they are in out.
 */
size_t notes_take(struct notes *n, struct proc *p, struct proc *out[NOTE_KINDS]);

#endif
