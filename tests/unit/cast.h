/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cast.h: a cast of processes whose lives a test of the views plays to a real model.
 *
 *	play(&c, &(struct meta){…});
 *	found(&c, 4711, 900, "brood");
 *	runs(&c, 4711, "/usr/bin/make", ARGS("make\0-j8"));
 *	forks(&c, 4711, 4712);
 *	quits(&c, 4712, CODE(0));
 *	waits(&c, 4711, 4712);
 *	curtain(&c);
 *
 * Times are ns since the trace began: set c.now.  Unlike story.h it looks at no fact, plays
 * thousands of processes, and gives each the arguments, the CPU time and the memory that a
 * view shows.  All is played twice, to a model that keeps all and to one that keeps what is
 * noted, so that views can be compared.
 */
#ifndef BROOD_TEST_CAST_H
#define BROOD_TEST_CAST_H

#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "view/tally.h"

#define US	 UINT64_C(1000)
#define MS	 UINT64_C(1000000)
#define S	 UINT64_C(1000000000)
#define CAST_T0	 (3600 * S)
#define CAST_MAX 120000
#define CODE(c)	 ((uint32_t)(c) << 8)
#define ARGS(s)	 (s), sizeof(s)

struct cast {
	struct meta meta;
	struct model *m, *noted;
	struct tally tally, noted_tally;
	uint64_t now;
	uint64_t cpu, rss; /* of whatever is reaped, or exits, from now on */
	uint32_t adopter;
	bool late; /* reaps are told late: sched_process_free */
	void (*also)(void *ctx, const struct event *ev); /* who else is told of each event */
	void *also_ctx;
	struct {
		uint32_t parent;
		char comm[EVENT_COMM];
	} who[CAST_MAX];
};

static inline void cast_fact(void *ctx, const struct fact *f)
{
	tally_fact(ctx, f);
}

static inline struct cast *play(const struct meta *meta)
{
	struct model_options opt = {100 * MS, .keep = KEEP_ALL, .keep_args = true};
	struct cast *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	c->meta = *meta;
	c->meta.t0 = CAST_T0;
	c->late = meta->reap_source == REAP_PROCESS_FREE;
	c->adopter = 1;
	c->rss = 1024;
	memcpy(c->who[1].comm, "systemd", 8);
	c->m = model_new(&opt, &c->meta, cast_fact, &c->tally);
	opt.keep = KEEP_NOTED;
	c->noted = model_new(&opt, &c->meta, cast_fact, &c->noted_tally);
	if (!c->m || !c->noted)
		abort();
	model_begin(c->m);
	model_begin(c->noted);
	return c;
}

static inline void play_end(struct cast *c)
{
	model_free(c->m);
	model_free(c->noted);
	tally_free(&c->tally);
	tally_free(&c->noted_tally);
	free(c);
}

static inline struct task_ref cast_ref(uint32_t pid)
{
	return (struct task_ref){.start = pid ? CAST_T0 - 60 * S + pid : 0, .tgid = pid};
}

static inline struct event cast_head(const struct cast *c, enum event_kind kind, uint32_t pid)
{
	struct event h = {.ts = CAST_T0 + c->now, .who = cast_ref(pid), .kind = (uint16_t)kind};

	memcpy(h.comm, c->who[pid].comm, EVENT_COMM);
	return h;
}

static inline void cast_feed(struct cast *c, const void *ev)
{
	if (model_feed(c->m, ev) || model_feed(c->noted, ev))
		abort();
	if (c->also)
		c->also(c->also_ctx, ev);
}

static inline void rename_to(struct cast *c, uint32_t pid, const char *comm)
{
	memset(c->who[pid].comm, 0, EVENT_COMM);
	for (int i = 0; comm[i] && i < EVENT_COMM - 1; i++)
		c->who[pid].comm[i] = comm[i];
}

static inline struct ev_snapshot cast_snapshot(struct cast *c, uint32_t pid, uint32_t parent,
					       const char *comm)
{
	c->who[pid].parent = parent;
	rename_to(c, pid, comm);
	return (struct ev_snapshot){.h = cast_head(c, EV_SNAPSHOT, pid),
				    .parent = cast_ref(parent)};
}

static inline void found(struct cast *c, uint32_t pid, uint32_t parent, const char *comm)
{
	struct ev_snapshot ev = cast_snapshot(c, pid, parent, comm);

	cast_feed(c, &ev);
}

static inline void forks(struct cast *c, uint32_t parent, uint32_t pid)
{
	struct ev_fork ev = {.parent = cast_ref(parent), .creator = cast_ref(parent)};

	c->who[pid].parent = parent;
	memcpy(c->who[pid].comm, c->who[parent].comm, EVENT_COMM);
	ev.h = cast_head(c, EV_FORK, pid);
	cast_feed(c, &ev);
}

static inline void runs(struct cast *c, uint32_t pid, const char *file, const char *args,
			size_t len)
{
	struct {
		struct ev_exec ev;
		char bytes[8192];
	} x = {.ev = {.parent = cast_ref(c->who[pid].parent)}};
	const char *slash = strrchr(file, '/');
	size_t file_len = strlen(file);

	if (file_len + len > sizeof(x.bytes))
		abort();
	rename_to(c, pid, slash ? slash + 1 : file);
	x.ev.h = cast_head(c, EV_EXEC, pid);
	x.ev.file_off = (uint32_t)((char *)x.bytes - (char *)&x);
	x.ev.file_len = (uint32_t)file_len;
	x.ev.args_off = x.ev.file_off + x.ev.file_len;
	x.ev.args_len = x.ev.args_bytes = (uint32_t)len;
	memcpy(x.bytes, file, file_len);
	memcpy(x.bytes + file_len, args, len);
	cast_feed(c, &x);
}

static inline void quits_as(struct cast *c, uint32_t pid, uint32_t status, uint16_t flags)
{
	struct ev_exit ev = {.parent = cast_ref(c->who[pid].parent),
			     .adopter = cast_ref(c->adopter),
			     .status = status,
			     .max_rss_kib = c->rss};

	ev.h = cast_head(c, EV_EXIT, pid);
	ev.h.flags = flags;
	memcpy(ev.adopter_comm, c->who[c->adopter].comm, EVENT_COMM);
	cast_feed(c, &ev);
}

static inline void quits(struct cast *c, uint32_t pid, uint32_t status)
{
	quits_as(c, pid, status, 0);
}

/* What the kernel does once pid has exited: its child is the adopter's now. */
static inline void passes(struct cast *c, uint32_t child)
{
	c->who[child].parent = c->adopter;
}

static inline void waits(struct cast *c, uint32_t by, uint32_t pid)
{
	struct ev_reap ev = {.by = cast_ref(by), .parent = cast_ref(c->who[pid].parent)};

	ev.h = cast_head(c, EV_REAP, pid);
	ev.h.flags = c->late ? 0 : EVF_EXACT;
	if (by == pid)
		ev.h.flags |= EVF_SELF_REAP;
	memcpy(ev.by_comm, c->who[by].comm, EVENT_COMM);
	ev.cpu_ns = c->cpu;
	cast_feed(c, &ev);
}

static inline void kills(struct cast *c, uint32_t from, uint32_t pid, uint32_t sig)
{
	struct ev_signal ev = {.from = cast_ref(from), .sig = sig};

	ev.h = cast_head(c, EV_SIGNAL, pid);
	memcpy(ev.from_comm, c->who[from].comm, EVENT_COMM);
	cast_feed(c, &ev);
}

static inline void loses(struct cast *c, uint64_t count)
{
	struct ev_loss ev = {.since = CAST_T0 + c->now, .count = count};

	ev.h = cast_head(c, EV_LOSS, 0);
	cast_feed(c, &ev);
}

static inline void curtain(struct cast *c)
{
	struct event ev = cast_head(c, EV_END, 0);

	cast_feed(c, &ev);
}

#endif
