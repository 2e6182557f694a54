// SPDX-License-Identifier: GPL-2.0-only
/*
 * ends.c: the ways to end.
 *
 * The status that is to be expected is noted before: as wait4() gives it, from Linux 5.17
 * on and before.  Until 5.16 a process whose threads each leave by themselves has the status
 * of its leader; since then, of the last to leave (kernel/exit.c: synchronize_group_exit).
 */
#include <pthread.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grove.h"

#define VICTIM_MS 400		/* how long it waits to be killed */

static void note_end(const struct node *n, int status, int status_before_5_17)
{
	char comm[16];

	prctl(PR_GET_NAME, comm);
	note_bytes(R_END, (const int64_t[RECORD_VALUES]){n->end, status, status_before_5_17,
							 n->code << 8},
		   comm, sizeof(comm));
}

static _Noreturn void leave_thread(int code)
{
	for (;;)
		syscall(SYS_exit, code);
}

static _Noreturn void leave(const struct node *n, int code)
{
	note_end(n, code << 8, code << 8);
	for (;;)
		syscall(SYS_exit_group, code);
}

/* The init of a PID namespace is deaf to that, and goes on. */
static void die_of(int sig)
{
	sigset_t none;

	signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	kill(getpid(), sig);
	nap(1000);
}

static struct node *node_of(void *arg)
{
	return arg;
}

static void *exit_in_thread(void *arg)
{
	syscall(SYS_exit_group, node_of(arg)->code);
	return NULL;
}

static int leader;

/* What the last thread does once its leader is a zombie. */
static void *outlive(void *arg)
{
	struct node *n = arg;
	struct stat_line s = {0};
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", leader);
	while (!read_stat_file(path, &s) || s.state != 'Z')
		sched_yield();
	for (unsigned int c = 1; c < grove->n_nodes; c++)
		if (grove->nodes[c].how == BY_SURVIVOR && grove->nodes[c].creator == self.node)
			make((int)c);
	n->leaving = 1;
	if (n->end == END_LEADER_FIRST)
		leave_thread(n->code ^ 1);
	if (n->end == END_LEADER_FIRST_KILL)
		die_of(n->sig);
	syscall(SYS_exit_group, n->code ^ 2);
	return NULL;
}

static pthread_barrier_t together;

static void *leave_together(void *arg)
{
	pthread_barrier_wait(&together);
	leave_thread(node_of(arg)->code);
	return NULL;
}

static void end_leader_first(struct node *n)
{
	bool is_init = getpid() == 1;
	int code = n->code ^ 2, status = code << 8, before = status;

	if (n->end == END_LEADER_FIRST) {
		status = (n->code ^ 1) << 8;
		before = n->code << 8;
	}
	if (n->end == END_LEADER_FIRST_KILL && !is_init)
		status = before = n->sig;
	leader = (int)self.tid;
	note_end(n, status, before);
	spawn_thread(outlive, n);
	leave_thread(n->code);
}

static void end_together(struct node *n)
{
	pthread_barrier_init(&together, NULL, 3);
	for (int i = 0; i < 2; i++)
		spawn_thread(leave_together, n);
	note_end(n, n->code << 8, n->code << 8);
	leave_together(n);
}

static void fault(void)
{
	volatile char *page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*page = 1;
}

/* Until the one who reads the trace closes the gate. */
static void end_park(struct node *n)
{
	struct pollfd gate = {.fd = FD_GATE};

	note(R_PARK, 0);
	n->parked = 1;
	close(FD_LIFELINE);
	while (!(gate.revents & (POLLHUP | POLLERR)))
		poll(&gate, 1, -1);
	_exit(n->code);			/* when nobody reads the journal any more */
}

static void end_victim(struct node *n)
{
	struct pollfd nothing = {.fd = -1};

	poll(&nothing, 1, VICTIM_MS);
	note(R_GAVE_UP, END_VICTIM);
	leave(n, n->code);
}

_Noreturn void end(struct node *n)
{
	struct rlimit core = {n->core ? 1 << 20 : 0, n->core ? 1 << 20 : 0};
	bool is_init = getpid() == 1;

	setrlimit(RLIMIT_CORE, &core);
	if (n->end < END_LEADER_FIRST || n->end > END_LEADER_FIRST_KILL)
		n->leaving = n->end != END_PARK && n->end != END_VICTIM;
	switch ((enum end_kind)n->end) {
	case END_THREAD_EXIT:
		note_end(n, n->code << 8, n->code << 8);
		in_thread(exit_in_thread, n);
		break;
	case END_RAW:
		note_end(n, n->code << 8, n->code << 8);
		leave_thread(n->code);
	case END_SIGNAL:
		note_end(n, is_init ? n->code << 8 : n->sig, is_init ? n->code << 8 : n->sig);
		die_of(n->sig);
		break;
	case END_FAULT:
		note_end(n, SIGSEGV, SIGSEGV);
		fault();
		break;
	case END_ABORT:
		if (is_init)		/* deaf; abort() then does what differs by architecture */
			break;
		note_end(n, SIGABRT, SIGABRT);
		abort();
	case END_VICTIM:
		end_victim(n);
		break;
	case END_LEADER_FIRST:
	case END_LEADER_FIRST_GROUP:
	case END_LEADER_FIRST_KILL:
		end_leader_first(n);
		break;
	case END_TOGETHER:
		end_together(n);
		break;
	case END_PARK:
		end_park(n);
		break;
	case END_EXIT:
	case END_KINDS:
		break;
	}
	leave(n, n->code);
}

_Noreturn void live(int node)
{
	act_all(node);
	end(&grove->nodes[node]);
}
