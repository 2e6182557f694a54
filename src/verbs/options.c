// SPDX-License-Identifier: GPL-2.0-only
#include "verbs/options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/say.h"
#include "base/users.h"
#include "source/clock.h"

#define BUFFER_DEFAULT (8u << 20)
#define BUFFER_MAX (1u << 30)
#define ARGS_MAX_DEFAULT 4096
#define ARGS_MAX_LIMIT 65536
#define ZOMBIE_AFTER_DEFAULT (100 * NS_PER_MS)
/* Each file begins with a snapshot: much smaller ones would hold little else. */
#define ROTATE_BYTES_MIN 65536
#define ROTATE_NS_MIN NS_PER_S

/* --- values --------------------------------------------------------------------------- */

struct unit {
	const char *name;
	double factor;
};

static int scaled(const char *s, const struct unit *units, double bare, double max, uint64_t *out)
{
	char *end;
	double v = strtod(s, &end);

	if (end == s || s[0] == '-' || !isfinite(v))
		return -EINVAL;
	if (*end == '\0') {
		v *= bare;
	} else {
		while (units->name && strcasecmp(units->name, end) != 0)
			units++;
		if (!units->name)
			return -EINVAL;
		v *= units->factor;
	}
	if (v > max)
		return -EINVAL;
	*out = (uint64_t)(v + 0.5);
	return 0;
}

int parse_duration(const char *s, uint64_t unit, uint64_t *ns)
{
	static const struct unit units[] = {
		{ "ns", 1 }, { "us", 1e3 }, { "µs", 1e3 }, { "ms", 1e6 }, { "s", 1e9 },
		{ "m", 60e9 }, { "min", 60e9 }, { "h", 3600e9 }, { "d", 86400e9 }, { NULL, 0 },
	};

	return scaled(s, units, (double)unit, 9e18, ns);
}

int parse_size(const char *s, uint64_t *bytes)
{
	static const struct unit units[] = {
		{ "b", 1 }, { "k", 1024 }, { "kb", 1024 }, { "kib", 1024 },
		{ "m", 1 << 20 }, { "mb", 1 << 20 }, { "mib", 1 << 20 },
		{ "g", 1 << 30 }, { "gb", 1 << 30 }, { "gib", 1 << 30 }, { NULL, 0 },
	};

	return scaled(s, units, 1, 9e15, bytes);
}

int parse_size_or_duration(const char *s, uint64_t *bytes, uint64_t *ns)
{
	size_t len = strlen(s);
	bool minutes = len && s[len - 1] == 'm';

	*bytes = *ns = 0;
	if (!minutes && !parse_size(s, bytes))
		return 0;
	return parse_duration(s, 1, ns);
}

static int parse_number(const char *s, uint32_t *n)
{
	unsigned long v;
	char *end;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	v = strtoul(s, &end, 10);
	if (errno || *end || v > UINT32_MAX)
		return -EINVAL;
	*n = (uint32_t)v;
	return 0;
}

/* --- options that take work; each returns 0 or -EINVAL --------------------------------- */

/* Said already: -E2BIG. */
static int too_many(void)
{
	say("too many values", "at most 16 of one option", NULL);
	return -E2BIG;
}

static int set_for(struct options *o, const char *s)
{
	return parse_duration(s, NS_PER_S, &o->live.for_ns) || !o->live.for_ns ? -EINVAL : 0;
}

static int set_zombie_after(struct options *o, const char *s)
{
	return parse_duration(s, NS_PER_MS, &o->live.zombie_after_ns);
}

static int set_buffer(struct options *o, const char *s)
{
	uint64_t bytes, size = (uint64_t)sysconf(_SC_PAGESIZE);

	if (parse_size(s, &bytes) || !bytes || bytes > BUFFER_MAX)
		return -EINVAL;
	while (size < bytes)	/* the kernel wants a power of two */
		size *= 2;
	o->live.buffer = size;
	return 0;
}

static int set_args_max(struct options *o, const char *s)
{
	uint64_t bytes;

	if (parse_size(s, &bytes) || bytes > ARGS_MAX_LIMIT)
		return -EINVAL;
	o->live.args_max = (uint32_t)bytes;
	return 0;
}

static int add_pid(struct options *o, const char *s)
{
	struct filter *f = &o->live.filter;

	if (f->n_pid == FILTER_VALUES)
		return too_many();
	f->by_pid = true;
	return parse_number(s, &f->pid[f->n_pid++]);
}

static int add_uid(struct options *o, const char *s)
{
	struct filter *f = &o->live.filter;
	struct user u;
	int err;

	if (f->n_uid == FILTER_VALUES)
		return too_many();
	f->match |= MATCH_UID;
	if (!parse_number(s, &f->uid[f->n_uid])) {
		f->n_uid++;
		return 0;
	}
	err = user_find(s, &u);
	if (!err)
		f->uid[f->n_uid++] = u.uid;
	user_free(&u);
	return err ? -EINVAL : 0;
}

static int add_comm(struct options *o, const char *s)
{
	struct filter *f = &o->live.filter;

	if (f->n_comm == FILTER_VALUES)
		return too_many();
	f->match |= MATCH_COMM;
	/* The kernel keeps 15 bytes of a name: compare as many. */
	strncpy(f->comm[f->n_comm++], s, EVENT_COMM - 1);
	return 0;
}

static int add_cgroup(struct options *o, const char *s)
{
	struct filter *f = &o->live.filter;

	if (f->n_cgroup == FILTER_VALUES)
		return too_many();
	f->match |= MATCH_CGROUP;
	f->cgroup[f->n_cgroup++] = s;
	return 0;
}

/* An inode number as lsns shows it, or a path like /proc/PID/ns/pid. */
static int add_pidns(struct options *o, const char *s)
{
	struct filter *f = &o->live.filter;
	struct stat st;

	if (f->n_pidns == FILTER_VALUES)
		return too_many();
	f->match |= MATCH_PIDNS;
	if (!parse_number(s, &f->pidns[f->n_pidns])) {
		f->n_pidns++;
		return 0;
	}
	if (stat(s, &st))
		return -EINVAL;
	f->pidns[f->n_pidns++] = (uint32_t)st.st_ino;
	return 0;
}

static int add_redact(struct options *o, const char *s)
{
	struct live_options *l = &o->live;

	if (l->n_redact == SECRETS_MAX)
		return too_many();
	if (!secrets_valid(s))
		return -EINVAL;
	l->redact[l->n_redact++] = s;
	return 0;
}

static int set_from(struct options *o, const char *s)
{
	return moment_parse(s, &o->from);
}

static int set_to(struct options *o, const char *s)
{
	return moment_parse(s, &o->to);
}

/* "4711", or "4711-123456789" as JSON lines show an id. */
static int add_under(struct options *o, const char *s)
{
	struct task_ref *u = &o->under[o->n_under];
	unsigned long long start;
	char pid[16], *end;
	size_t len = strcspn(s, "-");

	if (o->n_under == FILTER_VALUES)
		return too_many();
	if (len >= sizeof(pid))
		return -EINVAL;
	memcpy(pid, s, len);
	pid[len] = '\0';
	if (parse_number(pid, &u->tgid) || !u->tgid)
		return -EINVAL;
	if (s[len]) {
		if (s[len + 1] < '0' || s[len + 1] > '9')
			return -EINVAL;
		errno = 0;
		start = strtoull(s + len + 1, &end, 10);
		if (errno || *end || !start)
			return -EINVAL;
		u->start = start;
	}
	o->n_under++;
	return 0;
}

static int set_colour(struct options *o, const char *s)
{
	static const char *const names[] = { "auto", "always", "never" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(s ? s : "always", names[i])) {
			o->colour = (enum colour_when)i;
			return 0;
		}
	return -EINVAL;
}

static int set_output(struct options *o, const char *s)
{
	o->output = s;
	return *s ? 0 : -EINVAL;
}

static int set_tee(struct options *o, const char *s)
{
	o->tee = s;
	return *s ? 0 : -EINVAL;
}

static int set_format(struct options *o, const char *s)
{
	o->format = s;
	return 0;
}

static int set_rotate(struct options *o, const char *s)
{
	if (parse_size_or_duration(s, &o->rotate_bytes, &o->rotate_ns))
		return -EINVAL;
	return o->rotate_bytes >= ROTATE_BYTES_MIN || o->rotate_ns >= ROTATE_NS_MIN ? 0 : -EINVAL;
}

static int set_keep(struct options *o, const char *s)
{
	return parse_number(s, &o->keep) || !o->keep ? -EINVAL : 0;
}

static int set_user(struct options *o, const char *s)
{
	o->live.user = s;
	return 0;
}

static int set_flag_wait_all(struct options *o, const char *s)
{
	(void)s;
	o->live.wait_all = true;
	return 0;
}

static int set_flag_threads(struct options *o, const char *s)
{
	(void)s;
	o->live.threads = true;
	return 0;
}

static int set_flag_kthreads(struct options *o, const char *s)
{
	(void)s;
	o->live.kthreads = true;
	return 0;
}

static int set_flag_no_args(struct options *o, const char *s)
{
	(void)s;
	o->live.no_args = true;
	return 0;
}

static int set_flag_no_fold(struct options *o, const char *s)
{
	(void)s;
	o->no_fold = true;
	return 0;
}

static int set_flag_wide(struct options *o, const char *s)
{
	(void)s;
	o->wide = true;
	return 0;
}

static int set_flag_force(struct options *o, const char *s)
{
	(void)s;
	o->force = true;
	return 0;
}

static int set_flag_verbose(struct options *o, const char *s)
{
	(void)o;
	(void)s;
	say_verbose = true;
	return 0;
}

static int set_flag_help(struct options *o, const char *s)
{
	(void)s;
	o->help = true;
	return 0;
}

/* --- the table ------------------------------------------------------------------------- */

struct option_row {
	unsigned groups;
	char letter;
	int has_arg;
	const char *name, *arg, *help;
	int (*set)(struct options *, const char *);
};

static const struct option_row rows[] = {
	{ OPT_OUTPUT, 'o', required_argument, "output", "FILE", "write there; - is stdout", set_output },
	{ OPT_OUTPUT, 0, no_argument, "force", NULL, "overwrite FILE", set_flag_force },
	{ OPT_FILE, 0, required_argument, "tee", "FILE", "record a trace there at the same time", set_tee },
	{ OPT_FORMAT, 0, required_argument, "format", "NAME", "what to write (default jsonl)", set_format },
	{ OPT_RECORD, 0, required_argument, "rotate", "SIZE|TIME",
	  "a new file in DIR after so much (64M) or long (1h)", set_rotate },
	{ OPT_RECORD, 0, required_argument, "keep", "N", "keep the N newest files in DIR", set_keep },
	{ OPT_LIVE, 0, required_argument, "for", "SECONDS", "end after so long; a COMMAND goes on unwatched", set_for },
	{ OPT_LIVE, 0, required_argument, "user", "NAME", "run COMMAND as this user", set_user },
	{ OPT_LIVE, 0, no_argument, "wait-all", NULL, "end when the last descendant of COMMAND is gone",
	  set_flag_wait_all },
	{ OPT_SELECT, 0, required_argument, "from", "TIME", "of FILE only what happened from then on", set_from },
	{ OPT_SELECT, 0, required_argument, "to", "TIME", "and until then (2.5, 3m, 12:34:56, RFC 3339)", set_to },
	{ OPT_SELECT, 0, required_argument, "under", "PID|ID", "of FILE only this process and its descendants",
	  add_under },
	{ OPT_LIVE | OPT_SELECT, 'p', required_argument, "pid", "PID", "only this process", add_pid },
	{ OPT_LIVE, 0, required_argument, "uid", "USER", "only those of this user", add_uid },
	{ OPT_LIVE | OPT_SELECT, 0, required_argument, "comm", "NAME", "only those of this name", add_comm },
	{ OPT_LIVE, 0, required_argument, "cgroup", "PATH", "only those in this cgroup (v2)", add_cgroup },
	{ OPT_LIVE, 0, required_argument, "pidns", "NS", "only those in this PID namespace (inode or path)", add_pidns },
	{ OPT_LIVE, 0, no_argument, "threads", NULL, "threads too", set_flag_threads },
	{ OPT_LIVE | OPT_PS, 0, no_argument, "kernel-threads", NULL, "kernel threads too", set_flag_kthreads },
	{ OPT_LIVE, 0, required_argument, "args-max", "SIZE", "bytes of arguments kept (4K, at most 64K)",
	  set_args_max },
	{ OPT_LIVE | OPT_PS, 0, no_argument, "no-args", NULL, "keep no arguments: they may hold secrets",
	  set_flag_no_args },
	{ OPT_LIVE | OPT_PS, 0, required_argument, "redact", "REGEX", "hide what matches in arguments and paths",
	  add_redact },
	{ OPT_LIVE, 0, required_argument, "buffer", "SIZE", "ring buffer between kernel and brood (8M)",
	  set_buffer },
	{ OPT_ZOMBIE, 0, required_argument, "zombie-after", "MS", "flag zombies older than this (100)",
	  set_zombie_after },
	{ OPT_TREE, 0, no_argument, "no-fold", NULL, "show identical finished siblings and all findings",
	  set_flag_no_fold },
	{ OPT_VIEW, 0, no_argument, "wide", NULL, "do not cut lines to the width", set_flag_wide },
	{ OPT_VIEW, 0, optional_argument, "color", "WHEN", "auto, always or never", set_colour },
	{ OPT_ALWAYS, 'v', no_argument, "verbose", NULL, "let libbpf speak", set_flag_verbose },
	{ OPT_ALWAYS, 'h', no_argument, "help", NULL, "this help", set_flag_help },
};
#define N_ROWS (sizeof(rows) / sizeof(*rows))

static void defaults(struct options *o)
{
	*o = (struct options){ 0 };
	o->live.buffer = BUFFER_DEFAULT;
	o->live.args_max = ARGS_MAX_DEFAULT;
	o->live.zombie_after_ns = ZOMBIE_AFTER_DEFAULT;
	o->format = "jsonl";
}

static int apply(struct options *o, const struct option_row *row, const char *arg)
{
	char name[32];
	int err = row->set(o, arg);

	if (row->groups & OPT_LIVE && !(row->groups & OPT_SELECT))
		o->live_only = row->name;
	if (row->groups == OPT_SELECT)
		o->file_only = row->name;
	if (!err || err == -E2BIG)
		return err;
	snprintf(name, sizeof(name), "--%s", row->name);
	sayf(name, "not a valid %s: %s", row->arg ? row->arg : "value", arg ? arg : "");
	return err;
}

/* What only makes sense together. */
static int check(const struct options *o)
{
	const struct live_options *l = &o->live;

	if (o->file && (o->live_only || o->tee)) {
		char name[32];

		snprintf(name, sizeof(name), "--%s", o->live_only ? o->live_only : "tee");
		say(name, "says how to watch; a file was recorded already",
		    "a verb comes before the options");
		return -EINVAL;
	}
	if (!o->file && o->file_only) {
		char name[32];

		snprintf(name, sizeof(name), "--%s", o->file_only);
		say(name, "selects from a trace that was recorded", "brood VERB … FILE");
		return -EINVAL;
	}
	if (o->from.kind == o->to.kind && o->from.kind != MOMENT_OF_DAY && o->to.ns < o->from.ns) {
		say("--to", "is before --from", NULL);
		return -EINVAL;
	}
	if (l->command && (l->filter.by_pid || l->filter.match)) {
		say("a filter and a COMMAND", "only one of them can say whom to follow", NULL);
		return -EINVAL;
	}
	if (!l->command && (l->user || l->wait_all)) {
		say(l->user ? "--user" : "--wait-all", "needs a COMMAND", "brood … -- COMMAND");
		return -EINVAL;
	}
	/* The largest record must fit in the ring several times over. */
	if (l->args_max > l->buffer / 8) {
		say("--buffer", "too small for the arguments kept", "at least 8 times --args-max");
		return -EINVAL;
	}
	return 0;
}

/* getopt's own table and string, made from ours. */
static void make_getopt(unsigned groups, struct option *longs, char *shorts)
{
	size_t n = 0;

	*shorts++ = '+';	/* stop at the first argument: it is not ours */
	*shorts++ = ':';
	for (size_t i = 0; i < N_ROWS; i++) {
		if (!(rows[i].groups & groups))
			continue;
		longs[n++] = (struct option){ rows[i].name, rows[i].has_arg, NULL, 256 + (int)i };
		if (rows[i].letter) {
			*shorts++ = rows[i].letter;
			if (rows[i].has_arg == required_argument)
				*shorts++ = ':';
		}
	}
	longs[n] = (struct option){ 0 };
	*shorts = '\0';
}

static const struct option_row *find_row(int c)
{
	if (c >= 256)
		return &rows[c - 256];
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].letter == c)
			return &rows[i];
	return NULL;
}

/* word: where getopt stands; of a cluster like -vZ it would name more than the culprit. */
static int refuse(bool value_missing, const char *word)
{
	const char letter[] = { '-', (char)optopt, '\0' };

	say(word[1] != '-' && optopt > 0 && optopt < 256 ? letter : word,
	    value_missing ? "needs a value" : "unknown option", "see --help");
	return -EINVAL;
}

/* getopt takes --for as short for --force where it does not know --for: we do not. */
static bool is_abbreviated(const struct option_row *row, const char *word)
{
	size_t len = strlen(row->name);

	return strncmp(word + 2, row->name, len) != 0 || (word[2 + len] && word[2 + len] != '=');
}

/* What is left after the options: a FILE, or a COMMAND behind --. */
static int take_source(struct options *o, int argc, char **argv, unsigned groups)
{
	bool dashes = optind > 1 && !strcmp(argv[optind - 1], "--");

	if (optind == argc) {
		if (dashes)
			say("--", "no command after it", NULL);
		return dashes ? -EINVAL : 0;
	}
	if (dashes && (groups & OPT_LIVE)) {
		o->live.command = argv + optind;
		return 0;
	}
	if (dashes || !(groups & OPT_FILE)) {
		say(argv[optind], dashes ? "this verb follows no command" : "this verb reads no file",
		    "see --help");
		return -EINVAL;
	}
	if (optind + 1 < argc) {
		say(argv[optind + 1], "one file at a time", "a command goes after --");
		return -EINVAL;
	}
	o->file = argv[optind];
	return 0;
}

int options_parse(struct options *o, int argc, char **argv, unsigned groups)
{
	struct option longs[N_ROWS + 1];
	char shorts[3 * N_ROWS + 3];
	int c;

	defaults(o);
	make_getopt(groups | OPT_ALWAYS, longs, shorts);
	opterr = 0;
	optind = 0;	/* glibc: begin anew */
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_row *row = find_row(c);
		const char *word = argv[optarg && optarg == argv[optind - 1] ? optind - 2 : optind - 1];

		if (c >= 256 && is_abbreviated(row, word))
			return refuse(false, word);
		if (row) {
			if (apply(o, row, optarg))
				return -EINVAL;
			continue;
		}
		return refuse(c == ':', argv[optind - 1]);
	}
	return take_source(o, argc, argv, groups) ? -EINVAL : o->help ? 0 : check(o);
}

void options_help(FILE *out, unsigned groups)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		char left[64];

		if (!(rows[i].groups & (groups | OPT_ALWAYS)))
			continue;
		snprintf(left, sizeof(left), "%c%c %s--%s%s%s", rows[i].letter ? '-' : ' ',
			 rows[i].letter ? rows[i].letter : ' ', "", rows[i].name,
			 rows[i].arg ? (rows[i].has_arg == optional_argument ? "=" : " ") : "",
			 rows[i].arg ? rows[i].arg : "");
		fprintf(out, "  %-24s %s\n", left, rows[i].help);
	}
}
