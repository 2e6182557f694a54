// SPDX-License-Identifier: GPL-2.0-only
#include "source/features.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

/* r0 = 0; exit */
static const struct bpf_insn return_zero[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static int try_load(enum bpf_prog_type type, const struct bpf_prog_load_opts *opts)
{
	int fd = bpf_prog_load(type, "brood_probe", "GPL", return_zero,
			       sizeof(return_zero) / sizeof(*return_zero), opts);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* Lockdown and hardened kernels deny it at different steps: go the whole way. */
static int try_fentry(const struct btf *btf, const char *function)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY);
	int id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);
	int prog, link;

	if (id < 0)
		return -ENOENT;
	opts.attach_btf_id = (__u32)id;
	prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "brood_probe", "GPL", return_zero,
			     sizeof(return_zero) / sizeof(*return_zero), &opts);
	if (prog < 0)
		return prog;
	link = bpf_raw_tracepoint_open(NULL, prog);
	close(prog);
	if (link < 0)
		return link;
	close(link);
	return 0;
}

/* The tracepoint's prototype: void *data, task, and since 6.16 bool group_dead. */
static bool has_group_dead(const struct btf *btf)
{
	const struct btf_type *t;
	int id = btf__find_by_name_kind(btf, "btf_trace_sched_process_exit", BTF_KIND_TYPEDEF);

	if (id < 0)
		return false;
	t = btf__type_by_id(btf, (__u32)id);
	t = btf__type_by_id(btf, t->type);	/* pointer */
	t = t ? btf__type_by_id(btf, t->type) : NULL;
	return t && btf_is_func_proto(t) && btf_vlen(t) >= 3;
}

/* Nothing in BTF tells of it: it is about what the kernel holds around the call. */
static bool is_preempted(void)
{
	struct utsname u;

	return uname(&u) == 0 && strtol(u.release, NULL, 10) >= 7;
}

void features_probe(struct features *f)
{
	struct btf *btf;

	*f = (struct features){ .btf = -ENOENT, .release_task = -ENOENT };
	/* Any type will do; a socket filter needs the fewest rights, a raw tracepoint is
	 * what we need rights for. */
	f->bpf = try_load(BPF_PROG_TYPE_RAW_TRACEPOINT, NULL);
	btf = btf__load_vmlinux_btf();
	if (!btf) {
		f->btf = -errno;
		return;
	}
	f->btf = 0;
	f->preempted = is_preempted();
	f->group_dead = has_group_dead(btf);
	f->iter = btf__find_by_name_kind(btf, "bpf_iter_task", BTF_KIND_FUNC) >= 0;
	f->release_task = f->bpf ? f->bpf : try_fentry(btf, "release_task");
	btf__free(btf);
}
