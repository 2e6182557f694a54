// SPDX-License-Identifier: GPL-2.0-only
#include "verbs/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/output.h"
#include "base/say.h"
#include "verbs/recorder.h"
#include "verbs/select.h"
#include "verbs/verb.h"

#define DEFAULT_COLUMNS 80

struct running {
	struct run r;
	const struct presenter *p;
	void *ctx;
	struct output out;
	struct recorder tee;	/* writer NULL: not asked for */
	struct select select;	/* o NULL: all is shown */
	bool deaf;		/* nobody reads; only the command still matters */
	bool missing;		/* a process that was asked for is not in the trace */
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

	if (x->tee.writer)	/* what is lost there is said when it is closed */
		recorder_event(&x->tee, ev);
	return x->select.o ? select_feed(&x->select, ev) : model_feed(x->r.model, ev);
}

static int on_resume(void *ctx, const struct meta *meta)
{
	struct running *x = ctx;

	return model_resume(x->r.model, meta);
}

/* A batch is done: let it be seen.  A command is followed to its end even unseen. */
static int on_idle(void *ctx)
{
	struct running *x = ctx;
	int err = x->deaf ? 0 : output_flush(&x->out);

	if (x->tee.writer)
		recorder_idle(&x->tee);
	if (!err)
		return 0;
	x->deaf = true;
	return x->r.o->live.command ? 0 : err;
}

static uint64_t deadline(void *ctx)
{
	struct running *x = ctx;
	uint64_t view = model_next_deadline(x->r.model);
	uint64_t tee = x->tee.writer ? recorder_deadline(&x->tee) : UINT64_MAX;

	return view < tee ? view : tee;
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
		.columns = columns ? columns : DEFAULT_COLUMNS,
		.colour = want_colour(o, columns),
		.fold = !o->no_fold,
		.wide = o->wide,
		.zombie_after_ns = o->live.zombie_after_ns,
	};
	/* A log that goes into a file or a pipe is for grep, too: nothing is cut off. */
	x->r.log = x->r.view;
	x->r.log.columns = columns;
}

/* A part of a file: 0 or a negative errno after saying why. */
static int set_up_selection(struct running *x, const struct source *src)
{
	const struct options *o = x->r.o;
	int err = select_begin(&x->select, o, x->r.meta, on_fact, x);

	if (!err && (o->from.kind || o->to.kind) && src->ops->window)
		err = src->ops->window(src->self, select_read_from(&x->select), x->select.to,
				       o->live.zombie_after_ns);
	x->r.view.counts = &x->select.counts;
	x->r.view.begin_ts = x->r.log.begin_ts = x->select.from;
	x->r.view.some = select_by_process(o);
	return err;
}

static int run_source(struct running *x, const struct source *src)
{
	const struct options *o = x->r.o;
	const bool part = o->file && select_wanted(o);
	const struct model_options mo = {
		.zombie_after_ns = o->live.zombie_after_ns,
		.keep = x->p->keep,
		/* What exists as a window begins is told with its arguments. */
		.keep_args = x->p->keep_args || part,
	};
	const struct sink sink = { on_event, on_idle, deadline, x, NULL, on_resume, 0 };
	int err;

	x->r.meta = src->ops->meta(src->self);
	x->r.model = model_new(&mo, x->r.meta, part ? select_fact : on_fact,
			       part ? (void *)&x->select : (void *)x);
	if (!x->r.model) {
		say("cannot start", strerror(ENOMEM), NULL);
		return -ENOMEM;
	}
	if (part && set_up_selection(x, src))
		return -EINVAL;
	x->select.model = x->r.model;
	if (o->tee && recorder_begin(&x->tee, x->r.meta, o->live.zombie_after_ns))
		return -EIO;
	if (x->p->begin)
		x->p->begin(&x->r, x->ctx);
	model_begin(x->r.model);
	err = src->ops->run(src->self, &sink);
	x->missing = !err && part && !select_found(&x->select);
	if (!err && x->p->end && !x->deaf && !x->missing)
		x->p->end(&x->r, x->ctx);
	if (err && !x->deaf)
		say("stopped early", strerror(-err), NULL);
	src->ops->report(src->self, model_counts(x->r.model)->lost);
	return err;
}

int run(const struct options *o, const struct presenter *p, void *ctx)
{
	struct running x = { .r.o = o, .p = p, .ctx = ctx };
	const int failed = o->live.command ? STATUS_BROOD_FAILED : STATUS_FAILED;
	struct out_file to;
	struct source src;
	int status, err, write_err;

	if (out_file_open(&to, o->output, o->live.command != NULL, o->force))
		return failed;
	if (o->tee && recorder_open(&x.tee, o->tee, o->force)) {
		out_file_abandon(&to, o->output);
		return failed;
	}
	if (o->file ? file_open(&src, o->file, &status) : live_open(&src, &o->live, &status)) {
		out_file_abandon(&to, o->output);
		if (o->tee)
			recorder_abandon(&x.tee);
		return status;
	}
	if (output_start(&x.out, &to)) {
		src.ops->close(src.self);
		return failed;
	}
	set_up_view(&x);
	err = run_source(&x, &src);
	/* What could not be recorded was said; the command has its own status. */
	if (o->tee && recorder_close(&x.tee) && !err && !o->live.command)
		err = -EIO;
	write_err = output_close(&x.out, o->output);
	if (write_err == -EPIPE)	/* `brood … | head`: they have seen enough */
		write_err = 0;
	if (x.deaf && !o->live.command)
		err = 0;
	if (err || write_err || x.missing)
		status = failed;
	else
		status = src.ops->status(src.self);
	model_free(x.r.model);
	src.ops->close(src.self);
	return status;
}
