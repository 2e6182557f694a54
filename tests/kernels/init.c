// SPDX-License-Identifier: GPL-2.0-only
/*
 * init.c: PID 1 of a virtual machine that exists to run the tests in the file /tests.
 *
 * A line there is: SECONDS NAME COMMAND [ARG…].  Each test is run by itself, with its
 * output in a file and killed when its time is up; then everything it left is killed.
 * The console gets one line a test, in the manner of TAP, and the output of those that
 * failed; of those that passed what they skipped:
 *
 *     ok NAME 1.2 s
 *     # SKIP part of it: why
 *     skip NAME why                     (exit status 77; why is the last line it printed)
 *     not ok NAME exit status 1
 *     # what it printed
 *     end
 *
 * Then the machine is switched off.  As every init it waits for whatever it is given.
 * "tests_done=N" on the kernel's command line, which becomes a variable of init's: the first
 * N are not run.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT "/tmp/.output"
#define OUTPUT_LINES 200	/* shown of a test that failed */
#define MAX_ARGS 32
#define SKIPPED 77

static void mount_all(void)
{
	static const struct {
		const char *type, *where;
	} mounts[] = {
		{ "proc", "/proc" },	{ "sysfs", "/sys" },	 { "devtmpfs", "/dev" },
		{ "tmpfs", "/tmp" },	{ "tmpfs", "/dev/shm" }, { "cgroup2", "/sys/fs/cgroup" },
		{ "tmpfs", "/run" },	{ "devpts", "/dev/pts" },
	};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		mkdir(mounts[i].where, 0755);
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, 0, NULL) && errno != EBUSY)
			printf("# cannot mount %s: %s\n", mounts[i].where, strerror(errno));
	}
	/* What fexecve() executes is called so, and a security module (5.10) looks it up. */
	if (symlink("/proc/self/fd", "/dev/fd"))
		printf("# no /dev/fd: %s\n", strerror(errno));
}

static void loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ioctl(s, SIOCSIFFLAGS, &r);
	close(s);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run(char **argv)
{
	sigset_t none;
	int fd = open(OUTPUT, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
	dup2(fd, 1);
	dup2(fd, 2);
	close(fd);
	execv(argv[0], argv);
	err(127, "%s", argv[0]);
}

/* Waits for all that ends until pid does, or the time is up: then -1. */
static int wait_until(pid_t pid, double deadline)
{
	sigset_t chld;
	int status;
	pid_t ended;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	for (;;) {
		double left;

		while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
			if (ended == pid)
				return status;
		left = deadline - now();
		if (left <= 0)
			return -1;
		sigtimedwait(&chld, NULL, &(struct timespec){ .tv_sec = (time_t)left, .tv_nsec = 10000000 });
	}
}

static void kill_the_rest(void)
{
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

/* The lines that begin so. */
static void show_output(const char *beginning)
{
	char line[4096];
	FILE *f = fopen(OUTPUT, "re");
	int n = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, beginning, strlen(beginning)))
			continue;
		line[strcspn(line, "\n")] = '\0';
		if (n++ < OUTPUT_LINES)
			printf("# %s\n", line);
	}
	if (n > OUTPUT_LINES)
		printf("# … and %d lines more\n", n - OUTPUT_LINES);
	if (f)
		fclose(f);
}

static void show_reason(const char *name)
{
	char line[256], last[sizeof(line)] = "";
	FILE *f = fopen(OUTPUT, "re");

	while (f && fgets(line, sizeof(line), f))
		strcpy(last, line);
	if (f)
		fclose(f);
	last[strcspn(last, "\n")] = '\0';
	printf("skip %s %s\n", name, last);
}

static void test(char *line)
{
	char *argv[MAX_ARGS + 1] = { NULL }, *word, *next = line;
	double start = now();
	int n = 0, status;
	pid_t pid;

	while (n < MAX_ARGS && (word = strsep(&next, " \n")))
		if (*word)
			argv[n++] = word;
	if (n < 3)
		return;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		run(argv + 2);
	status = wait_until(pid, start + atof(argv[0]));
	kill_the_rest();
	if (status == 0) {
		printf("ok %s %.1f s\n", argv[1], now() - start);
		show_output("SKIP ");
		return;
	}
	if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) {
		show_reason(argv[1]);
		show_output("SKIP ");
		return;
	}
	if (status == -1)
		printf("not ok %s not done after %s s\n", argv[1], argv[0]);
	else if (WIFSIGNALED(status))
		printf("not ok %s signal %d\n", argv[1], WTERMSIG(status));
	else
		printf("not ok %s exit status %d\n", argv[1], WEXITSTATUS(status));
	show_output("");
}

int main(void)
{
	const char *done = getenv("tests_done");
	int to_pass_over = done ? atoi(done) : 0;
	char line[1024];
	sigset_t chld;
	FILE *tests;

	mount_all();
	loopback_up();
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	setenv("PATH", "/usr/bin:/bin", 1);
	setenv("HOME", "/tmp", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("PATIENCE", "300", 1);	/* for what takes 30 s on a real machine at most */
	if (chdir("/tmp"))
		puts("# no /tmp");
	tests = fopen("/tests", "re");
	while (tests && fgets(line, sizeof(line), tests))
		if (to_pass_over-- <= 0)
			test(line);
	puts("end");
	fflush(stdout);
	tcdrain(1);
	reboot(RB_POWER_OFF);
	return 0;
}
