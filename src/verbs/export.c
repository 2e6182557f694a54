// SPDX-License-Identifier: GPL-2.0-only
/* brood export: output for programs. */
#include "export/export.h"

#include "base/say.h"
#include "verbs/run.h"
#include "verbs/verb.h"

struct exporting {
	const struct export_format *format;
	struct export x;
};

static void begin(struct run *r, void *ctx)
{
	struct exporting *e = ctx;

	export_begin(&e->x, r->view.out);
}

static void show(struct run *r, void *ctx, const struct fact *f)
{
	struct exporting *e = ctx;

	(void)r;
	e->format->fact(&e->x, f);
}

static void end(struct run *r, void *ctx)
{
	struct exporting *e = ctx;

	if (e->format->end)
		e->format->end(&e->x, r->model);
}

int verb_export(const struct options *o)
{
	struct exporting e = { .format = export_find(o->format) };
	struct presenter p = { .begin = begin, .fact = show, .end = end };
	int status;

	if (!e.format) {
		say(o->format, "no such format", "brood export --help lists them");
		return STATUS_USAGE;
	}
	p.keep = e.format->keep;
	p.keep_args = e.format->keep_args;
	status = run(o, &p, &e);
	export_free(&e.x);
	return status;
}
