#include "app/dates.h"

#include <string.h>

#include "store/dates.h"

enum zv_err zv_dates_put(struct zv_store *store, const struct zv_config *config)
{
	enum zv_err err = ZV_OK;

	for (uint32_t i = 0; i < config->engine.n_campaigns && err == ZV_OK; i++) {
		const struct zv_config_campaign *c = &config->campaigns[i];
		struct zv_date_rule rule = {.before_ms = c->date_before_ms, .at_s = c->date_at_s};

		if (c->date_column[0] != 0) {
			memcpy(rule.column, c->date_column, strnlen(c->date_column, sizeof(rule.column) - 1));
			memcpy(rule.zone, c->zone, strnlen(c->zone, sizeof(rule.zone) - 1));
		} else {
			rule.before_ms = 0;
			rule.at_s = -1;
		}
		err = zv_store_dates_put(store, config->engine.campaigns[i].id, &rule);
	}
	return err;
}
