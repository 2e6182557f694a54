/* SPDX-License-Identifier: GPL-2.0-only */
/* window.h: a file seen through a buffer that can look ahead, whether it can seek or not. */
#ifndef BROOD_TRACE_WINDOW_H
#define BROOD_TRACE_WINDOW_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* As read(2), but a negative errno. */
typedef ssize_t (*window_read_fn)(void *ctx, void *to, size_t n);

struct window {
	window_read_fn read;
	void *ctx;
	int seek_fd; /* of a regular file; else -1 */
	uint8_t *buffer;
	size_t pos, len; /* what is there and not taken yet: buffer[pos..len) */
	int err;	 /* 0; 1: the end was seen; negative errno */
};

int window_open(struct window *w, window_read_fn read, void *ctx, int seek_fd);
void window_close(struct window *w);

/*
 * The next n bytes (at most what a block takes, twice), without taking them, valid until the
 * next call.  NULL: there are fewer.
 */
const uint8_t *window_peek(struct window *w, size_t n);

/* Bytes that are there without reading. */
static inline size_t window_have(const struct window *w)
{
	return w->len - w->pos;
}

/* Forget what was read ahead: the place in the file is another one. */
static inline void window_clear(struct window *w)
{
	w->pos = w->len = 0;
	w->err = 0;
}

/* Pass over n bytes, or to the end. */
void window_skip(struct window *w, uint64_t n);

#endif
