// SPDX-License-Identifier: GPL-2.0-only
/*
 * ps.c: what exists right now: the tree by current parent, zombies and orphans marked.
 *
 *	1 systemd
 *	├─4711 ./server 3
 *	│ └─4712 server  zombie: exited (0), 4711 server has not waited for it
 *	└─4720 sleep 1000  orphan, adopted by 1 systemd
 */
#include <string.h>

#include "base/say.h"
#include "view/fate.h"
#include "view/para.h"
#include "view/rows.h"

#define GAP	    2
#define MIN_COMMAND 8

struct ps {
	const struct view_options *opt;
	const struct model *m;
	struct branches branches;
	struct text head, command, mark;
	uint64_t processes, zombies, orphans;
};

static int width(const struct text *t)
{
	return t->len ? text_width(t->data, t->len) : 0;
}

static void say_parent(struct ps *v, const struct proc *p)
{
	const struct proc *parent = model_find(v->m, &p->parent.ref);

	who_text(&v->mark, &p->parent.ref, parent ? parent->comm : p->parent.comm);
}

static enum paint compose_mark(struct ps *v, const struct proc *p)
{
	int sig = proc_signal(p->status);

	text_clear(&v->mark);
	if (p->state == PROC_ZOMBIE) {
		text_adds(&v->mark, "zombie: ");
		if (sig)
			text_addf(&v->mark, "killed (%s), ", signal_short_name(sig));
		else
			text_addf(&v->mark, "exited (%d), ", proc_code(p->status));
		if (p->parent.ref.tgid)
			say_parent(v, p);
		else
			text_adds(&v->mark, "its parent");
		text_adds(&v->mark, " has not waited for it");
		v->zombies++;
		return PAINT_YELLOW;
	}
	if (p->adopted_before || p->orphaned_ts != NO_TIME) {
		text_adds(&v->mark, "orphan");
		if (p->parent.ref.tgid) {
			text_adds(&v->mark, ", adopted by ");
			say_parent(v, p);
		}
		v->orphans++;
		return PAINT_MAGENTA;
	}
	return PAINT_OFF;
}

static void print_row(struct ps *v, const struct row *row)
{
	const struct view_options *opt = v->opt;
	bool cut = opt->columns > 0 && !opt->wide;
	const struct proc *p = row->proc[0];
	enum paint colour = compose_mark(v, p);
	int room, command;

	text_clear(&v->head);
	text_clear(&v->command);
	branch_text(&v->head, &v->branches, row);
	fprintf(opt->out, "%s%s%s", paint(opt, PAINT_DIM), v->head.len ? v->head.data : "",
		paint(opt, PAINT_OFF));
	room = opt->columns - width(&v->head);
	text_clear(&v->head);
	text_addf(&v->head, "%u ", p->ref.tgid);
	room -= width(&v->head);
	command_text(&v->command, p, cut ? 4 * (size_t)opt->columns : 0);
	if (cut && v->mark.len) {
		command = width(&v->command);
		command = GAP + (command < MIN_COMMAND ? command : MIN_COMMAND);
		text_cut(&v->mark, 0, room > command ? room - command : 1);
		room -= GAP + width(&v->mark);
	}
	if (cut)
		text_cut(&v->command, 0, room > 1 ? room : 1);
	fprintf(opt->out, "%s%s%s%s", paint(opt, PAINT_BOLD), v->head.data, paint(opt, PAINT_OFF),
		v->command.data);
	if (v->mark.len)
		fprintf(opt->out, "  %s%s%s", paint(opt, colour), v->mark.data,
			paint(opt, PAINT_OFF));
	fputc('\n', opt->out);
	v->processes++;
}

static void count(struct text *t, uint64_t n, const char *one, const char *many)
{
	text_addf(t, "%llu%c%s", (unsigned long long)n, PARA_GLUE, n == 1 ? one : many);
}

static void legend(struct ps *v)
{
	struct text *t = &v->mark;

	text_clear(t);
	count(t, v->processes, "process, ", "processes, ");
	count(t, v->zombies, "zombie, ", "zombies, ");
	count(t, v->orphans, "orphan.", "orphans.");
	if (v->zombies)
		text_adds(t, " A zombie has ended; the kernel keeps its entry until its parent "
			     "waits for it or exits.");
	if (v->orphans)
		text_adds(t, " An orphan runs, but the process that made it has ended; another "
			     "one is its parent now. Which ones are orphans is concluded from "
			     "their sessions; some may not be recognised.");
	fputc('\n', v->opt->out);
	para_print(v->opt, t, 0, 0);
}

void ps_view(const struct view_options *opt, const struct model *m)
{
	struct ps v = {.opt = opt, .m = m};
	struct rows rows;

	if (rows_make(&rows, m, KIN_CURRENT, false)) {
		say("ps", "not enough memory to lay out the tree", NULL);
		return;
	}
	v.branches.limit = branch_limit(opt->columns > 0 ? opt->columns : 80);
	for (uint32_t i = 0; i < rows.n; i++)
		print_row(&v, &rows.row[i]);
	legend(&v);
	rows_free(&rows);
	text_free(&v.head);
	text_free(&v.command);
	text_free(&v.mark);
}
