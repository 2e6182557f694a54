/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * act.h: what the small programs of the live tests share.
 *
 * Each of them is a table of acts: `families nested` plays the act "nested".  No act orders
 * two processes by a sleep; they wait for each other's end.
 */
#ifndef BROOD_TESTS_ACT_H
#define BROOD_TESTS_ACT_H

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct act {
	const char *name;
	int (*play)(void);
};

static inline int must(long result, const char *call)
{
	if (result < 0)
		err(99, "%s", call);
	return (int)result;
}

/* A pidfd becomes readable when its process is dead and its children are adopted. */
static inline int watch_end(pid_t pid)
{
	return must(syscall(SYS_pidfd_open, pid, 0), "pidfd_open");
}

static inline void wait_end(int pidfd)
{
	struct pollfd end = {.fd = pidfd, .events = POLLIN};

	while (poll(&end, 1, -1) < 0 && errno == EINTR)
		continue;
}

/* fork(), and a name for the child. */
static inline pid_t born(const char *name)
{
	pid_t pid = must(fork(), "fork");

	if (pid == 0)
		prctl(PR_SET_NAME, name);
	return pid;
}

/* Waits for one child; its exit code, or 128 + its signal. */
static inline int reap(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0), "waitpid");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static inline int play(const struct act *acts, const char *name)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (; acts->name; acts++)
		if (name && !strcmp(acts->name, name))
			return acts->play();
	errx(2, "no act named %s", name ? name : "nothing");
}

#endif
