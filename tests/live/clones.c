// SPDX-License-Identifier: GPL-2.0-only
/* clones ACT: the other ways to make a process. */
#include <linux/sched.h>
#include <spawn.h>

#include "act.h"

static pid_t clone_raw(unsigned long flags)
{
	return must(syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0), "clone");
}

/* middle makes a sibling of itself: created by middle, but the child of the first. */
static int parent(void)
{
	pid_t sibling, middle;
	int news[2];

	must(pipe(news), "pipe");
	middle = born("middle");
	if (middle == 0) {
		sibling = clone_raw(CLONE_PARENT);
		if (sibling == 0)
			_exit(6);
		must(write(news[1], &sibling, sizeof(sibling)), "write");
		_exit(0);
	}
	must(read(news[0], &sibling, sizeof(sibling)), "read");
	reap(middle);
	return reap(sibling) == 6 ? 0 : 1;
}

/* vfork() with an exec, the classic use. */
static int vfork_act(void)
{
	pid_t child = vfork();

	if (child == 0) {
		execl("/bin/true", "true", "by", "vfork", (char *)NULL);
		_exit(127);
	}
	return reap(child);
}

static int spawn(void)
{
	char *argv[] = {"true", "by", "spawn", NULL};
	pid_t child;

	if (posix_spawn(&child, "/bin/true", NULL, NULL, argv, NULL))
		errx(99, "posix_spawn");
	return reap(child);
}

/* PID 1 of a new PID namespace makes two children and exits while they live. */
static int newpid(void)
{
	pid_t init = clone_raw(CLONE_NEWPID);

	if (init == 0) {
		prctl(PR_SET_NAME, "init");
		for (int i = 0; i < 2; i++)
			if (born("inmate") == 0)
				for (;;)
					pause();
		_exit(getpid() == 1 ? 0 : 1);
	}
	return reap(init);
}

/* Two lives under one PID: the second asks for the number that the first has left. */
static int reuse(void)
{
	for (int tries = 0; tries < 100; tries++) {
		struct clone_args args = {.exit_signal = SIGCHLD, .set_tid_size = 1};
		pid_t first = born("first"), second;

		if (first == 0)
			_exit(1);
		args.set_tid = (__u64)(unsigned long)&first;
		reap(first);
		second = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
		if (second == 0) {
			prctl(PR_SET_NAME, "second");
			_exit(2);
		}
		if (second < 0 && errno == EEXIST)
			continue; /* somebody was faster */
		must(second, "clone3");
		reap(second);
		printf("reused %d\n", second);
		return second == first ? 0 : 1;
	}
	return 1;
}

static const struct act acts[] = {
	{"parent", parent}, {"vfork", vfork_act}, {"spawn", spawn},
	{"newpid", newpid}, {"reuse", reuse},	  {NULL, NULL},
};

int main(int argc, char **argv)
{
	return play(acts, argc > 1 ? argv[1] : NULL);
}
