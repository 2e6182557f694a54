/* SPDX-License-Identifier: GPL-2.0-only */
/* moment.h: a point in a trace, as a person names it. */
#ifndef BROOD_MOMENT_H
#define BROOD_MOMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "model/meta.h"

struct moment {
	enum { MOMENT_NONE, MOMENT_SINCE_BEGIN, MOMENT_WALL, MOMENT_OF_DAY } kind;
	uint64_t ns;	/* since the trace began; since 1970; of the second, of the day */
	struct tm time; /* MOMENT_OF_DAY: tm_hour, tm_min, tm_sec */
};

/*
 * "2.5", "1500ms", "3m": since the trace began.  "2024-02-29T12:34:56.5Z", as JSON lines show
 * it, or with another zone; "2024-02-29 12:34:56": local time; "12:34:56": on the day on
 * which the trace began, local time.  0 or -EINVAL.
 */
int moment_parse(const char *s, struct moment *m);

/* ns since the trace began; negative: before that. */
int64_t moment_ts(const struct moment *m, const struct meta *meta);

#endif
