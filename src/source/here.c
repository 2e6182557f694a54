// SPDX-License-Identifier: GPL-2.0-only
#include "source/here.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/version.h"
#include "source/clock.h"

static void read_boot_id(char *id, size_t size)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, id, size - 1);

	if (fd >= 0)
		close(fd);
	id[n > 0 ? n : 0] = '\0';
	id[strcspn(id, "\n")] = '\0';
}

static int copy_command(struct meta *m, char **argv, size_t words)
{
	size_t len = 1;
	char *p;

	for (size_t i = 0; i < words && argv[i]; i++)
		len += strlen(argv[i]) + 1;
	p = m->command = malloc(len);
	if (!p)
		return -ENOMEM;
	m->command_len = len - 1;
	for (size_t i = 0; i < words && argv[i]; i++)
		p = stpcpy(p, argv[i]) + 1;
	return 0;
}

int here_meta(struct meta *m, char **command, bool no_args)
{
	struct utsname u;

	*m = (struct meta){ 0 };
	uname(&u);
	snprintf(m->brood, sizeof(m->brood), "%s", BROOD_VERSION);
	snprintf(m->host, sizeof(m->host), "%s", u.nodename);
	snprintf(m->kernel, sizeof(m->kernel), "%s", u.release);
	snprintf(m->arch, sizeof(m->arch), "%s", u.machine);
	read_boot_id(m->boot_id, sizeof(m->boot_id));
	m->cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	return command ? copy_command(m, command, no_args ? 1 : SIZE_MAX) : 0;
}

void here_free(struct meta *m)
{
	free(m->command);
	m->command = NULL;
}

/* include/linux/proc_ns.h: PROC_PID_INIT_INO, PROC_TIME_INIT_INO */
#define PID_INIT_INO 0xEFFFFFFCu
#define TIME_INIT_INO 0xEFFFFFFAu

static bool is_inode(const char *path, ino_t inode)
{
	struct stat st;

	/* Kernels without time namespaces (before 5.6) have no such file. */
	return stat(path, &st) || st.st_ino == inode;
}

const char *here_wrong_namespace(void)
{
	if (!is_inode("/proc/self/ns/pid", PID_INIT_INO))
		return "PID";
	if (!is_inode("/proc/self/ns/time", TIME_INIT_INO))
		return "time";
	return NULL;
}

void here_begin(struct meta *m)
{
	m->t0 = boottime();
	m->wall0 = clock_ns(CLOCK_REALTIME);
}
