// SPDX-License-Identifier: GPL-2.0-only
/*
 * toggle.so: loaded into brood (LD_PRELOAD), it detaches the probes and attaches them again at
 * a word from outside, in some milliseconds, while brood goes on.  So what they cost can be
 * measured by turns that are shorter than the machine's moods; see onoff.py.
 *
 * TOGGLE is the number of a socket that brood inherits: a byte '0' detaches all, '1' attaches
 * all; the same byte comes back when it is done, or 'x' if it failed.  To be asked when brood
 * has attached them itself.
 */
#include <dlfcn.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINKS 64

static struct {
	union bpf_attr attr;	/* what it was made from */
	unsigned int size;	/* of that */
	int fd;			/* stays the same number */
} links[LINKS];
static int n_links;

static long (*next_syscall)(long, ...);

static void remember(const union bpf_attr *attr, unsigned int size, int fd)
{
	if (n_links == LINKS || size > sizeof(*attr))
		abort();
	memcpy(&links[n_links].attr, attr, size);
	links[n_links].size = size;
	links[n_links].fd = fd;
	n_links++;
}

/* libbpf's way into the kernel, and its own link_create for the probes. */
long syscall(long number, ...)
{
	long a[6], ret;
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	ret = next_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (number == SYS_bpf && a[0] == BPF_LINK_CREATE && ret >= 0) {
		const union bpf_attr *attr = (const union bpf_attr *)a[1];

		if (attr->link_create.attach_type == BPF_TRACE_RAW_TP ||
		    attr->link_create.attach_type == BPF_TRACE_FENTRY)
			remember(attr, (unsigned int)a[2], (int)ret);
	}
	return ret;
}

static bool attach(int i)
{
	int fd = (int)next_syscall(SYS_bpf, BPF_LINK_CREATE, &links[i].attr, links[i].size);

	return fd >= 0 && dup2(fd, links[i].fd) >= 0 && close(fd) == 0;
}

/* Something else takes its number, which would be given to the next file brood opens. */
static bool detach(int i, int other)
{
	return dup2(other, links[i].fd) >= 0;
}

static void *obey(void *arg)
{
	int fd = (int)(long)arg;
	bool on = true;
	char c;

	while (read(fd, &c, 1) == 1) {
		bool want = c == '1';

		for (int i = 0; i < n_links && on != want; i++)
			if (!(want ? attach(i) : detach(i, fd)))
				c = 'x';
		on = want;
		if (!n_links)
			c = 'x';
		if (write(fd, &c, 1) != 1)
			break;
	}
	return NULL;
}

/* A thread with rights of its own: brood gives up only those of the thread it runs in. */
__attribute__((constructor)) static void begin(void)
{
	const char *fd = getenv("TOGGLE");
	sigset_t all, before;
	pthread_t t;

	next_syscall = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	if (!next_syscall || !fd)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&t, NULL, obey, (void *)atol(fd)))
		abort();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
