/* SPDX-License-Identifier: GPL-2.0-only */
/* say.h: the one place that speaks to stderr: `brood: what: why (what to do)`. */
#ifndef BROOD_SAY_H
#define BROOD_SAY_H

#include <stdbool.h>

/*
 * One line on stderr.  what and why may hold hostile bytes (a path, a command): they are
 * escaped.  why and hint may be NULL.
 */
void say(const char *what, const char *why, const char *hint);

/* The same with why made like printf. */
void sayf(const char *what, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* -v: let libbpf and the verifier speak too. */
extern bool say_verbose;

#endif
