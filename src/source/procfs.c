// SPDX-License-Identifier: GPL-2.0-only
#include "source/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/clock.h"

static int open_proc(__u32 pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Field 22 of stat counts clock ticks since boot; comm may hold spaces and brackets. */
static bool same_start(const char *stat, __u64 start)
{
	unsigned long long ticks, tick_ns = NS_PER_S / (unsigned long long)sysconf(_SC_CLK_TCK);
	const char *p = strrchr(stat, ')');

	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (!p || sscanf(p, " %llu", &ticks) != 1)
		return false;
	return ticks == start / tick_ns;
}

/* 1: it is there, *stat is what /proc says; 0: it is not; -1: cannot tell. */
static int read_stat(const struct task_ref *ref, char *stat, size_t size)
{
	int fd = open_proc(ref->tgid, "stat");
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	n = read(fd, stat, size - 1);
	close(fd);
	if (n <= 0)
		return n < 0 && errno != ESRCH ? -1 : 0;
	stat[n] = '\0';
	return same_start(stat, ref->start);
}

bool procfs_exists(const struct task_ref *ref)
{
	char stat[1024];

	/* Thousands a second may be asked about; this is a fraction of what a missing file takes. */
	if (kill((pid_t)ref->tgid, 0) && errno == ESRCH)
		return false;
	return read_stat(ref, stat, sizeof(stat)) != 0;	/* cannot tell: believe so */
}

#define PF_EXITING 0x4		/* include/linux/sched.h; field 9 of stat */

/* Fields 3 and 9 of stat.  False: it is not there. */
static bool read_state(const struct task_ref *ref, char *state, unsigned *flags)
{
	char stat[1024];

	return read_stat(ref, stat, sizeof(stat)) == 1 &&
	       sscanf(strrchr(stat, ')'), ") %c %*d %*d %*d %*d %*d %u", state, flags) == 2;
}

bool procfs_is_zombie(const struct task_ref *ref)
{
	unsigned flags;
	char state;

	return read_state(ref, &state, &flags) && state == 'Z';
}

bool procfs_is_ending(const struct task_ref *ref)
{
	unsigned flags;
	char state;

	return read_state(ref, &state, &flags) && state != 'Z' && (flags & PF_EXITING);
}

size_t procfs_args(const struct task_ref *ref, size_t max, char **args, size_t *total)
{
	char rest[4096], *buf = malloc(max ? max : 1);
	size_t kept = 0, all = 0;
	int fd = open_proc(ref->tgid, "cmdline");
	ssize_t n = 0;

	*args = NULL;
	*total = 0;
	if (fd < 0 || !buf)
		goto out;
	do {
		n = kept < max ? read(fd, buf + kept, max - kept) : read(fd, rest, sizeof(rest));
		if (n > 0) {
			all += (size_t)n;
			kept += kept < max ? (size_t)n : 0;
		}
	} while (n > 0);
	if (!kept || !procfs_exists(ref))
		goto out;
	close(fd);
	*args = buf;
	*total = all;
	return kept;
out:
	if (fd >= 0)
		close(fd);
	free(buf);
	return 0;
}
