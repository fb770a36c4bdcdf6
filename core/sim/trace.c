#include "sim/trace.h"

#include <string.h>

#include "base/hash.h"

/* One multiplication a word: a day has some millions of them, and nobody attacks the trace. */
static uint64_t words(uint64_t hash, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n; i += 8) {
		uint64_t w;

		memcpy(&w, p + i, 8);
		hash = (hash ^ w) * UINT64_C(0x9fb21c651e98df25);
		hash ^= hash >> 32;
	}
	return hash;
}

void zv_sim_trace_event(struct zv_sim_trace *trace, const struct zv_now *now,
			const struct zv_event *event)
{
	trace->hash = words(trace->hash + 1, now, sizeof(*now));
	trace->hash = words(trace->hash, event, sizeof(*event));
	trace->events++;
}

void zv_sim_trace_command(struct zv_sim_trace *trace, const struct zv_cmd *command)
{
	trace->hash = words(trace->hash + 2, command, sizeof(*command));
	trace->commands++;
}
