// SPDX-License-Identifier: GPL-2.0-only
#include "trace/places.h"

#include <errno.h>

#define ROOM_FIRST 64

static void thin_out(struct places *p)
{
	for (uint32_t i = 0; i < PLACES_MAX / 2; i++)
		p->place[i] = p->place[2 * i];
	p->n = PLACES_MAX / 2;
	p->thinned++;
}

int places_add(struct places *p, uint64_t at, uint64_t ts)
{
	if (p->passed) {
		p->passed--;
		return 0;
	}
	if (p->n == PLACES_MAX)
		thin_out(p);
	if (p->n == p->room) {
		uint32_t room = p->room ? 2 * p->room : ROOM_FIRST;
		struct place *place = reallocarray(p->place, room, sizeof(*place));

		if (!place)
			return -ENOMEM;
		p->place = place;
		p->room = room;
	}
	p->place[p->n++] = (struct place){at, ts};
	p->passed = (1U << p->thinned) - 1;
	return 0;
}

void places_free(struct places *p)
{
	free(p->place);
	*p = (struct places){0};
}

bool places_put(struct column *to, const struct places *p)
{
	struct place before = {0};

	if (!column_reserve(to, (1 + 2 * p->n) * VARINT_MAX))
		return false;
	column_put(to, p->n);
	for (uint32_t i = 0; i < p->n; i++) {
		column_put(to, p->place[i].at - before.at);
		column_put(to, p->place[i].ts - before.ts);
		before = p->place[i];
	}
	return true;
}

int places_get(const uint8_t *payload, uint32_t len, struct places *p)
{
	struct column c = {(uint8_t *)payload, 0, len};
	struct place last = {0};
	bool bad = false;
	uint64_t n = column_get(&c, &bad);
	int err = n > PLACES_MAX ? -EBADMSG : 0;

	for (uint64_t i = 0; i < n && !bad && !err; i++) {
		uint64_t at = column_get(&c, &bad), ts = column_get(&c, &bad);

		bad |= at > UINT64_MAX - last.at || ts > UINT64_MAX - last.ts;
		last = (struct place){last.at + at, last.ts + ts};
		err = places_add(p, last.at, last.ts);
	}
	if (bad || err) {
		places_free(p);
		return err ? err : -EBADMSG;
	}
	return 0;
}
