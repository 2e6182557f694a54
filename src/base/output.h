/* SPDX-License-Identifier: GPL-2.0-only */
/* output.h: where a view goes, opened with care. */
#ifndef BROOD_OUTPUT_H
#define BROOD_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct output {
	FILE *file;	/* fully buffered; has no fileno() of its own */
	char *buffer;
	int fd;
	int error;	/* errno of the first failed write; EPIPE: nobody reads any more */
};

/*
 * path: NULL takes stderr where `prefer_stderr`, else stdout; "-" is stdout.  A new file is
 * made with mode 0600; symbolic links are not followed; an existing regular file is
 * overwritten only with force; a FIFO or a device is written to as it is.
 * 0, or a negative errno after saying why.
 */
int output_open(struct output *out, const char *path, bool prefer_stderr, bool force);

/*
 * The same for a path that must be given, without a stream: the file descriptor, or a
 * negative errno after saying why.
 */
int output_open_fd(const char *path, bool force);

/* Write out what is buffered.  0, or -errno of the first failure, now or earlier. */
int output_flush(struct output *out);

/* The same, and close.  Says why on any failure but a closed pipe. */
int output_close(struct output *out, const char *path);

/* Is it a terminal, and how wide?  0: not a terminal. */
int output_columns(const struct output *out);

#endif
