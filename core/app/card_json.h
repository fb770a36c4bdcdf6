/* app/card_json.h -- a person's card and a lead as JSON, for the API and for agents' screens.
 * Pure but for the memory.  Times are milliseconds since 1970. */
#ifndef ZV_APP_CARD_JSON_H
#define ZV_APP_CARD_JSON_H

#include <jansson.h>

#include "app/config.h"
#include "store/card.h"

/* {lead, campaign, status, category, due, owner, accepted_ms ..., person: {id, numbers ...},
 * fields: {name: value}, debt: {amount, currency, overdue_days, due}, callback, leads, history: [{at, channel, outcome, result, agent, comment,
 * campaign ...}]}: newest first.  NULL: no memory. */
json_t *zv_api_card_json(const struct zv_config *config, const struct zv_card *card);
/* The lead alone, without person and history. */
json_t *zv_lead_json(const struct zv_config *config, const struct zv_lead_row *row);
/* The fields of a form as the pages draw them: [{name, title, type, required, options}]; form NULL:
 * an empty list. */
json_t *zv_form_json(const struct zv_config_form *form);

const char *zv_word_outcome(uint8_t outcome);
const char *zv_word_channel(uint8_t channel);
const char *zv_word_talk_kind(uint8_t kind);
/* User name of an agent (1 + id), "" if nobody has that id. */
const char *zv_agent_name(const struct zv_config *config, uint32_t agent);

#endif
