// SPDX-License-Identifier: GPL-2.0-only
#include "source/redact.h"

#include <stdlib.h>
#include <string.h>

/*
 * What a trace has room for, whatever is in it (see --args-max).  A replacement can be longer
 * than what it replaces; what is cut off here is not secret any more.
 */
#define ARGS_LIMIT 65536

struct bytes {
	uint32_t off, len;
};

/*
 * Strings, each with its NUL.  The last one may lack it: where the limit fell into it (cut),
 * or where a process wrote over its arguments (setproctitle).
 */
static void hide_args(const struct secrets *s, struct text *to, const char *args, size_t len,
		      bool cut)
{
	while (len) {
		size_t n = strnlen(args, len);

		if (n == len && cut)
			text_adds(to, SECRETS_MARK);
		else
			secrets_hide(s, to, args, n);
		if (n == len)
			return;
		text_add(to, "", 1);
		args += n + 1;
		len -= n + 1;
	}
}

/* The arguments behind r->ev; where they are now, and their true length. */
static struct bytes put_args(struct redact *r, const char *args, uint32_t len, uint32_t *total)
{
	struct bytes at = { .off = (uint32_t)r->ev.len };
	size_t now;

	hide_args(r->secrets, &r->ev, args, len, len < *total);
	now = r->ev.len - at.off;
	*total = (uint32_t)(*total - len + now);
	if (now > ARGS_LIMIT)
		r->ev.len = at.off + ARGS_LIMIT;
	at.len = (uint32_t)r->ev.len - at.off;
	return at;
}

static struct bytes put_path(struct redact *r, const char *path, uint32_t len)
{
	struct bytes at = { .off = (uint32_t)r->ev.len };

	secrets_hide(r->secrets, &r->ev, path, len);
	at.len = (uint32_t)r->ev.len - at.off;
	return at;
}

static int on_exec(struct redact *r, const struct event *ev)
{
	struct ev_exec e = *(const struct ev_exec *)ev;
	const char *bytes = (const char *)ev;
	struct bytes args, file, interp;

	text_clear(&r->ev);
	text_add(&r->ev, bytes, sizeof(e));
	args = put_args(r, bytes + e.args_off, e.args_len, &e.args_bytes);
	file = put_path(r, bytes + e.file_off, e.file_len);
	interp = put_path(r, bytes + e.interp_off, e.interp_len);
	e.args_off = args.off;
	e.args_len = args.len;
	e.file_off = file.off;
	e.file_len = file.len;
	e.interp_off = interp.off;
	e.interp_len = interp.len;
	memcpy(r->ev.data, &e, sizeof(e));
	return r->to->event(r->to->ctx, (const struct event *)r->ev.data);
}

static int on_snapshot(struct redact *r, const struct event *ev)
{
	struct ev_snapshot e = *(const struct ev_snapshot *)ev;
	struct bytes args;

	text_clear(&r->ev);
	text_add(&r->ev, (const char *)ev, sizeof(e));
	args = put_args(r, (const char *)ev + e.args_off, e.args_len, &e.args_bytes);
	e.args_off = args.off;
	e.args_len = args.len;
	memcpy(r->ev.data, &e, sizeof(e));
	return r->to->event(r->to->ctx, (const struct event *)r->ev.data);
}

static int on_event(void *ctx, const struct event *ev)
{
	struct redact *r = ctx;

	if (ev->kind == EV_EXEC)
		return on_exec(r, ev);
	if (ev->kind == EV_SNAPSHOT)
		return on_snapshot(r, ev);
	return r->to->event(r->to->ctx, ev);
}

static int on_idle(void *ctx)
{
	const struct redact *r = ctx;

	return r->to->idle ? r->to->idle(r->to->ctx) : 0;
}

static uint64_t deadline(void *ctx)
{
	const struct redact *r = ctx;

	return r->to->deadline(r->to->ctx);
}

static void hangup(void *ctx)
{
	const struct redact *r = ctx;

	r->to->hangup(r->to->ctx);
}

struct sink redact_sink(struct redact *r)
{
	/* What is watched live has no gaps to resume from. */
	return (struct sink){ on_event, on_idle, deadline, r, r->to->hangup ? hangup : NULL, NULL,
			      r->to->patience };
}

void redact_free(struct redact *r)
{
	text_free(&r->ev);
}

void redact_meta(const struct secrets *s, struct meta *m)
{
	struct text t = { 0 };

	if (!m->command)
		return;
	hide_args(s, &t, m->command, m->command_len, false);
	free(m->command);
	m->command = t.data;
	m->command_len = t.len;
}
