/* SPDX-License-Identifier: GPL-2.0-only */
/* filter.h: who is followed at the start; later the probes decide (filter.bpf.h). */
#ifndef BROOD_FILTER_H
#define BROOD_FILTER_H

#include "probe.h"
#include "brood.skel.h"
#include "source/snapshot.h"
#include "source/source.h"

/* Is any condition given? */
bool filter_given(const struct filter *f);

/* Tell the probes of the cgroups.  Negative errno after saying why. */
int filter_open_cgroups(const struct filter *f, struct brood *skel);

/*
 * Follow what matches now and all its descendants.  On return *s holds just those, and
 * every child they have from now on is followed by the probes.  Negative errno after
 * saying why.
 */
int filter_begin(const struct filter *f, struct brood *skel, struct snapshot *s);

/*
 * After a loss: keep of *s those that are followed, and follow those whose parent is, which
 * a probe that was skipped should have done.  *s must be in order of birth.
 */
int filter_keep(struct brood *skel, struct snapshot *s);

/* Follow one process.  -EEXIST: it is followed already. */
int filter_follow(struct brood *skel, const struct task_ref *ref);

#endif
