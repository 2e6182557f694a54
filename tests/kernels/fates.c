// SPDX-License-Identifier: GPL-2.0-only
/*
 * fates: ways to end and to be reaped, played by one process and its children.
 *
 *     fates CASE
 *
 * For each process whose end is known it prints what the kernel told the one who had to
 * do with it, one JSON object a line: the truth that facts.py compares brood with.
 *
 *     pid         whose end
 *     status      as wait4 gave it; null: nobody was told
 *     cpu_us      ru_utime + ru_stime of wait4 (the process has no children)
 *     by          who reaped it; 0: nobody, the kernel did it itself
 */
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int must(long result, const char *what)
{
	if (result < 0)
		err(99, "%s", what);
	return (int)result;
}

static void leave_thread(int code)
{
	syscall(SYS_exit, code);
}

static void burn(int ms)
{
	struct timespec now;
	long until;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	until = now.tv_sec * 1000 + now.tv_nsec / 1000000 + ms;
	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	while (now.tv_sec * 1000 + now.tv_nsec / 1000000 < until);
}

static pid_t start(void)
{
	fflush(stdout);
	return must(fork(), "fork");
}

#define UNKNOWN (-1)

static void truth(pid_t pid, int status, const struct rusage *ru, pid_t by)
{
	printf("{\"pid\": %d, \"status\": ", pid);
	printf(status == UNKNOWN ? "null" : "%d", status);
	if (ru)
		printf(", \"cpu_us\": %ld",
		       (ru->ru_utime.tv_sec + ru->ru_stime.tv_sec) * 1000000L +
			       ru->ru_utime.tv_usec + ru->ru_stime.tv_usec);
	printf(", \"by\": %d}\n", by);
	fflush(stdout);
}

static int wait_for(pid_t pid)
{
	struct rusage ru;
	int status;

	must(wait4(pid, &status, __WALL, &ru), "wait4");
	truth(pid, status, &ru, getpid());
	return status;
}

/* Until it has ended, without reaping it. */
static void wait_until_dead(pid_t pid)
{
	siginfo_t info;

	must(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | __WALL), "waitid");
}

/* Until the kernel has no such process any more. */
static void wait_until_gone(pid_t pid)
{
	while (kill(pid, 0) == 0)
		sched_yield();
}

/* --- one thread --------------------------------------------------------------------- */

static void plain(void)
{
	pid_t pid = start();

	if (!pid) {
		burn(20);
		_exit(3);
	}
	wait_for(pid);
}

static void *wait_in_thread(void *arg)
{
	wait_for(*(pid_t *)arg);
	return NULL;
}

static void waited_by_thread(void)
{
	pthread_t thread;
	pid_t pid = start();

	if (!pid)
		_exit(4);
	pthread_create(&thread, NULL, wait_in_thread, &pid);
	pthread_join(thread, NULL);
}

static void killed(void)
{
	pid_t pid = start();

	if (!pid)
		for (;;)
			pause();
	kill(pid, SIGKILL);
	wait_for(pid);
	pid = start();
	if (!pid)
		abort();
	wait_for(pid);
}

static void ignored(void)
{
	pid_t pid;

	signal(SIGCHLD, SIG_IGN);
	pid = start();
	if (!pid)
		_exit(5);
	waitpid(pid, NULL, 0);	/* ECHILD, when it is gone */
	truth(pid, 5 << 8, NULL, 0);
}

static void no_zombies(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };
	pid_t pid;

	sigaction(SIGCHLD, &sa, NULL);
	pid = start();
	if (!pid)
		_exit(6);
	waitpid(pid, NULL, 0);
	truth(pid, 6 << 8, NULL, 0);
}

/* Dead, and its parent dies without having waited: whoever takes it reaps it. */
static void zombie_handed_on(bool to_init)
{
	int fds[2], status;
	pid_t parent, child = 0;

	must(pipe(fds), "pipe");
	if (!to_init)
		must(prctl(PR_SET_CHILD_SUBREAPER, 1), "PR_SET_CHILD_SUBREAPER");
	parent = start();
	if (!parent) {
		child = start();
		if (!child)
			_exit(7);
		wait_until_dead(child);
		must(write(fds[1], &child, sizeof(child)), "write");
		_exit(0);
	}
	must(read(fds[0], &child, sizeof(child)), "read");
	must(waitpid(parent, &status, 0), "waitpid");
	truth(parent, status, NULL, getpid());
	if (to_init) {
		wait_until_gone(child);
		truth(child, 7 << 8, NULL, 1);
	} else {
		wait_for(child);
	}
}

static void handed_to_init(void)
{
	zombie_handed_on(true);
}

static void handed_to_subreaper(void)
{
	zombie_handed_on(false);
}

/* The adopter ignores SIGCHLD: the dying parent releases its dead children itself. */
static void handed_to_ignorer(void)
{
	int fds[2];
	pid_t parent, child = 0;

	must(pipe(fds), "pipe");
	must(prctl(PR_SET_CHILD_SUBREAPER, 1), "PR_SET_CHILD_SUBREAPER");
	signal(SIGCHLD, SIG_IGN);
	parent = start();
	if (!parent) {
		signal(SIGCHLD, SIG_DFL);
		child = start();
		if (!child)
			_exit(8);
		wait_until_dead(child);
		must(write(fds[1], &child, sizeof(child)), "write");
		_exit(0);
	}
	must(read(fds[0], &child, sizeof(child)), "read");
	waitpid(-1, NULL, 0);	/* ECHILD, when both are gone */
	truth(parent, 0, NULL, 0);
	truth(child, 8 << 8, NULL, 0);
}

/* --- traced ------------------------------------------------------------------------- */

static void traced_by_parent(void)
{
	int status;
	pid_t pid = start();

	if (!pid) {
		must(ptrace(PTRACE_TRACEME, 0, 0, 0), "PTRACE_TRACEME");
		raise(SIGSTOP);
		burn(5);
		_exit(9);
	}
	must(waitpid(pid, &status, 0), "waitpid");
	must(ptrace(PTRACE_CONT, pid, 0, 0), "PTRACE_CONT");
	wait_for(pid);
}

/*
 * The tracer is not the parent.  Its wait comes first but only ends the tracing; then the
 * child is the parent's to wait for, unless the parent ignores SIGCHLD.
 */
static void traced_by_other(bool ignoring)
{
	int ready[2], status;
	pid_t child, tracer;
	char c;

	if (ignoring)
		signal(SIGCHLD, SIG_IGN);
	must(pipe(ready), "pipe");
	child = start();
	if (!child) {
		close(ready[1]);
		must(read(ready[0], &c, 1), "read");	/* EOF: is traced */
		_exit(10);
	}
	tracer = start();
	if (!tracer) {
		signal(SIGCHLD, SIG_DFL);
		must(ptrace(PTRACE_SEIZE, child, 0, 0), "PTRACE_SEIZE");
		close(ready[0]);
		close(ready[1]);
		must(waitpid(child, &status, __WALL), "waitpid");
		_exit(status == 10 << 8 ? 0 : 98);
	}
	close(ready[0]);
	close(ready[1]);
	if (ignoring) {
		waitpid(-1, NULL, 0);
		truth(child, 10 << 8, NULL, tracer);	/* who let go of it */
		truth(tracer, 0, NULL, 0);
	} else {
		wait_for(tracer);
		wait_for(child);
	}
}

static void traced_by_sibling(void)
{
	traced_by_other(false);
}

static void traced_and_ignored(void)
{
	traced_by_other(true);
}

/* --- threads ------------------------------------------------------------------------ */

static void *burn_in_thread(void *arg)
{
	(void)arg;
	burn(20);
	return NULL;
}

/* The leader ends last and in the usual way. */
static void threads(void)
{
	pthread_t thread[4];
	pid_t pid = start();

	if (!pid) {
		for (int i = 0; i < 4; i++)
			pthread_create(&thread[i], NULL, burn_in_thread, NULL);
		burn(10);
		for (int i = 0; i < 4; i++)
			pthread_join(thread[i], NULL);
		exit(11);
	}
	wait_for(pid);
}

/* exit_group with three threads still at it. */
static void threads_cut_off(void)
{
	pthread_t thread;
	pid_t pid = start();

	if (!pid) {
		for (int i = 0; i < 3; i++)
			pthread_create(&thread, NULL, burn_in_thread, NULL);
		burn(10);
		_exit(12);
	}
	wait_for(pid);
}

static void threads_killed(void)
{
	pthread_t thread;
	pid_t pid = start();

	if (!pid) {
		for (int i = 0; i < 3; i++)
			pthread_create(&thread, NULL, burn_in_thread, NULL);
		burn(10);
		kill(getpid(), SIGKILL);
		pause();
	}
	wait_for(pid);
}

static pid_t leader;

static char state_of(pid_t pid)
{
	char path[32], buf[256] = "";
	int fd, n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = (int)read(fd, buf, sizeof(buf) - 1);
	close(fd);
	return n > 0 && strrchr(buf, ')') ? strrchr(buf, ')')[2] : 0;
}

static void *outlive_leader(void *arg)
{
	while (state_of(leader) != 'Z')
		sched_yield();
	burn(10);
	if (arg)
		_exit(13);	/* exit_group: this is the status */
	leave_thread(14);	/* the status from 5.17 on: synchronize_group_exit */
	return NULL;
}

static pid_t start_leaderless(bool group)
{
	pthread_t thread;
	pid_t pid = start();

	if (!pid) {
		leader = getpid();
		pthread_create(&thread, NULL, outlive_leader, group ? &leader : NULL);
		burn(10);
		leave_thread(15);	/* the status until 5.16 */
	}
	return pid;
}

static void leader_first(void)
{
	wait_for(start_leaderless(false));
}

static void leader_first_group(void)
{
	wait_for(start_leaderless(true));
}

/* The last thread's release takes the leader along: release_task, zap_leader. */
static void leader_first_ignored(void)
{
	pid_t pid;

	signal(SIGCHLD, SIG_IGN);
	pid = start_leaderless(false);
	waitpid(pid, NULL, 0);
	truth(pid, UNKNOWN, NULL, 0);
}

static void *exec_in_thread(void *arg)
{
	if (arg)
		while (state_of(leader) != 'Z')
			sched_yield();
	burn(10);
	execl("/proc/thread-self/exe", "fates", "-exit", "16", NULL);
	err(97, "execl");
}

static void exec_by_thread(bool leader_is_gone)
{
	pthread_t thread;
	pid_t pid = start();

	if (!pid) {
		leader = getpid();
		pthread_create(&thread, NULL, exec_in_thread, leader_is_gone ? &leader : NULL);
		if (leader_is_gone)
			leave_thread(17);
		for (;;)
			pause();
	}
	wait_for(pid);
}

static void thread_execs(void)
{
	exec_by_thread(false);
}

static void thread_execs_leaderless(void)
{
	exec_by_thread(true);
}

static pthread_barrier_t together;

static void *leave_together(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&together);
	leave_thread(18);
	return NULL;
}

/* Both may find that they are the last. */
static void race(int times)
{
	pthread_t thread;

	while (times--) {
		pid_t pid = start();

		if (!pid) {
			pthread_barrier_init(&together, NULL, 2);
			pthread_create(&thread, NULL, leave_together, NULL);
			leave_together(NULL);
		}
		wait_for(pid);
	}
}

static void two_at_once(void)
{
	race(100);
}

static void two_at_once_ignored(void)
{
	pthread_t thread;

	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 100; i++) {
		pid_t pid = start();

		if (!pid) {
			pthread_barrier_init(&together, NULL, 2);
			pthread_create(&thread, NULL, leave_together, NULL);
			leave_together(NULL);
		}
		waitpid(pid, NULL, 0);
		truth(pid, 18 << 8, NULL, 0);
	}
}

/* --- a PID namespace ------------------------------------------------------------------ */

/* Its init ends: the kernel kills the rest and lets init wait for none (zap_pid_ns_processes). */
static void namespace_ends(void)
{
	int fds[2], go[2];
	pid_t init, other;
	char buf[32], c = 0;

	must(pipe(go), "pipe");
	must(pipe(fds), "pipe");
	init = must(syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0), "clone");
	if (!init) {
		other = must(fork(), "fork");
		if (!other) {
			/* /proc is that of the outer namespace: the number there */
			ssize_t n = readlink("/proc/self", buf, sizeof(buf) - 1);

			buf[n > 0 ? n : 0] = 0;
			other = atoi(buf);
			must(write(fds[1], &other, sizeof(other)), "write");
			for (;;)
				pause();
		}
		must(read(go[0], &c, 1), "read");
		_exit(19);
	}
	must(read(fds[0], &other, sizeof(other)), "read");
	must(write(go[1], &c, 1), "write");
	wait_until_dead(init);
	truth(other, SIGKILL, NULL, 0);
	wait_for(init);
}

/* --- all of them ---------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*play)(void);
} cases[] = {
	{ "plain", plain },
	{ "waited-by-thread", waited_by_thread },
	{ "killed", killed },
	{ "ignored", ignored },
	{ "no-zombies", no_zombies },
	{ "handed-to-init", handed_to_init },
	{ "handed-to-subreaper", handed_to_subreaper },
	{ "handed-to-ignorer", handed_to_ignorer },
	{ "traced-by-parent", traced_by_parent },
	{ "traced-by-sibling", traced_by_sibling },
	{ "traced-and-ignored", traced_and_ignored },
	{ "threads", threads },
	{ "threads-cut-off", threads_cut_off },
	{ "threads-killed", threads_killed },
	{ "leader-first", leader_first },
	{ "leader-first-group", leader_first_group },
	{ "leader-first-ignored", leader_first_ignored },
	{ "thread-execs", thread_execs },
	{ "thread-execs-leaderless", thread_execs_leaderless },
	{ "two-at-once", two_at_once },
	{ "two-at-once-ignored", two_at_once_ignored },
	{ "namespace-ends", namespace_ends },
};

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "-exit")) {
		burn(10);
		return atoi(argv[2]);
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (argc < 2) {
			puts(cases[i].name);
		} else if (!strcmp(argv[1], cases[i].name)) {
			cases[i].play();
			return 0;
		}
	}
	if (argc >= 2)
		errx(2, "no such case: %s", argv[1]);
	return 0;
}
