// SPDX-License-Identifier: GPL-2.0-only
/*
 * findings.c: what is wrong, in plain words.
 *
 *	zombie  4712 worker  exited (3) at 0.120 s and was never reaped: its parent …
 *	orphan  4720 worker  its parent 4719 server exited first, at 0.310 s; adopted by …
 *
 * Zombie and orphan are different words that much of the world mixes up: the first of
 * each kind says what it means.
 */
#include <stdlib.h>
#include <string.h>

#include "base/say.h"
#include "view/group.h"
#include "view/para.h"
#include "view/sentence.h"
#include "view/verdict.h"

enum {
	MOST_SHOWN = 10, /* of a kind; the others are only counted */
	MOST_ALIVE = 20,
	MOST_GROUPS = 5,
	LABEL_COLUMNS = 8, /* "zombie  " */
	WHO_COLUMNS = 22,
	BODY_COLUMNS = 30, /* a narrower body begins on a line of its own */
	NARROW_INDENT = 4,
};

struct finding {
	const struct proc *proc;
	uint64_t weight; /* the greatest are shown where there are too many */
};

struct list {
	struct finding *found;
	size_t n;
};

struct findings {
	const struct view_options *opt;
	struct setting set;
	struct list zombies, orphans, alive;
	int body; /* column where sentences begin */
	struct text t;
};

/* --- the page ----------------------------------------------------------------------- */

static void label(const struct findings *f, enum paint colour, const char *word)
{
	fprintf(f->opt->out, "%s%s%s%*s", paint(f->opt, colour), word, paint(f->opt, PAINT_OFF),
		LABEL_COLUMNS - (int)strlen(word), "");
}

static void item(struct findings *f, enum paint colour, const char *word, const struct proc *p,
		 void (*sentence)(struct text *, const struct proc *, const struct setting *, bool),
		 bool first)
{
	struct text *t = &f->t;

	label(f, colour, word);
	text_clear(t);
	proc_text(t, p);
	text_cut(t, 0, WHO_COLUMNS);
	if (f->body != NARROW_INDENT)
		text_pad(t, 0, f->body - LABEL_COLUMNS);
	fprintf(f->opt->out, "%s%s%s", paint(f->opt, PAINT_BOLD), t->data,
		paint(f->opt, PAINT_OFF));
	if (f->body == NARROW_INDENT)
		fprintf(f->opt->out, "\n%*s", NARROW_INDENT, "");
	text_clear(t);
	sentence(t, p, &f->set, first);
	para_print(f->opt, t, f->body, f->body);
}

static void say_groups(struct text *t, const struct list *l, bool orphans)
{
	struct group *g = calloc(l->n, sizeof(*g));
	size_t n, left = l->n - MOST_SHOWN;

	text_addf(t, "… and %zu more", left);
	if (!g)
		return;
	for (size_t i = 0; i < left; i++) {
		const struct proc *p = l->found[MOST_SHOWN + i].proc;
		const struct who *w = orphans ? &p->old_parent : &p->parent;

		g[i] = (struct group){{w->comm, strnlen(w->comm, EVENT_COMM)}, 0, 1, 0};
	}
	n = group_merge(g, left, BY_COUNT);
	for (size_t i = 0; i < n && i < MOST_GROUPS; i++) {
		text_addf(t, "%s%llu%c", i ? ", " : ": ", (unsigned long long)g[i].count,
			  PARA_GLUE);
		if (orphans)
			text_adds(t, i ? "by " : "left by ");
		else if (i)
			text_adds(t, "of ");
		else
			text_adds(t, g[i].count == 1 ? "child of " : "children of ");
		if (g[i].name.len)
			para_name(t, g[i].name.s, g[i].name.len);
		else
			text_adds(t, "parents unknown");
	}
	if (n > MOST_GROUPS)
		text_adds(t, " and others");
	free(g);
}

static void section(struct findings *f, const struct list *l, bool orphans)
{
	enum paint colour = orphans ? PAINT_MAGENTA : PAINT_YELLOW;
	const char *word = orphans ? "orphan" : "zombie";

	for (size_t i = 0; i < l->n && i < MOST_SHOWN; i++)
		item(f, colour, word, l->found[i].proc, orphans ? orphan_sentence : zombie_sentence,
		     !i);
	if (l->n <= MOST_SHOWN)
		return;
	text_clear(&f->t);
	say_groups(&f->t, l, orphans);
	text_adds(&f->t, ".");
	label(f, colour, word);
	para_print(f->opt, &f->t, LABEL_COLUMNS, LABEL_COLUMNS);
}

/* What stands below the list, or instead of it: which of the two kinds there was none of. */
static void say_none(struct findings *f, uint64_t lost)
{
	struct text *t = &f->t;

	text_clear(t);
	if ((f->zombies.n || f->orphans.n) &&
	    (!f->zombies.n || !f->orphans.n || f->alive.n || lost))
		fputc('\n', f->opt->out);
	if (f->zombies.n && f->orphans.n)
		return;
	if (f->zombies.n && lost) {
		text_adds(t, "No orphans were seen.");
	} else if (f->zombies.n) {
		text_adds(t, "No orphans: no process outlived its parent.");
	} else if (f->orphans.n && lost) {
		text_adds(t, "No zombies were seen.");
	} else if (f->orphans.n) {
		text_adds(t, "No zombies: whatever ended was reaped within ");
		para_duration(t, f->opt->zombie_after_ns);
		text_adds(t, ".");
	} else if (lost) {
		text_adds(t, "No zombies and no orphans were seen.");
	} else {
		verdict_text(t, f->set.m, f->set.meta);
	}
	para_print(f->opt, t, 0, 0);
}

static void say_alive(struct findings *f)
{
	struct text *t = &f->t;

	text_clear(t);
	text_adds(t, "Still running at the end: ");
	for (size_t i = 0; i < f->alive.n && i < MOST_ALIVE; i++) {
		const struct proc *p = f->alive.found[i].proc;

		text_adds(t, i ? ", " : "");
		para_who(t, &p->ref, p->comm);
	}
	if (f->alive.n > MOST_ALIVE)
		text_addf(t, " and %zu more", f->alive.n - MOST_ALIVE);
	text_adds(t, ".");
	para_print(f->opt, t, 0, LABEL_COLUMNS);
}

static void say_lost(struct findings *f, uint64_t lost)
{
	text_clear(&f->t);
	text_addf(&f->t,
		  "%llu%cevent%s: the ring buffer was full, so something may be missing or wrong "
		  "above. A larger --buffer helps.",
		  (unsigned long long)lost, PARA_GLUE, lost == 1 ? "" : "s");
	label(f, PAINT_RED, "lost");
	para_print(f->opt, &f->t, LABEL_COLUMNS, LABEL_COLUMNS);
}

/* --- what there is ------------------------------------------------------------------ */

static bool is_zombie(const struct findings *f, const struct proc *p)
{
	(void)f;
	return p->zombie_flag_ts != NO_TIME;
}

static bool is_orphan(const struct findings *f, const struct proc *p)
{
	(void)f;
	return p->orphaned_ts != NO_TIME;
}

/* Of the whole machine it goes without saying. */
static bool is_left_running(const struct findings *f, const struct proc *p)
{
	return f->set.meta->command && proc_fate(p) == FATE_ALIVE;
}

static bool collect(const struct findings *f, struct list *l,
		    bool (*wanted)(const struct findings *, const struct proc *))
{
	size_t n = 0;

	for (const struct proc *p = model_first(f->set.m); p; p = model_next(p))
		n += wanted(f, p);
	l->found = calloc(n + 1, sizeof(*l->found));
	if (!l->found)
		return false;
	for (const struct proc *p = model_first(f->set.m); p; p = model_next(p))
		if (wanted(f, p))
			l->found[l->n++] = (struct finding){p, proc_zombie_ns(p, f->set.end_ts)};
	return true;
}

static int by_weight(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	return (x->proc->ref.tgid > y->proc->ref.tgid) - (x->proc->ref.tgid < y->proc->ref.tgid);
}

/* The column of all sentences: behind the longest name, or below it where that is too far. */
static int body_column(struct findings *f)
{
	const struct list *lists[] = {&f->zombies, &f->orphans};
	int widest = 0, column;

	for (int k = 0; k < 2; k++) {
		for (size_t i = 0; i < lists[k]->n && i < MOST_SHOWN; i++) {
			int width;

			text_clear(&f->t);
			proc_text(&f->t, lists[k]->found[i].proc);
			width = text_width(f->t.data, f->t.len);
			widest = width > widest ? width : widest;
		}
	}
	column = LABEL_COLUMNS + (widest < WHO_COLUMNS ? widest : WHO_COLUMNS) + 2;
	return para_columns(f->opt) - column < BODY_COLUMNS ? NARROW_INDENT : column;
}

void findings_view(const struct view_options *opt, const struct model *m, const struct meta *meta,
		   uint64_t end_ts)
{
	struct findings f = {.opt = opt, .set = {m, meta, end_ts, opt->zombie_after_ns}};
	uint64_t lost = model_counts(m)->lost;

	if (!collect(&f, &f.zombies, is_zombie) || !collect(&f, &f.orphans, is_orphan) ||
	    !collect(&f, &f.alive, is_left_running)) {
		say("findings", "not enough memory to list them", NULL);
		goto out;
	}
	if (f.zombies.n > MOST_SHOWN)
		qsort(f.zombies.found, f.zombies.n, sizeof(*f.zombies.found), by_weight);
	f.body = body_column(&f);
	section(&f, &f.zombies, false);
	section(&f, &f.orphans, true);
	say_none(&f, lost);
	if (f.alive.n)
		say_alive(&f);
	if (lost)
		say_lost(&f, lost);
out:
	free(f.zombies.found);
	free(f.orphans.found);
	free(f.alive.found);
	text_free(&f.t);
}
