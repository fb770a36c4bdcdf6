/* app/card.h -- the card of a customer: all that an agent needs before the voice, as JSON.
 *
 * Any thread; a short read transaction of the store.  Texts of lists go out as JSON strings only.
 */
#ifndef ZV_APP_CARD_H
#define ZV_APP_CARD_H

#include <jansson.h>

#include "app/config.h"
#include "store/store.h"

struct zv_desk_card_ask {
	const struct zv_config *config;
	struct zv_store *store;
	uint32_t campaign;      /* index */
	uint64_t lead, person;  /* 0: nobody we know; then by number */
	uint64_t number;        /* E.164 digits; 0: hidden */
	uint8_t kind;           /* enum zv_talk_kind */
	struct zv_attempt_id attempt;
	uint32_t agent;         /* who reads it: index */
};
/* A new reference; NULL: no memory. */
json_t *zv_desk_card(const struct zv_desk_card_ask *ask);

/* What a campaign's card offers: [{name, title, reasons}], [{name, subtopics}].  New references. */
json_t *zv_card_results(const struct zv_config_campaign *campaign);
json_t *zv_card_topics(const struct zv_config_campaign *campaign);

/* "dialled", "inbound" ... */
const char *zv_talk_kind_name(uint8_t kind);
/* "+79161234567"; "" for 0. */
json_t *zv_number_json(uint64_t e164);
json_t *zv_attempt_json(struct zv_attempt_id attempt); /* 32 hex digits; null for none */

#endif
