/* app/api_in.h -- what the handlers of the API share: members of bodies, names to indexes, answers.
 *
 * Thread: http.  What is wrong is answered as 422 (code "invalid") that says which member.
 */
#ifndef ZV_APP_API_IN_H
#define ZV_APP_API_IN_H

#include "app/api.h"

#define ZV_API_NONE UINT32_MAX

/* Are all members of the body among these ("a b c")?  Without a body: yes. */
bool zv_api_only(const struct zv_http_request *request, struct zv_http_reply *reply, const char *known);
/* A text of 1 to max bytes; NULL in *ret_text: not told, or null. */
bool zv_api_text(const json_t *object, const char *key, size_t max, struct zv_http_reply *reply,
		 const char **ret_text);
/* A whole number, as a number or as digits in a text; *ret_told: it is there. */
bool zv_api_number(const json_t *object, const char *key, struct zv_http_reply *reply, uint64_t *ret,
		   bool *ret_told);
/* "+7 916 123-45-67" to digits. */
bool zv_api_phone(const char *key, const char *text, struct zv_http_reply *reply, uint64_t *ret_e164);
/* ISO 8601 with a zone; fractions of a second are cut off. */
bool zv_api_moment(const char *key, const char *text, struct zv_http_reply *reply, int64_t *ret_ms);
/* Digits of the whole text. */
bool zv_api_id(const char *text, uint64_t *ret);

/* Index by user's name; ZV_API_NONE, and the reply is 404. */
uint32_t zv_api_agent(const struct zv_config *config, const char *user, struct zv_http_reply *reply);
/* Index by name or by the store's id; ZV_API_NONE (with a reply: 404). */
uint32_t zv_api_campaign(const struct zv_config *config, const char *name, struct zv_http_reply *reply);
uint32_t zv_api_campaign_of_id(const struct zv_config *config, uint32_t id);

/* Index of the agent who asks; ZV_API_NONE, and the reply is 403: a machine has no desk. */
uint32_t zv_api_self(const struct zv_http_request *request, const struct zv_config *config,
		     struct zv_http_reply *reply);
/* Hands it to the engine, and the answer comes later. */
void zv_api_desk(const struct zv_api *api, const struct zv_http_request *request,
		 struct zv_http_reply *reply, const struct zv_event *ev);

/* api_done.c: POST desk/done */
void zv_api_done(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply);

/* api_times.c: may the lead be called at that time (for a call-back by an agent)?  False: reason
 * says in Russian why not; also when that cannot be known. */
struct zv_times_ask {
	const struct zv_api *api;
	uint64_t lead;
	uint32_t campaign; /* index; ZV_API_NONE: the lead's own */
};
bool zv_times_lawful(const struct zv_times_ask *ask, int64_t at_ms, char *reason, size_t size);
/* {open: [{from, to}], closed: [{from, to, reason}], zone} of a day of the person's calendar (days
 * since 1970).  ZV_ENOENT: no such lead; ZV_EINVAL: not a lead of that campaign. */
enum zv_err zv_times_json(const struct zv_times_ask *ask, int32_t day, json_t **ret_json) ZV_MUST_USE;

#endif
