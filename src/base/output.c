// SPDX-License-Identifier: GPL-2.0-only
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/say.h"

/* One write per batch of events, not one per line. */
#define BUFFER_BYTES 65536

static int open_path(const char *path, bool force)
{
	const int flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY;
	struct stat st;
	int fd = open(path, flags | O_CREAT | O_EXCL, 0600);

	if (fd >= 0 || errno != EEXIST)
		return fd;
	if (lstat(path, &st))
		return -1;
	if (S_ISREG(st.st_mode) && !force) {
		errno = EEXIST;
		return -1;
	}
	return open(path, S_ISREG(st.st_mode) ? flags | O_TRUNC : flags);
}

static const char *hint(int err)
{
	switch (err) {
	case EEXIST:
		return "--force overwrites it";
	case ELOOP:
		return "a symbolic link is not followed";
	default:
		return NULL;
	}
}

/*
 * stdio forgets why a write failed when it happened in the middle of a printf; so it writes
 * through here, where the first error is kept.  After that nothing is written.
 */
static ssize_t write_all(void *cookie, const char *data, size_t size)
{
	struct output *out = cookie;
	size_t done = 0;

	while (!out->error && done < size) {
		struct pollfd room = { .fd = out->fd, .events = POLLOUT };
		ssize_t n = write(out->fd, data + done, size - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN)
			poll(&room, 1, -1);	/* we inherited a non-blocking pipe */
		else if (errno != EINTR)
			out->error = errno;
	}
	return out->error ? 0 : (ssize_t)size;
}

static int make_stream(struct output *out)
{
	const cookie_io_functions_t functions = { .write = write_all };

	out->buffer = malloc(BUFFER_BYTES);
	out->file = out->buffer ? fopencookie(out, "w", functions) : NULL;
	if (!out->file)
		return -1;
	setvbuf(out->file, out->buffer, _IOFBF, BUFFER_BYTES);
	return 0;
}

int output_open(struct output *out, const char *path, bool prefer_stderr, bool force)
{
	*out = (struct output){ 0 };
	if (path && strcmp(path, "-") != 0)
		out->fd = open_path(path, force);
	else
		out->fd = fcntl(!path && prefer_stderr ? STDERR_FILENO : STDOUT_FILENO,
				F_DUPFD_CLOEXEC, 3);
	if (out->fd < 0 || make_stream(out)) {
		int err = errno;

		say(path ? path : "output", strerror(err), hint(err));
		if (out->fd >= 0)
			close(out->fd);
		free(out->buffer);
		return -err;
	}
	return 0;
}

int output_open_fd(const char *path, bool force)
{
	int fd = strcmp(path, "-") ? open_path(path, force) :
				     fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	int err = errno;

	if (fd >= 0)
		return fd;
	say(path, strerror(err), hint(err));
	return -err;
}

int output_flush(struct output *out)
{
	if (!out->error)
		fflush(out->file);
	return -out->error;
}

int output_close(struct output *out, const char *path)
{
	output_flush(out);
	fclose(out->file);
	free(out->buffer);
	/* Some file systems tell of a full disk only now. */
	if (close(out->fd) && !out->error)
		out->error = errno;
	if (out->error && out->error != EPIPE)
		say(path ? path : "output", strerror(out->error), NULL);
	return -out->error;
}

int output_columns(const struct output *out)
{
	struct winsize size;

	if (!isatty(out->fd))
		return 0;
	if (ioctl(out->fd, TIOCGWINSZ, &size) || size.ws_col < 20)
		return 80;
	return size.ws_col;
}
