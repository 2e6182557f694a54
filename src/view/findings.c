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
#include <string.h>

#include "base/say.h"
#include "model/notes.h"
#include "view/para.h"
#include "view/sentence.h"
#include "view/tally.h"
#include "view/verdict.h"

enum {
	FEW_SHOWN = 10, /* of a kind; the others are only counted, where siblings are folded */
	MOST_SHOWN = NOTES_MAX,
	MOST_ALIVE = 20,
	MOST_GROUPS = 5,
	LABEL_COLUMNS = 8, /* "zombie  " */
	WHO_COLUMNS = 22,
	BODY_COLUMNS = 30, /* a narrower body begins on a line of its own */
	NARROW_INDENT = 4,
};

/* Those of a kind that are shown. */
struct list {
	const struct proc *shown[MOST_SHOWN];
	size_t n, most;
};

struct findings {
	const struct view_options *opt;
	const struct model *m;
	struct sums *sums;
	struct setting set;
	struct list zombies, orphans;
	const struct proc *alive[MOST_ALIVE];
	uint64_t n_alive; /* of which only the first are in alive[] */
	int body;	  /* column where sentences begin */
	struct text t;
};

/* --- the page ----------------------------------------------------------------------- */

static void label(const struct findings *f, enum paint colour, const char *word)
{
	fprintf(f->opt->out, "%s%s%s%*s", paint(f->opt, colour), word, paint(f->opt, PAINT_OFF),
		LABEL_COLUMNS - (int)strlen(word), "");
}

static void label_of_kind(const struct findings *f, bool orphan)
{
	label(f, orphan ? PAINT_MAGENTA : PAINT_YELLOW, orphan ? "orphan" : "zombie");
}

static void item(struct findings *f, bool orphan, const struct proc *p, bool first)
{
	struct text *t = &f->t;

	label_of_kind(f, orphan);
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
	if (orphan)
		orphan_sentence(t, p, first);
	else
		zombie_sentence(t, p, &f->set, first);
	para_print(f->opt, t, f->body, f->body);
}

/* Those that are not shown, by command of the parent. */
static void say_groups(struct text *t, struct groups *g, const struct list *shown, bool orphans)
{
	for (size_t i = 0; i < shown->n; i++) {
		const struct proc *p = shown->shown[i];
		const struct who *w = orphans ? &p->old_parent : &p->parent;

		groups_remove(g, (struct name){w->comm, strnlen(w->comm, EVENT_COMM)}, 0);
	}
	groups_sort(g, BY_COUNT);
	for (uint32_t i = 0; i < g->n && i < MOST_GROUPS; i++) {
		struct name name = groups_name(g, &g->row[i]);

		text_addf(t, "%s%llu%c", i ? ", " : ": ", (unsigned long long)g->row[i].count,
			  PARA_GLUE);
		if (orphans)
			text_adds(t, i ? "by " : "left by ");
		else if (i)
			text_adds(t, "of ");
		else
			text_adds(t, g->row[i].count == 1 ? "child of " : "children of ");
		if (name.len)
			para_name(t, name.s, name.len);
		else
			text_adds(t, "parents unknown");
	}
	if (g->n > MOST_GROUPS || g->others)
		text_adds(t, " and others");
}

static void section(struct findings *f, const struct list *l, bool orphans)
{
	uint64_t n = orphans ? f->sums->orphans : f->sums->zombies;

	for (size_t i = 0; i < l->n; i++)
		item(f, orphans, l->shown[i], !i);
	if (n <= l->n)
		return;
	text_clear(&f->t);
	text_addf(&f->t, "… and %llu more", (unsigned long long)(n - l->n));
	say_groups(&f->t, orphans ? &f->sums->orphans_of : &f->sums->zombies_of, l, orphans);
	text_adds(&f->t, ".");
	label_of_kind(f, orphans);
	para_print(f->opt, &f->t, LABEL_COLUMNS, LABEL_COLUMNS);
}

/* What stands below the list, or instead of it: which of the two kinds there was none of. */
static void say_none(struct findings *f, bool lost)
{
	uint64_t zombies = f->sums->zombies, orphans = f->sums->orphans;
	struct text *t = &f->t;

	text_clear(t);
	if ((zombies || orphans) && (!zombies || !orphans || f->n_alive || lost))
		fputc('\n', f->opt->out);
	if (zombies && orphans)
		return;
	if (zombies && lost) {
		text_adds(t, "No orphans were seen.");
	} else if (zombies) {
		text_adds(t, "No orphans: no process outlived its parent.");
	} else if (orphans && lost) {
		text_adds(t, "No zombies were seen.");
	} else if (orphans) {
		text_adds(t, "No zombies: whatever ended was reaped within ");
		para_duration(t, f->opt->zombie_after_ns);
		text_adds(t, ".");
	} else if (lost) {
		text_adds(t, "No zombies and no orphans were seen.");
	} else {
		verdict_text(t, f->sums, f->set.meta);
	}
	para_print(f->opt, t, 0, 0);
}

static void say_alive(struct findings *f)
{
	struct text *t = &f->t;

	text_clear(t);
	text_adds(t, "Still running at the end: ");
	for (size_t i = 0; i < f->n_alive && i < MOST_ALIVE; i++) {
		text_adds(t, i ? ", " : "");
		para_who(t, &f->alive[i]->ref, f->alive[i]->comm);
	}
	if (f->n_alive > MOST_ALIVE)
		text_addf(t, " and %llu more", (unsigned long long)(f->n_alive - MOST_ALIVE));
	text_adds(t, ".");
	para_print(f->opt, t, 0, LABEL_COLUMNS);
}

static void say_lost(struct findings *f, uint64_t lost)
{
	text_clear(&f->t);
	text_addf(&f->t,
		  "%llu%cevent%s not seen. Who was there afterwards, and who was not, has been "
		  "looked up; but short lives in between, exit codes and names of programs may be "
		  "missing above.",
		  (unsigned long long)lost, PARA_GLUE, lost == 1 ? " was" : "s were");
	label(f, PAINT_RED, "lost");
	para_print(f->opt, &f->t, LABEL_COLUMNS, LABEL_COLUMNS);
}

static void say_cut(struct findings *f)
{
	text_clear(&f->t);
	text_adds(&f->t, "The trace was cut short here: what happened next is not in it.");
	label(f, PAINT_RED, "cut");
	para_print(f->opt, &f->t, LABEL_COLUMNS, LABEL_COLUMNS);
}

/* --- what there is ------------------------------------------------------------------ */

static void list_add(struct list *l, const struct proc *p)
{
	if (l->n < l->most)
		l->shown[l->n++] = p;
}

/* The longest first. */
static bool is_before(const struct findings *f, const struct proc *a, const struct proc *b)
{
	uint64_t x = proc_zombie_ns(a, f->set.end_ts), y = proc_zombie_ns(b, f->set.end_ts);

	if (x != y)
		return x > y;
	return a->ref.tgid < b->ref.tgid;
}

static void list_longest(const struct findings *f, struct list *l, const struct proc *p)
{
	size_t at = l->n;

	if (l->n < l->most)
		l->n++;
	else if (!is_before(f, p, l->shown[--at]))
		return;
	for (; at && is_before(f, p, l->shown[at - 1]); at--)
		l->shown[at] = l->shown[at - 1];
	l->shown[at] = p;
}

/* In order of appearance; but of too many zombies those that were it for longest. */
static void collect(struct findings *f)
{
	bool too_many = f->sums->zombies > f->zombies.most;

	for (const struct proc *p = model_first(f->m); p; p = model_next(p)) {
		if (p->zombie_flag_ts != NO_TIME && too_many)
			list_longest(f, &f->zombies, p);
		else if (p->zombie_flag_ts != NO_TIME)
			list_add(&f->zombies, p);
		if (p->orphaned_ts != NO_TIME)
			list_add(&f->orphans, p);
		/* Of the whole machine it goes without saying. */
		if (!f->set.meta->command || proc_fate(p) != FATE_ALIVE)
			continue;
		if (f->n_alive < MOST_ALIVE)
			f->alive[f->n_alive] = p;
		f->n_alive++;
	}
}

/* The column of all sentences: behind the longest name, or below it where that is too far. */
static int body_column(struct findings *f)
{
	const struct list *lists[] = {&f->zombies, &f->orphans};
	int widest = 0, column;

	for (int k = 0; k < 2; k++) {
		for (size_t i = 0; i < lists[k]->n; i++) {
			int width;

			text_clear(&f->t);
			proc_text(&f->t, lists[k]->shown[i]);
			width = text_width(f->t.data, f->t.len);
			widest = width > widest ? width : widest;
		}
	}
	column = LABEL_COLUMNS + (widest < WHO_COLUMNS ? widest : WHO_COLUMNS) + 2;
	return para_columns(f->opt) - column < BODY_COLUMNS ? NARROW_INDENT : column;
}

void findings_view(const struct view_options *opt, const struct tally *tally, const struct model *m,
		   const struct meta *meta, uint64_t end_ts)
{
	struct findings f = {
		.opt = opt,
		.m = m,
		.sums = tally_sums(tally, m, meta, end_ts),
		.set = {meta, end_ts, opt->zombie_after_ns},
	};
	const bool cut = view_counts(opt, m)->cut;
	uint64_t lost = view_counts(opt, m)->lost;

	if (!f.sums) {
		say("findings", "not enough memory to list them", NULL);
		return;
	}
	f.zombies.most = f.orphans.most = opt->fold ? FEW_SHOWN : MOST_SHOWN;
	collect(&f);
	f.body = body_column(&f);
	section(&f, &f.zombies, false);
	section(&f, &f.orphans, true);
	say_none(&f, lost || cut);
	if (f.n_alive)
		say_alive(&f);
	if (lost)
		say_lost(&f, lost);
	if (cut)
		say_cut(&f);
	sums_free(f.sums);
	text_free(&f.t);
}
