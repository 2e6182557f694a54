/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * export.h: output for programs.  A format is one row in the table of export.c and one
 * file beside it.
 */
#ifndef BROOD_EXPORT_H
#define BROOD_EXPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "export/json.h"
#include "model/model.h"

/* What a format writes with: the ctx of its fact_fn. */
struct export
{
	FILE *out; /* borrowed; not flushed: that is for its owner */
	struct json json;
	uint64_t end_ts;	 /* of the last fact */
	uint64_t date_second;	 /* the second that date[] spells, since 1970 */
	char date[20];		 /* "2024-02-29T12:34:56" */
};

struct export_format {
	const char *name; /* of --format */
	const char *what; /* for the help */
	fact_fn fact;	  /* ctx: struct export */
	/* Once, when FACT_END was said and the model still stands; may be NULL. */
	void (*end)(struct export *x, const struct model *m);
	enum model_keep keep; /* what it needs of struct model_options */
	bool keep_args;
};

/* Ended by a row whose name is NULL; the first is the one meant when none is named. */
extern const struct export_format export_formats[];
const struct export_format *export_find(const char *name); /* NULL: there is none */

void export_begin(struct export *x, FILE *out);
void export_free(struct export *x);

/* The formats themselves. */
void jsonl_fact(void *ctx, const struct fact *f);
void processes_fact(void *ctx, const struct fact *f);
void processes_end(struct export *x, const struct model *m);

/* --- what formats share ------------------------------------------------------------- */

/* Write the line and begin the next. */
void export_line(struct export *x);

/*
 * A number; null where it is NO_TIME or not below 2^53, above which a reader that takes
 * numbers for doubles would get a wrong one without noticing.
 */
void export_uint(struct json *j, const char *key, uint64_t v);
/* The same; null where it is not known. */
void export_known(struct json *j, const char *key, bool known, uint64_t v);
/* "TGID-STARTNS"; null where one of them is not known. */
void export_id(struct json *j, const char *key, const struct task_ref *ref);
/* Bytes of a fixed field, up to its NUL if it has one. */
void export_field(struct json *j, const char *key, const char *bytes, size_t size);
/* How long it lived, until exit_ts; NO_TIME where its birth is not known. */
uint64_t export_duration(const struct proc *p, uint64_t exit_ts);

#endif
