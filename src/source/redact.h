/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * redact.h: a sink before the sink, which hides secrets: nothing downstream, be it a view, an
 * export or a trace file, ever has them in memory.
 *
 * Looked at are the arguments of execs and of snapshots, each argument by itself, the file
 * and the interpreter of an exec, and the command in the meta.  Not looked at is the name
 * of a process (comm), which holds at most 15 bytes: the file's name or what prctl set.
 *
 * args_bytes then counts what stands there now: how long a secret was is nobody's business.
 * An argument that was cut off at the limit (--args-max) may hold a secret of which too
 * little is left to match: it is hidden as a whole.
 */
#ifndef BROOD_REDACT_H
#define BROOD_REDACT_H

#include "base/secrets.h"
#include "model/meta.h"
#include "source/source.h"

struct redact {
	const struct secrets *secrets;	/* borrowed */
	const struct sink *to;		/* borrowed */
	struct text ev;			/* the event that is handed on */
};

/* The sink to give to whoever has events; r must live as long. */
struct sink redact_sink(struct redact *r);
void redact_free(struct redact *r);

/* The same for the followed command. */
void redact_meta(const struct secrets *s, struct meta *m);

#endif
