// SPDX-License-Identifier: GPL-2.0-only
/* cases ACT: what process tracers get wrong. */
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "act.h"

static pid_t tid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

static _Noreturn void leave_thread(int code)
{
	for (;;)
		syscall(SYS_exit, code);
}

static void start(void *(*life)(void *), void *arg)
{
	pthread_t t;

	if (pthread_create(&t, NULL, life, arg))
		errx(99, "pthread_create");
}

static void wait_thread_dead(pid_t thread)
{
	char path[64], line[256], *state = NULL;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
	do {
		FILE *f = fopen(path, "r");

		state = NULL;
		if (!f)
			return;
		if (fgets(line, sizeof(line), f))
			state = strrchr(line, ')');
		fclose(f);
	} while (!state || state[2] != 'Z');
}

/* --- leader-first-group: the leader leaves with 5, then a thread calls exit_group(7) -- */

static void *survivor(void *arg)
{
	wait_thread_dead(*(pid_t *)arg);
	_exit(7);
}

static int leader_first_group(void)
{
	static pid_t leader;

	leader = tid();
	start(survivor, &leader);
	leave_thread(5);
}

/* --- thread-parent: the thread that forked is gone, its process is not ---------------- */

static void *fork_and_leave(void *arg)
{
	int *fds = arg;
	pid_t child = born("child");
	char byte;

	if (child == 0) {
		pid_t parent = getppid();

		close(fds[1]);
		must(read(fds[0], &byte, 1), "read");	/* the thread is gone */
		_exit(getppid() == parent ? 4 : 5);
	}
	printf("tid %d child %d\n", tid(), child);
	return (void *)(long)tid();
}

static int thread_parent(void)
{
	pthread_t t;
	void *gone;
	int fds[2];

	must(pipe(fds), "pipe");
	if (pthread_create(&t, NULL, fork_and_leave, fds) || pthread_join(t, &gone))
		errx(99, "thread");
	wait_thread_dead((pid_t)(long)gone);
	must(write(fds[1], "", 1), "write");
	return reap(-1) == 4 ? 0 : 1;
}

/* --- thrice: three lives, one PID ------------------------------------------------------ */

static pid_t born_as(pid_t pid)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD, .set_tid = (__u64)(unsigned long)&pid, .set_tid_size = 1};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* 1 when somebody else took the number in between. */
static int three_lives(void)
{
	pid_t pid = born("first"), again = pid;

	for (int life = 1;; life++) {
		if (again == 0)
			_exit(life);
		if (reap(pid) != life)
			exit(2);
		if (life == 3)
			break;
		again = born_as(pid);
		if (again < 0 && errno == EEXIST)
			return 1;
		must(again, "clone3");
	}
	printf("pid %d\n", pid);
	return 0;
}

static int thrice(void)
{
	for (int tries = 0; tries < 100; tries++)
		if (three_lives() == 0)
			return 0;
	return 1;
}

/* In a PID namespace of its own, where nobody else takes numbers. */
static int thrice_within(void)
{
	pid_t init = must(syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0), "clone");

	if (init == 0)
		_exit(three_lives());
	return reap(init);
}

/* --- traced: by another than its parent ------------------------------------------------- */

/*
 * The tracer's wait comes first, and is not a reap: the child stays a zombie until its
 * parent waits for it.
 */
static int traced(void)
{
	int ready[2], status;
	pid_t child, tracer;
	char byte;

	must(pipe(ready), "pipe");
	child = born("traced");
	if (child == 0) {
		close(ready[1]);
		must(read(ready[0], &byte, 1), "read");	/* EOF: is traced */
		_exit(10);
	}
	tracer = born("tracer");
	if (tracer == 0) {
		must(ptrace(PTRACE_SEIZE, child, 0, 0), "PTRACE_SEIZE");
		close(ready[0]);
		close(ready[1]);
		must(waitpid(child, &status, __WALL), "waitpid");
		_exit(WEXITSTATUS(status) == 10 ? 0 : 1);
	}
	close(ready[0]);
	close(ready[1]);
	if (reap(tracer))
		return 1;
	return reap(child) == 10 ? 0 : 1;
}

/* --- wnowait: looked at three times, reaped once ------------------------------------------ */

static int wnowait(void)
{
	pid_t child = born("looked-at");
	siginfo_t info;
	char byte;

	if (child == 0)
		_exit(6);
	for (int i = 0; i < 3; i++)
		must(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), "waitid");
	printf("looked %d\n", child);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	return reap(child) == 6 ? 0 : 1;
}

/* --- adopted-in-exec: a hundred that exec while their parent ends --------------------------- */

#define ADOPTED 100

static int adopted_in_exec(void)
{
	char parent_pid[16], *argv[] = {"cases", "adopted", parent_pid, NULL};
	volatile int *leaving = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				     -1, 0);
	int done[2];
	char byte;

	must(pipe2(done, O_CLOEXEC), "pipe");
	for (int i = 0; i < ADOPTED; i++) {
		pid_t parent = born("parent");

		if (parent == 0) {
			pid_t self = getpid();

			if (born("child")) {
				*leaving = i + 1;
				_exit(0);
			}
			snprintf(parent_pid, sizeof(parent_pid), "%d", self);
			while (*leaving <= i)
				sched_yield();
			execv("/proc/self/exe", argv);
			err(99, "execv");
		}
		reap(parent);
	}
	close(done[1]);
	return read(done[0], &byte, 1) == 0 ? 0 : 1;
}

/* --- deleted: a program whose file is gone ---------------------------------------------------- */

static int copy_of_itself(const char *path, int flags)
{
	int from = must(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), "open"), to;
	struct stat st;
	off_t at = 0;

	must(fstat(from, &st), "fstat");
	to = must(open(path, O_WRONLY | O_CREAT | O_TRUNC | flags, 0755), path);
	while (at < st.st_size)
		must(sendfile(to, from, &at, (size_t)(st.st_size - at)), "sendfile");
	close(from);
	return to;
}

/* deleted-life: runs from a file that is deleted, and is executed once more. */
static int deleted_life(void)
{
	char *argv[] = {"cases", "nothing", NULL};

	if (access("doomed", F_OK) == 0)
		return 1;
	execv("/proc/self/exe", argv);
	err(99, "execv");
}

static int deleted(void)
{
	char *argv[] = {"cases", "deleted-life", NULL}, *envp[] = {NULL};
	int fd;

	close(copy_of_itself("doomed", 0));
	fd = must(open("doomed", O_RDONLY), "open");
	must(unlink("doomed"), "unlink");
	must(fexecve(fd, argv, envp), "fexecve");
	return 1;
}

/* quit: of QUIT, with all around it ignored or handled. */
static int quit(void)
{
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_IGN);
	signal(SIGQUIT, SIG_DFL);
	prctl(PR_SET_DUMPABLE, 0);
	kill(getpid(), SIGQUIT);
	return 1;
}

static int nothing(void)
{
	return 3;
}

static const struct act acts[] = {
	{"leader-first-group", leader_first_group},
	{"thread-parent", thread_parent},
	{"thrice", thrice},
	{"thrice-within", thrice_within},
	{"traced", traced},
	{"wnowait", wnowait},
	{"adopted-in-exec", adopted_in_exec},
	{"deleted", deleted},
	{"deleted-life", deleted_life},
	{"quit", quit},
	{"nothing", nothing},
	{NULL, NULL},
};

int main(int argc, char **argv)
{
	/* adopted PID: what those above become; it ends when that is not its parent any more. */
	if (argc == 3 && !strcmp(argv[1], "adopted")) {
		while (getppid() == atoi(argv[2]))
			sched_yield();
		return 8;
	}
	return play(acts, argc > 1 ? argv[1] : NULL);
}
