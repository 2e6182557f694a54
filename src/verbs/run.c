// SPDX-License-Identifier: GPL-2.0-only
#include "verbs/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/output.h"
#include "base/say.h"
#include "verbs/verb.h"

#define DEFAULT_COLUMNS 80

struct running {
	struct run r;
	const struct presenter *p;
	void *ctx;
	struct output out;
	bool deaf;		/* nobody reads; only the command still matters */
};

static void on_fact(void *ctx, const struct fact *f)
{
	struct running *x = ctx;

	x->r.end_ts = f->ts;
	if (x->p->fact && !x->deaf)
		x->p->fact(&x->r, x->ctx, f);
}

static int on_event(void *ctx, const struct event *ev)
{
	struct running *x = ctx;

	return model_feed(x->r.model, ev);
}

/* A batch is done: let it be seen.  A command is followed to its end even unseen. */
static int on_idle(void *ctx)
{
	struct running *x = ctx;
	int err = x->deaf ? 0 : output_flush(&x->out);

	if (!err)
		return 0;
	x->deaf = true;
	return x->r.o->live.command ? 0 : err;
}

static uint64_t deadline(void *ctx)
{
	struct running *x = ctx;

	return model_next_deadline(x->r.model);
}

static bool want_colour(const struct options *o, int columns)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (o->colour != COLOUR_AUTO)
		return o->colour == COLOUR_ALWAYS;
	return columns && !(no && *no) && !(term && !strcmp(term, "dumb"));
}

static void set_up_view(struct running *x)
{
	const struct options *o = x->r.o;
	int columns = output_columns(&x->out);

	x->r.view = (struct view_options){
		.out = x->out.file,
		.columns = columns ? columns : x->p->log ? 0 : DEFAULT_COLUMNS,
		.colour = want_colour(o, columns),
		.fold = !o->no_fold,
		.wide = o->wide,
		.zombie_after_ns = o->live.zombie_after_ns,
	};
}

/* Losses are in the trace, but whoever only looks at the end must hear of them too. */
static void say_losses(const struct live *l, const struct model *m)
{
	const struct model_counts *c = model_counts(m);
	struct live_stats s;
	char what[64];

	live_stats(l, &s);
	if (c->lost) {
		snprintf(what, sizeof(what), "%llu events lost", (unsigned long long)c->lost);
		say(what, "the ring buffer was full", "a larger --buffer holds more");
	}
	if (s.follow_failed)
		sayf("filter", "%llu processes could not be followed: the table was full",
		     (unsigned long long)s.follow_failed);
}

static int run_source(struct running *x, struct live *l)
{
	const struct options *o = x->r.o;
	const struct model_options mo = {
		.zombie_after_ns = o->live.zombie_after_ns,
		.keep_gone = x->p->keep_gone,
		.keep_args = x->p->keep_args,
	};
	const struct sink sink = { on_event, on_idle, deadline, x };
	int err;

	x->r.meta = live_meta(l);
	x->r.model = model_new(&mo, x->r.meta, on_fact, x);
	if (!x->r.model) {
		say("cannot start", strerror(ENOMEM), NULL);
		return -ENOMEM;
	}
	if (x->p->begin)
		x->p->begin(&x->r, x->ctx);
	model_begin(x->r.model);
	err = live_run(l, &sink);
	if (!err && x->p->end && !x->deaf)
		x->p->end(&x->r, x->ctx);
	if (err && !x->deaf)
		say("stopped early", strerror(-err), NULL);
	say_losses(l, x->r.model);
	return err;
}

int run_live(const struct options *o, const struct presenter *p, void *ctx)
{
	struct running x = { .r.o = o, .p = p, .ctx = ctx };
	struct live *live = NULL;
	int status, err, write_err;

	if (output_open(&x.out, o->output, o->live.command != NULL, o->force))
		return o->live.command ? STATUS_BROOD_FAILED : STATUS_FAILED;
	set_up_view(&x);
	if (live_open(&live, &o->live, &status)) {
		output_close(&x.out, o->output);
		return status;
	}
	err = run_source(&x, live);
	write_err = output_close(&x.out, o->output);
	if (write_err == -EPIPE)	/* `brood … | head`: they have seen enough */
		write_err = 0;
	if (x.deaf && !o->live.command)
		err = 0;
	if (err || write_err)
		status = o->live.command ? STATUS_BROOD_FAILED : STATUS_FAILED;
	else
		status = live_command_status(live);
	model_free(x.r.model);
	live_close(live);
	return status;
}
