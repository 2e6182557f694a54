// SPDX-License-Identifier: GPL-2.0-only
/* summary.c: a trace at a glance: how much of what, what failed, what was slow, what it cost. */
#include <string.h>

#include "base/say.h"
#include "view/para.h"
#include "view/tally.h"

enum {
	LABEL_COLUMNS = 12,
	MOST_GROUPS = 10,
	WHO_COLUMNS = 24,
	NAME_COLUMNS = 30,
	LEAST_COMMAND = 20,
};

/* A child that is reaped within this time is none to talk of. */
#define SLOW_NS UINT64_C(10000000)

struct summary {
	const struct view_options *opt;
	const struct model_counts *counts;
	const struct meta *meta;
	uint64_t span; /* ns that are shown */
	struct sums *sums;
	struct peaks peaks;
	struct text t, cell;
};

/* --- lines -------------------------------------------------------------------------- */

/* What is in s->t, behind a label; further lines below it. */
static void put(struct summary *s, const char *label)
{
	fprintf(s->opt->out, "%s%-*s%s", paint(s->opt, PAINT_BOLD), LABEL_COLUMNS, label,
		paint(s->opt, PAINT_OFF));
	para_print(s->opt, &s->t, LABEL_COLUMNS, LABEL_COLUMNS);
	text_clear(&s->t);
}

static void cell_right(struct summary *s, int width)
{
	int have = text_width(s->cell.data, s->cell.len);

	fprintf(s->opt->out, "%*s%s", have < width ? width - have : 0, "", s->cell.data);
	text_clear(&s->cell);
}

/* A cell at the left; width 0: the last one, which is not padded. */
static void cell_left(struct summary *s, int width)
{
	if (width) {
		text_cut(&s->cell, 0, width);
		text_pad(&s->cell, 0, width);
	}
	fputs(s->cell.data, s->opt->out);
	text_clear(&s->cell);
}

static void indent(struct summary *s)
{
	fprintf(s->opt->out, "%*s", LABEL_COLUMNS, "");
}

static void add_count(struct text *t, uint64_t n, const char *one, const char *many)
{
	text_addu(t, n);
	text_addf(t, "%c%s", PARA_GLUE, n == 1 ? one : many);
}

/* Those of the groups that are not shown, and whoever has not got one. */
static void and_more(struct summary *s, const struct groups *g, const char *of_what)
{
	const int at = LABEL_COLUMNS + 8;
	struct text *t = &s->t;

	if (g->n > MOST_GROUPS) {
		indent(s);
		fprintf(s->opt->out, "%8s  and %u more %s\n", "…", g->n - MOST_GROUPS, of_what);
	}
	if (!g->others)
		return;
	indent(s);
	fprintf(s->opt->out, "%8s  ", "…");
	text_adds(t, "and ");
	add_count(t, g->others, "process", "processes");
	if (g->others_sum) {
		text_adds(t, " with ");
		para_duration(t, g->others_sum);
	}
	text_addf(t, " besides: only %d %s are told apart", GROUPS_MAX, of_what);
	para_print(s->opt, t, at, at);
	text_clear(t);
}

/* --- what was watched --------------------------------------------------------------- */

/* The command is cut so that what stands behind it fits on its line; else on the next. */
static void command(struct summary *s)
{
	static const char then[] = " and all that it started, for ";
	int columns = para_columns(s->opt) - LABEL_COLUMNS, room;

	text_duration(&s->cell, s->span);
	room = columns - (int)strlen(then) - text_width(s->cell.data, s->cell.len);
	text_clear(&s->cell);
	text_args(&s->cell, s->meta->command, s->meta->command_len, false);
	text_cut(&s->cell, 0, room < LEAST_COMMAND ? columns : room);
	para_plain(&s->t, s->cell.data, s->cell.len);
	text_clear(&s->cell);
	text_adds(&s->t, then);
}

static void what(struct summary *s)
{
	const struct meta *meta = s->meta;
	struct text *t = &s->t;

	if (meta->command)
		command(s);
	else
		text_adds(t, meta->filtered ? "a part of the machine, for "
					    : "the whole machine, for ");
	para_duration(t, s->span);
	put(s, "Watched");

	para_name(t, meta->host, strnlen(meta->host, sizeof(meta->host)));
	text_adds(t, ", Linux ");
	para_name(t, meta->kernel, strnlen(meta->kernel, sizeof(meta->kernel)));
	text_adds(t, " on ");
	para_name(t, meta->arch, strnlen(meta->arch, sizeof(meta->arch)));
	text_adds(t, ", ");
	add_count(t, meta->cpus, "CPU", "CPUs");
	put(s, "Machine");
}

/* How far all this can be believed. */
static void trust(struct summary *s)
{
	const struct model_counts *c = s->counts;
	struct text *t = &s->t;

	if (s->meta->reap_source == REAP_RELEASE_TASK)
		text_adds(t, "told at the moment, by the reaper itself (release_task)");
	else
		text_adds(t, "told some milliseconds late (sched_process_free), so how long "
			     "something was a zombie is known as an upper bound");
	put(s, "Reaps");
	if (c->lost) {
		add_count(t, c->lost, "event", "events");
		text_adds(t, ", so counts below are a little low");
	} else {
		text_adds(t, "nothing");
	}
	put(s, "Lost");
	if (c->inferred) {
		add_count(t, c->inferred, "fact was", "facts were");
		text_adds(t, " not seen, but concluded from others");
		put(s, "Inferred");
	}
}

static void rate(struct summary *s, const char *name, uint64_t n)
{
	indent(s);
	text_adds(&s->cell, name);
	cell_left(s, 16);
	text_addu(&s->cell, n);
	cell_right(s, 10);
	if (s->span) {
		double per_second = (double)n * 1e9 / (double)s->span;

		text_addf(&s->cell, "%.*f", per_second < 99.95 ? 1 : 0, per_second);
		cell_right(s, 14);
	}
	fputc('\n', s->opt->out);
}

static void rates(struct summary *s)
{
	const struct model_counts *c = s->counts;

	fprintf(s->opt->out, "%s%-*s%-16s%10s%s%s\n", paint(s->opt, PAINT_BOLD), LABEL_COLUMNS,
		"Events", "", "count", s->span ? "    per second" : "", paint(s->opt, PAINT_OFF));
	rate(s, "forks", c->forks);
	rate(s, "execs", c->execs);
	rate(s, "exits", c->exits);
	rate(s, "reaps", c->reaps);
	if (c->thread_starts || c->thread_exits) {
		rate(s, "threads started", c->thread_starts);
		rate(s, "threads ended", c->thread_exits);
	}
}

/* --- processes ---------------------------------------------------------------------- */

static void processes(struct summary *s)
{
	const struct model_counts *c = s->counts;
	struct text *t = &s->t;

	text_addf(t, "%llu at the start, %llu alive at the end", (unsigned long long)c->snapshots,
		  (unsigned long long)c->alive);
	/* Of those of one name, some came to bear it or lay it down. */
	if (!s->opt->some) {
		text_addf(t, ", at most %llu at once, at ", (unsigned long long)s->peaks.most_alive);
		para_moment(t, s->peaks.most_alive_ts);
	}
	put(s, "Processes");
	if (s->span >= UINT64_C(2000000000) && s->peaks.busiest_forks) {
		add_count(t, s->peaks.busiest_forks, "fork", "forks");
		text_adds(t, ", in the second from ");
		para_moment(t, s->peaks.busiest_ts);
		text_adds(t, " on");
		put(s, "Busiest");
	}
}

static void failures(struct summary *s)
{
	struct sums *u = s->sums;
	struct text *t = &s->t;

	text_addf(t, "%llu with exit 0", (unsigned long long)u->exit_zero);
	if (u->exit_other)
		text_addf(t, ", %llu with another exit code", (unsigned long long)u->exit_other);
	if (u->killed)
		text_addf(t, ", %llu killed by a signal", (unsigned long long)u->killed);
	put(s, "Ended");
	groups_sort(&u->failures, BY_COUNT);
	for (uint32_t i = 0; i < u->failures.n && i < MOST_GROUPS; i++) {
		const struct group *g = &u->failures.row[i];
		struct name name = groups_name(&u->failures, g);

		indent(s);
		text_addf(&s->cell, "%llu ×", (unsigned long long)g->count);
		cell_right(s, 8);
		fputs("  ", s->opt->out);
		text_escape(&s->cell, name.s, name.len);
		cell_left(s, NAME_COLUMNS);
		fprintf(s->opt->out, "  %s", paint(s->opt, status_paint(g->status)));
		status_text(&s->cell, g->status);
		cell_left(s, 0);
		fprintf(s->opt->out, "%s\n", paint(s->opt, PAINT_OFF));
	}
	and_more(s, &u->failures, "kinds of failure");
}

static void slow_one(struct summary *s, const struct ranked *r)
{
	indent(s);
	if (r->at_most)
		text_adds(&s->cell, "≤ ");
	text_duration(&s->cell, r->value);
	cell_right(s, 8);
	fputs("  ", s->opt->out);
	who_text(&s->cell, &r->who.ref, r->who.comm);
	cell_left(s, WHO_COLUMNS);
	text_adds(&s->cell, r->reaped ? "  reaped" : "  not reaped");
	if (r->by.ref.tgid) {
		text_adds(&s->cell, " by ");
		who_text(&s->cell, &r->by.ref, r->by.comm);
	}
	text_cut(&s->cell, 0, para_columns(s->opt) - LABEL_COLUMNS - 10 - WHO_COLUMNS);
	cell_left(s, 0);
	fputc('\n', s->opt->out);
}

static void zombies(struct summary *s)
{
	const struct ranking *longest = &s->sums->longest;
	struct text *t = &s->t;

	text_addu(t, s->counts->zombies);
	text_adds(t, " flagged: left unreaped for longer than ");
	para_duration(t, s->opt->zombie_after_ns);
	if (s->sums->intervals) {
		uint32_t median = sums_median_slot(s->sums);

		text_adds(t, ". From exit to reap: ");
		if (median == DURATION_LONGEST)
			text_adds(t, "more than ");
		para_duration(t, duration_of_slot(median));
		text_adds(t, " in the median, ");
		para_duration(t, longest->rank[0].value);
		text_adds(t, " at most");
	}
	put(s, "Zombies");
	for (size_t i = 0; i < longest->n; i++)
		if (longest->rank[i].value >= SLOW_NS)
			slow_one(s, &longest->rank[i]);
}

static void orphans(struct summary *s)
{
	const struct model_counts *c = s->counts;
	struct text *t = &s->t;

	text_addu(t, c->orphans);
	if (!s->opt->some && (c->orphans || c->adoption_checked)) {
		text_addf(
			t,
			". Their adopters are computed: %llu confirmed by the kernel, %llu refuted",
			(unsigned long long)(c->adoption_checked - c->adoption_wrong),
			(unsigned long long)c->adoption_wrong);
		if (c->orphans > c->adoption_checked)
			text_addf(t, ", %llu%cunchecked",
				  (unsigned long long)(c->orphans - c->adoption_checked),
				  PARA_GLUE);
	}
	put(s, "Orphans");
}

/* --- what it cost ------------------------------------------------------------------- */

static void cpu(struct summary *s)
{
	struct sums *u = s->sums;
	struct text *t = &s->t;

	if (!u->cpu_known)
		return;
	para_duration(t, u->cpu_ns);
	text_adds(t, " in all");
	if (u->cpu_known < u->processes)
		text_addf(t, ", of %llu of %llu processes: the kernel tells when one is reaped",
			  (unsigned long long)u->cpu_known, (unsigned long long)u->processes);
	put(s, "CPU time");
	groups_sort(&u->cpus, BY_SUM);
	for (uint32_t i = 0; i < u->cpus.n && i < MOST_GROUPS && u->cpu_ns; i++) {
		const struct group *g = &u->cpus.row[i];
		struct name name = groups_name(&u->cpus, g);

		indent(s);
		text_duration(&s->cell, g->sum);
		cell_right(s, 8);
		text_addf(&s->cell, "%.0f %%", 100.0 * (double)g->sum / (double)u->cpu_ns);
		cell_right(s, 7);
		text_addf(&s->cell, "%llu ×", (unsigned long long)g->count);
		cell_right(s, 10);
		fputc(' ', s->opt->out);
		text_escape(&s->cell, name.s, name.len);
		text_cut(&s->cell, 0, NAME_COLUMNS);
		cell_left(s, 0);
		fputc('\n', s->opt->out);
	}
	and_more(s, &u->cpus, "commands");
}

static void memory(struct summary *s)
{
	const struct ranking *largest = &s->sums->largest;

	if (!largest->n)
		return;
	text_adds(&s->t, "the largest, each at its peak (resident)");
	put(s, "Memory");
	for (size_t i = 0; i < largest->n; i++) {
		indent(s);
		text_kib(&s->cell, largest->rank[i].value);
		cell_right(s, 8);
		fputs("  ", s->opt->out);
		who_text(&s->cell, &largest->rank[i].who.ref, largest->rank[i].who.comm);
		text_cut(&s->cell, 0, NAME_COLUMNS);
		cell_left(s, 0);
		fputc('\n', s->opt->out);
	}
}

void summary_view(const struct view_options *opt, const struct tally *tally, const struct model *m,
		  const struct meta *meta, uint64_t end_ts)
{
	struct summary s = {
		.opt = opt,
		.counts = view_counts(opt, m),
		.meta = meta,
		.span = end_ts > opt->begin_ts ? end_ts - opt->begin_ts : 0,
		.sums = tally_sums(tally, m, meta, end_ts),
		.peaks = tally_peaks(tally),
	};

	if (!s.sums) {
		say("summary", "not enough memory to add it up", NULL);
		return;
	}
	what(&s);
	trust(&s);
	fputc('\n', opt->out);
	rates(&s);
	fputc('\n', opt->out);
	processes(&s);
	failures(&s);
	zombies(&s);
	orphans(&s);
	fputc('\n', opt->out);
	cpu(&s);
	memory(&s);
	sums_free(s.sums);
	text_free(&s.t);
	text_free(&s.cell);
}
