/* sim/carrier.h -- a trunk as the world has it: set-up times, limits of its own, and what faults
 * do to it.  Pure. */
#ifndef ZV_SIM_CARRIER_H
#define ZV_SIM_CARRIER_H

#include <stdbool.h>

#include "sim/dist.h"

struct zv_carrier {
	struct zv_dist trying;   /* INVITE to 100 */
	struct zv_dist setup;    /* INVITE to 180 */
	uint32_t cps, channels;  /* more than that is refused with 503; 0: no limit */
	uint32_t refused_ppm;    /* 503 for no reason */
	uint32_t silent_ppm;     /* INVITEs that nobody ever answers */
};

/* Nobody limits anything: 100 after 40 ms, 180 after a second. */
void zv_carrier_default(struct zv_carrier *carrier);

enum zv_carrier_state {
	ZV_CARRIER_UP = 0,
	ZV_CARRIER_REFUSES, /* 503 at once */
	ZV_CARRIER_SILENT,  /* no word at all */
};

/* A carrier at work. */
struct zv_carrier_now {
	uint8_t state; /* enum zv_carrier_state */
	uint32_t calls;
	int64_t second;
	uint32_t in_second, most_in_second;
	uint64_t invites, refused;
};

enum zv_carrier_says { ZV_CARRIER_TAKES = 0, ZV_CARRIER_503, ZV_CARRIER_NOTHING };

/* An INVITE at mono_ms; u: this attempt's own number.  TAKES counts as a call until given back. */
enum zv_carrier_says zv_carrier_invite(const struct zv_carrier *carrier, struct zv_carrier_now *now,
				       int64_t mono_ms, double u);

#endif
