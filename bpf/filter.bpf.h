/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * filter.bpf.h: who is followed.  A process is in the table from the moment it matches
 * (or is born of one that is) until it is reaped; what is not in it costs one look-up.
 */
#ifndef BROOD_FILTER_BPF_H
#define BROOD_FILTER_BPF_H

#include "task.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);	/* set on loading, where there is a filter */
	__type(key, struct task_ref);
	__type(value, __u8);
} followed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, FILTER_VALUES);
	__type(key, __u32);
	__type(value, __u32);
} cgroups SEC(".maps");

static __always_inline bool is_followed(struct task_struct *leader)
{
	struct task_ref key;

	if (!cfg.filter)
		return true;
	fill_ref(&key, leader);
	return bpf_map_lookup_elem(&followed, &key) != NULL;
}

static __always_inline bool follow(struct task_struct *leader)
{
	struct task_ref key;
	__u8 yes = 1;

	fill_ref(&key, leader);
	if (bpf_map_update_elem(&followed, &key, &yes, BPF_ANY) == 0)
		return true;
	__sync_fetch_and_add(&state.follow_failed, 1);
	return false;
}

/*
 * A child of one that is followed is followed from its birth on, unless the kernel skipped
 * the probe that should have seen that (recursion_misses).  Made good where it shows.
 */
static __always_inline bool is_ours(struct task_struct *leader)
{
	if (is_followed(leader))
		return true;
	return is_followed(leader->real_parent->group_leader) && follow(leader);
}

static __always_inline void unfollow(struct task_struct *leader)
{
	struct task_ref key;

	if (!cfg.filter)
		return;
	fill_ref(&key, leader);
	bpf_map_delete_elem(&followed, &key);
}

static __always_inline bool uid_matches(struct task_struct *task)
{
	__u32 uid = task->cred->uid.val;

	for (__u32 i = 0; i < FILTER_VALUES; i++)
		if (i < cfg.n_uid && cfg.uid[i] == uid)
			return true;
	return false;
}

static __always_inline bool comm_matches(struct task_struct *task)
{
	__u64 comm[2] = {};

	bpf_probe_read_kernel_str(comm, sizeof(comm), task->comm);
	for (__u32 i = 0; i < FILTER_VALUES; i++) {
		const volatile __u64 *want = (const volatile __u64 *)cfg.comm[i];

		if (i < cfg.n_comm && want[0] == comm[0] && want[1] == comm[1])
			return true;
	}
	return false;
}

static __always_inline bool pidns_matches(struct task_struct *task)
{
	struct upid upid;
	__u32 inum;

	read_ns(task, &upid, &inum);
	for (__u32 i = 0; i < FILTER_VALUES; i++)
		if (i < cfg.n_pidns && cfg.pidns[i] == inum)
			return true;
	return false;
}

/* The cgroup or one below it; asks for current, as the helper cannot do otherwise. */
static __always_inline bool cgroup_matches(void)
{
	for (__u32 i = 0; i < FILTER_VALUES; i++)
		if (i < cfg.n_cgroup && bpf_current_task_under_cgroup(&cgroups, i) == 1)
			return true;
	return false;
}

/* Does it meet every condition that was given?  None given: nobody does. */
static __always_inline bool matches(struct task_struct *task)
{
	if (!cfg.match)
		return false;
	if ((cfg.match & MATCH_UID) && !uid_matches(task))
		return false;
	if ((cfg.match & MATCH_COMM) && !comm_matches(task))
		return false;
	if ((cfg.match & MATCH_PIDNS) && !pidns_matches(task))
		return false;
	if ((cfg.match & MATCH_CGROUP) && !cgroup_matches())
		return false;
	return true;
}

#endif
