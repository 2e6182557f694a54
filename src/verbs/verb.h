/* SPDX-License-Identifier: GPL-2.0-only */
/* verb.h: a verb is one file here and one row in the table of main.c. */
#ifndef BROOD_VERB_H
#define BROOD_VERB_H

#include "verbs/options.h"

struct verb {
	const char *name;	/* "" is the main job */
	const char *what;	/* for the help: one line */
	unsigned groups;	/* options that it knows */
	int (*run)(const struct options *o); /* returns the exit status */
};

int verb_main(const struct options *o);
int verb_log(const struct options *o);
int verb_tree(const struct options *o);
int verb_summary(const struct options *o);
int verb_record(const struct options *o);
int verb_export(const struct options *o);
int verb_ps(const struct options *o);
int verb_check(const struct options *o);

enum exit_status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_BROOD_FAILED = 125,	/* with a COMMAND: it was not its fault */
};

#endif
