// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of src/export/json.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistr.h>

#include <cmocka.h>

#include "export/json.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
/* A literal with NULs in it, and its length. */
#define BYTES(s) (s), sizeof(s) - 1

/* U+FFFD, as it is written. */
#define FFFD "\xef\xbf\xbd"

static int begin(void **state)
{
	static struct json j;

	j = (struct json){0};
	*state = &j;
	return 0;
}

static int end(void **state)
{
	struct json *j = *state;

	text_free(&j->out);
	return 0;
}

static void start_over(struct json *j)
{
	text_clear(&j->out);
	j->comma = false;
}

/* ---- structure ---- */

static void test_empty(void **state)
{
	struct json *j = *state;

	json_open(j, NULL, '{');
	json_close(j, '}');
	json_line(j);
	json_open(j, NULL, '[');
	json_close(j, ']');
	json_line(j);
	assert_string_equal(j->out.data, "{}\n[]\n");
}

static void test_line(void **state)
{
	struct json *j = *state;

	for (int i = 0; i < 2; i++) { /* the second line begins as the first did */
		json_open(j, NULL, '{');
		json_str(j, "type", "fork");
		json_uint(j, "seq", 7);
		json_open(j, "creator", '{');
		json_uint(j, "pid", 1);
		json_int(j, "tid", -2);
		json_close(j, '}');
		json_open(j, "flags", '[');
		json_str(j, NULL, "VM");
		json_str(j, NULL, "VFORK");
		json_close(j, ']');
		json_open(j, "none", '[');
		json_close(j, ']');
		json_open(j, "list", '[');
		json_open(j, NULL, '{');
		json_bool(j, "a", true);
		json_close(j, '}');
		json_open(j, NULL, '{');
		json_bool(j, "a", false);
		json_close(j, '}');
		json_uint(j, NULL, 5);
		json_null(j, NULL);
		json_close(j, ']');
		json_null(j, "parent");
		json_close(j, '}');
		json_line(j);
		assert_string_equal(
			j->out.data,
			"{\"type\":\"fork\",\"seq\":7,\"creator\":{\"pid\":1,\"tid\":-2},"
			"\"flags\":[\"VM\",\"VFORK\"],\"none\":[],"
			"\"list\":[{\"a\":true},{\"a\":false},5,null],\"parent\":null}\n");
		text_clear(&j->out);
	}
}

static void test_numbers(void **state)
{
	struct json *j = *state;

	json_open(j, NULL, '[');
	json_uint(j, NULL, 0);
	json_uint(j, NULL, 9);
	json_uint(j, NULL, 10);
	json_uint(j, NULL, 9007199254740991);
	json_uint(j, NULL, UINT64_MAX);
	json_int(j, NULL, 0);
	json_int(j, NULL, -1);
	json_int(j, NULL, INT64_MAX);
	json_int(j, NULL, INT64_MIN);
	json_close(j, ']');
	assert_string_equal(j->out.data, "[0,9,10,9007199254740991,18446744073709551615,0,-1,"
					 "9223372036854775807,-9223372036854775808]");
}

/* ---- strings ---- */

struct bytes_case {
	const char *in;
	size_t len;
	const char *want; /* what stands after "k": */
};

static const struct bytes_case valid[] = {
	{BYTES(""), "\"\""},
	{BYTES("a"), "\"a\""},
	{BYTES("/usr/bin/env"), "\"/usr/bin/env\""},
	{BYTES("\"\\/"), "\"\\\"\\\\/\""},
	{BYTES("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
	{BYTES("\0"), "\"\\u0000\""},
	{BYTES("a\0b\x01\x1f\033[31m"), "\"a\\u0000b\\u0001\\u001f\\u001b[31m\""},
	{BYTES("\x7f"), "\"\\u007f\""},
	{BYTES("\xc2\x80\xc2\x85\xc2\x9b\xc2\x9f\u00a0"), "\"\\u0080\\u0085\\u009b\\u009f\u00a0\""},
	{BYTES("a\u2028b\u2029"), "\"a\\u2028b\\u2029\""},
	{BYTES("gpj.\u202eexe"), "\"gpj.\\u202eexe\""},
	{BYTES("\u061c\u200e\u200f\u202a\u202b\u202c\u202d"),
	 "\"\\u061c\\u200e\\u200f\\u202a\\u202b\\u202c\\u202d\""},
	{BYTES("\u2066\u2067\u2068\u2069"), "\"\\u2066\\u2067\\u2068\\u2069\""},
	{BYTES("größe 文件 e\u0301 \U0001f600"), "\"größe 文件 e\u0301 \U0001f600\""},
	{BYTES("\ufffd\uffff\ue000\U0010ffff"), "\"\ufffd\uffff\ue000\U0010ffff\""},
	{BYTES("\ud7ff\u0800\u07ff\U00010000"), "\"\ud7ff\u0800\u07ff\U00010000\""},
};

static const struct bytes_case invalid[] = {
	/* alone */
	{BYTES("\x80"), "\"" FFFD "\",\"k_b64\":\"gA==\""},
	{BYTES("\xff"), "\"" FFFD "\",\"k_b64\":\"/w==\""},
	{BYTES("\xff\xfe"), "\"" FFFD FFFD "\",\"k_b64\":\"//4=\""},
	{BYTES("\xff\xfe\xfd"), "\"" FFFD FFFD FFFD "\",\"k_b64\":\"//79\""},
	{BYTES("\xfb\xef\xbe\xff"), "\"" FFFD FFFD FFFD "\",\"k_b64\":\"++++/w==\""},
	{BYTES("gr\xf6\xdf"
	       "e\n"),
	 "\"gr" FFFD FFFD "e\\n\",\"k_b64\":\"Z3L232UK\""},
	/* cut short: one for the whole part, at the end and before something else */
	{BYTES("a\xc3"), "\"a" FFFD "\",\"k_b64\":\"YcM=\""},
	{BYTES("\xe2\x82"), "\"" FFFD "\",\"k_b64\":\"4oI=\""},
	{BYTES("\xe2\x82z"), "\"" FFFD "z\",\"k_b64\":\"4oJ6\""},
	{BYTES("\xf0\x9f\x98"), "\"" FFFD "\",\"k_b64\":\"8J+Y\""},
	{BYTES("\xf0\x9f\x98\""), "\"" FFFD "\\\"\",\"k_b64\":\"8J+YIg==\""},
	{BYTES("\xe2\x82\xe2\x82\xac"), "\"" FFFD "€\",\"k_b64\":\"4oLigqw=\""},
	/* overlong, surrogate, beyond the last plane: no part of it could begin a character */
	{BYTES("\xc0\x80"), "\"" FFFD FFFD "\",\"k_b64\":\"wIA=\""},
	{BYTES("\xe0\x80\x80"), "\"" FFFD FFFD FFFD "\",\"k_b64\":\"4ICA\""},
	{BYTES("\xed\xa0\x80"), "\"" FFFD FFFD FFFD "\",\"k_b64\":\"7aCA\""},
	{BYTES("\xf0\x80\x80\x80"), "\"" FFFD FFFD FFFD FFFD "\",\"k_b64\":\"8ICAgA==\""},
	{BYTES("\xf4\x90\x80\x80"), "\"" FFFD FFFD FFFD FFFD "\",\"k_b64\":\"9JCAgA==\""},
	/* the example of the Unicode standard, table 3-8 */
	{BYTES("\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64"),
	 "\"a" FFFD FFFD FFFD "b" FFFD "c" FFFD FFFD "d\",\"k_b64\":\"YfGAgOGAwmKAY4C/ZA==\""},
};

static void check_bytes(struct json *j, const struct bytes_case *c)
{
	start_over(j);
	json_bytes(j, "k", c->in, c->len);
	assert_memory_equal(j->out.data, "\"k\":", 4);
	assert_string_equal(j->out.data + 4, c->want);
	assert_null(u8_check((const uint8_t *)j->out.data, j->out.len));
	/* and the next member has its comma */
	json_null(j, "n");
	assert_string_equal(j->out.data + 4 + strlen(c->want), ",\"n\":null");
}

static void test_bytes(void **state)
{
	for (size_t i = 0; i < COUNT(valid); i++)
		check_bytes(*state, &valid[i]);
	for (size_t i = 0; i < COUNT(invalid); i++)
		check_bytes(*state, &invalid[i]);
}

static void test_str(void **state)
{
	struct json *j = *state;

	for (size_t i = 0; i < COUNT(valid); i++) {
		if (memchr(valid[i].in, '\0', valid[i].len))
			continue;
		start_over(j);
		json_str(j, "k", valid[i].in);
		assert_string_equal(j->out.data + 4, valid[i].want);
	}
	/* a promise that was broken still gives valid JSON */
	start_over(j);
	json_str(j, "k", "a\xff");
	assert_string_equal(j->out.data, "\"k\":\"a" FFFD "\"");
}

/* An element of an array has no name that could take a suffix. */
static void test_bytes_without_key(void **state)
{
	struct json *j = *state;

	json_open(j, NULL, '[');
	json_bytes(j, NULL, BYTES("\xff"));
	json_bytes(j, NULL, NULL, 0);
	json_close(j, ']');
	assert_string_equal(j->out.data, "[\"" FFFD "\",\"\"]");
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Every byte value, at every place and length: what comes back is what went in. */
static void test_base64(void **state)
{
	struct json *j = *state;

	for (size_t len = 1; len <= 300; len++) {
		const char *b64;
		char in[300] = "";
		size_t at = 0;

		for (size_t i = 0; i < len; i++)
			in[i] = (char)(255 - i);
		start_over(j);
		json_bytes(j, "k", in, len);
		b64 = strstr(j->out.data, ",\"k_b64\":\"");
		assert_non_null(b64);
		b64 += strlen(",\"k_b64\":\"");
		assert_int_equal(strlen(b64), (len + 2) / 3 * 4 + 1);
		for (uint32_t bits = 0, have = 0; *b64 != '"' && *b64 != '='; b64++) {
			assert_true(base64_value(*b64) >= 0);
			bits = bits << 6 | (uint32_t)base64_value(*b64);
			have += 6;
			if (have < 8)
				continue;
			have -= 8;
			assert_int_equal(bits >> have & 0xff, (uint8_t)in[at++]);
		}
		assert_int_equal(at, len);
		assert_int_equal(strspn(b64, "="), (3 - len % 3) % 3);
	}
}

/* ---- arrays of strings ---- */

static void test_strings(void **state)
{
	static const struct bytes_case cases[] = {
		{BYTES(""), "[]"},
		{BYTES("\0"), "[\"\"]"},
		{BYTES("ls\0"), "[\"ls\"]"},
		{BYTES("ls"), "[\"ls\"]"}, /* cut short */
		{BYTES("ls\0-l\0"), "[\"ls\",\"-l\"]"},
		{BYTES("ls\0-l"), "[\"ls\",\"-l\"]"},
		{BYTES("ls\0\0\0-l\0"), "[\"ls\",\"\",\"\",\"-l\"]"},
		{BYTES("\0\0"), "[\"\",\"\"]"},
		{BYTES("a\"\n\0文\0"), "[\"a\\\"\\n\",\"文\"]"},
		{BYTES("\xff\0"), "[\"" FFFD "\"],\"k_b64\":[\"/w==\"]"},
		{BYTES("ls\0\xff\0\0x\xe2\x82"), "[\"ls\",\"" FFFD "\",\"\",\"x" FFFD
						 "\"],\"k_b64\":[null,\"/w==\",null,\"eOKC\"]"},
		{BYTES("\xff\0ok\0"), "[\"" FFFD "\",\"ok\"],\"k_b64\":[\"/w==\",null]"},
	};
	struct json *j = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		start_over(j);
		json_strings(j, "k", cases[i].in, cases[i].len);
		assert_memory_equal(j->out.data, "\"k\":", 4);
		assert_string_equal(j->out.data + 4, cases[i].want);
		json_null(j, "n");
		assert_string_equal(j->out.data + 4 + strlen(cases[i].want), ",\"n\":null");
	}
	start_over(j);
	json_strings(j, "k", NULL, 0);
	assert_string_equal(j->out.data, "\"k\":[]");
	start_over(j);
	json_strings(j, NULL, BYTES("\xff\0"));
	assert_string_equal(j->out.data, "[\"" FFFD "\"]");
}

/* What is beside each other must agree: U+FFFD was put in exactly where bytes follow. */
static void test_strings_agree(void **state)
{
	static const uint8_t edges[] = {0x41, 0x80, 0x90, 0xa0, 0xbf, 0xc1, 0xc2, 0xe0,
					0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff};
	struct json *j = *state;

	for (uint32_t i = 0; i < 1 << 16; i++) {
		char in[4];
		bool replaced, followed;

		for (int k = 0; k < 4; k++)
			in[k] = (char)edges[i >> 4 * k & 15];
		start_over(j);
		json_strings(j, "k", in, sizeof(in));
		replaced = strstr(j->out.data, FFFD);
		followed = strstr(j->out.data, "k_b64");
		assert_int_equal(replaced, followed);
		assert_null(u8_check((const uint8_t *)j->out.data, j->out.len));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_empty, begin, end),
		cmocka_unit_test_setup_teardown(test_line, begin, end),
		cmocka_unit_test_setup_teardown(test_numbers, begin, end),
		cmocka_unit_test_setup_teardown(test_bytes, begin, end),
		cmocka_unit_test_setup_teardown(test_str, begin, end),
		cmocka_unit_test_setup_teardown(test_bytes_without_key, begin, end),
		cmocka_unit_test_setup_teardown(test_base64, begin, end),
		cmocka_unit_test_setup_teardown(test_strings, begin, end),
		cmocka_unit_test_setup_teardown(test_strings_agree, begin, end),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
