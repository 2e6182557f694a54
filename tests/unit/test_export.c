// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of src/export: the exact line of every fact and of every process.  The lines of
 * jsonl are told by hand, those of processes come from a real model.
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

#include "export/export.h"

#define T0    UINT64_C(5000000000)	    /* CLOCK_BOOTTIME as the trace began */
#define WALL0 UINT64_C(1709210096999999999) /* 2024-02-29 12:34:56.999999999 UTC */

/* A literal with NULs in it, and its length. */
#define BYTES(s) (s), sizeof(s) - 1

/* One process, 4712 worker, child of 4711 server; and the fact that befalls it. */
struct fixture {
	struct export x;
	FILE *out;
	char *text;
	size_t len, seen;
	struct meta meta;
	struct model_counts counts;
	struct proc proc;
	struct fact fact;
	union event_space {
		struct event h;
		struct ev_fork fork;
		struct ev_exec exec;
		struct ev_exit exit;
		struct ev_reap reap;
		struct ev_snapshot snapshot;
		struct ev_thread thread;
		struct ev_loss loss;
		char bytes[1024];
	} ev;
	struct model *model;
};

static struct task_ref ref(uint32_t pid)
{
	return (struct task_ref){.start = 1000 * (uint64_t)pid, .tgid = pid};
}

static struct who who(uint32_t pid, const char *comm)
{
	struct who w = {.ref = ref(pid)};

	memcpy(w.comm, comm, strnlen(comm, EVENT_COMM));
	return w;
}

static int begin(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));

	if (!x)
		return -1;
	x->meta = (struct meta){
		.brood = "0.1.0",
		.host = "box",
		.kernel = "6.18.0",
		.boot_id = "3b0c1b4e-0000-4000-8000-000000000001",
		.arch = "x86_64",
		.cpus = 2,
		.reap_source = REAP_RELEASE_TASK,
		.t0 = T0,
		.wall0 = WALL0,
	};
	x->proc.ref = ref(4712);
	x->proc.zero = T0;
	memcpy(x->proc.comm, "worker", sizeof("worker"));
	x->proc.parent = who(4711, "server");
	x->proc.birth_parent = ref(4711);
	x->proc.exit_ts = x->proc.reap_ts = x->proc.fork_ts = NO_TIME;
	x->proc.uid = x->proc.gid = NO_ID;
	x->fact = (struct fact){
		.seq = 7,
		.ts = 1500,
		.wall = WALL0,
		.proc = &x->proc,
		.meta = &x->meta,
		.counts = &x->counts,
		.zombie_ns = NO_TIME,
	};
	x->out = open_memstream(&x->text, &x->len);
	export_begin(&x->x, x->out);
	*state = x;
	return x->out ? 0 : -1;
}

static int end(void **state)
{
	struct fixture *x = *state;

	model_free(x->model);
	export_free(&x->x);
	fclose(x->out);
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

	fflush(x->out);
	before = x->len;
	jsonl_fact(&x->x, &x->fact);
	fflush(x->out);
	return x->text + before;
}

static void check(struct fixture *x, const char *expected)
{
	assert_string_equal(lines(x), expected);
}

#define WHEN "\"seq\":7,\"ts\":1500,\"time\":\"2024-02-29T12:34:56.999999999Z\""
/* What a line begins with; then come the fields of its type. */
#define BARE(type) "{\"type\":\"" type "\"," WHEN ","
/* The same of a line about the process. */
#define HEAD(type) BARE(type) "\"pid\":4712,\"id\":\"4712-4712000\",\"comm\":\"worker\","

/* ---- the table of formats ---- */

static void test_formats(void **state)
{
	(void)state;
	assert_string_equal(export_formats[0].name, "jsonl");
	assert_ptr_equal(export_find("jsonl")->fact, jsonl_fact);
	assert_ptr_equal(export_find("processes")->end, processes_end);
	assert_true(export_find("processes")->keep_args);
	assert_null(export_find("json"));
	assert_null(export_find(""));
}

/* ---- jsonl: head ---- */

static void test_meta(void **state)
{
	struct fixture *x = *state;
	char command[] = "./server\0003";

	x->fact.type = FACT_META;
	x->fact.proc = NULL;
	x->fact.seq = 1;
	x->fact.ts = 0;
	check(x, "{\"type\":\"meta\",\"seq\":1,\"ts\":0,"
		 "\"time\":\"2024-02-29T12:34:56.999999999Z\",\"version\":1,"
		 "\"brood\":\"0.1.0\",\"host\":\"box\",\"kernel\":\"6.18.0\","
		 "\"boot_id\":\"3b0c1b4e-0000-4000-8000-000000000001\",\"arch\":\"x86_64\","
		 "\"cpus\":2,\"command\":null,\"reap_source\":\"release_task\"}\n");
	x->meta.command = command;
	x->meta.command_len = sizeof(command);
	x->meta.reap_source = REAP_PROCESS_FREE;
	assert_non_null(strstr(lines(x), "\"command\":[\"./server\",\"3\"],"
					 "\"reap_source\":\"sched_process_free\"}\n"));
}

static void test_time(void **state)
{
	static const struct {
		uint64_t wall;
		const char *time;
	} cases[] = {
		{0, "1970-01-01T00:00:00.000000000Z"},
		{999999999, "1970-01-01T00:00:00.999999999Z"},
		{1000000000, "1970-01-01T00:00:01.000000000Z"},
		{1000000001, "1970-01-01T00:00:01.000000001Z"},
		{WALL0 + 1, "2024-02-29T12:34:57.000000000Z"},
		{1709251199000000010, "2024-02-29T23:59:59.000000010Z"},
		{1709251200123456789, "2024-03-01T00:00:00.123456789Z"},
		/* The clock was set back: the date must not stay behind. */
		{1709251199000000010, "2024-02-29T23:59:59.000000010Z"},
		{UINT64_MAX, "2554-07-21T23:34:33.709551615Z"},
	};
	struct fixture *x = *state;

	x->fact.type = FACT_META;
	x->fact.proc = NULL;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char field[64];

		x->fact.wall = cases[i].wall;
		snprintf(field, sizeof(field), "\"time\":\"%s\"", cases[i].time);
		assert_non_null(strstr(lines(x), field));
	}
}

/* Bytes of strangers: always JSON, nothing lost. */
static void test_hostile_comm(void **state)
{
	struct fixture *x = *state;

	told(x, FACT_THREAD_EXIT, EV_THREAD_EXIT);
	memcpy(x->proc.comm, "a\"\n\xff\033xxxxxxxxxxx", EVENT_COMM);
	assert_non_null(strstr(lines(x), "\"comm\":\"a\\\"\\n\xef\xbf\xbd\\u001bxxxxxxxxxxx\","
					 "\"comm_b64\":\"YSIK/xt4eHh4eHh4eHh4eA==\","));
	/* A start that is not known makes no identity. */
	x->proc.ref.start = 0;
	assert_non_null(strstr(lines(x), "\"pid\":4712,\"id\":null,"));
}

/* ---- jsonl: the types ---- */

static void test_snapshot(void **state)
{
	struct fixture *x = *state;
	struct ev_snapshot *e = &x->ev.snapshot;

	told(x, FACT_SNAPSHOT, EV_SNAPSHOT);
	e->parent = ref(4711);
	e->cgroup_id = 77;
	e->args_off = sizeof(*e);
	e->args_len = 9;
	memcpy(x->ev.bytes + e->args_off, "worker\0-\xff", 9);
	x->proc.uid = 1000;
	x->proc.gid = 100;
	x->proc.ns_pid = 12;
	x->proc.pid_ns = 4026531836;
	check(x, HEAD("snapshot") "\"ppid\":4711,\"parent\":\"4711-4711000\",\"state\":\"alive\","
				  "\"args\":[\"worker\",\"-\xef\xbf\xbd\"],"
				  "\"args_b64\":[null,\"Lf8=\"],\"uid\":1000,\"gid\":100,"
				  "\"ns_pid\":12,\"pid_ns\":4026531836,\"cgroup_id\":77}\n");

	/* The first process of all has no parent: that is known. */
	e->parent = (struct task_ref){0};
	e->args_len = 0;
	x->proc.state = PROC_ZOMBIE;
	check(x, HEAD("snapshot") "\"ppid\":0,\"parent\":null,\"state\":\"zombie\",\"args\":[],"
				  "\"uid\":1000,\"gid\":100,\"ns_pid\":12,\"pid_ns\":4026531836,"
				  "\"cgroup_id\":77}\n");
}

static void test_snapshot_inferred(void **state)
{
	struct fixture *x = *state;

	x->fact.type = FACT_SNAPSHOT;
	x->fact.inferred = true;
	check(x, HEAD("snapshot") "\"ppid\":4711,\"parent\":\"4711-4711000\",\"state\":\"alive\","
				  "\"args\":null,\"uid\":null,\"gid\":null,\"ns_pid\":null,"
				  "\"pid_ns\":null,\"cgroup_id\":null,\"inferred\":true}\n");
	x->proc.parent = (struct who){0};
	assert_non_null(strstr(lines(x), "\"ppid\":null,\"parent\":null,"));
}

static void told_fork(struct fixture *x, uint64_t flags)
{
	told(x, FACT_FORK, EV_FORK);
	x->ev.fork.parent = ref(4711);
	x->ev.fork.cgroup_id = 77;
	x->ev.fork.clone_flags = flags;
	x->fact.creator = ref(4711);
	x->fact.creator.tid = 4715;
	x->proc.uid = x->proc.gid = 0;
	x->proc.ns_pid = 1;
	x->proc.pid_ns = 4026531836;
}

#define FORK_HEAD                                                                                  \
	HEAD("fork")                                                                               \
	"\"ppid\":4711,\"parent\":\"4711-4711000\",\"creator\":{\"pid\":4711,\"tid\":4715},"
#define FORK_TAIL ",\"uid\":0,\"gid\":0,\"ns_pid\":1,\"pid_ns\":4026531836,\"cgroup_id\":77}\n"

static void test_fork(void **state)
{
	struct fixture *x = *state;

	told_fork(x, CLONE_VM | CLONE_VFORK);
	check(x, FORK_HEAD "\"flags\":[\"VM\",\"VFORK\"]" FORK_TAIL);
	told_fork(x, CLONE_PARENT | CLONE_NEWPID);
	check(x, FORK_HEAD "\"flags\":[\"PARENT\",\"NEWPID\"]" FORK_TAIL);
	told_fork(x, 0);
	check(x, FORK_HEAD "\"flags\":[]" FORK_TAIL);
	x->ev.h.flags = EVF_FLAGS_UNKNOWN;
	check(x, FORK_HEAD "\"flags\":null" FORK_TAIL);

	/* An inode number of 64 bits is not a number that every reader can hold. */
	x->ev.fork.cgroup_id = 1ULL << 53;
	assert_non_null(strstr(lines(x), "\"cgroup_id\":null}"));
	x->ev.fork.cgroup_id--;
	assert_non_null(strstr(lines(x), "\"cgroup_id\":9007199254740991}"));
}

/* Every bit has its name, and one of a later kernel its number. */
static void test_fork_flags(void **state)
{
	struct fixture *x = *state;

	told_fork(x, UINT64_C(0x3ffffff80) | UINT64_C(1) << 40 | UINT64_C(1) << 63);
	check(x, FORK_HEAD
	      "\"flags\":[\"NEWTIME\",\"VM\",\"FS\",\"FILES\",\"SIGHAND\",\"PIDFD\",\"PTRACE\","
	      "\"VFORK\",\"PARENT\",\"THREAD\",\"NEWNS\",\"SYSVSEM\",\"SETTLS\","
	      "\"PARENT_SETTID\",\"CHILD_CLEARTID\",\"DETACHED\",\"UNTRACED\",\"CHILD_SETTID\","
	      "\"NEWCGROUP\",\"NEWUTS\",\"NEWIPC\",\"NEWUSER\",\"NEWPID\",\"NEWNET\",\"IO\","
	      "\"CLEAR_SIGHAND\",\"INTO_CGROUP\",\"0x10000000000\","
	      "\"0x8000000000000000\"]" FORK_TAIL);
}

static void test_fork_inferred(void **state)
{
	struct fixture *x = *state;

	x->fact.type = FACT_FORK;
	x->fact.inferred = true;
	check(x, HEAD("fork") "\"ppid\":4711,\"parent\":\"4711-4711000\",\"creator\":null,"
			      "\"flags\":null,\"uid\":null,\"gid\":null,\"ns_pid\":null,"
			      "\"pid_ns\":null,\"cgroup_id\":null,\"inferred\":true}\n");
}

static uint32_t put(struct fixture *x, uint32_t off, const char *bytes, size_t len)
{
	memcpy(x->ev.bytes + off, bytes, len);
	return off + (uint32_t)len;
}

static void test_exec(void **state)
{
	struct fixture *x = *state;
	struct ev_exec *e = &x->ev.exec;
	uint32_t at = sizeof(*e);

	told(x, FACT_EXEC, EV_EXEC);
	e->parent = ref(4711);
	e->uid = 1000;
	e->gid = 100;
	e->args_off = at;
	at = put(x, at, BYTES("/bin/sh\0./run.sh\0"));
	e->args_bytes = e->args_len = at - e->args_off;
	e->file_off = at;
	at = put(x, at, BYTES("./run.sh"));
	e->file_len = at - e->file_off;
	check(x, HEAD("exec") "\"ppid\":4711,\"file\":\"./run.sh\","
			      "\"args\":[\"/bin/sh\",\"./run.sh\"],\"args_bytes\":17,"
			      "\"args_truncated\":false,\"uid\":1000,\"gid\":100}\n");

	e->interp_off = at;
	e->interp_len = put(x, at, BYTES("/bin/sh")) - at;
	e->old_tid = 4713;
	e->args_bytes = 5000;
	e->args_len -= 3;
	check(x, HEAD("exec") "\"ppid\":4711,\"file\":\"./run.sh\",\"interp\":\"/bin/sh\","
			      "\"args\":[\"/bin/sh\",\"./run.\"],\"args_bytes\":5000,"
			      "\"args_truncated\":true,\"old_tid\":4713,"
			      "\"uid\":1000,\"gid\":100}\n");
}

static void test_exec_hostile(void **state)
{
	struct fixture *x = *state;
	struct ev_exec *e = &x->ev.exec;

	told(x, FACT_EXEC, EV_EXEC);
	e->file_off = sizeof(*e);
	e->file_len = 1;
	e->args_off = e->file_off + 1;
	e->args_len = e->args_bytes = 4;
	put(x, e->file_off, BYTES("\xc3\0\"\xf0\0"));
	check(x, HEAD("exec") "\"ppid\":0,\"file\":\"\xef\xbf\xbd\",\"file_b64\":\"ww==\","
			      "\"args\":[\"\",\"\\\"\xef\xbf\xbd\"],\"args_b64\":[null,\"IvA=\"],"
			      "\"args_bytes\":4,\"args_truncated\":false,\"uid\":0,\"gid\":0}\n");
}

static void test_exec_inferred(void **state)
{
	struct fixture *x = *state;
	char file[] = "/bin/ls";

	x->fact.type = FACT_EXEC;
	x->fact.inferred = true;
	check(x, HEAD("exec") "\"ppid\":4711,\"file\":null,\"args\":null,\"args_bytes\":null,"
			      "\"args_truncated\":null,\"uid\":null,\"gid\":null,"
			      "\"inferred\":true}\n");
	x->proc.file = file;
	assert_non_null(strstr(lines(x), "\"file\":\"/bin/ls\",\"args\":null,"));
}

static void told_exit(struct fixture *x, uint32_t status)
{
	told(x, FACT_EXIT, EV_EXIT);
	x->ev.exit.parent = ref(1);
	x->proc.state = PROC_ZOMBIE;
	x->proc.status = status;
	x->proc.has_status = true;
	x->proc.max_rss_kib = 1024;
	x->proc.fork_ts = 500;
}

#define EXIT_HEAD HEAD("exit") "\"ppid\":1,\"parent\":\"1-1000\","
#define EXIT_TAIL "\"autoreap\":false,\"max_rss_kib\":1024,\"duration_ns\":1000"

static void test_exit(void **state)
{
	struct fixture *x = *state;

	told_exit(x, 0);
	check(x, EXIT_HEAD "\"code\":0," EXIT_TAIL "}\n");
	told_exit(x, 255 << 8);
	check(x, EXIT_HEAD "\"code\":255," EXIT_TAIL "}\n");
	told_exit(x, 15);
	check(x, EXIT_HEAD "\"signal\":15,\"signal_name\":\"SIGTERM\",\"core\":false," EXIT_TAIL
			   "}\n");
	told_exit(x, 37);
	check(x, EXIT_HEAD "\"signal\":37,\"signal_name\":\"SIGRTMIN+3\",\"core\":false," EXIT_TAIL
			   "}\n");
	told_exit(x, 33);
	check(x, EXIT_HEAD "\"signal\":33,\"signal_name\":\"signal 33\",\"core\":false," EXIT_TAIL
			   "}\n");
	told_exit(x, 11 | 0x80);
	x->proc.killer = who(4700, "bash");
	check(x, EXIT_HEAD "\"signal\":11,\"signal_name\":\"SIGSEGV\",\"core\":true," EXIT_TAIL
			   ",\"killed_by\":{\"pid\":4700,\"id\":\"4700-4700000\","
			   "\"comm\":\"bash\"}}\n");
}

static void test_exit_unknowns(void **state)
{
	struct fixture *x = *state;

	/* Born before the trace: its age is known all the same. */
	told_exit(x, 0);
	x->proc.fork_ts = NO_TIME;
	x->proc.max_rss_kib = 0;
	x->proc.autoreap = true;
	check(x, EXIT_HEAD "\"code\":0,\"autoreap\":true,\"max_rss_kib\":0,"
			   "\"duration_ns\":4995289500}\n");
	x->proc.ref.start = T0 + 1501;
	assert_non_null(strstr(lines(x), "\"duration_ns\":null}"));
	x->proc.fork_ts = 1501;
	assert_non_null(strstr(lines(x), "\"duration_ns\":0}"));

	x->proc.ref = ref(4712);
	x->proc.has_status = false;
	x->fact.ev = NULL;
	x->fact.inferred = true;
	check(x, HEAD("exit") "\"ppid\":4711,\"parent\":\"4711-4711000\",\"code\":null,"
			      "\"autoreap\":true,\"max_rss_kib\":null,\"duration_ns\":0,"
			      "\"inferred\":true}\n");
}

static void test_orphan(void **state)
{
	struct fixture *x = *state;

	x->fact.type = FACT_ORPHAN;
	x->fact.old_parent = who(4711, "server");
	x->fact.new_parent = who(1, "systemd");
	check(x, HEAD("orphan") "\"old_parent\":\"4711-4711000\",\"new_parent\":\"1-1000\","
				"\"new_ppid\":1,\"new_parent_comm\":\"systemd\"}\n");
	x->fact.new_parent = (struct who){0};
	check(x, HEAD("orphan") "\"old_parent\":\"4711-4711000\",\"new_parent\":null,"
				"\"new_ppid\":null,\"new_parent_comm\":null}\n");
}

static void test_zombie(void **state)
{
	struct fixture *x = *state;

	x->fact.type = FACT_ZOMBIE;
	x->fact.since = 500;
	check(x, HEAD("zombie") "\"ppid\":4711,\"parent\":\"4711-4711000\",\"since\":500}\n");
	x->fact.since = NO_TIME;
	check(x, HEAD("zombie") "\"ppid\":4711,\"parent\":\"4711-4711000\",\"since\":null}\n");
}

static void test_reap(void **state)
{
	struct fixture *x = *state;

	told(x, FACT_REAP, EV_REAP);
	x->proc.reaper = who(4711, "server");
	x->proc.reap_exact = true;
	x->proc.has_cpu = true;
	x->fact.zombie_ns = 79000;
	check(x, HEAD("reap") "\"by\":{\"pid\":4711,\"id\":\"4711-4711000\",\"comm\":\"server\"},"
			      "\"zombie_ns\":79000,\"exact\":true,\"autoreap\":false,"
			      "\"cpu_ns\":0}\n");
	x->proc.reaper = (struct who){0};
	x->proc.reap_exact = false;
	x->proc.autoreap = true;
	x->proc.has_cpu = false;
	x->fact.zombie_ns = NO_TIME;
	check(x, HEAD("reap") "\"by\":null,\"zombie_ns\":null,\"exact\":false,\"autoreap\":true,"
			      "\"cpu_ns\":null}\n");
}

static void test_threads(void **state)
{
	struct fixture *x = *state;

	told(x, FACT_THREAD_START, EV_THREAD_START);
	x->fact.tid = 4713;
	x->fact.creator = ref(4712);
	x->fact.creator.tid = 4714;
	check(x, HEAD("thread_start") "\"tid\":4713,\"creator\":{\"pid\":4712,\"tid\":4714}}\n");
	told(x, FACT_THREAD_EXIT, EV_THREAD_EXIT);
	x->fact.creator = (struct task_ref){0};
	check(x, HEAD("thread_exit") "\"tid\":4713,\"creator\":null}\n");
}

static void test_loss_and_end(void **state)
{
	struct fixture *x = *state;

	x->fact.proc = NULL;
	told(x, FACT_LOSS, EV_LOSS);
	x->fact.count = 37;
	x->fact.since = 900;
	check(x, BARE("loss") "\"count\":37,\"since\":900,\"until\":1500}\n");

	told(x, FACT_END, EV_END);
	x->fact.since = 0;
	x->counts = (struct model_counts){
		.events = 1,
		.forks = 2,
		.execs = 3,
		.exits = 4,
		.reaps = 5,
		.orphans = 6,
		.zombies = 7,
		.lost = 8,
	};
	check(x, BARE("end") "\"events\":1,\"forks\":2,\"execs\":3,\"exits\":4,\"reaps\":5,"
			     "\"orphans\":6,\"zombies\":7,\"lost\":8,\"duration_ns\":1500}\n");
	x->fact.since = 1100; /* of a window that began then */
	check(x, BARE("end") "\"events\":1,\"forks\":2,\"execs\":3,\"exits\":4,\"reaps\":5,"
			     "\"orphans\":6,\"zombies\":7,\"lost\":8,\"duration_ns\":400}\n");
}

/* ---- processes ---- */

static void start_model(struct fixture *x)
{
	struct model_options opt = {.zombie_after_ns = 100, .keep_args = true};

	x->model = model_new(&opt, &x->meta, processes_fact, &x->x);
	assert_non_null(x->model);
	model_begin(x->model);
}

/* The next event to feed: at this ts, of this process. */
static union event_space *next(struct fixture *x, enum event_kind kind, uint64_t ts, uint32_t pid)
{
	memset(&x->ev, 0, sizeof(x->ev));
	x->ev.h.kind = (uint16_t)kind;
	x->ev.h.ts = T0 + ts;
	x->ev.h.who = ref(pid);
	snprintf(x->ev.h.comm, sizeof(x->ev.h.comm), "p%u", pid);
	return &x->ev;
}

static void feed(struct fixture *x)
{
	assert_int_equal(model_feed(x->model, &x->ev.h), 0);
}

static void feed_snapshot(struct fixture *x, uint32_t pid, uint32_t parent, uint32_t state)
{
	struct ev_snapshot *e = &next(x, EV_SNAPSHOT, 0, pid)->snapshot;

	if (parent)
		e->parent = ref(parent);
	e->state = state;
	e->status = 3 << 8;
	e->uid = 5;
	feed(x);
}

static void feed_fork(struct fixture *x, uint64_t ts, uint32_t pid, uint32_t parent)
{
	struct ev_fork *e = &next(x, EV_FORK, ts, pid)->fork;

	e->parent = e->creator = ref(parent);
	e->creator.tid = parent;
	e->uid = 1000;
	feed(x);
}

static void feed_exit(struct fixture *x, uint64_t ts, uint32_t pid, uint32_t parent,
		      uint32_t status)
{
	struct ev_exit *e = &next(x, EV_EXIT, ts, pid)->exit;

	e->parent = ref(parent);
	e->adopter = ref(1);
	e->status = status;
	e->max_rss_kib = 512;
	feed(x);
}

static void feed_reap(struct fixture *x, uint64_t ts, uint32_t pid, uint32_t by)
{
	struct ev_reap *e = &next(x, EV_REAP, ts, pid)->reap;

	e->h.flags = EVF_EXACT;
	e->by = e->parent = ref(by);
	e->cpu_ns = 42;
	feed(x);
}

/* Everything since the last call. */
static void check_rows(struct fixture *x, const char *expected)
{
	fflush(x->out);
	assert_string_equal(x->text + x->seen, expected);
	x->seen = x->len;
}

static void test_processes(void **state)
{
	struct fixture *x = *state;
	struct ev_exec *e;

	start_model(x);
	feed_snapshot(x, 1, 0, SNAP_ALIVE);
	feed_snapshot(x, 7, 1, SNAP_ZOMBIE);
	feed_fork(x, 100, 20, 1);
	e = &next(x, EV_EXEC, 150, 20)->exec;
	e->parent = ref(1);
	e->uid = 1000;
	e->args_off = sizeof(*e);
	e->args_len = e->args_bytes = put(x, e->args_off, BYTES("a\0b\xff\0")) - e->args_off;
	e->file_off = e->args_off + e->args_len;
	e->file_len = put(x, e->file_off, BYTES("/bin/a")) - e->file_off;
	feed(x);
	feed_fork(x, 200, 21, 20);
	feed_exit(x, 300, 20, 1, 9);
	check_rows(x, "");

	/* A row as soon as it is gone. */
	feed_reap(x, 310, 20, 1);
	check_rows(x, "{\"pid\":20,\"id\":\"20-20000\",\"ppid\":1,\"parent\":\"1-1000\","
		      "\"comm\":\"p20\",\"file\":\"/bin/a\",\"args\":[\"a\",\"b\xef\xbf\xbd\"],"
		      "\"args_b64\":[null,\"Yv8=\"],\"execs\":1,\"start_ts\":100,\"exit_ts\":300,"
		      "\"reap_ts\":310,\"duration_ns\":200,\"code\":null,\"signal\":9,"
		      "\"core\":false,\"zombie_ns\":10,\"orphaned_ts\":null,\"new_parent\":null,"
		      "\"cpu_ns\":42,\"max_rss_kib\":512,\"uid\":1000,\"fate\":\"reaped\"}\n");

	feed_fork(x, 400, 22, 1);
	feed_exit(x, 450, 22, 1, 4 << 8);
	next(x, EV_END, 460, 0);
	feed(x);
	check_rows(x, "");
	processes_end(&x->x, x->model);
	check_rows(x, "{\"pid\":1,\"id\":\"1-1000\",\"ppid\":0,\"parent\":null,\"comm\":\"p1\","
		      "\"file\":null,\"args\":null,\"execs\":0,\"start_ts\":null,"
		      "\"exit_ts\":null,\"reap_ts\":null,\"duration_ns\":null,\"code\":null,"
		      "\"signal\":null,\"core\":null,\"zombie_ns\":null,\"orphaned_ts\":null,"
		      "\"new_parent\":null,\"cpu_ns\":null,\"max_rss_kib\":null,\"uid\":5,"
		      "\"fate\":\"alive\"}\n"
		      "{\"pid\":7,\"id\":\"7-7000\",\"ppid\":1,\"parent\":\"1-1000\","
		      "\"comm\":\"p7\",\"file\":null,\"args\":null,\"execs\":0,"
		      "\"start_ts\":null,\"exit_ts\":null,\"reap_ts\":null,"
		      "\"duration_ns\":null,\"code\":3,\"signal\":null,\"core\":null,"
		      "\"zombie_ns\":null,\"orphaned_ts\":null,\"new_parent\":null,"
		      "\"cpu_ns\":null,\"max_rss_kib\":null,\"uid\":5,\"fate\":\"zombie\"}\n"
		      "{\"pid\":21,\"id\":\"21-21000\",\"ppid\":20,\"parent\":\"20-20000\","
		      "\"comm\":\"p21\",\"file\":null,\"args\":null,\"execs\":0,"
		      "\"start_ts\":200,\"exit_ts\":null,\"reap_ts\":null,"
		      "\"duration_ns\":null,\"code\":null,\"signal\":null,\"core\":null,"
		      "\"zombie_ns\":null,\"orphaned_ts\":300,\"new_parent\":\"1-1000\","
		      "\"cpu_ns\":null,\"max_rss_kib\":null,\"uid\":1000,\"fate\":\"alive\"}\n"
		      "{\"pid\":22,\"id\":\"22-22000\",\"ppid\":1,\"parent\":\"1-1000\","
		      "\"comm\":\"p22\",\"file\":null,\"args\":null,\"execs\":0,"
		      "\"start_ts\":400,\"exit_ts\":450,\"reap_ts\":null,\"duration_ns\":50,"
		      "\"code\":4,\"signal\":null,\"core\":null,\"zombie_ns\":10,"
		      "\"orphaned_ts\":null,\"new_parent\":null,\"cpu_ns\":null,"
		      "\"max_rss_kib\":512,\"uid\":1000,\"fate\":\"zombie\"}\n");
}

/* The kernel reaped one itself; of another only the reap was seen. */
static void test_processes_fates(void **state)
{
	struct fixture *x = *state;

	start_model(x);
	feed_fork(x, 100, 20, 2);
	next(x, EV_EXIT, 200, 20)->exit.parent = ref(2);
	x->ev.h.flags = EVF_AUTOREAP;
	feed(x);
	next(x, EV_REAP, 250, 20);
	feed(x);
	check_rows(x, "{\"pid\":20,\"id\":\"20-20000\",\"ppid\":2,\"parent\":\"2-2000\","
		      "\"comm\":\"p20\",\"file\":null,\"args\":null,\"execs\":0,\"start_ts\":100,"
		      "\"exit_ts\":200,\"reap_ts\":250,\"duration_ns\":100,\"code\":0,"
		      "\"signal\":null,\"core\":null,\"zombie_ns\":0,\"orphaned_ts\":null,"
		      "\"new_parent\":null,\"cpu_ns\":0,\"max_rss_kib\":0,\"uid\":1000,"
		      "\"fate\":\"autoreaped\"}\n");

	feed_fork(x, 300, 21, 2);
	next(x, EV_GONE, 400, 21);
	feed(x);
	next(x, EV_END, 500, 0);
	feed(x);
	processes_end(&x->x, x->model);
	check_rows(x, "{\"pid\":21,\"id\":\"21-21000\",\"ppid\":2,\"parent\":\"2-2000\","
		      "\"comm\":\"p21\",\"file\":null,\"args\":null,\"execs\":0,\"start_ts\":300,"
		      "\"exit_ts\":null,\"reap_ts\":400,\"duration_ns\":null,\"code\":null,"
		      "\"signal\":null,\"core\":null,\"zombie_ns\":null,\"orphaned_ts\":null,"
		      "\"new_parent\":null,\"cpu_ns\":null,\"max_rss_kib\":null,\"uid\":1000,"
		      "\"fate\":\"unknown\"}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test_setup_teardown(test_meta, begin, end),
		cmocka_unit_test_setup_teardown(test_time, begin, end),
		cmocka_unit_test_setup_teardown(test_hostile_comm, begin, end),
		cmocka_unit_test_setup_teardown(test_snapshot, begin, end),
		cmocka_unit_test_setup_teardown(test_snapshot_inferred, begin, end),
		cmocka_unit_test_setup_teardown(test_fork, begin, end),
		cmocka_unit_test_setup_teardown(test_fork_flags, begin, end),
		cmocka_unit_test_setup_teardown(test_fork_inferred, begin, end),
		cmocka_unit_test_setup_teardown(test_exec, begin, end),
		cmocka_unit_test_setup_teardown(test_exec_hostile, begin, end),
		cmocka_unit_test_setup_teardown(test_exec_inferred, begin, end),
		cmocka_unit_test_setup_teardown(test_exit, begin, end),
		cmocka_unit_test_setup_teardown(test_exit_unknowns, begin, end),
		cmocka_unit_test_setup_teardown(test_orphan, begin, end),
		cmocka_unit_test_setup_teardown(test_zombie, begin, end),
		cmocka_unit_test_setup_teardown(test_reap, begin, end),
		cmocka_unit_test_setup_teardown(test_threads, begin, end),
		cmocka_unit_test_setup_teardown(test_loss_and_end, begin, end),
		cmocka_unit_test_setup_teardown(test_processes, begin, end),
		cmocka_unit_test_setup_teardown(test_processes_fates, begin, end),
	};

	return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
