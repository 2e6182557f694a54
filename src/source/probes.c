// SPDX-License-Identifier: GPL-2.0-only
#include "source/probes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/say.h"

/* Processes that a filter can hold at once, zombies included. */
#define FOLLOWED_MAX 65536

static int print_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (!say_verbose || level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, fmt, ap);
}

/* What is missing, in one line that says what to do. */
static void complain(const struct features *f)
{
	int err = f->bpf ? f->bpf : f->btf;

	if (f->bpf == -EPERM || f->bpf == -EACCES) {
		if (geteuid())
			say("cannot load probes", "not permitted",
			    "run it as root: sudo brood …, or with CAP_BPF and CAP_PERFMON");
		else
			say("cannot load probes", "the kernel forbids BPF, even to root",
			    "lockdown or a container without CAP_BPF and CAP_PERFMON: see "
			    "`brood check`");
	} else if (f->bpf == -ENOSYS || f->bpf == -EINVAL) {
		say("cannot load probes", "this kernel has no BPF",
		    "needs Linux 5.8 or newer with CONFIG_BPF_SYSCALL");
	} else if (f->btf) {
		say("cannot load probes", "this kernel has no BTF in /sys/kernel/btf/vmlinux",
		    "needs CONFIG_DEBUG_INFO_BTF");
	} else {
		say("cannot load probes", strerror(-err), "details: -v, or `brood check`");
	}
}

static void configure(struct brood *skel, const struct live_options *opt, bool filtered,
		      const struct features *f)
{
	struct probe_config *cfg = (struct probe_config *)&skel->rodata->cfg;
	const struct filter *filter = &opt->filter;

	cfg->args_max = opt->args_max;
	cfg->page_kib = (uint32_t)sysconf(_SC_PAGESIZE) / 1024;
	cfg->threads = opt->threads;
	cfg->kthreads = opt->kthreads;
	cfg->has_group_dead = f->group_dead;
	cfg->exact_reaps = f->release_task == 0;
	cfg->filter = filtered;
	/* Who matches by PID is known at the start; nobody can come to match later. */
	cfg->match = filter->by_pid ? 0 : filter->match;
	cfg->n_uid = filter->n_uid;
	cfg->n_comm = filter->n_comm;
	cfg->n_cgroup = filter->n_cgroup;
	cfg->n_pidns = filter->n_pidns;
	memcpy(cfg->uid, filter->uid, sizeof(cfg->uid));
	memcpy(cfg->pidns, filter->pidns, sizeof(cfg->pidns));
	memcpy(cfg->comm, filter->comm, sizeof(cfg->comm));
	cfg->wake_bytes = opt->buffer / 4;
	cfg->open_bytes = opt->buffer / 4 * 3;
	bpf_map__set_max_entries(skel->maps.ring, (uint32_t)opt->buffer);
	bpf_map__set_max_entries(skel->maps.followed, filtered ? FOLLOWED_MAX : 1);
}

int probes_load(struct brood **out, const struct live_options *opt, bool filtered, bool *exact)
{
	struct features f;
	struct brood *skel;
	int err;

	libbpf_set_print(print_libbpf);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	features_probe(&f);
	if (f.bpf || f.btf) {
		complain(&f);
		return f.bpf ? f.bpf : f.btf;
	}
	*exact = f.release_task == 0;
	skel = brood__open();
	if (!skel) {
		err = -errno;
		say("cannot open probes", strerror(errno), NULL);
		return err;
	}
	configure(skel, opt, filtered, &f);
	bpf_program__set_autoload(skel->progs.on_release, *exact);
	err = brood__load(skel);
	if (err) {
		if (err == -ENOMEM)
			say("cannot load probes", "not enough memory for the buffer",
			    "a smaller --buffer");
		else
			say("cannot load probes", strerror(-err), "details: -v, or `brood check`");
		brood__destroy(skel);
		return err;
	}
	*out = skel;
	return 0;
}

int probes_attach(struct brood *skel)
{
	int err;

	/* The iterator is not attached but read, see snapshot.c. */
	bpf_program__set_autoattach(skel->progs.on_task, false);
	err = brood__attach(skel);
	if (err)
		say("cannot attach probes", strerror(-err), "details: -v, or `brood check`");
	return err;
}

uint64_t probes_missed(const struct brood *skel)
{
	struct bpf_program *prog;
	uint64_t sum = 0;

	bpf_object__for_each_program(prog, skel->obj) {
		struct bpf_prog_info info = { 0 };
		__u32 len = sizeof(info);
		int fd = bpf_program__fd(prog);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0)
			sum += info.recursion_misses;
	}
	return sum;
}
