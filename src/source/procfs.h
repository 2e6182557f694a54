/* SPDX-License-Identifier: GPL-2.0-only */
/* procfs.h: the few things about a process that only /proc tells. */
#ifndef BROOD_PROCFS_H
#define BROOD_PROCFS_H

#include <stdbool.h>
#include <stddef.h>

#include "event.h"

/*
 * Is this very life of the process still in the task list, alive or zombie?  The start
 * time in /proc is in clock ticks, so a PID reused within one tick would pass for it.
 */
bool procfs_exists(const struct task_ref *ref);

/* Is it there, as a zombie? */
bool procfs_is_zombie(const struct task_ref *ref);

/*
 * Is it there, on its way out (PF_EXITING), but no zombie yet?  sched_process_exit has told its
 * end by then, and it is about to be one, or to be released at once.
 */
bool procfs_is_ending(const struct task_ref *ref);

/*
 * Its arguments, NUL-separated, at most max bytes, into a malloc'ed *args.  Returns the
 * bytes kept and the true length in *total; 0 where it has none or is not the same life.
 */
size_t procfs_args(const struct task_ref *ref, size_t max, char **args, size_t *total);

#endif
