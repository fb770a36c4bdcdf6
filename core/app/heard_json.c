#include "app/heard_json.h"

#include <stdio.h>

static uint64_t sum_of(const struct zv_heard_stats *s, uint32_t heard)
{
	uint64_t sum = 0;

	for (uint32_t by = 0; by < ZV_HEARD_BY_MAX; by++)
		sum += s->n[heard][by];
	return sum;
}

static json_t *by_json(const struct zv_heard_stats *s)
{
	json_t *o = json_object();

	for (uint8_t heard = 0; heard < ZV_HEARD_MAX; heard++) {
		for (uint8_t by = 0; by < ZV_HEARD_BY_MAX; by++) {
			char key[48];

			if (s->n[heard][by] == 0)
				continue;
			(void)snprintf(key, sizeof(key), "%s/%s", zv_heard_name(heard), zv_heard_by_name(by));
			(void)json_object_set_new(o, key, json_integer((json_int_t)s->n[heard][by]));
		}
	}
	return o;
}

json_t *zv_heard_json(const struct zv_heard_stats *stats)
{
	json_t *told = json_object(), *early = json_object();
	uint64_t all = 0;

	for (uint8_t heard = 0; heard < ZV_HEARD_MAX; heard++) {
		uint64_t n = sum_of(stats, heard);

		all += n;
		(void)json_object_set_new(heard < ZV_HEARD_RINGING ? told : early, zv_heard_name(heard),
					  json_integer((json_int_t)n));
	}
	return json_pack("{s:o s:o s:o s:I s:I s:I s:I s:I}", "told", told, "early", early, "by", by_json(stats),
			 "late", (json_int_t)stats->late, "revised",
			 (json_int_t)stats->revised, "mean_ms",
			 (json_int_t)(all == 0 ? 0 : stats->ms / all), "persons_wrong",
			 (json_int_t)stats->persons_wrong, "machines_wrong",
			 (json_int_t)stats->machines_wrong);
}
