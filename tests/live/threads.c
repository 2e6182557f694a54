// SPDX-License-Identifier: GPL-2.0-only
/* threads ACT: a process is a group of threads, and its end is the end of the last. */
#include <linux/io_uring.h>
#include <pthread.h>
#include <sys/mman.h>

#include "act.h"

static pid_t tid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

/* Ends this thread alone; exit() of the C library would end them all. */
static _Noreturn void leave(int code)
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

/* --- exec: a thread that is not the leader becomes /bin/true ------------------------- */

static void *exec_life(void *arg)
{
	char *argv[] = {"true", "from", "a", "thread", NULL};

	printf("tid %d\n", tid());
	execv("/bin/true", argv);
	err(99, "%s", (const char *)arg);
}

static int exec_act(void)
{
	start(exec_life, "exec");
	while (pause() < 0)
		continue;
	return 1;
}

/* --- leader-first: the leader leaves with 5, the last thread later with 6 ------------ */

static void *survivor_life(void *arg)
{
	char path[64], line[256], *state = NULL;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", *(pid_t *)arg);
	do {
		FILE *f = fopen(path, "r");

		if (f && fgets(line, sizeof(line), f))
			state = strrchr(line, ')');
		if (f)
			fclose(f);
	} while (!state || state[2] != 'Z');
	printf("survivor %d\n", tid());
	leave(6);
}

static int leader_first(void)
{
	static pid_t leader;

	leader = tid();
	start(survivor_life, &leader);
	leave(5);
}

/* --- together: four threads leave at the same moment, 50 processes over -------------- */

static pthread_barrier_t barrier;

static void *together_life(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&barrier);
	leave(0);
}

static int together(void)
{
	for (int i = 0; i < 50; i++) {
		pid_t child = born("together");

		if (child == 0) {
			pthread_barrier_init(&barrier, NULL, 4);
			for (int t = 0; t < 3; t++)
				start(together_life, NULL);
			together_life(NULL);
		}
		if (reap(child))
			return 1;
	}
	return 0;
}

/* --- three: three threads, one after the other --------------------------------------- */

static void *short_life(void *arg)
{
	(void)arg;
	printf("tid %d\n", tid());
	return NULL;
}

static int three(void)
{
	for (int i = 0; i < 3; i++) {
		pthread_t t;

		if (pthread_create(&t, NULL, short_life, NULL) || pthread_join(t, NULL))
			errx(99, "thread");
	}
	return 0;
}

/* --- fork: a thread forks; the creator is the thread, the parent is the process ------ */

static void *fork_life(void *arg)
{
	pid_t child = born("child");

	(void)arg;
	if (child == 0)
		_exit(8);
	printf("tid %d\n", tid());
	reap(child);
	return NULL;
}

static int fork_act(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, fork_life, NULL) || pthread_join(t, NULL))
		errx(99, "thread");
	return 0;
}

/* --- exit: one thread calls exit_group while three others live ----------------------- */

static void *endless_life(void *arg)
{
	while (pause() < 0)
		continue;
	return arg;
}

static void *exit_life(void *arg)
{
	(void)arg;
	_exit(11);
}

static int exit_act(void)
{
	start(endless_life, NULL);
	start(endless_life, NULL);
	start(exit_life, NULL);
	endless_life(NULL);
	return 0;
}

/* --- worker: the kernel starts a thread in the process, for io_uring ------------------ */

static int worker(void)
{
	struct io_uring_params p = {0};
	int fd = (int)syscall(SYS_io_uring_setup, 1, &p);
	struct io_uring_sqe *sqe;
	unsigned int *tail;
	char *ring;

	if (fd < 0)
		return 77;
	ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	sqe = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
	if (ring == MAP_FAILED || sqe == MAP_FAILED)
		err(99, "io_uring");
	*sqe = (struct io_uring_sqe){.opcode = IORING_OP_NOP, .flags = IOSQE_ASYNC};
	((unsigned int *)(ring + p.sq_off.array))[0] = 0;
	tail = (unsigned int *)(ring + p.sq_off.tail);
	__atomic_store_n(tail, 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		err(99, "io_uring_enter");
	return 0;
}

static const struct act acts[] = {
	{"exec", exec_act},	{"leader-first", leader_first},
	{"together", together}, {"three", three},
	{"fork", fork_act},	{"exit", exit_act},
	{"worker", worker},
	{NULL, NULL},
};

int main(int argc, char **argv)
{
	return play(acts, argc > 1 ? argv[1] : NULL);
}
