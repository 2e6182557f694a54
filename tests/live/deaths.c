// SPDX-License-Identifier: GPL-2.0-only
/* deaths ACT: how a process may be killed, and by whom. */
#include <sys/mman.h>
#include <sys/resource.h>

#include "act.h"

static void no_core(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	prctl(PR_SET_DUMPABLE, 0); /* nor into a pipe, whatever core_pattern says */
}

/* A child that waits to be killed; the parent does it. */
static int killed(int sig)
{
	int ready[2];
	pid_t child;
	char byte;

	must(pipe(ready), "pipe");
	child = born("victim");
	if (child == 0) {
		must(write(ready[1], "", 1), "write");
		for (;;)
			pause();
	}
	must(read(ready[0], &byte, 1), "read");
	must(kill(child, sig), "kill");
	return reap(child) == 128 + sig ? 0 : 1;
}

static int term(void)
{
	return killed(SIGTERM);
}

static int kill_act(void)
{
	return killed(SIGKILL);
}

/* abort() sends SIGABRT to its own thread. */
static int abort_act(void)
{
	pid_t child = born("aborter");

	if (child == 0) {
		no_core();
		abort();
	}
	return reap(child) == 128 + SIGABRT ? 0 : 1;
}

/* A fault: nobody sent this one. */
static int segv(void)
{
	pid_t child = born("faulty");

	if (child == 0) {
		no_core();
		volatile char *page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		*page = 1;
	}
	return reap(child) == 128 + SIGSEGV ? 0 : 1;
}

/* The fatal one after one that was survived: by the second sender, not by the first. */
static int survived(void)
{
	pid_t child = born("tough");
	siginfo_t info;

	if (child == 0) {
		signal(SIGTERM, SIG_IGN);
		raise(SIGSTOP);
		for (;;)
			pause();
	}
	must(waitid(P_PID, (id_t)child, &info, WSTOPPED), "waitid");
	must(kill(child, SIGTERM), "kill");
	must(kill(child, SIGCONT), "kill");
	must(kill(child, SIGKILL), "kill");
	return reap(child) == 128 + SIGKILL ? 0 : 1;
}

/* It was sent TERM, ignored it and exited by itself: killed by nobody. */
static int ignored(void)
{
	pid_t child = born("tough");
	siginfo_t info;

	if (child == 0) {
		signal(SIGTERM, SIG_IGN);
		raise(SIGSTOP);
		_exit(12);
	}
	must(waitid(P_PID, (id_t)child, &info, WSTOPPED), "waitid");
	must(kill(child, SIGTERM), "kill");
	must(kill(child, SIGCONT), "kill");
	return reap(child) == 12 ? 0 : 1;
}

static const struct act acts[] = {
	{"term", term},		{"kill", kill_act},   {"abort", abort_act}, {"segv", segv},
	{"survived", survived}, {"ignored", ignored}, {NULL, NULL},
};

int main(int argc, char **argv)
{
	return play(acts, argc > 1 ? argv[1] : NULL);
}
