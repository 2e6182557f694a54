// SPDX-License-Identifier: GPL-2.0-only
/*
 * read decode|model FILE: a trace read without a view: to events, or on to facts that nobody
 * looks at.  Prints the number of events and the CPU seconds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "model/model.h"
#include "trace/trace.h"

static void ignore(void *ctx, const struct fact *f)
{
	(void)ctx;
	(void)f;
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	/* As `brood log` has it. */
	const struct model_options opt = {.zombie_after_ns = 100000000, .keep = KEEP_ALIVE};
	const char *why = "usage: read decode|model FILE";
	int fd = argc == 3 ? open(argv[2], O_RDONLY) : -1, err = -1;
	struct trace_reader *r;
	const struct event *ev;
	struct model *m = NULL;
	unsigned long long n = 0;

	if (fd < 0 || trace_reader_new(&r, fd, &why)) {
		fprintf(stderr, "read: %s\n", why);
		return 2;
	}
	if (!strcmp(argv[1], "model"))
		m = model_new(&opt, trace_reader_meta(r), ignore, NULL);
	for (; (err = trace_reader_next(r, &ev)) > 0; n++)
		if (m && model_feed(m, ev))
			return 1;
	printf("%llu %.6f\n", n, cpu_seconds());
	model_free(m);
	trace_reader_free(r);
	return err ? 1 : 0;
}
