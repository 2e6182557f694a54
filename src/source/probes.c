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

/* A list of what exists takes none of the programs that can be skipped. */
static bool needed_twice(const struct live_options *opt, const struct features *f)
{
	return f->preempted && !opt->snapshot_only;
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
	cfg->twice = needed_twice(opt, f);
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
	bpf_map__set_max_entries(skel->maps.marks, cfg->twice ? MARK_KINDS * MARKS : 1);
}

/* All but its constants it has in common with the first one. */
static int share_maps(struct brood *again, const struct brood *skel)
{
	struct bpf_map *map, *of = NULL;
	int err = 0;

	bpf_object__for_each_map(map, again->obj) {
		of = bpf_object__next_map(skel->obj, of);
		if (!err && map != again->maps.rodata)
			err = bpf_map__reuse_fd(map, bpf_map__fd(of));
	}
	return err;
}

/* first: NULL, or the one that this is a second copy of.  *out is the caller's, also on error. */
static int load(struct brood **out, const struct brood *first, const struct live_options *opt,
		bool filtered, const struct features *f)
{
	struct brood *skel = *out = brood__open();
	int err;

	if (!skel) {
		err = -errno;
		say("cannot open probes", strerror(-err), NULL);
		return err;
	}
	configure(skel, opt, filtered, f);
	bpf_program__set_autoload(skel->progs.on_release, f->release_task == 0);
	bpf_program__set_autoload(skel->progs.on_task, !first);
	bpf_program__set_autoload(skel->progs.touch_ring, !first && !opt->snapshot_only);
	err = first ? share_maps(skel, first) : 0;
	if (!err)
		err = brood__load(skel);
	if (err == -ENOMEM)
		say("cannot load probes", "not enough memory for the buffer", "a smaller --buffer");
	else if (err)
		say("cannot load probes", strerror(-err), "details: -v, or `brood check`");
	return err;
}

int probes_load(struct probes *out, const struct live_options *opt, bool filtered, bool *exact)
{
	struct probes p = { 0 };
	struct features f;
	int err;

	libbpf_set_print(print_libbpf);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	features_probe(&f);
	if (f.bpf || f.btf) {
		complain(&f);
		return f.bpf ? f.bpf : f.btf;
	}
	*exact = f.release_task == 0;
	err = load(&p.skel, NULL, opt, filtered, &f);
	if (!err && needed_twice(opt, &f))
		err = load(&p.again, p.skel, opt, filtered, &f);
	if (err)
		probes_close(&p);
	*out = p;
	return err;
}

void probes_close(struct probes *p)
{
	brood__destroy(p->again);
	brood__destroy(p->skel);
	*p = (struct probes){ 0 };
}

static uint64_t skipped(const struct brood *skel)
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

/*
 * Of two copies one was skipped wherever a mark is left standing, and both of them for what
 * remains: twice as many as are missed.  Where the second is still to come a mark stands, too,
 * so some may be told later.
 */
static int64_t unpaired(const struct probes *p)
{
	/* In this order: what happens in between makes it less. */
	int64_t all = (int64_t)(skipped(p->skel) + skipped(p->again));

	return all - __atomic_load_n(&p->skel->bss->state.marks, __ATOMIC_RELAXED);
}

int probes_attach(struct probes *p)
{
	int err;

	/* These are run: the iterator is read, see snapshot.c. */
	bpf_program__set_autoattach(p->skel->progs.on_task, false);
	bpf_program__set_autoattach(p->skel->progs.touch_ring, false);
	err = brood__attach(p->skel);
	if (!err && p->again)
		err = brood__attach(p->again);
	/* Until then the first was alone, and nobody took its marks away. */
	if (!err && p->again)
		p->before = unpaired(p);
	if (err)
		say("cannot attach probes", strerror(-err), "details: -v, or `brood check`");
	return err;
}

uint64_t probes_missed(const struct probes *p)
{
	int64_t more;

	if (!p->again)
		return skipped(p->skel);
	more = unpaired(p) - p->before;
	return more > 0 ? (uint64_t)more / 2 : 0;
}
