// SPDX-License-Identifier: GPL-2.0-only
/*
 * catch [CODE]: says "ready PID", waits for a signal, says which one came and from where
 * ("caught 2 from the kernel", "caught 15 from 4711"), and exits with CODE, 0 unless told.
 * A second one within 300 ms is told too: a signal must not come twice.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void say(int sig, const siginfo_t *from)
{
	if (from->si_code == SI_KERNEL)
		printf("caught %d from the kernel\n", sig);
	else
		printf("caught %d from %d\n", sig, from->si_pid);
}

int main(int argc, char **argv)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct timespec soon = {.tv_nsec = 300 * 1000000L};
	siginfo_t from;
	sigset_t set;
	int sig;

	setvbuf(stdout, NULL, _IOLBF, 0);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	printf("ready %d\n", getpid());
	sig = sigwaitinfo(&set, &from);
	say(sig, &from);
	sig = sigtimedwait(&set, &from, &soon);
	if (sig > 0)
		say(sig, &from);
	return argc > 1 ? atoi(argv[1]) : 0;
}
