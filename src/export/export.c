// SPDX-License-Identifier: GPL-2.0-only
/* export.c: the table of formats, and what they have in common. */
#include <string.h>

#include "export/export.h"

/* clang-format off */
const struct export_format export_formats[] = {
	{ "jsonl", "one JSON object a line for each event and finding",
	  .fact = jsonl_fact },
	{ "processes", "one JSON object a line for each process, for a table or a database",
	  .fact = processes_fact, .end = processes_end, .keep_args = true },
	{ NULL, NULL, NULL, NULL, false, false },
};
/* clang-format on */

const struct export_format *export_find(const char *name)
{
	for (const struct export_format *f = export_formats; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

void export_begin(struct export *x, FILE *out)
{
	*x = (struct export){.out = out, .date_second = UINT64_MAX};
}

void export_free(struct export *x)
{
	text_free(&x->json.out);
}

void export_line(struct export *x)
{
	json_line(&x->json);
	fwrite_unlocked(x->json.out.data, 1, x->json.out.len, x->out);
	text_clear(&x->json.out);
}

void export_uint(struct json *j, const char *key, uint64_t v)
{
	if (v < 1ULL << 53)
		json_uint(j, key, v);
	else
		json_null(j, key);
}

void export_known(struct json *j, const char *key, bool known, uint64_t v)
{
	export_uint(j, key, known ? v : NO_TIME);
}

void export_id(struct json *j, const char *key, const struct task_ref *ref)
{
	char buf[40], *end = buf + sizeof(buf), *s;

	if (!ref->tgid || !ref->start) {
		json_null(j, key);
		return;
	}
	s = text_digits(end, ref->start);
	*--s = '-';
	s = text_digits(s, ref->tgid);
	json_plain(j, key, s, (size_t)(end - s));
}

void export_field(struct json *j, const char *key, const char *bytes, size_t size)
{
	json_bytes(j, key, bytes, strnlen(bytes, size));
}

uint64_t export_duration(const struct proc *p, uint64_t exit_ts)
{
	if (exit_ts == NO_TIME || p->exit_inferred)
		return NO_TIME;
	if (p->fork_ts != NO_TIME)
		return exit_ts > p->fork_ts ? exit_ts - p->fork_ts : 0;
	if (!p->ref.start || (int64_t)(p->zero + exit_ts - p->ref.start) < 0)
		return NO_TIME;
	return p->zero + exit_ts - p->ref.start;
}
