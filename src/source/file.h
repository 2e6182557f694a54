/* SPDX-License-Identifier: GPL-2.0-only */
/* file.h: what reading one trace file and reading a directory of them share. */
#ifndef BROOD_FILE_H
#define BROOD_FILE_H

#include "source/source.h"
#include "trace/trace.h"

/* DESIGN.md: the trace was damaged or cut short and what could be read was shown. */
#define STATUS_DAMAGED 3

/* How the reading of a file went. */
struct file_state {
	const struct trace_reader *reader;
	int error;		/* negative errno of reading, or 0 */
	bool enough;		/* what is behind was not wanted */
};

bool file_is_whole(const struct file_state *f);

/* Say what is wrong with it, if anything is. */
void file_say_damage(const char *path, const struct file_state *f);

/* A directory: all traces in it, one after the other, as file_open(). */
int dir_open(struct source *out, const char *path, int *status);

#endif
