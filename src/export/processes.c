// SPDX-License-Identifier: GPL-2.0-only
/*
 * processes.c: one object a process, the rows of a table.
 *
 * A row is written when its process is gone, so that a long trace takes no more memory than
 * what is alive; the others follow at the end, in order of first appearance.  Every row
 * has every column; what is not known, or did not happen, is null.
 */
#include <string.h>

#include "export/export.h"

static void put_status(struct json *j, const struct proc *p)
{
	int sig = p->has_status ? proc_signal(p->status) : 0;

	export_known(j, "code", p->has_status && !sig, (uint64_t)proc_code(p->status));
	export_known(j, "signal", sig, (uint64_t)sig);
	if (sig)
		json_bool(j, "core", proc_core(p->status));
	else
		json_null(j, "core");
}

static void put_process(struct export *x, const struct proc *p)
{
	static const char *const fates[] = {
		[FATE_ALIVE] = "alive",	    [FATE_ZOMBIE] = "zombie",
		[FATE_REAPED] = "reaped",   [FATE_AUTOREAPED] = "autoreaped",
		[FATE_UNKNOWN] = "unknown",
	};
	const struct task_ref *parent = &p->birth_parent;
	struct json *j = &x->json;

	json_open(j, NULL, '{');
	json_uint(j, "pid", p->ref.tgid);
	export_id(j, "id", &p->ref);
	/* Only of what was there before is 0 an answer: the first process has no parent. */
	export_known(j, "ppid", parent->tgid || (p->from_snapshot && !p->inferred), parent->tgid);
	export_id(j, "parent", parent);
	export_field(j, "comm", p->comm, sizeof(p->comm));
	if (p->file)
		json_bytes(j, "file", p->file, strlen(p->file));
	else
		json_null(j, "file");
	if (p->args)
		json_strings(j, "args", p->args, p->args_len);
	else
		json_null(j, "args");
	json_uint(j, "execs", p->execs);
	export_uint(j, "start_ts", p->fork_ts);
	export_uint(j, "exit_ts", p->exit_inferred ? NO_TIME : p->exit_ts);
	export_uint(j, "reap_ts", p->reap_ts);
	export_uint(j, "duration_ns", export_duration(p, p->exit_ts));
	put_status(j, p);
	export_uint(j, "zombie_ns", proc_zombie_ns(p, x->end_ts));
	export_uint(j, "orphaned_ts", p->orphaned_ts);
	export_id(j, "new_parent", &p->new_parent.ref);
	export_known(j, "cpu_ns", p->has_cpu, p->cpu_ns);
	export_known(j, "max_rss_kib", p->exit_ts != NO_TIME && !p->exit_inferred, p->max_rss_kib);
	export_known(j, "uid", p->uid != NO_ID, p->uid);
	json_str(j, "fate", fates[proc_fate(p)]);
	json_close(j, '}');
	export_line(x);
}

void processes_fact(void *ctx, const struct fact *f)
{
	struct export *x = ctx;

	x->end_ts = f->ts;
	if (f->type == FACT_REAP)
		put_process(x, f->proc);
}

void processes_end(struct export *x, const struct model *m)
{
	/* Those that are gone were written then, also where the model keeps them. */
	for (const struct proc *p = model_first(m); p; p = model_next(p))
		if (p->state != PROC_GONE)
			put_process(x, p);
}
