// SPDX-License-Identifier: GPL-2.0-only
#include "source/ring.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "source/clock.h"

struct ring {
	struct ring_buffer *buffer;
	struct probe_state *state;
	ring_fn fn;
	void *ctx;
	int epoll_fd;
	int failed;		/* negative errno of fn */
	size_t size;		/* bytes that it holds */
	const uint64_t *reserved; /* bytes ever given to records */
	const uint64_t *taken;	/* bytes ever read (kernel/bpf/ringbuf.c: ringbuf_mmap) */
	size_t turn;		/* bytes taken since the drain began */
	bool more;		/* the last drain left something */
};

/* A record's head in the ring; its data are padded to the same (kernel/bpf/ringbuf.c). */
#define HEAD BPF_RINGBUF_HDR_SZ

static int on_record(void *ctx, void *data, size_t size)
{
	struct ring *r = ctx;

	r->failed = r->fn(r->ctx, data, size);
	r->turn += HEAD + ((size + HEAD - 1) & ~(size_t)(HEAD - 1));
	r->more = r->turn >= r->size;
	return r->failed || !r->more ? r->failed : -EAGAIN;
}

/*
 * What was there when it began, all of it, and no more than fits the ring: whoever fills it
 * as fast as we read must not keep us here, with signals and deadlines to be seen to.
 */
static int consume(struct ring *r)
{
	int n;

	r->turn = 0;
	r->more = false;
	n = ring_buffer__consume(r->buffer);
	if (r->failed)
		return r->failed;
	return r->more ? 1 : n;
}

static int watch(int epoll_fd, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

static const uint64_t *map_position(int map_fd, off_t page)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, size, PROT_READ, MAP_SHARED, map_fd, page * (off_t)size);

	return p == MAP_FAILED ? NULL : p;
}

static void unmap_position(const uint64_t *position)
{
	if (position)
		munmap((void *)position, (size_t)sysconf(_SC_PAGESIZE));
}

int ring_open(struct ring **out, const struct bpf_map *map, struct probe_state *state,
	      int signal_fd, ring_fn fn, void *ctx)
{
	int map_fd = bpf_map__fd(map);
	struct ring *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	*r = (struct ring){
		.state = state, .fn = fn, .ctx = ctx, .size = bpf_map__max_entries(map),
	};
	r->buffer = ring_buffer__new(map_fd, on_record, r, NULL);
	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	r->taken = map_position(map_fd, 0);
	r->reserved = map_position(map_fd, 1);
	err = !r->buffer || r->epoll_fd < 0 || !r->taken || !r->reserved ? -errno : 0;
	/*
	 * Edge triggered: the ring counts as readable whenever there is data, but only a
	 * wake-up that a probe decided on may end a nap.
	 */
	if (!err)
		err = watch(r->epoll_fd, map_fd, EPOLLIN | EPOLLET);
	if (!err)
		err = watch(r->epoll_fd, signal_fd, EPOLLIN);
	if (err) {
		ring_close(r);
		return err;
	}
	*out = r;
	return 0;
}

/* A part would not do: what comes next goes where nobody was yet. */
#define TOUCH_MAX (32 << 20)	/* takes 50 ms where a page takes 5 µs */

void ring_touch(struct ring *r, const struct bpf_program *touch)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);

	if (r->size > TOUCH_MAX)
		return;
	while (!bpf_prog_test_run_opts(bpf_program__fd(touch), &run) && run.retval)
		;
	ring_drain(r);
}

int ring_drain(struct ring *r)
{
	__atomic_store_n(&r->state->reader, READER_BUSY, __ATOMIC_RELAXED);
	return consume(r);
}

/*
 * A probe takes its time after it has reserved.  So what was told before now, and of what it
 * may take a moment to be complete, is what was reserved before now.
 */
int ring_catch_up(struct ring *r)
{
	static const struct timespec moment = { .tv_nsec = 100000 };
	uint64_t until = __atomic_load_n(r->reserved, __ATOMIC_ACQUIRE);
	int n = ring_drain(r);

	/* A record that is still being written stops the drain. */
	while (n >= 0 && (int64_t)(until - __atomic_load_n(r->taken, __ATOMIC_ACQUIRE)) > 0) {
		nanosleep(&moment, NULL);
		n = ring_drain(r);
	}
	return n;
}

static void rest(const struct ring *r, uint64_t until)
{
	struct epoll_event ev[2];
	uint64_t now = boottime();
	uint64_t ms;

	if (until <= now)
		return;
	ms = (until - now + NS_PER_MS - 1) / NS_PER_MS;
	epoll_wait(r->epoll_fd, ev, 2, until == UINT64_MAX ? -1 : ms > 3600000 ? 3600000 : (int)ms);
}

void ring_nap(struct ring *r, uint64_t until)
{
	if (r->more)
		return;
	__atomic_store_n(&r->state->reader, READER_NAPPING, __ATOMIC_SEQ_CST);
	rest(r, until);
}

/*
 * And those to come see what was stored before: the command waits for an RCU grace period,
 * and BPF programs run inside RCU read sections.
 */
void ring_settle(void)
{
	static const struct timespec pause = { .tv_nsec = 10 * NS_PER_MS };

	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		nanosleep(&pause, NULL);	/* nohz_full kernels refuse it */
}

/*
 * A probe that looked at `reader` before it said ASLEEP wakes nobody for its event; so say
 * it, wait until all such probes are done, and look once more.
 */
int ring_sleep(struct ring *r, uint64_t until)
{
	int n;

	__atomic_store_n(&r->state->reader, READER_ASLEEP, __ATOMIC_SEQ_CST);
	ring_settle();
	n = consume(r);
	if (n)
		return n;
	rest(r, until);
	return 0;
}

void ring_close(struct ring *r)
{
	if (!r)
		return;
	ring_buffer__free(r->buffer);
	unmap_position(r->taken);
	unmap_position(r->reserved);
	if (r->epoll_fd >= 0)
		close(r->epoll_fd);
	free(r);
}
