// SPDX-License-Identifier: GPL-2.0-only
#include "verbs/moment.h"

#include <ctype.h>
#include <errno.h>

#include "source/clock.h"
#include "verbs/options.h"

/* ".5" as ns; s stands behind it then.  Nothing is not wrong. */
static int parse_fraction(const char **s, uint64_t *ns)
{
	uint64_t unit = NS_PER_S;
	const char *p = *s;

	*ns = 0;
	if (*p != '.')
		return 0;
	while (isdigit((unsigned char)*++p)) {
		unit /= 10;
		*ns += unit * (uint64_t)(*p - '0');
	}
	/* Neither no digit nor more of them than there are ns. */
	if (unit == NS_PER_S || (!unit && p - *s > 10))
		return -EINVAL;
	*s = p;
	return 0;
}

/* The day is put right where a month has not so many; that was not meant. */
static int seconds_of(struct tm *tm, bool utc, time_t *t)
{
	int day = tm->tm_mday;

	tm->tm_isdst = -1;
	*t = utc ? timegm(tm) : mktime(tm);
	return *t < 0 || tm->tm_mday != day ? -EINVAL : 0;
}

static int parse_date(const char *s, struct moment *m)
{
	struct tm tm = {0};
	const char *rest = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
	long east = 0;
	bool zone;
	time_t t;

	if (!rest)
		rest = strptime(s, "%Y-%m-%d %H:%M:%S", &tm);
	if (!rest || parse_fraction(&rest, &m->ns))
		return -EINVAL;
	zone = *rest;
	if (zone) {
		struct tm in = {0};

		rest = strptime(rest, "%z", &in);
		if (!rest || *rest)
			return -EINVAL;
		east = in.tm_gmtoff;
	}
	if (seconds_of(&tm, zone, &t) || t < east)
		return -EINVAL;
	m->kind = MOMENT_WALL;
	m->ns += (uint64_t)(t - east) * NS_PER_S;
	return 0;
}

static int parse_time_of_day(const char *s, struct moment *m)
{
	const char *rest = strptime(s, "%H:%M:%S", &m->time);

	if (!rest || parse_fraction(&rest, &m->ns) || *rest)
		return -EINVAL;
	m->kind = MOMENT_OF_DAY;
	return 0;
}

int moment_parse(const char *s, struct moment *m)
{
	*m = (struct moment){.kind = MOMENT_SINCE_BEGIN};
	if (!parse_duration(s, NS_PER_S, &m->ns))
		return 0;
	return parse_date(s, m) ? parse_time_of_day(s, m) : 0;
}

static uint64_t on_that_day(const struct moment *m, uint64_t wall0)
{
	time_t t = (time_t)(wall0 / NS_PER_S);
	struct tm tm;

	localtime_r(&t, &tm);
	tm.tm_hour = m->time.tm_hour;
	tm.tm_min = m->time.tm_min;
	tm.tm_sec = m->time.tm_sec;
	tm.tm_isdst = -1;
	t = mktime(&tm);
	return t < 0 ? 0 : (uint64_t)t * NS_PER_S + m->ns;
}

int64_t moment_ts(const struct moment *m, const struct meta *meta)
{
	uint64_t wall;

	if (m->kind == MOMENT_SINCE_BEGIN)
		return (int64_t)m->ns;
	wall = m->kind == MOMENT_WALL ? m->ns : on_that_day(m, meta->wall0);
	return (int64_t)(wall - meta->wall0);
}
