/* SPDX-License-Identifier: GPL-2.0-only */
/* para.h: sentences that wrap at the width of the terminal, with a hanging indent. */
#ifndef BROOD_PARA_H
#define BROOD_PARA_H

#include "base/text.h"
#include "view/view.h"

/*
 * Stands for a space at which no line may break, as in "2.0 s" and "4711 server".  No
 * escaped text holds it.
 */
#define PARA_GLUE '\001'

/* The pieces that must not be torn apart. */
void para_who(struct text *t, const struct task_ref *ref, const char comm[EVENT_COMM]);
void para_duration(struct text *t, uint64_t ns);
void para_moment(struct text *t, uint64_t ts); /* "0.120 s" since the trace began */
void para_name(struct text *t, const char *bytes, size_t len);	/* escapes */
void para_plain(struct text *t, const char *bytes, size_t len); /* was escaped before */

/* How wide prose may get: the terminal, but nobody reads lines of 200 columns. */
int para_columns(const struct view_options *opt);

/* Print from column `at` (where the cursor is) on, further lines from `indent` on. */
void para_print(const struct view_options *opt, const struct text *t, int at, int indent);

#endif
