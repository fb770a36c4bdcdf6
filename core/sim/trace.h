/* sim/trace.h -- a hash over every event that went into an engine and every command that came
 * out.  The same day gives the same hash on every machine.  Pure.
 */
#ifndef ZV_SIM_TRACE_H
#define ZV_SIM_TRACE_H

#include "dial/command.h"

struct zv_sim_trace {
	uint64_t hash, events, commands;
};

void zv_sim_trace_event(struct zv_sim_trace *trace, const struct zv_now *now,
			const struct zv_event *event);
void zv_sim_trace_command(struct zv_sim_trace *trace, const struct zv_cmd *command);

#endif
