/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * catchup.h: the snapshot, brought to the moment at which the trace begins.
 *
 * Listing the processes takes a while, and each is seen at another moment.  The probes are
 * attached by then: what they told before the trace began is applied to the list, so that
 * it holds just what existed at ts 0.
 */
#ifndef BROOD_CATCHUP_H
#define BROOD_CATCHUP_H

#include <stdbool.h>

#include "source/queue.h"
#include "source/snapshot.h"

/*
 * Is there one listed, born since then, whose fork is not queued?  A child is put into the
 * kernel's list before its fork is told (kernel/fork.c: copy_process, kernel_clone), and its
 * creator may be held up in between.
 */
bool births_untold(const struct snapshot *s, const struct queue *early, __u64 since);

/*
 * Apply the queued events up to the first that is not older than t0; then leave out those
 * whose fork is queued after it, and put the list in order of birth, so that parents come
 * before their children.  *rest: that first event, or NULL.  0 or -ENOMEM.
 */
int catch_up(struct snapshot *s, const struct queue *early, __u64 t0, const struct queued **rest);

#endif
