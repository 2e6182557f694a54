// SPDX-License-Identifier: GPL-2.0-only
#include "trace/meta.h"

#include <errno.h>

#include "trace/codec.h"

enum meta_tag {
	META_BROOD = 1,
	META_HOST = 2,
	META_KERNEL = 3,
	META_BOOT_ID = 4,
	META_ARCH = 5,
	META_CPUS = 6,
	META_COMMAND = 7,
	META_REAP_SOURCE = 8,
	META_T0 = 9,
	META_WALL0 = 10,
	META_FILTERED = 11,
	META_ZOMBIE_AFTER = 12,
	META_RUN = 13,
	META_PART = 14,
	META_TOLD_BEFORE = 15,
};

enum end_tag { END_LOST = 1, END_INDEX = 2 };

/* All else of META takes far less than what is left. */
#define COMMAND_MAX (BLOCK_RAW_MAX - 4096)

static bool put_bytes(struct column *to, uint64_t tag, const void *bytes, size_t len)
{
	if (!column_reserve(to, (uint32_t)len + 2 * VARINT_MAX))
		return false;
	column_put(to, tag);
	column_put(to, len);
	column_put_bytes(to, bytes, (uint32_t)len);
	return true;
}

static bool put_text(struct column *to, uint64_t tag, const char *s, size_t size)
{
	return put_bytes(to, tag, s, strnlen(s, size));
}

static bool put_number(struct column *to, uint64_t tag, uint64_t v)
{
	uint8_t bytes[VARINT_MAX];
	struct column c = {.data = bytes, .size = sizeof(bytes)};

	column_put(&c, v);
	return put_bytes(to, tag, bytes, c.pos);
}

/* Only of a recording that is spread over several files. */
static bool put_series(struct column *to, const struct meta *m)
{
	return !m->run ||
	       (put_number(to, META_RUN, m->run) && put_number(to, META_PART, m->part) &&
		put_number(to, META_TOLD_BEFORE, m->told_before));
}

bool meta_put(struct column *to, const struct meta *m)
{
	size_t command_len = m->command_len;

	/* Cut after a whole argument. */
	if (command_len > COMMAND_MAX)
		for (command_len = COMMAND_MAX; command_len && m->command[command_len - 1];)
			command_len--;
	return put_text(to, META_BROOD, m->brood, sizeof(m->brood)) &&
	       put_text(to, META_HOST, m->host, sizeof(m->host)) &&
	       put_text(to, META_KERNEL, m->kernel, sizeof(m->kernel)) &&
	       put_text(to, META_BOOT_ID, m->boot_id, sizeof(m->boot_id)) &&
	       put_text(to, META_ARCH, m->arch, sizeof(m->arch)) &&
	       put_number(to, META_CPUS, m->cpus) &&
	       (!m->command || put_bytes(to, META_COMMAND, m->command, command_len)) &&
	       put_number(to, META_REAP_SOURCE, m->reap_source) && put_number(to, META_T0, m->t0) &&
	       put_number(to, META_WALL0, m->wall0) &&
	       put_number(to, META_FILTERED, m->filtered) &&
	       (!m->zombie_after_ns || put_number(to, META_ZOMBIE_AFTER, m->zombie_after_ns)) &&
	       put_series(to, m);
}

bool end_put(struct column *to, uint64_t lost)
{
	return put_number(to, END_LOST, lost);
}

bool end_put_index(struct column *to, uint64_t at)
{
	return put_number(to, END_INDEX, at);
}

static void get_text(char *to, size_t size, const uint8_t *bytes, size_t len)
{
	if (len > size - 1)
		len = size - 1;
	memcpy(to, bytes, len);
	to[len] = '\0';
}

/* What is at odds with itself in an intact block comes of a broken writer: take no notice. */
static uint64_t get_number(const uint8_t *bytes, uint32_t len)
{
	struct column c = {(uint8_t *)bytes, 0, len};
	bool bad = false;
	uint64_t v = column_get(&c, &bad);

	return bad ? 0 : v;
}

/* Every argument ends with a NUL, whatever the file says. */
static int get_command(struct meta *m, const uint8_t *bytes, uint32_t len)
{
	char *command = malloc((size_t)len + 1);

	if (!command)
		return -ENOMEM;
	memcpy(command, bytes, len);
	if (len && command[len - 1])
		command[len++] = '\0';
	free(m->command);
	m->command = command;
	m->command_len = len;
	return 0;
}

static int get_item(struct meta *m, uint64_t tag, const uint8_t *bytes, uint32_t len)
{
	switch (tag) {
	case META_BROOD:
		get_text(m->brood, sizeof(m->brood), bytes, len);
		break;
	case META_HOST:
		get_text(m->host, sizeof(m->host), bytes, len);
		break;
	case META_KERNEL:
		get_text(m->kernel, sizeof(m->kernel), bytes, len);
		break;
	case META_BOOT_ID:
		get_text(m->boot_id, sizeof(m->boot_id), bytes, len);
		break;
	case META_ARCH:
		get_text(m->arch, sizeof(m->arch), bytes, len);
		break;
	case META_CPUS:
		m->cpus = (uint32_t)get_number(bytes, len);
		break;
	case META_COMMAND:
		return get_command(m, bytes, len);
	case META_REAP_SOURCE:
		m->reap_source = get_number(bytes, len) == REAP_RELEASE_TASK ? REAP_RELEASE_TASK
									     : REAP_PROCESS_FREE;
		break;
	case META_T0:
		m->t0 = get_number(bytes, len);
		break;
	case META_WALL0:
		m->wall0 = get_number(bytes, len);
		break;
	case META_FILTERED:
		m->filtered = get_number(bytes, len) != 0;
		break;
	case META_ZOMBIE_AFTER:
		m->zombie_after_ns = get_number(bytes, len);
		break;
	case META_RUN:
		m->run = get_number(bytes, len);
		break;
	case META_PART:
		m->part = (uint32_t)get_number(bytes, len);
		break;
	case META_TOLD_BEFORE:
		m->told_before = get_number(bytes, len);
		break;
	default:
		break;
	}
	return 0;
}

/* The next item: its bytes; NULL: there is none. */
static const uint8_t *next_item(struct column *c, uint64_t *tag, uint64_t *len)
{
	bool bad = false;

	if (c->pos == c->size)
		return NULL;
	*tag = column_get(c, &bad);
	*len = column_get(c, &bad);
	return bad ? NULL : column_get_bytes(c, *len, &bad);
}

int meta_get(const uint8_t *payload, uint32_t len, struct meta *m)
{
	struct column c = {(uint8_t *)payload, 0, len};
	const uint8_t *bytes;
	uint64_t tag, n;
	int err = 0;

	while (!err && (bytes = next_item(&c, &tag, &n)))
		err = get_item(m, tag, bytes, (uint32_t)n);
	return err;
}

bool end_get_index(const uint8_t *payload, uint32_t len, uint64_t *at)
{
	struct column c = {(uint8_t *)payload, 0, len};
	const uint8_t *bytes;
	uint64_t tag, n;

	while ((bytes = next_item(&c, &tag, &n)))
		if (tag == END_INDEX) {
			*at = get_number(bytes, (uint32_t)n);
			return true;
		}
	return false;
}
