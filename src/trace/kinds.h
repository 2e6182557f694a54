/* SPDX-License-Identifier: GPL-2.0-only */
/* kinds.h: the fields of each kind of record, in order: constants for fields.c and walk.h. */
#ifndef BROOD_TRACE_KINDS_H
#define BROOD_TRACE_KINDS_H

#include <stddef.h>

#include "trace/fields.h"

/* clang-format off */
#define AT(type, member) (uint8_t)offsetof(struct type, member)
#define HEAD(comm_expect) \
	{ FIELD_U16,     EXPECT_LAST,   0, AT(event, flags) }, \
	{ FIELD_TID,     EXPECT_TGID,   0, AT(event, who) }, \
	{ FIELD_COMM,    comm_expect,   0, AT(event, comm) }

static const struct field fork_fields[] = {
	{ FIELD_CREATOR, EXPECT_LAST,   0, AT(ev_fork, creator) },
	HEAD(EXPECT_OWN),
	{ FIELD_TID,     EXPECT_TGID,   0, AT(ev_fork, creator) },
	{ FIELD_PARENT,  EXPECT_REF,    0, AT(ev_fork, parent) },
	{ FIELD_TID,     EXPECT_NONE,   0, AT(ev_fork, parent) },
	{ FIELD_U64,     EXPECT_LAST,   0, AT(ev_fork, clone_flags) },
	{ FIELD_U64,     EXPECT_OWN,    OWN_CGROUP, AT(ev_fork, cgroup_id) },
	{ FIELD_U32,     EXPECT_OWN,    OWN_UID, AT(ev_fork, uid) },
	{ FIELD_U32,     EXPECT_OWN,    OWN_GID, AT(ev_fork, gid) },
	{ FIELD_NS_PID,  EXPECT_OWN,    0, AT(ev_fork, ns_pid) },
	{ FIELD_U32,     EXPECT_OWN,    OWN_PID_NS, AT(ev_fork, pid_ns) },
	{ FIELD_INHERIT, EXPECT_NONE,   0, 0 },
};

static const struct field exec_fields[] = {
	{ FIELD_BYTES,   EXPECT_LAST,   0, AT(ev_exec, args_off) },
	{ FIELD_U32,     EXPECT_LEN,    0, AT(ev_exec, args_bytes) },
	{ FIELD_BYTES,   EXPECT_LAST,   0, AT(ev_exec, file_off) },
	HEAD(EXPECT_FILE),
	{ FIELD_BYTES,   EXPECT_FILE,   0, AT(ev_exec, interp_off) },
	{ FIELD_PARENT,  EXPECT_PARENT, 0, AT(ev_exec, parent) },
	{ FIELD_TID,     EXPECT_NONE,   0, AT(ev_exec, parent) },
	{ FIELD_U32,     EXPECT_OWN,    OWN_UID, AT(ev_exec, uid) },
	{ FIELD_U32,     EXPECT_OWN,    OWN_GID, AT(ev_exec, gid) },
	{ FIELD_U32,     EXPECT_LAST,   0, AT(ev_exec, old_tid) },
};

static const struct field exit_fields[] = {
	{ FIELD_U32,     EXPECT_LAST,   0, AT(ev_exit, status) },
	{ FIELD_DELTA,   EXPECT_LAST,   0, AT(ev_exit, max_rss_kib) },
	HEAD(EXPECT_OWN),
	{ FIELD_PARENT,  EXPECT_PARENT, 0, AT(ev_exit, parent) },
	{ FIELD_TID,     EXPECT_NONE,   0, AT(ev_exit, parent) },
	{ FIELD_REF,     EXPECT_LAST,   0, AT(ev_exit, adopter) },
	{ FIELD_COMM,    EXPECT_ITS,    0, AT(ev_exit, adopter_comm) },
	{ FIELD_TID,     EXPECT_NONE,   0, AT(ev_exit, adopter) },
};

static const struct field reap_fields[] = {
	{ FIELD_U64,     EXPECT_NONE,   0, AT(ev_reap, cpu_ns) },
	HEAD(EXPECT_OWN),
	{ FIELD_PARENT,  EXPECT_PARENT, 0, AT(ev_reap, parent) },
	{ FIELD_TID,     EXPECT_NONE,   0, AT(ev_reap, parent) },
	{ FIELD_REF,     EXPECT_PARENT, 0, AT(ev_reap, by) },
	{ FIELD_COMM,    EXPECT_ITS,    0, AT(ev_reap, by_comm) },
	{ FIELD_TID,     EXPECT_TGID_OR_NONE, 0, AT(ev_reap, by) },
};

static const struct field signal_fields[] = {
	HEAD(EXPECT_OWN),
	{ FIELD_REF,     EXPECT_LAST,   0, AT(ev_signal, from) },
	{ FIELD_COMM,    EXPECT_ITS,    0, AT(ev_signal, from_comm) },
	{ FIELD_TID,     EXPECT_TGID,   0, AT(ev_signal, from) },
	{ FIELD_U32,     EXPECT_LAST,   0, AT(ev_signal, sig) },
};

static const struct field snapshot_fields[] = {
	HEAD(EXPECT_OWN),
	{ FIELD_PARENT,  EXPECT_PARENT, 0, AT(ev_snapshot, parent) },
	{ FIELD_TID,     EXPECT_NONE,   0, AT(ev_snapshot, parent) },
	{ FIELD_U64,     EXPECT_OWN,    OWN_CGROUP, AT(ev_snapshot, cgroup_id) },
	{ FIELD_U32,     EXPECT_OWN,    OWN_UID, AT(ev_snapshot, uid) },
	{ FIELD_U32,     EXPECT_OWN,    OWN_GID, AT(ev_snapshot, gid) },
	{ FIELD_NS_PID,  EXPECT_OWN,    0, AT(ev_snapshot, ns_pid) },
	{ FIELD_U32,     EXPECT_OWN,    OWN_PID_NS, AT(ev_snapshot, pid_ns) },
	{ FIELD_U32,     EXPECT_LAST,   0, AT(ev_snapshot, state) },
	{ FIELD_U32,     EXPECT_LAST,   0, AT(ev_snapshot, status) },
	{ FIELD_U32,     EXPECT_LAST,   0, AT(ev_snapshot, sid) },
	{ FIELD_U32,     EXPECT_LAST,   0, AT(ev_snapshot, parent_sid) },
	{ FIELD_U32,     EXPECT_LAST,   0, AT(ev_snapshot, parent_ns_pid) },
	{ FIELD_U32,     EXPECT_LAST,   0, AT(ev_snapshot, kthread) },
	{ FIELD_BYTES,   EXPECT_NONE,   0, AT(ev_snapshot, args_off) },
	{ FIELD_U32,     EXPECT_LEN,    0, AT(ev_snapshot, args_bytes) },
	{ FIELD_AGE,     EXPECT_NONE,   0, AT(ev_snapshot, since) },
};

static const struct field thread_start_fields[] = {
	HEAD(EXPECT_OWN),
	{ FIELD_REF,     EXPECT_REF,    0, AT(ev_thread, creator) },
	{ FIELD_TID,     EXPECT_TGID,   0, AT(ev_thread, creator) },
};

static const struct field thread_exit_fields[] = {
	HEAD(EXPECT_OWN),
	{ FIELD_REF,     EXPECT_REF,    0, AT(ev_thread, creator) },
	{ FIELD_TID,     EXPECT_WHO_TID, 0, AT(ev_thread, creator) },
};

static const struct field loss_fields[] = {
	HEAD(EXPECT_NONE),
	{ FIELD_AGE,     EXPECT_NONE,   0, AT(ev_loss, since) },
	{ FIELD_U64,     EXPECT_NONE,   0, AT(ev_loss, count) },
};

static const struct field clock_fields[] = {
	HEAD(EXPECT_NONE),
	{ FIELD_U64,     EXPECT_NONE,   0, AT(ev_clock, wall_ns) },
};

static const struct field gone_fields[] = {
	HEAD(EXPECT_NONE),
	{ FIELD_AGE,     EXPECT_NONE,   0, AT(ev_gone, seen) },
};

static const struct field census_fields[] = {
	HEAD(EXPECT_NONE),
	{ FIELD_U32,     EXPECT_NONE,   0, AT(ev_census, count) },
};

static const struct field past_fields[] = {
	HEAD(EXPECT_OWN),
	{ FIELD_U32,     EXPECT_LAST,   0, AT(ev_past, bits) },
	{ FIELD_AGE,     EXPECT_NONE,   0, AT(ev_past, fork_ts) },
	{ FIELD_AGE,     EXPECT_NONE,   0, AT(ev_past, exit_ts) },
	{ FIELD_AGE,     EXPECT_NONE,   0, AT(ev_past, orphaned_ts) },
	{ FIELD_AGE,     EXPECT_NONE,   0, AT(ev_past, flagged_ts) },
	{ FIELD_AGE,     EXPECT_NONE,   0, AT(ev_past, zombie_from) },
	{ FIELD_AGE,     EXPECT_NONE,   0, AT(ev_past, gone_ts) },
	{ FIELD_AGE,     EXPECT_NONE,   0, AT(ev_past, gone_since) },
	{ FIELD_U64,     EXPECT_NONE,   0, AT(ev_past, max_rss_kib) },
	{ FIELD_U32,     EXPECT_NONE,   0, AT(ev_past, execs) },
	{ FIELD_U32,     EXPECT_NONE,   0, AT(ev_past, killer_sig) },
	{ FIELD_BYTES,   EXPECT_NONE,   0, AT(ev_past, file_off) },
	{ FIELD_U32,     EXPECT_NONE,   0, AT(ev_past, rival_sig) },
};

static const struct field link_fields[] = {
	HEAD(EXPECT_OWN),
	{ FIELD_U32,     EXPECT_LAST,   0, AT(ev_link, relation) },
	{ FIELD_REF,     EXPECT_LAST,   0, AT(ev_link, to) },
	{ FIELD_COMM,    EXPECT_ITS,    0, AT(ev_link, to_comm) },
	{ FIELD_TID,     EXPECT_NONE,   0, AT(ev_link, to) },
	{ FIELD_AGE,     EXPECT_NONE,   0, AT(ev_link, since) },
	{ FIELD_U32,     EXPECT_NONE,   0, AT(ev_link, ignores) },
};

static const struct field checkpoint_fields[] = {
	HEAD(EXPECT_NONE),
	{ FIELD_U64,     EXPECT_NONE,   0, AT(ev_checkpoint, seq) },
	{ FIELD_U64,     EXPECT_NONE,   0, AT(ev_checkpoint, wall_ns) },
};

static const struct field plain_fields[] = {
	HEAD(EXPECT_NONE),
};
/* clang-format on */

#endif
