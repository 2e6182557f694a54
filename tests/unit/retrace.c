// SPDX-License-Identifier: GPL-2.0-only
/*
 * retrace IN OUT BYTES: the same trace again, with a checkpoint after so many (uncompressed)
 * bytes of events and a block after every 20 events, so that a test need not record for long to
 * have many.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "model/model.h"
#include "trace/trace.h"

static void ignore(void *ctx, const struct fact *f)
{
	(void)ctx;
	(void)f;
}

int main(int argc, char **argv)
{
	struct model_options mo = {.zombie_after_ns = 100000000, .keep_args = true};
	struct trace_writer_options wo = {0};
	struct trace_reader *r;
	struct trace_writer *w;
	const struct event *ev;
	const char *why;
	struct meta meta;
	struct model *m;
	unsigned long n = 0;
	int in, out;

	if (argc != 4)
		errx(2, "usage: retrace IN OUT BYTES");
	in = open(argv[1], O_RDONLY | O_CLOEXEC);
	out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (in < 0 || out < 0)
		err(1, "open");
	if (trace_reader_new(&r, in, &why))
		errx(1, "%s: %s", argv[1], why);
	meta = *trace_reader_meta(r);
	meta.zombie_after_ns = mo.zombie_after_ns;
	wo.checkpoint_bytes = strtoul(argv[3], NULL, 10);
	m = model_new(&mo, &meta, ignore, NULL);
	if (!m || trace_writer_new(&w, out, &meta, &wo))
		errx(1, "no memory");
	model_begin(m);
	while (trace_reader_next(r, &ev) == 1) {
		if (trace_writer_add(w, ev) || model_feed(m, ev))
			errx(1, "cannot write");
		if (++n % 20 == 0)
			trace_writer_tick(w, 0, true);
		if (ev->kind == EV_END || !trace_writer_checkpoint_due(w))
			continue;
		trace_writer_checkpoint_begin(w);
		trace_writer_checkpoint_end(
			w, !model_checkpoint(m, trace_writer_checkpoint_add, w));
	}
	trace_reader_free(r);
	model_free(m);
	return trace_writer_close(w, NULL) || close(in) || close(out);
}
