// SPDX-License-Identifier: GPL-2.0-only
/*
 * bomb MS ARGS: a fork bomb that goes off for MS milliseconds and then is over.
 *
 * Whoever is in it forks as fast as it can, eight times at most, and exits; each child becomes
 * this program anew, with ARGS bytes of arguments.  Nobody waits: they are orphans, and the
 * first process, their subreaper, reaps them all and plants new ones.
 * It does not bound itself; whoever lights it does (a pids cgroup, RLIMIT_NPROC).  At the
 * end it says how many "FORKS EXECS" there were.
 */
#include <err.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MS 1000000LL

/* In memory that all share by a descriptor, over their execs. */
struct count {
	atomic_long forks, execs;
};

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 * MS + t.tv_nsec;
}

static struct count *shared(int fd)
{
	void *c = mmap(NULL, sizeof(struct count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return c == MAP_FAILED ? NULL : c;
}

/* false: there is no more room. */
static int plant(struct count *c, char **argv)
{
	pid_t child = fork();

	if (child < 0)
		return 0;
	if (child == 0) {
		atomic_fetch_add(&c->execs, 1);
		execv("/proc/self/exe", argv);
		atomic_fetch_sub(&c->execs, 1);
		_exit(127);
	}
	atomic_fetch_add(&c->forks, 1);
	return 1;
}

/* argv: "bomb", "+", the shared descriptor, the end, and ballast. */
static int explode(char **argv)
{
	struct count *c = shared(atoi(argv[2]));
	long long end = atoll(argv[3]);

	if (!c)
		_exit(126);
	for (int i = 0; i < 8 && now() < end && plant(c, argv); i++)
		continue;
	_exit(0);
}

int main(int argc, char **argv)
{
	char fd[16], end[32], *next[] = {"bomb", "+", fd, end, NULL, NULL};
	struct count *c;
	size_t bytes;
	int memory;

	if (argc > 2 && !strcmp(argv[1], "+"))
		return explode(argv);
	if (argc != 3)
		errx(2, "usage: bomb MS ARGS");
	memory = memfd_create("count", 0);
	if (memory < 0 || ftruncate(memory, sizeof(*c)) || !(c = shared(memory)))
		err(1, "memory");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	bytes = strtoul(argv[2], NULL, 10);
	snprintf(fd, sizeof(fd), "%d", memory);
	snprintf(end, sizeof(end), "%lld", now() + atoll(argv[1]) * MS);
	next[4] = malloc(bytes + 1);
	if (!next[4])
		err(1, "memory");
	memset(next[4], 'x', bytes);
	next[4][bytes] = '\0';
	while (now() < atoll(end)) {
		plant(c, next);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
	}
	while (wait(NULL) > 0 || errno == EINTR)
		continue;
	printf("%ld %ld\n", atomic_load(&c->forks), atomic_load(&c->execs));
	return 0;
}
