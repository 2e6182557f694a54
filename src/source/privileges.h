/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * privileges.h: once the probes are attached, brood needs next to no power over the machine,
 * and gives up the rest of it for good.
 */
#ifndef BROOD_PRIVILEGES_H
#define BROOD_PRIVILEGES_H

#include <stdbool.h>

/* What is still to be done, and may need a capability. */
struct privileged_work {
	int map_fd;		/* a map that will be asked for keys, -1: none */
	bool signals;		/* signals are passed on to a command, whoever it becomes */
	const char *directory;	/* where further files will be made; NULL: nowhere */
};

/*
 * Of the calling thread (and of the threads that it will start): keep the capabilities that
 * this work needs here, found by trying without; drop all others from all sets, and set
 * no_new_privs.  0, or a negative errno.
 */
int privileges_drop(const struct privileged_work *work);

#endif
