/* SPDX-License-Identifier: GPL-2.0-only */
/* fate.h: who a process was and how it ended, in a few words and a colour. */
#ifndef BROOD_FATE_H
#define BROOD_FATE_H

#include "base/text.h"
#include "view/view.h"

/* "exit 3", "killed: TERM", "killed: SEGV (core)": a status as wait4 reports it. */
void status_text(struct text *t, uint32_t status);
enum paint status_paint(uint32_t status);

/* status_text() where it is known, else "alive" or "end not seen". */
void fate_text(struct text *t, const struct proc *p);
enum paint fate_paint(const struct proc *p);

/*
 * What deserves a second look: "zombie 2.0 s", "zombie 2.0 s, unreaped",
 * "orphan → 1 systemd"; nothing where all went as usual.
 */
void mark_text(struct text *t, const struct proc *p, const struct meta *meta, uint64_t end_ts);
enum paint mark_paint(const struct proc *p);

/* The interval of a zombie is an upper bound: the kernel told of the reap late, or not at all. */
bool zombie_at_most(const struct proc *p, const struct meta *meta);

/* "4711 server", escaped. */
void who_text(struct text *t, const struct task_ref *ref, const char comm[EVENT_COMM]);
void proc_text(struct text *t, const struct proc *p);
void comm_text(struct text *t, const char comm[EVENT_COMM]);

/* The short name that groups processes of one program: raw bytes, owned by p. */
struct name {
	const char *s;
	size_t len;
};
struct name proc_name(const struct proc *p);

/*
 * The command: the arguments of its last exec, else its comm.  limit: bytes of arguments
 * that are worth looking at, 0 for all.
 */
void command_text(struct text *t, const struct proc *p, size_t limit);

/* From its start to its exit, or to end_ts while it has not ended; NO_TIME: unknown. */
uint64_t life_ns(const struct proc *p, const struct meta *meta, uint64_t end_ts);

/* The same process; a start that one side does not know is no difference. */
bool same_task(const struct task_ref *a, const struct task_ref *b);

#endif
