// SPDX-License-Identifier: GPL-2.0-only
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
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

int output_open(struct output *out, const char *path, bool prefer_stderr, bool force)
{
	int fd;

	*out = (struct output){ 0 };
	if (path && strcmp(path, "-") != 0)
		fd = open_path(path, force);
	else
		fd = fcntl(!path && prefer_stderr ? STDERR_FILENO : STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd >= 0)
		out->file = fdopen(fd, "w");
	if (!out->file) {
		int err = errno;

		say(path ? path : "output", strerror(err), hint(err));
		if (fd >= 0)
			close(fd);
		return -err;
	}
	setvbuf(out->file, NULL, _IOFBF, BUFFER_BYTES);
	return 0;
}

int output_flush(struct output *out)
{
	errno = 0;
	if (!out->error && (fflush(out->file) || ferror(out->file)))
		out->error = errno ? errno : EIO;
	return -out->error;
}

int output_close(struct output *out, const char *path)
{
	int err = output_flush(out);

	if (fclose(out->file) && !err)
		err = -errno;
	out->file = NULL;
	if (err && err != -EPIPE)
		say(path ? path : "output", strerror(-err), NULL);
	return err;
}

int output_columns(const struct output *out)
{
	struct winsize size;

	if (!isatty(fileno(out->file)))
		return 0;
	if (ioctl(fileno(out->file), TIOCGWINSZ, &size) || size.ws_col < 20)
		return 80;
	return size.ws_col;
}
