// SPDX-License-Identifier: GPL-2.0-only
/* notes.c: see notes.h. */
#include "model/notes.h"

static bool is_notable(enum note_kind kind, const struct proc *p)
{
	return (kind == NOTE_ZOMBIE ? p->zombie_flag_ts : p->orphaned_ts) != NO_TIME;
}

/* An interval that is not known began before the trace: NO_TIME, the longest. */
static bool is_less(enum note_kind kind, const struct proc *a, const struct proc *b)
{
	if (kind == NOTE_ORPHAN)
		return a->number > b->number;
	if (a->zombie_ns != b->zombie_ns)
		return a->zombie_ns < b->zombie_ns;
	if (a->ref.tgid != b->ref.tgid)
		return a->ref.tgid > b->ref.tgid;
	return a->number > b->number;
}

static void sift_up(enum note_kind kind, struct proc **heap, size_t i)
{
	struct proc *p = heap[i];

	for (; i && is_less(kind, p, heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = p;
}

static void sift_down(enum note_kind kind, struct proc **heap, size_t n)
{
	struct proc *p = heap[0];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < n) {
		if (child + 1 < n && is_less(kind, heap[child + 1], heap[child]))
			child++;
		if (!is_less(kind, heap[child], p))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = p;
}

/* Returns who made way for p, or NULL. */
static struct proc *take(struct notes *notes, enum note_kind kind, struct proc *p)
{
	struct proc **heap = notes->of[kind].heap, *out;
	const uint8_t bit = (uint8_t)(1U << kind);
	size_t n = notes->of[kind].n;

	if (n < NOTES_MAX) {
		heap[n] = p;
		notes->of[kind].n++;
		p->noted |= bit;
		sift_up(kind, heap, n);
		return NULL;
	}
	if (is_less(kind, p, heap[0]))
		return NULL;
	out = heap[0];
	out->noted &= (uint8_t)~bit;
	p->noted |= bit;
	heap[0] = p;
	sift_down(kind, heap, n);
	return out;
}

size_t notes_take(struct notes *n, struct proc *p, struct proc *out[NOTE_KINDS])
{
	size_t lost = 0;

	for (enum note_kind k = 0; k < NOTE_KINDS; k++) {
		struct proc *other = is_notable(k, p) ? take(n, k, p) : NULL;

		if (other && !other->noted)
			out[lost++] = other;
	}
	return lost;
}
