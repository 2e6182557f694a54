// SPDX-License-Identifier: GPL-2.0-only
/* The command line: what is understood, what is refused, and in which words. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "verbs/options.h"

#define ALL (OPT_LIVE | OPT_FILE | OPT_SELECT | OPT_OUTPUT | OPT_VIEW | OPT_TREE | OPT_FORMAT | OPT_ZOMBIE)
#define MS 1000000ULL

/* What was said on stderr during the last parse(). */
static char said[512];

/* Words separated by single spaces. */
static int parse(struct options *o, unsigned groups, const char *line)
{
	static char copy[512];
	char *argv[32], *save = NULL;
	int argc = 0, err, saved = dup(STDERR_FILENO), pipe_fd[2];
	ssize_t n;

	strcpy(copy, line);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	argv[argc] = NULL;
	assert_int_equal(pipe2(pipe_fd, O_NONBLOCK), 0);
	dup2(pipe_fd[1], STDERR_FILENO);
	err = options_parse(o, argc, argv, groups);
	dup2(saved, STDERR_FILENO);
	n = read(pipe_fd[0], said, sizeof(said) - 1);
	said[n > 0 ? n : 0] = '\0';
	close(saved);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	return err;
}

static void test_defaults(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, ALL, "brood"), 0);
	assert_int_equal(o.live.buffer, 8 << 20);
	assert_int_equal(o.live.args_max, 4096);
	assert_int_equal(o.live.zombie_after_ns, 100 * MS);
	assert_int_equal(o.live.for_ns, 0);
	assert_null(o.live.command);
	assert_null(o.output);
	assert_string_equal(o.format, "jsonl");
	assert_false(o.live.threads);
	assert_string_equal(said, "");
}

static void test_command(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, ALL, "brood --wait-all -- make -j8 --for"), 0);
	assert_string_equal(o.live.command[0], "make");
	assert_string_equal(o.live.command[1], "-j8");
	assert_string_equal(o.live.command[2], "--for"); /* not ours */
	assert_null(o.live.command[3]);
	assert_true(o.live.wait_all);
}

static void test_values(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, ALL,
			       "brood -o out --force --for 1.5 --zombie-after 250 --buffer 100K "
			       "--args-max 8K --uid 0 --uid 7 --comm make -p 12 --pid 13 "
			       "--threads --kernel-threads --no-fold --wide --color=never"),
			 0);
	assert_string_equal(o.output, "out");
	assert_true(o.force);
	assert_int_equal(o.live.for_ns, 1500 * MS);
	assert_int_equal(o.live.zombie_after_ns, 250 * MS);
	assert_int_equal(o.live.buffer, 128 << 10); /* the kernel wants a power of two */
	assert_int_equal(o.live.args_max, 8 << 10);
	assert_int_equal(o.live.filter.n_uid, 2);
	assert_int_equal(o.live.filter.uid[1], 7);
	assert_int_equal(o.live.filter.n_comm, 1);
	assert_string_equal(o.live.filter.comm[0], "make");
	assert_true(o.live.filter.by_pid);
	assert_int_equal(o.live.filter.n_pid, 2);
	assert_int_equal(o.live.filter.pid[1], 13);
	assert_int_equal(o.live.filter.match, MATCH_UID | MATCH_COMM);
	assert_true(o.live.threads && o.live.kthreads && o.no_fold && o.wide);
	assert_int_equal(o.colour, COLOUR_NEVER);
}

/* A name longer than the kernel keeps must match what the kernel keeps of it. */
static void test_long_comm(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, ALL, "brood --comm a-name-of-22-characters"), 0);
	assert_string_equal(o.live.filter.comm[0], "a-name-of-22-ch");
}

static void test_refused(void **state)
{
	static const struct {
		unsigned groups;
		const char *line, *words;
	} cases[] = {
		{ ALL, "brood --nonsense", "brood: --nonsense: unknown option (see --help)\n" },
		{ ALL, "brood -Z", "brood: -Z: unknown option (see --help)\n" },
		{ ALL, "brood -vZ", "brood: -Z: unknown option (see --help)\n" },
		{ ALL, "brood -o", "brood: -o: needs a value (see --help)\n" },
		{ ALL, "brood --for", "brood: --for: needs a value (see --help)\n" },
		{ ALL, "brood --for soon", "brood: --for: not a valid SECONDS: soon\n" },
		{ ALL, "brood --for 0", "brood: --for: not a valid SECONDS: 0\n" },
		{ ALL, "brood --for -1", "brood: --for: not a valid SECONDS: -1\n" },
		{ ALL, "brood --pid x", "brood: --pid: not a valid PID: x\n" },
		{ ALL, "brood --pid 99999999999", "brood: --pid: not a valid PID: 99999999999\n" },
		{ ALL, "brood --uid nobody-of-this-name", "brood: --uid: not a valid USER: nobody-of-this-name\n" },
		{ ALL, "brood --buffer 0", "brood: --buffer: not a valid SIZE: 0\n" },
		{ ALL, "brood --buffer 8X", "brood: --buffer: not a valid SIZE: 8X\n" },
		{ ALL, "brood --args-max 65K", "brood: --args-max: not a valid SIZE: 65K\n" },
		{ ALL, "brood --args-max 64K --buffer 64K",
		  "brood: --buffer: too small for the arguments kept (at least 8 times --args-max)\n" },
		{ ALL, "brood --color=maybe", "brood: --color: not a valid WHEN: maybe\n" },
		{ ALL, "brood --", "brood: --: no command after it\n" },
		{ ALL, "brood --wait-all", "brood: --wait-all: needs a COMMAND (brood … -- COMMAND)\n" },
		{ ALL, "brood --user root", "brood: --user: needs a COMMAND (brood … -- COMMAND)\n" },
		{ ALL, "brood --uid 0 -- true",
		  "brood: a filter and a COMMAND: only one of them can say whom to follow\n" },
		{ OPT_VIEW, "check -- true", "brood: true: this verb follows no command (see --help)\n" },
		{ OPT_VIEW, "check t.brood", "brood: t.brood: this verb reads no file (see --help)\n" },
		{ ALL, "brood a.brood b.brood",
		  "brood: b.brood: one file at a time (a command goes after --)\n" },
		{ ALL, "brood --uid 1 a.brood",
		  "brood: --uid: says how to watch; a file was recorded already "
		  "(a verb comes before the options)\n" },
		{ ALL, "brood --tee b a.brood",
		  "brood: --tee: says how to watch; a file was recorded already "
		  "(a verb comes before the options)\n" },
		{ OPT_VIEW, "check --for 3", "brood: --for: unknown option (see --help)\n" },
		{ OPT_LIVE, "log --no-fold", "brood: --no-fold: unknown option (see --help)\n" },
	};
	struct options o;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_true(parse(&o, cases[i].groups, cases[i].line) < 0);
		assert_string_equal(said, cases[i].words);
	}
}

static void test_secrets(void **state)
{
	char line[512] = "brood";
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, ALL, "brood --redact a --no-args --redact=(b|c)*"), 0);
	assert_int_equal(o.live.n_redact, 2);
	assert_string_equal(o.live.redact[0], "a");
	assert_string_equal(o.live.redact[1], "(b|c)*");
	assert_true(o.live.no_args);
	assert_int_equal(parse(&o, OPT_PS, "ps --redact a --no-args"), 0);
	assert_int_equal(parse(&o, ALL, "brood --redact (a"), -EINVAL);
	assert_string_equal(said, "brood: --redact: not a valid REGEX: (a\n");
	/* It would hide nothing: a variable that was not set. */
	assert_int_equal(parse(&o, ALL, "brood --redact="), -EINVAL);
	assert_string_equal(said, "brood: --redact: not a valid REGEX: \n");
	/* Not silently without effect. */
	assert_int_equal(parse(&o, ALL, "brood --redact a t.brood"), -EINVAL);
	assert_int_equal(parse(&o, ALL, "brood --no-args t.brood"), -EINVAL);
	for (int i = 0; i < SECRETS_MAX + 1; i++)
		strcat(line, " --redact=a");
	assert_int_equal(parse(&o, ALL, line), -EINVAL);
	assert_string_equal(said, "brood: too many values: at most 16 of one option\n");
}

static void test_help_wins(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, ALL, "brood --wait-all --help"), 0);
	assert_true(o.help);
}

static void test_durations(void **state)
{
	static const struct {
		const char *s;
		uint64_t ns;
	} cases[] = {
		{ "2", 2000 * MS }, { "0.25", 250 * MS }, { "2s", 2000 * MS }, { "150ms", 150 * MS },
		{ "10us", 10000 }, { "3m", 180000 * MS }, { "1h", 3600000 * MS }, { "7ns", 7 },
	};
	static const char *const bad[] = { "", "s", "1x", "-2", "nan", "inf", "1 s", "1e30" };
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(parse_duration(cases[i].s, 1000 * MS, &ns), 0);
		assert_int_equal(ns, cases[i].ns);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_true(parse_duration(bad[i], 1000 * MS, &ns) < 0);
}

/* What selects from a file is not for a live source, and the other way round. */
static void test_selection(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, ALL, "brood --from 2 --to 3.5s --pid 7 --comm sh --under 20 "
					"--under 21-5000 t.brood"), 0);
	assert_int_equal(o.from.ns, 2000 * MS);
	assert_int_equal(o.to.ns, 3500 * MS);
	assert_int_equal(o.live.filter.pid[0], 7);
	assert_string_equal(o.live.filter.comm[0], "sh");
	assert_int_equal(o.n_under, 2);
	assert_int_equal(o.under[0].tgid, 20);
	assert_int_equal(o.under[0].start, 0);
	assert_int_equal(o.under[1].tgid, 21);
	assert_int_equal(o.under[1].start, 5000);
	assert_string_equal(said, "");

	assert_true(parse(&o, ALL, "brood --under 20") < 0);
	assert_string_equal(said, "brood: --under: selects from a trace that was recorded (brood "
				  "VERB … FILE)\n");
	assert_true(parse(&o, ALL, "brood --from 1 -- true") < 0);
	assert_true(parse(&o, ALL, "brood --uid 0 t.brood") < 0);
	assert_true(parse(&o, ALL, "brood --from 3 --to 2 t.brood") < 0);
	assert_string_equal(said, "brood: --to: is before --from\n");
	assert_true(parse(&o, ALL, "brood --under 20- t.brood") < 0);
	assert_true(parse(&o, ALL, "brood --under 0 t.brood") < 0);
	assert_true(parse(&o, ALL, "brood --under -5 t.brood") < 0);
	assert_true(parse(&o, ALL, "brood --under 20-x t.brood") < 0);
	assert_true(parse(&o, ALL, "brood --under 99999999999999999 t.brood") < 0);
	assert_true(parse(&o, ALL, "brood --to yesterday t.brood") < 0);
	assert_string_equal(said, "brood: --to: not a valid TIME: yesterday\n");
	assert_true(parse(&o, OPT_LIVE | OPT_OUTPUT, "record --from 1 -o x") < 0);
}

static void test_sizes(void **state)
{
	uint64_t bytes;

	(void)state;
	assert_int_equal(parse_size("4096", &bytes), 0);
	assert_int_equal(bytes, 4096);
	assert_int_equal(parse_size("64k", &bytes), 0);
	assert_int_equal(bytes, 65536);
	assert_int_equal(parse_size("1.5MiB", &bytes), 0);
	assert_int_equal(bytes, 3 << 19);
	assert_true(parse_size("8 M", &bytes) < 0);
	assert_true(parse_size("", &bytes) < 0);
	assert_true(parse_size("-1", &bytes) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_command),
		cmocka_unit_test(test_values),	 cmocka_unit_test(test_long_comm),
		cmocka_unit_test(test_refused),	 cmocka_unit_test(test_help_wins),
		cmocka_unit_test(test_durations), cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_selection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
