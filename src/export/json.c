// SPDX-License-Identifier: GPL-2.0-only
/*
 * json.c: JSON objects, one a line, written as they are told.
 */
#include <stdint.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

#include "export/json.h"

/* ,"KEY": as far as each is due. */
static void begin_member(struct json *j, const char *key)
{
	size_t len = key ? strlen(key) : 0;
	char *p = text_room(&j->out, len + 4), *start = p;

	if (j->comma)
		*p++ = ',';
	j->comma = true;
	if (key) {
		*p++ = '"';
		memcpy(p, key, len);
		p += len;
		*p++ = '"';
		*p++ = ':';
	}
	*p = '\0';
	j->out.len += (size_t)(p - start);
}

/* ,"KEY_b64": what follows is exact. */
static void begin_exact(struct json *j, const char *key)
{
	begin_member(j, key);
	j->out.len -= strlen("\":");
	text_adds(&j->out, "_b64\":");
}

void json_open(struct json *j, const char *key, char bracket)
{
	begin_member(j, key);
	text_add(&j->out, &bracket, 1);
	j->comma = false;
}

void json_close(struct json *j, char bracket)
{
	text_add(&j->out, &bracket, 1);
	j->comma = true;
}

void json_line(struct json *j)
{
	text_add(&j->out, "\n", 1);
	j->comma = false;
}

void json_uint(struct json *j, const char *key, uint64_t v)
{
	begin_member(j, key);
	text_addu(&j->out, v);
}

void json_int(struct json *j, const char *key, int64_t v)
{
	begin_member(j, key);
	if (v < 0)
		text_add(&j->out, "-", 1);
	text_addu(&j->out, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void json_bool(struct json *j, const char *key, bool v)
{
	begin_member(j, key);
	text_add(&j->out, v ? "true" : "false", v ? 4 : 5);
}

void json_null(struct json *j, const char *key)
{
	begin_member(j, key);
	text_add(&j->out, "null", 4);
}

/* Bytes that stand for themselves in a JSON string, and on a terminal. */
static const bool is_plain[256] = {
	[0x20 ... 0x21] = true, /* not " */
	[0x23 ... 0x5b] = true, /* not \ */
	[0x5d ... 0x7e] = true,
};

/*
 * JSON would let most of these stand.  People look at JSON lines with cat, however, and
 * the value is the same.  Invisible characters that cannot move the cursor or the text
 * stand: which there are depends on the version of Unicode, and a file should not.
 */
static bool is_control(uint32_t cp)
{
	const uint32_t mask = UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp;

	return uc_is_general_category_withtable(cp, mask) || uc_is_property_bidi_control(cp);
}

static void put_escape(struct text *t, uint32_t cp)
{
	static const char shorts[] = {
		['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n',  ['\r'] = 'r',
		['\t'] = 't', ['"'] = '"',  ['\\'] = '\\',
	};
	char out[6] = {'\\', 'u'};

	if (cp < sizeof(shorts) && shorts[cp]) {
		out[1] = shorts[cp];
		text_add(t, out, 2);
		return;
	}
	for (int i = 0; i < 4; i++) /* none of is_control() lies beyond U+FFFF */
		out[2 + i] = "0123456789abcdef"[(cp >> (12 - 4 * i)) & 15];
	text_add(t, out, sizeof(out));
}

/* Returns whether all of it was UTF-8. */
static bool put_string(struct text *t, const char *bytes, size_t len)
{
	size_t run = 0, i = 0; /* bytes[run..i) is to be copied */
	bool valid = true;

	text_add(t, "\"", 1);
	for (;;) {
		uint32_t cp;
		size_t n;

		while (i < len && is_plain[(uint8_t)bytes[i]])
			i++;
		if (i == len)
			break;
		n = text_decode(bytes + i, len - i, &cp);
		if (cp >= 0x80 && cp != TEXT_INVALID && !is_control(cp)) {
			i += n;
			continue;
		}
		text_add(t, bytes + run, i - run);
		if (cp == TEXT_INVALID) {
			text_add(t, "\xef\xbf\xbd", 3); /* U+FFFD */
			valid = false;
		} else {
			put_escape(t, cp);
		}
		i += n;
		run = i;
	}
	text_add(t, bytes + run, len - run);
	text_add(t, "\"", 1);
	return valid;
}

/* RFC 4648, chapter 4: the standard alphabet, padded. */
static void put_base64(struct text *t, const char *bytes, size_t len)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *s = (const uint8_t *)bytes;

	text_add(t, "\"", 1);
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t v = (uint32_t)s[i] << 16;
		char out[4] = {'=', '=', '=', '='};

		if (left > 1)
			v |= (uint32_t)s[i + 1] << 8;
		if (left > 2)
			v |= s[i + 2];
		out[0] = alphabet[v >> 18];
		out[1] = alphabet[v >> 12 & 63];
		if (left > 1)
			out[2] = alphabet[v >> 6 & 63];
		if (left > 2)
			out[3] = alphabet[v & 63];
		text_add(t, out, sizeof(out));
	}
	text_add(t, "\"", 1);
}

void json_str(struct json *j, const char *key, const char *s)
{
	begin_member(j, key);
	put_string(&j->out, s, strlen(s));
}

void json_plain(struct json *j, const char *key, const char *s, size_t len)
{
	char *p;

	begin_member(j, key);
	p = text_room(&j->out, len + 2);
	p[0] = '"';
	memcpy(p + 1, s, len);
	p[1 + len] = '"';
	p[2 + len] = '\0';
	j->out.len += len + 2;
}

void json_bytes(struct json *j, const char *key, const char *bytes, size_t len)
{
	begin_member(j, key);
	/* bytes may be NULL where there are none; NULL takes no offset */
	if (!put_string(&j->out, len ? bytes : "", len) && key) {
		begin_exact(j, key);
		put_base64(&j->out, bytes, len);
	}
}

/* The length of the string at the start of len bytes, with or without its NUL. */
static size_t string_len(const char *bytes, size_t len)
{
	const char *end = memchr(bytes, '\0', len);

	return end ? (size_t)(end - bytes) : len;
}

void json_strings(struct json *j, const char *key, const char *bytes, size_t len)
{
	bool valid = true;
	size_t n;

	json_open(j, key, '[');
	for (size_t i = 0; i < len; i += n + 1) {
		n = string_len(bytes + i, len - i);
		begin_member(j, NULL);
		if (!put_string(&j->out, bytes + i, n))
			valid = false;
	}
	json_close(j, ']');
	if (valid || !key)
		return;

	begin_exact(j, key);
	text_add(&j->out, "[", 1);
	j->comma = false;
	for (size_t i = 0; i < len; i += n + 1) {
		n = string_len(bytes + i, len - i);
		begin_member(j, NULL);
		if (u8_check((const uint8_t *)bytes + i, n))
			put_base64(&j->out, bytes + i, n);
		else
			text_add(&j->out, "null", 4);
	}
	json_close(j, ']');
}
