/* SPDX-License-Identifier: GPL-2.0-only */
/* touch.bpf.h: go around a ring, a few pages at a time; of brood, and of the bench's floor. */
#ifndef BROOD_TOUCH_BPF_H
#define BROOD_TOUCH_BPF_H

#define TOUCH_PAGE 4096		/* or a part of one: it does not matter */
#define TOUCH_PAGES 64		/* in one run */

/* A record on each of the next pages, that no reader is shown.  0: the ring is full. */
static __always_inline int touch_pages(void *ring)
{
	for (int i = 0; i < TOUCH_PAGES; i++) {
		void *page = bpf_ringbuf_reserve(ring, TOUCH_PAGE - BPF_RINGBUF_HDR_SZ, 0);

		if (!page)
			return 0;
		bpf_ringbuf_discard(page, BPF_RB_NO_WAKEUP);
	}
	return 1;
}

#endif
