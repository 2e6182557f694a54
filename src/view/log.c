// SPDX-License-Identifier: GPL-2.0-only
/*
 * log.c: one line a fact, as it happens: when, who, what.
 *
 * A line stands under the process that acts: a fork under the one that forked, all else
 * under the process it befell.  The words come in two lengths, chosen once by the width of
 * the terminal and not line by line, so that one log reads alike from top to bottom.
 *
 * A busy machine makes hundreds of thousands of lines a second: each is built in one
 * buffer that is kept, without printf, and written at once.
 */
#include <string.h>

#include <linux/sched.h>

#include "base/text.h"
#include "view/view.h"

enum {
	TIME_COLUMNS = 10, /* seconds and µs, to 999.999999; then it grows */
	PID_COLUMNS = 7,   /* pid_max is 4194304 at most */
	COMM_COLUMNS = 15,
	FULL_COLUMNS = 100, /* from here on whole sentences fit */
};

struct line {
	struct text t;
	int columns; /* width of what stands before the event */
	int room;    /* columns left for the event; 0: no limit */
	bool full;   /* whole sentences */
};

/* A number at the right of a column. */
static void add_right(struct text *t, uint64_t v, size_t width)
{
	char buf[20], *end = buf + sizeof(buf), *first = text_digits(end, v);

	while ((size_t)(end - first) < width)
		*--first = ' ';
	text_add(t, first, (size_t)(end - first));
}

/* Seconds, cut to µs and not rounded: times that do not decrease still do not. */
static void add_time(struct text *t, uint64_t ts)
{
	uint64_t us = ts / 1000;
	char buf[7];

	add_right(t, us / 1000000, TIME_COLUMNS - sizeof(buf));
	buf[0] = '.';
	us %= 1000000;
	for (int i = 6; i > 0; i--, us /= 10)
		buf[i] = (char)('0' + us % 10);
	text_add(t, buf, sizeof(buf));
}

static void add_comm(struct text *t, const char *comm)
{
	text_escape(t, comm, strnlen(comm, EVENT_COMM));
}

/* "4711 server", or only the number where the name is not known. */
static void add_who(struct text *t, const struct who *w)
{
	text_addu(t, w->ref.tgid);
	if (w->comm[0]) {
		text_add(t, " ", 1);
		add_comm(t, w->comm);
	}
}

/* "its parent 4711 server": the tree as it was when the fact happened. */
static void add_parent(struct text *t, const struct proc *p)
{
	text_adds(t, "its parent");
	if (p->parent.ref.tgid) {
		text_add(t, " ", 1);
		add_who(t, &p->parent);
	}
}

/* The COMMAND column.  Returns how wide it became. */
static int add_comm_column(struct text *t, const char *comm, bool cut)
{
	size_t from = t->len;
	int width;

	add_comm(t, comm);
	if (cut)
		text_cut(t, from, COMM_COLUMNS);
	width = text_width(t->data + from, t->len - from);
	if (width >= COMM_COLUMNS)
		return width;
	text_add(t, "               ", (size_t)(COMM_COLUMNS - width));
	return COMM_COLUMNS;
}

/* The event as the kernel told it, or NULL where the fact was derived or inferred. */
static const void *told(const struct fact *f, enum event_kind kind)
{
	return f->ev && f->ev->kind == kind ? f->ev : NULL;
}

/* --- what happened ---------------------------------------------------------------- */

static bool same_process(const struct task_ref *a, const struct task_ref *b)
{
	return a->tgid == b->tgid && a->start == b->start;
}

static void say_status(struct text *t, const struct proc *p)
{
	int sig = proc_signal(p->status);

	if (!sig) {
		text_adds(t, "exit ");
		text_addu(t, (uint64_t)proc_code(p->status));
		return;
	}
	text_adds(t, "killed: ");
	text_adds(t, signal_short_name(sig));
	if (p->killer.ref.tgid) {
		text_adds(t, " by ");
		if (same_process(&p->killer.ref, &p->ref))
			text_adds(t, "itself");
		else
			add_who(t, &p->killer);
	}
	if (proc_core(p->status))
		text_adds(t, " (core dumped)");
}

static void say_snapshot(struct line *l, const struct fact *f)
{
	const struct proc *p = f->proc;
	struct text *t = &l->t;

	if (p->state == PROC_ALIVE || f->inferred) {
		if (!f->inferred)
			text_adds(t, "followed from here on");
		else
			text_adds(t, p->state == PROC_ALIVE ? "found alive" : "found dead");
		if (p->parent.ref.tgid) {
			text_adds(t, ", child of ");
			add_who(t, &p->parent);
		}
		return;
	}
	text_adds(t, "a zombie already, ");
	say_status(t, p);
	if (l->full) {
		text_adds(t, ": ");
		add_parent(t, p);
		text_adds(t, " has not waited for it");
	} else if (p->parent.ref.tgid) {
		text_adds(t, "; parent ");
		add_who(t, &p->parent);
	}
}

static void say_fork(struct line *l, const struct fact *f)
{
	const struct ev_fork *e = told(f, EV_FORK);
	const struct task_ref *parent = &f->proc->birth_parent;
	uint64_t flags = e && !(e->h.flags & EVF_FLAGS_UNKNOWN) ? e->clone_flags : 0;
	struct text *t = &l->t;

	if (!f->creator.tgid && !parent->tgid) {
		text_adds(t, "born, of whom was not seen");
		return;
	}
	text_adds(t, flags & CLONE_VFORK ? "vfork " : "fork ");
	text_addu(t, f->proc->ref.tgid);
	if (f->creator.tid && f->creator.tid != f->creator.tgid) {
		text_adds(t, ", by thread ");
		text_addu(t, f->creator.tid);
	}
	if (f->creator.tgid && parent->tgid && parent->tgid != f->creator.tgid) {
		text_adds(t, ", child of ");
		text_addu(t, parent->tgid);
		if (flags & CLONE_PARENT)
			text_adds(t, " (CLONE_PARENT)");
	}
	/* Whoever is PID 1 was the first there: no flag needed, unshare() does it too. */
	if (f->proc->ns_pid == 1)
		text_adds(t, " (PID 1 in a new PID namespace)");
}

static const char *base_name(const char *s, size_t *len)
{
	size_t from = *len;

	while (from && s[from - 1] != '/')
		from--;
	*len -= from;
	return s + from;
}

/* Does the program call itself something else than its file: "-bash", busybox? */
static bool is_disguised(const char *args, size_t args_len, const char *file, size_t file_len)
{
	size_t len = strnlen(args, args_len);
	const char *name = base_name(args, &len);
	const char *base = base_name(file, &file_len);

	return len != file_len || memcmp(name, base, len) != 0;
}

static void say_exec(struct line *l, const struct fact *f)
{
	const struct ev_exec *e = told(f, EV_EXEC);
	const struct proc *p = f->proc;
	const char *args = p->args, *file = p->file;
	size_t args_len = p->args_len, file_len = file ? strlen(file) : 0;
	bool more = p->args_len < p->args_bytes;
	struct text *t = &l->t;
	/* A character has four bytes at most: what lies further right is cut anyway. */
	size_t most = l->room ? 4 * (size_t)l->room : SIZE_MAX;

	if (e) {
		args = (const char *)e + e->args_off;
		args_len = e->args_len;
		more = e->args_len < e->args_bytes;
		file = (const char *)e + e->file_off;
		file_len = e->file_len;
	}
	text_adds(t, "exec ");
	if (e && e->old_tid) {
		text_adds(t, "by thread ");
		text_addu(t, e->old_tid);
		text_adds(t, ": ");
	}
	if (!args_len || (e && e->h.flags & EVF_ARGS_UNREADABLE)) {
		text_args(t, file, file_len, false);
		if (more)
			text_adds(t, e && e->h.flags & EVF_ARGS_UNREADABLE ?
					     " (its arguments could not be read)" : " …");
		return;
	}
	/* With an interpreter the arguments name both: it and the script. */
	if (file_len && !(e && e->interp_len) && is_disguised(args, args_len, file, file_len)) {
		text_args(t, file, file_len, false);
		text_adds(t, " as ");
	}
	if (args_len > most) {
		args_len = most;
		more = true;
	}
	text_args(t, args, args_len, more);
}

static void say_exit(struct line *l, const struct fact *f)
{
	struct text *t = &l->t;

	if (!f->proc->has_status) {
		text_adds(t, "exited, its status was not seen");
		return;
	}
	say_status(t, f->proc);
	if (f->ev && f->ev->flags & EVF_NS_INIT)
		text_adds(t, " (was PID 1 of its PID namespace)");
}

static void say_orphan(struct line *l, const struct fact *f)
{
	struct text *t = &l->t;

	text_adds(t, l->full ? "orphan: its parent " : "orphan of ");
	add_who(t, &f->old_parent);
	if (f->new_parent.ref.tgid) {
		text_adds(t, l->full ? " exited first; adopted by " : " → ");
		add_who(t, &f->new_parent);
	} else {
		text_adds(t, l->full ? " exited first; adopter unknown" : ", adopter unknown");
	}
}

static void say_zombie(struct line *l, const struct fact *f)
{
	struct text *t = &l->t;

	if (f->since == NO_TIME) {
		text_adds(t, l->full ? "zombie since before the trace" : "zombie all along");
	} else {
		text_adds(t, l->full ? "zombie for " : "zombie ");
		text_duration(t, f->ts > f->since ? f->ts - f->since : 0);
		if (l->full)
			text_adds(t, " so far");
	}
	text_adds(t, ": ");
	if (l->full || !f->proc->parent.ref.tgid)
		add_parent(t, f->proc);
	else
		add_who(t, &f->proc->parent);
	text_adds(t, l->full ? " has not waited for it" : " has not waited");
}

static void say_reap(struct line *l, const struct fact *f)
{
	const struct proc *p = f->proc;
	struct text *t = &l->t;

	if (p->autoreap) {
		text_adds(t, l->full ? "reaped by the kernel itself: " : "reaped by kernel: ");
		if (p->parent.ref.tgid)
			add_who(t, &p->parent);
		else
			text_adds(t, "its parent");
		text_adds(t, " ignores SIGCHLD");
		return;
	}
	text_adds(t, "reaped");
	if (p->reaper.ref.tgid) {
		text_adds(t, " by ");
		add_who(t, &p->reaper);
	}
	if (f->zombie_ns != NO_TIME) {
		text_adds(t, l->full ? ", a zombie for " : ", zombie ");
		if (!p->reap_exact)
			text_adds(t, l->full ? "at most " : "≤ ");
		text_duration(t, f->zombie_ns);
	} else if (p->from_snapshot && p->exit_ts == NO_TIME) {
		text_adds(t, ", a zombie ");
		text_adds(t, l->full ? "since before the trace" : "all along");
	}
}

static void say_thread_start(struct line *l, const struct fact *f)
{
	struct text *t = &l->t;

	text_adds(t, "thread ");
	text_addu(t, f->tid);
	text_adds(t, " started");
	if (f->creator.tid && f->creator.tid != f->creator.tgid) {
		text_adds(t, " by thread ");
		text_addu(t, f->creator.tid);
	}
}

static void say_thread_exit(struct line *l, const struct fact *f)
{
	text_adds(&l->t, "thread ");
	text_addu(&l->t, f->tid);
	text_adds(&l->t, " ended");
}

/* Only where another run of brood, or another boot, follows in the same directory. */
static void say_resumed(struct line *l, const struct fact *f)
{
	text_adds(&l->t, f->rebooted ? "the machine was started anew" : "recorded again");
	text_adds(&l->t, ", after ");
	text_duration(&l->t, f->ts - f->since);
	text_adds(&l->t, " unwatched");
}

static void say_loss(struct line *l, const struct fact *f)
{
	text_adds(&l->t, "LOST ");
	text_addu(&l->t, f->count);
	text_adds(&l->t, f->count == 1 ? " event here" : " events here");
}

static void (*const tellers[FACT_TYPES])(struct line *l, const struct fact *f) = {
	[FACT_META] = say_resumed,
	[FACT_SNAPSHOT] = say_snapshot,
	[FACT_FORK] = say_fork,
	[FACT_EXEC] = say_exec,
	[FACT_EXIT] = say_exit,
	[FACT_ORPHAN] = say_orphan,
	[FACT_ZOMBIE] = say_zombie,
	[FACT_REAP] = say_reap,
	[FACT_THREAD_START] = say_thread_start,
	[FACT_THREAD_EXIT] = say_thread_exit,
	[FACT_LOSS] = say_loss,
};

/* --- the line around it ------------------------------------------------------------ */

static enum paint colour_of(const struct fact *f)
{
	switch (f->type) {
	case FACT_SNAPSHOT:
		return f->proc->state == PROC_ZOMBIE && !f->inferred ? PAINT_YELLOW : PAINT_DIM;
	case FACT_EXIT:
		return f->proc->has_status && f->proc->status ? PAINT_RED : PAINT_OFF;
	case FACT_ORPHAN:
		return PAINT_MAGENTA;
	case FACT_ZOMBIE:
		return PAINT_YELLOW;
	case FACT_REAP:
	case FACT_THREAD_START:
	case FACT_THREAD_EXIT:
		return PAINT_DIM;
	case FACT_LOSS:
	case FACT_META:
		return PAINT_RED;
	default:
		return PAINT_OFF;
	}
}

/*
 * A machine has hundreds of processes as a trace, or a window of it, begins.  Of those only
 * the zombies are news, and what turns up later: it was missed, or met the filter only then.
 */
static bool is_shown(const struct view_options *opt, const struct fact *f)
{
	if (f->type == FACT_META)
		return f->resuming;
	/* So it is after a gap; and that a boot ended all that was there is said in one line. */
	if (f->resuming && f->type == FACT_SNAPSHOT)
		return f->proc->state == PROC_ZOMBIE;
	if (f->rebooted && (f->type == FACT_EXIT || f->type == FACT_REAP))
		return false;
	return f->type != FACT_SNAPSHOT || f->inferred || f->proc->state == PROC_ZOMBIE ||
	       f->ts != opt->begin_ts;
}

/* Under whom the line stands.  Returns the PID; 0: under nobody. */
static uint32_t subject(const struct fact *f, const char **comm)
{
	const struct proc *p = f->proc;
	uint32_t parent;

	*comm = "";
	if (!p)
		return 0;
	*comm = p->comm;
	if (f->type != FACT_FORK)
		return p->ref.tgid;

	parent = p->birth_parent.tgid;
	if (!f->creator.tgid && !parent)
		return p->ref.tgid;
	/* A child begins with the name of the thread that made it. */
	if ((!f->creator.tgid || f->creator.tgid == parent) && p->parent.comm[0])
		*comm = p->parent.comm;
	return f->creator.tgid ? f->creator.tgid : parent;
}

static void write_line(FILE *out, struct text *t)
{
	text_add(t, "\n", 1);
	fwrite_unlocked(t->data, 1, t->len, out);
}

static void header(struct log_view *v, struct line *l)
{
	const struct view_options *opt = v->opt;

	v->header_done = true;
	text_clear(&l->t);
	text_adds(&l->t, paint(opt, PAINT_BOLD));
	text_adds(&l->t, "    TIME s     PID COMMAND         EVENT");
	text_adds(&l->t, paint(opt, PAINT_OFF));
	write_line(opt->out, &l->t);
}

void log_view_fact(void *ctx, const struct fact *f)
{
	static struct line l; /* kept from line to line for its buffer */
	struct log_view *v = ctx;
	const struct view_options *opt = v->opt;
	bool cut = !opt->wide && opt->columns > 0;
	enum paint colour = opt->colour ? colour_of(f) : PAINT_OFF;
	const char *comm;
	uint32_t pid;
	size_t from;

	if (!v->header_done && f->type != FACT_END)
		header(v, &l);
	if (f->type >= FACT_TYPES || !tellers[f->type] || !is_shown(opt, f))
		return;

	text_clear(&l.t);
	pid = subject(f, &comm);
	add_time(&l.t, f->ts);
	text_add(&l.t, " ", 1);
	if (pid)
		add_right(&l.t, pid, PID_COLUMNS);
	else
		text_add(&l.t, "       ", PID_COLUMNS);
	text_add(&l.t, " ", 1);
	l.columns = (int)l.t.len;
	l.columns += add_comm_column(&l.t, comm, cut) + 1;
	text_add(&l.t, " ", 1);

	l.full = !cut || opt->columns >= FULL_COLUMNS;
	l.room = 0;
	if (cut)
		l.room = opt->columns > l.columns ? opt->columns - l.columns : 1;

	/* The colour goes around what is cut: its bytes take no columns. */
	if (colour)
		text_adds(&l.t, paint(opt, colour));
	from = l.t.len;
	tellers[f->type](&l, f);
	if (f->inferred)
		text_adds(&l.t, " (inferred)");
	/* No character is wider than it has bytes. */
	if (cut && l.t.len - from > (size_t)l.room)
		text_cut(&l.t, from, l.room);
	if (colour)
		text_adds(&l.t, paint(opt, PAINT_OFF));
	write_line(opt->out, &l.t);
}
