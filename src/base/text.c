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

/* Two at a time: half the divisions. */
char *text_digits(char *end, uint64_t v)
{
	static const char pairs[] = "00010203040506070809"
				    "10111213141516171819"
				    "20212223242526272829"
				    "30313233343536373839"
				    "40414243444546474849"
				    "50515253545556575859"
				    "60616263646566676869"
				    "70717273747576777879"
				    "80818283848586878889"
				    "90919293949596979899";

	for (; v >= 100; v /= 100) {
		end -= 2;
		memcpy(end, &pairs[2 * (v % 100)], 2);
	}
	*--end = pairs[2 * v + 1];
	if (v >= 10)
		*--end = pairs[2 * v];
	return end;
}

void text_addu(struct text *t, uint64_t v)
{
	char digits[20]; /* of UINT64_MAX */
	char *end = digits + sizeof(digits), *first = text_digits(end, v);

	text_add(t, first, (size_t)(end - first));
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
