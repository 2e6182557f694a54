// SPDX-License-Identifier: GPL-2.0-only
/*
 * journal.c: records in a shared mapping.  Room is taken by one atomic addition, so that
 * writers never meet; what a killed writer has left incomplete is recognised by the reader.
 * Nothing in here allocates or locks: a child of vfork() and one of a raw clone() use it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "grove.h"

struct grove *grove;
__thread struct self self;

int journal_create(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || ftruncate(fd, JOURNAL_BYTES))
		return -errno;
	if (dup2(fd, FD_JOURNAL) < 0)
		return -errno;
	close(fd);
	journal_map();
	memcpy(grove->magic, "GROVE 1", 8);
	grove->node_bytes = sizeof(struct node);
	grove->records_at = (sizeof(*grove) + RECORD_UNIT - 1) & ~(RECORD_UNIT - 1u);
	return 0;
}

void journal_map(void)
{
	grove = mmap(NULL, JOURNAL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, FD_JOURNAL, 0);
	if (grove == MAP_FAILED)
		_exit(98);
}

void note_bytes(enum record_kind kind, const int64_t *v, const void *bytes, uint32_t n)
{
	uint32_t size = (sizeof(struct record) + n + RECORD_UNIT - 1) & ~(RECORD_UNIT - 1u);
	uint32_t at = atomic_fetch_add(&grove->used, size);
	struct record *r = (struct record *)(void *)((char *)grove + grove->records_at + at);
	struct timespec now;

	if (grove->records_at + at + size > JOURNAL_BYTES)
		return;			/* the reader sees it from `used` */
	r->bytes = n;
	r->kind = kind;
	r->node = self.node;
	r->pid = self.pid;
	r->tid = self.tid;
	atomic_signal_fence(memory_order_seq_cst);
	*(volatile uint32_t *)&r->magic = RECORD_MAGIC;
	clock_gettime(CLOCK_BOOTTIME, &now);
	r->ts = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	memcpy(r->v, v, sizeof(r->v));
	if (n)
		memcpy(r + 1, bytes, n);
	atomic_store(&r->complete, 1);
}

static ssize_t slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t r;

	if (fd < 0)
		return -1;
	while (n < size && (r = read(fd, buf + n, size - n)) > 0)
		n += (size_t)r;
	close(fd);
	return (ssize_t)n;
}

/* /proc is that of the initial PID namespace, and so are the numbers in it. */
bool read_stat(int pid, struct stat_line *s)
{
	char path[32];

	if (!pid)
		return read_stat_file("/proc/self/stat", s);
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	return read_stat_file(path, s);
}

bool read_stat_file(const char *path, struct stat_line *s)
{
	unsigned long long start;
	char buf[512], *p;
	ssize_t n;

	n = slurp(path, buf, sizeof(buf) - 1);
	if (n <= 0)
		return false;
	buf[n] = '\0';
	p = strrchr(buf, ')');
	if (!p || sscanf(p, ") %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			    "%*d %*d %llu", &s->state, &s->ppid, &start) != 3)
		return false;
	s->start = start;
	return true;
}

void know_self(int node)
{
	char buf[64];
	ssize_t n = readlink("/proc/thread-self", buf, sizeof(buf) - 1);

	self = (struct self){.node = node};
	if (n > 0) {
		buf[n] = '\0';
		sscanf(buf, "%u/task/%u", &self.pid, &self.tid);
	}
}

int disposition(void)
{
	struct sigaction sa;

	sigaction(SIGCHLD, NULL, &sa);
	if (sa.sa_handler == SIG_IGN)
		return CHLD_IGNORE;
	return sa.sa_flags & SA_NOCLDWAIT ? CHLD_NOCLDWAIT : CHLD_DEFAULT;
}

void note_birth(int node)
{
	struct node *n = &grove->nodes[node];
	struct stat_line s = {0};
	struct stat ns = {0};

	know_self(node);
	read_stat(0, &s);
	stat("/proc/self/ns/pid", &ns);
	note(R_BIRTH, getpid(), getppid(), s.ppid, getuid(), getgid(), (int64_t)ns.st_ino,
	     (int64_t)s.start, disposition());
	n->start = s.start;
	n->pid = (int32_t)self.pid;
}

void note_exec(void)
{
	static char buf[128 << 10];
	const char *file = (const char *)getauxval(AT_EXECFN);
	size_t len = strlen(file);
	ssize_t args;

	memcpy(buf, file, len);
	args = slurp("/proc/self/cmdline", buf + len, sizeof(buf) - len - 16);
	if (args < 0)
		args = 0;
	prctl(PR_GET_NAME, buf + len + args);
	note_bytes(R_EXEC, (const int64_t[RECORD_VALUES]){getuid(), getgid(), disposition(), (int64_t)len,
							  args},
		   buf, (uint32_t)(len + (size_t)args + 16));
}
