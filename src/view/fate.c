// SPDX-License-Identifier: GPL-2.0-only
/* fate.c: who a process was and how it ended, in a few words and a colour. */
#include <string.h>

#include "view/fate.h"

void status_text(struct text *t, uint32_t status)
{
	int sig = proc_signal(status);

	if (sig)
		text_addf(t, "killed: %s%s", signal_short_name(sig),
			  proc_core(status) ? " (core)" : "");
	else
		text_addf(t, "exit %d", proc_code(status));
}

enum paint status_paint(uint32_t status)
{
	return status ? PAINT_RED : PAINT_DIM;
}

void fate_text(struct text *t, const struct proc *p)
{
	if (p->state == PROC_ALIVE)
		text_adds(t, "alive");
	else if (p->has_status)
		status_text(t, p->status);
	else
		text_adds(t, "end not seen");
}

enum paint fate_paint(const struct proc *p)
{
	if (p->state == PROC_ALIVE)
		return PAINT_GREEN;
	return p->has_status ? status_paint(p->status) : PAINT_DIM;
}

bool zombie_at_most(const struct proc *p, const struct meta *meta)
{
	if (p->state != PROC_GONE)
		return false;
	return !p->reap_exact || p->reap_inferred || meta->reap_source == REAP_PROCESS_FREE;
}

static void zombie_mark(struct text *t, const struct proc *p, const struct meta *meta,
			uint64_t end_ts)
{
	uint64_t ns = proc_zombie_ns(p, end_ts);

	text_adds(t, "zombie");
	if (ns != NO_TIME) {
		text_adds(t, zombie_at_most(p, meta) ? " ≤ " : " ");
		text_duration(t, ns);
	}
	if (p->state == PROC_ZOMBIE)
		text_adds(t, ", unreaped");
}

void mark_text(struct text *t, const struct proc *p, const struct meta *meta, uint64_t end_ts)
{
	if (p->zombie_flag_ts != NO_TIME)
		zombie_mark(t, p, meta, end_ts);
	if (p->orphaned_ts == NO_TIME)
		return;
	text_adds(t, t->len ? ", orphan" : "orphan");
	if (p->new_parent.ref.tgid) {
		text_adds(t, " → ");
		who_text(t, &p->new_parent.ref, p->new_parent.comm);
	}
}

enum paint mark_paint(const struct proc *p)
{
	return p->zombie_flag_ts != NO_TIME ? PAINT_YELLOW : PAINT_MAGENTA;
}

void comm_text(struct text *t, const char comm[EVENT_COMM])
{
	text_escape(t, comm, strnlen(comm, EVENT_COMM));
}

void who_text(struct text *t, const struct task_ref *ref, const char comm[EVENT_COMM])
{
	text_addf(t, "%u", ref->tgid);
	if (comm[0]) {
		text_adds(t, " ");
		comm_text(t, comm);
	}
}

void proc_text(struct text *t, const struct proc *p)
{
	who_text(t, &p->ref, p->comm);
}

struct name proc_name(const struct proc *p)
{
	struct name n = {p->comm, strnlen(p->comm, EVENT_COMM)};
	const char *slash;

	if (!p->execs || !p->file || !*p->file)
		return n;
	slash = strrchr(p->file, '/');
	n.s = slash && slash[1] ? slash + 1 : p->file;
	n.len = strlen(n.s);
	return n;
}

void command_text(struct text *t, const struct proc *p, size_t limit)
{
	size_t from = t->len, len = p->args_len;

	if (p->args && len) {
		if (limit && len > limit)
			len = limit;
		text_args(t, p->args, len, len < p->args_bytes);
	} else if (p->kthread) {
		text_adds(t, "[");
		comm_text(t, p->comm);
		text_adds(t, "]");
	} else {
		comm_text(t, p->comm);
	}
	if (t->len == from)
		text_adds(t, "(no name)");
}

uint64_t life_ns(const struct proc *p, const struct meta *meta, uint64_t end_ts)
{
	uint64_t until = p->exit_ts, start;

	if (p->exit_inferred)
		return NO_TIME;
	if (until == NO_TIME) {
		if (p->state != PROC_ALIVE)
			return NO_TIME;
		until = end_ts;
	}
	if (p->fork_ts != NO_TIME)
		return until > p->fork_ts ? until - p->fork_ts : 0;
	/* A followed command is held back until its trace begins: its life starts there. */
	if (p->from_snapshot && meta->command)
		return until;
	start = p->ref.start;
	if (!start || (int64_t)(p->zero + until - start) < 0)
		return NO_TIME;
	return p->zero + until - start;
}

bool same_task(const struct task_ref *a, const struct task_ref *b)
{
	return a->tgid == b->tgid && (a->start == b->start || !a->start || !b->start);
}
