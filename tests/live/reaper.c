// SPDX-License-Identifier: GPL-2.0-only
/*
 * reaper COMMAND [ARG…]: the adopter of a test's orphans.
 *
 * Marks itself as a subreaper, runs COMMAND, reaps at once whatever comes to it, and ends
 * with COMMAND's status when COMMAND does.  Tests run brood below it, so that who adopts is
 * known and prompt, whatever this machine's init does.  Whom it reaped, and the status, it
 * appends to the file that REAPER_LOG names, if there is one.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *log = getenv("REAPER_LOG");
	pid_t command, ended;
	int status, fd = -1;

	if (argc < 2)
		errx(2, "usage: reaper COMMAND [ARG…]");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		err(125, "prctl");
	if (log) {
		fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		unsetenv("REAPER_LOG");
	}
	command = fork();
	if (command < 0)
		err(125, "fork");
	if (command == 0) {
		execvp(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	do {
		ended = wait(&status);
		if (fd >= 0 && ended > 0)
			dprintf(fd, "%d %d\n", ended, status);
	} while (ended > 0 && ended != command);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
