/* SPDX-License-Identifier: GPL-2.0-only */
/* meta.h: what is known of a trace before its first event. */
#ifndef BROOD_META_H
#define BROOD_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum reap_source { REAP_RELEASE_TASK, REAP_PROCESS_FREE };

struct meta {
	char brood[32];		/* version of brood that recorded it */
	char host[65];
	char kernel[65];	/* uname -r */
	char boot_id[37];
	char arch[65];
	uint32_t cpus;
	char *command;		/* argv of the followed command, each with its NUL; or NULL */
	size_t command_len;
	enum reap_source reap_source;
	uint64_t t0;		/* CLOCK_BOOTTIME when the trace began: ts 0 */
	uint64_t wall0;		/* CLOCK_REALTIME at t0 */
	bool filtered;		/* only a part of the machine is told */
	uint64_t zombie_after_ns; /* of the model that made the checkpoints; 0: there are none */

	/* A recording that is spread over several files; run 0: it is not. */
	uint64_t run;		/* random, the same in all of them */
	uint32_t part;		/* 0 for the first file, 1 for the next … */
	uint64_t told_before;	/* records in all files before this one, each event once */
};

#endif
