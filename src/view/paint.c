// SPDX-License-Identifier: GPL-2.0-only
/* paint.c: the few colours of a terminal that every view shares. */
#include "view/view.h"

const char *paint(const struct view_options *opt, enum paint p)
{
	static const char *const codes[] = {
		[PAINT_OFF] = "\033[0m",    [PAINT_DIM] = "\033[2m",
		[PAINT_BOLD] = "\033[1m",   [PAINT_RED] = "\033[31m",
		[PAINT_GREEN] = "\033[32m", [PAINT_YELLOW] = "\033[33m",
		[PAINT_BLUE] = "\033[34m",  [PAINT_MAGENTA] = "\033[35m",
		[PAINT_CYAN] = "\033[36m",
	};

	return opt->colour ? codes[p] : "";
}
