/* The person of a scenario: a slab as the store would fill it. */
#include <string.h>

#include "ctl/scen.h"

/* One text or a list of them, seen as a list. */
static size_t list_count(const struct zv_conf_node *node)
{
	if (node == NULL)
		return 0;
	if (zv_conf_node_kind(node) != ZV_CONF_SCALAR)
		return zv_conf_count(node);
	return zv_conf_text(node)[0] != 0;
}

static const struct zv_conf_node *list_at(const struct zv_conf_node *node, size_t i)
{
	return zv_conf_node_kind(node) == ZV_CONF_SCALAR ? node : zv_conf_at(node, i);
}

/* How many of a list fit; too many are told. */
static size_t fits(struct zv_scen *s, const struct zv_conf_node *node, size_t max)
{
	size_t n = list_count(node);

	if (n > max) {
		zv_conf_error(s->sink, node, "at most %zu fit", max);
		n = max;
	}
	return n;
}

static uint8_t read_zones(struct zv_scen *s, const struct zv_conf_node *node, uint16_t *zones)
{
	size_t n = fits(s, node, ZV_SLAB_ZONES_MAX);

	for (size_t i = 0; i < n; i++)
		zones[i] = zv_scen_zone(s, list_at(node, i));
	return (uint8_t)n;
}

static void read_numbers(struct zv_scen *s)
{
	struct zv_person_slab *p = &s->person;
	const struct zv_conf_node *list = zv_scen_get(s, "person", "numbers");

	p->n_numbers = (uint8_t)fits(s, list, 8);
	for (size_t i = 0; i < p->n_numbers; i++) {
		const struct zv_conf_node *one = list_at(list, i);

		if (zv_conf_node_kind(one) == ZV_CONF_SCALAR) {
			p->e164[i] = zv_scen_phone(s, one);
			continue;
		}
		zv_scen_keys(s->sink, one, "e164 line zones");
		p->e164[i] = zv_scen_phone(s, zv_conf_get(one, "e164"));
		p->line[i] = (uint8_t)zv_scen_word(s, zv_conf_get(one, "line"), zv_scen_lines);
		p->n_zones[i] = read_zones(s, zv_conf_get(one, "zones"), p->zones[i]);
		if (p->e164[i] == 0)
			zv_conf_error(s->sink, one, "the number has no e164");
	}
}

static struct zv_mark *new_mark(struct zv_scen *s, const struct zv_conf_node *node)
{
	if (s->person.n_marks == ZV_MARKS_MAX) {
		zv_conf_error(s->sink, node, "at most %d flags, consents and overrides fit",
		              ZV_MARKS_MAX);
		return NULL;
	}
	return &s->person.marks[s->person.n_marks++];
}

static int64_t time_or(struct zv_scen *s, const struct zv_conf_node *node, int64_t otherwise)
{
	return node != NULL ? zv_scen_time(s, node, true) : otherwise;
}

static void read_marks(struct zv_scen *s, const char *key, uint8_t kind)
{
	const struct zv_conf_node *list = zv_scen_get(s, "person", key);

	for (size_t i = 0; i < list_count(list); i++) {
		const struct zv_conf_node *one = list_at(list, i);
		struct zv_mark *mark = new_mark(s, one);

		if (mark == NULL)
			return;
		*mark = (struct zv_mark){.kind = kind, .from_ms = INT64_MIN, .to_ms = INT64_MAX};
		if (zv_conf_node_kind(one) == ZV_CONF_SCALAR) {
			mark->name = zv_scen_name(one);
			continue;
		}
		if (kind == ZV_MARK_OVERRIDE) {
			zv_scen_keys(s->sink, one, "rule by from to");
			mark->name = zv_scen_name(zv_conf_get(one, "rule"));
			mark->by = (uint8_t)zv_scen_word(s, zv_conf_get(one, "by"),
			                                 zv_scen_overrides);
		} else {
			zv_scen_keys(s->sink, one, "name from to");
			mark->name = zv_scen_name(zv_conf_get(one, "name"));
		}
		mark->from_ms = time_or(s, zv_conf_get(one, "from"), INT64_MIN);
		mark->to_ms = time_or(s, zv_conf_get(one, "to"), INT64_MAX);
		if (mark->name == 0 || (kind == ZV_MARK_OVERRIDE && mark->by == 0))
			zv_conf_error(s->sink, one, "a %s is wanted",
			              kind == ZV_MARK_OVERRIDE ? "rule and by" : "name");
	}
}

static void read_suppressed(struct zv_scen *s)
{
	const struct zv_conf_node *list = zv_scen_get(s, "person", "suppressed");

	s->person.n_suppressed = (uint8_t)fits(s, list, ZV_SUPPRESSED_MAX);
	for (size_t i = 0; i < s->person.n_suppressed; i++) {
		const struct zv_conf_node *one = list_at(list, i);

		zv_scen_keys(s->sink, one, "number campaign until");
		s->person.suppressed[i] = (struct zv_suppressed){
		        .e164 = zv_scen_phone(s, zv_conf_get(one, "number")),
		        .campaign = (uint32_t)zv_scen_name(zv_conf_get(one, "campaign")),
		        .to_ms = time_or(s, zv_conf_get(one, "until"), INT64_MAX),
		};
	}
}

/* `listed` names numbers of the person that the registry holds. */
static uint8_t listed_bits(struct zv_scen *s, const struct zv_conf_node *node)
{
	uint8_t bits = 0;

	for (size_t i = 0; i < list_count(node); i++) {
		uint64_t e164 = zv_scen_phone(s, list_at(node, i));
		bool known = false;

		for (size_t k = 0; k < s->person.n_numbers; k++) {
			if (s->person.e164[k] != e164)
				continue;
			bits = (uint8_t)(bits | 1u << k);
			known = true;
		}
		if (!known)
			zv_conf_error(s->sink, list_at(node, i), "the person has no such number");
	}
	return bits;
}

static void read_registries(struct zv_scen *s)
{
	const struct zv_conf_node *list = zv_scen_get(s, "person", "registries");

	s->person.n_scrubbed = (uint8_t)fits(s, list, ZV_RULE_NAMES_MAX);
	for (size_t i = 0; i < s->person.n_scrubbed; i++) {
		const struct zv_conf_node *one = list_at(list, i);

		zv_scen_keys(s->sink, one, "list as_of listed");
		s->person.scrubbed[i] = (struct zv_scrubbed){
		        .list = zv_scen_name(zv_conf_get(one, "list")),
		        .as_of_ms = zv_scen_time(s, zv_conf_get(one, "as_of"), false),
		        .numbers = listed_bits(s, zv_conf_get(one, "listed")),
		};
		if (s->person.scrubbed[i].list == 0)
			zv_conf_error(s->sink, one, "a registry wants the name of its list");
	}
}

static void read_jurisdiction(struct zv_scen *s)
{
	const struct zv_conf_node *node = zv_scen_get(s, "person", "jur");
	const char *text = node != NULL ? zv_conf_text(node) : "";

	if (text == NULL || strlen(text) >= ZV_JUR_MAX)
		zv_conf_error(s->sink, node, "a jurisdiction such as RU or US-FL is wanted");
	else
		memcpy(s->person.jur, text, strlen(text) + 1);
}

void zv_scen_read_person(struct zv_scen *s)
{
	static const char keys[] = "jur residence registration numbers flags consents overrides "
	                           "suppressed registries overflow_until first_contact";
	struct zv_person_slab *p = &s->person;
	const struct zv_conf_node *node;

	zv_scen_keys(s->sink, zv_conf_get(s->file, "person"), keys);
	zv_scen_keys(s->sink, zv_conf_get(s->node, "person"), keys);
	p->person = 1;
	read_jurisdiction(s);
	p->n_residence = read_zones(s, zv_scen_get(s, "person", "residence"), p->residence);
	p->n_registration = read_zones(s, zv_scen_get(s, "person", "registration"), p->registration);
	read_numbers(s);
	read_marks(s, "flags", ZV_MARK_FLAG);
	read_marks(s, "consents", ZV_MARK_CONSENT);
	read_marks(s, "overrides", ZV_MARK_OVERRIDE);
	read_suppressed(s);
	read_registries(s);
	node = zv_scen_get(s, "person", "overflow_until");
	if (node != NULL && list_count(node) > 0) {
		p->overflow = true;
		p->overflow_until_ms = zv_scen_time(s, node, true);
	}
	node = zv_scen_get(s, "person", "first_contact");
	if (node != NULL && list_count(node) > 0)
		p->first_ms = zv_scen_time(s, node, false);
}
