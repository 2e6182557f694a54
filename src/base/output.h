/* SPDX-License-Identifier: GPL-2.0-only */
/* output.h: where a view goes, opened with care. */
#ifndef BROOD_OUTPUT_H
#define BROOD_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

/* The file itself. */
struct out_file {
	int fd;		/* -1: not open */
	bool created;	/* it was not there before */
	bool stale;	/* it holds something that --force lets us overwrite */
};

/*
 * path: NULL takes stderr where `prefer_stderr`, else stdout; "-" is stdout, and the names
 * that the kernel and bash give to descriptors (/dev/stdout, /dev/fd/N) are those.  A new
 * file is made with mode 0600; other symbolic links are not followed; an existing regular
 * file is overwritten only with force; a FIFO or a device is written to as it is.
 * 0, or a negative errno after saying why.
 */
int out_file_open(struct out_file *f, const char *path, bool prefer_stderr, bool force);

/* There will be something to write: what a stale file holds goes away only now. */
int out_file_begin(struct out_file *f);

/* There will be nothing: a file that was made for it goes away.  Closes. */
void out_file_abandon(struct out_file *f, const char *path);

/* A stream into such a file, for views. */
struct output {
	FILE *file;	/* fully buffered; has no fileno() of its own */
	char *buffer;
	struct out_file to;
	int error;	/* errno of the first failed write; EPIPE: nobody reads any more */
};

/* Takes over `to`, even where it fails.  0 or -ENOMEM after saying so. */
int output_start(struct output *out, const struct out_file *to);

/* Write out what is buffered.  0, or -errno of the first failure, now or earlier. */
int output_flush(struct output *out);

/* The same, and close.  Says why on any failure but a closed pipe. */
int output_close(struct output *out, const char *path);

/* Is it a terminal, and how wide?  0: not a terminal. */
int output_columns(const struct output *out);

#endif
