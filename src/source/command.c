// SPDX-License-Identifier: GPL-2.0-only
#include "source/command.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/say.h"

void inherited_save(struct inherited *in)
{
	struct sigaction old;

	sigprocmask(SIG_SETMASK, NULL, &in->mask);
	sigaction(SIGPIPE, NULL, &old);
	in->pipe_ignored = old.sa_handler == SIG_IGN;
	getrlimit(RLIMIT_MEMLOCK, &in->memlock);
}

static void give_back(const struct inherited *in)
{
	if (!in->pipe_ignored)
		signal(SIGPIPE, SIG_DFL);
	setrlimit(RLIMIT_MEMLOCK, &in->memlock);
	sigprocmask(SIG_SETMASK, &in->mask, NULL);
}

static int become(const struct passwd *user)
{
	if (initgroups(user->pw_name, user->pw_gid) || setgid(user->pw_gid) || setuid(user->pw_uid))
		return -1;
	return 0;
}

/* In the child.  Only the exec makes error_fd vanish without a word. */
static void __attribute__((noreturn))
run(char **argv, const struct passwd *user, const struct inherited *in, int start_fd, int error_fd)
{
	char go;
	int err;

	if (read(start_fd, &go, 1) != 1)
		_exit(125);	/* brood is gone: so is the reason to run */
	give_back(in);
	if (!user || !become(user))
		execvp(argv[0], argv);
	err = errno;
	if (write(error_fd, &err, sizeof(err)) != sizeof(err)) {
		/* then the status has to say it */
	}
	_exit(err == ENOENT ? 127 : 126);
}

int command_hold(struct command *c, char **argv, const char *user, const struct inherited *in)
{
	const struct passwd *pw = NULL;
	int start[2], error[2];

	*c = (struct command){ .start_fd = -1, .error_fd = -1 };
	if (user) {
		errno = 0;
		pw = getpwnam(user);
		if (!pw) {
			say(user, errno ? strerror(errno) : "no such user", NULL);
			return -ENOENT;
		}
	}
	if (pipe2(start, O_CLOEXEC) || pipe2(error, O_CLOEXEC)) {
		say(argv[0], strerror(errno), NULL);
		return -errno;
	}
	c->pid = fork();
	if (c->pid < 0) {
		int err = -errno;

		say(argv[0], strerror(errno), NULL);
		return err;
	}
	if (c->pid == 0) {
		close(start[1]);
		run(argv, pw, in, start[0], error[1]);
	}
	close(start[0]);
	close(error[1]);
	c->start_fd = start[1];
	c->error_fd = error[0];
	return 0;
}

int command_release(struct command *c, const char *name, int *status)
{
	int err = 0;
	ssize_t n;

	if (write(c->start_fd, "", 1) != 1)
		err = errno;
	close(c->start_fd);
	c->start_fd = -1;
	do
		n = read(c->error_fd, &err, sizeof(err));
	while (n < 0 && errno == EINTR);
	close(c->error_fd);
	c->error_fd = -1;
	if (!err)
		return 0;
	*status = err == ENOENT ? 127 : 126;
	waitpid(c->pid, NULL, 0);
	if (err == ENOENT && !strchr(name, '/'))
		say(name, "command not found", NULL);
	else
		say(name, strerror(err), NULL);
	return -err;
}

bool command_ended(struct command *c)
{
	if (!c->ended && waitpid(c->pid, &c->wait_status, WNOHANG) == c->pid)
		c->ended = true;
	return c->ended;
}

int command_status(const struct command *c)
{
	if (WIFSIGNALED(c->wait_status))
		return 128 + WTERMSIG(c->wait_status);
	return WEXITSTATUS(c->wait_status);
}
