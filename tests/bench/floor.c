// SPDX-License-Identifier: GPL-2.0-only
/*
 * floor empty|clock|reserve: attach those programs of floor.bpf.c, say "ready", and stay until
 * stdin ends.  Discarded records are skipped only by a reader, so there is one.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench/floor.skel.h"

static int ignore(void *ctx, void *data, size_t size)
{
	(void)ctx;
	(void)data;
	(void)size;
	return 0;
}

/* Around the ring once, see src/source/ring.h. */
static int touch(const struct bpf_program *program, struct ring_buffer *ring)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);
	int err;

	do
		err = bpf_prog_test_run_opts(bpf_program__fd(program), &run);
	while (!err && run.retval);
	return err ? err : ring_buffer__consume(ring);
}

int main(int argc, char **argv)
{
	struct floor_bpf *skel = floor_bpf__open();
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	struct ring_buffer *ring;
	struct bpf_program *p;

	if (argc != 2 || !skel) {
		fprintf(stderr, "usage: floor empty|clock|reserve\n");
		return 2;
	}
	bpf_object__for_each_program(p, skel->obj) {
		const char *name = bpf_program__name(p);

		bpf_program__set_autoload(p, !strncmp(name, argv[1], strcspn(name, "_")));
	}
	bpf_program__set_autoload(skel->progs.touch_ring, true);
	bpf_program__set_autoattach(skel->progs.touch_ring, false);
	if (floor_bpf__load(skel) ||
	    !(ring = ring_buffer__new(bpf_map__fd(skel->maps.ring), ignore, NULL, NULL)) ||
	    touch(skel->progs.touch_ring, ring) < 0 || floor_bpf__attach(skel)) {
		perror("floor");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (poll(&in, 1, 50) == 0)
		ring_buffer__consume(ring);
	ring_buffer__free(ring);
	floor_bpf__destroy(skel);
	return 0;
}
