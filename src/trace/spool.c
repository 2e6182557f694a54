// SPDX-License-Identifier: GPL-2.0-only
#include "trace/spool.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "trace/jump.h"
#include "trace/meta.h"
#include "trace/places.h"

#define NS_PER_MS   1000000ULL
#define NS_PER_S    1000000000ULL
#define QUEUE_USUAL (16U << 20)
#define SYNC_USUAL  (5 * NS_PER_S)
#define RETRY_NS    (200 * NS_PER_MS)
/* A pipe takes as much at once without blocking, if there is room at all (pipe(7)). */
#define PIPE_PART   4096
/* How often a thread that waits for a reader looks whether the spool is to be closed. */
#define LOOK_MS	    200
/*
 * A block is full where events come fast, and then time is what is short; else it is sealed
 * when it is a second old, and what counts is the room each event takes.  Measured: level 2
 * takes half the time of 6 and, in full blocks, 2 % more room (in others 6 %); 9 saves half a
 * percent and costs up to four times as much.
 */
#define LEVEL_FAST  2
#define LEVEL_USUAL 6
#define RAW_DEFLATE (-15)
#define ITEM_COST   256 /* of an empty block, so that these are bounded too */

struct item {
	STAILQ_ENTRY(item) link;
	struct block_header h;
	uint8_t *raw;
	size_t cost;
};
STAILQ_HEAD(items, item);

struct spool {
	int fd, give_up_fd; /* give_up_fd 0: none */
	bool is_file;
	pthread_t thread;
	size_t queue_max;
	uint64_t sync_ns;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t wake;
	struct items queue; /* the first may be in the thread's hands */
	size_t queued;
	bool finishing;	      /* nothing more will be added */
	bool closing, broken; /* give up; broken: a pipe that nobody will read */
	bool ended;	      /* the thread has nothing more to do */
	struct trace_writer_stats stats;

	/* the thread's own */
	z_stream deflate;
	uint8_t *out; /* what is written at once: a block, and what must come before it */
	size_t out_len;
	uint64_t blocks, bytes;	     /* written so far */
	uint64_t synced;	     /* when */
	bool unsynced;		     /* something was written since */
	struct block_header dropped; /* records > 0: what could not be written just before */
	uint64_t place;		     /* of the block that is written next */
	struct places checkpoints;
	uint64_t index;		     /* where INDEX is; 0: nowhere */
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* --- the thread: one block ------------------------------------------------------------ */

static int level_for(uint32_t raw_len)
{
	return raw_len > BLOCK_RAW_MAX / 2 ? LEVEL_FAST : LEVEL_USUAL;
}

/* One block to out: header, and payload deflated where that makes it shorter. */
static void pack_block(struct spool *s, struct block_header h, uint8_t *raw)
{
	uint8_t *header = s->out + s->out_len, *payload = header + BLOCK_HEADER_LEN;

	h.stored_len = h.raw_len;
	if (raw && h.raw_len) {
		deflateReset(&s->deflate);
		deflateParams(&s->deflate, level_for(h.raw_len), Z_DEFAULT_STRATEGY);
		s->deflate.next_in = raw;
		s->deflate.avail_in = h.raw_len;
		s->deflate.next_out = payload;
		s->deflate.avail_out = h.raw_len;
		if (deflate(&s->deflate, Z_FINISH) == Z_STREAM_END) {
			h.flags |= BLOCK_DEFLATED;
			h.stored_len = (uint32_t)s->deflate.total_out;
		} else {
			memcpy(payload, raw, h.raw_len);
		}
	}
	block_pack(header, &h, payload);
	s->out_len += BLOCK_HEADER_LEN + h.stored_len;
}

/* What tells of places is known only now that all before it is written. */
static void fill_in(const struct spool *s, struct item *e)
{
	struct column payload = {e->raw, e->h.raw_len, e->h.raw_len};
	bool done = true;

	if (e->h.kind == BLOCK_INDEX)
		done = places_put(&payload, &s->checkpoints);
	else if (e->h.kind == BLOCK_END && s->index)
		done = end_put_index(&payload, s->index);
	e->raw = payload.data;
	if (done)
		e->h.raw_len = payload.pos;
}

/* What the next write is to write: this item, and whatever must come before it. */
static void pack(struct spool *s, struct item *e)
{
	fill_in(s, e);
	s->out_len = 0;
	if (!s->bytes) {
		trace_header_pack(s->out);
		s->out_len = TRACE_HEADER_LEN;
	}
	if (s->dropped.records)
		pack_block(s, s->dropped, NULL);
	s->place = s->bytes + s->out_len;
	pack_block(s, e->h, e->raw);
}

/* It is written. */
static void note_place(struct spool *s, const struct item *e)
{
	struct checkpoint_head head;

	if (e->h.kind == BLOCK_INDEX)
		s->index = s->place;
	else if (e->h.kind == BLOCK_CHECKPOINT && checkpoint_get(e->raw, e->h.raw_len, &head) &&
		 !head.part)
		places_add(&s->checkpoints, s->place, e->h.first_ts);
}

static bool is_closing(struct spool *s)
{
	bool closing;

	pthread_mutex_lock(&s->lock);
	closing = s->closing;
	pthread_mutex_unlock(&s->lock);
	return closing;
}

/* Until a pipe has room.  -ECANCELED: it has none, and the wait is to end. */
static int wait_for_room(struct spool *s)
{
	struct pollfd p[] = {{.fd = s->fd, .events = POLLOUT}, {.fd = -1, .events = POLLIN}};

	do {
		if (s->give_up_fd && is_closing(s))
			p[1].fd = s->give_up_fd;
		poll(p, 2, LOOK_MS);
		if (p[1].revents)
			return -ECANCELED;
	} while (!p[0].revents);
	return 0;
}

static int write_all(struct spool *s, const uint8_t *p, size_t len)
{
	while (len) {
		int err = s->is_file ? 0 : wait_for_room(s);
		ssize_t n;

		if (err)
			return err;
		n = write(s->fd, p, s->is_file || len < PIPE_PART ? len : PIPE_PART);
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		} else if (n < 0 && errno != EINTR && errno != EAGAIN) {
			return -errno;
		} else if (n == 0) {
			return -ENOSPC;
		}
	}
	return 0;
}

/* What is in out, or nothing of it: a part would only be damage to whoever reads. */
static int write_block(struct spool *s)
{
	off_t at = s->is_file ? lseek(s->fd, 0, SEEK_CUR) : -1;
	int err = write_all(s, s->out, s->out_len);

	if (!err) {
		s->blocks += 1 + (s->dropped.records > 0);
		s->bytes += s->out_len;
		s->dropped.records = 0;
		s->unsynced = s->is_file;
	} else if (at >= 0 && !ftruncate(s->fd, at)) {
		lseek(s->fd, at, SEEK_SET);
	}
	return err;
}

static int sync_file(struct spool *s)
{
	s->synced = now_ns(CLOCK_MONOTONIC);
	s->unsynced = false;
	return fdatasync(s->fd) ? -errno : 0;
}

/* Told as one LOSS block before whatever is written next. */
static void drop(struct spool *s, const struct block_header *h)
{
	struct block_header *d = &s->dropped;

	if (!h->records)
		return;
	if (d->records && h->records <= UINT32_MAX - d->records) {
		d->records += h->records;
		d->last_ts = h->last_ts;
	} else {
		*d = *h;
		d->kind = BLOCK_LOSS;
		d->raw_len = 0;
		d->flags = 0;
	}
}

/* --- the thread: the queue ------------------------------------------------------------ */

/* Called with the lock, which is not held while it waits. */
static void wait_for(struct spool *s, uint64_t ns)
{
	uint64_t until = now_ns(CLOCK_MONOTONIC) + ns;
	struct timespec t = {(time_t)(until / NS_PER_S), (long)(until % NS_PER_S)};

	pthread_cond_timedwait(&s->wake, &s->lock, &t);
}

static void wait_for_work(struct spool *s)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	if (!s->unsynced)
		pthread_cond_wait(&s->wake, &s->lock);
	else if (now < s->synced + s->sync_ns)
		wait_for(s, s->synced + s->sync_ns - now);
}

static bool sync_due(const struct spool *s)
{
	return s->unsynced && now_ns(CLOCK_MONOTONIC) >= s->synced + s->sync_ns;
}

/* Write the item until it is written, or until that is given up.  Called with the lock. */
static int write_item(struct spool *s, struct item *e)
{
	bool packed = false;

	for (;;) {
		bool last = s->closing || s->broken;
		int err = -s->stats.error;

		pthread_mutex_unlock(&s->lock);
		if (!packed && !s->broken)
			pack(s, e);
		packed = true;
		if (!s->broken)
			err = write_block(s);
		pthread_mutex_lock(&s->lock);
		s->stats.error = -err;
		s->broken |= err == -EPIPE || err == -ECANCELED;
		if (!err || last || s->broken)
			return err;
		if (!s->closing)
			wait_for(s, RETRY_NS);
	}
}

static void handle_first(struct spool *s)
{
	struct item *e = STAILQ_FIRST(&s->queue);
	int err = write_item(s, e);

	if (err) {
		drop(s, &e->h);
		s->stats.lost += e->h.records;
		s->stats.lost_error = -err;
	} else {
		note_place(s, e);
		s->stats.bytes_raw += e->h.raw_len;
	}
	s->stats.blocks = s->blocks;
	s->stats.bytes = s->bytes;
	s->stats.cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
	STAILQ_REMOVE_HEAD(&s->queue, link);
	s->queued -= e->cost;
	free(e->raw);
	free(e);
}

/* Called with the lock, which is not held meanwhile. */
static void sync_now(struct spool *s)
{
	int err;

	pthread_mutex_unlock(&s->lock);
	err = sync_file(s);
	pthread_mutex_lock(&s->lock);
	if (err)
		s->stats.error = -err;
}

static void *run(void *arg)
{
	struct spool *s = arg;

	pthread_setname_np(pthread_self(), "brood-trace");
	pthread_mutex_lock(&s->lock);
	while (!s->finishing || !STAILQ_EMPTY(&s->queue)) {
		if (!STAILQ_EMPTY(&s->queue))
			handle_first(s);
		else
			wait_for_work(s);
		if (sync_due(s))
			sync_now(s);
	}
	if (s->unsynced)
		sync_now(s);
	s->ended = true;
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* --- whoever has blocks --------------------------------------------------------------- */

static int start(struct spool *s)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&s->thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

static void release(struct spool *s)
{
	deflateEnd(&s->deflate);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	places_free(&s->checkpoints);
	free(s->out);
	free(s);
}

int spool_new(struct spool **out, int fd, const struct trace_writer_options *opt)
{
	struct spool *s = calloc(1, sizeof(*s));
	pthread_condattr_t monotonic;
	struct stat st;
	int err;

	if (!s)
		return -ENOMEM;
	s->fd = fd;
	s->give_up_fd = opt->give_up_fd;
	s->is_file = !fstat(fd, &st) && S_ISREG(st.st_mode);
	s->queue_max = opt->queue_bytes ? opt->queue_bytes : QUEUE_USUAL;
	s->sync_ns = opt->sync_ns ? opt->sync_ns : SYNC_USUAL;
	s->synced = now_ns(CLOCK_MONOTONIC);
	STAILQ_INIT(&s->queue);
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	s->out = malloc(TRACE_HEADER_LEN + 2 * BLOCK_HEADER_LEN + BLOCK_STORED_MAX);
	err = !s->out || deflateInit2(&s->deflate, LEVEL_USUAL, Z_DEFLATED, RAW_DEFLATE, 9,
				      Z_DEFAULT_STRATEGY) != Z_OK
		      ? -ENOMEM
		      : start(s);
	if (err) {
		release(s);
		return err;
	}
	*out = s;
	return 0;
}

static int enqueue(struct spool *s, struct item *e, bool always)
{
	int err = 0;

	pthread_mutex_lock(&s->lock);
	if (s->broken)
		err = -EPIPE;
	else if (!always && s->queued + e->cost > s->queue_max)
		err = -ENOBUFS;
	if (!err) {
		s->queued += e->cost;
		STAILQ_INSERT_TAIL(&s->queue, e, link);
		pthread_cond_signal(&s->wake);
	}
	pthread_mutex_unlock(&s->lock);
	return err;
}

int spool_add(struct spool *s, const struct block_header *h, uint8_t *raw, uint32_t len,
	      bool always)
{
	struct item *e = malloc(sizeof(*e));
	int err = e ? 0 : -ENOMEM;

	if (e) {
		*e = (struct item){.h = *h, .raw = raw, .cost = len + ITEM_COST};
		e->h.raw_len = len;
		err = enqueue(s, e, always);
	}
	if (err) {
		free(e);
		free(raw);
	}
	return err;
}

void spool_stats(struct spool *s, struct trace_writer_stats *stats)
{
	pthread_mutex_lock(&s->lock);
	*stats = s->stats;
	pthread_mutex_unlock(&s->lock);
}

static void end_thread(struct spool *s, bool give_up)
{
	pthread_mutex_lock(&s->lock);
	s->finishing = true;
	s->closing |= give_up;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

void spool_finish(struct spool *s)
{
	end_thread(s, false);
}

bool spool_finished(struct spool *s)
{
	bool ended;

	pthread_mutex_lock(&s->lock);
	ended = s->ended;
	pthread_mutex_unlock(&s->lock);
	return ended;
}

void spool_close(struct spool *s, struct trace_writer_stats *stats)
{
	end_thread(s, true);
	pthread_join(s->thread, NULL);
	*stats = s->stats;
	release(s);
}
