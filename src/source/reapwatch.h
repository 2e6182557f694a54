/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reapwatch.h: is it still a zombie?
 *
 * Where fentry on release_task is denied, a reap is told by sched_process_free, an RCU
 * grace period late: 10 to 20 ms, more under load.  A child reaped in time must not pass
 * for a zombie because the kernel is slow to tell.  So ends whose reap was not told yet
 * are kept here, and when one comes of age the task list is asked whether it is gone.
 * For the sake of reaps that are never told it is also asked 100 ms after the end, and
 * whenever the zombie is twice as old again: nothing stays a zombie that is none, and one that
 * stays for days costs no wake-ups to speak of.
 */
#ifndef BROOD_REAPWATCH_H
#define BROOD_REAPWATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "event.h"

struct reapwatch;

/* age_ns: how long after its end a process is asked about.  NULL: no memory. */
struct reapwatch *reapwatch_new(uint64_t age_ns);
void reapwatch_free(struct reapwatch *w);

/*
 * It ended, at ts, unless that is known already.  in_order: its reap is told as it happens.
 * 0 or -ENOMEM.
 */
int reapwatch_exited(struct reapwatch *w, const struct task_ref *ref, uint64_t ts, bool in_order);

/* Its reap was told.  False: this end was not known. */
bool reapwatch_reaped(struct reapwatch *w, const struct task_ref *ref);

/* When the next one is to be asked about; UINT64_MAX: none. */
uint64_t reapwatch_deadline(const struct reapwatch *w);

/*
 * The next one that was to be asked about before `now` and is gone from the task list, as an
 * EV_GONE event with that time.  False: no more of them.  Those still there when they come of
 * age are zombies indeed.  A process that is gone by the time of asking is not accused, however
 * late that is: only what was seen to be there after its time is a zombie.  Those whose reap was
 * never told are forgotten in time.  *in_order: as told to reapwatch_exited(); such a zombie of
 * age is not asked about again before the end.
 */
bool reapwatch_next_gone(struct reapwatch *w, uint64_t now, struct ev_gone *gone, bool *in_order);

/*
 * Something was lost, maybe the reap of one that is not asked about again: forget in time
 * whoever is not there any more.  Nothing is told of them.
 */
void reapwatch_ask_again(struct reapwatch *w);

/*
 * At the end of a run: of those that ended before `before`, is one gone whose reap is still
 * to be told?
 */
bool reapwatch_untold(const struct reapwatch *w, uint64_t before);

/*
 * At the very end: empty the watch; each that is gone but was never told, as an EV_GONE
 * event with time `now`.  False: empty.
 */
bool reapwatch_take_untold(struct reapwatch *w, uint64_t now, struct ev_gone *gone);

#endif
