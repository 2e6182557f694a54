// SPDX-License-Identifier: GPL-2.0-only
/* para.c: see para.h. */
#include <string.h>

#include "view/fate.h"
#include "view/para.h"

#define DEFAULT_COLUMNS 80
#define MOST_COLUMNS	100

static void glue(struct text *t, size_t from)
{
	for (size_t i = from; i < t->len; i++)
		if (t->data[i] == ' ')
			t->data[i] = PARA_GLUE;
}

void para_who(struct text *t, const struct task_ref *ref, const char comm[EVENT_COMM])
{
	size_t from = t->len;

	who_text(t, ref, comm);
	glue(t, from);
}

void para_plain(struct text *t, const char *bytes, size_t len)
{
	size_t from = t->len;

	text_add(t, bytes, len);
	glue(t, from);
}

void para_duration(struct text *t, uint64_t ns)
{
	size_t from = t->len;

	text_duration(t, ns);
	glue(t, from);
}

void para_moment(struct text *t, uint64_t ts)
{
	uint64_t ms = ts / 1000000;

	text_addf(t, "%llu.%03u%cs", (unsigned long long)(ms / 1000), (unsigned int)(ms % 1000),
		  PARA_GLUE);
}

void para_name(struct text *t, const char *bytes, size_t len)
{
	size_t from = t->len;

	text_escape(t, bytes, len);
	glue(t, from);
}

int para_columns(const struct view_options *opt)
{
	if (opt->columns <= 0)
		return DEFAULT_COLUMNS;
	return opt->columns < MOST_COLUMNS ? opt->columns : MOST_COLUMNS;
}

/* text_width() takes the glue for what it is, a control character without a width. */
static int word_width(const char *word, size_t len)
{
	int width = text_width(word, len);

	for (size_t i = 0; i < len; i++)
		width += word[i] == PARA_GLUE;
	return width;
}

static void put_word(FILE *out, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fputc(word[i] == PARA_GLUE ? ' ' : word[i], out);
}

void para_print(const struct view_options *opt, const struct text *t, int at, int indent)
{
	int columns = para_columns(opt);
	bool begun = false; /* a word stands on this line */

	for (size_t i = 0; i < t->len;) {
		size_t len = strcspn(t->data + i, " ");
		int width = word_width(t->data + i, len);

		if (begun && at + 1 + width > columns) {
			fprintf(opt->out, "\n%*s", indent, "");
			at = indent;
		} else if (begun) {
			fputc(' ', opt->out);
			at++;
		}
		put_word(opt->out, t->data + i, len);
		at += width;
		begun = true;
		i += len;
		while (i < t->len && t->data[i] == ' ')
			i++;
	}
	fputc('\n', opt->out);
}
