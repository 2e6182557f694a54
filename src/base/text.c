// SPDX-License-Identifier: GPL-2.0-only
/*
 * text.c: a byte string that grows.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* Most of what is built here is a line; 64 KiB of arguments are the exception. */
#define FIRST_SIZE 256

/*
 * A tracer that cannot hold one line has nothing left to say.  No stdio: what it has
 * buffered may be half a line, and it may want memory itself.
 */
static _Noreturn void out_of_memory(void)
{
	static const char message[] = "brood: out of memory\n";
	ssize_t written = write(STDERR_FILENO, message, sizeof(message) - 1);

	(void)written; /* nobody is left to hear of it */
	_exit(125);
}

void text_grow(struct text *t, size_t n)
{
	size_t cap = t->cap ? t->cap : FIRST_SIZE;
	char *data;

	if (n >= PTRDIFF_MAX - t->len)
		out_of_memory();
	while (cap - t->len <= n)
		cap *= 2;
	data = realloc(t->data, cap);
	if (!data)
		out_of_memory();
	t->data = data;
	t->cap = cap;
}

void text_free(struct text *t)
{
	free(t->data);
	*t = (struct text){0};
}

void text_clear(struct text *t)
{
	t->len = 0;
	if (t->data)
		t->data[0] = '\0';
}

void text_add(struct text *t, const char *bytes, size_t len)
{
	char *p = text_room(t, len);

	if (len)
		memcpy(p, bytes, len);
	p[len] = '\0';
	t->len += len;
}

void text_adds(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void text_addf(struct text *t, const char *fmt, ...)
{
	char *p = text_room(t, 0);
	size_t space = t->cap - t->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(p, space, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n >= space) {
		p = text_room(t, (size_t)n);
		va_start(ap, fmt);
		n = vsnprintf(p, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	if (n > 0)
		t->len += (size_t)n;
	t->data[t->len] = '\0';
}

void text_addu(struct text *t, uint64_t v)
{
	char digits[20]; /* of UINT64_MAX */
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	text_add(t, digits + at, sizeof(digits) - at);
}

void text_pad(struct text *t, size_t from, int width)
{
	int have = from < t->len ? text_width(t->data + from, t->len - from) : 0;
	size_t n = have < width ? (size_t)(width - have) : 0;
	char *p = text_room(t, n);

	memset(p, ' ', n);
	p[n] = '\0';
	t->len += n;
}
