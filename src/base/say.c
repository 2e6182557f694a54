// SPDX-License-Identifier: GPL-2.0-only
#include "base/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

bool say_verbose;

void say(const char *what, const char *why, const char *hint)
{
	struct text t = {0};

	text_adds(&t, "brood: ");
	text_escape(&t, what, strlen(what));
	if (why) {
		text_adds(&t, ": ");
		text_escape(&t, why, strlen(why));
	}
	if (hint)
		text_addf(&t, " (%s)", hint);
	text_adds(&t, "\n");
	/* One write: lines of a followed command cannot get in between. */
	if (write(STDERR_FILENO, t.data, t.len) < 0) {
		/* nobody left to tell */
	}
	text_free(&t);
}

void sayf(const char *what, const char *fmt, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	say(what, why, NULL);
}
