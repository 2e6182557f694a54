/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * story.h: lets a test tell a model what happens to some processes, and hear what it says.
 *
 *	born(s, 10, 1);
 *	at(s, 5);
 *	exits(s, 10, code(3));
 *	TOLD(s, "0 fork 10 of 1", "5 exit 10 of 1 code 3");
 *
 * Times are ms.  A process is its PID; again(10) is another one that got the same PID.  The
 * story keeps the kernel's own idea of who is whose parent, so that each event tells what a
 * kernel would; 1 adopts unless told otherwise.
 *
 * Every story is lived in all modes: the table keeping all that is gone, what is noted of
 * it, or nothing, and with ticks strewn in or not.  What is told is the same in all of them,
 * so a test proves that they make no difference.
 */
#ifndef BROOD_TEST_STORY_H
#define BROOD_TEST_STORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/model.h"

#define MS		  1000000ULL
#define STORY_T0	  (7000 * MS)
#define STORY_WALL0	  1700000000000000000ULL
#define STORY_CLONE_FLAGS 0x11ULL

struct story {
	struct meta meta;
	struct model *m;
	enum model_keep keep;
	bool ticks;
	uint64_t now; /* ns since the trace began */
	uint64_t wall_base;
	uint64_t seq, last_ts;
	uint32_t adopter;
	struct {
		uint32_t id, parent;
		char comm[EVENT_COMM];
	} procs[64];
	int n_procs;
	char lines[256][96];
	int n_lines, checked;
	struct proc last;  /* what the last fact about one showed; pointers are stale */
	struct fact fact;  /* the last one, without its event */
	char last_arg[64]; /* args of the last one that was about a process */
	uint32_t old_tid;  /* of the last exec */
};

struct story_mode {
	enum model_keep keep;
	bool ticks;
};

static inline uint32_t again(uint32_t pid)
{
	return pid + 0x10000;
}

static inline uint32_t code(int c)
{
	return (uint32_t)c << 8;
}

static inline struct task_ref story_ref(uint32_t id)
{
	if (!id)
		return (struct task_ref){0};
	return (struct task_ref){.start = (id & 0xffff) * 1000ULL + (id >> 16),
				 .tgid = id & 0xffff};
}

/* "10", "10'" for its second life, "?" */
static inline const char *story_id(const struct task_ref *r)
{
	static char ring[8][16];
	static int next;
	char *s = ring[next++ % 8];

	if (!r->tgid)
		return "?";
	snprintf(s, 16, "%u%s", r->tgid, r->start == r->tgid * 1000ULL ? "" : "'");
	return s;
}

static inline void story_line(char *to, size_t size, const struct fact *f)
{
	static const char *const names[FACT_TYPES] = {"meta", "snapshot", "fork",   "exec",
						      "exit", "orphan",	  "zombie", "reap",
						      "?",    "thread",	  "loss",   "end"};
	const struct proc *p = f->proc;
	size_t n = 0;

#define SAY(...) (n += (size_t)snprintf(to + n, size - n, __VA_ARGS__), assert_true(n < size))
	SAY("%g %s", (double)f->ts / MS, f->type == FACT_THREAD_START ? "thread" : names[f->type]);
	if (p)
		SAY(" %s", story_id(&p->ref));
	switch (f->type) {
	case FACT_SNAPSHOT:
		SAY(" of %s%s", story_id(&p->parent.ref), p->state == PROC_ZOMBIE ? " zombie" : "");
		break;
	case FACT_FORK:
		SAY(" of %s", story_id(&p->parent.ref));
		if (f->creator.tgid != p->parent.ref.tgid)
			SAY(" by %s", story_id(&f->creator));
		break;
	case FACT_EXEC:
		SAY(" of %s", story_id(&p->parent.ref));
		break;
	case FACT_EXIT:
		SAY(" of %s", story_id(&p->parent.ref));
		if (!p->has_status)
			SAY(" code ?");
		else if (proc_signal(p->status))
			SAY(" signal %d%s", proc_signal(p->status),
			    proc_core(p->status) ? " core" : "");
		else
			SAY(" code %d", proc_code(p->status));
		if (p->killer.ref.tgid)
			SAY(" killed by %s", story_id(&p->killer.ref));
		if (p->autoreap)
			SAY(" autoreap");
		break;
	case FACT_ORPHAN:
		SAY(" from %s to %s", story_id(&f->old_parent.ref), story_id(&f->new_parent.ref));
		break;
	case FACT_ZOMBIE:
		SAY(" of %s since ", story_id(&p->parent.ref));
		if (f->since == NO_TIME)
			SAY("?");
		else
			SAY("%g", (double)f->since / MS);
		break;
	case FACT_REAP:
		if (p->autoreap)
			SAY(" autoreap");
		else
			SAY(" by %s", story_id(&p->reaper.ref));
		if (f->zombie_ns == NO_TIME)
			SAY(" after ?");
		else
			SAY(" after %g", (double)f->zombie_ns / MS);
		if (!p->reap_exact)
			SAY(" late");
		break;
	case FACT_THREAD_START:
		SAY("/%u by %u/%u", f->tid, f->creator.tgid, f->creator.tid);
		break;
	case FACT_THREAD_EXIT:
		SAY("/%u ends", f->tid);
		break;
	case FACT_LOSS:
		SAY(" %llu since %g", (unsigned long long)f->count, (double)f->since / MS);
		break;
	default:
		break;
	}
	if (f->inferred)
		SAY(" (inferred)");
#undef SAY
}

static inline void story_hear(void *ctx, const struct fact *f)
{
	struct story *s = ctx;

	assert_int_equal(f->seq, ++s->seq);
	assert_true(f->ts >= s->last_ts);
	s->last_ts = f->ts;
	assert_true(f->wall == s->wall_base + f->ts);
	assert_ptr_equal(f->meta, &s->meta);
	assert_ptr_equal(f->counts, model_counts(s->m));
	assert_int_equal(!f->proc,
			 f->type == FACT_META || f->type == FACT_LOSS || f->type == FACT_END);
	if (f->type == FACT_META || f->type == FACT_ORPHAN || f->type == FACT_ZOMBIE)
		assert_null(f->ev);
	else if (!f->inferred)
		assert_non_null(f->ev);
	if (f->type == FACT_EXEC && f->ev)
		s->old_tid = ((const struct ev_exec *)f->ev)->old_tid;
	s->fact = *f;
	s->fact.ev = NULL;
	if (f->proc) {
		s->last = *f->proc;
		snprintf(s->last_arg, sizeof(s->last_arg), "%s",
			 f->proc->args ? f->proc->args : "");
	}
	assert_true(s->n_lines < 256);
	story_line(s->lines[s->n_lines++], sizeof(s->lines[0]), f);
}

static inline void story_told(struct story *s, const char *const *lines, int at_line)
{
	char got[4096] = "", want[4096] = "";
	size_t g = 0, w = 0;

	for (; s->checked < s->n_lines; s->checked++)
		g += (size_t)snprintf(got + g, sizeof(got) - g, "%s\n", s->lines[s->checked]);
	for (; *lines; lines++)
		w += (size_t)snprintf(want + w, sizeof(want) - w, "%s\n", *lines);
	if (strcmp(got, want))
		fail_msg("line %d: expected\n%sheard\n%s", at_line, want, got);
}

/* What was said since the last time we asked: these lines, in this order, and no other. */
#define TOLD(s, ...) story_told(s, (const char *const[]){__VA_ARGS__, NULL}, __LINE__)
#define SILENCE(s)   story_told(s, (const char *const[]){NULL}, __LINE__)

static inline int story_begin(void **state)
{
	const struct story_mode *mode = *state;
	struct story *s = calloc(1, sizeof(*s));
	struct model_options opt = {.zombie_after_ns = 100 * MS, .keep_args = true};

	assert_non_null(s);
	s->meta.t0 = STORY_T0;
	s->meta.wall0 = STORY_WALL0;
	s->wall_base = STORY_WALL0;
	s->keep = mode ? mode->keep : KEEP_ALIVE;
	s->ticks = mode && mode->ticks;
	s->adopter = 1;
	opt.keep = s->keep;
	s->m = model_new(&opt, &s->meta, story_hear, s);
	assert_non_null(s->m);
	model_begin(s->m);
	TOLD(s, "0 meta");
	*state = s;
	return 0;
}

static inline int story_end(void **state)
{
	struct story *s = *state;

	SILENCE(s);
	model_free(s->m);
	free(s);
	return 0;
}

static const struct story_mode story_modes[6] = {{KEEP_ALIVE, false}, {KEEP_NOTED, false},
						 {KEEP_ALL, false},   {KEEP_ALIVE, true},
						 {KEEP_NOTED, true},  {KEEP_ALL, true}};

#define STORY_IN(f, what, i)                                                                       \
	{                                                                                          \
		.name = #f what, .test_func = (f), .setup_func = story_begin,                      \
		.teardown_func = story_end, .initial_state = (void *)(uintptr_t)&story_modes[i]    \
	}
#define STORY(f)                                                                                   \
	STORY_IN(f, "", 0), STORY_IN(f, " (noted)", 1), STORY_IN(f, " (kept)", 2),                 \
		STORY_IN(f, " (ticks)", 3), STORY_IN(f, " (noted, ticks)", 4),                     \
		STORY_IN(f, " (kept, ticks)", 5)

static inline void at(struct story *s, double ms)
{
	uint64_t t = (uint64_t)(ms * MS);

	if (s->ticks) {
		struct event tick = {.kind = EV_TICK};

		for (uint64_t i = 0; t > s->now && i <= 7; i++) {
			tick.ts = STORY_T0 + s->now + (t - s->now) / 7 * i;
			assert_int_equal(model_feed(s->m, &tick), 0);
		}
		tick.ts = STORY_T0 + t;
		assert_int_equal(model_feed(s->m, &tick), 0);
	}
	s->now = t;
}

static inline void story_feed(struct story *s, const void *ev)
{
	assert_int_equal(model_feed(s->m, ev), 0);
}

static inline int story_index(struct story *s, uint32_t id)
{
	int i;

	for (i = 0; i < s->n_procs; i++) {
		if (s->procs[i].id == id)
			return i;
	}
	assert_true(i < 64);
	s->procs[i].id = id;
	snprintf(s->procs[i].comm, EVENT_COMM, "p%u", id & 0xffff);
	s->n_procs++;
	return i;
}

static inline uint32_t *story_parent(struct story *s, uint32_t id)
{
	return &s->procs[story_index(s, id)].parent;
}

static inline char *story_comm(struct story *s, uint32_t id)
{
	return s->procs[story_index(s, id)].comm;
}

static inline struct event story_head(struct story *s, enum event_kind kind, uint32_t id)
{
	struct event h = {.ts = STORY_T0 + s->now, .who = story_ref(id), .kind = (uint16_t)kind};

	if (id)
		memcpy(h.comm, story_comm(s, id), EVENT_COMM);
	return h;
}

static inline struct ev_snapshot story_snapshot(struct story *s, uint32_t id, uint32_t parent)
{
	*story_parent(s, id) = parent;
	return (struct ev_snapshot){.h = story_head(s, EV_SNAPSHOT, id),
				    .parent = story_ref(parent),
				    .uid = 1000,
				    .gid = 1000};
}

static inline void exists(struct story *s, uint32_t id, uint32_t parent)
{
	struct ev_snapshot ev = story_snapshot(s, id, parent);

	story_feed(s, &ev);
}

static inline void exists_zombie(struct story *s, uint32_t id, uint32_t parent, uint32_t status)
{
	struct ev_snapshot ev = story_snapshot(s, id, parent);

	ev.state = SNAP_ZOMBIE;
	ev.status = status;
	story_feed(s, &ev);
}

static inline struct ev_fork story_fork(struct story *s, uint32_t id, uint32_t parent)
{
	*story_parent(s, id) = parent;
	memcpy(story_comm(s, id), story_comm(s, parent), EVENT_COMM);
	return (struct ev_fork){.h = story_head(s, EV_FORK, id),
				.parent = story_ref(parent),
				.creator = story_ref(parent),
				.clone_flags = STORY_CLONE_FLAGS,
				.uid = 1000,
				.gid = 1000};
}

static inline void born(struct story *s, uint32_t id, uint32_t parent)
{
	struct ev_fork ev = story_fork(s, id, parent);

	story_feed(s, &ev);
}

/* name: of the file, the command and the only argument. */
static inline void execs_by(struct story *s, uint32_t id, const char *name, uint32_t old_tid)
{
	struct {
		struct ev_exec ev;
		char bytes[64];
	} x = {.ev = {.parent = story_ref(*story_parent(s, id)), .old_tid = old_tid}};
	uint32_t len = (uint32_t)strlen(name);

	snprintf(story_comm(s, id), EVENT_COMM, "%.15s", name);
	x.ev.h = story_head(s, EV_EXEC, id);
	x.ev.uid = x.ev.gid = 1000;
	snprintf(x.bytes, sizeof(x.bytes), "%s", name);
	x.ev.file_off = x.ev.args_off = offsetof(__typeof__(x), bytes);
	x.ev.file_len = len;
	x.ev.args_len = x.ev.args_bytes = len + 1;
	story_feed(s, &x);
}

static inline void execs(struct story *s, uint32_t id, const char *name)
{
	execs_by(s, id, name, 0);
}

static inline struct ev_exit story_exit(struct story *s, uint32_t id, uint32_t status)
{
	struct ev_exit ev = {.h = story_head(s, EV_EXIT, id),
			     .parent = story_ref(*story_parent(s, id)),
			     .adopter = story_ref(s->adopter),
			     .status = status,
			     .max_rss_kib = 128};

	if (s->adopter)
		memcpy(ev.adopter_comm, story_comm(s, s->adopter), EVENT_COMM);
	return ev;
}

/* The kernel has reparented what it left; sched_process_exit came before that. */
static inline void story_reparent(struct story *s, uint32_t id)
{
	for (int i = 0; i < s->n_procs; i++) {
		if (s->procs[i].parent == id)
			s->procs[i].parent = s->adopter;
	}
}

static inline void exits_flagged(struct story *s, uint32_t id, uint32_t status, uint16_t flags)
{
	struct ev_exit ev = story_exit(s, id, status);

	ev.h.flags = flags;
	story_feed(s, &ev);
	if (!(flags & EVF_NS_INIT))
		story_reparent(s, id);
}

static inline void exits(struct story *s, uint32_t id, uint32_t status)
{
	exits_flagged(s, id, status, 0);
}

/* The kernel says another parent than the story would. */
static inline void exits_of(struct story *s, uint32_t id, uint32_t status, uint32_t parent)
{
	struct ev_exit ev = story_exit(s, id, status);

	ev.parent = story_ref(parent);
	story_feed(s, &ev);
	story_reparent(s, id);
}

static inline struct ev_reap story_reap(struct story *s, uint32_t id, uint32_t by)
{
	struct ev_reap ev = {.h = story_head(s, EV_REAP, id),
			     .by = story_ref(by),
			     .parent = story_ref(*story_parent(s, id)),
			     .cpu_ns = 3 * MS};

	if (by)
		memcpy(ev.by_comm, story_comm(s, by), EVENT_COMM);
	return ev;
}

/* By release_task: told at the moment, `by` is who did it. */
static inline void reaped(struct story *s, uint32_t id, uint32_t by)
{
	struct ev_reap ev = story_reap(s, id, by);

	ev.h.flags = EVF_EXACT;
	story_feed(s, &ev);
}

/* By sched_process_free: told some time after, `by` was its parent then. */
static inline void freed(struct story *s, uint32_t id, uint32_t by)
{
	struct ev_reap ev = story_reap(s, id, by);

	story_feed(s, &ev);
}

/* It was due to be asked about now, and was, `late` ms later. */
static inline void vanished_late(struct story *s, uint32_t id, uint64_t late)
{
	struct ev_gone ev = {.h = story_head(s, EV_GONE, id)};

	ev.seen = ev.h.ts + late * MS;
	story_feed(s, &ev);
}

static inline void vanished(struct story *s, uint32_t id)
{
	vanished_late(s, id, 0);
}

static inline void kills(struct story *s, uint32_t from, uint32_t id, uint32_t sig)
{
	struct ev_signal ev = {
		.h = story_head(s, EV_SIGNAL, id), .from = story_ref(from), .sig = sig};

	memcpy(ev.from_comm, story_comm(s, from), EVENT_COMM);
	story_feed(s, &ev);
}

static inline void ends(struct story *s)
{
	struct event ev = story_head(s, EV_END, 0);

	story_feed(s, &ev);
}

static inline const struct proc *lookup(struct story *s, uint32_t id)
{
	struct task_ref r = story_ref(id);

	return model_find(s->m, &r);
}

#endif
