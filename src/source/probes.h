/* SPDX-License-Identifier: GPL-2.0-only */
/* probes.h: the kernel side, loaded and attached. */
#ifndef BROOD_PROBES_H
#define BROOD_PROBES_H

#include "probe.h"
#include "brood.skel.h"
#include "source/features.h"
#include "source/source.h"

/* The same maps and memory in both: it does not matter which one is asked. */
struct probes {
	struct brood *skel;
	struct brood *again;	/* a second copy, see bpf/twice.bpf.h; NULL: not needed */
	int64_t before;		/* of unpaired(), when all were attached */
};

/*
 * Load what this kernel can run.  0, or a negative errno after saying why.  Nothing is
 * attached yet.  *exact: reaps are told by release_task itself.
 */
int probes_load(struct probes *out, const struct live_options *opt, bool filtered, bool *exact);
int probes_attach(struct probes *p);
void probes_close(struct probes *p);

/*
 * How often the kernel skipped a program (struct bpf_prog_info: recursion_misses), and its copy
 * if there is one.  May be less than it was when asked before.
 */
uint64_t probes_missed(const struct probes *p);

#endif
