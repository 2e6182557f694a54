/*
 * pipeline: what a shell does for `seq 1000 | grep 7 | wc -l`.
 *
 * The parent forks three children, joins them by two pipes, and each child execs its
 * program. The parent waits for all three and exits with the status of the last one.
 *
 * Watch: three forks by one parent, three execs, three exits. The children are siblings:
 * data flows from one to the next, but none is the parent of another. They run at the
 * same time, so the order of their events may differ from run to run.
 *
 * Why: a pipe's ends are inherited by fork() and kept by exec(), so programs that know
 * nothing of each other can be joined. A reader sees end of file when the last copy of
 * the writing end is closed: the parent must close its own copies, or wc never ends.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STAGES = 3 };

/* Passes on the result of a system call; ends the program if the call failed. */
static int must(int result, const char *call)
{
	if (result < 0)
		err(1, "%s", call);
	return result;
}

/* Becomes PROGRAM, which reads from INPUT and writes to OUTPUT. */
static _Noreturn void stage_life(char *const program[], int input, int output)
{
	must(dup2(input, STDIN_FILENO), "dup2");
	must(dup2(output, STDOUT_FILENO), "dup2");
	execvp(program[0], program); /* closes every other end: they are O_CLOEXEC */
	err(127, "exec %s", program[0]);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		fputs("usage: pipeline\n", stderr);
		return 2;
	}
	/* Whole lines at once, so that no unfinished one is copied by fork(). */
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* exec() inherits an ignored SIGCHLD, and then there is nothing to wait for. */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		err(1, "signal");

	char *program[STAGES][4] = {{"seq", "1000"}, {"grep", "7"}, {"wc", "-l"}};
	pid_t child[STAGES];
	/* Copies of our own input and output, so that all stages can be treated alike. */
	int input = must(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), "dup");

	for (int i = 0; i < STAGES; i++) {
		int next[2] = {-1, -1}; /* joins this stage to the next */
		if (i < STAGES - 1)
			must(pipe2(next, O_CLOEXEC), "pipe2");
		else
			next[1] = must(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), "dup");

		child[i] = must(fork(), "fork");
		if (child[i] == 0)
			stage_life(program[i], input, next[1]);
		must(close(input), "close");
		must(close(next[1]), "close");
		input = next[0];
	}

	int status[STAGES];
	for (int i = 0; i < STAGES; i++)
		must(waitpid(child[i], &status[i], 0), "waitpid");
	for (int i = 0; i < STAGES; i++)
		printf("parent %d: reaped %d (%s), which exited with %d\n", getpid(), child[i],
		       program[i][0], WEXITSTATUS(status[i]));

	int last = status[STAGES - 1];
	return WIFSIGNALED(last) ? 128 + WTERMSIG(last) : WEXITSTATUS(last);
}
