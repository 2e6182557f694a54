/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * forest.h: the family trees of a model, numbered so that the lines of a view can be laid
 * out in linear time and without recursion, however deep or wide they are.
 */
#ifndef BROOD_FOREST_H
#define BROOD_FOREST_H

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"

enum kinship {
	KIN_BIRTH,		/* by birth parent */
	KIN_CURRENT,		/* by who is the parent now */
};

/* Node 0 is nobody: the parent of all roots.  Where a link is 0 there is no such node. */
struct node {
	const struct proc *proc;
	uint32_t parent, first, last, next; /* next: sibling */
	uint32_t class;		/* equal for subtrees that may fold into one; 0: alone */
};

struct forest {
	struct node *node;	/* node[0] and n more, in order of appearance */
	uint32_t *preorder;	/* the n nodes, each after its parent and elder siblings */
	uint32_t n;
	uint32_t classes;	/* classes are 1 … classes */
};

/* 0 or -ENOMEM; then nothing is left to free. */
int forest_make(struct forest *f, const struct model *m, enum kinship kin);
void forest_free(struct forest *f);

/* Give each node its class: see fold.c.  0 or -ENOMEM. */
int forest_classes(struct forest *f);

#endif
