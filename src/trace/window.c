// SPDX-License-Identifier: GPL-2.0-only
#include "trace/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace/block.h"

#define BUFFER_BYTES (1U << 20)
_Static_assert(BUFFER_BYTES >= 2 * (BLOCK_HEADER_LEN + BLOCK_STORED_MAX), "look-ahead");

int window_open(struct window *w, window_read_fn read, void *ctx, int seek_fd)
{
	*w = (struct window){.read = read, .ctx = ctx, .seek_fd = seek_fd};
	w->buffer = malloc(BUFFER_BYTES);
	return w->buffer ? 0 : -ENOMEM;
}

void window_close(struct window *w)
{
	free(w->buffer);
}

static void fill(struct window *w)
{
	ssize_t n = w->read(w->ctx, w->buffer + w->len, BUFFER_BYTES - w->len);

	if (n > 0)
		w->len += (size_t)n;
	else
		w->err = n < 0 ? (int)n : 1;
}

const uint8_t *window_peek(struct window *w, size_t n)
{
	if (w->pos + n > BUFFER_BYTES) {
		memmove(w->buffer, w->buffer + w->pos, window_have(w));
		w->len -= w->pos;
		w->pos = 0;
	}
	while (window_have(w) < n && !w->err)
		fill(w);
	return window_have(w) < n ? NULL : w->buffer + w->pos;
}

void window_skip(struct window *w, uint64_t n)
{
	while (n > window_have(w)) {
		n -= window_have(w);
		w->pos = w->len = 0;
		if (w->seek_fd >= 0 && !w->err && n <= INT64_MAX &&
		    lseek(w->seek_fd, (off_t)n, SEEK_CUR) >= 0)
			return;
		if (w->err)
			return;
		fill(w);
	}
	w->pos += n;
}
