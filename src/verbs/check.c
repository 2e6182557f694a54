// SPDX-License-Identifier: GPL-2.0-only
/* brood check: what this kernel offers, what is missing and how to get it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/output.h"
#include "source/features.h"
#include "source/here.h"
#include "verbs/verb.h"

/* One row of the report: what it is, whether it is there, what that means or what to do. */
struct finding {
	const char *what;
	bool there, needed;
	const char *good, *bad;
};

static const char *bpf_remedy(int err)
{
	if (err != -EPERM && err != -EACCES)
		return "needs Linux 5.8 or newer with CONFIG_BPF_SYSCALL";
	return geteuid() ? "run it as root: sudo brood check" :
			   "forbidden even to root: lockdown, or a container\n"
			   "without CAP_BPF and CAP_PERFMON";
}

static const char *release_remedy(const struct features *f)
{
	if (f->bpf)
		return "cannot be tried without BPF programs";
	return f->release_task == -ENOENT ? "no such function here: reaps are told 10 to 20 ms late,\n"
				"marked \"exact\": false" :
				"fentry is denied here: reaps are told 10 to 20 ms late,\n"
				"marked \"exact\": false";
}

/* The last column may have more lines; they hang under the first. */
static void print_row(FILE *out, const char *what, const char *verdict, const char *text)
{
	const int indent = 24;
	const char *end;

	fprintf(out, "%-18s %-4s ", what, verdict);
	while ((end = strchr(text, '\n'))) {
		fprintf(out, "%.*s\n%*s", (int)(end - text), text, indent, "");
		text = end + 1;
	}
	fprintf(out, "%s\n", text);
}

static bool report(FILE *out, const struct finding *f, size_t n)
{
	bool ok = true;

	for (size_t i = 0; i < n; i++) {
		print_row(out, f[i].what, f[i].there ? "yes" : f[i].needed ? "NO" : "no",
			  f[i].there ? f[i].good : f[i].bad);
		ok = ok && (f[i].there || !f[i].needed);
	}
	return ok;
}

int verb_check(const struct options *o)
{
	struct features f;
	struct utsname u;
	struct out_file to;
	struct output out;
	bool ok;

	if (out_file_open(&to, o->output, false, o->force) || output_start(&out, &to))
		return STATUS_FAILED;
	features_probe(&f);
	uname(&u);
	print_row(out.file, "kernel", "", u.release);

	const struct finding findings[] = {
		{ "root", geteuid() == 0, false, "may watch",
		  f.bpf ? "watching needs it, or CAP_BPF and CAP_PERFMON" :
			  "not needed: CAP_BPF and CAP_PERFMON are there" },
		{ "namespaces", !here_wrong_namespace(), true, "the initial ones, as the kernel counts",
		  "in a PID or time namespace: run it outside of the container" },
		{ "BPF programs", f.bpf == 0, true, "probes can be loaded", bpf_remedy(f.bpf) },
		{ "kernel types", f.btf == 0, true, "probes can be fitted to this kernel (BTF)",
		  "no /sys/kernel/btf/vmlinux: needs CONFIG_DEBUG_INFO_BTF" },
		{ "task iterator", f.iter, true, "what exists already is known from the start",
		  "needs Linux 5.8 or newer" },
		{ "exact reaps", f.release_task == 0, false,
		  "release_task tells who reaped whom, and when", release_remedy(&f) },
		{ "last thread", f.group_dead, false,
		  "sched_process_exit tells that a process ended",
		  "deduced from the count of threads (kernels before 6.16)" },
	};
	ok = report(out.file, findings, sizeof(findings) / sizeof(*findings));
	if (f.bpf == 0)
		print_row(out.file, "reap source", "",
			  f.release_task == 0 ? "release_task" : "sched_process_free");
	fprintf(out.file, "\n%s\n", ok ? "brood can watch this machine." :
					 "brood cannot watch this machine.");
	if (output_close(&out, o->output))
		return STATUS_FAILED;
	return ok ? STATUS_OK : STATUS_FAILED;
}
