// SPDX-License-Identifier: GPL-2.0-only
/*
 * tree.c: the tree of births, every process with its fate.
 *
 *	4711 ./server 3                        exit 0         150 ms  1.2 ms CPU
 *	├─4712 server                          exit 0          50 ms  0.4 ms CPU
 *	└─4714 server      orphan → 1 systemd  killed: TERM   149 ms  0.4 ms CPU
 *
 * Every line is composed twice: once to find how wide the columns must be, once to print.
 * Marks stand left of the fate, in room that the command of their own line gives up, so
 * that a single odd process does not cost all others their arguments.
 */
#include <string.h>

#include "base/say.h"
#include "view/fate.h"
#include "view/rows.h"

enum {
	GAP = 2,	       /* between columns */
	NO_LIMIT_COLUMNS = 80, /* what columns align to where nothing limits them */
	GOOD_LEFT = 32,	       /* with less for branches, PID and command, CPU is left out */
	MIN_LEFT = 16,	       /* branches, PID and command never get less */
	MIN_COMMAND = 8,       /* a mark never takes more than all but this */
};

struct line {
	struct text branch, head, command, mark, fate, life, cpu;
};

struct tree {
	const struct view_options *opt;
	const struct meta *meta;
	uint64_t end_ts;
	struct branches branches;
	bool cut;		   /* commands are cut to the width */
	int left, fate, life, cpu; /* widths of columns; left: branches to mark */
	struct line line;
};

static int width(const struct text *t)
{
	return t->len ? text_width(t->data, t->len) : 0;
}

static bool same_command(const struct proc *a, const struct proc *b)
{
	if (!a->args || !b->args)
		return !a->args && !b->args && !strncmp(a->comm, b->comm, EVENT_COMM);
	return a->args_len == b->args_len && a->args_bytes == b->args_bytes &&
	       !memcmp(a->args, b->args, a->args_len);
}

/* The command that all share, or the name that all share and "…". */
static void compose_command(struct tree *t, const struct row *row)
{
	const struct proc *p = row->proc[0];
	/* More characters than columns are not shown, and none has more than 4 bytes. */
	size_t limit = t->cut ? 4 * (size_t)t->opt->columns : 0;
	struct name name = proc_name(p);

	for (uint32_t i = 1; i < row->count; i++) {
		if (same_command(p, row->proc[i]))
			continue;
		text_escape(&t->line.command, name.s, name.len);
		if (p->args)
			text_adds(&t->line.command, " …");
		return;
	}
	command_text(&t->line.command, p, limit);
}

/* Where the unit of "1.2 s" begins; NULL for what has several, or none. */
static const char *unit_of(const struct text *t)
{
	const char *space = strchr(t->data, ' ');

	return space && !strpbrk(space, "0123456789") ? space : NULL;
}

/* "50 ms", "1.2–3.4 s", "900 ms–1.2 s" */
static void add_range(struct text *t, uint64_t min, uint64_t max)
{
	struct text from = {0}, to = {0};
	const char *a, *b;

	text_duration(&from, min);
	text_duration(&to, max);
	if (strcmp(from.data, to.data) != 0) {
		a = unit_of(&from);
		b = unit_of(&to);
		if (a && b && !strcmp(a, b))
			text_add(t, from.data, (size_t)(a - from.data));
		else
			text_add(t, from.data, from.len);
		text_adds(t, "–");
	}
	text_add(t, to.data, to.len);
	text_free(&from);
	text_free(&to);
}

static void compose_times(struct tree *t, const struct row *row)
{
	uint64_t min = NO_TIME, max = 0, cpu = 0;
	uint32_t with_cpu = 0;

	for (uint32_t i = 0; i < row->count; i++) {
		uint64_t ns = life_ns(row->proc[i], t->meta, t->end_ts);

		if (ns != NO_TIME) {
			min = ns < min ? ns : min;
			max = ns > max ? ns : max;
		}
		if (row->proc[i]->has_cpu) {
			cpu += row->proc[i]->cpu_ns;
			with_cpu++;
		}
	}
	if (min != NO_TIME)
		add_range(&t->line.life, min, max);
	if (!with_cpu)
		return;
	if (with_cpu < row->count)
		text_adds(&t->line.cpu, "≥ ");
	text_duration(&t->line.cpu, cpu);
	text_adds(&t->line.cpu, " CPU");
}

static void compose(struct tree *t, const struct row *row)
{
	const struct proc *p = row->proc[0];
	struct line *l = &t->line;

	text_clear(&l->branch);
	text_clear(&l->head);
	text_clear(&l->command);
	text_clear(&l->mark);
	text_clear(&l->fate);
	text_clear(&l->life);
	text_clear(&l->cpu);
	branch_text(&l->branch, &t->branches, row);
	if (row->count > 1)
		text_addf(&l->head, "%u × ", row->count);
	else
		text_addf(&l->head, "%u ", p->ref.tgid);
	compose_command(t, row);
	if (row->count == 1)
		mark_text(&l->mark, p, t->meta, t->end_ts);
	fate_text(&l->fate, p);
	compose_times(t, row);
}

static void widen(int *column, int to)
{
	if (to > *column)
		*column = to;
}

/*
 * How wide the columns must be, and may be.  Returns how many columns are left of the
 * fates at most.
 */
static int measure(struct tree *t, const struct rows *rows, uint32_t *deepest)
{
	const struct line *l = &t->line;
	int wanted = 0, room = t->opt->columns > 0 ? t->opt->columns : NO_LIMIT_COLUMNS;

	for (uint32_t i = 0; i < rows->n; i++) {
		compose(t, &rows->row[i]);
		widen(&t->fate, width(&l->fate));
		widen(&t->life, width(&l->life));
		widen(&t->cpu, width(&l->cpu));
		widen(&wanted, width(&l->branch) + width(&l->head) + width(&l->command) +
				       (l->mark.len ? GAP + width(&l->mark) : 0));
		if (rows->row[i].depth > *deepest)
			*deepest = rows->row[i].depth;
	}
	room -= GAP + t->fate + GAP + t->life;
	if (room - GAP - t->cpu < GOOD_LEFT)
		t->cpu = 0;
	if (t->cpu)
		room -= GAP + t->cpu;
	if (room < MIN_LEFT)
		room = MIN_LEFT;
	t->left = wanted < room ? wanted : room;
	return room;
}

static void lay_out(struct tree *t, const struct rows *rows)
{
	uint32_t deepest = 0, limit;

	t->cut = t->opt->columns > 0 && !t->opt->wide;
	t->branches.limit = BRANCH_LEVELS;
	limit = branch_limit(measure(t, rows, &deepest));
	t->branches.limit = limit;
	/* With less indentation than was measured, less room may do. */
	if (deepest > limit)
		measure(t, rows, &deepest);
}

static void spaces(struct tree *t, int n)
{
	fprintf(t->opt->out, "%*s", n > 0 ? n : 0, "");
}

static void painted(struct tree *t, enum paint colour, const struct text *text)
{
	if (text->len && colour != PAINT_OFF)
		fprintf(t->opt->out, "%s%s%s", paint(t->opt, colour), text->data,
			paint(t->opt, PAINT_OFF));
	else if (text->len)
		fputs(text->data, t->opt->out);
}

/* Command and mark share what the branches leave of the left column. */
static void fit(struct tree *t)
{
	struct line *l = &t->line;
	int room = t->left - width(&l->branch) - width(&l->head), command = width(&l->command);

	if (!t->cut)
		return;
	if (l->mark.len) {
		command = GAP + (command < MIN_COMMAND ? command : MIN_COMMAND);
		text_cut(&l->mark, 0, room > command ? room - command : 1);
		room -= GAP + width(&l->mark);
	}
	text_cut(&l->command, 0, room > 1 ? room : 1);
}

static void print(struct tree *t, const struct proc *p)
{
	struct line *l = &t->line;
	int at, to;

	fit(t);
	painted(t, PAINT_DIM, &l->branch);
	painted(t, PAINT_BOLD, &l->head);
	painted(t, PAINT_OFF, &l->command);
	at = width(&l->branch) + width(&l->head) + width(&l->command);
	to = l->mark.len ? t->left - width(&l->mark) : t->left;
	if (l->mark.len) {
		if (to < at + GAP)
			to = at + GAP;
		spaces(t, to - at);
		painted(t, mark_paint(p), &l->mark);
		at = to + width(&l->mark);
		to = t->left;
	}
	spaces(t, (at > to ? 0 : to - at) + GAP);
	painted(t, fate_paint(p), &l->fate);
	if (!t->cpu)
		text_clear(&l->cpu);
	if (l->life.len || l->cpu.len) {
		spaces(t, t->fate - width(&l->fate) + GAP + t->life - width(&l->life));
		painted(t, PAINT_OFF, &l->life);
	}
	if (l->cpu.len) {
		spaces(t, GAP + t->cpu - width(&l->cpu));
		painted(t, PAINT_DIM, &l->cpu);
	}
	fputc('\n', t->opt->out);
}

static void free_line(struct line *l)
{
	text_free(&l->branch);
	text_free(&l->head);
	text_free(&l->command);
	text_free(&l->mark);
	text_free(&l->fate);
	text_free(&l->life);
	text_free(&l->cpu);
}

void tree_view(const struct view_options *opt, const struct model *m, const struct meta *meta,
	       uint64_t end_ts)
{
	struct tree t = {.opt = opt, .meta = meta, .end_ts = end_ts};
	struct rows rows;

	if (rows_make(&rows, m, KIN_BIRTH, opt->fold)) {
		say("tree", "not enough memory to lay it out", NULL);
		return;
	}
	lay_out(&t, &rows);
	for (uint32_t i = 0; i < rows.n; i++) {
		compose(&t, &rows.row[i]);
		print(&t, rows.row[i].proc[0]);
	}
	if (!rows.n)
		fputs("No process was seen.\n", opt->out);
	rows_free(&rows);
	free_line(&t.line);
}
