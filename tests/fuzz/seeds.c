// SPDX-License-Identifier: GPL-2.0-only
/*
 * seeds DIR: write what the fuzzers start from, made of events at random: DIR/trace_reader/
 * traces with two checkpoints (one as it is written, one with nothing deflated, so that its
 * index points nowhere), DIR/trace_block/ payloads.
 * The same seeds every time; `make fuzz-seeds` after the format has changed.
 */
#include "test_trace.h"

#include <fcntl.h>
#include <zlib.h>

#include "trace/codec.h"

#define EVENTS 60

static void save(const char *dir, const char *name, int n, const uint8_t *bytes, size_t len)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s-%d", dir, name, n);
	f = fopen(path, "w");
	if (!f || fwrite(bytes, 1, len, f) != len || fclose(f)) {
		perror(path);
		exit(1);
	}
}

static uint16_t kind_of(uint64_t *x, int i)
{
	for (;;) {
		uint16_t kind = (uint16_t)(i % 2 ? below(x, EV_KINDS) : EV_FORK + below(x, 4));

		if (trace_kinds[kind].size)
			return kind;
	}
}

static void make_block(const char *dir, int n)
{
	uint64_t x = (uint64_t)n + 1, ts = T0;
	struct codec *c;
	uint8_t *raw, *seed;
	uint32_t len, records;

	if (encoder_new(&c))
		exit(1);
	for (int i = 0; i < (n ? EVENTS : 4); i++) {
		struct any_event e;

		ts += below(&x, 100000);
		rnd_event(&x, &e, kind_of(&x, i), ts);
		encoder_add(c, &e.ev.h, ts);
	}
	records = encoder_stats(c)->records;
	raw = encoder_seal(c, &len);
	seed = malloc(len + 2);
	seed[0] = (uint8_t)records;
	seed[1] = 0;
	memcpy(seed + 2, raw, len);
	save(dir, "trace_block/events", n, seed, len + 2);
	free(seed);
	free(raw);
	codec_free(c);
}

/* The same with every payload as it is: easier to change a little. */
static size_t undeflate(uint8_t *to, const uint8_t *from, size_t len)
{
	uint8_t *begin = to;

	memcpy(to, from, TRACE_HEADER_LEN);
	to += TRACE_HEADER_LEN;
	for (size_t at = TRACE_HEADER_LEN; at < len;) {
		const uint8_t *payload = from + at + BLOCK_HEADER_LEN;
		struct block_header h;
		z_stream z = {0};

		block_unpack(from + at, &h);
		at += BLOCK_HEADER_LEN + h.stored_len;
		memcpy(to + BLOCK_HEADER_LEN, payload, h.stored_len);
		if (h.flags & BLOCK_DEFLATED) {
			inflateInit2(&z, -15);
			z.next_in = (uint8_t *)payload;
			z.avail_in = h.stored_len;
			z.next_out = to + BLOCK_HEADER_LEN;
			z.avail_out = h.raw_len;
			inflate(&z, Z_FINISH);
			inflateEnd(&z);
		}
		h.flags = 0;
		h.stored_len = h.raw_len;
		block_pack(to, &h, to + BLOCK_HEADER_LEN);
		to += BLOCK_HEADER_LEN + h.stored_len;
	}
	return (size_t)(to - begin);
}

static void make_checkpoint(struct trace_writer *w, uint64_t *x)
{
	static const uint16_t kinds[] = {EV_PAST,     EV_SNAPSHOT, EV_SNAPSHOT, EV_PAST,
					 EV_SNAPSHOT, EV_LINK,	   EV_LINK,	EV_CHECKPOINT};

	trace_writer_checkpoint_begin(w);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct any_event e;

		rnd_event(x, &e, kinds[i], T0);
		trace_writer_checkpoint_add(w, &e.ev.h);
	}
	trace_writer_checkpoint_end(w, true);
}

static void make_trace(const char *dir)
{
	int fd = new_file();
	struct trace_writer *w = new_writer(fd);
	uint64_t x = 99, ts = T0;
	uint8_t *bytes, *plain;
	size_t len;

	for (int i = 0; i < EVENTS; i++) {
		struct any_event e;

		ts += below(&x, 200000000);
		rnd_event(&x, &e, i < 3 ? EV_SNAPSHOT : kind_of(&x, i), i < 3 ? T0 : ts);
		trace_writer_add(w, &e.ev.h);
		if (i % 20 == 19 && i < EVENTS - 1)
			make_checkpoint(w, &x);
	}
	trace_writer_close(w, NULL);
	bytes = bytes_of(fd, &len);
	bytes[12] = 255; /* see trace_reader.c: read from the last checkpoint on */
	save(dir, "trace_reader/deflated", 0, bytes, len);
	plain = malloc(len * 10);
	len = undeflate(plain, bytes, len);
	save(dir, "trace_reader/plain", 0, plain, len);
	free(plain);
	free(bytes);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: seeds DIR\n");
		return 2;
	}
	make_trace(argv[1]);
	for (int n = 0; n < 3; n++)
		make_block(argv[1], n);
	return 0;
}
