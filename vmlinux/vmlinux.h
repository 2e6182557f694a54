/* Made by vmlinux/generate.sh (make vmlinux) on Linux 6.18.44-fc-v782 x86_64; do not edit. */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

typedef __u64 u64;

typedef __kernel_pid_t pid_t;

typedef __kernel_uid32_t uid_t;

typedef __kernel_gid32_t gid_t;

typedef struct {
	int counter;
} atomic_t;

struct sched_entity {
	u64 sum_exec_runtime;
};

struct mm_struct;

struct pid;

struct signal_struct;

struct sighand_struct;

struct css_set;

struct cred;

struct task_struct {
	unsigned int flags;
	unsigned int ptrace;
	struct sched_entity se;
	struct mm_struct *mm;
	int exit_state;
	int exit_code;
	int exit_signal;
	pid_t pid;
	pid_t tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	u64 start_boottime;
	const struct cred *cred;
	char comm[16];
	struct signal_struct *signal;
	struct sighand_struct *sighand;
	u64 parent_exec_id;
	u64 self_exec_id;
	struct css_set *cgroups;
};

struct mm_struct {
	struct {
		long unsigned int arg_start;
		long unsigned int arg_end;
	};
};

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct task_struct *child_reaper;
	struct ns_common ns;
};

typedef void *__sighandler_t;

struct kernel_siginfo {
	struct {
		int si_code;
	};
};

struct sigaction {
	__sighandler_t sa_handler;
	long unsigned int sa_flags;
};

struct k_sigaction {
	struct sigaction sa;
};

typedef struct {
	uid_t val;
} kuid_t;

typedef struct {
	gid_t val;
} kgid_t;

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[0];
};

struct cred {
	kuid_t uid;
	kgid_t gid;
};

struct signal_struct {
	atomic_t live;
	int group_exit_code;
	unsigned int flags;
	unsigned int is_child_subreaper: 1;
	unsigned int has_child_subreaper: 1;
	struct pid *pids[4];
	long unsigned int maxrss;
	long long unsigned int sum_sched_runtime;
};

struct sighand_struct {
	struct k_sigaction action[64];
};

struct cgroup;

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct kernfs_node;

struct cgroup {
	struct kernfs_node *kn;
};

struct kernfs_node {
	u64 id;
};

struct linux_binprm {
	void *filename;
	void *interp;
};

struct bpf_iter_meta {
	union {
		void *seq;
	};
	u64 seq_num;
};

struct bpf_iter__task {
	union {
		struct bpf_iter_meta *meta;
	};
	union {
		struct task_struct *task;
	};
};

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif /* __VMLINUX_H__ */
