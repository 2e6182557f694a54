// SPDX-License-Identifier: GPL-2.0-only
#include "base/secrets.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

struct secret {
	regex_t regex;
	char *words;		/* the expression itself */
};

struct secrets {
	size_t n;
	struct secret list[SECRETS_MAX];
};

bool secrets_valid(const char *regex)
{
	regex_t r;

	if (!*regex || regcomp(&r, regex, REG_EXTENDED))
		return false;
	regfree(&r);
	return true;
}

int secrets_new(struct secrets **out, const char *const *regex, size_t n)
{
	struct secrets *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	for (; s->n < n; s->n++) {
		struct secret *one = &s->list[s->n];
		int err = regcomp(&one->regex, regex[s->n], REG_EXTENDED);

		one->words = err ? NULL : strdup(regex[s->n]);
		if (one->words)
			continue;
		if (!err)
			regfree(&one->regex);
		secrets_free(s);
		return err && err != REG_ESPACE ? -EINVAL : -ENOMEM;
	}
	*out = s;
	return 0;
}

void secrets_free(struct secrets *s)
{
	if (!s)
		return;
	while (s->n--) {
		regfree(&s->list[s->n].regex);
		free(s->list[s->n].words);
	}
	free(s);
}

/* secret: one mark for each byte of the text.  Was the search possible? */
static bool mark_matches(const regex_t *regex, const char *text, size_t len, char *secret)
{
	size_t at = 0;

	while (at < len) {
		/* glibc, BSD: no NUL ends the text, and ^ means its beginning, not `at`. */
		regmatch_t m = { .rm_so = (regoff_t)at, .rm_eo = (regoff_t)len };
		int err = regexec(regex, text, 1, &m, REG_STARTEND);

		if (err)
			return err == REG_NOMATCH;
		memset(secret + m.rm_so, 1, (size_t)(m.rm_eo - m.rm_so));
		at = (size_t)m.rm_eo + (m.rm_eo == m.rm_so);
	}
	return true;
}

static void mark_words(const char *words, const char *text, size_t len, char *secret)
{
	size_t n = strlen(words);
	const char *p = text;

	while ((p = memmem(p, len - (size_t)(p - text), words, n))) {
		memset(secret + (p - text), 1, n);
		p++;
	}
}

/* Runs of what is secret, and runs of what is not. */
static void put_runs(struct text *to, const char *text, size_t len, const char *secret)
{
	size_t at = 0;

	while (at < len) {
		const char *change = memchr(secret + at, secret[at] ? 0 : 1, len - at);
		size_t n = change ? (size_t)(change - secret) - at : len - at;

		if (secret[at])
			text_adds(to, SECRETS_MARK);
		else
			text_add(to, text + at, n);
		at += n;
	}
}

void secrets_hide(const struct secrets *s, struct text *to, const char *text, size_t len)
{
	char *secret = len ? calloc(1, len) : NULL;
	bool searched = secret;

	if (!len)
		return;
	for (size_t i = 0; i < s->n && searched; i++) {
		searched = mark_matches(&s->list[i].regex, text, len, secret);
		mark_words(s->list[i].words, text, len, secret);
	}
	if (searched)
		put_runs(to, text, len, secret);
	else
		text_adds(to, SECRETS_MARK);
	free(secret);
}
