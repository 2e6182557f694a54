/* SPDX-License-Identifier: GPL-2.0-only */
/* census.c: what the model knows of a process, said as a snapshot event. */
#include <stdlib.h>
#include <string.h>

#include "model/private.h"

static uint16_t flags_of(const struct proc *p)
{
	bool adopted = p->adopted_before || p->orphaned_ts != NO_TIME;

	return (uint16_t)((p->inferred ? EVF_INFERRED : 0) | (adopted ? EVF_ADOPTED : 0));
}

struct ev_snapshot *model_census(const struct model *m, const struct proc *p)
{
	struct ev_snapshot *s = malloc(sizeof(*s) + p->args_len);
	const bool zombie = p->state == PROC_ZOMBIE;

	if (!s)
		return NULL;
	*s = (struct ev_snapshot){
		.h = {.ts = m->meta->t0 + m->now, .who = p->ref, .kind = EV_SNAPSHOT,
		      .flags = flags_of(p)},
		.parent = p->parent.ref,
		.cgroup_id = p->cgroup_id,
		.uid = p->uid,
		.gid = p->gid,
		.ns_pid = p->ns_pid,
		.pid_ns = p->pid_ns,
		.state = zombie ? SNAP_ZOMBIE : SNAP_ALIVE,
		.status = p->status,
		.sid = p->sid,
		.parent_sid = p->parent_sid,
		.kthread = p->kthread,
		.args_bytes = p->args_bytes,
		.args_off = sizeof(*s),
		.args_len = p->args_len,
		.since = zombie && p->exit_ts != NO_TIME ? m->meta->t0 + p->exit_ts : 0,
	};
	memcpy(s->h.comm, p->comm, sizeof(s->h.comm));
	if (p->args_len)
		memcpy(s + 1, p->args, p->args_len);
	return s;
}
