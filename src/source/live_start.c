// SPDX-License-Identifier: GPL-2.0-only
/*
 * live_start.c: attach first, then iterate, then drain: what happens in between is in the
 * ring, so that nothing falls into a gap, and live events win over the snapshot.
 */
#include "source/live.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#include <bpf/bpf.h>

#include "base/say.h"
#include "source/catchup.h"
#include "source/clock.h"
#include "source/privileges.h"
#include "source/redact.h"

static int open_signals(struct live *l)
{
	static const int ours[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGCHLD };
	struct sigaction old;
	sigset_t set;

	sigemptyset(&set);
	/* What nohup or a shell's & has us ignore stays ignored: a signalfd would see it. */
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (!sigaction(ours[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaddset(&set, ours[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	l->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l->signal_fd < 0) {
		say("signals", strerror(errno), NULL);
		return -errno;
	}
	return 0;
}

static bool is_filtered(const struct live *l)
{
	return l->opt.command || filter_given(&l->opt.filter);
}

/* Only the command, held, is in the trace as it begins. */
static int begin_command(struct live *l)
{
	int err = command_hold(&l->command, l->opt.command[0]);
	size_t i = 0;

	if (!err)
		err = snapshot_take(&l->snapshot, l->probes.skel->progs.on_task);
	if (err)
		return err;
	while (i < l->snapshot.n && l->snapshot.list[i].h.who.tgid != (uint32_t)l->command.pid)
		i++;
	if (i == l->snapshot.n) {
		say(l->opt.command[0], "died before it could be followed", NULL);
		return -ESRCH;
	}
	l->snapshot.list[0] = l->snapshot.list[i];
	l->snapshot.n = 1;
	l->self = l->snapshot.list[0].parent;
	l->held = snapshot_with_args(&l->snapshot.list[0], live_snapshot_args(l));
	if (!l->held)
		return -ENOMEM;
	err = filter_follow(l->probes.skel, &l->snapshot.list[0].h.who);
	here_begin(&l->meta);
	return err;
}

static int begin(struct live *l)
{
	int err;

	if (l->opt.command)
		return begin_command(l);
	if (filter_given(&l->opt.filter)) {
		err = filter_begin(&l->opt.filter, l->probes.skel, &l->snapshot);
		here_begin(&l->meta);
		return err;
	}
	err = snapshot_take(&l->snapshot, l->probes.skel->progs.on_task);
	if (err)
		say("cannot list the processes", strerror(-err), NULL);
	here_begin(&l->meta);
	return err;
}

static int open_all(struct live *l)
{
	bool exact = false;
	int err;

	err = here_meta(&l->meta, l->opt.command, l->opt.no_args);
	if (!err && l->opt.n_redact)
		err = secrets_new(&l->secrets, l->opt.redact, l->opt.n_redact);
	if (err)
		say("cannot start", strerror(-err), NULL);
	if (!err && l->secrets)
		redact_meta(l->secrets, &l->meta);
	if (!err)
		err = open_signals(l);
	if (!err)
		err = probes_load(&l->probes, &l->opt, is_filtered(l), &exact);
	if (err)
		return err;
	l->meta.reap_source = exact ? REAP_RELEASE_TASK : REAP_PROCESS_FREE;
	l->meta.filtered = is_filtered(l);
	l->copy = malloc(sizeof(*l->copy) + 65536 + 2 * 4096);
	l->watch = reapwatch_new(l->opt.zombie_after_ns);
	if (!l->copy || !l->watch) {
		say("cannot start", strerror(ENOMEM), NULL);
		return -ENOMEM;
	}
	err = ring_open(&l->ring, l->probes.skel->maps.ring, &l->probes.skel->bss->state, l->signal_fd,
			live_take, l);
	if (err) {
		say("cannot read the ring buffer", strerror(-err), NULL);
		return err;
	}
	err = filter_open_cgroups(&l->opt.filter, l->probes.skel);
	if (!err && !l->opt.snapshot_only) {
		ring_touch(l->ring, l->probes.skel->progs.touch_ring);
		err = probes_attach(&l->probes);
	}
	l->attached = boottime();
	return err ? err : begin(l);
}

/*
 * The command exists by now, as a process of its own: of this it inherits nothing.  It does
 * not run yet: where it fails nothing has happened.
 */
static int give_up_privileges(const struct live *l)
{
	const struct privileged_work work = {
		.map_fd = bpf_map__fd(l->probes.skel->maps.followed),
		.signals = l->opt.command != NULL,
		.directory = l->opt.directory,
	};
	int err = privileges_drop(&work);

	if (err)
		say("cannot give up privileges", strerror(-err), NULL);
	return err;
}

/*
 * What happened while the processes were listed.  Whose fork is not told after a grace period
 * is taken for one that existed: of some no fork is ever told (see LATE_NS in model/life.c).
 */
static int drain_early(struct live *l)
{
	int n = ring_drain(l->ring);

	if (n >= 0 && births_untold(&l->snapshot, &l->early, l->attached)) {
		ring_settle();
		n = ring_drain(l->ring);
	}
	return n < 0 ? n : 0;
}

int live_open(struct source *out, const struct live_options *opt, int *status)
{
	const char *wrong = here_wrong_namespace();
	struct live *l;
	char why[64];
	int err;

	*status = opt->command ? 125 : 1;
	if (wrong) {
		snprintf(why, sizeof(why), "inside a %s namespace PIDs and times mean others", wrong);
		say("cannot watch", why, "run it outside of the container");
		return -EPERM;
	}
	l = calloc(1, sizeof(*l));
	if (!l) {
		say("cannot start", strerror(ENOMEM), NULL);
		return -ENOMEM;
	}
	l->opt = *opt;
	if (opt->no_args)
		l->opt.args_max = 0;
	l->queueing = true;
	l->signal_fd = -1;
	inherited_save(&l->inherited);
	err = opt->command ? command_prepare(&l->command, opt->command, opt->user, &l->inherited) : 0;
	if (!err)
		err = open_all(l);
	if (!err)
		err = give_up_privileges(l);
	if (!err && opt->command)
		err = command_release(&l->command, opt->command[0], status);
	if (!err && !opt->command && !opt->snapshot_only)
		err = drain_early(l);
	if (err) {
		live_close(l);
		return err;
	}
	*out = (struct source){ &live_ops, l };
	return 0;
}
