// SPDX-License-Identifier: GPL-2.0-only
/* families ACT: parents that die before their children, in several depths. */
#include <time.h>

#include "act.h"

/* Returns once nobody is a process with this PID: it has been reaped. */
static void wait_reaped(pid_t pid)
{
	struct timespec pause = {.tv_nsec = 1000000L};

	while (kill(pid, 0) == 0)
		nanosleep(&pause, NULL);
}

/*
 * first → second → third → fourth; second exits, then third, then fourth.  So third is an
 * orphan, and fourth becomes one by the death of an orphan.  first ends when the adopter has
 * reaped them all.
 */
static int orphans(void)
{
	int news[2], end;
	pid_t second, third, fourth;

	must(pipe(news), "pipe");
	prctl(PR_SET_NAME, "first");
	second = born("second");
	if (second == 0) {
		end = watch_end(getpid());
		if (born("third"))
			_exit(2);
		wait_end(end);
		end = watch_end(getpid());
		third = getpid();
		must(write(news[1], &third, sizeof(third)), "write");
		if (born("fourth"))
			_exit(3);
		wait_end(end);
		fourth = getpid();
		must(write(news[1], &fourth, sizeof(fourth)), "write");
		_exit(4);
	}
	reap(second);
	must(read(news[0], &third, sizeof(third)), "read");
	must(read(news[0], &fourth, sizeof(fourth)), "read");
	wait_reaped(third);
	wait_reaped(fourth);
	return 0;
}

/*
 * outer (subreaper) → inner (subreaper) → middle → leaf.  middle exits: leaf goes to inner.
 * inner reaps middle and exits: leaf goes to outer, which reaps inner, then leaf.
 */
static int nested(void)
{
	int news[2], inner_end, middle_end;
	pid_t inner, middle, leaf;

	must(pipe(news), "pipe");
	prctl(PR_SET_NAME, "outer");
	must(prctl(PR_SET_CHILD_SUBREAPER, 1), "prctl");
	inner = born("inner");
	if (inner == 0) {
		must(prctl(PR_SET_CHILD_SUBREAPER, 1), "prctl");
		inner_end = watch_end(getpid());
		middle = born("middle");
		if (middle == 0) {
			middle_end = watch_end(getpid());
			if (born("leaf"))
				_exit(1);
			leaf = getpid();
			wait_end(middle_end);
			must(write(news[1], &leaf, sizeof(leaf)), "write");
			wait_end(inner_end);
			_exit(3);
		}
		reap(middle);
		must(read(news[0], &leaf, sizeof(leaf)), "read");
		must(write(news[1], &leaf, sizeof(leaf)), "write");
		_exit(2);
	}
	reap(inner);
	must(read(news[0], &leaf, sizeof(leaf)), "read");
	return reap(leaf) == 3 ? 0 : 1;
}

/*
 * A daemon: forked twice, it outlives the command and exits with 9 when its standard input
 * ends.  It says its PID once it is adopted.
 */
static int daemon_act(void)
{
	int ready[2], end;
	pid_t middle;
	char byte;

	must(pipe(ready), "pipe");
	middle = born("middle");
	if (middle == 0) {
		end = watch_end(getpid());
		if (born("daemon"))
			_exit(0);
		wait_end(end);
		printf("daemon %d\n", getpid());
		must(write(ready[1], "", 1), "write");
		while (read(STDIN_FILENO, &byte, 1) > 0)
			continue;
		_exit(9);
	}
	reap(middle);
	must(read(ready[0], &byte, 1), "read");
	return 0;
}

/* A zombie that is nobody's but ours: waits for the end of standard input, then reaps it. */
static int zombie(void)
{
	pid_t child = born("undead");
	siginfo_t info;
	char byte;

	if (child == 0)
		_exit(5);
	must(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), "waitid");
	printf("zombie %d\n", child);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	return reap(child) == 5 ? 0 : 1;
}

/* Two children whose parent ignores SIGCHLD, or has set SA_NOCLDWAIT: nobody waits. */
static int autoreaped(const struct sigaction *action)
{
	int end;
	pid_t child;

	must(sigaction(SIGCHLD, action, NULL), "sigaction");
	for (int i = 1; i <= 2; i++) {
		int gate[2];

		must(pipe(gate), "pipe");
		child = born("unwaited");
		if (child == 0) {
			char byte;

			close(gate[1]);
			must(read(gate[0], &byte, 1), "read");
			_exit(i);
		}
		end = watch_end(child);
		close(gate[0]);
		close(gate[1]);
		wait_end(end);
		close(end);
	}
	return waitpid(child, NULL, 0) < 0 && errno == ECHILD ? 0 : 1;
}

static int ignore(void)
{
	return autoreaped(&(struct sigaction){.sa_handler = SIG_IGN});
}

static int nocldwait(void)
{
	return autoreaped(&(struct sigaction){.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT});
}

static const struct act acts[] = {
	{"orphans", orphans}, {"nested", nested},	{"daemon", daemon_act}, {"zombie", zombie},
	{"ignore", ignore},   {"nocldwait", nocldwait}, {NULL, NULL},
};

int main(int argc, char **argv)
{
	return play(acts, argc > 1 ? argv[1] : NULL);
}
