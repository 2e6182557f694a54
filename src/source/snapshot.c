// SPDX-License-Identifier: GPL-2.0-only
#include "source/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "source/procfs.h"

static int make_room(struct snapshot *s)
{
	size_t cap = s->cap ? s->cap * 2 : 256;
	struct ev_snapshot *list;

	if (s->n < s->cap)
		return 0;
	list = reallocarray(s->list, cap, sizeof(*list));
	if (!list)
		return -ENOMEM;
	s->list = list;
	s->cap = cap;
	return 0;
}

/* The kernel hands out whole records, but a read may still end inside one. */
static int read_all(struct snapshot *s, int fd)
{
	size_t have = 0;
	ssize_t n;

	for (;;) {
		if (make_room(s))
			return -ENOMEM;
		n = read(fd, (char *)&s->list[s->n] + have, (s->cap - s->n) * sizeof(*s->list) - have);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return have ? -EIO : 0;
		have += (size_t)n;
		s->n += have / sizeof(*s->list);
		have %= sizeof(*s->list);
	}
}

int snapshot_take(struct snapshot *s, const struct bpf_program *iterator)
{
	struct bpf_link *link = bpf_program__attach_iter(iterator, NULL);
	int fd, err;

	s->n = 0;
	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	err = fd < 0 ? fd : read_all(s, fd);
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return err;
}

void snapshot_free(struct snapshot *s)
{
	free(s->list);
	*s = (struct snapshot){ 0 };
}

struct ev_snapshot *snapshot_with_args(const struct ev_snapshot *s, size_t args_max)
{
	struct ev_snapshot *e;
	char *args = NULL;
	size_t len = 0, total = 0;

	if (args_max && s->state == SNAP_ALIVE && !s->kthread)
		len = procfs_args(&s->h.who, args_max, &args, &total);
	e = malloc(sizeof(*e) + len);
	if (e) {
		*e = *s;
		e->args_off = sizeof(*e);
		e->args_len = (__u32)len;
		e->args_bytes = (__u32)total;
		if (len)
			memcpy(e + 1, args, len);
	}
	free(args);
	return e;
}
