// SPDX-License-Identifier: GPL-2.0-only
#include "verbs/series.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/say.h"

#define US_PER_S 1000000ULL
#define NS_PER_US 1000ULL
/* Of the names: 9999-12-31.  A wall clock behind that cannot be said in them. */
#define LAST_US (253402300799ULL * US_PER_S)

static void make_name(char name[SERIES_NAME], uint64_t us)
{
	time_t t = (time_t)(us / US_PER_S);
	char date[sizeof("YYYYmmddTHHMMSS")];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(date, sizeof(date), "%Y%m%dT%H%M%S", &tm);
	snprintf(name, SERIES_NAME, "brood-%s.%06uZ.brood", date, (unsigned)(us % US_PER_S));
}

/* The time in a name that make_name() made; false for any other name. */
static bool read_name(const char *name, uint64_t *us)
{
	char again[SERIES_NAME];
	struct tm tm = { 0 };
	unsigned micros;
	time_t t;
	int end = 0;

	if (strlen(name) != SERIES_NAME - 1 ||
	    sscanf(name, "brood-%4d%2d%2dT%2d%2d%2d.%6uZ.brood%n", &tm.tm_year, &tm.tm_mon,
		   &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &micros, &end) != 7 || !end)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	t = timegm(&tm);
	if (t < 0)
		return false;
	*us = (uint64_t)t * US_PER_S + micros;
	make_name(again, *us);
	return !strcmp(again, name);
}

/* Ours: made by whoever we are, so that nobody else's file is counted, or removed. */
static bool is_ours(const struct series *s, const char *name, uint64_t *us)
{
	struct stat st;

	return read_name(name, us) && !fstatat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW) &&
	       S_ISREG(st.st_mode) && st.st_uid == geteuid();
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The times in the names of our files, ascending; malloc'ed.  How many, or -errno. */
static ssize_t list(const struct series *s, uint64_t **times)
{
	int fd = openat(s->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	size_t n = 0, room = 0;
	const struct dirent *e;
	uint64_t us, *t = NULL, *more;

	if (!dir) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		return err;
	}
	while ((e = readdir(dir))) {
		if (!is_ours(s, e->d_name, &us))
			continue;
		if (n == room) {
			room = room ? 2 * room : 64;
			more = reallocarray(t, room, sizeof(*t));
			if (!more) {
				free(t);
				closedir(dir);
				return -ENOMEM;
			}
			t = more;
		}
		t[n++] = us;
	}
	closedir(dir);
	if (n)
		qsort(t, n, sizeof(*t), by_time);
	*times = t;
	return (ssize_t)n;
}

static const char *hint(int err)
{
	switch (err) {
	case ELOOP:
		return "a symbolic link is not followed";
	case ENOTDIR:
		return "files that are rotated need a directory";
	case EWOULDBLOCK:
		return "another brood is recording into it";
	default:
		return NULL;
	}
}

static int open_dir(const char *path)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
	int fd = open(path, flags);
	struct stat st;

	/* What O_DIRECTORY says of a link is that it is no directory. */
	if (fd < 0 && errno == ENOTDIR && !lstat(path, &st) && S_ISLNK(st.st_mode))
		errno = ELOOP;
	return fd;
}

int series_open(struct series *s, const char *path, int make, uint32_t keep)
{
	uint64_t *times = NULL;
	ssize_t n = 0;
	int err = 0;

	*s = (struct series){ .keep = keep };
	s->fd = open_dir(path);
	if (s->fd < 0 && errno == ENOENT && make && !mkdir(path, 0700))
		s->fd = open_dir(path);
	if (s->fd < 0)
		err = errno;
	/* A file system without locks is no reason not to record. */
	else if (flock(s->fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		err = EWOULDBLOCK;
	else if ((n = list(s, &times)) < 0)
		err = (int)-n;
	if (err) {
		say(path, err == EWOULDBLOCK ? "is in use" : strerror(err), hint(err));
		series_close(s);
		return -err;
	}
	if (n)
		s->last_us = times[n - 1];
	free(times);
	return 0;
}

void series_close(struct series *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

int series_new_file(struct series *s, uint64_t wall_ns, char name[SERIES_NAME])
{
	uint64_t us = wall_ns / NS_PER_US;
	int fd;

	if (us > LAST_US)
		us = LAST_US;
	if (us <= s->last_us)
		us = s->last_us + 1;
	do {
		make_name(name, us);
		fd = openat(s->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	} while (fd < 0 && errno == EEXIST && us++ < LAST_US);
	if (fd < 0)
		return -errno;
	s->last_us = us;
	return fd;
}

void series_remove(const struct series *s, const char *name)
{
	unlinkat(s->fd, name, 0);
}

int series_prune(const struct series *s)
{
	uint64_t *times = NULL;
	char name[SERIES_NAME];
	ssize_t n = s->keep ? list(s, &times) : 0;
	int err = n < 0 ? (int)n : 0;

	for (ssize_t i = 0; times && i < n - (ssize_t)s->keep; i++) {
		make_name(name, times[i]);
		if (unlinkat(s->fd, name, 0) && errno != ENOENT && !err)
			err = -errno;
	}
	free(times);
	return err;
}
