/* SPDX-License-Identifier: GPL-2.0-only */
/* here.h: this machine, now: the meta of a live trace. */
#ifndef BROOD_HERE_H
#define BROOD_HERE_H

#include "model/meta.h"

/*
 * All but reap_source and filtered.  command: argv or NULL; no_args: of it, only the name of
 * the program.  0 or -ENOMEM.
 */
int here_meta(struct meta *m, char **command, bool no_args);
void here_free(struct meta *m);

/*
 * Is this the initial PID and time namespace?  The kernel tells PIDs and times as those see
 * them; elsewhere /proc and our own clock mean others.  NULL, or which one it is not.
 */
const char *here_wrong_namespace(void);

/* Begin: t0 and wall0 are now. */
void here_begin(struct meta *m);

#endif
