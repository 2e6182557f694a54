// SPDX-License-Identifier: GPL-2.0-only
/*
 * lives N [EVERY]: N lives, one after the other: born, ended, waited for.
 *
 * Each EVERYth (all, unless told) becomes this program anew before it ends.  What happens to
 * them is N forks, N/EVERY execs, N exits, N reaps.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 0;
	long every = argc > 2 ? atol(argv[2]) : 1;
	char *again[] = {argv[0], NULL};

	if (argc == 1)
		return 0;
	if (n < 1 || every < 1)
		errx(2, "usage: lives N [EVERY]");
	for (long i = 1; i <= n; i++) {
		pid_t child = vfork();

		if (child < 0)
			err(1, "fork");
		if (child == 0) {
			if (i % every)
				_exit(0);
			execv("/proc/self/exe", again);
			_exit(127);
		}
		if (waitpid(child, NULL, 0) != child)
			err(1, "wait");
	}
	return 0;
}
