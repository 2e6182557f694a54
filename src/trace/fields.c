// SPDX-License-Identifier: GPL-2.0-only
#include "trace/kinds.h"

/* clang-format off */
#define KIND(type, list) { sizeof(struct type), sizeof(list) / sizeof((list)[0]), list }
const struct kind trace_kinds[EV_KINDS] = {
	[EV_FORK] =         KIND(ev_fork, fork_fields),
	[EV_EXEC] =         KIND(ev_exec, exec_fields),
	[EV_EXIT] =         KIND(ev_exit, exit_fields),
	[EV_REAP] =         KIND(ev_reap, reap_fields),
	[EV_SIGNAL] =       KIND(ev_signal, signal_fields),
	[EV_SNAPSHOT] =     KIND(ev_snapshot, snapshot_fields),
	[EV_THREAD_START] = KIND(ev_thread, thread_start_fields),
	[EV_THREAD_EXIT] =  KIND(ev_thread, thread_exit_fields),
	[EV_LOSS] =         KIND(ev_loss, loss_fields),
	[EV_CLOCK] =        KIND(ev_clock, clock_fields),
	[EV_GONE] =         KIND(ev_gone, gone_fields),
	[EV_END] =          KIND(event, plain_fields),
	[EV_CENSUS] =       KIND(ev_census, census_fields),
	[EV_PAST] =         KIND(ev_past, past_fields),
	[EV_LINK] =         KIND(ev_link, link_fields),
	[EV_CHECKPOINT] =   KIND(ev_checkpoint, checkpoint_fields),
};
/* clang-format on */
