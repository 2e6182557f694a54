// SPDX-License-Identifier: GPL-2.0-only
#include "source/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "event.h"

/* --- does it work without? ------------------------------------------------------------- */

/*
 * Before Linux 5.19 kernel.unprivileged_bpf_disabled closes bpf() altogether: even of a map
 * that is open one cannot ask anything (kernel/bpf/syscall.c: __sys_bpf).
 */
static bool bpf_refused(const struct privileged_work *work)
{
	struct task_ref key;

	return work->map_fd >= 0 && bpf_map_get_next_key(work->map_fd, NULL, &key) == -EPERM;
}

/* Mounted with hidepid, /proc shows others only to who may trace them (fs/proc/base.c). */
static bool proc_hides(const struct privileged_work *work)
{
	int fd = open("/proc/1/stat", O_RDONLY | O_CLOEXEC);

	(void)work;
	if (fd < 0)
		return true;
	close(fd);
	return false;
}

/* Whose the command will be when a signal comes is not known: it may be su. */
static bool sends_signals(const struct privileged_work *work)
{
	return work->signals;
}

static bool directory_refused(const struct privileged_work *work)
{
	return work->directory &&
	       faccessat(AT_FDCWD, work->directory, W_OK | X_OK, AT_EACCESS) && errno == EACCES;
}

static const struct {
	cap_value_t cap;
	bool (*needed)(const struct privileged_work *work);
} rows[] = {
	{ CAP_BPF, bpf_refused },		/* maps, counts of the programs, the task list again */
	{ CAP_SYS_PTRACE, proc_hides },		/* /proc/PID/stat and cmdline of others */
	{ CAP_KILL, sends_signals },		/* SIGINT, SIGTERM … for a command of another user */
	{ CAP_DAC_OVERRIDE, directory_refused }, /* the next file, where the directory is another's */
};
#define N_ROWS (sizeof(rows) / sizeof(*rows))

/* --- giving up ------------------------------------------------------------------------- */

static int set_effective(cap_t caps, const cap_value_t *list, size_t n)
{
	if (cap_clear_flag(caps, CAP_EFFECTIVE) ||
	    (n && cap_set_flag(caps, CAP_EFFECTIVE, (int)n, list, CAP_SET)) || cap_set_proc(caps))
		return -errno;
	return 0;
}

static bool is_permitted(cap_t caps, cap_value_t cap)
{
	cap_flag_value_t value = CAP_CLEAR;

	return cap_get_flag(caps, cap, CAP_PERMITTED, &value) == 0 && value == CAP_SET;
}

/*
 * Nothing is ever executed again, and with no_new_privs no file gives capabilities; the
 * bounding set only says the same once more.  Without CAP_SETPCAP it stays as it is.
 */
static int empty_bounding_set(cap_t caps)
{
	static const cap_value_t setpcap = CAP_SETPCAP;
	int err;

	if (!is_permitted(caps, setpcap))
		return 0;
	err = set_effective(caps, &setpcap, 1);
	for (cap_value_t cap = 0; !err && cap < cap_max_bits(); cap++)
		err = cap_drop_bound(cap) ? -errno : 0;
	return err;
}

static int keep_only(const cap_value_t *kept, size_t n)
{
	cap_t caps = cap_init();	/* all sets empty; no inheritable: no ambient either */
	int err = caps ? 0 : -ENOMEM;

	if (!err && n && cap_set_flag(caps, CAP_PERMITTED, (int)n, kept, CAP_SET))
		err = -errno;
	if (!err)
		err = set_effective(caps, kept, n);
	cap_free(caps);
	return err;
}

int privileges_drop(const struct privileged_work *work)
{
	cap_value_t kept[N_ROWS];
	cap_t caps = cap_get_proc();
	size_t n = 0;
	int err;

	if (!caps)
		return -errno;
	err = set_effective(caps, NULL, 0);
	for (size_t i = 0; i < N_ROWS && !err; i++)
		if (is_permitted(caps, rows[i].cap) && rows[i].needed(work))
			kept[n++] = rows[i].cap;
	if (!err)
		err = empty_bounding_set(caps);
	cap_free(caps);
	if (!err)
		err = keep_only(kept, n);
	if (!err && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err = -errno;
	return err;
}
