// SPDX-License-Identifier: GPL-2.0-only
/*
 * reaper COMMAND [ARG…]: the adopter of a test's orphans.
 *
 * Marks itself as a subreaper, runs COMMAND, reaps at once whatever comes to it, and ends
 * with COMMAND's status when COMMAND does.  Tests run brood below it, so that who adopts is
 * known and prompt, whatever this machine's init does.  Whom it reaped it appends to
 * the file that REAPER_LOG names, if one does: PID, start (as in /proc/PID/stat), status.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Before it is reaped, its start can be read: a PID alone may be somebody else's soon. */
static pid_t wait_and_log(int fd, int *status)
{
	unsigned long long start = 0;
	char path[32], line[512], *p;
	siginfo_t info;
	FILE *f;

	if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT))
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/stat", info.si_pid);
	f = fopen(path, "re");
	line[f ? fread(line, 1, sizeof(line) - 1, f) : 0] = '\0';
	if (f)
		fclose(f);
	p = strrchr(line, ')');
	if (p)
		sscanf(p, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			  "%*d %*d %llu", &start);
	if (waitpid(info.si_pid, status, 0) != info.si_pid)
		return -1;
	dprintf(fd, "%d %llu %d\n", info.si_pid, start, *status);
	return info.si_pid;
}

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
	do
		ended = fd < 0 ? wait(&status) : wait_and_log(fd, &status);
	while (ended > 0 && ended != command);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
