/* dial/hours.h -- calling hours of a campaign in a zone.  Pure. */
#ifndef ZV_DIAL_HOURS_H
#define ZV_DIAL_HOURS_H

#include "dial/conf.h"

/* The first window that ends after utc_ms: [*ret_start_ms, *ret_end_ms), one local day at most.
 * ZV_ENOENT if none within 400 days. */
enum zv_err zv_hours_window(const struct zv_campaign_conf *campaign, const struct zv_tz *tz,
			    int64_t utc_ms, int64_t *ret_start_ms, int64_t *ret_end_ms) ZV_MUST_USE;

#endif
