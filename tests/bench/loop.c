// SPDX-License-Identifier: GPL-2.0-only
/*
 * loop fork|exec|thread|call N [PROCESSES]
 * loop run 1 COMMAND...
 *
 * The workloads that a tracer of processes is measured with, each N times in each of so many
 * processes (1 unless told):
 *   fork     fork, _exit, waitpid
 *   exec     vfork, exec of a program that only exits, waitpid
 *   thread   create a thread and join it
 *   call     getppid, a system call that no tracer of processes need know of
 *   run      a command
 *
 * Says "ready" and waits for a line; then does it; prints the elapsed microseconds, and how
 * many forks, execs and exits of processes it made; waits for another line and ends.  So
 * whoever measures can look at the tracer before and after.  No lines on stdin: it goes on.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct counts {
	long forks, execs, exits;
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void fail(const char *what)
{
	perror(what);
	_exit(1);
}

static void reap(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		fail("loop");
}

static void by_fork(char **argv)
{
	pid_t pid = fork();

	(void)argv;
	if (pid == 0)
		_exit(0);
	reap(pid);
}

static void by_exec(char **argv)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	reap(pid);
}

static void *nothing(void *arg)
{
	return arg;
}

static void by_thread(char **argv)
{
	pthread_t t;

	(void)argv;
	if (pthread_create(&t, NULL, nothing, NULL) || pthread_join(t, NULL))
		fail("thread");
}

static void by_call(char **argv)
{
	(void)argv;
	syscall(SYS_getppid);
}

static const struct work {
	const char *name;
	void (*once)(char **argv);
	struct counts each;	/* what one turn makes */
} works[] = {
	{ "fork", by_fork, { 1, 0, 1 } },
	{ "exec", by_exec, { 1, 1, 1 } },
	{ "thread", by_thread, { 0, 0, 0 } },
	{ "call", by_call, { 0, 0, 0 } },
	{ "run", by_exec, { 1, 1, 1 } },
};

static const struct work *find(const char *name)
{
	for (size_t i = 0; i < sizeof(works) / sizeof(*works); i++)
		if (!strcmp(works[i].name, name))
			return &works[i];
	return NULL;
}

static void turn(const struct work *w, long n, char **argv)
{
	for (long i = 0; i < n; i++)
		w->once(argv);
}

/* The first share is done here, the others by children. */
static void share(const struct work *w, long n, long processes, char **argv)
{
	for (long p = 1; p < processes; p++) {
		pid_t pid = fork();

		if (pid < 0)
			fail("loop");
		if (pid == 0) {
			turn(w, n, argv);
			_exit(0);
		}
	}
	turn(w, n, argv);
	for (long p = 1; p < processes; p++) {
		int status;

		if (wait(&status) < 0 || status)
			fail("loop");
	}
}

static void wait_for_line(void)
{
	int c;

	fflush(stdout);
	while ((c = getchar()) != EOF && c != '\n')
		;
}

int main(int argc, char **argv)
{
	char *self[] = { argv[0], "leave", NULL };
	const struct work *w = argc >= 3 ? find(argv[1]) : NULL;
	long n = argc >= 3 ? strtol(argv[2], NULL, 10) : 0, processes = 1;
	char **command = self;
	double start;

	if (argc == 2 && !strcmp(argv[1], "leave"))
		return 0;
	if (w && !strcmp(w->name, "run"))
		command = argv + 3;
	else if (argc == 4)
		processes = strtol(argv[3], NULL, 10);
	if (!w || n <= 0 || processes <= 0 || !*command) {
		fprintf(stderr, "usage: loop fork|exec|thread|call N [PROCESSES]\n"
				"       loop run 1 COMMAND...\n");
		return 2;
	}
	puts("ready");
	wait_for_line();
	start = now_us();
	share(w, n, processes, command);
	printf("%.2f %ld %ld %ld\n", now_us() - start,
	       w->each.forks * n * processes + processes - 1, w->each.execs * n * processes,
	       w->each.exits * n * processes + processes - 1);
	wait_for_line();
	return 0;
}
