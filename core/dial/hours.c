#include "dial/hours.h"

#define HOURS_DAYS 400 /* how far ahead a window is looked for */

enum zv_err zv_hours_window(const struct zv_campaign_conf *campaign, const struct zv_tz *tz,
			    int64_t utc_ms, int64_t *ret_start_ms, int64_t *ret_end_ms)
{
	struct zv_local local;

	zv_tz_to_local(tz, utc_ms, &local);
	/* From the day before: where the clock went back over midnight, its window may still be
	 * open although the wall clock shows today. */
	for (int32_t day = local.day - 1; day <= local.day + HOURS_DAYS; day++) {
		/* 1970-01-01 was a Thursday; the sum stays positive for any year we read. */
		const struct zv_day_hours *h = &campaign->hours[(uint32_t)(day + 3 + 7 * 1000000) % 7];
		int64_t start, end;

		if (h->start_min >= h->end_min || h->end_min > 24 * 60)
			continue;
		start = zv_tz_from_local(tz, day, h->start_min * 60);
		end = zv_tz_from_local(tz, day, h->end_min * 60);
		if (end <= utc_ms || end <= start) /* a change of offset may swallow a day */
			continue;
		if (start > utc_ms + INT64_C(86400000) * HOURS_DAYS)
			break;
		*ret_start_ms = start;
		*ret_end_ms = end;
		return ZV_OK;
	}
	return ZV_ENOENT;
}
