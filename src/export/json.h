/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json.h: a streaming writer of JSON objects, one a line.
 *
 * Ours and not a library's: the libraries that Debian keeps well build a tree of
 * allocations for every object, which costs more than all else in an export, and none
 * knows what to do with bytes that are not UTF-8.
 */
#ifndef BROOD_JSON_H
#define BROOD_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* All zero is a valid start; text_free(&out) is the end. */
struct json {
	struct text out;
	bool comma;		/* the next member needs a comma before it */
};

/*
 * A key of NULL means: an element of an array (or the object that is the line).  Keys are
 * written as they are: they are ours, and hold nothing that needs an escape.
 */
void json_open(struct json *j, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json *j, char bracket);                 /* '}' or ']' */
void json_uint(struct json *j, const char *key, uint64_t v);
void json_int(struct json *j, const char *key, int64_t v);
void json_bool(struct json *j, const char *key, bool v);
void json_null(struct json *j, const char *key);
void json_str(struct json *j, const char *key, const char *s); /* known to be UTF-8 */
/* Known to be of characters that stand for themselves: letters, digits, spaces, -:. */
void json_plain(struct json *j, const char *key, const char *s, size_t len);

/*
 * Bytes of strangers.  Invalid UTF-8 becomes U+FFFD (one for each maximal invalid part,
 * as the Unicode standard recommends), and the exact bytes follow in KEY_b64 (RFC 4648
 * base64, padded); an element of an array has no key, so what is exact gets lost there.
 *
 * Control characters (C0, DEL, C1), line and paragraph separators and bidi controls are
 * written as \n, \u001b, \u202e and so on, so that a line of JSON does a terminal no harm.
 */
void json_bytes(struct json *j, const char *key, const char *bytes, size_t len);

/*
 * NUL-terminated strings one after another as an array of strings; where one is not
 * UTF-8, KEY_b64 follows, an array of the same length with null for the others.
 * A last string without its NUL (cut short) counts as a string.
 */
void json_strings(struct json *j, const char *key, const char *bytes, size_t len);

/* End the line with a newline; the caller writes j->out and clears it. */
void json_line(struct json *j);

#endif
