// SPDX-License-Identifier: GPL-2.0-only
/*
 * units.c: durations, sizes and signals in the words of people.
 *
 * Every number is rounded once, from the exact value, and its unit is chosen by what the
 * rounding gave: 999.6 µs is "1.0 ms", never "1000 µs".
 */
#define _GNU_SOURCE 1 /* sigabbrev_np */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define US UINT64_C(1000)
#define MS (1000 * US)
#define S  (1000 * MS)
#define M  (60 * S)
#define H  (60 * M)

/* v / unit to the nearest, halves up; v may be near UINT64_MAX. */
static uint64_t rounded(uint64_t v, uint64_t unit)
{
	return v / unit + (v % unit >= unit - unit / 2);
}

static void add_whole(struct text *t, uint64_t v, const char *unit)
{
	text_addu(t, v);
	text_adds(t, unit);
}

static void add_tenths(struct text *t, uint64_t tenths, const char *unit)
{
	text_addu(t, tenths / 10);
	text_add(t, ".", 1);
	add_whole(t, tenths % 10, unit);
}

/* "3m 05s": small units, of which `per` make a big one. */
static void add_pair(struct text *t, uint64_t small, uint64_t per, const char *big_unit,
		     const char *small_unit)
{
	add_whole(t, small / per, big_unit);
	text_add(t, " 0", small % per < 10 ? 2 : 1);
	add_whole(t, small % per, small_unit);
}

void text_duration(struct text *t, uint64_t ns)
{
	if (ns > 0 && ns < US)
		text_adds(t, "<1 µs");
	else if (rounded(ns, US) < 1000)
		add_whole(t, rounded(ns, US), " µs");
	else if (rounded(ns, MS / 10) < 100)
		add_tenths(t, rounded(ns, MS / 10), " ms");
	else if (rounded(ns, MS) < 1000)
		add_whole(t, rounded(ns, MS), " ms");
	else if (rounded(ns, S / 10) < 600)
		add_tenths(t, rounded(ns, S / 10), " s");
	else if (rounded(ns, S) < 3600)
		add_pair(t, rounded(ns, S), 60, "m", "s");
	else if (rounded(ns, M) < 100 * UINT64_C(60))
		add_pair(t, rounded(ns, M), 60, "h", "m");
	else if (rounded(ns, H) < 1000 * UINT64_C(24))
		add_pair(t, rounded(ns, H), 24, "d", "h");
	else
		add_whole(t, rounded(ns, 24 * H), "d");
}

void text_kib(struct text *t, uint64_t kib)
{
	static const char *const units[] = {" MiB", " GiB", " TiB", " PiB", " EiB", " ZiB"};
	uint64_t unit = 1024, tenths;
	size_t i = 0;

	if (kib < 1024) {
		add_whole(t, kib, " KiB");
		return;
	}
	while (i + 1 < sizeof(units) / sizeof(units[0]) && rounded(kib, unit) >= 1024) {
		unit *= 1024;
		i++;
	}
	tenths = kib / unit * 10 + rounded(kib % unit * 10, unit);
	if (tenths < 100)
		add_tenths(t, tenths, units[i]);
	else
		add_whole(t, rounded(kib, unit), units[i]);
}

const char *signal_short_name(int sig)
{
	static _Thread_local char name[32];
	const char *known = sigabbrev_np(sig);
	int min = SIGRTMIN, max = SIGRTMAX;

	if (known)
		return known;
	if (sig == min)
		return "RTMIN";
	if (sig == max)
		return "RTMAX";
	/* The kernel does not name them; halves as `kill -l` of bash has them. */
	if (sig > min && sig <= min + (max - min) / 2)
		snprintf(name, sizeof(name), "RTMIN+%d", sig - min);
	else if (sig > min && sig < max)
		snprintf(name, sizeof(name), "RTMAX-%d", max - sig);
	else
		snprintf(name, sizeof(name), "signal %d", sig);
	return name;
}
