/*
 * fork-exec: how a Unix process starts another program.
 *
 * The parent forks; the child replaces itself by /bin/echo with arguments; the
 * parent waits for it.
 *
 * Watch: fork, then exec, then exit, all three of one child with one PID. Before the
 * exec the child is named fork-exec like its parent, afterwards echo. The exec event
 * shows the arguments.
 *
 * Why: Unix has no single call "start a program". fork() makes the process, exec()
 * loads the program. In between the child runs code of its parent, which is where a
 * shell redirects files, changes the user or joins a process group.
 */
#define _GNU_SOURCE
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Passes on the result of a system call; ends the program if the call failed. */
static int must(int result, const char *call)
{
	if (result < 0)
		err(1, "%s", call);
	return result;
}

/* Never returns: after a successful exec() there is no code to return to. */
static _Noreturn void child_life(void)
{
	char *pid;
	must(asprintf(&pid, "%d", getpid()), "asprintf");
	execl("/bin/echo", "echo", "hello", "from", pid, (char *)NULL);
	err(127, "exec /bin/echo");
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		fputs("usage: fork-exec\n", stderr);
		return 2;
	}
	/* Whole lines at once, so that no unfinished one is copied by fork(). */
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* exec() inherits an ignored SIGCHLD, and then there is nothing to wait for. */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		err(1, "signal");

	pid_t child = must(fork(), "fork");
	if (child == 0)
		child_life();

	int status;
	must(waitpid(child, &status, 0), "waitpid");
	printf("parent %d: reaped %d, which exited with %d\n", getpid(), child,
	       WEXITSTATUS(status));
	return status == 0 ? 0 : 1;
}
