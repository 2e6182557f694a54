/* SPDX-License-Identifier: GPL-2.0-only */
/* features.h: what this kernel offers, found out by trying. */
#ifndef BROOD_FEATURES_H
#define BROOD_FEATURES_H

#include <stdbool.h>

struct features {
	int btf;		/* 0, or -errno: no /sys/kernel/btf/vmlinux to read */
	int bpf;		/* 0, or -errno: loading the simplest program */
	int release_task;	/* 0, or -errno: fentry on it; -ENOENT: no such function */
	bool group_dead;	/* sched_process_exit says whether the whole group died */
	bool iter;		/* iter/task exists */
	bool preempted;		/* a tracepoint program can be, see bpf/twice.bpf.h */
};

void features_probe(struct features *f);

#endif
