/*
 * zombie-orphan: a parent that dies and leaves a zombie behind.
 *
 * This process, the starter, forks a parent; that one forks a child. The child exits
 * with 4. The parent sees that its child is a zombie, does not wait, and exits with 0.
 *
 * Watch: soon after the parent's exit the zombie is reaped by the adopter: the nearest
 * living ancestor that is a subreaper, else init. A good init does it at once, a poor one
 * looks for zombies every few seconds. It is never called an orphan: orphans live.
 *
 * Why: many expect that the zombie stays for ever, since its parent can never wait for
 * it now. But a zombie is kept for its parent's sake only. When the parent exits, the
 * kernel hands the zombie to the adopter and tells it so by SIGCHLD, and an adopter
 * waits for whatever it is given. Zombies last under parents that live, not that died.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHILD_EXIT_CODE = 4, REAP_MS_MAX = 5000 };

/* Passes on the result of a system call; ends the program if the call failed. */
static int must(int result, const char *call)
{
	if (result < 0)
		err(1, "%s", call);
	return result;
}

static _Noreturn void parent_life(int starter)
{
	pid_t child = must(fork(), "fork");
	if (child == 0)
		_exit(CHILD_EXIT_CODE);

	/* WNOWAIT: see that the child has exited, but leave it a zombie. */
	siginfo_t seen;
	must(waitid(P_PID, (id_t)child, &seen, WEXITED | WNOWAIT), "waitid");
	printf("parent %d: my child %d exited with %d and is a zombie; I exit\n", getpid(), child,
	       seen.si_status);
	must((int)write(starter, &child, sizeof child), "write");
	_exit(0);
}

/* Whether PID leaves the process table in time: kill() finds zombies, but not the reaped. */
static int is_reaped(pid_t pid)
{
	struct timespec one_ms = {.tv_nsec = 1000000};
	for (int ms = 0; ms < REAP_MS_MAX; ms++) {
		if (kill(pid, 0) < 0 && errno == ESRCH)
			return 1;
		must(nanosleep(&one_ms, NULL), "nanosleep");
	}
	return 0;
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		fputs("usage: zombie-orphan\n", stderr);
		return 2;
	}
	/* Whole lines at once, so that no unfinished one is copied by fork(). */
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* exec() inherits an ignored SIGCHLD, and then no child would become a zombie. */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		err(1, "signal");

	int news[2];
	must(pipe(news), "pipe");
	pid_t parent = must(fork(), "fork");
	if (parent == 0)
		parent_life(news[1]);
	must(close(news[1]), "close");

	pid_t zombie;
	if (must((int)read(news[0], &zombie, sizeof zombie), "read") != sizeof zombie)
		errx(1, "the parent ended without telling its child's PID");
	must(waitpid(parent, NULL, 0), "waitpid");
	printf("starter %d: reaped the parent %d\n", getpid(), parent);
	printf("starter %d: the zombie %d %s\n", getpid(), zombie,
	       is_reaped(zombie) ? "is gone: its adopter reaped it"
				 : "is still there: its adopter (PID 1?) does not reap");
	return 0;
}
