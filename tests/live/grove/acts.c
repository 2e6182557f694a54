// SPDX-License-Identifier: GPL-2.0-only
/* acts.c: what a process does between its birth and its end. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "grove.h"

#define PATIENCE_US 300000	/* for what another may fail to do */
#define STEP_US 200

void nap(unsigned int us)
{
	struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000L};

	nanosleep(&t, NULL);
}

/* --- waits ------------------------------------------------------------------------------ */

void wait_for_exit(int node, int options)
{
	pid_t pid = node < 0 ? -1 : grove->nodes[node].pid_here, got;
	int status;

	if (!pid)
		return;
	note(R_TRY_WAIT, pid, options);
	do
		got = wait4(pid, &status, __WALL | options, NULL);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		note(R_WAITED, got, status);
	else
		note(R_WAIT_FAILED, pid, got < 0 ? errno : 0);
}

static void do_wait(const struct act *a)
{
	wait_for_exit(a->node, 0);
}

static void *wait_in_thread(void *arg)
{
	wait_for_exit((int)(intptr_t)arg, 0);
	return NULL;
}

static void do_wait_in_thread(const struct act *a)
{
	in_thread(wait_in_thread, (void *)(intptr_t)a->node);
}

static void do_peek(const struct act *a)
{
	pid_t pid = grove->nodes[a->node].pid_here;
	siginfo_t info = {0};

	if (pid && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | __WALL) == 0)
		note(R_PEEKED, info.si_pid, info.si_code, info.si_status);
}

static void do_drain(const struct act *a)
{
	pid_t got;
	int status;

	(void)a;
	note(R_TRY_WAIT, -1, WNOHANG);
	for (unsigned int idle = 0; idle < 15000; idle += STEP_US) {
		got = wait4(-1, &status, __WALL | WNOHANG, NULL);
		if (got < 0) {
			note(R_WAIT_FAILED, -1, errno);
			return;
		}
		if (got > 0) {
			note(R_WAITED, got, status);
			note(R_TRY_WAIT, -1, WNOHANG);
			idle = 0;
		} else {
			nap(STEP_US);
		}
	}
}

/* --- signals ----------------------------------------------------------------------------- */

/* As numbers are reused: is that still the one we mean? */
static int open_node(const struct node *n)
{
	struct stat_line s;
	int fd = -1;

	/* From another PID namespace one of the two numbers is wrong, and that shows. */
	if (grove->nodes[self.node].space == 0)
		fd = (int)syscall(SYS_pidfd_open, n->pid, 0);
	else if (n->space == grove->nodes[self.node].space)
		fd = (int)syscall(SYS_pidfd_open, n->pid_here, 0);
	if (fd >= 0 && (!read_stat(n->pid, &s) || s.start != n->start)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void do_kill(const struct act *a)
{
	struct node *n = &grove->nodes[a->node];
	bool is_init = a->node && n->space == a->node;
	int fd, err, sig = is_init ? SIGKILL : a->arg;

	/* Deaf to what comes from within, and to all but this from outside. */
	if (is_init && grove->nodes[self.node].space == n->space)
		return;
	for (unsigned int us = 0; !n->pid; us += STEP_US) {
		if (us >= PATIENCE_US / 3) {
			note(R_GAVE_UP, A_KILL);
			return;
		}
		nap(STEP_US);
	}
	fd = open_node(n);
	if (fd < 0)
		return;
	note(R_KILL, a->node, sig, -1);
	n->killed++;
	err = syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0) ? errno : 0;
	if (err)
		n->killed--;
	note(R_KILL, a->node, sig, err);
	close(fd);
}

void be(enum disposition d)
{
	struct sigaction sa = {.sa_handler = d == CHLD_IGNORE ? SIG_IGN : SIG_DFL,
			       .sa_flags = d == CHLD_NOCLDWAIT ? SA_NOCLDWAIT : 0};

	sigaction(SIGCHLD, &sa, NULL);
	note(R_CHLD, disposition());
}

static void do_chld(const struct act *a)
{
	be(a->arg);
}

/* --- parents ------------------------------------------------------------------------------ */

static void look(void)
{
	struct stat_line s = {0};

	read_stat(0, &s);
	note(R_LOOK, getppid(), s.ppid);
}

static void do_look(const struct act *a)
{
	(void)a;
	look();
}

static void do_adopted(const struct act *a)
{
	struct stat_line s = {0};
	struct node *creator = &grove->nodes[grove->nodes[self.node].creator];
	int parent;

	(void)a;
	for (unsigned int us = 0; us < PATIENCE_US; us += STEP_US) {
		if (!read_stat(0, &s))
			return;
		parent = s.ppid;
		if (parent != creator->pid) {
			look();
			return;
		}
		nap(STEP_US);
	}
	note(R_GAVE_UP, A_ADOPTED);
}

static unsigned int elapsed_us(bool restart)
{
	static __thread struct timespec since;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (restart)
		since = now;
	return (unsigned int)((now.tv_sec - since.tv_sec) * 1000000 +
			      (now.tv_nsec - since.tv_nsec) / 1000) + 1;
}

/* Spins: what follows is to happen while the creator ends. */
static void do_left(const struct act *a)
{
	struct node *creator = &grove->nodes[grove->nodes[self.node].creator];

	(void)a;
	for (unsigned int us = 0; !creator->leaving && us < PATIENCE_US; us = elapsed_us(us == 0))
		sched_yield();
}

static void do_subreaper(const struct act *a)
{
	(void)a;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	note(R_SUBREAPER, 0);
}

/* --- the rest ------------------------------------------------------------------------------ */

static void do_make(const struct act *a)
{
	make(a->node);
}

static void do_nap(const struct act *a)
{
	nap(a->arg * 100u);
}

static void do_setuid(const struct act *a)
{
	(void)a;
	/* The C library would tell all threads, and a raw clone() has it believe in some. */
	if (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) ||
	    syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY))
		return;
	note(R_UID, getuid(), getgid());
}

static void *idle(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void do_threads(const struct act *a)
{
	for (unsigned int i = 0; i < a->arg; i++)
		spawn_thread(idle, NULL);
}

static void do_name(const struct act *a)
{
	static const char *const names[] = {"oak", "a name cut short", "new\nline \x1b[31m", "\xff\xfe"};
	char comm[16];

	prctl(PR_SET_NAME, names[a->arg % 4]);
	prctl(PR_GET_NAME, comm);
	note_bytes(R_NAME, (const int64_t[RECORD_VALUES]){0}, comm, sizeof(comm));
}

static void *exec_in_thread(void *arg)
{
	become((unsigned int)(uintptr_t)arg);
	return NULL;
}

static void do_exec(const struct act *a)
{
	if (a->arg & EXEC_IN_THREAD)
		in_thread(exec_in_thread, (void *)(uintptr_t)a->arg);
	else
		become(a->arg);
}

static void (*const acts[ACT_KINDS])(const struct act *a) = {
	[A_MAKE] = do_make,	    [A_WAIT] = do_wait,	    [A_PEEK] = do_peek,
	[A_WAIT_IN_THREAD] = do_wait_in_thread, [A_DRAIN] = do_drain, [A_EXEC] = do_exec,
	[A_KILL] = do_kill,	    [A_NAP] = do_nap,	    [A_SETUID] = do_setuid,
	[A_SUBREAPER] = do_subreaper, [A_CHLD] = do_chld,   [A_THREADS] = do_threads,
	[A_NAME] = do_name,	    [A_ADOPTED] = do_adopted, [A_LEFT] = do_left,
	[A_LOOK] = do_look,
};

void act_all(int node)
{
	struct node *n = &grove->nodes[node];

	while (n->pc < n->n_acts) {
		const struct act *a = &n->acts[n->pc++];

		acts[a->kind](a);
	}
}
