/* SPDX-License-Identifier: GPL-2.0-only */
/* probes.h: the kernel side, loaded and attached. */
#ifndef BROOD_PROBES_H
#define BROOD_PROBES_H

#include "probe.h"
#include "brood.skel.h"
#include "source/features.h"
#include "source/source.h"

/*
 * Load what this kernel can run.  0, or a negative errno after saying why.  Nothing is
 * attached yet.  *exact: reaps are told by release_task itself.
 */
int probes_load(struct brood **out, const struct live_options *opt, bool filtered, bool *exact);
int probes_attach(struct brood *skel);

/* Runs that the kernel skipped, all programs. */
uint64_t probes_missed(const struct brood *skel);

#endif
