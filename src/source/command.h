/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * command.h: a command that is followed.  It is born stopped, so that probes can be set on
 * it, and then runs as if started from the shell: same terminal, signals, environment.
 */
#ifndef BROOD_COMMAND_H
#define BROOD_COMMAND_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

/* What brood changed for itself and the command must get back. */
struct inherited {
	sigset_t mask;
	bool pipe_ignored;	/* SIGPIPE was ignored already when brood started */
	bool xfsz_ignored;	/* and SIGXFSZ, of a write beyond RLIMIT_FSIZE */
	bool chld_ignored;	/* and SIGCHLD, with which nobody can be waited for */
	struct rlimit memlock;
};

/* Call once, early; it also sets brood's own dispositions. */
void inherited_save(struct inherited *in);

struct command {
	pid_t pid;		/* 0: not born yet */
	pid_t launcher;		/* makes it when told; 0: done */
	int born_fd;		/* to the launcher: a byte means now */
	int pid_fd;		/* from the launcher: the command's PID */
	int start_fd;		/* a byte here lets it go */
	int error_fd;		/* its errno comes here if it cannot exec */
	bool ended;
	int wait_status;	/* as waitpid says it, once ended */
};

/*
 * Fork the launcher, while this process is still small: what a process is forked from
 * counts in its peak memory (fs/exec.c: exec_mmap), and probes take megabytes to load.
 * user: NULL or whose IDs the command takes.  0, or a negative errno after saying why; the
 * caller's exit status is 125 then.
 */
int command_prepare(struct command *c, char **argv, const char *user,
		    const struct inherited *in);

/* Have it born, held, as our own child.  0, or a negative errno after saying why. */
int command_hold(struct command *c, const char *name);

/*
 * Let it go and wait until it has become the command.  0; or a negative errno after
 * saying why: *status is then 127 (not found) or 126 (cannot be executed).
 */
int command_release(struct command *c, const char *name, int *status);

/* Has it ended?  Reaps it if so. */
bool command_ended(struct command *c);

/* If it was never let go, it leaves without having run. */
void command_close(struct command *c);

/* As a shell says it: the code, or 128 + the signal. */
int command_status(const struct command *c);

#endif
