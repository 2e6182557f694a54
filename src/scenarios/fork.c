/*
 * fork: a process makes a copy of itself and waits for the copy's end.
 *
 * The parent forks one child. The child exits with 7; the parent waits for it, which
 * collects the 7, and exits with 0.
 *
 * Watch: one fork event and no exec between it and the child's exit: the child runs
 * the parent's program and bears its name. Its exit says 7, and it is reaped by its
 * birth parent.
 *
 * Why: fork() is called once and returns twice, in the parent with the child's PID
 * and in the child with 0. A process that has exited keeps its entry in the process
 * table, as a zombie, because the exit code is stored there. wait() fetches the code
 * and frees the entry: that is what "to reap" means.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_EXIT_CODE = 7 };

/* Passes on the result of a system call; ends the program if the call failed. */
static int must(int result, const char *call)
{
	if (result < 0)
		err(1, "%s", call);
	return result;
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		fputs("usage: fork\n", stderr);
		return 2;
	}
	/* Whole lines at once, so that no unfinished one is copied by fork(). */
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* exec() inherits an ignored SIGCHLD, and then there is nothing to wait for. */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		err(1, "signal");

	printf("parent: PID %d, its parent is %d\n", getpid(), getppid());

	pid_t child = must(fork(), "fork");
	if (child == 0) {
		printf("child: PID %d, its parent is %d\n", getpid(), getppid());
		_exit(CHILD_EXIT_CODE);
	}

	int status;
	must(waitpid(child, &status, 0), "waitpid");
	printf("parent: reaped %d, which exited with %d\n", child, WEXITSTATUS(status));
	return 0;
}
