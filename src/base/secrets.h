/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * secrets.h: what of a text nobody may see, given as regular expressions (POSIX extended).
 *
 * Every byte that any of them matches is a secret, and a run of such bytes becomes one
 * "[redacted]", however many matches it holds: neither its length nor their number tells
 * anything.  All of them look at the text as it was, so none sees what another one left.
 * A match of no length hides nothing.  Bytes are bytes, whatever their encoding.
 */
#ifndef BROOD_SECRETS_H
#define BROOD_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

#define SECRETS_MAX 16		/* expressions */
#define SECRETS_MARK "[redacted]"

struct secrets;

/* Can this be one of the expressions?  An empty one cannot: it would hide nothing. */
bool secrets_valid(const char *regex);

/* n valid expressions; copied.  0, -EINVAL or -ENOMEM. */
int secrets_new(struct secrets **out, const char *const *regex, size_t n);
void secrets_free(struct secrets *s);

/*
 * Append the text (any bytes) without its secrets.  The expressions themselves are among
 * these: often one is the secret, and it stands in our own arguments.  A text that cannot
 * be searched, for want of memory, is one secret.
 */
void secrets_hide(const struct secrets *s, struct text *to, const char *text, size_t len);

#endif
