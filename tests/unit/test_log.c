// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of src/view/log.c: the exact line of every fact.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/sched.h>

#include "base/text.h"
#include "view/view.h"

#define MS UINT64_C(1000000)
#define S  (1000 * MS)

/* A literal with NULs in it, and its length. */
#define BYTES(s) (s), sizeof(s) - 1

#define HEADER "    TIME s     PID COMMAND         EVENT\n"

/* One process, 4712 worker, child of 4711 server; and the fact that befalls it. */
struct fixture {
	struct view_options opt;
	struct log_view view;
	struct meta meta;
	struct model_counts counts;
	struct proc proc;
	struct fact fact;
	union {
		struct event h;
		struct ev_fork fork;
		struct ev_exec exec;
		struct ev_exit exit;
		struct ev_reap reap;
		struct ev_snapshot snapshot;
		char bytes[4096];
	} ev;
	char *text;
	size_t len;
};

static struct who who(uint32_t pid, const char *comm)
{
	struct who w = {.ref = {.start = 1000 * (uint64_t)pid, .tgid = pid}};

	memcpy(w.comm, comm, strnlen(comm, EVENT_COMM));
	return w;
}

static int begin(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));
	struct who worker = who(4712, "worker");

	if (!x)
		return -1;
	x->proc.ref = worker.ref;
	memcpy(x->proc.comm, worker.comm, sizeof(worker.comm));
	x->proc.parent = who(4711, "server");
	x->proc.birth_parent = x->proc.parent.ref;
	x->proc.ns_pid = 4712;
	x->proc.exit_ts = x->proc.reap_ts = x->proc.fork_ts = NO_TIME;
	x->fact = (struct fact){
		.ts = 50812999,
		.proc = &x->proc,
		.meta = &x->meta,
		.counts = &x->counts,
		.zombie_ns = NO_TIME,
	};
	x->view = (struct log_view){.opt = &x->opt, .header_done = true};
	x->opt.out = open_memstream(&x->text, &x->len);
	*state = x;
	return x->opt.out ? 0 : -1;
}

static int end(void **state)
{
	struct fixture *x = *state;

	fclose(x->opt.out);
	free(x->text);
	free(x);
	return 0;
}

/* The fact is of this type, and the kernel told it. */
static void told(struct fixture *x, enum fact_type type, enum event_kind kind)
{
	x->fact.type = type;
	x->ev.h.kind = (uint16_t)kind;
	x->fact.ev = &x->ev.h;
}

/* What this one fact adds. */
static const char *lines(struct fixture *x)
{
	size_t before;

	fflush(x->opt.out);
	before = x->len;
	log_view_fact(&x->view, &x->fact);
	fflush(x->opt.out);
	return x->text + before;
}

static void check(struct fixture *x, const char *expected)
{
	assert_string_equal(lines(x), expected);
}

/* ---- around the event ---- */

static void test_header(void **state)
{
	struct fixture *x = *state;

	x->view.header_done = false;
	x->fact.type = FACT_META;
	x->fact.proc = NULL;
	check(x, HEADER);
	assert_true(x->view.header_done);
	assert_int_equal(strlen(lines(x)), 0);
	x->fact.type = FACT_END;
	assert_int_equal(strlen(lines(x)), 0);
}

static void test_header_without_meta(void **state)
{
	struct fixture *x = *state;

	x->view.header_done = false;
	told(x, FACT_EXIT, EV_EXIT);
	x->proc.has_status = true;
	check(x, HEADER "  0.050812    4712 worker          exit 0\n");
	check(x, "  0.050812    4712 worker          exit 0\n");
}

static void test_columns(void **state)
{
	static const struct {
		uint64_t ts;
		uint32_t pid;
		const char *comm, *line;
	} cases[] = {
		{0, 1, "", "  0.000000       1                 thread 2 ended\n"},
		{999, 1, "a", "  0.000000       1 a               thread 2 ended\n"},
		{1000, 4194304, "fifteen_letters",
		 "  0.000001 4194304 fifteen_letters thread 2 ended\n"},
		/* All 16 bytes used: no NUL behind them. */
		{10 * S - 1, 99, "sixteen__letters",
		 "  9.999999      99 sixteen__letters thread 2 ended\n"},
		{1000 * S - 1, 99, "x", "999.999999      99 x               thread 2 ended\n"},
		{1000 * S, 99, "x", "1000.000000      99 x               thread 2 ended\n"},
		{86400 * S, 4294967295, "x",
		 "86400.000000 4294967295 x               thread 2 ended\n"},
		{1, 7, "日本", "  0.000000       7 日本            thread 2 ended\n"},
		{1, 7, "a\033[2J\\", "  0.000000       7 a\\e[2J\\\\        thread 2 ended\n"},
		{1, 7, "\xff\n", "  0.000000       7 \\xff\\n          thread 2 ended\n"},
	};
	struct fixture *x = *state;

	told(x, FACT_THREAD_EXIT, EV_THREAD_EXIT);
	x->fact.tid = 2;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct who w = who(cases[i].pid, cases[i].comm);

		x->fact.ts = cases[i].ts;
		x->proc.ref = w.ref;
		memcpy(x->proc.comm, w.comm, sizeof(w.comm));
		check(x, cases[i].line);
	}
}

/* A name that grows by being escaped stays in its column, where columns count. */
static void test_long_name(void **state)
{
	struct fixture *x = *state;

	told(x, FACT_THREAD_EXIT, EV_THREAD_EXIT);
	x->fact.tid = 2;
	memcpy(x->proc.comm, "\1\2\3\4\5\6", 6);
	check(x, "  0.050812    4712 \\x01\\x02\\x03\\x04\\x05\\x06 thread 2 ended\n");
	x->opt.columns = 80;
	check(x, "  0.050812    4712 \\x01\\x02\\x03\\x… thread 2 ended\n");
	x->opt.wide = true;
	check(x, "  0.050812    4712 \\x01\\x02\\x03\\x04\\x05\\x06 thread 2 ended\n");
}

static void test_colours(void **state)
{
	struct fixture *x = *state;

	x->opt.colour = true;
	x->opt.columns = 40;
	told(x, FACT_ORPHAN, EV_EXIT);
	x->fact.old_parent = who(4719, "server");
	/* Exactly 40 columns, and the end of the colour is not cut off. */
	check(x, "  0.050812    4712 worker          \033[35morph…\033[0m\n");

	x->view.header_done = false;
	x->fact.type = FACT_META;
	check(x, "\033[1m    TIME s     PID COMMAND         EVENT\033[0m\n");

	x->opt.columns = 0;
	told(x, FACT_EXIT, EV_EXIT);
	x->proc.has_status = true;
	check(x, "  0.050812    4712 worker          exit 0\n");
	x->proc.status = 1 << 8;
	check(x, "  0.050812    4712 worker          \033[31mexit 1\033[0m\n");
	told(x, FACT_REAP, EV_REAP);
	check(x, "  0.050812    4712 worker          \033[2mreaped\033[0m\n");
}

/* ---- birth ---- */

static void told_fork(struct fixture *x, uint64_t flags)
{
	told(x, FACT_FORK, EV_FORK);
	x->ev.fork.clone_flags = flags;
	x->fact.creator = x->proc.parent.ref;
	x->fact.creator.tid = x->fact.creator.tgid;
}

static void test_fork(void **state)
{
	struct fixture *x = *state;

	told_fork(x, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID);
	check(x, "  0.050812    4711 server          fork 4712\n");
	x->ev.fork.clone_flags = CLONE_VM | CLONE_VFORK;
	check(x, "  0.050812    4711 server          vfork 4712\n");
	x->ev.h.flags = EVF_FLAGS_UNKNOWN;
	check(x, "  0.050812    4711 server          fork 4712\n");

	x->ev.h.flags = 0;
	told_fork(x, CLONE_NEWPID);
	x->proc.ns_pid = 1;
	check(x, "  0.050812    4711 server          fork 4712 (PID 1 in a new PID namespace)\n");
}

static void test_fork_by_thread(void **state)
{
	struct fixture *x = *state;

	told_fork(x, 0);
	x->fact.creator.tid = 4715;
	check(x, "  0.050812    4711 server          fork 4712, by thread 4715\n");
}

/* It stands under who forked; a child begins with the name of its creator. */
static void test_fork_clone_parent(void **state)
{
	struct fixture *x = *state;

	told_fork(x, CLONE_PARENT);
	x->fact.creator = (struct task_ref){.start = 1, .tgid = 4720, .tid = 4720};
	check(x, "  0.050812    4720 worker          fork 4712, child of 4711 (CLONE_PARENT)\n");
	x->fact.creator.tid = 4725;
	check(x, "  0.050812    4720 worker          fork 4712, by thread 4725, child of 4711"
		 " (CLONE_PARENT)\n");
	x->ev.h.flags = EVF_FLAGS_UNKNOWN;
	x->fact.creator.tid = 4720;
	check(x, "  0.050812    4720 worker          fork 4712, child of 4711\n");
}

static void test_fork_inferred(void **state)
{
	struct fixture *x = *state;

	x->fact.type = FACT_FORK;
	x->fact.inferred = true;
	check(x, "  0.050812    4711 server          fork 4712 (inferred)\n");
	x->proc.birth_parent = (struct task_ref){0};
	check(x, "  0.050812    4712 worker          born, of whom was not seen (inferred)\n");
}

static void test_snapshot(void **state)
{
	struct fixture *x = *state;

	/* What was there before, a followed command included, is not news. */
	told(x, FACT_SNAPSHOT, EV_SNAPSHOT);
	x->proc.from_snapshot = true;
	x->fact.ts = 0;
	check(x, "");
	/* One that met the filter later is. */
	x->fact.ts = 50812999;
	check(x, "  0.050812    4712 worker          "
		 "followed from here on, child of 4711 server\n");

	x->proc.state = PROC_ZOMBIE;
	x->proc.has_status = true;
	x->proc.status = 3 << 8;
	check(x, "  0.050812    4712 worker          a zombie already, exit 3: "
		 "its parent 4711 server has not waited for it\n");
	x->opt.columns = 80;
	check(x, "  0.050812    4712 worker          a zombie already, exit 3; "
		 "parent 4711 server\n");
	x->opt.columns = 0;
	x->proc.status = 9;
	check(x, "  0.050812    4712 worker          a zombie already, killed: KILL: "
		 "its parent 4711 server has not waited for it\n");

	x->proc.state = PROC_ALIVE;
	x->fact.ev = NULL;
	x->fact.inferred = true;
	check(x, "  0.050812    4712 worker          "
		 "found alive, child of 4711 server (inferred)\n");
	x->proc.state = PROC_ZOMBIE;
	x->proc.has_status = false;
	x->proc.parent = (struct who){0};
	check(x, "  0.050812    4712 worker          found dead (inferred)\n");
}

/* ---- exec ---- */

static void told_exec(struct fixture *x, const char *file, const char *args, size_t args_len)
{
	struct ev_exec *e = &x->ev.exec;

	told(x, FACT_EXEC, EV_EXEC);
	e->args_off = sizeof(*e) + 64;
	e->args_bytes = e->args_len = (uint32_t)args_len;
	memcpy(x->ev.bytes + e->args_off, args, args_len);
	e->file_off = e->args_off + e->args_len;
	e->file_len = (uint32_t)strlen(file);
	memcpy(x->ev.bytes + e->file_off, file, e->file_len);
}

static void test_exec(void **state)
{
	struct fixture *x = *state;

	told_exec(x, "./server", BYTES("./server\0003\0"));
	check(x, "  0.050812    4712 worker          exec ./server 3\n");
	told_exec(x, "/usr/bin/ls", BYTES("ls\0-l\0a b\0\0"));
	check(x, "  0.050812    4712 worker          exec ls -l 'a b' ''\n");
	told_exec(x, "/bin/echo", BYTES("echo\0\033[31m\n\0"));
	check(x, "  0.050812    4712 worker          exec echo $'\\e[31m\\n'\n");

	/* Called by a thread, which took over the PID of its leader. */
	told_exec(x, "./server", BYTES("./server\0"));
	x->ev.exec.old_tid = 4713;
	check(x, "  0.050812    4712 worker          exec by thread 4713: ./server\n");
}

static void test_exec_disguised(void **state)
{
	struct fixture *x = *state;

	told_exec(x, "/bin/bash", BYTES("-bash\0"));
	check(x, "  0.050812    4712 worker          exec /bin/bash as -bash\n");
	told_exec(x, "/tmp/a b", BYTES("\0x\0"));
	check(x, "  0.050812    4712 worker          exec '/tmp/a b' as '' x\n");

	/* A script: the kernel has put the interpreter first. */
	told_exec(x, "./run.sh", BYTES("/bin/sh\0./run.sh\0a\0"));
	x->ev.exec.interp_len = 7;
	check(x, "  0.050812    4712 worker          exec /bin/sh ./run.sh a\n");
}

static void test_exec_cut(void **state)
{
	struct fixture *x = *state;
	char args[1024];

	told_exec(x, "/bin/echo", BYTES("echo\0one\0tw"));
	x->ev.exec.args_bytes = 100;
	check(x, "  0.050812    4712 worker          exec echo one tw…\n");

	told_exec(x, "/bin/echo", BYTES(""));
	x->ev.exec.args_bytes = 100;
	x->ev.h.flags = EVF_ARGS_UNREADABLE;
	check(x, "  0.050812    4712 worker          "
		 "exec /bin/echo (its arguments could not be read)\n");
	x->ev.h.flags = 0;	/* none were to be kept */
	check(x, "  0.050812    4712 worker          exec /bin/echo …\n");
	x->ev.exec.args_bytes = 0;
	check(x, "  0.050812    4712 worker          exec /bin/echo\n");

	memset(args, 'x', sizeof(args));
	told_exec(x, "xxx", args, sizeof(args));
	x->ev.exec.interp_len = 1;
	x->opt.columns = 50;
	check(x, "  0.050812    4712 worker          exec xxxxxxxxx…\n");
	x->opt.columns = 36;
	check(x, "  0.050812    4712 worker          …\n");
	x->opt.columns = 1;
	check(x, "  0.050812    4712 worker          …\n");
	x->opt.columns = 50;
	x->opt.wide = true;
	assert_int_equal(strlen(lines(x)), 35 + strlen("exec \n") + sizeof(args));
}

static void test_exec_inferred(void **state)
{
	struct fixture *x = *state;
	char file[] = "/bin/ls", args[] = "ls\0-l";

	x->fact.type = FACT_EXEC;
	x->fact.inferred = true;
	x->proc.file = file;
	check(x, "  0.050812    4712 worker          exec /bin/ls (inferred)\n");
	x->proc.args = args;
	x->proc.args_len = x->proc.args_bytes = sizeof(args);
	check(x, "  0.050812    4712 worker          exec ls -l (inferred)\n");
}

/* ---- death ---- */

static void test_exit(void **state)
{
	static const struct {
		uint32_t status;
		const char *line;
	} cases[] = {
		{0 << 8, "  0.050812    4712 worker          exit 0\n"},
		{3 << 8, "  0.050812    4712 worker          exit 3\n"},
		{255 << 8, "  0.050812    4712 worker          exit 255\n"},
		{15, "  0.050812    4712 worker          killed: TERM\n"},
		{11 | 0x80, "  0.050812    4712 worker          killed: SEGV (core dumped)\n"},
		{37, "  0.050812    4712 worker          killed: RTMIN+3\n"},
	};
	struct fixture *x = *state;

	told(x, FACT_EXIT, EV_EXIT);
	x->proc.state = PROC_ZOMBIE;
	x->proc.has_status = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		x->proc.status = cases[i].status;
		check(x, cases[i].line);
	}
	x->proc.status = 0;
	x->ev.h.flags = EVF_NS_INIT;
	check(x, "  0.050812    4712 worker          exit 0 (was PID 1 of its PID namespace)\n");
}

static void test_exit_killed_by(void **state)
{
	struct fixture *x = *state;

	told(x, FACT_EXIT, EV_EXIT);
	x->proc.has_status = true;
	x->proc.status = 15;
	x->proc.killer = who(4700, "bash");
	check(x, "  0.050812    4712 worker          killed: TERM by 4700 bash\n");
	x->proc.killer = who(4700, "");
	check(x, "  0.050812    4712 worker          killed: TERM by 4700\n");
	x->proc.status = 6 | 0x80;
	x->proc.killer = who(4712, "worker");
	check(x, "  0.050812    4712 worker          killed: ABRT by itself (core dumped)\n");
}

static void test_exit_inferred(void **state)
{
	struct fixture *x = *state;

	x->fact.type = FACT_EXIT;
	x->fact.inferred = true;
	check(x, "  0.050812    4712 worker          exited, its status was not seen (inferred)\n");
}

static void test_orphan(void **state)
{
	struct fixture *x = *state;

	x->fact.type = FACT_ORPHAN;
	x->fact.old_parent = who(4719, "server");
	x->fact.new_parent = who(1, "systemd");
	check(x, "  0.050812    4712 worker          "
		 "orphan: its parent 4719 server exited first; adopted by 1 systemd\n");
	x->opt.columns = 100;
	check(x, "  0.050812    4712 worker          "
		 "orphan: its parent 4719 server exited first; adopted by 1 systemd\n");
	x->opt.columns = 80;
	check(x, "  0.050812    4712 worker          "
		 "orphan of 4719 server → 1 systemd\n");
	x->fact.new_parent = (struct who){0};
	check(x, "  0.050812    4712 worker          "
		 "orphan of 4719 server, adopter unknown\n");
}

static void test_zombie(void **state)
{
	struct fixture *x = *state;

	x->fact.type = FACT_ZOMBIE;
	x->fact.ts = 150 * MS;
	x->fact.since = 50 * MS;
	check(x, "  0.150000    4712 worker          zombie for 100 ms so far: "
		 "its parent 4711 server has not waited for it\n");
	x->opt.columns = 80;
	check(x, "  0.150000    4712 worker          "
		 "zombie 100 ms: 4711 server has not waited\n");
	x->fact.since = NO_TIME;
	check(x, "  0.150000    4712 worker          "
		 "zombie all along: 4711 server has not waited\n");
	x->opt.columns = 120;
	check(x, "  0.150000    4712 worker          zombie since before the trace: "
		 "its parent 4711 server has not waited for it\n");
	x->proc.parent = (struct who){0};
	check(x, "  0.150000    4712 worker          zombie since before the trace: "
		 "its parent has not waited for it\n");
}

static void test_reap(void **state)
{
	struct fixture *x = *state;

	told(x, FACT_REAP, EV_REAP);
	x->proc.state = PROC_GONE;
	x->proc.reaper = who(4711, "server");
	x->proc.reap_exact = true;
	x->fact.zombie_ns = 79000;
	check(x, "  0.050812    4712 worker          "
		 "reaped by 4711 server, a zombie for 79 µs\n");
	x->proc.reap_exact = false;
	x->fact.zombie_ns = 15 * MS;
	check(x, "  0.050812    4712 worker          "
		 "reaped by 4711 server, a zombie for at most 15 ms\n");
	x->opt.columns = 80;
	check(x, "  0.050812    4712 worker          "
		 "reaped by 4711 server, zombie ≤ 15 ms\n");
	x->proc.reaper = (struct who){0};
	check(x, "  0.050812    4712 worker          reaped, zombie ≤ 15 ms\n");
	x->fact.zombie_ns = NO_TIME;
	check(x, "  0.050812    4712 worker          reaped\n");
	x->proc.from_snapshot = true;
	x->proc.reaper = who(1, "init");
	check(x, "  0.050812    4712 worker          "
		 "reaped by 1 init, a zombie all along\n");
	x->opt.columns = 0;
	check(x, "  0.050812    4712 worker          "
		 "reaped by 1 init, a zombie since before the trace\n");
}

static void test_autoreap(void **state)
{
	struct fixture *x = *state;

	told(x, FACT_REAP, EV_REAP);
	x->proc.autoreap = true;
	x->fact.zombie_ns = 0;
	check(x, "  0.050812    4712 worker          "
		 "reaped by the kernel itself: 4711 server ignores SIGCHLD\n");
	x->opt.columns = 80;
	check(x, "  0.050812    4712 worker          "
		 "reaped by kernel: 4711 server ignores SIGCHLD\n");
	x->proc.parent = (struct who){0};
	check(x, "  0.050812    4712 worker          "
		 "reaped by kernel: its parent ignores SIGCHLD\n");
}

/* ---- the rest ---- */

static void test_threads(void **state)
{
	struct fixture *x = *state;

	told(x, FACT_THREAD_START, EV_THREAD_START);
	x->fact.tid = 4713;
	x->fact.creator = x->proc.ref;
	x->fact.creator.tid = 4712;
	check(x, "  0.050812    4712 worker          thread 4713 started\n");
	x->fact.creator.tid = 4714;
	check(x, "  0.050812    4712 worker          thread 4713 started by thread 4714\n");
	told(x, FACT_THREAD_EXIT, EV_THREAD_EXIT);
	check(x, "  0.050812    4712 worker          thread 4713 ended\n");
}

static void test_loss(void **state)
{
	struct fixture *x = *state;

	told(x, FACT_LOSS, EV_LOSS);
	x->fact.proc = NULL;
	x->fact.count = 37;
	check(x, "  0.050812                         "
		 "LOST 37 events here\n");
	x->fact.count = 1;
	check(x, "  0.050812                         "
		 "LOST 1 event here\n");
}

/* At 80 columns, no line is wider, and none of the usual ones loses a word. */
static void test_eighty_columns(void **state)
{
	struct fixture *x = *state;

	x->opt.columns = 80;
	x->proc.has_status = true;
	x->proc.reaper = who(4711, "server");
	x->fact.old_parent = who(4719, "server");
	x->fact.new_parent = who(1, "systemd");
	x->fact.creator = (struct task_ref){.start = 1, .tgid = 4711, .tid = 4715};
	x->fact.zombie_ns = 999 * MS;
	x->fact.ts = 999 * S;
	x->fact.since = x->fact.ts - 999 * MS;
	x->fact.count = 37;
	for (int type = 0; type < FACT_TYPES; type++)
		for (int autoreap = 0; autoreap < 2; autoreap++) {
			const char *line;

			if (type == FACT_EXEC)
				continue;
			x->fact.type = (enum fact_type)type;
			x->proc.autoreap = autoreap;
			line = lines(x);
			assert_true(text_width(line, strcspn(line, "\n")) <= 80);
			assert_null(strstr(line, "…"));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_header, begin, end),
		cmocka_unit_test_setup_teardown(test_header_without_meta, begin, end),
		cmocka_unit_test_setup_teardown(test_columns, begin, end),
		cmocka_unit_test_setup_teardown(test_long_name, begin, end),
		cmocka_unit_test_setup_teardown(test_colours, begin, end),
		cmocka_unit_test_setup_teardown(test_fork, begin, end),
		cmocka_unit_test_setup_teardown(test_fork_by_thread, begin, end),
		cmocka_unit_test_setup_teardown(test_fork_clone_parent, begin, end),
		cmocka_unit_test_setup_teardown(test_fork_inferred, begin, end),
		cmocka_unit_test_setup_teardown(test_snapshot, begin, end),
		cmocka_unit_test_setup_teardown(test_exec, begin, end),
		cmocka_unit_test_setup_teardown(test_exec_disguised, begin, end),
		cmocka_unit_test_setup_teardown(test_exec_cut, begin, end),
		cmocka_unit_test_setup_teardown(test_exec_inferred, begin, end),
		cmocka_unit_test_setup_teardown(test_exit, begin, end),
		cmocka_unit_test_setup_teardown(test_exit_killed_by, begin, end),
		cmocka_unit_test_setup_teardown(test_exit_inferred, begin, end),
		cmocka_unit_test_setup_teardown(test_orphan, begin, end),
		cmocka_unit_test_setup_teardown(test_zombie, begin, end),
		cmocka_unit_test_setup_teardown(test_reap, begin, end),
		cmocka_unit_test_setup_teardown(test_autoreap, begin, end),
		cmocka_unit_test_setup_teardown(test_threads, begin, end),
		cmocka_unit_test_setup_teardown(test_loss, begin, end),
		cmocka_unit_test_setup_teardown(test_eighty_columns, begin, end),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
