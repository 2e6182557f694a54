/* SPDX-License-Identifier: GPL-2.0-only */
/* options.h: the command line, read once into one struct. */
#ifndef BROOD_OPTIONS_H
#define BROOD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "source/source.h"
#include "verbs/moment.h"

enum colour_when { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

struct options {
	struct live_options live;
	const char *file;		/* a trace to read; NULL: live */
	const char *output;		/* -o; NULL: where the source says */
	bool force;
	const char *tee;		/* --tee: record there while showing */
	const char *format;		/* --format */
	enum colour_when colour;
	uint64_t rotate_bytes, rotate_ns; /* --rotate; 0: not given */
	uint32_t keep;			/* --keep; 0: all */
	bool no_fold, wide;
	struct moment from, to;		/* of a trace: only what happened between */
	uint32_t n_under;		/* only these and their descendants; start 0: by PID */
	struct task_ref under[FILTER_VALUES];
	bool help;
	const char *live_only;		/* name of an option given that means nothing for a file */
	const char *file_only;		/* or one that means something only there */
};

/* Which options a verb knows; OPT_ALWAYS are known to all. */
enum option_group {
	OPT_ALWAYS = 1 << 0,
	OPT_LIVE = 1 << 1,	/* it can watch a machine or a command */
	OPT_VIEW = 1 << 2,	/* what it writes is for people */
	OPT_TREE = 1 << 3,	/* it shows a tree */
	OPT_FORMAT = 1 << 4,
	OPT_ZOMBIE = 1 << 5,
	OPT_PS = 1 << 6,	/* it shows what exists */
	OPT_OUTPUT = 1 << 7,	/* it writes something */
	OPT_FILE = 1 << 8,	/* it can read a trace */
	OPT_SELECT = 1 << 9,	/* it can show a part of a trace */
	OPT_RECORD = 1 << 10,	/* it records */
};

/*
 * Read argv[1…]; groups: what the verb knows.  0; or -EINVAL after saying what is wrong.
 * Strings are borrowed from argv.
 */
int options_parse(struct options *o, int argc, char **argv, unsigned groups);

/* The options of these groups, one a line, for --help. */
void options_help(FILE *out, unsigned groups);

/* "250ms", "2s", "1.5", "3m", "1h" as ns; a bare number counts in `unit` ns.  0 or -EINVAL. */
int parse_duration(const char *s, uint64_t unit, uint64_t *ns);
/* "65536", "64K", "8M", "1GiB".  0 or -EINVAL. */
int parse_size(const char *s, uint64_t *bytes);
/* A size where it has a unit of sizes or none, else a duration; 1m is a minute, 1M a MiB. */
int parse_size_or_duration(const char *s, uint64_t *bytes, uint64_t *ns);

#endif
