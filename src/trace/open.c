// SPDX-License-Identifier: GPL-2.0-only
/* open.c: is it a trace, and what is known before its first event? */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace/reader.h"

#define RAW_DEFLATE (-15)

static ssize_t read_fd(void *ctx, void *to, size_t n)
{
	const struct trace_reader *r = ctx;
	ssize_t got;

	for (;;) {
		got = read(r->fd, to, n);
		if (got >= 0)
			return got;
		if (errno == EAGAIN)
			poll(&(struct pollfd){.fd = r->fd, .events = POLLIN}, 1, -1);
		else if (errno != EINTR)
			return -errno;
	}
}

/* Less than a header: all of it that there is. */
static bool begins_like_a_trace(struct window *in)
{
	size_t n = window_have(in);

	return !memcmp(window_peek(in, n), trace_magic, n < TRACE_MAGIC_LEN ? n : TRACE_MAGIC_LEN);
}

static int check_magic(struct trace_reader *r, const char **why)
{
	const uint8_t *p = window_peek(&r->in, TRACE_HEADER_LEN);

	if (!p && r->in.err < 0) {
		*why = strerrordesc_np(-r->in.err);
		return r->in.err;
	}
	if (!p && !window_have(&r->in)) {
		*why = "an empty file";
		return -ENODATA;
	}
	if (!p && begins_like_a_trace(&r->in)) {
		*why = "cut short within its header";
		return -EBADMSG;
	}
	if (!p || memcmp(p, trace_magic, TRACE_MAGIC_LEN) != 0) {
		*why = p && !memcmp(p + 1, &trace_magic[1], 3)
			       ? "a trace that was transferred as text"
			       : "not a trace";
		return -EINVAL;
	}
	r->state.major = (uint16_t)(p[8] | p[9] << 8);
	r->state.minor = (uint16_t)(p[10] | p[11] << 8);
	if (r->state.major != TRACE_MAJOR) {
		*why = "a trace of another major version of the format";
		return -EPROTONOSUPPORT;
	}
	window_skip(&r->in, TRACE_HEADER_LEN);
	return 0;
}

/* META is the first block, unless that is damaged or gone. */
static int read_meta(struct trace_reader *r)
{
	int err = reader_step(r);

	if (err || r->ended)
		return err;
	r->meta.t0 = r->h.first_ts;
	if (r->h.kind != BLOCK_META) {
		r->state.damaged++;
		return 0;
	}
	return reader_step(r);
}

/* fd -1: read_fn is given, else ctx is the reader itself. */
static int open_reader(struct trace_reader **out, window_read_fn read_fn, void *ctx, int fd,
		       const char **why)
{
	struct trace_reader *r = calloc(1, sizeof(*r));
	struct stat st;
	off_t base;
	int err = -ENOMEM;

	*why = strerrordesc_np(ENOMEM);
	if (!r)
		return err;
	r->fd = fd;
	r->to = UINT64_MAX;
	r->state.end = TRACE_CUT_SHORT;
	base = lseek(fd, 0, SEEK_CUR);
	r->base = base > 0 ? (uint64_t)base : 0;
	r->raw = malloc(BLOCK_RAW_MAX);
	if (r->raw && inflateInit2(&r->inflate, RAW_DEFLATE) == Z_OK)
		err = decoder_new(&r->decoder);
	if (!err)
		err = window_open(&r->in, read_fn ? read_fn : read_fd, read_fn ? ctx : r,
				  fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) ? fd : -1);
	if (!err)
		err = check_magic(r, why);
	if (!err) {
		err = read_meta(r);
		*why = strerrordesc_np(-err);
	}
	if (err)
		trace_reader_free(r);
	else
		*out = r;
	return err;
}

int trace_reader_open(struct trace_reader **out, window_read_fn read_fn, void *ctx,
		      const char **why)
{
	return open_reader(out, read_fn, ctx, -1, why);
}

int trace_reader_new(struct trace_reader **out, int fd, const char **why)
{
	return open_reader(out, NULL, NULL, fd, why);
}

const struct meta *trace_reader_meta(const struct trace_reader *r)
{
	return &r->meta;
}

/* On from the checkpoint that was found. */
static int begin_at(struct trace_reader *r, const struct jump *j)
{
	if (lseek(r->fd, (off_t)(j->base + j->at), SEEK_SET) < 0)
		return -errno;
	window_clear(&r->in);
	/* What was missing before is nobody's loss. */
	r->have_header = r->searching = r->loss_due = false;
	r->state.lost = 0;
	r->state.skipped = j->h.before;
	r->told = j->h.before;
	r->state.last_ts = j->h.first_ts;
	r->resuming = true;
	return 0;
}

int trace_reader_window(struct trace_reader *r, uint64_t from, uint64_t to)
{
	struct stat st;
	struct jump j = {
		.fd = r->fd,
		.base = r->base,
		.trace_id = r->trace_id,
		.from = from,
		.z = &r->inflate,
		.decoder = r->decoder,
		.raw = r->raw,
	};
	int found;

	r->to = to;
	if (r->in.seek_fd < 0 || !r->known_id || from <= r->meta.t0 || fstat(r->fd, &st) ||
	    (uint64_t)st.st_size < r->base)
		return 0;
	j.size = (uint64_t)st.st_size - r->base;
	found = jump_find(&j);
	r->bad_index = j.bad_index;
	return found == 1 ? begin_at(r, &j) : found;
}

bool trace_reader_in_snapshot(const struct trace_reader *r)
{
	return r->open && r->h.kind == BLOCK_SNAPSHOT;
}

void trace_reader_state(const struct trace_reader *r, struct trace_reader_state *s)
{
	*s = r->state;
}

void trace_reader_free(struct trace_reader *r)
{
	if (!r)
		return;
	inflateEnd(&r->inflate);
	window_close(&r->in);
	codec_free(r->decoder);
	free(r->meta.command);
	free(r->raw);
	free(r);
}
