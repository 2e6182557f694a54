/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * text.h: bytes of strangers made fit to print, and numbers made fit to read.
 *
 * comm, paths and arguments come from programs that nobody vetted: a terminal must never
 * get their control bytes.  Everything a view prints of them goes through text_escape()
 * or text_args().
 *
 * Implemented by text.c (the string), escape.c (bytes of strangers, widths) and units.c
 * (numbers).
 */
#ifndef BROOD_TEXT_H
#define BROOD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * A growing byte string.  All zero is a valid empty one.  data is always NUL-terminated
 * once anything was added, be it nothing ("").  Where memory is short, brood says so and
 * ends with status 125: no caller has to check.
 */
struct text {
	char *data;
	size_t len, cap;
};

void text_free(struct text *t);
void text_clear(struct text *t); /* keeps the memory for the next line */
static inline void text_add(struct text *t, const char *bytes, size_t len);
static inline void text_adds(struct text *t, const char *s);
void text_addf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_addu(struct text *t, uint64_t v); /* decimal; many times faster than %llu */
/* Append spaces until data[from..] is width columns wide; nothing where it is wider. */
void text_pad(struct text *t, size_t from, int width);

/*
 * Room for n bytes (and a NUL) behind what is there, to write into directly; the writer
 * then adds to len what it wrote and sets the NUL.  The address is good until t grows.
 */
void text_grow(struct text *t, size_t n);
static inline char *text_room(struct text *t, size_t n)
{
	if (t->cap - t->len <= n)
		text_grow(t, n);
	return t->data + t->len;
}

/* Here, so that a literal becomes a few moves: most of what is added is one. */
static inline void text_add(struct text *t, const char *bytes, size_t len)
{
	char *p = text_room(t, len);

	if (len)
		memcpy(p, bytes, len);
	p[len] = '\0';
	t->len += len;
}

static inline void text_adds(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

/* The decimal digits of v, written backwards from `end` (at most 20).  Returns the first. */
char *text_digits(char *end, uint64_t v);

/*
 * The first character of len > 0 bytes: its length, and its code point in *cp.  Where the
 * bytes are not UTF-8: TEXT_INVALID, and the length of the maximal invalid part (Unicode,
 * chapter 3.9), for each of which a decoder shows one U+FFFD.
 */
#define TEXT_INVALID UINT32_MAX
size_t text_decode(const char *bytes, size_t len, uint32_t *cp);

/*
 * Append len bytes, escaped: C0, DEL, C1, bidi controls and all else that has no shape
 * (format characters, line and paragraph separators, unassigned and private code points,
 * a combining mark with nothing before it) as \n \t \r \e \xHH \u{HHHH}; a byte that is
 * not UTF-8 as \xHH; a backslash as \\ so that the text stays unambiguous.  All else is
 * copied as it is.  At most 4 bytes for each that came in.
 */
void text_escape(struct text *t, const char *bytes, size_t len);

/*
 * The arguments of a process (NUL-terminated strings one after another, args_len bytes)
 * as one line that bash would read back, each as plainly as it can be:
 *   word		no character that means something to a shell
 *   'two words'	empty, or spaces or shell characters in it
 *   "it's"		a single quote in it, and nothing that "" would leave alive
 *   $'a\nb\'c'		what text_escape() would escape, or the rest; \uHHHH for \u{HHHH}
 * more: true where bytes were cut; then "…" follows, right behind the argument that was
 * cut or as a word of its own.
 */
void text_args(struct text *t, const char *args, size_t args_len, bool more);

/*
 * Columns a terminal needs for valid, printable UTF-8 (wide East Asian characters: 2,
 * combining marks: 0).  Colours and the like must not be in it.
 */
int text_width(const char *s, size_t len);

/*
 * Cut what stands from byte `from` on to at most `columns` columns, the last being "…".
 * What fits is left alone.
 */
void text_cut(struct text *t, size_t from, int columns);

/*
 * "79 µs", "1.2 ms", "50 ms", "2.0 s", "3m 20s", "2h 05m", "12d 03h": rounded to the
 * digits shown, at most 8 columns.  "<1 µs" is less than that, but not nothing.
 */
void text_duration(struct text *t, uint64_t ns);
/* "512 KiB", "1.2 MiB", "37 GiB": rounded to the digits shown, at most 8 columns. */
void text_kib(struct text *t, uint64_t kib);

/*
 * "TERM" for 15, "RTMIN+3" for 37, or "signal 77".  Thread-local storage where it is not
 * static: good until the next call in this thread.
 */
const char *signal_short_name(int sig);

#endif
