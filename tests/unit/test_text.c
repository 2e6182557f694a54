// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of src/base/text.h: text.c, escape.c and units.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unictype.h>
#include <unistd.h>
#include <unistr.h>

#include <cmocka.h>

#include "base/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
/* A literal with NULs in it, and its length. */
#define BYTES(s) (s), sizeof(s) - 1

/* The same numbers in every run: a failure can be had again. */
static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* ---- the string ---- */

static void test_add(void **state)
{
	struct text t = {0};

	(void)state;
	text_add(&t, NULL, 0);
	assert_non_null(t.data);
	assert_string_equal(t.data, "");
	text_adds(&t, "ab");
	text_add(&t, BYTES("c\0d"));
	text_adds(&t, "");
	assert_int_equal(t.len, 5);
	assert_memory_equal(t.data, "abc\0d", 6);
	text_free(&t);
	assert_null(t.data);
	assert_int_equal(t.len, 0);
	text_free(&t);
}

static void test_add_much(void **state)
{
	struct text t = {0};
	char block[1000];

	(void)state;
	memset(block, 'x', sizeof(block));
	for (size_t i = 0; i < 1000; i++) {
		text_add(&t, block, i);
		assert_true(t.len < t.cap);
		assert_int_equal(t.data[t.len], 0);
	}
	assert_int_equal(t.len, 499500);
	assert_int_equal(strspn(t.data, "x"), 499500);
	text_free(&t);
}

static void test_clear_keeps_memory(void **state)
{
	struct text t = {0};
	char *data;

	(void)state;
	text_clear(&t); /* nothing there yet */
	assert_null(t.data);
	text_adds(&t, "something");
	data = t.data;
	text_clear(&t);
	assert_ptr_equal(t.data, data);
	assert_string_equal(t.data, "");
	assert_int_equal(t.len, 0);
	text_free(&t);
}

static void test_addf(void **state)
{
	struct text t = {0};

	(void)state;
	text_addf(&t, "%s", "");
	assert_string_equal(t.data, "");
	text_addf(&t, "%d-%s", -5, "x");
	assert_string_equal(t.data, "-5-x");
	/* every length around what is left in the first piece of memory */
	for (int n = 0; n < 600; n++) {
		text_clear(&t);
		text_addf(&t, "<%*s>", n, "");
		assert_int_equal(t.len, n + 2);
		assert_int_equal(strlen(t.data), n + 2);
		assert_int_equal(t.data[n + 1], '>');
		text_free(&t);
	}
}

static void test_addu(void **state)
{
	static const uint64_t values[] = {0,	     1, 9, 10, 99, 100, 4294967296, UINT64_MAX - 1,
					  UINT64_MAX};
	struct text t = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		char want[32];

		snprintf(want, sizeof(want), "%llu", (unsigned long long)values[i]);
		text_clear(&t);
		text_addu(&t, values[i]);
		assert_string_equal(t.data, want);
	}
	text_free(&t);
}

/* More than there can be: says so in one line and ends with 125. */
static void test_out_of_memory(void **state)
{
	static const char want[] = "brood: out of memory\n";
	volatile size_t huge = SIZE_MAX;
	char said[100] = "";
	int fds[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct text t = {0};

		dup2(fds[1], STDERR_FILENO);
		text_grow(&t, huge);
		_exit(0);
	}
	close(fds[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(read(fds[0], said, sizeof(said) - 1), sizeof(want) - 1);
	close(fds[0]);
	assert_string_equal(said, want);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 125);
}

/* ---- decoding ---- */

/* Unicode 15, table 3-7: what may stand at place i of a character that begins with s[0]. */
static bool may_follow(const uint8_t *s, size_t i)
{
	uint8_t low = 0x80, high = 0xbf;

	if (i == 1 && s[0] == 0xe0)
		low = 0xa0;
	if (i == 1 && s[0] == 0xed)
		high = 0x9f;
	if (i == 1 && s[0] == 0xf0)
		low = 0x90;
	if (i == 1 && s[0] == 0xf4)
		high = 0x8f;
	return s[i] >= low && s[i] <= high;
}

/* By that table: the length of the first character or maximal invalid part. */
static size_t reference_decode(const uint8_t *s, size_t len, bool *valid)
{
	size_t need = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	size_t n = 1;

	if (s[0] > 0xf4)
		need = 0;
	while (n < need && n < len && may_follow(s, n))
		n++;
	*valid = n == need;
	return n;
}

static void check_decode(const uint8_t *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		bool valid;
		size_t want = reference_decode(s + i, len - i, &valid);
		uint32_t cp;

		assert_int_equal(text_decode((const char *)s + i, len - i, &cp), want);
		assert_int_equal(cp != TEXT_INVALID, valid);
		if (valid) {
			uint8_t back[4];

			assert_int_equal(u8_uctomb(back, cp, sizeof(back)), want);
			assert_memory_equal(back, s + i, want);
		}
		i += want;
	}
}

/* All sequences of up to four bytes, each just inside or outside of what the table allows. */
static void test_decode_all(void **state)
{
	static const uint8_t edges[] = {
		0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf,
		0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff,
	};
	const size_t n = COUNT(edges);
	size_t total = 1;

	(void)state;
	for (size_t len = 1; len <= 4; len++) {
		total *= n;
		for (size_t i = 0; i < total; i++) {
			uint8_t *s = malloc(len); /* so that a sanitizer sees reads beyond */
			size_t rest = i;

			assert_non_null(s);
			for (size_t k = 0; k < len; k++, rest /= n)
				s[k] = edges[rest % n];
			check_decode(s, len);
			free(s);
		}
	}
}

/* ---- escaping ---- */

struct escape_case {
	const char *in;
	size_t len;
	const char *want;
};

static const struct escape_case escapes[] = {
	{BYTES(""), ""},
	{BYTES("a"), "a"},
	{BYTES("server"), "server"},
	{BYTES("/usr/bin/[ -x '$y' \"z\" ~"), "/usr/bin/[ -x '$y' \"z\" ~"},
	/* C0, DEL, backslash */
	{BYTES("\0"), "\\x00"},
	{BYTES("a\nb\tc\rd\033e"), "a\\nb\\tc\\rd\\ee"},
	{BYTES("\a\b\v\f\x01\x1f"), "\\x07\\x08\\x0b\\x0c\\x01\\x1f"},
	{BYTES("\033[31mred\033]0;title\a"), "\\e[31mred\\e]0;title\\x07"},
	{BYTES("\x7f"), "\\x7f"},
	{BYTES("\\"), "\\\\"},
	{BYTES("\\n is not \n"), "\\\\n is not \\n"},
	/* C1, as UTF-8 and as the bare byte: CSI of 8-bit terminals */
	{BYTES("\xc2\x85"), "\\u{85}"},
	{BYTES("\xc2\x80\xc2\x9b\xc2\x9f"), "\\u{80}\\u{9b}\\u{9f}"},
	{BYTES("\x9b"), "\\x9b"},
	{BYTES("\u00a0"), "\u00a0"},
	{BYTES("\u00ad"), "\\u{ad}"},
	/* ordinary text beyond ASCII */
	{BYTES("größe"), "größe"},
	{BYTES("Ελλάδα Киев עברית العربية हिन्दी ภาษาไทย"),
	 "Ελλάδα Киев עברית العربية हिन्दी ภาษาไทย"},
	{BYTES("文件 ファイル 파일"), "文件 ファイル 파일"},
	{BYTES("\U0001f600"), "\U0001f600"},
	{BYTES("e\u0301"), "e\u0301"},
	{BYTES("\ufffd"), "\ufffd"},
	/* a mark with nothing to sit on */
	{BYTES("\u0301e"), "\\u{301}e"},
	{BYTES("\n\u0301"), "\\n\\u{301}"},
	{BYTES("\xff\u0301"), "\\xff\\u{301}"},
	/* direction: RTL override and friends */
	{BYTES("gpj.\u202eexe"), "gpj.\\u{202e}exe"},
	{BYTES("\u061c\u200e\u200f\u202a\u202b\u202c\u202d"),
	 "\\u{61c}\\u{200e}\\u{200f}\\u{202a}\\u{202b}\\u{202c}\\u{202d}"},
	{BYTES("\u2066\u2067\u2068\u2069"), "\\u{2066}\\u{2067}\\u{2068}\\u{2069}"},
	/* lines and paragraphs */
	{BYTES("a\u2028b\u2029c"), "a\\u{2028}b\\u{2029}c"},
	/* invisible: zero-width space, joiners, BOM, Hangul filler, variation selector, tag */
	{BYTES("a\u200bb\u200c\u200d\ufeff"), "a\\u{200b}b\\u{200c}\\u{200d}\\u{feff}"},
	{BYTES("x\u034f\u3164\uffa0\ufe0f"), "x\\u{34f}\\u{3164}\\u{ffa0}\\u{fe0f}"},
	{BYTES("x\U000e0041"), "x\\u{e0041}"},
	/* private, unassigned, no characters */
	{BYTES("\ue000\U0010fffd"), "\\u{e000}\\u{10fffd}"},
	{BYTES("\u0378"), "\\u{378}"},
	{BYTES("\uffff\U0001ffff\U0010ffff"), "\\u{ffff}\\u{1ffff}\\u{10ffff}"},
	/* not UTF-8: alone, cut short, overlong, surrogate, beyond the last plane */
	{BYTES("\x80"), "\\x80"},
	{BYTES("\xff\xfe"), "\\xff\\xfe"},
	{BYTES("gr\xf6\xdf"
	       "e"),
	 "gr\\xf6\\xdfe"},
	{BYTES("a\xc3"), "a\\xc3"},
	{BYTES("a\xe2\x82"), "a\\xe2\\x82"},
	{BYTES("\xe2\x82z"), "\\xe2\\x82z"},
	{BYTES("\xf0\x9f\x98"), "\\xf0\\x9f\\x98"},
	{BYTES("\xc0\x80\xc1\xbf"), "\\xc0\\x80\\xc1\\xbf"},
	{BYTES("\xe0\x80\x9b"), "\\xe0\\x80\\x9b"},
	{BYTES("\xf0\x80\x80\x8a"), "\\xf0\\x80\\x80\\x8a"},
	{BYTES("\xed\xa0\x80\xed\xbf\xbf"), "\\xed\\xa0\\x80\\xed\\xbf\\xbf"},
	{BYTES("\xf4\x90\x80\x80\xf8\x88\x80\x80\x80"),
	 "\\xf4\\x90\\x80\\x80\\xf8\\x88\\x80\\x80\\x80"},
	{BYTES("\xe2\x82\xe2\x82\xac"), "\\xe2\\x82€"},
};

static void test_escape_table(void **state)
{
	struct text t = {0};

	(void)state;
	text_escape(&t, NULL, 0);
	assert_string_equal(t.data, "");
	for (size_t i = 0; i < COUNT(escapes); i++) {
		const struct escape_case *c = &escapes[i];

		text_clear(&t);
		text_adds(&t, "> ");
		text_escape(&t, c->in, c->len);
		assert_string_equal(t.data + 2, c->want);
		assert_int_equal(t.len, strlen(c->want) + 2);
	}
	text_free(&t);
}

static uint32_t unhex(const char *s, size_t digits)
{
	char copy[9] = "";
	char *end;
	unsigned long v;

	memcpy(copy, s, digits);
	v = strtoul(copy, &end, 16);
	assert_ptr_equal(end, copy + digits);
	return (uint32_t)v;
}

/* The way back: what text_escape() made, as the bytes it came from. */
static void unescape(struct text *out, const char *s)
{
	static const char shorts[] = "n\nt\tr\re\033\\\\";

	while (*s) {
		const char *close, *found;

		if (*s != '\\') {
			text_add(out, s++, 1);
			continue;
		}
		s++;
		assert_true(*s);
		if (*s == 'x') {
			char byte = (char)unhex(s + 1, 2);

			text_add(out, &byte, 1);
			s += 3;
		} else if (*s == 'u') {
			uint8_t utf8[6];
			int n;

			assert_int_equal(s[1], '{');
			close = strchr(s, '}');
			assert_non_null(close);
			n = u8_uctomb(utf8, unhex(s + 2, (size_t)(close - s) - 2), sizeof(utf8));
			assert_true(n > 0);
			text_add(out, (const char *)utf8, (size_t)n);
			s = close + 1;
		} else {
			found = strchr(shorts, *s);
			assert_non_null(found);
			text_add(out, found + 1, 1);
			s++;
		}
	}
}

/* Printable, unambiguous, and not longer than promised. */
static void check_escape(struct text *t, struct text *back, const char *in, size_t len)
{
	text_clear(t);
	text_escape(t, in, len);
	assert_true(t->len <= 4 * len);
	for (size_t i = 0, n; i < t->len; i += n) {
		uint32_t cp;

		n = text_decode(t->data + i, t->len - i, &cp);
		assert_int_not_equal(cp, TEXT_INVALID);
		assert_false(uc_is_general_category(cp, UC_CATEGORY_C));
		assert_false(uc_is_general_category(cp, UC_CATEGORY_Zl));
		assert_false(uc_is_general_category(cp, UC_CATEGORY_Zp));
		assert_false(uc_is_property_bidi_control(cp));
		assert_false(uc_is_property_zero_width(cp));
	}
	text_clear(back);
	unescape(back, t->data);
	assert_int_equal(back->len, len);
	assert_memory_equal(back->data, in, len);
}

static void test_escape_every_code_point(void **state)
{
	struct text t = {0}, back = {0};

	(void)state;
	text_adds(&back, "");
	for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
		char in[8] = "a";
		int n = u8_uctomb((uint8_t *)in + 1, cp, 6);

		if (n < 0) { /* a surrogate; spell it as Java does */
			in[1] = (char)0xed;
			in[2] = (char)(0x80 | (cp >> 6 & 0x3f));
			in[3] = (char)(0x80 | (cp & 0x3f));
			n = 3;
		}
		check_escape(&t, &back, in, (size_t)n + 1);
	}
	text_free(&t);
	text_free(&back);
}

static void test_escape_random(void **state)
{
	static const char alphabet[] =
		"a \\\n\033\x7f\x80\x9b\xa0\xbf\xc2\xcc\xe2\xed\xef\xf0\xf4\xff";
	struct text t = {0}, back = {0};
	uint32_t seed = 1;

	(void)state;
	text_adds(&back, "");
	for (int round = 0; round < 20000; round++) {
		size_t len = random_next(&seed) % 40;
		char in[40];

		for (size_t i = 0; i < len; i++) {
			uint32_t r = random_next(&seed);

			in[i] = (char)r;
			if (round % 2)
				in[i] = alphabet[r % (sizeof(alphabet) - 1)];
		}
		check_escape(&t, &back, in, len);
	}
	text_free(&t);
	text_free(&back);
}

/* ---- arguments ---- */

struct args_case {
	const char *in;
	size_t len;
	bool more;
	const char *want;
};

static const struct args_case arguments[] = {
	{BYTES(""), false, ""},
	{BYTES("ls\0"), false, "ls"},
	{BYTES("ls"), false, "ls"}, /* its NUL is missing; nothing was cut */
	{BYTES("\0"), false, "''"},
	{BYTES("\0\0\0"), false, "'' '' ''"},
	{BYTES("cc\0-DA=1\0-I.\0a-b_c.c\0@x,y:z+%\0"), false, "cc -DA=1 -I. a-b_c.c @x,y:z+%"},
	{BYTES("echo\0two words\0"), false, "echo 'two words'"},
	{BYTES("a\0#\0~\0*\0?\0[\0{}\0!\0;\0&\0|\0<\0>\0(\0`\0$x\0\"\0^\0"), false,
	 "a '#' '~' '*' '?' '[' '{}' '!' ';' '&' '|' '<' '>' '(' '`' '$x' '\"' '^'"},
	{BYTES("grep\0a\\.b\0"), false, "grep 'a\\.b'"},
	{BYTES("sh\0-c\0exec \"$0\" \"$@\"\0"), false, "sh -c 'exec \"$0\" \"$@\"'"},
	/* a single quote */
	{BYTES("'\0"), false, "\"'\""},
	{BYTES("echo\0it's here; ok\0"), false, "echo \"it's here; ok\""},
	{BYTES("echo\0it's $5\0"), false, "echo $'it\\'s $5'"},
	{BYTES("a\0'\"'\0'`\0'!\0'\\\0"), false, "a $'\\'\"\\'' $'\\'`' $'\\'!' $'\\'\\\\'"},
	/* what must be escaped */
	{BYTES("a\nb\0"), false, "$'a\\nb'"},
	{BYTES("a\0\t\r\033\x01\x7f\0"), false, "a $'\\t\\r\\e\\x01\\x7f'"},
	{BYTES("a\0\\\n'\"\0"), false, "a $'\\\\\\n\\'\"'"},
	{BYTES("a\0\xff\x80\0"), false, "a $'\\xff\\x80'"},
	{BYTES("a\0\xc2\x85\u202e\U000e0041\0"), false, "a $'\\u0085\\u202e\\U000e0041'"},
	{BYTES("a\0\u0301\0e\u0301\0"), false, "a $'\\u0301' e\u0301"},
	/* beyond ASCII: as it is, quoted where a space is in it */
	{BYTES("vi\0größe.txt\0文件\0"), false, "vi größe.txt 文件"},
	{BYTES("vi\0文\u3000件\0a\u00a0b\0"), false, "vi '文\u3000件' 'a\u00a0b'"},
	/* a first word with = would be an assignment */
	{BYTES("A=1\0B=2\0"), false, "'A=1' B=2"},
	/* cut */
	{BYTES(""), true, "…"},
	{BYTES("ls\0"), true, "ls …"},
	{BYTES("ls\0-l"), true, "ls -l…"},
	{BYTES("ls\0two wo"), true, "ls 'two wo'…"},
	{BYTES("ls\0it's"), true, "ls \"it's\"…"},
	{BYTES("ls\0a\n"), true, "ls $'a\\n'…"},
	/* cut within a character: that is not the fault of the argument */
	{BYTES("ls\0gr\xc3"), true, "ls gr…"},
	{BYTES("ls\0x\xe2\x82"), true, "ls x…"},
	{BYTES("ls\0x\xf0\x9f\x98"), true, "ls x…"},
	{BYTES("ls\0\xe2\x82"), true, "ls …"},
	{BYTES("ls\0x\xe2\x82\xac"), true, "ls x€…"},
	{BYTES("ls\0x\xff"), true, "ls $'x\\xff'…"},
	{BYTES("ls\0gr\xc3\0"), true, "ls $'gr\\xc3' …"},
	{BYTES("ls\0gr\xc3"), false, "ls $'gr\\xc3'"},
};

static void test_args_table(void **state)
{
	struct text t = {0};

	(void)state;
	text_args(&t, NULL, 0, false);
	assert_string_equal(t.data, "");
	for (size_t i = 0; i < COUNT(arguments); i++) {
		const struct args_case *c = &arguments[i];

		text_clear(&t);
		text_adds(&t, "> ");
		text_args(&t, c->in, c->len, c->more);
		assert_string_equal(t.data + 2, c->want);
		assert_int_equal(t.len, strlen(c->want) + 2);
	}
	text_free(&t);
}

/* Runs a script with bash and gives what it wrote; false where there is no bash. */
static bool run_bash(const struct text *script, struct text *out)
{
	FILE *in = tmpfile(), *result = tmpfile();
	int status;
	char buf[4096];
	size_t n;
	pid_t pid;

	assert_non_null(in);
	assert_non_null(result);
	assert_int_equal(fwrite(script->data, 1, script->len, in), script->len);
	rewind(in);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		setenv("LC_ALL", "C.UTF-8", 1);
		dup2(fileno(in), STDIN_FILENO);
		dup2(fileno(result), STDOUT_FILENO);
		execlp("bash", "bash", "--norc", (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	fclose(in);
	rewind(result);
	while ((n = fread(buf, 1, sizeof(buf), result)))
		text_add(out, buf, n);
	fclose(result);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return false;
	assert_int_equal(status, 0);
	return true;
}

/* What text_args() shows is what a shell would make of it: ask one. */
static void test_args_read_back(void **state)
{
	static const char *const pieces[] = {
		"a",	    "-",      "=",	    " ",      "'",	"\"",
		"\\",	    "$",      "`",	    "!",      "\n",	"\t",
		"\033",	    "\x01",   "#",	    "~",      "*",	"{a,b}",
		";",	    "\x7f",   "ö",	    "文",     "\u3000", "\u0301",
		"\xc2\x85", "\u202e", "\U000e0041", "\ue000", "\xff",	"\xe2\x82",
		"\xc0",	    "0",      "f",	    "x",      "u",	"…",
	};
	struct text script = {0}, want = {0}, got = {0};
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < 500; round++) {
		size_t args = 1 + random_next(&seed) % 8;
		size_t from = want.len;

		for (size_t a = 0; a < args; a++) {
			for (size_t n = random_next(&seed) % 7; n > 0; n--)
				text_adds(&want, pieces[random_next(&seed) % COUNT(pieces)]);
			text_add(&want, "", 1);
		}
		text_adds(&script, "printf '%s\\0' ");
		text_args(&script, want.data + from, want.len - from, false);
		text_adds(&script, "\n");
	}
	if (!run_bash(&script, &got)) {
		print_message("no bash here\n");
		skip();
	}
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.data, want.data, want.len);
	text_free(&script);
	text_free(&want);
	text_free(&got);
}

/* ---- columns ---- */

static void test_width(void **state)
{
	static const struct {
		const char *s;
		int want;
	} cases[] = {
		{"", 0},	   {"a", 1},	      {"/usr/bin/env", 12}, {"µs", 2},
		{"größe", 5},	   {"…└─", 3},	      {"文件", 4},	    {"a文b", 4},
		{"ｆｕｌｌ", 8},   {"ﾊﾝ", 2},	      {"e\u0301", 1},	    {"e\u0301\u0323x", 2},
		{"\U0001f600", 2}, {"\U00020000", 2}, {"한글", 4},	    {"עברית", 5},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(text_width(cases[i].s, strlen(cases[i].s)), cases[i].want);
	assert_int_equal(text_width("文件", 3), 2);
	assert_int_equal(text_width(NULL, 0), 0);
}

static void test_cut(void **state)
{
	static const struct {
		const char *in;
		int columns;
		const char *want;
	} cases[] = {
		{"", 0, ""},
		{"", 5, ""},
		{"abc", 4, "abc"},
		{"abc", 3, "abc"}, /* fits exactly */
		{"abcd", 3, "ab…"},
		{"abcd", 2, "a…"},
		{"abcd", 1, "…"},
		{"a", 1, "a"},
		{"abcd", 0, ""},
		{"abcd", -1, ""},
		/* wide: fits exactly, and one column that no half character can fill */
		{"文件", 4, "文件"},
		{"文件", 3, "文…"},
		{"文件", 2, "…"},
		{"文件", 1, "…"},
		{"文", 2, "文"},
		{"a文件", 4, "a文…"},
		{"a文件", 3, "a…"},
		{"文件a", 4, "文…"},
		/* marks stay with what they sit on */
		{"e\u0301", 1, "e\u0301"},
		{"abe\u0301", 3, "abe\u0301"},
		{"ae\u0301b", 2, "a…"},
		{"e\u0301bc", 2, "e\u0301…"},
		{"…", 1, "…"},
		{"……", 1, "…"},
	};
	struct text t = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		text_clear(&t);
		text_adds(&t, "文>");
		text_adds(&t, cases[i].in);
		text_cut(&t, strlen("文>"), cases[i].columns);
		assert_string_equal(t.data + strlen("文>"), cases[i].want);
		assert_int_equal(strlen(t.data), t.len);
		assert_memory_equal(t.data, "文>", strlen("文>"));
	}
	text_free(&t);
	text_cut(&t, 0, 10); /* nothing was ever added */
	assert_null(t.data);
}

/* Whatever is cut: it is not wider than asked, and no character is torn. */
static void test_cut_fits(void **state)
{
	static const char line[] = "a文b件e\u0301\u0323c\U0001f600d한e";
	struct text t = {0};
	int full = text_width(line, strlen(line));

	(void)state;
	for (int columns = 1; columns <= full + 1; columns++) {
		int width;

		text_clear(&t);
		text_adds(&t, line);
		text_cut(&t, 0, columns);
		width = text_width(t.data, t.len);
		assert_true(width <= columns);
		if (columns >= full)
			assert_string_equal(t.data, line);
		else
			assert_true(width >= columns - 1);
		assert_null(u8_check((const uint8_t *)t.data, t.len));
	}
	text_free(&t);
}

static void test_pad(void **state)
{
	static const struct {
		const char *in;
		int width;
		const char *want;
	} cases[] = {
		{"", 0, ""},	     {"", 3, "   "},
		{"ab", 4, "ab  "},   {"abcd", 4, "abcd"},
		{"abcd", 3, "abcd"}, {"ab", -1, "ab"},
		{"文", 4, "文  "},   {"e\u0301", 2, "e\u0301 "},
	};
	struct text t = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		text_clear(&t);
		text_adds(&t, "文>");
		text_adds(&t, cases[i].in);
		text_pad(&t, strlen("文>"), cases[i].width);
		assert_string_equal(t.data + strlen("文>"), cases[i].want);
		assert_int_equal(strlen(t.data), t.len);
	}
	text_free(&t);
	text_pad(&t, 0, 500); /* nothing was there, and more than the first piece of memory */
	assert_int_equal(t.len, 500);
	assert_int_equal(strspn(t.data, " "), 500);
	text_free(&t);
}

/* ---- units ---- */

#define US UINT64_C(1000)
#define MS (1000 * US)
#define S  (1000 * MS)
#define M  (60 * S)
#define H  (60 * M)
#define D  (24 * H)

static const struct {
	uint64_t value;
	const char *want;
} durations[] = {
	{0, "0 µs"},
	{1, "<1 µs"},
	{999, "<1 µs"},
	{1 * US, "1 µs"},
	{1 * US + 499, "1 µs"},
	{1 * US + 500, "2 µs"},
	{79 * US, "79 µs"},
	{999 * US + 499, "999 µs"},
	{999 * US + 500, "1.0 ms"}, /* not 1000 µs */
	{1 * MS, "1.0 ms"},
	{1 * MS + 49999, "1.0 ms"},
	{1 * MS + 50000, "1.1 ms"},
	{1234567, "1.2 ms"},
	{9949999, "9.9 ms"},
	{9950000, "10 ms"}, /* not 10.0 ms */
	{10 * MS, "10 ms"},
	{50 * MS, "50 ms"},
	{999 * MS + 499999, "999 ms"},
	{999 * MS + 500000, "1.0 s"}, /* not 1000 ms */
	{1 * S, "1.0 s"},
	{2 * S, "2.0 s"},
	{10 * S, "10.0 s"},
	{59 * S + 949999999, "59.9 s"},
	{59 * S + 950000000, "1m 00s"}, /* not 60.0 s */
	{1 * M, "1m 00s"},
	{3 * M + 5 * S, "3m 05s"},
	{3 * M + 20 * S, "3m 20s"},
	{59 * M + 59 * S + 499999999, "59m 59s"},
	{59 * M + 59 * S + 500000000, "1h 00m"}, /* not 60m 00s */
	{1 * H, "1h 00m"},
	{2 * H + 5 * M + 29 * S, "2h 05m"},
	{2 * H + 5 * M + 30 * S, "2h 06m"},
	{99 * H + 59 * M + 29 * S, "99h 59m"},
	{99 * H + 59 * M + 30 * S, "4d 04h"}, /* not 100h 00m */
	{12 * D + 3 * H, "12d 03h"},
	{999 * D + 23 * H, "999d 23h"},
	{999 * D + 23 * H + 30 * M, "1000d"},
	{UINT64_MAX, "213504d"},
};

static void test_duration(void **state)
{
	struct text t = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(durations); i++) {
		text_clear(&t);
		text_duration(&t, durations[i].value);
		assert_string_equal(t.data, durations[i].want);
	}
	/* at most 8 columns, whatever comes */
	for (uint64_t ns = 1, step; ns < UINT64_MAX / 2; ns += step) {
		text_clear(&t);
		text_duration(&t, ns);
		assert_true(text_width(t.data, t.len) <= 8);
		step = ns / 997 + 1;
	}
	text_free(&t);
}

static void test_kib(void **state)
{
	static const struct {
		uint64_t value;
		const char *want;
	} cases[] = {
		{0, "0 KiB"},
		{1, "1 KiB"},
		{512, "512 KiB"},
		{1023, "1023 KiB"},
		{1024, "1.0 MiB"},
		{1229, "1.2 MiB"},
		{10188, "9.9 MiB"},
		{10189, "10 MiB"}, /* 9.9502 */
		{10240, "10 MiB"},
		{1023 * 1024 + 511, "1023 MiB"},
		{1023 * 1024 + 512, "1.0 GiB"}, /* not 1024 MiB */
		{UINT64_C(1) << 20, "1.0 GiB"},
		{UINT64_C(37) << 20, "37 GiB"},
		{UINT64_C(1) << 30, "1.0 TiB"},
		{UINT64_C(1) << 40, "1.0 PiB"},
		{UINT64_C(1) << 50, "1.0 EiB"},
		{UINT64_C(1) << 60, "1.0 ZiB"},
		{UINT64_MAX, "16 ZiB"},
	};
	struct text t = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		text_clear(&t);
		text_kib(&t, cases[i].value);
		assert_string_equal(t.data, cases[i].want);
		assert_true(text_width(t.data, t.len) <= 8);
	}
	text_free(&t);
}

static void test_signal(void **state)
{
	/* Linux on x86 and ARM; 32 and 33 are the threads library's own */
	static const struct {
		int sig;
		const char *want;
	} cases[] = {
		{1, "HUP"},	   {2, "INT"},	      {6, "ABRT"},	 {9, "KILL"},
		{11, "SEGV"},	   {15, "TERM"},      {17, "CHLD"},	 {31, "SYS"},
		{32, "signal 32"}, {33, "signal 33"}, {34, "RTMIN"},	 {35, "RTMIN+1"},
		{37, "RTMIN+3"},   {49, "RTMIN+15"},  {50, "RTMAX-14"},	 {63, "RTMAX-1"},
		{64, "RTMAX"},	   {65, "signal 65"}, {77, "signal 77"}, {0, "signal 0"},
		{-1, "signal -1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(signal_short_name(cases[i].sig), cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_add_much),
		cmocka_unit_test(test_clear_keeps_memory),
		cmocka_unit_test(test_addf),
		cmocka_unit_test(test_addu),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_decode_all),
		cmocka_unit_test(test_escape_table),
		cmocka_unit_test(test_escape_every_code_point),
		cmocka_unit_test(test_escape_random),
		cmocka_unit_test(test_args_table),
		cmocka_unit_test(test_args_read_back),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_cut_fits),
		cmocka_unit_test(test_pad),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_kib),
		cmocka_unit_test(test_signal),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
