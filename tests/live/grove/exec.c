// SPDX-License-Identifier: GPL-2.0-only
/* exec.c: becoming another program, which is this one again: it goes on with the next act. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "grove.h"

#define ARGS_MAX 8
#define LONG_ARG 6000

/* Arguments as nobody would wish for; their number and choice follow from the node and act. */
static char long_arg[LONG_ARG + 1];

static void draw_args(char **argv)
{
	static char *const words[] = {
		"grove", "", "two words", "line\nbreak", "\x1b[31mred\x1b[0m", "broken \xff\xfe utf-8",
		"\xe2\x80\xae", "\"quoted\\", "\t", "gr\xc3\xbc\xc3\x9f", long_arg,
	};
	uint64_t state = grove->seed << 20 ^ (uint64_t)self.node << 8 ^ grove->nodes[self.node].pc;
	unsigned int n = (unsigned int)(random_next(&state) % ARGS_MAX), i;

	memset(long_arg, 'x', LONG_ARG);
	for (i = 0; i < n; i++)
		argv[i] = words[random_next(&state) % (sizeof(words) / sizeof(*words))];
	argv[n] = NULL;
}

/* The longest path there may be to this program, 4095 bytes. */
static const char *long_path(void)
{
	static char path[4096];
	size_t len = strlen(program), fill = sizeof(path) - 1 - len;

	memset(path, '/', fill);
	for (size_t i = 1; i + 1 < fill; i += 2)
		path[i] = '.';
	if (fill > 1 && path[fill - 1] == '.')	/* "/.//./grove", never "/.grove" */
		path[fill - 1] = '/';
	memcpy(path + fill, program, len + 1);
	return path;
}

void become(unsigned int kind)
{
	bool in_thread = kind & EXEC_IN_THREAD;
	char *argv[ARGS_MAX + 1], name[32], *envp[] = {name, NULL};
	const char *file = NULL, *interp = NULL;

	kind &= ~(unsigned int)EXEC_IN_THREAD;
	draw_args(argv);
	snprintf(name, sizeof(name), "GROVE_NODE=%d", self.node);
	switch ((enum exec_kind)kind) {
	case EXEC_SELF:
		file = program;
		break;
	case EXEC_RELATIVE:
		file = "./grove";
		break;
	case EXEC_SCRIPT:
		file = "./script";
		interp = program;
		break;
	case EXEC_SCRIPT_OF_SCRIPT:
		file = "./outer";
		interp = program;
		break;
	case EXEC_MEMFD:
		break;
	case EXEC_PROC_FD:
		file = "/proc/self/fd/201";
		break;
	case EXEC_PROC_EXE:
		file = "/proc/self/exe";
		break;
	case EXEC_LONG_PATH:
		file = long_path();
		break;
	case EXEC_NO_FILE:
		file = "./no such file";
		break;
	case EXEC_NO_PERMISSION:
		file = "./plain";
		break;
	case EXEC_GARBAGE:
		file = "./garbage";
		break;
	case EXEC_NO_INTERPRETER:
	case EXEC_KINDS:
		file = "./lost";
		break;
	}
	note_bytes(R_TRY_EXEC, (const int64_t[RECORD_VALUES]){kind, in_thread}, interp,
		   interp ? (uint32_t)strlen(interp) : 0);
	if (file)
		execve(file, argv, envp);
	else
		syscall(SYS_execveat, FD_MEMFD, "", argv, envp, AT_EMPTY_PATH);
	note(R_EXEC_FAILED, kind, errno);
	/* A child of vfork() must not go on as if it had its own memory. */
	if (kind < EXEC_KINDS_GOOD)
		_exit(96);
}
