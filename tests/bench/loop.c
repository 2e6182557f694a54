// SPDX-License-Identifier: GPL-2.0-only
/*
 * loop fork|exec N: the two workloads that a tracer of processes slows down most.
 * Prints the time of one operation in microseconds.
 *   fork   fork, _exit, waitpid
 *   exec   vfork, exec of a program that only exits, waitpid
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static pid_t by_fork(char **argv)
{
	pid_t pid = fork();

	(void)argv;
	if (pid == 0)
		_exit(0);
	return pid;
}

static pid_t by_exec(char **argv)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	return pid;
}

int main(int argc, char **argv)
{
	char *self[] = { argv[0], "leave", NULL };
	pid_t (*birth)(char **);
	double start;
	long n;

	if (argc == 2 && !strcmp(argv[1], "leave"))
		return 0;
	n = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	if (n <= 0 || (strcmp(argv[1], "fork") && strcmp(argv[1], "exec"))) {
		fprintf(stderr, "usage: loop fork|exec N\n");
		return 2;
	}
	birth = argv[1][0] == 'f' ? by_fork : by_exec;
	start = now_us();
	for (long i = 0; i < n; i++) {
		int status;
		pid_t pid = birth(self);

		if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
			perror("loop");
			return 1;
		}
	}
	printf("%.2f\n", (now_us() - start) / (double)n);
	return 0;
}
