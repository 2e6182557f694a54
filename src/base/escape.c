// SPDX-License-Identifier: GPL-2.0-only
/*
 * escape.c: bytes of strangers made fit for a terminal, and how wide they are on it.
 *
 * These run once or more for every line of a log, so ASCII takes a short road: runs of
 * plain bytes are scanned with one table look-up a byte and copied at once.  What a
 * character beyond ASCII is (invisible? wide?) libunistring knows.
 */
#include <stdint.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>
#include <uniwidth.h>

#include "base/text.h"

enum byte_class {
	CONTROL = 1 << 0, /* C0 and DEL: never printed */
	HIGH = 1 << 1,	  /* not ASCII: decode it and see */
	BACKSLASH = 1 << 2,
	SINGLE = 1 << 3, /* ends '…' */
	LIVE = 1 << 4,	 /* means something even within "…" */
	SHELL = 1 << 5,	 /* means something, or parts words, where nothing quotes it */
};

/* clang-format off */
static const uint8_t class_of[256] = {
	[0x00 ... 0x1f] = CONTROL,
	[' '] = SHELL, ['!'] = SHELL | LIVE, ['"'] = SHELL | LIVE, ['#'] = SHELL,
	['$'] = SHELL | LIVE, ['&'] = SHELL, ['\''] = SHELL | SINGLE, ['('] = SHELL,
	[')'] = SHELL, ['*'] = SHELL, [';'] = SHELL, ['<'] = SHELL, ['>'] = SHELL,
	['?'] = SHELL, ['['] = SHELL, ['\\'] = SHELL | LIVE | BACKSLASH, [']'] = SHELL,
	['^'] = SHELL, ['`'] = SHELL | LIVE, ['{'] = SHELL, ['|'] = SHELL, ['}'] = SHELL,
	['~'] = SHELL,
	[0x7f] = CONTROL,
	[0x80 ... 0xff] = HIGH,
};
/* clang-format on */

/* How an escape is spelt. */
enum style {
	STYLE_TEXT, /* \u{202e} */
	STYLE_BASH, /* within $'…': \u202e, \U0001d173, and \' */
};

size_t text_decode(const char *bytes, size_t len, uint32_t *cp)
{
	const uint8_t *s = (const uint8_t *)bytes;
	ucs4_t uc;
	int n;

	if (s[0] < 0x80) {
		*cp = s[0];
		return 1;
	}
	n = u8_mbtoucr(&uc, s, len);
	if (n > 0) {
		*cp = uc;
		return (size_t)n;
	}
	/*
	 * The maximal invalid part is the longest start of it that more bytes could still
	 * make valid: u8_mbtoucr() answers -2 to that.  (u8_mbtouc() would give a length,
	 * but for E0 80 80 it gives 3, where the standard and all others say 1.)
	 */
	*cp = TEXT_INVALID;
	for (size_t part = len < 3 ? len : 3; part > 1; part--)
		if (u8_mbtoucr(&uc, s, part) == -2)
			return part;
	return 1;
}

/*
 * Has this code point (not ASCII) no shape of its own?  A combining mark has one if it
 * has something to sit on; else it would sit on what we printed before: a column's
 * border, a quote.
 */
static bool is_hidden(uint32_t cp, bool has_base)
{
	const uint32_t shapeless = UC_CATEGORY_MASK_C | UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp;

	return cp == TEXT_INVALID || uc_is_general_category_withtable(cp, shapeless) ||
	       uc_is_property_default_ignorable_code_point(cp) ||
	       (!has_base && uc_width(cp, "UTF-8") == 0);
}

static char *put_hex(char *p, uint32_t v, int digits)
{
	while (digits--)
		*p++ = "0123456789abcdef"[(v >> 4 * digits) & 15];
	return p;
}

/* One character, n bytes at s, spelt out: at most 4 bytes for each, and 10 in all. */
static char *put_escape(char *p, const uint8_t *s, size_t n, uint32_t cp, enum style style)
{
	static const char shorts[] = {
		['\n'] = 'n', ['\t'] = 't',  ['\r'] = 'r',
		[0x1b] = 'e', ['\''] = '\'', ['\\'] = '\\',
	};
	int digits = 2;

	if (cp == TEXT_INVALID || cp < 0x80) {
		for (size_t i = 0; i < n; i++) {
			*p++ = '\\';
			if (s[i] < sizeof(shorts) && shorts[s[i]]) {
				*p++ = shorts[s[i]];
			} else {
				*p++ = 'x';
				p = put_hex(p, s[i], 2);
			}
		}
		return p;
	}
	*p++ = '\\';
	if (style == STYLE_BASH) {
		*p++ = cp > 0xffff ? 'U' : 'u';
		return put_hex(p, cp, cp > 0xffff ? 8 : 4);
	}
	while (cp >> 4 * digits)
		digits++;
	*p++ = 'u';
	*p++ = '{';
	p = put_hex(p, cp, digits);
	*p++ = '}';
	return p;
}

static void put_escaped(struct text *t, const char *bytes, size_t len, enum style style)
{
	const uint8_t *s = (const uint8_t *)bytes;
	const int stop = CONTROL | HIGH | BACKSLASH | (style == STYLE_BASH ? SINGLE : 0);
	bool has_base = false; /* the character before is printed as it is */
	size_t run = 0, i = 0; /* s[run..i) is to be copied */

	for (;;) {
		size_t from = i, n = 1;
		uint32_t cp;
		char *p;

		while (i < len && !(class_of[s[i]] & stop))
			i++;
		if (i == len)
			break;
		has_base |= i > from;
		cp = s[i];
		if (cp >= 0x80) {
			n = text_decode(bytes + i, len - i, &cp);
			if (!is_hidden(cp, has_base)) {
				has_base = true;
				i += n;
				continue;
			}
		}
		text_add(t, bytes + run, i - run);
		p = put_escape(text_room(t, 12), s + i, n, cp, style);
		*p = '\0';
		t->len = (size_t)(p - t->data);
		has_base = false;
		i += n;
		run = i;
	}
	text_add(t, bytes + run, len - run);
}

void text_escape(struct text *t, const char *bytes, size_t len)
{
	put_escaped(t, len ? bytes : "", len, STYLE_TEXT); /* NULL takes no offset */
}

/* What is in there beyond ASCII, in the classes of ASCII. */
static int classify_high(const char *bytes, size_t len)
{
	int found = 0;

	for (size_t i = 0; i < len;) {
		uint32_t cp;
		size_t n = text_decode(bytes + i, len - i, &cp);

		if (cp >= 0x80 && is_hidden(cp, i > 0))
			return CONTROL;
		/* No shell parts words there, but the reader's eye does. */
		if (cp >= 0x80 && uc_is_general_category_withtable(cp, UC_CATEGORY_MASK_Zs))
			found |= SHELL;
		i += n;
	}
	return found;
}

static void put_arg(struct text *t, const char *arg, size_t len, bool is_command)
{
	const char *open = "'", *close = "'";
	int found = 0;

	for (size_t i = 0; i < len; i++)
		found |= class_of[(uint8_t)arg[i]];
	if (found & HIGH)
		found |= classify_high(arg, len);

	if ((found & CONTROL) || ((found & SINGLE) && (found & LIVE))) {
		text_add(t, "$'", 2);
		put_escaped(t, arg, len, STYLE_BASH);
		text_add(t, "'", 1);
		return;
	}
	/* A shell would take a first word with = in it for an assignment. */
	if (is_command && len && memchr(arg, '=', len))
		found |= SHELL;
	if (found & SINGLE)
		open = close = "\"";
	else if (len && !(found & SHELL))
		open = close = "";
	text_adds(t, open);
	text_add(t, arg, len);
	text_adds(t, close);
}

/* The length without a character that was cut in two at the end. */
static size_t without_half(const char *bytes, size_t len)
{
	for (size_t n = 1; n <= 3 && n <= len; n++) {
		ucs4_t uc;

		if (u8_mbtoucr(&uc, (const uint8_t *)bytes + len - n, n) == -2)
			return len - n;
	}
	return len;
}

void text_args(struct text *t, const char *args, size_t args_len, bool more)
{
	bool cut = false;

	text_add(t, "", 0);
	for (size_t i = 0; i < args_len;) {
		const char *arg = args + i;
		const char *end = memchr(arg, '\0', args_len - i);
		size_t len = end ? (size_t)(end - arg) : args_len - i;
		size_t shown = len;

		cut = !end && more;
		if (cut)
			shown = without_half(arg, len);
		if (i)
			text_add(t, " ", 1);
		if (shown || !cut)
			put_arg(t, arg, shown, i == 0);
		i += len + 1;
	}
	if (!more)
		return;
	if (args_len && !cut)
		text_add(t, " ", 1);
	text_adds(t, "…");
}

/* The width of the first character of s; its length in *n. */
static int char_width(const char *s, size_t len, size_t *n)
{
	uint32_t cp;
	int width;

	if (!(class_of[(uint8_t)*s] & (CONTROL | HIGH))) {
		*n = 1;
		return 1;
	}
	*n = text_decode(s, len, &cp);
	if (cp == TEXT_INVALID)
		return 1; /* a terminal shows U+FFFD */
	width = uc_width(cp, "UTF-8");
	return width > 0 ? width : 0;
}

int text_width(const char *s, size_t len)
{
	int width = 0;

	for (size_t i = 0, n; i < len; i += n)
		width += char_width(s + i, len - i, &n);
	return width;
}

void text_cut(struct text *t, size_t from, int columns)
{
	size_t keep = from; /* up to here there is room for the "…" too */
	int width = 0;

	for (size_t i = from, n; i < t->len; i += n) {
		width += char_width(t->data + i, t->len - i, &n);
		if (width > columns) {
			t->len = keep;
			t->data[keep] = '\0';
			if (columns > 0)
				text_adds(t, "…");
			return;
		}
		if (width < columns)
			keep = i + n;
	}
}
