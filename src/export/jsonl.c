// SPDX-License-Identifier: GPL-2.0-only
/*
 * jsonl.c: JSON lines, version 1: one fact, one object, one line.
 *
 * The fields are a contract: those of version 1 may be joined by others, but never
 * renamed, dropped or given another meaning.  What is not known is null; what does not
 * apply (the interpreter of a program that has none) is absent.
 */
#include <string.h>
#include <time.h>

#include <linux/sched.h>

#include "export/export.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

static const struct {
	uint64_t bit;
	const char *name;
} clone_flags[] = {
	{CLONE_NEWTIME, "NEWTIME"},
	{CLONE_VM, "VM"},
	{CLONE_FS, "FS"},
	{CLONE_FILES, "FILES"},
	{CLONE_SIGHAND, "SIGHAND"},
	{CLONE_PIDFD, "PIDFD"},
	{CLONE_PTRACE, "PTRACE"},
	{CLONE_VFORK, "VFORK"},
	{CLONE_PARENT, "PARENT"},
	{CLONE_THREAD, "THREAD"},
	{CLONE_NEWNS, "NEWNS"},
	{CLONE_SYSVSEM, "SYSVSEM"},
	{CLONE_SETTLS, "SETTLS"},
	{CLONE_PARENT_SETTID, "PARENT_SETTID"},
	{CLONE_CHILD_CLEARTID, "CHILD_CLEARTID"},
	{CLONE_DETACHED, "DETACHED"},
	{CLONE_UNTRACED, "UNTRACED"},
	{CLONE_CHILD_SETTID, "CHILD_SETTID"},
	{CLONE_NEWCGROUP, "NEWCGROUP"},
	{CLONE_NEWUTS, "NEWUTS"},
	{CLONE_NEWIPC, "NEWIPC"},
	{CLONE_NEWUSER, "NEWUSER"},
	{CLONE_NEWPID, "NEWPID"},
	{CLONE_NEWNET, "NEWNET"},
	{CLONE_IO, "IO"},
	{CLONE_CLEAR_SIGHAND, "CLEAR_SIGHAND"},
	{CLONE_INTO_CGROUP, "INTO_CGROUP"},
};

/* A bit that a later kernel gave a meaning appears as its number: nothing is dropped. */
static void put_flags(struct json *j, uint64_t flags)
{
	json_open(j, "flags", '[');
	for (size_t i = 0; i < sizeof(clone_flags) / sizeof(*clone_flags); i++)
		if (flags & clone_flags[i].bit) {
			json_str(j, NULL, clone_flags[i].name);
			flags &= ~clone_flags[i].bit;
		}
	for (; flags; flags &= flags - 1) {
		char number[20];

		snprintf(number, sizeof(number), "0x%llx", (unsigned long long)(flags & -flags));
		json_str(j, NULL, number);
	}
	json_close(j, ']');
}

/* RFC 3339.  The date changes once a second, the lines come by thousands. */
static void put_time(struct export *x, uint64_t wall)
{
	uint64_t second = wall / 1000000000, ns = wall % 1000000000;
	char buf[] = "2024-02-29T12:34:56.000000000Z";

	if (second != x->date_second) {
		time_t t = (time_t)second;
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(x->date, sizeof(x->date), "%Y-%m-%dT%H:%M:%S", &tm);
		x->date_second = second;
	}
	memcpy(buf, x->date, 19);
	for (int i = 28; ns; i--, ns /= 10)
		buf[i] = (char)('0' + ns % 10);
	json_plain(&x->json, "time", buf, sizeof(buf) - 1);
}

static void put_who(struct json *j, const char *key, const struct who *w)
{
	if (!w->ref.tgid) {
		json_null(j, key);
		return;
	}
	json_open(j, key, '{');
	json_uint(j, "pid", w->ref.tgid);
	export_id(j, "id", &w->ref);
	export_field(j, "comm", w->comm, sizeof(w->comm));
	json_close(j, '}');
}

static void put_thread(struct json *j, const char *key, const struct task_ref *ref)
{
	if (!ref->tgid) {
		json_null(j, key);
		return;
	}
	json_open(j, key, '{');
	json_uint(j, "pid", ref->tgid);
	json_uint(j, "tid", ref->tid);
	json_close(j, '}');
}

/*
 * A parent of 0 is the truth where the kernel told it (init has none), and only then.
 */
static void put_ppid(struct json *j, const struct task_ref *parent, bool told)
{
	if (parent->tgid || told)
		json_uint(j, "ppid", parent->tgid);
	else
		json_null(j, "ppid");
}

/* The event as the kernel told it, or NULL where the fact was derived or inferred. */
static const void *told(const struct fact *f, enum event_kind kind)
{
	return f->ev && f->ev->kind == kind ? f->ev : NULL;
}

/* --- the types ----------------------------------------------------------------------- */

static void put_meta(struct json *j, const struct fact *f)
{
	const struct meta *m = f->meta;

	json_uint(j, "version", 1);
	export_field(j, "brood", m->brood, sizeof(m->brood));
	export_field(j, "host", m->host, sizeof(m->host));
	export_field(j, "kernel", m->kernel, sizeof(m->kernel));
	export_field(j, "boot_id", m->boot_id, sizeof(m->boot_id));
	export_field(j, "arch", m->arch, sizeof(m->arch));
	json_uint(j, "cpus", m->cpus);
	if (m->command)
		json_strings(j, "command", m->command, m->command_len);
	else
		json_null(j, "command");
	json_str(j, "reap_source",
		 m->reap_source == REAP_RELEASE_TASK ? "release_task" : "sched_process_free");
	/* The second, third …: nobody watched since then. */
	if (f->resuming)
		export_uint(j, "unwatched_since", f->since);
}

/* Whose it is and where it lives: what a snapshot and a fork both tell. */
static void put_belonging(struct json *j, const struct proc *p, uint64_t cgroup_id)
{
	export_known(j, "uid", p->uid != NO_ID, p->uid);
	export_known(j, "gid", p->gid != NO_ID, p->gid);
	export_known(j, "ns_pid", p->ns_pid, p->ns_pid);
	export_known(j, "pid_ns", p->pid_ns, p->pid_ns);
	export_uint(j, "cgroup_id", cgroup_id);
}

static void put_snapshot(struct json *j, const struct fact *f)
{
	const struct ev_snapshot *e = told(f, EV_SNAPSHOT);
	const struct proc *p = f->proc;
	const struct task_ref *parent = e ? &e->parent : &p->parent.ref;

	put_ppid(j, parent, e);
	export_id(j, "parent", parent);
	json_str(j, "state", p->state == PROC_ALIVE ? "alive" : "zombie");
	if (e)
		json_strings(j, "args", (const char *)e + e->args_off, e->args_len);
	else
		json_null(j, "args");
	put_belonging(j, p, e ? e->cgroup_id : NO_TIME);
}

static void put_fork(struct json *j, const struct fact *f)
{
	const struct ev_fork *e = told(f, EV_FORK);
	const struct task_ref *parent = e ? &e->parent : &f->proc->birth_parent;

	put_ppid(j, parent, e);
	export_id(j, "parent", parent);
	put_thread(j, "creator", &f->creator);
	if (e && !(e->h.flags & EVF_FLAGS_UNKNOWN))
		put_flags(j, e->clone_flags);
	else
		json_null(j, "flags");
	put_belonging(j, f->proc, e ? e->cgroup_id : NO_TIME);
}

static void put_exec(struct json *j, const struct fact *f)
{
	const struct ev_exec *e = told(f, EV_EXEC);
	const struct proc *p = f->proc;
	const struct task_ref *parent = e ? &e->parent : &p->parent.ref;
	const char *bytes = (const char *)e;

	put_ppid(j, parent, e);
	if (!e) {
		/* Told by what came later: what it runs may be known, how it began is not. */
		if (p->file)
			json_bytes(j, "file", p->file, strlen(p->file));
		else
			json_null(j, "file");
		json_null(j, "args");
		json_null(j, "args_bytes");
		json_null(j, "args_truncated");
		json_null(j, "uid");
		json_null(j, "gid");
		return;
	}
	json_bytes(j, "file", bytes + e->file_off, e->file_len);
	if (e->interp_len)
		json_bytes(j, "interp", bytes + e->interp_off, e->interp_len);
	json_strings(j, "args", bytes + e->args_off, e->args_len);
	json_uint(j, "args_bytes", e->args_bytes);
	json_bool(j, "args_truncated", e->args_len < e->args_bytes);
	if (e->old_tid)
		json_uint(j, "old_tid", e->old_tid);
	json_uint(j, "uid", e->uid);
	json_uint(j, "gid", e->gid);
}

static void put_signal_name(struct json *j, int sig)
{
	const char *name = signal_short_name(sig);
	char full[32];

	/* A number without a name ("signal 77") is not given one. */
	snprintf(full, sizeof(full), "%s%s", strchr(name, ' ') ? "" : "SIG", name);
	json_str(j, "signal_name", full);
}

static void put_exit(struct json *j, const struct fact *f)
{
	const struct ev_exit *e = told(f, EV_EXIT);
	const struct proc *p = f->proc;
	const struct task_ref *parent = e ? &e->parent : &p->parent.ref;
	int sig = p->has_status ? proc_signal(p->status) : 0;

	put_ppid(j, parent, e);
	export_id(j, "parent", parent);
	if (sig) {
		json_int(j, "signal", sig);
		put_signal_name(j, sig);
		json_bool(j, "core", proc_core(p->status));
	} else {
		export_known(j, "code", p->has_status, (uint64_t)proc_code(p->status));
	}
	json_bool(j, "autoreap", p->autoreap);
	export_known(j, "max_rss_kib", f->ev != NULL, p->max_rss_kib);
	export_uint(j, "duration_ns", export_duration(p, f->ts));
	if (sig && p->killer.ref.tgid)
		put_who(j, "killed_by", &p->killer);
}

static void put_orphan(struct json *j, const struct fact *f)
{
	const struct who *adopter = &f->new_parent;

	export_id(j, "old_parent", &f->old_parent.ref);
	export_id(j, "new_parent", &adopter->ref);
	export_known(j, "new_ppid", adopter->ref.tgid, adopter->ref.tgid);
	if (adopter->ref.tgid)
		export_field(j, "new_parent_comm", adopter->comm, sizeof(adopter->comm));
	else
		json_null(j, "new_parent_comm");
}

static void put_zombie(struct json *j, const struct fact *f)
{
	const struct task_ref *parent = &f->proc->parent.ref;

	put_ppid(j, parent, false);
	export_id(j, "parent", parent);
	export_uint(j, "since", f->since);
}

static void put_reap(struct json *j, const struct fact *f)
{
	const struct proc *p = f->proc;

	put_who(j, "by", &p->reaper);
	export_uint(j, "zombie_ns", f->zombie_ns);
	json_bool(j, "exact", p->reap_exact);
	json_bool(j, "autoreap", p->autoreap);
	export_known(j, "cpu_ns", p->has_cpu, p->cpu_ns);
}

static void put_thread_event(struct json *j, const struct fact *f)
{
	json_uint(j, "tid", f->tid);
	put_thread(j, "creator", &f->creator);
}

static void put_loss(struct json *j, const struct fact *f)
{
	export_uint(j, "count", f->count);
	export_uint(j, "since", f->since);
	export_uint(j, "until", f->ts);
}

static void put_end(struct json *j, const struct fact *f)
{
	const struct model_counts *c = f->counts;

	export_uint(j, "events", c->events);
	export_uint(j, "forks", c->forks);
	export_uint(j, "execs", c->execs);
	export_uint(j, "exits", c->exits);
	export_uint(j, "reaps", c->reaps);
	export_uint(j, "orphans", c->orphans);
	export_uint(j, "zombies", c->zombies);
	export_uint(j, "lost", c->lost);
	export_uint(j, "duration_ns", f->ts - f->since);
}

/* clang-format off */
static const struct {
	const char *name;
	void (*put)(struct json *j, const struct fact *f);
} types[FACT_TYPES] = {
	[FACT_META] = { "meta", put_meta },
	[FACT_SNAPSHOT] = { "snapshot", put_snapshot },
	[FACT_FORK] = { "fork", put_fork },
	[FACT_EXEC] = { "exec", put_exec },
	[FACT_EXIT] = { "exit", put_exit },
	[FACT_ORPHAN] = { "orphan", put_orphan },
	[FACT_ZOMBIE] = { "zombie", put_zombie },
	[FACT_REAP] = { "reap", put_reap },
	[FACT_THREAD_START] = { "thread_start", put_thread_event },
	[FACT_THREAD_EXIT] = { "thread_exit", put_thread_event },
	[FACT_LOSS] = { "loss", put_loss },
	[FACT_END] = { "end", put_end },
};
/* clang-format on */

void jsonl_fact(void *ctx, const struct fact *f)
{
	struct export *x = ctx;
	struct json *j = &x->json;
	const struct proc *p = f->proc;

	if (f->type >= FACT_TYPES)
		return;
	json_open(j, NULL, '{');
	json_str(j, "type", types[f->type].name);
	export_uint(j, "seq", f->seq);
	export_uint(j, "ts", f->ts);
	put_time(x, f->wall);
	if (p) {
		json_uint(j, "pid", p->ref.tgid);
		export_id(j, "id", &p->ref);
		export_field(j, "comm", p->comm, sizeof(p->comm));
	}
	types[f->type].put(j, f);
	if (f->inferred)
		json_bool(j, "inferred", true);
	json_close(j, '}');
	export_line(x);
}
