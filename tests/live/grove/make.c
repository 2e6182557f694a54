// SPDX-License-Identifier: GPL-2.0-only
/* make.c: the ways to make a process. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "grove.h"

pid_t start_raw(unsigned long flags)
{
	return (pid_t)syscall(SYS_clone, flags, 0, 0, 0, 0);
}

static _Noreturn void begin(int node)
{
	note_birth(node);
	live(node);
}

/*
 * The child runs on in this very memory, so it must not come back here, and what it did to
 * `self` is undone.
 */
static __attribute__((noinline)) pid_t make_vfork(int node)
{
	struct self me = self;
	pid_t pid = vfork();

	if (pid == 0)
		begin(node);
	self = me;
	return pid;
}

static pid_t make_fork(int node)
{
	pid_t pid = fork();

	if (pid == 0)
		begin(node);
	return pid;
}

static pid_t make_raw(int node, unsigned long flags)
{
	pid_t pid = start_raw(flags);

	if (pid == 0)
		begin(node);
	return pid;
}

static pid_t make_parent(int node)
{
	return make_raw(node, CLONE_PARENT | SIGCHLD);
}

static pid_t make_silent(int node)
{
	return make_raw(node, 0);
}

static pid_t make_newpid(int node)
{
	return make_raw(node, CLONE_NEWPID | SIGCHLD);
}

static pid_t make_spawn(int node)
{
	char name[32], *argv[] = {"grove", "spawned", NULL}, *envp[] = {name, NULL};
	pid_t pid;
	int err;

	snprintf(name, sizeof(name), "GROVE_NODE=%d", node);
	err = posix_spawn(&pid, program, NULL, NULL, argv, envp);
	if (!err)
		return pid;
	errno = err;
	return -1;
}

static pid_t (*const makers[HOWS])(int node) = {
	[BY_FORK] = make_fork,	   [BY_VFORK] = make_vfork,	[BY_PARENT] = make_parent,
	[BY_SPAWN] = make_spawn,   [BY_THREAD] = make_fork,	[BY_SILENT] = make_silent,
	[BY_NEWPID] = make_newpid, [BY_SURVIVOR] = make_fork,
};

static void make_here(int node)
{
	struct node *n = &grove->nodes[node];
	struct stat_line s = {0};
	pid_t pid;

	read_stat(0, &s);
	note(R_TRY_MAKE, node, n->how, s.ppid);
	pid = makers[n->how](node);
	if (pid > 0)
		n->pid_here = pid;
	note(R_MADE, node, n->how, s.ppid, pid, pid < 0 ? errno : 0);
}

static void *make_in_thread(void *arg)
{
	make_here((int)(intptr_t)arg);
	return NULL;
}

void make(int node)
{
	if (grove->nodes[node].how == BY_THREAD)
		in_thread(make_in_thread, (void *)(intptr_t)node);
	else
		make_here(node);
}

/* --- threads --------------------------------------------------------------------------- */

struct start {
	void *(*fn)(void *);
	void *arg;
	int node;
};

static void *thread_main(void *arg)
{
	struct start s = *(struct start *)arg;

	free(arg);
	know_self(s.node);
	return s.fn(s.arg);
}

static pthread_t start_thread(void *(*fn)(void *), void *arg)
{
	struct start *s = malloc(sizeof(*s));
	pthread_t t;

	if (!s)
		_exit(98);
	*s = (struct start){fn, arg, self.node};
	if (pthread_create(&t, NULL, thread_main, s))
		_exit(98);
	return t;
}

void *in_thread(void *(*fn)(void *), void *arg)
{
	void *result = NULL;

	pthread_join(start_thread(fn, arg), &result);
	return result;
}

void spawn_thread(void *(*fn)(void *), void *arg)
{
	pthread_detach(start_thread(fn, arg));
}
