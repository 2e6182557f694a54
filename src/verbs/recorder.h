/* SPDX-License-Identifier: GPL-2.0-only */
/* recorder.h: events into a trace file, for `record` and for --tee. */
#ifndef BROOD_RECORDER_H
#define BROOD_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/output.h"
#include "event.h"
#include "model/model.h"
#include "trace/trace.h"

struct recorder {
	const char *path;	/* borrowed */
	struct out_file to;
	struct trace_writer *writer;
	int signal_fd;		/* signals that end brood; -1: none do */
	int error;		/* errno of the last write, as far as it was said */
	/* What checkpoints are made of; NULL: there is no memory for it, so none are made. */
	struct model *model;
	struct meta meta;	/* with what the reader must know of that model */
};

/* Open the file, before anything is traced.  0, or a negative errno after saying why. */
int recorder_open(struct recorder *r, const char *path, bool force);

/*
 * Begin the trace.  meta's command stays borrowed.  zombie_after_ns: checkpoints are of use to
 * who reads with the same.  0, or a negative errno after saying why.
 */
int recorder_begin(struct recorder *r, const struct meta *meta, uint64_t zombie_after_ns);

/*
 * As struct sink wants it.  A disk that fails is counted, not returned: tracing goes on.
 * -EPIPE: a pipe that nobody reads any more.
 */
int recorder_event(struct recorder *r, const struct event *ev);
void recorder_idle(struct recorder *r);
uint64_t recorder_deadline(const struct recorder *r);

/*
 * Say what exists now, as m knows it (with its arguments where m keeps them): what a trace
 * that begins here begins with.  0, or as recorder_event().
 */
int recorder_census(struct recorder *r, const struct model *m);

/* Nothing is to be recorded after all. */
void recorder_abandon(struct recorder *r);

/*
 * End the trace and close.  A pipe that nobody reads just now is waited for, until a signal
 * says that this takes too long.  0; or a negative errno after saying what was lost.
 */
int recorder_close(struct recorder *r);

#endif
