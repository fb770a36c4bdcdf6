/* app/heard_json.h -- a trunk's verdicts of answer detection as JSON, for status and the floor. */
#ifndef ZV_APP_HEARD_JSON_H
#define ZV_APP_HEARD_JSON_H

#include <jansson.h>

#include "dial/heard.h"

/* {told: {person, machine, unsure}, early: {ringing, ...}, by: {"machine/beep": n}, late, revised, mean_ms,
 * persons_wrong, machines_wrong}.  A new reference; NULL: no memory. */
json_t *zv_heard_json(const struct zv_heard_stats *stats);

#endif
