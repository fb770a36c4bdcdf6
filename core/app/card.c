#include "app/card.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/template.h"
#include "store/read.h"

#define ATTRS_MAX 16384u

const char *zv_talk_kind_name(uint8_t kind)
{
	static const char *const names[] = {
		[ZV_TALK_KIND_NONE] = "none", [ZV_TALK_KIND_DIALLED] = "dialled",
		[ZV_TALK_KIND_PREVIEW] = "preview", [ZV_TALK_KIND_MANUAL] = "manual",
		[ZV_TALK_KIND_CALLBACK] = "callback", [ZV_TALK_KIND_INBOUND] = "inbound",
		[ZV_TALK_KIND_ROBOT] = "robot", [ZV_TALK_KIND_TRANSFER] = "transfer",
	};

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "none";
}

json_t *zv_number_json(uint64_t e164)
{
	char text[24] = "";

	if (e164 != 0)
		(void)snprintf(text, sizeof(text), "+%" PRIu64, e164);
	return json_string(text);
}

json_t *zv_attempt_json(struct zv_attempt_id attempt)
{
	char text[33];

	if (zv_attempt_is_zero(attempt))
		return json_null();
	(void)snprintf(text, sizeof(text), "%016" PRIx64 "%016" PRIx64, attempt.hi, attempt.lo);
	return json_string(text);
}

/* ---- from the list ---- */

static json_t *fields_json(const char *attrs, size_t len)
{
	json_t *o = json_object();
	const char *p = attrs, *end = attrs + len;

	while (p < end) {
		const char *name = p, *value = memchr(p, 0, (size_t)(end - p));
		const char *next;

		if (value == NULL)
			break;
		value++;
		next = value < end ? memchr(value, 0, (size_t)(end - value)) : NULL;
		if (next == NULL)
			break;
		json_object_set_new(o, name, json_string(value));
		p = next + 1;
	}
	return o;
}

/* ---- from the configuration ---- */

static json_t *script_json(const struct zv_conf_node *desk, const char *attrs, size_t len)
{
	const struct zv_conf_node *map = zv_conf_get(desk, "script");
	json_t *list = json_array();

	for (size_t i = 0; i < zv_conf_count(map); i++) {
		const char *template = zv_conf_text(zv_conf_at(map, i));
		char text[ZV_TEMPLATE_TEXT_MAX];

		if (template == NULL ||
		    zv_template_render(template, attrs, len, text, sizeof(text), NULL) != ZV_OK)
			continue;
		json_array_append_new(list, json_pack("{s:s s:s}", "title", zv_conf_key(map, i), "text", text));
	}
	return list;
}

static json_t *texts_json(const struct zv_conf_node *list)
{
	json_t *o = json_array();

	for (size_t i = 0; i < zv_conf_count(list); i++)
		if (zv_conf_text(zv_conf_at(list, i)) != NULL)
			json_array_append_new(o, json_string(zv_conf_text(zv_conf_at(list, i))));
	return o;
}

json_t *zv_card_results(const struct zv_config_campaign *c)
{
	const struct zv_conf_node *titles = zv_conf_get(c->desk, "titles");
	const struct zv_conf_node *reasons = zv_conf_get(c->desk, "reasons");
	json_t *list = json_array();

	for (uint8_t i = 0; i < c->n_results; i++) {
		const char *title = zv_conf_text(zv_conf_get(titles, c->results[i]));

		json_array_append_new(list, json_pack("{s:s s:s s:o}", "name", c->results[i], "title",
						      title != NULL ? title : c->results[i], "reasons",
						      texts_json(zv_conf_get(reasons, c->results[i]))));
	}
	return list;
}

json_t *zv_card_topics(const struct zv_config_campaign *c)
{
	const struct zv_conf_node *map = zv_conf_get(c->desk, "topics");
	json_t *list = json_array();

	for (size_t i = 0; i < zv_conf_count(map); i++)
		json_array_append_new(list, json_pack("{s:s s:o}", "name", zv_conf_key(map, i), "subtopics",
						      texts_json(zv_conf_at(map, i))));
	return list;
}

json_t *zv_desk_card(const struct zv_desk_card_ask *ask)
{
	const struct zv_config_campaign *c = &ask->config->campaigns[ask->campaign];
	const char *name = NULL;
	char attrs[ATTRS_MAX];
	size_t len = 0;
	json_t *o;

	if (ask->lead == 0 || zv_store_lead_attrs(ask->store, ask->lead, attrs, sizeof(attrs), &len) != ZV_OK)
		len = 0;
	if (len > 0)
		name = zv_attr_find(attrs, len, "name");
	o = json_pack("{s:o s:s s:s s:I s:s s:o s:{s:I s:s?} s:o s:o s:o s:o s:s?}", "attempt",
		      zv_attempt_json(ask->attempt), "campaign", c->name, "campaign_title", c->title, "lead",
		      (json_int_t)ask->lead, "kind", zv_talk_kind_name(ask->kind), "number",
		      zv_number_json(ask->number), "person", "id", (json_int_t)ask->person, "name", name,
		      "fields", fields_json(attrs, len), "script", script_json(c->desk, attrs, len), "results",
		      zv_card_results(c), "topics", zv_card_topics(c), "form",
		      zv_conf_text(zv_conf_get(c->desk, "form")));
	return o;
}
