// SPDX-License-Identifier: GPL-2.0-only
/*
 * reaper COMMAND [ARG…]: the adopter of a test's orphans.
 *
 * Marks itself as a subreaper, runs COMMAND, reaps at once whatever comes to it, and ends
 * with COMMAND's status when COMMAND does.  Tests run brood below it, so that who adopts is
 * known and prompt, whatever this machine's init does.
 */
#include <err.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	pid_t command, ended;
	int status;

	if (argc < 2)
		errx(2, "usage: reaper COMMAND [ARG…]");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		err(125, "prctl");
	command = fork();
	if (command < 0)
		err(125, "fork");
	if (command == 0) {
		execvp(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	do
		ended = wait(&status);
	while (ended > 0 && ended != command);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
