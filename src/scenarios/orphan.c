/*
 * orphan: a process whose parent exits first.
 *
 * This process, the starter, forks a middle process; that one forks a grandchild and
 * exits. The grandchild, an orphan now, lives on for MILLISECONDS, 300 unless told.
 *
 * Watch: at the exit of its birth parent the grandchild gets another parent: the
 * adopter, which later reaps it. It is not the starter, although that one lives.
 *
 * Why: somebody must wait for every process. So when a parent exits, the kernel gives
 * its living children to the nearest living ancestor that is marked as a subreaper,
 * else to init. Grandparents are not asked. Orphan and zombie are different things:
 * an orphan lives and has lost its parent, a zombie is dead and waits to be reaped.
 */
#include <ctype.h>
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIFE_MS = 300, LIFE_MS_MAX = 3600000, REAP_MS_MAX = 5000 };

/* Passes on the result of a system call; ends the program if the call failed. */
static int must(int result, const char *call)
{
	if (result < 0)
		err(1, "%s", call);
	return result;
}

/* The number from 0 to MAX that TEXT spells, else -1. */
static int number(const char *text, int max)
{
	char *end;
	long value = strtol(text, &end, 10);
	return isdigit((unsigned char)*text) && !*end && value <= max ? (int)value : -1;
}

static void live_on(int ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
	must(nanosleep(&t, NULL), "nanosleep");
}

static _Noreturn void middle_life(int starter, int orphan_ms)
{
	/* A pidfd becomes readable when its process is dead and its children are adopted. */
	struct pollfd death = {.events = POLLIN};
	death.fd = must((int)syscall(SYS_pidfd_open, getpid(), 0), "pidfd_open");
	pid_t middle = getpid();
	if (must(fork(), "fork") != 0)
		_exit(0);

	must(poll(&death, 1, -1), "poll");
	pid_t orphan = getpid();
	printf("orphan %d: born by %d, adopted by %d\n", orphan, middle, getppid());
	must((int)write(starter, &orphan, sizeof orphan), "write");
	live_on(orphan_ms);
	_exit(0);
}

int main(int argc, char **argv)
{
	int orphan_ms = argc > 1 ? number(argv[1], LIFE_MS_MAX) : LIFE_MS;
	if (argc > 2 || orphan_ms < 0) {
		fputs("usage: orphan [MILLISECONDS]\n", stderr);
		return 2;
	}
	/* Whole lines at once, so that no unfinished one is copied by fork(). */
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* exec() inherits an ignored SIGCHLD, and then there is nothing to wait for. */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		err(1, "signal");

	int news[2];
	must(pipe(news), "pipe");
	pid_t middle = must(fork(), "fork");
	if (middle == 0)
		middle_life(news[1], orphan_ms);
	must(close(news[1]), "close");
	must(waitpid(middle, NULL, 0), "waitpid");

	pid_t orphan;
	if (must((int)read(news[0], &orphan, sizeof orphan), "read") != sizeof orphan)
		errx(1, "the orphan ended without telling its PID");
	char byte; /* never comes: the pipe ends when the orphan, its last writer, exits */
	must((int)read(news[0], &byte, 1), "read");
	/* Stay until it is reaped, but not for ever: some inits are slow, some never do it. */
	for (int ms = 0; ms < REAP_MS_MAX && kill(orphan, 0) == 0; ms++)
		live_on(1);
	printf("starter %d: the orphan %d has exited\n", getpid(), orphan);
	return 0;
}
