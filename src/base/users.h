/* SPDX-License-Identifier: GPL-2.0-only */
/* users.h: names of users. */
#ifndef BROOD_USERS_H
#define BROOD_USERS_H

#include <stddef.h>
#include <sys/types.h>

struct user {
	uid_t uid;
	gid_t gid;
	gid_t *groups;		/* all of them, gid included; malloc'ed */
	size_t n_groups;
};

/* 0, -ENOENT where there is no such user, or another negative errno. */
int user_find(const char *name, struct user *u);
void user_free(struct user *u);

/* Take the user's IDs for good.  0 or a negative errno. */
int user_become(const struct user *u);

#endif
