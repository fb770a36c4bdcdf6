/* A file of rules, and if it begins so, the archive of a whole set: what is taken is within the
 * bounds of its structs, can be said in words, and its archive loads again with the same hash. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "law/law.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct zv_zones *zones;
static unsigned long n_told;

static void tell(void *arg, enum zv_law_level level, const char *file, unsigned line,
		 const char *path, const char *text)
{
	(void)arg;
	(void)line;
	if (level == ZV_LAW_ERROR)
		n_told++;
	if (path[0] != 0 && path[0] != '$')
		abort();
	if (strlen(file) + strlen(path) + strlen(text) == 0)
		abort();
}

static void look(const struct zv_law *law)
{
	const struct zv_rules *rules = zv_law_rules(law);
	char text[600];

	if (rules->n == 0 || rules->n > ZV_RULES_MAX || rules->hash == 0)
		abort();
	for (uint32_t i = 0; i < rules->n; i++) {
		const struct zv_rule *r = &rules->v[i];
		const struct zv_law_text *t = zv_law_text(law, i);

		if (r->kind < ZV_RULE_FREQ || r->kind > ZV_RULE_RETAIN || r->from_ms >= r->to_ms ||
		    strlen(r->id) >= sizeof(r->id) || strcmp(r->id, t->id) != 0)
			abort();
		if (r->trust == ZV_TRUST_MEMORY && r->effect != ZV_EFFECT_WARN)
			abort();
		if (r->kind == ZV_RULE_HOURS && r->u.hours.calendar != ZV_CALENDAR_NONE &&
		    r->u.hours.calendar >= rules->n_calendars)
			abort();
		if (r->kind == ZV_RULE_FREQ &&
		    (r->u.freq.n_windows == 0 || r->u.freq.n_windows > ZV_RULE_WINDOWS_MAX || r->u.freq.key == 0))
			abort();
		for (size_t room = 1; room <= sizeof(text); room = room * 3 + 1) {
			zv_law_say(law, i, text, room);
			if (strnlen(text, room) == room)
				abort();
			zv_law_say_ru(law, i, text, room);
			if (strnlen(text, room) == room)
				abort();
		}
	}
}

static void round_trip(const struct zv_law *law, const struct zv_law_params *params)
{
	struct zv_law *again = NULL;
	size_t len;
	const char *text = zv_law_archive(law, &len);

	if (zv_law_load_text(text, len, params, &again) != ZV_OK ||
	    zv_law_rules(again)->hash != zv_law_rules(law)->hash ||
	    zv_law_rules(again)->n != zv_law_rules(law)->n)
		abort();
	zv_law_destroy(again);
}

static void load(const char *text, size_t len)
{
	struct zv_law_params params = {.zones = zones, .sink = {.tell = tell}};
	unsigned long before = n_told;
	struct zv_law *law = NULL;
	enum zv_err err = zv_law_load_text(text, len, &params, &law);

	if (err == ZV_EPARSE && n_told == before)
		abort(); /* a refusal without a reason */
	if (err != ZV_OK)
		return;
	if (n_told != before)
		abort(); /* something was wrong, and it was taken */
	look(law);
	round_trip(law, &params);
	zv_law_destroy(law);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;
	int n;

	if (zones == NULL && zv_zones_create(NULL, &zones) != ZV_OK)
		return 0;
	load((const char *)data, size);
	text = malloc(size + 80);
	if (text == NULL)
		return 0;
	n = snprintf(text, 80, "zvonar-law 1\nrules %zu fuzz.jsonl\n", size);
	if (size > 0)
		memcpy(text + n, data, size);
	text[(size_t)n + size] = '\n';
	load(text, (size_t)n + size + 1);
	free(text);
	return 0;
}
