/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * machine.h: a small machine whose processes live at random, and say what a kernel would.
 *
 * The same seed makes the same lives.  What is alive is bounded, so that many of them die.
 */
#ifndef BROOD_TEST_MACHINE_H
#define BROOD_TEST_MACHINE_H

#include "test_trace.h"

#define MACHINE_PROCS 40

struct life {
	struct task_ref ref;
	uint32_t parent; /* index; 0 is init, and its own */
	char comm[EVENT_COMM];
	uint32_t status;
	uint64_t ended;
	enum { SLOT_FREE, SLOT_ALIVE, SLOT_ZOMBIE } state;
};

struct machine {
	uint64_t seed, now;
	uint32_t next_pid;
	bool steady; /* its wall clock is never set */
	struct life life[MACHINE_PROCS];
	int (*tell)(void *ctx, const struct event *ev);
	void *ctx;
};

static inline struct event machine_head(const struct machine *m, uint16_t kind, uint32_t i)
{
	struct event h = {.ts = m->now, .kind = kind, .who = m->life[i].ref};

	h.who.tid = h.who.tgid;
	memcpy(h.comm, m->life[i].comm, EVENT_COMM);
	return h;
}

static inline void machine_tell(struct machine *m, const void *ev)
{
	assert_int_equal(m->tell(m->ctx, ev), 0);
}

/* All that exists, as a snapshot at `now`. */
static inline void machine_list(struct machine *m)
{
	for (uint32_t i = 0; i < MACHINE_PROCS; i++) {
		const struct life *l = &m->life[i];
		struct ev_snapshot s = {.h = machine_head(m, EV_SNAPSHOT, i)};

		if (l->state == SLOT_FREE)
			continue;
		if (i)
			s.parent = m->life[l->parent].ref;
		s.state = l->state == SLOT_ZOMBIE ? SNAP_ZOMBIE : SNAP_ALIVE;
		s.status = l->status;
		machine_tell(m, &s);
	}
}

static inline void machine_start(struct machine *m, uint64_t seed, uint64_t now,
				 int (*tell)(void *ctx, const struct event *ev), void *ctx)
{
	*m = (struct machine){.seed = seed, .now = now, .next_pid = 2, .tell = tell, .ctx = ctx};
	m->life[0] = (struct life){.ref = {1, 1, 0}, .state = SLOT_ALIVE, .comm = "init"};
	machine_list(m);
}

static inline void machine_fork(struct machine *m, uint32_t i, uint32_t by)
{
	struct life *l = &m->life[i];
	struct ev_fork f = {.parent = m->life[by].ref, .creator = m->life[by].ref};

	*l = (struct life){.ref = {m->now, m->next_pid++, 0}, .parent = by, .state = SLOT_ALIVE};
	memcpy(l->comm, m->life[by].comm, EVENT_COMM);
	f.h = machine_head(m, EV_FORK, i);
	f.ns_pid = l->ref.tgid;
	machine_tell(m, &f);
}

static inline void machine_exec(struct machine *m, uint32_t i)
{
	struct {
		struct ev_exec ev;
		char bytes[64];
	} x = {.ev = {.parent = m->life[m->life[i].parent].ref}};

	snprintf(m->life[i].comm, EVENT_COMM, "prog%u", below(&m->seed, 9));
	x.ev.h = machine_head(m, EV_EXEC, i);
	x.ev.args_off = x.ev.file_off = offsetof(__typeof__(x), bytes);
	x.ev.args_len = x.ev.args_bytes = (uint32_t)snprintf(x.bytes, 64, "/bin/%s",
							     m->life[i].comm) + 1;
	x.ev.file_len = x.ev.args_len - 1;
	machine_tell(m, &x);
}

static inline void machine_exit(struct machine *m, uint32_t i)
{
	struct ev_exit x = {.parent = m->life[m->life[i].parent].ref,
			    .adopter = m->life[0].ref,
			    .adopter_comm = "init"};

	m->life[i].state = SLOT_ZOMBIE;
	m->life[i].status = below(&m->seed, 3) << 8;
	m->life[i].ended = m->now;
	x.h = machine_head(m, EV_EXIT, i);
	x.status = m->life[i].status;
	machine_tell(m, &x);
	for (uint32_t c = 1; c < MACHINE_PROCS; c++)
		if (m->life[c].parent == i)
			m->life[c].parent = 0;
}

static inline void machine_reap(struct machine *m, uint32_t i)
{
	struct ev_reap r = {.by = m->life[m->life[i].parent].ref,
			    .parent = m->life[m->life[i].parent].ref};

	r.h = machine_head(m, EV_REAP, i);
	r.h.flags = EVF_EXACT;
	r.by.tid = r.by.tgid;
	memcpy(r.by_comm, m->life[m->life[i].parent].comm, EVENT_COMM);
	machine_tell(m, &r);
	m->life[i].state = SLOT_FREE;
}

static inline void machine_clock(struct machine *m)
{
	struct ev_clock c = {.h = {.ts = m->now, .kind = EV_CLOCK}};

	c.wall_ns = 1700000000000000000ULL + below(&m->seed, 1000) * 1000000000ULL + m->now;
	machine_tell(m, &c);
}

/* Something happens to somebody.  1 if it was an event, 0 if nothing happened. */
static inline int machine_step(struct machine *m)
{
	uint32_t i = below(&m->seed, MACHINE_PROCS - 1) + 1, by = below(&m->seed, MACHINE_PROCS);

	m->now += below(&m->seed, 4) * 1000000ULL;
	switch (m->life[i].state) {
	case SLOT_FREE:
		if (m->life[by].state != SLOT_ALIVE)
			return 0;
		machine_fork(m, i, by);
		return 1;
	case SLOT_ZOMBIE:
		machine_reap(m, i);
		return 1;
	default:
		if (below(&m->seed, 50) == 0 && !m->steady)
			machine_clock(m);
		else if (below(&m->seed, 2))
			machine_exec(m, i);
		else
			machine_exit(m, i);
		return 1;
	}
}

static inline void machine_end(struct machine *m)
{
	struct event end = {.ts = m->now, .kind = EV_END};

	machine_tell(m, &end);
}

#endif
