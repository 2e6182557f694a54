// SPDX-License-Identifier: GPL-2.0-only
#include "source/command.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/say.h"
#include "base/users.h"

/* brood's own choice from now on; was it ignored before? */
static bool take_over(int sig, void (*handler)(int))
{
	return signal(sig, handler) == SIG_IGN;
}

void inherited_save(struct inherited *in)
{
	sigprocmask(SIG_SETMASK, NULL, &in->mask);
	in->pipe_ignored = take_over(SIGPIPE, SIG_IGN);
	in->xfsz_ignored = take_over(SIGXFSZ, SIG_IGN);
	in->chld_ignored = take_over(SIGCHLD, SIG_DFL);
	getrlimit(RLIMIT_MEMLOCK, &in->memlock);
}

static void give_back(const struct inherited *in)
{
	signal(SIGPIPE, in->pipe_ignored ? SIG_IGN : SIG_DFL);
	signal(SIGXFSZ, in->xfsz_ignored ? SIG_IGN : SIG_DFL);
	signal(SIGCHLD, in->chld_ignored ? SIG_IGN : SIG_DFL);
	setrlimit(RLIMIT_MEMLOCK, &in->memlock);
	sigprocmask(SIG_SETMASK, &in->mask, NULL);
}

/* The ends of the pipes that the launcher and the command hold. */
struct child_ends {
	int born, pid, start, error;
};

/* In the command.  Only the exec makes the error pipe close without a word. */
static void __attribute__((noreturn))
run(char **argv, const struct user *user, const struct inherited *in, const struct child_ends *fd)
{
	char go;
	int err;

	if (read(fd->start, &go, 1) != 1)
		_exit(125);	/* brood is gone: so is the reason to run */
	give_back(in);
	err = user ? -user_become(user) : 0;
	if (!err) {
		execvp(argv[0], argv);
		err = errno;
	}
	if (write(fd->error, &err, sizeof(err)) != sizeof(err)) {
		/* then the status has to say it */
	}
	_exit(err == ENOENT ? 127 : 126);
}

/* In the launcher.  With CLONE_PARENT the command is brood's child, not the launcher's. */
static void __attribute__((noreturn))
launch(char **argv, const struct user *user, const struct inherited *in,
       const struct child_ends *fd)
{
	char now;
	pid_t pid;

	if (read(fd->born, &now, 1) != 1)
		_exit(125);
	pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		run(argv, user, in, fd);
	if (pid < 0)
		pid = -errno;
	_exit(write(fd->pid, &pid, sizeof(pid)) == sizeof(pid) ? 0 : 125);
}

/* One pipe: *ours is the end that brood keeps. */
static int make_pipe(int *ours, bool we_read, int *theirs)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC))
		return -errno;
	*ours = fd[we_read ? 0 : 1];
	*theirs = fd[we_read ? 1 : 0];
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void command_close(struct command *c)
{
	close_fd(&c->born_fd);
	close_fd(&c->pid_fd);
	close_fd(&c->start_fd);
	close_fd(&c->error_fd);
	if (c->launcher > 0)
		waitpid(c->launcher, NULL, 0);
	c->launcher = 0;
}

int command_prepare(struct command *c, char **argv, const char *user, const struct inherited *in)
{
	struct child_ends fd = { -1, -1, -1, -1 };
	struct user as = { 0 };
	int err;

	*c = (struct command){ .born_fd = -1, .pid_fd = -1, .start_fd = -1, .error_fd = -1 };
	err = user ? user_find(user, &as) : 0;
	if (err) {
		say(user, err == -ENOENT ? "no such user" : strerror(-err), NULL);
		return err;
	}
	err = make_pipe(&c->born_fd, false, &fd.born);
	err = err ? err : make_pipe(&c->pid_fd, true, &fd.pid);
	err = err ? err : make_pipe(&c->start_fd, false, &fd.start);
	err = err ? err : make_pipe(&c->error_fd, true, &fd.error);
	if (!err) {
		c->launcher = fork();
		err = c->launcher < 0 ? -errno : 0;
	}
	if (!err && c->launcher == 0) {
		/* Held open here, their ends would hide from us that brood is gone. */
		close(c->born_fd);
		close(c->start_fd);
		launch(argv, user ? &as : NULL, in, &fd);
	}
	user_free(&as);
	close_fd(&fd.born);
	close_fd(&fd.pid);
	close_fd(&fd.start);
	close_fd(&fd.error);
	if (err) {
		say(argv[0], strerror(-err), NULL);
		command_close(c);
	}
	return err;
}

int command_hold(struct command *c, const char *name)
{
	pid_t pid = -ECHILD;
	ssize_t n = write(c->born_fd, "", 1);

	do
		n = n < 0 ? n : read(c->pid_fd, &pid, sizeof(pid));
	while (n < 0 && errno == EINTR);
	close_fd(&c->born_fd);
	close_fd(&c->pid_fd);
	waitpid(c->launcher, NULL, 0);
	c->launcher = 0;
	if (pid < 0) {
		say(name, strerror(-pid), NULL);
		return pid;
	}
	c->pid = pid;
	return 0;
}

int command_release(struct command *c, const char *name, int *status)
{
	int err = 0;
	ssize_t n;

	if (write(c->start_fd, "", 1) != 1)
		err = errno;
	close_fd(&c->start_fd);
	do
		n = read(c->error_fd, &err, sizeof(err));
	while (n < 0 && errno == EINTR);
	close_fd(&c->error_fd);
	if (!err)
		return 0;
	*status = err == ENOENT ? 127 : 126;
	waitpid(c->pid, NULL, 0);
	if (err == ENOENT && !strchr(name, '/'))
		say(*name ? name : "''", "command not found", NULL);
	else
		say(name, strerror(err), NULL);
	return -err;
}

bool command_ended(struct command *c)
{
	int status;
	pid_t pid;

	/* With CLONE_PARENT the command can give us children that we never had: wait for
	 * them too, or they stay zombies. */
	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		if (pid == c->pid) {
			c->wait_status = status;
			c->ended = true;
		}
	return c->ended;
}

int command_status(const struct command *c)
{
	if (WIFSIGNALED(c->wait_status))
		return 128 + WTERMSIG(c->wait_status);
	return WEXITSTATUS(c->wait_status);
}
