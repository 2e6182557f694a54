// SPDX-License-Identifier: GPL-2.0-only
#include "source/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/say.h"

bool filter_given(const struct filter *f)
{
	return f->by_pid || f->match;
}

int filter_open_cgroups(const struct filter *f, struct brood *skel)
{
	int map = bpf_map__fd(skel->maps.cgroups);

	for (__u32 i = 0; i < f->n_cgroup; i++) {
		int fd = open(f->cgroup[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		int err = fd < 0 ? -errno : 0;

		if (!err) {
			err = bpf_map_update_elem(map, &i, &fd, BPF_ANY);
			close(fd);
		}
		if (err) {
			say(f->cgroup[i], err == -EBADF ? "not a cgroup v2 directory" : strerror(-err),
			    NULL);
			return err;
		}
	}
	return 0;
}

int filter_follow(struct brood *skel, const struct task_ref *ref)
{
	struct task_ref key = { .start = ref->start, .tgid = ref->tgid };
	__u8 yes = 1;

	return bpf_map_update_elem(bpf_map__fd(skel->maps.followed), &key, &yes, BPF_NOEXIST);
}

/* --- which of the existing ones match ------------------------------------------------ */

static bool among(const uint32_t *list, uint32_t n, uint32_t value)
{
	for (uint32_t i = 0; i < n; i++)
		if (list[i] == value)
			return true;
	return false;
}

static bool comm_among(const struct filter *f, const char *comm)
{
	for (uint32_t i = 0; i < f->n_comm; i++)
		if (!strncmp(f->comm[i], comm, EVENT_COMM))
			return true;
	return false;
}

/* A cgroup's ID is the inode number of its directory; nftw has no context argument. */
static struct {
	uint64_t *id;
	size_t n, cap;
} under;

static int add_cgroup(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)path;
	(void)ftw;
	if (type != FTW_D)
		return 0;
	if (under.n == under.cap) {
		size_t cap = under.cap ? under.cap * 2 : 64;
		uint64_t *id = reallocarray(under.id, cap, sizeof(*id));

		if (!id)
			return -ENOMEM;
		under.id = id;
		under.cap = cap;
	}
	under.id[under.n++] = st->st_ino;
	return 0;
}

static int list_cgroups(const struct filter *f)
{
	under.n = 0;
	for (uint32_t i = 0; i < f->n_cgroup; i++)
		if (nftw(f->cgroup[i], add_cgroup, 16, FTW_PHYS | FTW_MOUNT) == -ENOMEM)
			return -ENOMEM;
	return 0;
}

static bool in_cgroups(uint64_t id)
{
	for (size_t i = 0; i < under.n; i++)
		if (under.id[i] == id)
			return true;
	return false;
}

static bool matches(const struct filter *f, const struct ev_snapshot *s)
{
	return (!f->by_pid || among(f->pid, f->n_pid, s->h.who.tgid)) &&
	       (!(f->match & MATCH_UID) || among(f->uid, f->n_uid, s->uid)) &&
	       (!(f->match & MATCH_PIDNS) || among(f->pidns, f->n_pidns, s->pid_ns)) &&
	       (!(f->match & MATCH_COMM) || comm_among(f, s->h.comm)) &&
	       (!(f->match & MATCH_CGROUP) || in_cgroups(s->cgroup_id));
}

/* --- and their descendants ----------------------------------------------------------- */

static int by_ref(const void *a, const void *b)
{
	const struct task_ref *x = &((const struct ev_snapshot *)a)->h.who;
	const struct task_ref *y = &((const struct ev_snapshot *)b)->h.who;

	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

static bool parent_wanted(const struct snapshot *s, const bool *wanted, size_t i)
{
	struct ev_snapshot key = { .h.who = s->list[i].parent };
	const struct ev_snapshot *p = bsearch(&key, s->list, s->n, sizeof(*s->list), by_ref);

	return p && wanted[p - s->list];
}

/* Mark until nothing changes: a parent may come after its child (PIDs wrap). */
static void mark(const struct filter *f, const struct snapshot *s, bool *wanted)
{
	bool changed;

	for (size_t i = 0; i < s->n; i++)
		wanted[i] = matches(f, &s->list[i]);
	do {
		changed = false;
		for (size_t i = 0; i < s->n; i++)
			if (!wanted[i] && parent_wanted(s, wanted, i))
				wanted[i] = changed = true;
	} while (changed);
}

static int missing_pid(const struct filter *f, const struct snapshot *s)
{
	for (uint32_t p = 0; p < f->n_pid; p++) {
		size_t i = 0;

		while (i < s->n && s->list[i].h.who.tgid != f->pid[p])
			i++;
		if (i == s->n) {
			sayf("--pid", "no process %u", f->pid[p]);
			return -ESRCH;
		}
	}
	return 0;
}

/* Follow all that are wanted and were not yet; how many those were, or negative errno. */
static int follow_wanted(struct brood *skel, const struct snapshot *s, const bool *wanted)
{
	int added = 0;

	for (size_t i = 0; i < s->n; i++) {
		int err = wanted[i] ? filter_follow(skel, &s->list[i].h.who) : -EEXIST;

		if (err && err != -EEXIST)
			return err;
		added += !err;
	}
	return added;
}

static void keep_wanted(struct snapshot *s, const bool *wanted)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (wanted[i])
			s->list[n++] = s->list[i];
	s->n = n;
}

static int missing_pidns(const struct filter *f, const struct snapshot *s)
{
	for (uint32_t p = 0; p < f->n_pidns; p++) {
		size_t i = 0;

		while (i < s->n && s->list[i].pid_ns != f->pidns[p])
			i++;
		if (i == s->n) {
			sayf("--pidns", "no process in a PID namespace with inode %u", f->pidns[p]);
			return -ESRCH;
		}
	}
	return 0;
}

/*
 * A child born between the iteration and the filling of the table, of a parent that was not
 * in it yet, is seen by nobody: so iterate until nobody had to be added.
 */
int filter_begin(const struct filter *f, struct brood *skel, struct snapshot *s)
{
	bool *wanted = NULL;
	bool first = true;
	int added;

	do {
		added = snapshot_take(s, skel->progs.on_task);
		if (added)
			break;
		qsort(s->list, s->n, sizeof(*s->list), by_ref);
		if (first && (missing_pid(f, s) || missing_pidns(f, s))) {
			free(wanted);
			return -ESRCH;
		}
		first = false;
		free(wanted);
		wanted = calloc(s->n + 1, sizeof(*wanted));
		added = wanted ? list_cgroups(f) : -ENOMEM;
		if (added)
			break;
		mark(f, s, wanted);
		added = follow_wanted(skel, s, wanted);
	} while (added > 0);
	if (added)
		say("cannot set the filter", strerror(-added), NULL);
	else
		keep_wanted(s, wanted);
	free(wanted);
	free(under.id);
	memset(&under, 0, sizeof(under));
	return added;
}

int filter_keep(struct brood *skel, struct snapshot *s)
{
	int map = bpf_map__fd(skel->maps.followed);
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct ev_snapshot *p = &s->list[i];
		struct task_ref key = { .start = p->h.who.start, .tgid = p->h.who.tgid };
		int err;
		__u8 yes;

		err = bpf_map_lookup_elem(map, &key, &yes);
		if (err == -ENOENT && !bpf_map_lookup_elem(map, &p->parent, &yes))
			err = filter_follow(skel, &p->h.who);
		if (!err || err == -EEXIST)
			s->list[n++] = *p;
		else if (err != -ENOENT)
			return err;
	}
	s->n = n;
	return 0;
}
