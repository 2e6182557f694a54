// SPDX-License-Identifier: GPL-2.0-only
/* main.c: a table of verbs. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/say.h"
#include "base/version.h"
#include "verbs/verb.h"

/* Shows a live machine, a live command, or a trace. */
#define SHOWS (OPT_LIVE | OPT_FILE | OPT_SELECT | OPT_VIEW | OPT_OUTPUT | OPT_ZOMBIE)

static const struct verb verbs[] = {
	{ "", "log while it runs, then the tree and the findings", SHOWS | OPT_TREE, verb_main },
	{ "log", "one line per event", SHOWS, verb_log },
	{ "tree", "the family tree, every process with its fate", SHOWS | OPT_TREE, verb_tree },
	{ "summary", "counts, rates, zombies, orphans, failures, CPU", SHOWS, verb_summary },
	{ "record", "write a trace (-o FILE, or -o DIR)", OPT_LIVE | OPT_OUTPUT | OPT_RECORD,
	  verb_record },
	{ "export", "output for programs: JSON lines", SHOWS | OPT_FORMAT, verb_export },
	{ "ps", "what exists right now, zombies and orphans marked", OPT_VIEW | OPT_OUTPUT | OPT_PS, verb_ps },
	{ "check", "what this kernel offers, what is missing", OPT_OUTPUT, verb_check },
};
#define N_VERBS (sizeof(verbs) / sizeof(*verbs))

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < N_VERBS; i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

/* `brood t.brood` is the main job on a trace. */
static bool looks_like_file(const char *word)
{
	return strpbrk(word, "./") || access(word, F_OK) == 0;
}

static void help(const struct verb *v)
{
	printf("usage: brood %s%s[OPTIONS]%s\n", v->name, *v->name ? " " : "[VERB] ",
	       v->groups & OPT_FILE ? " [FILE | -- COMMAND [ARG…]]" :
	       v->groups & OPT_LIVE ? " [-- COMMAND [ARG…]]" : "");
	printf("%s\n", v->what);
	if (v->groups & OPT_FILE)
		printf("\nWith FILE: reads a trace that `brood record` wrote, or a directory of them;\n"
		       "- is stdin.");
	if (v->groups & OPT_LIVE)
		printf("\nWith COMMAND: runs it and follows it and all its descendants.\n"
		       "Without: watches the whole machine until Ctrl-C or --for; or what --pid, --uid,\n"
		       "--comm, --cgroup and --pidns match, and all its descendants.\n");
	if (!*v->name) {
		printf("\nverbs:\n");
		for (size_t i = 1; i < N_VERBS; i++)
			printf("  %-10s %s\n", verbs[i].name, verbs[i].what);
	}
	printf("\noptions:\n");
	options_help(stdout, v->groups);
}

/*
 * Where one of 0, 1, 2 is closed, the next file opened would get its number, and what is
 * said to a person would go there.  A followed command gets them closed, as they were.
 */
static void fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	const struct verb *v = &verbs[0];
	struct options o;

	fill_standard_fds();
	if (argc > 1 && argv[1][0] != '-') {
		v = find_verb(argv[1]);
		if (v) {
			argc--;
			argv++;
		} else if (looks_like_file(argv[1])) {
			v = &verbs[0];
		} else {
			say(argv[1], "no such verb", "brood --help lists them; a command goes after --");
			return STATUS_USAGE;
		}
	} else if (argc > 1 && !strcmp(argv[1], "--version")) {
		printf("brood %s\n", BROOD_VERSION);
		return STATUS_OK;
	}
	if (options_parse(&o, argc, argv, v->groups))
		return STATUS_USAGE;
	if (o.help) {
		help(v);
		return STATUS_OK;
	}
	if (o.file && find_verb(o.file) && access(o.file, F_OK)) {
		say(o.file, "a verb comes first", "before all options");
		return STATUS_USAGE;
	}
	return v->run(&o);
}
