// SPDX-License-Identifier: GPL-2.0-only
/*
 * docs/trace-format.md shows a small trace byte by byte.  Here it is written by the writer
 * and read by the reader, so that the page cannot drift from what they do; and the table of
 * fields there is compared with the one in src/trace/fields.c.
 */
#include "test_trace.h"

#include <zlib.h>

#include "trace/codec.h"

#define CODING_CRC 0x3859c71f
#define CODING_CRC_1_1 0xcdc4bd6f /* with the kinds that 1.1 brought */

/* It lies where this file was compiled: unit tests run from the same place. */
static FILE *open_page(void)
{
	char path[sizeof(__FILE__) + 64];
	const char *here = strrchr(__FILE__, '/');
	FILE *f;

	assert_non_null(here);
	snprintf(path, sizeof(path), "%.*s/../../docs/trace-format.md", (int)(here - __FILE__),
		 __FILE__);
	f = fopen(path, "r");
	assert_non_null(f);
	return f;
}

/* The bytes between ```hex and ```; what follows a # is for people. */
static size_t page_bytes(uint8_t *to, size_t size)
{
	FILE *f = open_page();
	char line[256];
	bool inside = false;
	size_t n = 0;

	while (fgets(line, sizeof(line), f)) {
		char *p = line;
		unsigned byte;
		int len;

		if (!strncmp(line, "```", 3)) {
			inside = !inside && !strncmp(line, "```hex", 6);
			continue;
		}
		line[strcspn(line, "#\n")] = '\0';
		while (inside && sscanf(p, "%2x%n", &byte, &len) == 1) {
			assert_in_range(n, 0, size - 1);
			to[n++] = (uint8_t)byte;
			p += len;
		}
	}
	fclose(f);
	return n;
}

/* A shell (21) forks 22 at t0 + 5 ms; that exits with 3 after 1 ms and is reaped. */
/* clang-format off */
#define SHELL {T0 - 1000000, 21, 0}
#define CHILD {T0 + 4990000, 22, 22}
/* clang-format on */

static const struct ev_fork example_fork = {
	.h = {.ts = T0 + 5000000, .kind = EV_FORK, .who = CHILD, .comm = "sh"},
	.parent = SHELL,
	.creator = {T0 - 1000000, 21, 21},
	.clone_flags = 0x1200000,
	.cgroup_id = 1,
	.ns_pid = 22,
	.pid_ns = 0xeffffffc,
};

static const struct ev_exit example_exit = {
	.h = {.ts = T0 + 6000000, .kind = EV_EXIT, .who = CHILD, .comm = "sh"},
	.parent = SHELL,
	.adopter = {10000000, 1, 0},
	.adopter_comm = "init",
	.status = 3 << 8,
	.max_rss_kib = 700,
};

static const struct ev_reap example_reap = {
	.h = {.ts = T0 + 6040000, .kind = EV_REAP, .who = CHILD, .flags = EVF_EXACT, .comm = "sh"},
	.by = {T0 - 1000000, 21, 21},
	.by_comm = "sh",
	.parent = SHELL,
	.cpu_ns = 400000,
};

static const struct event example_end = {.ts = T0 + 7000000, .kind = EV_END};

static const struct event *const example[] = {
	&example_fork.h,
	&example_exit.h,
	&example_reap.h,
	&example_end,
};

static uint8_t *write_example(size_t *len)
{
	const struct meta meta = {.host = "h", .t0 = T0, .wall0 = 1700000000000000000ULL};
	const struct trace_writer_options opt = {.trace_id = TRACE_ID};
	struct trace_writer *w;
	uint8_t *bytes;
	int fd = new_file();

	assert_int_equal(trace_writer_new(&w, fd, &meta, &opt), 0);
	for (size_t i = 0; i < sizeof(example) / sizeof(example[0]); i++)
		assert_int_equal(trace_writer_add(w, example[i]), 0);
	assert_int_equal(trace_writer_close(w, NULL), 0);
	bytes = bytes_of(fd, len);
	close(fd);
	return bytes;
}

static void test_example_is_written(void **state)
{
	uint8_t page[2048];
	size_t n = page_bytes(page, sizeof(page)), len;
	uint8_t *bytes = write_example(&len);

	(void)state;
	if (getenv("TRACE_EXAMPLE")) /* to make the page */
		for (size_t i = 0; i < len; i++)
			fprintf(stderr, "%02x%c", bytes[i], i % 16 == 15 ? '\n' : ' ');
	assert_int_equal(len, n);
	assert_memory_equal(bytes, page, n);
	free(bytes);
}

static void test_example_is_read(void **state)
{
	uint8_t page[2048];
	int fd = file_of(page, page_bytes(page, sizeof(page)));
	struct trace_reader *r = new_reader(fd);
	const struct event *ev;

	(void)state;
	assert_string_equal(trace_reader_meta(r)->host, "h");
	for (size_t i = 0; i < sizeof(example) / sizeof(example[0]); i++) {
		assert_int_equal(trace_reader_next(r, &ev), 1);
		assert_true(same_event(ev, example[i]));
	}
	expect_end(r, 0);
	close(fd);
}

/* --- all the rest of the coding ------------------------------------------------------------ */

/*
 * Events of all kinds, made up as they always are, make the same bytes as they always did.
 * Where these change, so did the format, and with it its version: see "Versions".
 */
static uint32_t coding_crc(uint32_t kinds)
{
	uint64_t x = 42, ts = T0;
	struct codec *c;
	uint8_t *raw;
	uint32_t len, crc;

	assert_int_equal(encoder_new(&c), 0);
	for (int i = 0; i < 600; i++) {
		struct any_event e;
		uint16_t kind = (uint16_t)below(&x, kinds);

		ts += below(&x, 1000000);
		if (!trace_kinds[kind].size)
			continue;
		rnd_event(&x, &e, kind, ts);
		assert_int_equal(encoder_add(c, &e.ev.h, ts), 0);
	}
	raw = encoder_seal(c, &len);
	assert_non_null(raw);
	crc = (uint32_t)crc32(0, raw, len);
	free(raw);
	codec_free(c);
	return crc;
}

static void test_coding_is_kept(void **state)
{
	(void)state;
	assert_int_equal(coding_crc(EV_END + 1), CODING_CRC);
	assert_int_equal(coding_crc(EV_KINDS), CODING_CRC_1_1);
}

/* --- the table of fields ----------------------------------------------------------------- */

static const char *const type_names[] = {
	[FIELD_U16] = "u16",	     [FIELD_U32] = "u32",	  [FIELD_U64] = "u64",
	[FIELD_DELTA] = "delta",     [FIELD_AGE] = "age",	  [FIELD_NS_PID] = "ns pid",
	[FIELD_TID] = "tid",	     [FIELD_REF] = "identity",	  [FIELD_PARENT] = "parent",
	[FIELD_CREATOR] = "creator", [FIELD_INHERIT] = "inherit", [FIELD_COMM] = "comm",
	[FIELD_BYTES] = "bytes",
};

static const char *const expect_names[] = {
	[EXPECT_NONE] = "nothing",	 [EXPECT_LAST] = "last",
	[EXPECT_TGID] = "tgid",		 [EXPECT_TGID_OR_NONE] = "tgid or 0",
	[EXPECT_WHO_TID] = "tid of who", [EXPECT_REF] = "ref",
	[EXPECT_PARENT] = "parent",	 [EXPECT_OWN] = "memory",
	[EXPECT_ITS] = "its comm",	 [EXPECT_FILE] = "file",
	[EXPECT_LEN] = "length",
};

/* "| 1.4 | comm | comm | memory |": kind.field, name, type, expected. */
static void test_table(void **state)
{
	FILE *f = open_page();
	char line[256];
	unsigned rows = 0, fields = 0;

	(void)state;
	while (fgets(line, sizeof(line), f)) {
		char name[64], type[64], expect[64];
		unsigned kind, n;

		if (sscanf(line, "| %u.%u | %63[^|] | %63[^|] | %63[^|] |", &kind, &n, name, type,
			   expect) != 5)
			continue;
		type[strlen(type) - 1] = expect[strlen(expect) - 1] = '\0';
		assert_in_range(kind, 1, EV_KINDS - 1);
		assert_in_range(n, 0, trace_kinds[kind].n - 1);
		assert_string_equal(type, type_names[trace_kinds[kind].fields[n].type]);
		assert_string_equal(expect, expect_names[trace_kinds[kind].fields[n].expect]);
		rows++;
	}
	fclose(f);
	for (unsigned kind = 0; kind < EV_KINDS; kind++)
		fields += trace_kinds[kind].n;
	assert_int_equal(rows, fields);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example_is_written),
		cmocka_unit_test(test_example_is_read),
		cmocka_unit_test(test_coding_is_kept),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
