// SPDX-License-Identifier: GPL-2.0-only
/*
 * plan.c: from a seed to the shape of a grove.
 *
 * First who makes whom and how, then what each does.  A node's acts are its own ones in
 * random places between the making of its children, then the waits that were left for
 * late.  What would make no sense is not drawn: a child of vfork() that makes children
 * before it has exec'ed, a wait for one that stays.
 */
#include <signal.h>
#include <stddef.h>

#include "grove.h"

static uint64_t state;

uint64_t random_next(uint64_t *s)	/* splitmix64 */
{
	uint64_t z = (*s += 0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static unsigned int below(unsigned int n)
{
	return (unsigned int)(random_next(&state) >> 33) % n;
}

static bool chance(unsigned int percent)
{
	return below(100) < percent;
}

/* An index into weights, as often as its weight says. */
static unsigned int pick(const uint8_t *weights, unsigned int n)
{
	unsigned int sum = 0, i, x;

	for (i = 0; i < n; i++)
		sum += weights[i];
	x = below(sum);
	for (i = 0; x >= weights[i]; i++)
		x -= weights[i];
	return i;
}

static void act(struct node *n, enum act_kind kind, unsigned int arg, unsigned int node)
{
	if (n == grove->nodes && kind == A_EXEC)
		return;			/* the root keeps what it knows */
	if (n->n_acts < ACTS_MAX)
		n->acts[n->n_acts++] = (struct act){(uint8_t)kind, (uint8_t)arg, (uint16_t)node};
}

/* --- who makes whom ------------------------------------------------------------------- */

static const uint8_t how_weights[HOWS] = {
	[BY_FORK] = 40, [BY_VFORK] = 12, [BY_PARENT] = 8, [BY_SPAWN] = 8,
	[BY_THREAD] = 10, [BY_SILENT] = 5, [BY_NEWPID] = 6,
};

static bool is_init(unsigned int i)
{
	return i && grove->nodes[i].space == i;
}

static unsigned int spaces_around(unsigned int i)
{
	unsigned int n = 0;

	for (i = grove->nodes[i].space; i; i = grove->nodes[grove->nodes[i].creator].space)
		n++;
	return n;
}

static void place(unsigned int i)
{
	struct node *n = &grove->nodes[i], *creator;
	unsigned int c;

	do
		c = chance(50) ? below(i) : i - 1 - below(i < 4 ? i : 4);
	while (grove->nodes[c].n_children >= 5 || grove->nodes[c].depth >= 7);
	creator = &grove->nodes[c];
	n->creator = (uint16_t)c;
	n->depth = creator->depth + 1;
	n->how = (uint8_t)pick(how_weights, HOWS);
	/* The gardener above the root knows nothing of siblings; an init cannot make any. */
	if (n->how == BY_PARENT && (!c || is_init(c)))
		n->how = BY_FORK;
	if (n->how == BY_NEWPID && spaces_around(c) >= 2)
		n->how = BY_FORK;
	n->space = n->how == BY_NEWPID ? (uint16_t)i : creator->space;
	creator->n_children++;
}

/* --- how they end --------------------------------------------------------------------- */

static const uint8_t end_weights[END_KINDS] = {
	[END_EXIT] = 30, [END_THREAD_EXIT] = 6, [END_RAW] = 6, [END_SIGNAL] = 14,
	[END_FAULT] = 4, [END_ABORT] = 4, [END_VICTIM] = 8, [END_LEADER_FIRST] = 6,
	[END_LEADER_FIRST_GROUP] = 5, [END_LEADER_FIRST_KILL] = 4, [END_TOGETHER] = 5, [END_PARK] = 6,
};

static const uint8_t signals[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGABRT, SIGFPE, SIGKILL, SIGSEGV, SIGPIPE, SIGALRM,
	SIGTERM, SIGUSR1, SIGBUS, SIGSYS, SIGXCPU, 40,
};

static bool leaves_first(const struct node *n)
{
	return n->end == END_LEADER_FIRST || n->end == END_LEADER_FIRST_GROUP ||
	       n->end == END_LEADER_FIRST_KILL;
}

static void draw_end(unsigned int i)
{
	struct node *n = &grove->nodes[i];

	n->end = i ? (uint8_t)pick(end_weights, END_KINDS) : END_EXIT;
	n->code = (uint8_t)below(256);
	n->sig = signals[below(sizeof(signals))];
	n->core = chance(40);
}

/* --- what they do --------------------------------------------------------------------- */

enum { WAIT_NOW, WAIT_LATE, WAIT_IN_THREAD, WAIT_PEEK, WAIT_NEVER, WAITS };
static const uint8_t wait_weights[WAITS] = {
	[WAIT_NOW] = 25, [WAIT_LATE] = 25, [WAIT_IN_THREAD] = 8, [WAIT_PEEK] = 12, [WAIT_NEVER] = 30,
};

static void draw_exec(struct node *n, bool in_thread)
{
	unsigned int kind = below(EXEC_KINDS_GOOD);

	act(n, A_EXEC, kind | (in_thread ? EXEC_IN_THREAD : 0), 0);
}

/* Before its first child: what a process sets up for itself. */
static void draw_beginning(unsigned int i)
{
	struct node *n = &grove->nodes[i];
	unsigned int kind;

	if (chance(50))
		act(n, A_NAP, below(15), 0);
	if (chance(10))
		act(n, A_EXEC, EXEC_KINDS_GOOD + below(EXEC_KINDS - EXEC_KINDS_GOOD), 0);
	/* Until then a child of vfork() has its parent's memory, and its parent waits. */
	if (n->how == BY_VFORK && (n->n_children || (n->end != END_EXIT && n->end != END_SIGNAL) ||
				   chance(60)))
		draw_exec(n, false);
	if (n->how == BY_VFORK && n->n_acts && n->acts[n->n_acts - 1].kind != A_EXEC)
		return;
	if (n->how != BY_VFORK || n->n_acts) {
		if (i)
			act(n, A_CHLD, chance(70) ? CHLD_DEFAULT : 1 + below(2), 0);
		if (chance(15))
			act(n, A_SUBREAPER, 0, 0);
		kind = chance(50) ? 0 : below(5);
		if (kind == 1)
			act(n, A_NAME, below(4), 0);
		if (kind == 2 && i && !n->n_children)
			act(n, A_SETUID, 0, 0);
	}
}

static bool is_vforked_only(const struct node *n)
{
	if (n->how != BY_VFORK)
		return false;
	for (unsigned int i = 0; i < n->n_acts; i++)
		if (n->acts[i].kind == A_EXEC && n->acts[i].arg < EXEC_KINDS_GOOD)
			return false;
	return true;
}

static void draw_kill(unsigned int i, unsigned int c)
{
	if (grove->nodes[c].end == END_VICTIM || chance(3))
		act(&grove->nodes[i], A_KILL, grove->nodes[c].sig, c);
}

static void draw_children(unsigned int i)
{
	struct node *n = &grove->nodes[i];
	uint16_t late[NODES_MAX];
	unsigned int n_late = 0;

	for (unsigned int c = i + 1; c < grove->n_nodes; c++) {
		struct node *child = &grove->nodes[c];
		unsigned int wait;

		if (child->creator != i)
			continue;
		if (child->how == BY_SURVIVOR) {	/* the end of its creator makes it */
			child->acts[ACTS_MAX - 1] = (struct act){A_ADOPTED, chance(60), 0};
			continue;
		}
		act(n, A_MAKE, 0, c);
		if (chance(20))
			act(n, A_NAP, below(10), 0);
		wait = pick(wait_weights, WAITS);
		if (child->end == END_PARK || child->how == BY_PARENT)
			wait = WAIT_NEVER;
		if (child->end == END_VICTIM && chance(70))
			act(n, A_KILL, child->sig, c);
		else
			draw_kill(i, c);
		if (wait == WAIT_NOW)
			act(n, A_WAIT, 0, c);
		if (wait == WAIT_IN_THREAD)
			act(n, A_WAIT_IN_THREAD, 0, c);
		if (wait == WAIT_PEEK)
			act(n, A_PEEK, 0, c);
		if (wait == WAIT_LATE || (wait == WAIT_PEEK && chance(60)))
			late[n_late++] = (uint16_t)c;
		/* It may see its parent go, or run into that. */
		if (wait == WAIT_NEVER && n->end != END_PARK && i)
			child->acts[ACTS_MAX - 1] = (struct act){
				(uint8_t)(chance(60) ? A_ADOPTED : chance(50) ? A_LEFT : A_LOOK), 1, 0};
		if (chance(10))
			draw_exec(n, chance(40));
		if (chance(6))
			act(n, A_LOOK, 0, 0);
	}
	for (unsigned int k = 0; k < n_late; k++)
		act(n, A_WAIT, 0, late[k]);
}

static void draw_acts(unsigned int i)
{
	struct node *n = &grove->nodes[i];
	struct act reserved = n->acts[ACTS_MAX - 1];
	bool drains = chance(35);

	draw_beginning(i);
	if (is_vforked_only(n))
		return;
	draw_children(i);
	if (i && !n->n_children && chance(15))
		draw_exec(n, chance(40));
	/* Kills its own parent, or somebody else who wants to be killed. */
	if (i && chance(25)) {
		unsigned int v = chance(40) ? n->creator : below(grove->n_nodes);

		if (v && v != i && grove->nodes[v].end == END_VICTIM)
			act(n, A_KILL, grove->nodes[v].sig, v);
	}
	if (reserved.arg) {
		act(n, reserved.kind, 0, 0);
		if (reserved.kind == A_LEFT)
			draw_exec(n, false);
		else if (chance(30))
			act(n, A_NAP, below(10), 0);
		act(n, A_LOOK, 0, 0);
		if (chance(20))
			draw_exec(n, chance(40));
	} else if (chance(40)) {
		act(n, A_NAP, below(20), 0);
	}
	/* An idle thread would outlive one that is to be the last. */
	if (chance(15) && (n->end == END_EXIT || n->end == END_THREAD_EXIT || n->end == END_SIGNAL ||
			   n->end == END_FAULT || n->end == END_VICTIM || n->end == END_PARK))
		act(n, A_THREADS, 1 + below(3), 0);
	if (drains)
		act(n, A_DRAIN, 0, 0);
}

void plan(uint64_t seed)
{
	unsigned int i;

	state = seed * 0x2545f4914f6cdd1d + 1;
	grove->seed = seed;
	grove->n_nodes = 3 + below(chance(20) ? NODES_MAX - 3 : 20);
	for (i = 0; i < grove->n_nodes; i++) {
		if (i)
			place(i);
		draw_end(i);
	}
	for (i = 1; i < grove->n_nodes; i++) {
		struct node *n = &grove->nodes[i];

		if (leaves_first(&grove->nodes[n->creator]) && n->how == BY_THREAD)
			n->how = BY_SURVIVOR;
		/* Without an exec it has its parent's memory until its end: the simplest one. */
		if (n->how == BY_VFORK && n->end != END_EXIT && n->end != END_SIGNAL && !n->n_children &&
		    chance(50))
			n->end = chance(50) ? END_EXIT : END_SIGNAL;
	}
	for (i = 0; i < grove->n_nodes; i++)
		draw_acts(i);
}
