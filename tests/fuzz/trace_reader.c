// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as a trace.  Checksums are taken as right (FUZZING_BUILD_MODE_…), or a fuzzer
 * would not get past them.  Every byte of every event is read, so that the sanitizers see
 * what is not there.  Read twice: as a stream, and as a file of which a window is wanted, so
 * that the index and the checkpoints are met.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace/fields.h"
#include "trace/reader.h"

struct input {
	const uint8_t *bytes;
	size_t left;
};

static ssize_t read_input(void *ctx, void *to, size_t n)
{
	struct input *in = ctx;

	if (n > in->left)
		n = in->left;
	memcpy(to, in->bytes, n);
	in->bytes += n;
	in->left -= n;
	return (ssize_t)n;
}

static unsigned sum(const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	unsigned s = 0;

	while (n--)
		s += *p++;
	return s;
}

static unsigned look_at(const struct event *ev)
{
	const struct kind *k = &trace_kinds[ev->kind];
	unsigned s = sum(ev, k->size);

	for (uint32_t i = 0; i < k->n; i++)
		if (k->fields[i].type == FIELD_BYTES) {
			uint32_t off_len[2];

			memcpy(off_len, (const char *)ev + k->fields[i].offset, sizeof(off_len));
			s += sum((const char *)ev + off_len[0], off_len[1]);
		}
	return s;
}

static unsigned read_all(struct trace_reader *r)
{
	const struct event *ev;
	uint64_t ts = 0;
	unsigned seen = 0;

	seen += sum(trace_reader_meta(r), sizeof(struct meta));
	if (trace_reader_meta(r)->command)
		seen += sum(trace_reader_meta(r)->command, trace_reader_meta(r)->command_len);
	while (trace_reader_next(r, &ev) == 1) {
		if (ev->ts < ts)
			__builtin_trap();
		ts = ev->ts;
		seen += look_at(ev);
	}
	trace_reader_free(r);
	return seen;
}

/*
 * A byte of the file header of which readers take no notice says where the window begins: so many
 * 16ths of a second after t0, or far beyond the end.
 */
#define SPARE 12

static unsigned read_window(int fd, const uint8_t *bytes, size_t len)
{
	const uint8_t where = len > SPARE ? bytes[SPARE] : UINT8_MAX;
	struct trace_reader *r;
	const char *why;
	uint64_t from;

	if (ftruncate(fd, 0) || pwrite(fd, bytes, len, 0) != (ssize_t)len ||
	    lseek(fd, 0, SEEK_SET) || trace_reader_new(&r, fd, &why))
		return 0;
	from = trace_reader_meta(r)->t0 + where * 62500000ULL;
	if (where == UINT8_MAX)
		from = UINT64_MAX / 2;
	if (trace_reader_window(r, from, UINT64_MAX)) {
		trace_reader_free(r);
		return 0;
	}
	return read_all(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static int fd = -1;
	struct input in = {bytes, len};
	struct trace_reader *r;
	const char *why;
	unsigned seen = 0;

	if (fd < 0)
		fd = memfd_create("trace", MFD_CLOEXEC);
	if (trace_reader_open(&r, read_input, &in, &why))
		return 0;
	seen += read_all(r);
	seen += read_window(fd, bytes, len);
	/* Used, for all the compiler knows. */
	__asm__ volatile("" : : "r"(seen));
	return 0;
}
