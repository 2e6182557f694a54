/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * series.h: a directory of trace files, one after the other, whose names sort by time:
 * brood-20261127T042517.123456Z.brood, in UTC.  Other files in it are left alone.
 */
#ifndef BROOD_SERIES_H
#define BROOD_SERIES_H

#include <stdint.h>

#define SERIES_NAME sizeof("brood-YYYYmmddTHHMMSS.uuuuuuZ.brood")

struct series {
	int fd;			/* of the directory, locked: one recorder at a time */
	uint32_t keep;		/* so many files; 0: all */
	uint64_t last_us;	/* wall clock in the name of the newest file */
};

/*
 * path: a directory, made (mode 0700) if it is not there and `make`; not a symbolic link.
 * 0, or a negative errno after saying why.
 */
int series_open(struct series *s, const char *path, int make, uint32_t keep);
void series_close(struct series *s);

/*
 * A new file, mode 0600, named after wall_ns or, where that would not sort behind the newest
 * (the clock was set back), a microsecond after that one.  Its descriptor, or -errno.
 */
int series_new_file(struct series *s, uint64_t wall_ns, char name[SERIES_NAME]);
/* There was nothing to write into it after all. */
void series_remove(const struct series *s, const char *name);

/* Remove the oldest until `keep` are left, none but our own.  0 or -errno of the first failure. */
int series_prune(const struct series *s);

#endif
