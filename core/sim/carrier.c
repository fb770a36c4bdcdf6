#include "sim/carrier.h"

#include <string.h>

void zv_carrier_default(struct zv_carrier *carrier)
{
	memset(carrier, 0, sizeof(*carrier));
	/* Neither can be refused. */
	if (zv_dist_init(&carrier->trying, ZV_DIST_UNIFORM, 40, 0.5) != ZV_OK ||
	    zv_dist_init(&carrier->setup, ZV_DIST_UNIFORM, 1000, 0.5) != ZV_OK)
		memset(carrier, 0, sizeof(*carrier));
}

enum zv_carrier_says zv_carrier_invite(const struct zv_carrier *carrier, struct zv_carrier_now *now,
				       int64_t mono_ms, double u)
{
	if (mono_ms / 1000 != now->second) {
		now->second = mono_ms / 1000;
		now->in_second = 0;
	}
	now->invites++;
	if (++now->in_second > now->most_in_second)
		now->most_in_second = now->in_second;
	if (now->state == ZV_CARRIER_SILENT || u * 1e6 < carrier->silent_ppm)
		return ZV_CARRIER_NOTHING;
	if (now->state == ZV_CARRIER_REFUSES || (1 - u) * 1e6 < carrier->refused_ppm ||
	    (carrier->cps != 0 && now->in_second > carrier->cps + carrier->cps / 10 + 1) ||
	    (carrier->channels != 0 && now->calls >= carrier->channels)) {
		now->refused++;
		return ZV_CARRIER_503;
	}
	now->calls++;
	return ZV_CARRIER_TAKES;
}
