// SPDX-License-Identifier: GPL-2.0-only
/*
 * names NAME [CODE]: takes NAME (any bytes) as its own, forks a child that inherits it and
 * exits with CODE; 0 unless told.  Without NAME: becomes /bin/true with no argument at all.
 */
#include "act.h"

int main(int argc, char **argv)
{
	char *nothing[] = {NULL};
	pid_t child;

	if (argc < 2) {
		execv("/bin/true", nothing);
		err(99, "execv");
	}
	must(prctl(PR_SET_NAME, argv[1]), "prctl");
	child = must(fork(), "fork");
	if (child == 0)
		_exit(argc > 2 ? atoi(argv[2]) : 0);
	reap(child);
	return 0;
}
