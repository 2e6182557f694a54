/*
 * wait: children that die in another order than their parent waits for them.
 *
 * The parent forks CHILDREN children, 3 unless told. Child number i exits with code i,
 * the last born first. The parent waits for them one by one in the order of birth.
 *
 * Watch: the exits come in reverse order (3, 2, 1), the reaps in order of birth
 * (1, 2, 3). Every child but the first is a zombie for a short while.
 *
 * Why: a child that has exited stays in the process table until its parent waits for
 * it. That is not a fault: every process is a zombie between its exit and its reap.
 *
 * How the order is made certain: child i reads from pipe i, and child i + 1 holds the
 * only writing end of it. The kernel closes a process's files while it exits, so the
 * read returns (end of file) when child i + 1 is dying, and not before.
 */
#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 3, CHILDREN_MAX = 100 };

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

/* Blocks until nobody holds the writing end any more. */
static void read_end_of_file(int fd)
{
	char byte;
	must((int)read(fd, &byte, 1), "read");
}

int main(int argc, char **argv)
{
	int children = argc > 1 ? number(argv[1], CHILDREN_MAX) : CHILDREN;
	if (argc > 2 || children < 1) {
		fprintf(stderr, "usage: wait [CHILDREN]   (1 to %d)\n", CHILDREN_MAX);
		return 2;
	}
	/* Whole lines at once, so that no unfinished one is copied by fork(). */
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* exec() inherits an ignored SIGCHLD, and then there is nothing to wait for. */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		err(1, "signal");

	pid_t child[CHILDREN_MAX];
	int older_sibling = must(open("/dev/null", O_WRONLY), "open /dev/null");
	for (int i = 1; i <= children; i++) {
		int younger_sibling[2];
		must(pipe(younger_sibling), "pipe");
		child[i - 1] = must(fork(), "fork");
		if (child[i - 1] == 0) {
			must(close(younger_sibling[1]), "close");
			read_end_of_file(younger_sibling[0]);
			printf("child %d: exits with %d\n", getpid(), i);
			_exit(i); /* closes older_sibling: the next one may die */
		}
		must(close(younger_sibling[0]), "close");
		must(close(older_sibling), "close");
		older_sibling = younger_sibling[1];
	}
	must(close(older_sibling), "close"); /* the last born may die */

	for (int i = 1; i <= children; i++) {
		int status;
		must(waitpid(child[i - 1], &status, 0), "waitpid");
		printf("parent %d: reaped %d, which exited with %d\n", getpid(), child[i - 1],
		       WEXITSTATUS(status));
	}
	return 0;
}
