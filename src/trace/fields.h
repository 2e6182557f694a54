/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fields.h: what a record of each kind consists of, and what each field is expected to be.
 *
 * A field that is as expected takes no byte; its bit in the record's mask is 0.  One that is
 * not stands in the column of its kind and field, and its bit is 1.  Fields are coded in
 * the order of the table; the bit and the column of a field are its place there.  Appended
 * to, never renumbered: docs/trace-format.md shows the same table.
 */
#ifndef BROOD_TRACE_FIELDS_H
#define BROOD_TRACE_FIELDS_H

#include <stdint.h>

#include "event.h"

#define FIELDS_MAX 32 /* of one kind: bits of a mask */

enum field_type {
	FIELD_U16, /* the value */
	FIELD_U32,
	FIELD_U64,
	FIELD_DELTA,   /* u64: difference from what it was in the last record of this kind */
	FIELD_AGE,     /* u64, a time: difference from that of the record */
	FIELD_NS_PID,  /* u32: difference from what is expected */
	FIELD_TID,     /* of the struct task_ref it is in: difference from its tgid */
	FIELD_REF,     /* struct task_ref, without its tid: an identity */
	FIELD_PARENT,  /* as REF, and `who` remembers it as its parent */
	FIELD_CREATOR, /* as REF, and it is its memory that is asked from here on */
	FIELD_INHERIT, /* no value: `who` gets a copy of that memory, but for the parent */
	FIELD_COMM,    /* char[16]: a string, without the NULs at its end */
	FIELD_BYTES,   /* offset and length: a string */
};

/* What a field is expected to be. */
enum field_expect {
	EXPECT_NONE,	     /* 0, nobody, the empty string */
	EXPECT_LAST,	     /* as in the last record of this kind */
	EXPECT_TGID,	     /* tid: the tgid of the same struct task_ref */
	EXPECT_TGID_OR_NONE, /* tid: 0 where it was in the last record of this kind, or the tgid */
	EXPECT_WHO_TID,	     /* tid: the tid of `who` */
	EXPECT_REF,	     /* identity: the one coded last in this record, at first `who` */
	EXPECT_PARENT,	     /* identity: what `who` remembers as its parent */
	EXPECT_OWN,	     /* what `who` remembers */
	EXPECT_ITS,	     /* comm: what the identity coded last in this record remembers */
	EXPECT_FILE,	     /* as in the last exec of the same file */
	EXPECT_LEN,	     /* u32: the length of the bytes coded last in this record */
};

/* What an identity remembers, beside its parent and its comm. */
enum own { OWN_UID, OWN_GID, OWN_PID_NS, OWN_CGROUP, OWNS };

struct field {
	uint8_t type;	/* enum field_type */
	uint8_t expect; /* enum field_expect */
	uint8_t own;	/* enum own */
	uint8_t offset; /* in the struct of the kind */
};

struct kind {
	uint32_t size; /* of the struct; 0: never stored */
	uint32_t n;
	const struct field *fields;
};

extern const struct kind trace_kinds[EV_KINDS];

#endif
