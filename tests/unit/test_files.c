// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording that is spread over many files, read as one: the seams are not to be seen, and
 * where something is missing, what exists afterwards is known all the same.
 */
#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "export/export.h"
#include "machine.h"
#include "source/source.h"
#include "verbs/rotation.h"

#define MS 1000000ULL
#define S  1000000000ULL

/* --- a directory of our own ------------------------------------------------------------ */

static char dir[64], one[80];
static char said[4096]; /* on stderr, by the last read */

static int make_dir(void **state)
{
	(void)state;
	/* Where nobody waits for a disk: each file is brought to it. */
	strcpy(dir, access("/dev/shm", W_OK) ? "/tmp/brood-files-XXXXXX"
					      : "/dev/shm/brood-files-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(one, sizeof(one), "%s.one", dir);
	return 0;
}

static int remove_dir(void **state)
{
	char line[sizeof(dir) + 16];
	DIR *d = opendir(dir);
	struct dirent *e;

	(void)state;
	while ((e = readdir(d)))
		unlinkat(dirfd(d), e->d_name, 0);
	rewinddir(d);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
	closedir(d);
	rmdir(dir);
	snprintf(line, sizeof(line), "%s.one", dir);
	unlink(line);
	return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_trace(const struct dirent *e)
{
	return strstr(e->d_name, ".brood") != NULL;
}

/* Path of the i-th file, in order of names; how many there are. */
static int nth(int i, char path[400])
{
	struct dirent **list;
	int n = scandir(dir, &list, is_trace, by_name);

	if (i >= 0 && i < n)
		snprintf(path, 400, "%s/%s", dir, list[i]->d_name);
	for (int k = 0; k < n; k++)
		free(list[k]);
	free(list);
	return n;
}

/* --- writing --------------------------------------------------------------------------- */

struct both {
	struct rotation files;
	struct recorder file;
	uint64_t seed;
	uint32_t every; /* a new file after so many events, on average; 0: never */
};

static int tell_both(void *ctx, const struct event *ev)
{
	struct both *b = ctx;
	int err;

	if (b->every && below(&b->seed, b->every) == 0)
		rotation_request(&b->files, 0);
	err = rotation_event(&b->files, ev);
	/* The one before is written by another thread: without it there is no next one. */
	if (b->files.last->to.writer)
		while (!trace_writer_finished(b->files.last->to.writer))
			usleep(100);
	return err || !b->file.writer ? err : recorder_event(&b->file, ev);
}

static const struct rotation_options no_limit;

static void begin_both(struct both *b, const struct meta *meta, uint32_t every, uint64_t seed,
		       bool to_one)
{
	*b = (struct both){.every = every, .seed = seed};
	assert_int_equal(rotation_open(&b->files, dir, false, &no_limit), 0);
	assert_int_equal(rotation_begin(&b->files, meta), 0);
	if (!to_one)
		return;
	assert_int_equal(recorder_open(&b->file, one, true), 0);
	assert_int_equal(recorder_begin(&b->file, meta, 0), 0);
}

static void end_both(struct both *b)
{
	assert_int_equal(rotation_close(&b->files), 0);
	if (b->file.writer)
		assert_int_equal(recorder_close(&b->file), 0);
}

static void record(const struct meta *meta, uint64_t seed, int steps, uint32_t every)
{
	struct both b;
	struct machine m;

	begin_both(&b, meta, every, seed, true);
	machine_start(&m, seed, meta->t0, tell_both, &b);
	while (steps)
		steps -= machine_step(&m);
	machine_end(&m);
	end_both(&b);
}

/* --- reading --------------------------------------------------------------------------- */

struct reading {
	struct source src;
	struct model *m;
	struct export x;
	FILE *out;
	char *text;
	size_t len;
	uint64_t lost, last_ts;
	uint64_t metas, reboots, inferred;
	int fds; /* most that were open */
	int status;
};

static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void on_fact(void *ctx, const struct fact *f)
{
	struct reading *r = ctx;

	assert_true(f->ts >= r->last_ts);
	r->last_ts = f->ts;
	r->metas += f->type == FACT_META;
	r->reboots += f->type == FACT_META && f->rebooted;
	r->inferred += f->inferred;
	jsonl_fact(&r->x, f);
}

static int on_event(void *ctx, const struct event *ev)
{
	struct reading *r = ctx;
	int fds = ev->kind == EV_SNAPSHOT ? count_fds() : 0;

	r->fds = fds > r->fds ? fds : r->fds;
	if (ev->kind == EV_LOSS)
		r->lost += ((const struct ev_loss *)ev)->count;
	return model_feed(r->m, ev);
}

static int on_resume(void *ctx, const struct meta *meta)
{
	struct reading *r = ctx;

	return model_resume(r->m, meta);
}

static int hush(int *saved)
{
	int fd = memfd_create("stderr", MFD_CLOEXEC);

	*saved = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
	return fd;
}

static void unhush(int fd, int saved)
{
	ssize_t n = pread(fd, said, sizeof(said) - 1, 0);

	said[n > 0 ? n : 0] = '\0';
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fd);
}

static void read_all(struct reading *r, const char *path)
{
	const struct model_options opt = {100 * MS, .keep = KEEP_ALL, .keep_args = true};
	const struct sink sink = {.event = on_event, .ctx = r, .resume = on_resume};
	int saved, fd = hush(&saved);
	int err;

	*r = (struct reading){0};
	err = file_open(&r->src, path, &r->status);

	if (!err) {
		r->m = model_new(&opt, r->src.ops->meta(r->src.self), on_fact, r);
		r->out = open_memstream(&r->text, &r->len);
		export_begin(&r->x, r->out);
		model_begin(r->m);
		err = r->src.ops->run(r->src.self, &sink);
		r->src.ops->report(r->src.self, r->lost);
		r->status = r->src.ops->status(r->src.self);
		fflush(r->out);
	}
	unhush(fd, saved);
	assert_int_equal(err, 0);
}

static void read_end(struct reading *r)
{
	model_free(r->m);
	r->src.ops->close(r->src.self);
	export_free(&r->x);
	fclose(r->out);
	free(r->text);
}

/* Who exists, and how, is the same in both. */
static void assert_same_world(const struct reading *a, const struct reading *b)
{
	const struct proc *p, *q;
	int n = 0;

	for (p = model_first(a->m); p; p = model_next(p)) {
		if (p->state == PROC_GONE)
			continue;
		n++;
		q = model_find(b->m, &p->ref);
		assert_non_null(q);
		assert_int_equal(q->state, p->state);
		assert_string_equal(q->comm, p->comm);
		assert_int_equal(q->parent.ref.tgid, p->parent.ref.tgid);
		assert_true(q->parent.ref.start == p->parent.ref.start);
		assert_int_equal(q->has_status, p->has_status);
		assert_int_equal(q->status, p->status);
		assert_int_equal(q->args_len, p->args_len);
		assert_true(q->exit_ts == p->exit_ts);
	}
	for (q = model_first(b->m); q; q = model_next(q))
		n -= q->state != PROC_GONE;
	assert_int_equal(n, 0);
}

/* --- seams ----------------------------------------------------------------------------- */

static const struct meta meta = {.host = "h", .boot_id = "one", .kernel = "6.1", .t0 = T0,
				 .wall0 = 1700000000 * S};

static void empty_dir(void)
{
	char path[400];

	while (nth(0, path) > 0)
		unlink(path);
}

static void test_no_seams(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct reading many, single;
		char path[400];

		record(&meta, seed * 77, 400, 20);
		assert_in_range(nth(-1, path), 5, 60);
		read_all(&many, dir);
		assert_string_equal(said, "");
		assert_int_equal(many.status, 0);
		read_all(&single, one);
		assert_int_equal(many.len, single.len);
		assert_memory_equal(many.text, single.text, many.len);
		assert_int_equal(many.lost, 0);
		read_end(&many);
		read_end(&single);
		empty_dir();
	}
}

/* Each file alone: what exists when it ends is what existed then. */
static void test_each_is_complete(void **state)
{
	struct reading first, whole;
	char path[400];
	int n;

	(void)state;
	record(&meta, 4242, 600, 30);
	n = nth(0, path);
	assert_in_range(n, 5, 60);
	read_all(&whole, one);
	assert_int_equal(nth(n - 1, path), n);
	read_all(&first, path); /* the last one has the end in common with the whole */
	assert_int_equal(first.status, 0);
	for (const struct proc *p = model_first(whole.m); p; p = model_next(p)) {
		const struct proc *q = model_find(first.m, &p->ref);

		if (p->state == PROC_GONE)
			continue;
		assert_non_null(q);
		assert_int_equal(q->state, p->state);
		assert_string_equal(q->comm, p->comm);
		assert_int_equal(q->parent.ref.tgid, p->parent.ref.tgid);
	}
	read_end(&first);
	read_end(&whole);
	for (int i = 0; i < n; i++) {
		assert_int_equal(nth(i, path), n);
		read_all(&first, path);
		assert_int_equal(first.status, 0);
		assert_int_equal(first.inferred, 0);
		read_end(&first);
	}
}

/* --- gaps ------------------------------------------------------------------------------ */

/* Records of the file that are not its own snapshot or end. */
static uint64_t events_in(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct trace_reader *r;
	const struct event *ev;
	const char *why;
	uint64_t n = 0;

	assert_int_equal(trace_reader_new(&r, fd, &why), 0);
	while (trace_reader_next(r, &ev) > 0)
		n += !trace_reader_in_snapshot(r) && ev->kind != EV_END;
	trace_reader_free(r);
	close(fd);
	return n;
}

static void test_missing_file(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct reading many, single;
		uint64_t missing = 0;
		char path[400];

		record(&meta, seed * 991, 600, 30);
		for (int k = 0; k < 3; k++) { /* one, two or three in a row, not first or last */
			int n = nth(3, path);

			assert_in_range(n, 6, 90);
			if (k && below(&(uint64_t){seed + (uint64_t)k}, 2))
				continue;
			missing += events_in(path);
			unlink(path);
		}
		read_all(&many, dir);
		read_all(&single, one);
		assert_string_equal(said, "");
		assert_int_equal(many.status, 0);
		assert_int_equal(many.lost, missing);
		assert_int_equal(many.metas, 1);
		assert_same_world(&single, &many);
		read_end(&many);
		read_end(&single);
		empty_dir();
	}
}

static void test_first_files_gone(void **state)
{
	struct reading many, single;
	char path[400];

	(void)state;
	record(&meta, 3131, 600, 30);
	for (int k = 0; k < 3; k++) {
		nth(0, path);
		unlink(path);
	}
	read_all(&many, dir);
	assert_int_equal(many.status, 0);
	assert_int_equal(many.lost, 0); /* it just begins later */
	read_all(&single, one);
	for (const struct proc *p = model_first(single.m); p; p = model_next(p))
		if (p->state != PROC_GONE)
			assert_non_null(model_find(many.m, &p->ref));
	read_end(&many);
	read_end(&single);
}

static void test_cut_file(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct reading many, single;
		char path[400], expect[500];
		struct stat st;
		uint64_t before, after;

		record(&meta, seed * 17, 600, 30);
		assert_in_range(nth(2, path), 6, 90);
		before = events_in(path);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(truncate(path, st.st_size / 2), 0);
		after = events_in(path);
		read_all(&many, dir);
		snprintf(expect, sizeof(expect), "brood: %s: cut short after ", path);
		assert_memory_equal(said, expect, strlen(expect));
		assert_ptr_equal(strchr(said, '\n') + 1, said + strlen(said)); /* one line */
		assert_int_equal(many.status, 3);
		assert_int_equal(many.lost, before - after);
		read_all(&single, one);
		assert_same_world(&single, &many);
		read_end(&many);
		read_end(&single);
		empty_dir();
	}
}

/* Nothing but the END is missing, so no event is: the next file goes on. */
static void test_end_missing(void **state)
{
	struct reading many, single;
	char path[400];
	struct stat st;

	(void)state;
	record(&meta, 555, 300, 30);
	nth(2, path);
	stat(path, &st);
	assert_int_equal(truncate(path, st.st_size - 1), 0);
	read_all(&many, dir);
	read_all(&single, one);
	assert_int_equal(many.status, 3);
	assert_int_equal(many.len, single.len);
	assert_memory_equal(many.text, single.text, many.len);
	read_end(&many);
	read_end(&single);
}

/* --- runs and boots -------------------------------------------------------------------- */

static int tell_files(void *ctx, const struct event *ev)
{
	return rotation_event(ctx, ev);
}

static int tell_nobody(void *ctx, const struct event *ev)
{
	(void)ctx;
	(void)ev;
	return 0;
}

/* One run of brood: from what the machine has now until it had `steps` more events. */
static void watch(struct machine *m, const struct meta *of, int steps)
{
	struct rotation files;

	assert_int_equal(rotation_open(&files, dir, false, &no_limit), 0);
	assert_int_equal(rotation_begin(&files, of), 0);
	m->tell = tell_files;
	m->ctx = &files;
	machine_list(m);
	while (steps)
		steps -= machine_step(m);
	machine_end(m);
	assert_int_equal(rotation_close(&files), 0);
	m->tell = tell_nobody;
}

static struct meta meta_at(const struct machine *m, const char *boot)
{
	struct meta of = meta;

	of.t0 = m->now;
	of.wall0 = meta.wall0 + m->now - T0;
	snprintf(of.boot_id, sizeof(of.boot_id), "%s", boot);
	return of;
}

/* What the machine has, and nothing else, is what is known. */
static void assert_is_world(const struct reading *r, const struct machine *m)
{
	int n = 0;

	for (uint32_t i = 0; i < MACHINE_PROCS; i++) {
		const struct life *l = &m->life[i];
		const struct proc *p;

		if (l->state == SLOT_FREE)
			continue;
		n++;
		p = model_find(r->m, &l->ref);
		assert_non_null(p);
		assert_int_equal(p->state, l->state == SLOT_ALIVE ? PROC_ALIVE : PROC_ZOMBIE);
		assert_string_equal(p->comm, l->comm);
		if (i)
			assert_int_equal(p->parent.ref.tgid, m->life[l->parent].ref.tgid);
	}
	for (const struct proc *p = model_first(r->m); p; p = model_next(p))
		n -= p->state != PROC_GONE;
	assert_int_equal(n, 0);
}

/* Runs of brood on the same machine, which lives on in between. */
static void test_another_run(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct machine m;
		struct meta of;
		struct reading r;

		machine_start(&m, seed * 131, T0, tell_nobody, NULL);
		for (int run = 0; run < 3; run++) {
			of = meta_at(&m, "one");
			watch(&m, &of, 200);
			for (int i = 0; i < 50 * run; i++)
				machine_step(&m);
			m.now += 10 * S;
		}
		read_all(&r, dir);
		assert_string_equal(said, "");
		assert_int_equal(r.status, 0);
		assert_int_equal(r.metas, 3);
		assert_int_equal(r.reboots, 0);
		assert_int_equal(r.lost, 0); /* nobody counted what was not watched */
		read_end(&r);
		/* What happened after the last run is not in it: it has to end with a run. */
		of = meta_at(&m, "one");
		watch(&m, &of, 10);
		read_all(&r, dir);
		assert_is_world(&r, &m);
		read_end(&r);
		empty_dir();
	}
}

/*
 * Another boot has the same PIDs with the same start times: nothing of the one before is
 * mixed with it, whoever looks.
 */
static void test_another_boot(void **state)
{
	struct machine a, b;
	struct meta of;
	struct reading r;
	int n = 0;

	(void)state;
	machine_start(&a, 7, T0, tell_nobody, NULL);
	a.steady = true;
	of = meta_at(&a, "one");
	watch(&a, &of, 300);
	machine_start(&b, 7, T0, tell_nobody, NULL);
	of = meta_at(&b, "two");
	of.wall0 += 100 * S;
	watch(&b, &of, 250);
	read_all(&r, dir);
	assert_string_equal(said, "");
	assert_int_equal(r.status, 0);
	assert_int_equal(r.metas, 2);
	assert_int_equal(r.reboots, 1);
	assert_is_world(&r, &b);
	for (const struct proc *p = model_first(r.m); p; p = model_next(p))
		n += p->ref.tgid == 1; /* init, twice */
	assert_int_equal(n, 2);
	/* It began 100 s after the other one did. */
	assert_non_null(strstr(r.text, "\"ts\":100000000000,\"time\":\"2023-11-14T22:15:00.000000000Z\","
				       "\"version\":1"));
	assert_true(r.last_ts == 100 * S + b.now - T0);
	read_end(&r);
}

/* The clock was set back by the reboot: names and times go on all the same. */
static void test_clock_set_back(void **state)
{
	struct machine a, b;
	struct meta of;
	struct reading r;

	(void)state;
	machine_start(&a, 7, T0, tell_nobody, NULL);
	of = meta_at(&a, "one");
	watch(&a, &of, 100);
	machine_start(&b, 9, T0, tell_nobody, NULL);
	of = meta_at(&b, "two");
	of.wall0 -= 3600 * S;
	watch(&b, &of, 100);
	read_all(&r, dir); /* which looks at the times, too */
	assert_int_equal(r.reboots, 1);
	assert_is_world(&r, &b);
	read_end(&r);
}

static void test_other_host(void **state)
{
	struct machine a, b;
	struct meta of;
	struct reading r;

	(void)state;
	machine_start(&a, 7, T0, tell_nobody, NULL);
	of = meta_at(&a, "one");
	watch(&a, &of, 100);
	machine_start(&b, 9, T0, tell_nobody, NULL);
	of = meta_at(&b, "two");
	of.wall0 += 100 * S;
	strcpy(of.host, "other");
	watch(&b, &of, 100);
	read_all(&r, dir);
	assert_non_null(strstr(said, ": of another host than those before it: not read\n"));
	assert_int_equal(r.status, 3);
	assert_is_world(&r, &a);
	read_end(&r);
}

/* --- what else lies in a directory ------------------------------------------------------ */

static void test_thousand_files(void **state)
{
	struct rusage before, after;
	struct machine m;
	struct reading r;
	int fds;

	(void)state;
	machine_start(&m, 5, T0, tell_nobody, NULL);
	for (int i = 0; i < 1000; i++) {
		struct meta of = meta_at(&m, i < 500 ? "one" : "two");

		watch(&m, &of, 10);
	}
	fds = count_fds();
	getrusage(RUSAGE_SELF, &before);
	read_all(&r, dir);
	getrusage(RUSAGE_SELF, &after);
	assert_string_equal(said, "");
	assert_int_equal(r.status, 0);
	assert_int_equal(r.metas, 1000);
	assert_int_equal(r.reboots, 1);
	assert_is_world(&r, &m);
	assert_in_range(r.fds, fds, fds + 4); /* the directory, a file, two of read_all() */
	assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, 64 << 10);
	read_end(&r);
}

static void make_file(const char *name, const char *bytes)
{
	char path[400];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, strlen(bytes)), strlen(bytes));
	close(fd);
}

static void test_other_things(void **state)
{
	char path[400];
	struct machine m;
	struct meta of;
	struct reading r;

	(void)state;
	machine_start(&m, 5, T0, tell_nobody, NULL);
	of = meta_at(&m, "one");
	watch(&m, &of, 100);
	make_file("aaa.brood", "");
	make_file("zzz.brood", "this is no trace, but long enough to be one by its length");
	make_file("notes.txt", "not looked at");
	snprintf(path, sizeof(path), "%s/a.brood", dir);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/b.brood", dir);
	mkfifo(path, 0600); /* whoever opens it waits for ever */
	read_all(&r, dir);
	snprintf(path, sizeof(path), "brood: %s/aaa.brood: an empty file\n"
				     "brood: %s/zzz.brood: not a trace\n", dir, dir);
	assert_string_equal(said, path);
	assert_int_equal(r.status, 3);
	assert_is_world(&r, &m);
	read_end(&r);
}

static int open_status(const char *path)
{
	struct source src;
	int status = -1, saved, fd = hush(&saved);

	assert_true(file_open(&src, path, &status) < 0);
	unhush(fd, saved);
	assert_ptr_equal(strchr(said, '\n') + 1, said + strlen(said)); /* one line */
	return status;
}

static void test_nothing_to_read(void **state)
{
	(void)state;
	assert_int_equal(open_status(dir), 1);
	assert_non_null(strstr(said, ": no traces in this directory ("));
	make_file("a.brood", "");
	assert_int_equal(open_status(dir), 3);
	assert_non_null(strstr(said, "a.brood: an empty file\n"));
}

/* --- names ----------------------------------------------------------------------------- */

static void test_names(void **state)
{
	char a[SERIES_NAME], b[SERIES_NAME], c[SERIES_NAME];
	uint64_t noon = 1764217517 * S + 123456789; /* 2025-11-27 04:25:17 UTC */
	struct series s, second;
	int saved, fd;

	(void)state;
	assert_int_equal(series_open(&s, dir, false, 0), 0);
	close(series_new_file(&s, noon, a));
	assert_string_equal(a, "brood-20251127T042517.123456Z.brood");
	close(series_new_file(&s, noon - 3600 * S, b));
	assert_string_equal(b, "brood-20251127T042517.123457Z.brood");
	fd = hush(&saved);
	assert_true(series_open(&second, dir, false, 0) < 0); /* locked */
	unhush(fd, saved);
	assert_non_null(strstr(said, "another brood is recording into it"));
	series_close(&s);
	/* Another run, still with that clock. */
	assert_int_equal(series_open(&s, dir, false, 2), 0);
	close(series_new_file(&s, noon - 3600 * S, c));
	assert_string_equal(c, "brood-20251127T042517.123458Z.brood");
	make_file("brood-20200101T000000.000000Z.brood.bak", "");
	make_file("brood-20209901T000000.000000Z.brood", "");
	make_file("other.brood", "");
	assert_int_equal(symlinkat("/dev/null", s.fd, "brood-20200101T000000.000000Z.brood"), 0);
	assert_int_equal(series_prune(&s), 0);
	assert_int_equal(faccessat(s.fd, a, F_OK, 0), -1);
	assert_int_equal(faccessat(s.fd, b, F_OK, 0), 0);
	assert_int_equal(faccessat(s.fd, c, F_OK, 0), 0);
	assert_int_equal(faccessat(s.fd, "other.brood", F_OK, 0), 0);
	assert_int_equal(faccessat(s.fd, "brood-20209901T000000.000000Z.brood", F_OK, 0), 0);
	assert_int_equal(faccessat(s.fd, "brood-20200101T000000.000000Z.brood", F_OK, 0), 0);
	assert_int_equal(faccessat(s.fd, "brood-20200101T000000.000000Z.brood.bak", F_OK, 0), 0);
	series_close(&s);
}

int main(void)
{
#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		IN_DIR(test_no_seams),	       IN_DIR(test_each_is_complete),
		IN_DIR(test_missing_file),     IN_DIR(test_first_files_gone),
		IN_DIR(test_cut_file),	       IN_DIR(test_end_missing),
		IN_DIR(test_another_run),      IN_DIR(test_another_boot),
		IN_DIR(test_clock_set_back),   IN_DIR(test_other_host),
		IN_DIR(test_thousand_files),   IN_DIR(test_other_things),
		IN_DIR(test_nothing_to_read),  IN_DIR(test_names),
	};

	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
