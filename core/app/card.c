#include "app/card.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/card_json.h"
#include "app/template.h"

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

static int is_in(const struct zv_conf_node *list, const char *name)
{
	for (size_t i = 0; i < zv_conf_count(list); i++)
		if (zv_conf_text(zv_conf_at(list, i)) != NULL && strcmp(zv_conf_text(zv_conf_at(list, i)), name) == 0)
			return 1;
	return 0;
}

json_t *zv_card_results(const struct zv_config_campaign *c)
{
	const struct zv_conf_node *titles = zv_conf_get(c->desk, "titles");
	const struct zv_conf_node *reasons = zv_conf_get(c->desk, "reasons");
	const struct zv_conf_node *tones = zv_conf_get(c->desk, "tones");
	const struct zv_conf_node *callbacks = zv_conf_get(c->desk, "callbacks");
	json_t *list = json_array();

	for (uint8_t i = 0; i < c->n_results; i++) {
		const char *title = zv_conf_text(zv_conf_get(titles, c->results[i]));

		const char *tone = zv_conf_text(zv_conf_get(tones, c->results[i]));

		json_array_append_new(list, json_pack("{s:s s:s s:b s:o s:s?}", "name", c->results[i], "title",
						      title != NULL ? title : c->results[i], "callback",
						      is_in(callbacks, c->results[i]), "reasons",
						      texts_json(zv_conf_get(reasons, c->results[i])), "tone",
						      tone));
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

struct reading { const struct zv_desk_card_ask *ask; json_t *card, *script; };

/* What the store knows of him, and the campaign's script filled in with it. */
static void read_card(void *arg, const struct zv_card *card)
{
	struct reading *r = arg;
	const struct zv_desk_card_ask *ask = r->ask;
	const char *attrs = card->lead != NULL ? card->lead->attrs : "";
	size_t len = card->lead != NULL ? card->lead->attrs_len : 0;

	r->card = zv_api_card_json(ask->config, card);
	r->script = script_json(ask->config->campaigns[ask->campaign].desk, attrs, len);
}

json_t *zv_desk_card(const struct zv_desk_card_ask *ask)
{
	const struct zv_config_campaign *c = &ask->config->campaigns[ask->campaign];
	const char *form = zv_conf_text(zv_conf_get(c->desk, "form"));
	struct reading r = {.ask = ask};
	enum zv_err err = ZV_ENOENT;
	json_t *o;

	if (ask->lead != 0)
		err = zv_store_card(ask->store, ask->lead, read_card, &r);
	else if (ask->number != 0)
		err = zv_store_card_by_number(ask->store, ask->number,
					      ask->config->engine.campaigns[ask->campaign].id, read_card, &r);
	/* A stranger, or nothing that can be read: the number alone. */
	if (err != ZV_OK) {
		json_decref(r.card);
		json_decref(r.script);
		r.card = json_pack("{s:{}, s:{}, s:[]}", "person", "fields", "history");
		r.script = script_json(c->desk, "", 0);
	}
	o = json_pack("{s:o s:s s:s s:s s:o s:o s:o s:o s:o}", "attempt", zv_attempt_json(ask->attempt),
		      "campaign", c->name, "campaign_title", c->title, "kind", zv_talk_kind_name(ask->kind),
		      "number", zv_number_json(ask->number), "script", r.script, "results",
		      zv_card_results(c), "topics", zv_card_topics(c), "form",
		      zv_form_json(form != NULL ? zv_config_form(ask->config, form) : NULL));
	if (o == NULL || r.card == NULL) {
		json_decref(o);
		json_decref(r.card);
		return NULL;
	}
	/* the call's own campaign and number stand above those of the lead */
	(void)json_object_update_missing(o, r.card);
	json_decref(r.card);
	return o;
}
