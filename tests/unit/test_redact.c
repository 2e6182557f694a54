// SPDX-License-Identifier: GPL-2.0-only
/* What is secret in a text, and events on their way through the sink that hides it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "source/redact.h"

#define BYTES(s) s, sizeof(s) - 1
#define MARK "[redacted]"

/* --- texts ---------------------------------------------------------------------------- */

static struct secrets *rules(const char *a, const char *b)
{
	const char *list[] = { a, b };
	struct secrets *s;

	assert_int_equal(secrets_new(&s, list, b ? 2 : 1), 0);
	return s;
}

static void check_hidden(const char *a, const char *b, const char *text, size_t len,
			 const char *want, size_t want_len)
{
	struct secrets *s = rules(a, b);
	struct text t = { 0 };

	secrets_hide(s, &t, text, len);
	assert_int_equal(t.len, want_len);
	assert_memory_equal(t.data ? t.data : "", want, want_len);
	text_free(&t);
	secrets_free(s);
}

static void test_matches(void **state)
{
	(void)state;
	check_hidden("hunter2", NULL, BYTES("nothing here"), BYTES("nothing here"));
	check_hidden("hunter2", NULL, BYTES(""), BYTES(""));
	check_hidden("hunter2", NULL, BYTES("a hunter2 b hunter2"), BYTES("a " MARK " b " MARK));
	check_hidden("hunter2", NULL, BYTES("hunter2"), BYTES(MARK));
	/* Neither how long nor how many: a run is one. */
	check_hidden("[0-9]", NULL, BYTES("pin 4711!"), BYTES("pin " MARK "!"));
	check_hidden("hunter2", "hunter3", BYTES("hunter2hunter3"), BYTES(MARK));
	/* The second does not see what the first one left; overlaps are all hidden. */
	check_hidden("secret", "red|act", BYTES("a secret act"), BYTES("a " MARK " " MARK));
	check_hidden("abc", "cde", BYTES("xabcdex"), BYTES("x" MARK "x"));
	/* The longest of the leftmost, as POSIX has it. */
	check_hidden("(key|keyhole)=[^ ]*", NULL, BYTES("x keyhole=1 y"), BYTES("x " MARK " y"));
}

static void test_anchors(void **state)
{
	(void)state;
	check_hidden("^a+$", NULL, BYTES("aaa"), BYTES(MARK));
	check_hidden("^a+$", NULL, BYTES("aaa b"), BYTES("aaa b"));
	check_hidden("^a", NULL, BYTES("aaa"), BYTES(MARK "aa"));
	check_hidden("a$", NULL, BYTES("aaa"), BYTES("aa" MARK));
	/* A newline is a character like another: neither an end nor a beginning. */
	check_hidden("^b", NULL, BYTES("a\nb"), BYTES("a\nb"));
	check_hidden("a.b", NULL, BYTES("a\nb"), BYTES(MARK));
	check_hidden("token=[^ ]*", NULL, BYTES("token=x\ny z"), BYTES(MARK " z"));
}

static void test_no_length(void **state)
{
	(void)state;
	check_hidden("x*", NULL, BYTES("abc"), BYTES("abc"));
	check_hidden("x*", NULL, BYTES("axxb"), BYTES("a" MARK "b"));
	check_hidden("^", NULL, BYTES("abc"), BYTES("abc"));
	check_hidden("$", NULL, BYTES("abc"), BYTES("abc"));
	check_hidden("()", "b|()", BYTES("abc"), BYTES("a" MARK "c"));
}

static void test_bytes(void **state)
{
	(void)state;
	check_hidden("key=.*", NULL, BYTES("\xff\xfe key=\xc3\x28\x80"), BYTES("\xff\xfe " MARK));
	check_hidden("a.c", NULL, BYTES("a\xff" "c"), BYTES(MARK));
	check_hidden("\xc3\xa9", NULL, BYTES("caf\xc3\xa9!"), BYTES("caf" MARK "!"));
	check_hidden("\xff", NULL, BYTES("\xfe\xff\xfe"), BYTES("\xfe" MARK "\xfe"));
}

/* It stands in the arguments of brood itself, where it does not match itself. */
static void test_expression_itself(void **state)
{
	(void)state;
	check_hidden("^hunter2$", NULL, BYTES("^hunter2$"), BYTES(MARK));
	check_hidden("^hunter2$", NULL, BYTES("--redact=^hunter2$"), BYTES("--redact=" MARK));
}

static void test_valid(void **state)
{
	static const char *const bad[] = { "", "(", "[a", "a{2,1}", "*", "a\\" };
	struct secrets *s;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_false(secrets_valid(bad[i]));
		if (*bad[i])
			assert_int_equal(secrets_new(&s, &bad[i], 1), -EINVAL);
	}
	assert_false(secrets_valid(bad[5]));
	assert_true(secrets_valid("a{2,3}|(b)"));
}

/* Whatever the pattern and the text: no byte that matched is left, and nothing else goes. */
static void test_long(void **state)
{
	size_t len = 65536;
	char *text = malloc(len), *want = malloc(len * 6), *w = want;

	(void)state;
	assert_non_null(text);
	assert_non_null(want);
	for (size_t i = 0; i < len; i++) {
		text[i] = i % 2 ? 'b' : 'a';
		w = i % 2 ? stpcpy(w, "b") : stpcpy(w, MARK);
	}
	check_hidden("a", NULL, text, len, want, (size_t)(w - want));
	free(want);
	free(text);
}

/* --- events ----------------------------------------------------------------------------- */

struct taken {
	char copy[200000];
	int events;
};

static int take(void *ctx, const struct event *ev)
{
	struct taken *t = ctx;
	const struct ev_exec *e = (const struct ev_exec *)ev;
	const struct ev_snapshot *s = (const struct ev_snapshot *)ev;
	size_t size = sizeof(*ev);

	if (ev->kind == EV_EXEC) {
		size = e->args_off + e->args_len;
		size = e->file_off + e->file_len > size ? e->file_off + e->file_len : size;
		size = e->interp_off + e->interp_len > size ? e->interp_off + e->interp_len : size;
	} else if (ev->kind == EV_SNAPSHOT) {
		size = s->args_off + s->args_len;
	}
	assert_true(size <= sizeof(t->copy));
	memcpy(t->copy, ev, size);
	return ++t->events == 3 ? -EPIPE : 0;
}

static uint64_t no_deadline(void *ctx)
{
	return (uint64_t)((struct taken *)ctx)->events;
}

static struct taken taken;
static const struct sink to = { take, NULL, no_deadline, &taken, NULL, NULL, 0 };

struct passage {
	struct secrets *secrets;
	struct redact r;
	struct sink sink;
};

static void begin(struct passage *p, const char *regex)
{
	p->secrets = rules(regex, NULL);
	p->r = (struct redact){ .secrets = p->secrets, .to = &to };
	p->sink = redact_sink(&p->r);
	memset(&taken, 0, sizeof(taken));
}

static void end(struct passage *p)
{
	redact_free(&p->r);
	secrets_free(p->secrets);
}

/* As a probe leaves it: gaps between the parts. */
struct exec_event {
	struct ev_exec e;
	char args[256], file[128], interp[64];
};

static struct exec_event exec_event(const char *args, size_t len, const char *file,
				    const char *interp)
{
	struct exec_event x = { .e = {
		.h = { .ts = 7, .who = { 1, 2, 2 }, .kind = EV_EXEC, .comm = "hunter2" },
		.uid = 5, .args_bytes = (uint32_t)len,
		.args_off = offsetof(struct exec_event, args), .args_len = (uint32_t)len,
		.file_off = offsetof(struct exec_event, file), .file_len = (uint32_t)strlen(file),
		.interp_off = offsetof(struct exec_event, interp),
		.interp_len = (uint32_t)strlen(interp),
	} };

	memcpy(x.args, args, len);
	memcpy(x.file, file, strlen(file));
	memcpy(x.interp, interp, strlen(interp));
	return x;
}

static void check_part(uint32_t off, uint32_t len, const char *want, size_t want_len)
{
	assert_int_equal(len, want_len);
	assert_memory_equal(taken.copy + off, want, want_len);
}

static void test_exec(void **state)
{
	struct exec_event x = exec_event(BYTES("sh\0--password=hunter2\0\0-x\0"),
					 "/opt/hunter2/sh", "/lib/hunter2");
	const struct ev_exec *e = (const struct ev_exec *)taken.copy;
	struct passage p;

	(void)state;
	begin(&p, "hunter2");
	assert_int_equal(p.sink.event(p.sink.ctx, &x.e.h), 0);
	check_part(e->args_off, e->args_len, BYTES("sh\0--password=" MARK "\0\0-x\0"));
	check_part(e->file_off, e->file_len, BYTES("/opt/" MARK "/sh"));
	check_part(e->interp_off, e->interp_len, BYTES("/lib/" MARK));
	/* Whole it is, and how long the secret was is not told. */
	assert_int_equal(e->args_bytes, e->args_len);
	assert_int_equal(e->uid, 5);
	assert_int_equal(e->h.ts, 7);
	assert_string_equal(e->h.comm, "hunter2"); /* no argument */
	end(&p);
}

/* Each argument by itself. */
static void test_anchored(void **state)
{
	struct exec_event x = exec_event(BYTES("sh\0secret\0secrets\0a\nsecret\0"), "sh", "");
	const struct ev_exec *e = (const struct ev_exec *)taken.copy;
	struct passage p;

	(void)state;
	begin(&p, "^secret$");
	p.sink.event(p.sink.ctx, &x.e.h);
	check_part(e->args_off, e->args_len, BYTES("sh\0" MARK "\0secrets\0a\nsecret\0"));
	end(&p);
}

/* The limit fell into an argument: too little of a secret may be left to match. */
static void test_cut(void **state)
{
	struct exec_event x = exec_event(BYTES("sh\0password=hunt"), "sh", "");
	const struct ev_exec *e = (const struct ev_exec *)taken.copy;
	struct passage p;

	(void)state;
	begin(&p, "hunter2");
	x.e.args_bytes = 1000;
	p.sink.event(p.sink.ctx, &x.e.h);
	check_part(e->args_off, e->args_len, BYTES("sh\0" MARK));
	assert_int_equal(e->args_bytes, 1000 - 16 + 13);
	/* It fell between two. */
	x.e.args_len = 3;
	p.sink.event(p.sink.ctx, &x.e.h);
	check_part(e->args_off, e->args_len, BYTES("sh\0"));
	assert_int_equal(e->args_bytes, 1000);
	/* None are kept. */
	x.e.args_len = 0;
	p.sink.event(p.sink.ctx, &x.e.h);
	assert_int_equal(e->args_len, 0);
	assert_int_equal(e->args_bytes, 1000);
	end(&p);
}

static void test_snapshot(void **state)
{
	struct {
		struct ev_snapshot s;
		char args[32];
	} x = { .s = { .h = { .kind = EV_SNAPSHOT }, .sid = 9 } };
	const struct ev_snapshot *s = (const struct ev_snapshot *)taken.copy;
	struct passage p;

	(void)state;
	begin(&p, "hunter2");
	p.sink.event(p.sink.ctx, &x.s.h);
	assert_int_equal(s->args_len, 0);
	/* Written over by setproctitle: no NUL, and yet nothing was cut off. */
	memcpy(x.args, BYTES("db: hunter2 idle"));
	x.s.args_off = sizeof(x.s);
	x.s.args_len = x.s.args_bytes = 16;
	p.sink.event(p.sink.ctx, &x.s.h);
	check_part(s->args_off, s->args_len, BYTES("db: " MARK " idle"));
	assert_int_equal(s->args_bytes, s->args_len);
	assert_int_equal(s->sid, 9);
	end(&p);
}

/* The rest passes as it is, and so does what the sink says. */
static void test_others(void **state)
{
	struct event ev = { .ts = 3, .kind = EV_EXIT, .comm = "hunter2" };
	struct passage p;

	(void)state;
	begin(&p, "hunter2");
	assert_int_equal(p.sink.event(p.sink.ctx, &ev), 0);
	assert_memory_equal(taken.copy, &ev, sizeof(ev));
	assert_int_equal(p.sink.event(p.sink.ctx, &ev), 0);
	assert_int_equal(p.sink.event(p.sink.ctx, &ev), -EPIPE);
	assert_int_equal(p.sink.deadline(p.sink.ctx), 3);
	assert_int_equal(p.sink.idle(p.sink.ctx), 0);
	end(&p);
}

/* Replacements may be longer than secrets; there is a limit, and it is told. */
static void test_growth(void **state)
{
	const struct ev_exec *e = (const struct ev_exec *)taken.copy;
	struct ev_exec *x = calloc(1, sizeof(*x) + 65536);
	char *args = (char *)(x + 1);
	struct passage p;

	(void)state;
	assert_non_null(x);
	x->h.kind = EV_EXEC;
	x->args_off = sizeof(*x);
	x->args_len = x->args_bytes = 65536;
	for (int i = 0; i < 65535; i++)
		args[i] = i % 2 ? 'b' : 'a';
	begin(&p, "a");
	p.sink.event(p.sink.ctx, &x->h);
	assert_int_equal(e->args_len, 65536);
	assert_int_equal(e->args_bytes, 32768 * 11);
	end(&p);
	free(x);
}

static void test_meta(void **state)
{
	static const char command[] = "sh\0-p\0hunter2";
	struct secrets *s = rules("hunter2", NULL);
	struct meta m = { 0 };

	(void)state;
	redact_meta(s, &m);
	assert_null(m.command);
	m.command = malloc(sizeof(command));
	assert_non_null(m.command);
	m.command_len = sizeof(command);
	memcpy(m.command, command, sizeof(command));
	redact_meta(s, &m);
	assert_int_equal(m.command_len, sizeof("sh\0-p\0" MARK));
	assert_memory_equal(m.command, "sh\0-p\0" MARK, m.command_len);
	free(m.command);
	secrets_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches), cmocka_unit_test(test_anchors),
		cmocka_unit_test(test_no_length), cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_expression_itself), cmocka_unit_test(test_valid),
		cmocka_unit_test(test_long), cmocka_unit_test(test_exec),
		cmocka_unit_test(test_anchored), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_snapshot), cmocka_unit_test(test_others),
		cmocka_unit_test(test_growth), cmocka_unit_test(test_meta),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
