/* app/dates.h -- campaigns' rules of dates, from the configuration to the store.  Thread: main. */
#ifndef ZV_APP_DATES_H
#define ZV_APP_DATES_H

#include "app/config.h"
#include "store/store.h"

/* Lists that are imported and leads that are given from now on go by what the configuration says; its
 * campaigns have their ids.  Errors of the store. */
enum zv_err zv_dates_put(struct zv_store *store, const struct zv_config *config) ZV_MUST_USE;

#endif
