/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rotation.h: events into a series of trace files, each of them complete in itself: it begins
 * with what exists, as a model knows it that hears every event, and has an end.
 *
 * A new file begins between two events.  The one before it is finished by the thread of its
 * writer, so that nobody waits for its last blocks or the disk.  Whatever goes wrong with
 * that, recording goes on in the file that is open, and a new one is tried again later.
 */
#ifndef BROOD_ROTATION_H
#define BROOD_ROTATION_H

#include "verbs/recorder.h"
#include "verbs/series.h"

struct rotation_options {
	uint64_t bytes, ns;	/* a new file after so much, or so long; 0: not for that */
	uint32_t keep;		/* files; 0: all */
	uint64_t zombie_after_ns; /* as for recorder_begin() */
};

/* One of two: a file that is open, or finishing. */
struct rotation_file {
	struct recorder to;	/* writer NULL: there is none */
	char name[SERIES_NAME];
};

struct rotation {
	const char *path;	/* of the directory; borrowed */
	struct rotation_options opt;
	struct series series;
	struct rotation_file files[2];
	struct rotation_file *open, *last; /* last: the one before, which is finishing */
	struct meta meta;	/* of the open one; strings are borrowed */
	uint64_t ahead;		/* wall clock minus CLOCK_BOOTTIME, modulo 2^64 */
	uint64_t told;		/* records of the run so far */
	uint64_t sealed;	/* blocks of the open file when its size was last asked */
	uint64_t next;		/* CLOCK_BOOTTIME when a new file is due for its age */
	uint64_t retry;		/* not before; 0: at once */
	uint64_t seen;		/* what was told reaches so far, whatever comes next */
	bool due;
	bool said;		/* that a new file could not be begun, or an old one not removed */
	int error;		/* of a file that is closed already */
};

/* Open the directory.  0, or a negative errno after saying why. */
int rotation_open(struct rotation *r, const char *path, bool make,
		  const struct rotation_options *opt);

/* Begin the first file.  meta is borrowed until rotation_close().  0, or -errno, said. */
int rotation_begin(struct rotation *r, const struct meta *meta);

/* As those of recorder.h. */
int rotation_event(struct rotation *r, const struct event *ev);
void rotation_idle(struct rotation *r);
uint64_t rotation_deadline(const struct rotation *r);

/* A new file, for what happens from CLOCK_BOOTTIME `from` on. */
void rotation_request(struct rotation *r, uint64_t from);

/* End the last file, and close.  0; or a negative errno after saying what was lost. */
int rotation_close(struct rotation *r);

#endif
