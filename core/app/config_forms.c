/* Forms that people fill in, and categories for what is told of a lead from outside. */
#include <stdlib.h>
#include <string.h>

#include "app/config_build.h"

#define FORMS_MAX 256u

static const struct zv_conf_node *root_of(const struct zv_config_build *b)
{
	return zv_conf_root(b->config->files->tree);
}

static void build_choices(struct zv_config_build *b, const struct zv_conf_node *node,
			  struct zv_config_field *f)
{
	const struct zv_conf_node *list = zv_conf_get(node, "choices");

	for (size_t i = 0; i < zv_conf_count(list) && f->n_choices < ZV_FORM_CHOICES_MAX; i++)
		if (zv_conf_text(zv_conf_at(list, i)) != NULL)
			f->choices[f->n_choices++] = zv_conf_text(zv_conf_at(list, i));
	if (zv_conf_count(list) > ZV_FORM_CHOICES_MAX)
		zv_conf_error(b->sink, list, "field %s: at most %d choices", f->name,
			      ZV_FORM_CHOICES_MAX);
	if (f->type == ZV_FIELD_CHOICE && f->n_choices == 0)
		zv_conf_error(b->sink, node, "field %s: a choice needs choices", f->name);
}

static void build_form(struct zv_config_build *b, const struct zv_conf_node *node,
		       struct zv_config_form *form)
{
	const struct zv_conf_node *map = zv_conf_get(node, "fields");

	form->title = zv_conf_value(&zv_config_schema, "forms.*", node, "title");
	if (zv_conf_count(map) == 0 || zv_conf_count(map) > ZV_FORM_FIELDS_MAX)
		zv_conf_error(b->sink, node, "forms.%s: 1 to %d fields", form->name,
			      ZV_FORM_FIELDS_MAX);
	for (size_t i = 0; i < zv_conf_count(map) && form->n_fields < ZV_FORM_FIELDS_MAX; i++) {
		struct zv_config_field *f = &form->fields[form->n_fields++];
		const struct zv_conf_node *one = zv_conf_at(map, i);

		f->name = zv_conf_key(map, i);
		f->title = zv_conf_value(&zv_config_schema, "forms.*.fields.*", one, "title");
		f->type = (uint8_t)zv_conf_number(&zv_config_schema, "forms.*.fields.*", one, "type");
		f->required = zv_conf_number(&zv_config_schema, "forms.*.fields.*", one, "required") != 0;
		build_choices(b, one, f);
	}
}

static const char *campaign_text(const struct zv_config_campaign *c, const char *name)
{
	return zv_conf_value(&zv_config_schema, ZV_CAMPAIGN_PATH, c->node, name);
}

static uint8_t category(struct zv_config_build *b, const struct zv_config_campaign *c,
			const char *row)
{
	const char *said = campaign_text(c, row);

	for (uint8_t i = 0; said != NULL && i < c->n_categories; i++)
		if (strcmp(said, c->categories[i]) == 0)
			return (uint8_t)(i + 1);
	if (said != NULL)
		zv_conf_error(b->sink, zv_conf_get(c->node, row),
			      "campaigns.%s.%s: '%.47s' is none of its categories", c->name, row, said);
	return 0;
}

const struct zv_config_form *zv_config_form(const struct zv_config *config, const char *name)
{
	for (uint32_t i = 0; i < config->n_forms; i++)
		if (strcmp(config->forms[i].name, name) == 0)
			return &config->forms[i];
	return NULL;
}

enum zv_err zv_config_build_forms(struct zv_config_build *b)
{
	const struct zv_conf_node *map = zv_conf_get(root_of(b), "forms");
	struct zv_config *c = b->config;
	size_t n = zv_conf_count(map);

	if (n > FORMS_MAX)
		zv_conf_error(b->sink, map, "forms: at most %u", FORMS_MAX);
	c->forms = calloc(n + 1, sizeof(*c->forms));
	if (c->forms == NULL)
		return ZV_ENOMEM;
	for (size_t i = 0; i < n && i < FORMS_MAX; i++) {
		c->forms[i].name = zv_conf_key(map, i);
		build_form(b, zv_conf_at(map, i), &c->forms[i]);
		c->n_forms++;
	}
	for (uint32_t i = 0; i < c->engine.n_campaigns; i++) {
		struct zv_config_campaign *camp = &c->campaigns[i];

		camp->on_paid = category(b, camp, "on_paid");
		camp->on_cancelled = category(b, camp, "on_cancelled");
		camp->on_withdrawn = category(b, camp, "on_withdrawn");
		camp->form = campaign_text(camp, "form");
		if (camp->form[0] != 0 && zv_config_form(c, camp->form) == NULL)
			zv_conf_error(b->sink, zv_conf_get(camp->node, "form"),
				      "campaigns.%s.form: there is no forms.%.31s", camp->name, camp->form);
	}
	return ZV_OK;
}
