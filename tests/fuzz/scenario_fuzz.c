/* A scenario file against a rule of limits and one of hours: read, asked, compared, told. */
#include <stdlib.h>
#include <string.h>

#include "ctl/scen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct zv_rule rule[2];
static struct zv_rules rules = {.n = 2, .v = rule, .hash = 1};
static struct zv_zones *zones;
static struct zv_scen *s;

static void set_up(void)
{
	uint16_t utc;
	uint32_t guilty;
	const char *text;

	s = calloc(1, sizeof(*s));
	if (s == NULL || zv_zones_create(NULL, &zones) != ZV_OK ||
	    zv_zones_intern(zones, "UTC", &utc) != ZV_OK)
		abort();
	rules.zones = zones;
	for (int i = 0; i < 2; i++) {
		rule[i] = (struct zv_rule){.jur = "GB", .from_ms = INT64_MIN, .to_ms = INT64_MAX};
		memcpy(rule[i].id, i == 0 ? "GB-A" : "GB-B", 5);
	}
	rule[0].kind = ZV_RULE_FREQ;
	rule[0].u.freq.fact = ZV_FACT_ATTEMPT;
	rule[0].u.freq.key = ZV_KEY_PERSON;
	rule[0].u.freq.limit = 1;
	rule[0].u.freq.n_windows = 1;
	rule[0].u.freq.windows[0] =
	        (struct zv_rule_window){.kind = ZV_WINDOW_CALENDAR, .unit = ZV_UNIT_DAY, .n = 1};
	rule[1].kind = ZV_RULE_HOURS;
	rule[1].u.hours.calendar = ZV_CALENDAR_NONE;
	rule[1].u.hours.given[ZV_DAY_ANY] = true;
	rule[1].u.hours.n[ZV_DAY_ANY] = 1;
	rule[1].u.hours.spans[ZV_DAY_ANY][0] = (struct zv_rule_span){480, 1200};
	if (zv_rules_finish(&rules, &guilty, &text) != ZV_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zv_conf_sink sink = {0};
	struct zv_conf_tree *tree;
	const struct zv_conf_node *file, *list;
	char text[600];

	if (zones == NULL)
		set_up();
	if (zv_conf_parse((const char *)data, size, "fuzz", &sink, &tree) != ZV_OK)
		return 0;
	file = zv_conf_root(tree);
	list = zv_conf_get(file, "scenarios");
	for (size_t i = 0; i < zv_conf_count(list) && i < 8; i++) {
		uint32_t before = sink.n_errors;

		memset(s, 0, sizeof(*s));
		s->file = file;
		s->node = zv_conf_at(list, i);
		s->sink = &sink;
		s->zones = zones;
		s->rules = &rules;
		if (!zv_scen_run(s)) {
			if (sink.n_errors == before)
				__builtin_trap(); /* refused without a word */
			continue;
		}
		zv_scen_question(s, text, sizeof(text));
		zv_scen_verdict(s, text, sizeof(text));
		if (strlen(text) >= sizeof(text))
			__builtin_trap();
	}
	zv_conf_free(tree);
	return 0;
}
