// SPDX-License-Identifier: GPL-2.0-only
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/say.h"

/* One write per batch of events, not one per line. */
#define BUFFER_BYTES 65536

/*
 * Names of our own descriptors, which the kernel shows as symbolic links (and bash passes
 * for >(…)).  -1: it is none.
 */
static int own_descriptor(const char *path)
{
	static const struct {
		const char *name;
		int fd;
	} names[] = { { "/dev/stdout", STDOUT_FILENO }, { "/dev/stderr", STDERR_FILENO } };
	char extra;
	int fd;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(path, names[i].name))
			return names[i].fd;
	if (sscanf(path, "/dev/fd/%d%c", &fd, &extra) == 1 ||
	    sscanf(path, "/proc/self/fd/%d%c", &fd, &extra) == 1)
		return fd;
	return -1;
}

static int open_path(struct out_file *f, const char *path, bool force)
{
	const int flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY;
	struct stat st;
	int fd = own_descriptor(path);

	if (fd >= 0)
		return fcntl(fd, F_DUPFD_CLOEXEC, 3);
	fd = open(path, flags | O_CREAT | O_EXCL, 0600);
	f->created = fd >= 0;
	if (fd >= 0 || errno != EEXIST)
		return fd;
	if (lstat(path, &st))
		return -1;
	if (S_ISREG(st.st_mode) && !force) {
		errno = EEXIST;
		return -1;
	}
	f->stale = S_ISREG(st.st_mode);
	return open(path, flags);
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
		struct pollfd room = { .fd = out->to.fd, .events = POLLOUT };
		ssize_t n = write(out->to.fd, data + done, size - done);

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

int out_file_open(struct out_file *f, const char *path, bool prefer_stderr, bool force)
{
	int err;

	*f = (struct out_file){ 0 };
	if (path && strcmp(path, "-") != 0)
		f->fd = open_path(f, path, force);
	else
		f->fd = fcntl(!path && prefer_stderr ? STDERR_FILENO : STDOUT_FILENO,
			      F_DUPFD_CLOEXEC, 3);
	if (f->fd >= 0)
		return 0;
	err = errno;
	say(path ? path : "output", strerror(err), hint(err));
	return -err;
}

int out_file_begin(struct out_file *f)
{
	return f->stale && ftruncate(f->fd, 0) ? -errno : 0;
}

void out_file_abandon(struct out_file *f, const char *path)
{
	if (f->created)
		unlink(path);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

int output_start(struct output *out, const struct out_file *to)
{
	*out = (struct output){ .to = *to };
	out->error = -out_file_begin(&out->to);
	if (!make_stream(out))
		return 0;
	say("output", strerror(ENOMEM), NULL);
	close(out->to.fd);
	free(out->buffer);
	return -ENOMEM;
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
	if (close(out->to.fd) && !out->error)
		out->error = errno;
	if (out->error && out->error != EPIPE)
		say(path ? path : "output", strerror(out->error), NULL);
	return -out->error;
}

int output_columns(const struct output *out)
{
	struct winsize size;

	if (!isatty(out->to.fd))
		return 0;
	if (ioctl(out->to.fd, TIOCGWINSZ, &size) || size.ws_col < 20)
		return 80;
	return size.ws_col;
}
