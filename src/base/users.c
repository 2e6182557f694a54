// SPDX-License-Identifier: GPL-2.0-only
#include "base/users.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef WITHOUT_NSS

static int look_up(const char *name, struct user *u)
{
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(name);
	if (!pw)
		return errno ? -errno : -ENOENT;
	u->uid = pw->pw_uid;
	u->gid = pw->pw_gid;
	return 0;
}

static int list_groups(const char *name, struct user *u)
{
	int n = 16;

	for (;;) {
		gid_t *groups = reallocarray(u->groups, (size_t)n, sizeof(*groups));

		if (!groups)
			return -ENOMEM;
		u->groups = groups;
		if (getgrouplist(name, u->gid, groups, &n) >= 0)
			break;
	}
	u->n_groups = (size_t)n;
	return 0;
}

#else

/*
 * A static program cannot load the modules of the name service (LDAP and the like), so it
 * reads what is always there.
 */
static int look_up(const char *name, struct user *u)
{
	FILE *f = fopen("/etc/passwd", "re");
	const struct passwd *pw = NULL;

	if (!f)
		return -errno;
	while ((pw = fgetpwent(f)) && strcmp(pw->pw_name, name) != 0)
		;
	if (pw) {
		u->uid = pw->pw_uid;
		u->gid = pw->pw_gid;
	}
	fclose(f);
	return pw ? 0 : -ENOENT;
}

static int add_group(struct user *u, gid_t gid)
{
	gid_t *groups = reallocarray(u->groups, u->n_groups + 1, sizeof(*groups));

	if (!groups)
		return -ENOMEM;
	u->groups = groups;
	u->groups[u->n_groups++] = gid;
	return 0;
}

static int list_groups(const char *name, struct user *u)
{
	FILE *f = fopen("/etc/group", "re");
	const struct group *g;
	int err = add_group(u, u->gid);

	while (!err && f && (g = fgetgrent(f)))
		for (char **member = g->gr_mem; *member && !err; member++)
			if (!strcmp(*member, name))
				err = add_group(u, g->gr_gid);
	if (f)
		fclose(f);
	return err;
}

#endif

int user_find(const char *name, struct user *u)
{
	int err;

	*u = (struct user){ 0 };
	err = look_up(name, u);
	return err ? err : list_groups(name, u);
}

void user_free(struct user *u)
{
	free(u->groups);
	*u = (struct user){ 0 };
}

int user_become(const struct user *u)
{
	if (setgroups(u->n_groups, u->groups) || setgid(u->gid) || setuid(u->uid))
		return -errno;
	return 0;
}
