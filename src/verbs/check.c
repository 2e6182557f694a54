// SPDX-License-Identifier: GPL-2.0-only
/* brood check: what this kernel offers, what is missing and how to get it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/output.h"
#include "source/features.h"
#include "verbs/verb.h"

/* One line of the report: what it is, whether it is there, what it is for or what to do. */
struct finding {
	const char *what;
	bool there, needed;
	const char *good, *bad;
};

static const char *bpf_remedy(int err)
{
	if (err == -EPERM || err == -EACCES)
		return geteuid() ? "run it as root: sudo brood check" :
				   "forbidden even to root: kernel lockdown, or a container "
				   "without CAP_BPF and CAP_PERFMON";
	return "needs Linux 5.8 or newer with CONFIG_BPF_SYSCALL and CONFIG_BPF_JIT";
}

static const char *release_remedy(int err)
{
	return err == -ENOENT ? "this kernel has no such function to attach to" :
				"fentry is denied here: a reap is told 10 to 20 ms late, "
				"marked \"exact\": false";
}

static bool report(FILE *out, const struct finding *f, size_t n)
{
	bool ok = true;

	for (size_t i = 0; i < n; i++) {
		const char *verdict = f[i].there ? "yes" : f[i].needed ? "NO" : "no";

		fprintf(out, "%-28s %-4s %s\n", f[i].what, verdict, f[i].there ? f[i].good : f[i].bad);
		ok = ok && (f[i].there || !f[i].needed);
	}
	return ok;
}

int verb_check(const struct options *o)
{
	struct features f;
	struct utsname u;
	struct output out;
	bool ok;

	if (output_open(&out, o->output, false, o->force))
		return STATUS_FAILED;
	features_probe(&f);
	uname(&u);
	fprintf(out.file, "kernel %s %s\n\n", u.release, u.machine);

	const struct finding findings[] = {
		{ "root", geteuid() == 0, false, "", "watching needs it; reading a trace does not" },
		{ "BPF programs", f.bpf == 0, true, "the probes can be loaded", bpf_remedy(f.bpf) },
		{ "kernel types (BTF)", f.btf == 0, true, "the probes fit this kernel",
		  "/sys/kernel/btf/vmlinux is missing: needs CONFIG_DEBUG_INFO_BTF" },
		{ "task iterator", f.iter, true, "what exists already is known from the start",
		  "needs Linux 5.8 or newer" },
		{ "exact reaps (release_task)", f.release_task == 0, false,
		  "who reaped and when is told at the moment", release_remedy(f.release_task) },
		{ "last thread is told", f.group_dead, false,
		  "sched_process_exit says whether the process ended",
		  "deduced from the thread count instead (kernels before 6.16)" },
	};
	ok = report(out.file, findings, sizeof(findings) / sizeof(*findings));
	fprintf(out.file, "\nreap source: %s\n",
		f.release_task == 0 ? "release_task (exact)" : "sched_process_free (late)");
	fprintf(out.file, "%s\n", ok ? "brood can watch this machine." :
				       "brood cannot watch this machine; it can still read traces.");
	if (output_close(&out, o->output))
		return STATUS_FAILED;
	return ok ? STATUS_OK : STATUS_FAILED;
}
