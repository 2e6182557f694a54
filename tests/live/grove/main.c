// SPDX-License-Identifier: GPL-2.0-only
/*
 * grove SEED [LAST [JOBS]]: grow one random process tree for each seed from SEED to LAST.
 *
 * Writes journals, each named like its seed, and the files to execute into the current
 * directory, which everybody should be able to enter.  Processes that are parked stay until
 * standard input ends; grove itself ends when all others have.  See grove.h.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grove.h"

#define JOBS_MAX 16
#define SETTLE_US 20000000

char program[4096];

/* --- what there is to execute ------------------------------------------------------------ */

static void write_file(const char *name, mode_t mode, const char *text, const char *more)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, mode);

	if (fd < 0 || dprintf(fd, "%s%s\n", text, more) < 0)
		err(99, "%s", name);
	fchmod(fd, mode);
	close(fd);
}

static void find_program(void)
{
	char dir[3000];

	if (!getcwd(dir, sizeof(dir)))
		err(99, "getcwd");
	snprintf(program, sizeof(program), "%s/grove", dir);
}

static int copy_program(int to)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	off_t at = 0;

	if (from < 0 || to < 0 || fstat(from, &st))
		return -1;
	while (at < st.st_size)
		if (sendfile(to, from, &at, (size_t)(st.st_size - at)) <= 0)
			return -1;
	close(from);
	return fchmod(to, 0755);
}

static void prepare(void)
{
	char path[32];
	int again, fd = open("grove", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);

	/* A copy, as the original may lie where not everybody can go. */
	if (fd >= 0) {
		if (copy_program(fd))
			err(99, "grove");
		close(fd);
	}
	find_program();
	write_file("script", 0755, "#!", program);
	write_file("outer", 0755, "#!./script with an argument", "");
	write_file("plain", 0644, "#!", program);
	write_file("garbage", 0755, "\x7f" "EL", "");
	write_file("lost", 0755, "#!/no/such/interpreter", "");
	fd = memfd_create("grove", 0);
	if (copy_program(fd))
		err(99, "memfd");
	/* What is open for writing is too busy to be executed. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	if (again < 0 || dup2(again, FD_MEMFD) < 0)
		err(99, "memfd");
	close(again);
	close(fd);
	if (dup2(STDIN_FILENO, FD_GATE) < 0)
		err(99, "stdin");
}

/* --- the end of a tree --------------------------------------------------------------------- */

static bool is_kept(const struct grove *g, const struct node *n)
{
	if (!n->parked || n->killed)
		return false;
	/* Not if the init of its namespace has ended or will. */
	for (unsigned int s = n->space; s; s = g->nodes[g->nodes[s].creator].space) {
		const struct node *init = &g->nodes[s];

		if (init != n && !(init->parked && !init->killed))
			return false;
	}
	return true;
}

static bool is_settled(const struct grove *g, const struct node *n, int waiter)
{
	struct stat_line s;

	if (!n->pid || !read_stat(n->pid, &s) || s.start != n->start)
		return true;
	if (s.state != 'Z')
		return is_kept(g, n);
	if (s.ppid == waiter)
		return true;
	for (unsigned int i = 0; i < g->n_nodes; i++)
		if (g->nodes[i].pid == s.ppid)
			return is_kept(g, &g->nodes[i]);
	return false;
}

/*
 * Until all, from node `first` on, are gone, but for those who are meant to stay and the
 * zombies of `waiter`.
 */
static void settle(const struct grove *g, unsigned int first, int waiter)
{
	unsigned int i = first, us = 0;

	while (i < g->n_nodes && us < SETTLE_US) {
		if (is_settled(g, &g->nodes[i], waiter)) {
			i++;
			continue;
		}
		nap(200);
		us += 200;
	}
	if (us < SETTLE_US)
		note(R_SETTLED, waiter);
}

/* The root of a tree ends when nobody else holds the lifeline any more. */
static void root_end(int lifeline)
{
	struct pollfd p = {.fd = lifeline};

	close(FD_LIFELINE);
	while (!(p.revents & POLLHUP))
		poll(&p, 1, -1);
	settle(grove, 1, (int)self.pid);
}

static _Noreturn void root(void)
{
	struct node *n = &grove->nodes[0];
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) || dup2(fds[1], FD_LIFELINE) < 0)
		_exit(97);
	close(fds[1]);
	note_birth(0);
	act_all(0);
	root_end(fds[0]);
	end(n);
}

/* --- the gardener ----------------------------------------------------------------------------- */

static struct tree {
	pid_t pid;
	struct grove *g;
} trees[JOBS_MAX];

static void sow(unsigned long seed)
{
	struct tree *t = trees;
	char path[32];

	while (t->pid)
		t++;
	snprintf(path, sizeof(path), "%lu", seed);
	if (journal_create(path))
		err(99, "%s", path);
	plan(seed);
	t->g = grove;
	t->pid = fork();
	if (t->pid < 0)
		err(99, "fork");
	if (t->pid == 0)
		root();
}

static void harvest(void)
{
	struct tree *t = trees;
	int status;
	pid_t pid = wait(&status);

	if (pid < 0)
		err(99, "wait");
	while (t->pid != pid)
		t++;
	grove = t->g;
	know_self(-1);
	note(R_WAITED, pid, status);
	settle(grove, 0, 0);
	munmap(t->g, JOURNAL_BYTES);
	t->pid = 0;
}

static int garden(unsigned long seed, unsigned long last, unsigned int jobs)
{
	unsigned int busy = 0;

	prepare();
	while (seed <= last || busy) {
		if (seed <= last && busy < jobs) {
			sow(seed++);
			busy++;
		} else {
			harvest();
			busy--;
		}
	}
	return 0;
}

/* After an exec. */
static _Noreturn void resume(int node)
{
	struct node *n = &grove->nodes[node];

	find_program();
	if (!n->pid)			/* posix_spawn() had no moment of ours before it */
		note_birth(node);
	else
		know_self(node);
	note_exec();
	live(node);
}

int main(int argc, char **argv)
{
	const char *node = getenv("GROVE_NODE");
	unsigned long seed;

	if (node) {
		journal_map();
		resume(atoi(node));
	}
	if (argc < 2 || argc > 4)
		errx(2, "usage: grove SEED [LAST [JOBS]]");
	/* A shell starts background jobs with some ignored; the trees are to be all the same. */
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL);
	seed = strtoul(argv[1], NULL, 0);
	return garden(seed, argc > 2 ? strtoul(argv[2], NULL, 0) : seed,
		      argc > 3 ? (unsigned int)atoi(argv[3]) : 1);
}
