// SPDX-License-Identifier: GPL-2.0-only
/*
 * storm N [PROGRAM [ARG…]]: N children, all alive at the same time, all ending in a burst.
 *
 * Each child waits until all are born; then it exits with its PID modulo 128, or becomes
 * PROGRAM.  The parent waits for all and says "done".
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void child_life(int gate, char **program)
{
	char byte;

	if (read(gate, &byte, 1) != 0)
		_exit(255);
	if (*program) {
		execv(*program, program);
		_exit(127);
	}
	_exit(getpid() % 128);
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0;
	int gate[2];

	if (n < 1)
		errx(2, "usage: storm N [PROGRAM [ARG…]]");
	if (pipe(gate))
		err(1, "pipe");
	for (int i = 0; i < n; i++) {
		pid_t child = fork();

		if (child < 0)
			err(1, "fork");
		if (child == 0) {
			close(gate[1]);
			child_life(gate[0], argv + 2);
		}
	}
	close(gate[1]);
	for (int i = 0; i < n; i++)
		if (wait(NULL) < 0)
			err(1, "wait");
	puts("done");
	return 0;
}
