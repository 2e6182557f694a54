/*
 * zombie: a parent that never waits for its child.
 *
 * The child exits with 3 at once. The parent lives on for MILLISECONDS, 2000 unless
 * told, does not wait, and exits with 0. Meanwhile `ps` shows the child in state Z,
 * and kill -9 does not help: it is dead already.
 *
 * Watch: brood flags the child as a zombie of this parent. Nobody reaps it while the
 * parent lives; then the adopter does.
 *
 * Why: the kernel has freed the dead child's memory and files. It keeps the entry in
 * the process table, with PID and exit code, since the parent may still ask for it.
 * When the parent exits too, the kernel hands its children to an adopter: the nearest
 * living ancestor that is a subreaper, else init. An adopter waits for whatever it is
 * given. So the cure for a zombie is a parent that waits, or a parent that ends.
 */
#include <ctype.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHILD_EXIT_CODE = 3, ZOMBIE_MS = 2000, ZOMBIE_MS_MAX = 3600000 };

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

int main(int argc, char **argv)
{
	int zombie_ms = argc > 1 ? number(argv[1], ZOMBIE_MS_MAX) : ZOMBIE_MS;
	if (argc > 2 || zombie_ms < 0) {
		fputs("usage: zombie [MILLISECONDS]\n", stderr);
		return 2;
	}
	/* Whole lines at once, so that no unfinished one is copied by fork(). */
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* exec() inherits an ignored SIGCHLD, and then no child would become a zombie. */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		err(1, "signal");

	pid_t child = must(fork(), "fork");
	if (child == 0)
		_exit(CHILD_EXIT_CODE);

	/* WNOWAIT: see that the child has exited, but leave it a zombie. */
	siginfo_t seen;
	must(waitid(P_PID, (id_t)child, &seen, WEXITED | WNOWAIT), "waitid");
	printf("parent %d: my child %d exited with %d and is now a zombie\n", getpid(), child,
	       seen.si_status);

	live_on(zombie_ms);
	printf("parent %d: exits after %d ms without having waited\n", getpid(), zombie_ms);
	return 0;
}
