/* SPDX-License-Identifier: GPL-2.0-only */
/* here.h: this machine, now: the meta of a live trace. */
#ifndef BROOD_HERE_H
#define BROOD_HERE_H

#include "model/meta.h"

/* All but reap_source and filtered.  command: argv or NULL.  0 or -ENOMEM. */
int here_meta(struct meta *m, char **command);
void here_free(struct meta *m);

/* Begin: t0 and wall0 are now. */
void here_begin(struct meta *m);

#endif
