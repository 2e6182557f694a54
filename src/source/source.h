/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * source.h: where events come from.  Whatever it is, it yields them in causal order, with
 * times that never decrease, and ends with EV_END.
 */
#ifndef BROOD_SOURCE_H
#define BROOD_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secrets.h"
#include "event.h"
#include "model/meta.h"
#include "probe.h"

/* Who takes the events. */
struct sink {
	/* ev is valid during the call.  A negative errno ends the run orderly. */
	int (*event)(void *ctx, const struct event *ev);
	/* Called when what was there is taken in and the source is about to wait. */
	int (*idle)(void *ctx);
	/* When the sink wants an EV_TICK at the latest: ns of CLOCK_BOOTTIME, or UINT64_MAX. */
	uint64_t (*deadline)(void *ctx);
	void *ctx;
	/*
	 * SIGHUP was sent, not by a terminal that was closed: time for a new file.  NULL: it
	 * ends the run.
	 */
	void (*hangup)(void *ctx);
	/*
	 * There is a gap in what is told, which may be another run of brood or another boot
	 * (then meta is what is known of it, valid until close; else NULL).  The snapshots
	 * that come next say what exists after it.  NULL only where a source has no gaps.
	 */
	int (*resume)(void *ctx, const struct meta *meta);
	/*
	 * How long events may gather before they are taken in, ns; 0: as eyes that look want it.
	 * A wake-up costs as much as fifty events.
	 */
	uint64_t patience;
};

/* One kind of source is one table of these. */
struct source_ops {
	/* Valid until close. */
	const struct meta *(*meta)(const void *self);
	/*
	 * Before it runs: only what happened between these is wanted (ts: ns since the trace
	 * began), by a model of this zombie_after_ns.  Where the file has a checkpoint for such a
	 * model, the events begin with the last one before `from`, else with the first of the
	 * trace.  Where the trace goes on after `to`, an EV_TICK and an EV_END with EVF_GOES_ON
	 * come then.  0, or a negative errno after saying why.  NULL: it tells everything.
	 */
	int (*window)(void *self, uint64_t from, uint64_t to, uint64_t zombie_after_ns);
	/* Deliver events until the end; 0, or the negative errno of the sink. */
	int (*run)(void *self, const struct sink *sink);
	/* The exit status that it asks for: of a followed command, of a damaged file, or 0. */
	int (*status)(const void *self);
	/* Say on stderr what went wrong; lost: events that the stream told to be lost. */
	void (*report)(const void *self, uint64_t lost);
	void (*close)(void *self);
};

struct source {
	const struct source_ops *ops;
	void *self;
};

/* --- the live machine, or a live command and its descendants ------------------------- */

/* Given values of one option are alternatives; options given together must all be met. */
struct filter {
	uint32_t match;			/* enum filter_match */
	bool by_pid;
	uint32_t n_pid, n_uid, n_comm, n_cgroup, n_pidns;
	uint32_t pid[FILTER_VALUES];
	uint32_t uid[FILTER_VALUES];
	uint32_t pidns[FILTER_VALUES];	/* inode numbers */
	char comm[FILTER_VALUES][EVENT_COMM];
	const char *cgroup[FILTER_VALUES]; /* paths, borrowed */
};

struct live_options {
	char **command;			/* argv, NULL-terminated; NULL: the whole machine */
	const char *user;		/* run the command as this user */
	bool wait_all;			/* until the last descendant is gone */
	uint64_t for_ns;		/* end after this long; 0: until told */
	size_t buffer;			/* bytes of ring, a power of two times the page size */
	uint32_t args_max;		/* bytes of arguments kept, at most 65536 */
	bool no_args;			/* none at all, whatever args_max is */
	const char *redact[SECRETS_MAX]; /* valid expressions: what is hidden, see redact.h */
	size_t n_redact;
	const char *directory;		/* files will be made there while it runs, or NULL */
	bool threads, kthreads;
	bool snapshot_only;		/* what exists, then the end */
	uint64_t zombie_after_ns;	/* see reapwatch.h */
	struct filter filter;
};

/*
 * Load and attach the probes, take the snapshot, start the command; give up all privileges
 * that are not needed any more (privileges.h).  On return events are already being collected.  0; or a negative errno after saying why, then *status is
 * the exit status that DESIGN.md asks for (125 brood failed, 126/127 for the command;
 * 1 without a command).
 */
int live_open(struct source *out, const struct live_options *opt, int *status);

/* --- a trace file, or a directory of them ---------------------------------------------- */

/*
 * path: a trace, - for stdin, or a directory: then all *.brood in it are one trace, in the
 * order of their names.  0; or a negative errno after saying why, *status is 1 then, or 3
 * where it is a trace that was cut short within its header, or none in DIR can be read.
 */
int file_open(struct source *out, const char *path, int *status);

#endif
