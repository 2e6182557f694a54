/*
 * subreaper: an orphan that stays in the family.
 *
 * This process, the starter, marks itself as a subreaper. It forks a middle process;
 * that one forks a grandchild and exits. The grandchild, an orphan now, lives on for
 * MILLISECONDS, 300 unless told, and exits with 5. The starter waits for both.
 *
 * Watch: the orphan is adopted by the starter, not by init, and the starter reaps a
 * process that it never forked.
 *
 * Why: when a parent exits, the kernel gives its living children to the nearest living
 * ancestor that is marked as a subreaper, else to init. Service managers (systemd --user),
 * container shims and terminals mark themselves so that they lose no descendant.
 */
#include <ctype.h>
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ORPHAN_EXIT_CODE = 5, LIFE_MS = 300, LIFE_MS_MAX = 3600000 };

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

static _Noreturn void middle_life(int orphan_ms)
{
	/* A pidfd becomes readable when its process is dead and its children are adopted. */
	struct pollfd death = {.events = POLLIN};
	death.fd = must((int)syscall(SYS_pidfd_open, getpid(), 0), "pidfd_open");
	pid_t middle = getpid();
	if (must(fork(), "fork") != 0)
		_exit(0);

	must(poll(&death, 1, -1), "poll");
	printf("orphan %d: born by %d, adopted by %d\n", getpid(), middle, getppid());
	struct timespec t = {orphan_ms / 1000, orphan_ms % 1000 * 1000000L};
	must(nanosleep(&t, NULL), "nanosleep");
	_exit(ORPHAN_EXIT_CODE);
}

int main(int argc, char **argv)
{
	int orphan_ms = argc > 1 ? number(argv[1], LIFE_MS_MAX) : LIFE_MS;
	if (argc > 2 || orphan_ms < 0) {
		fputs("usage: subreaper [MILLISECONDS]\n", stderr);
		return 2;
	}
	/* Whole lines at once, so that no unfinished one is copied by fork(). */
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* exec() inherits an ignored SIGCHLD, and then there is nothing to wait for. */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		err(1, "signal");

	must(prctl(PR_SET_CHILD_SUBREAPER, 1), "prctl");
	printf("starter %d: is a subreaper now\n", getpid());
	pid_t middle = must(fork(), "fork");
	if (middle == 0)
		middle_life(orphan_ms);

	int status;
	must(waitpid(middle, &status, 0), "waitpid");
	printf("starter %d: reaped %d, its child, which exited with %d\n", getpid(), middle,
	       WEXITSTATUS(status));
	pid_t orphan = must(wait(&status), "wait");
	printf("starter %d: reaped %d, adopted, which exited with %d\n", getpid(), orphan,
	       WEXITSTATUS(status));
	return 0;
}
