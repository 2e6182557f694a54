/*
 * program: one program, two processes.
 *
 * The program starts a second instance of itself: fork() makes a second process,
 * exec() loads the same program file into it.
 *
 * Watch: two exec events that name the same file, under two PIDs, and two exits.
 *
 * Why: a program is a file; a process is one run of it, with a PID, a memory and
 * an end of its own. fork() copies the calling process, so the child has a new PID
 * and still the old program. exec() replaces the program and keeps the PID.
 */
#include <err.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Passes on the result of a system call; ends the program if the call failed. */
static int must(int result, const char *call)
{
	if (result < 0)
		err(1, "%s", call);
	return result;
}

static int first_instance(const char *file)
{
	printf("first instance: PID %d of %s\n", getpid(), file);

	pid_t child = must(fork(), "fork");
	if (child == 0) {
		execl(file, "program", "second", (char *)NULL);
		err(127, "exec %s", file);
	}

	int status;
	must(waitpid(child, &status, 0), "waitpid");
	printf("first instance: %d ended with status %d\n", child, WEXITSTATUS(status));
	return status == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	int is_second = argc == 2 && strcmp(argv[1], "second") == 0;
	if (argc > 1 && !is_second) {
		fputs("usage: program\n", stderr);
		return 2;
	}
	/* Whole lines at once, so that no unfinished one is copied by fork(). */
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* exec() inherits an ignored SIGCHLD, and then there is nothing to wait for. */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		err(1, "signal");

	/* The file's real name: exec() of the link would name the process "exe". */
	char file[PATH_MAX];
	int length = (int)readlink("/proc/self/exe", file, sizeof file - 1);
	file[must(length, "readlink /proc/self/exe")] = '\0';

	if (!is_second)
		return first_instance(file);
	printf("second instance: PID %d of %s, birth parent %d\n", getpid(), file, getppid());
	return 0;
}
