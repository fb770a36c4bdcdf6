#include "ctl/lawset.h"

#include <string.h>

static void say(void *arg, enum zv_law_level level, const char *file, unsigned line, const char *path,
                const char *text)
{
	(void)arg;
	(void)path;
	if (level == ZV_LAW_ERROR)
		zv_ctl_say("kept rules, %s:%u: %s", file, line, text);
}

const struct zv_lawset *zv_lawset_of(struct zv_lawsets *sets, uint64_t hash)
{
	struct zv_law_params params = {.zones = sets->zones, .sink = {.tell = say}};
	struct zv_lawset *s;
	struct zv_ruleset kept;

	for (uint32_t i = 0; i < sets->n; i++)
		if (sets->v[i].hash == hash)
			return sets->v[i].law != NULL ? &sets->v[i] : NULL;
	if (sets->n == ZV_LAWSETS_MAX)
		return NULL;
	s = &sets->v[sets->n++];
	*s = (struct zv_lawset){.hash = hash};
	if (zv_store_ruleset_get(sets->store, hash, &kept) != ZV_OK)
		return NULL;
	s->first_ms = kept.first_ms;
	if (zv_law_load_text(kept.text, kept.text_len, &params, &s->law) != ZV_OK)
		s->law = NULL;
	zv_store_ruleset_free(&kept);
	return s->law != NULL ? s : NULL;
}

struct search {
	int64_t at_ms, best_ms;
	uint64_t hash;
	bool found;
};

/* A set may have come into force, gone and come back: its first and last time are known. */
static bool look(void *arg, const struct zv_ruleset *set)
{
	struct search *s = arg;
	int64_t since = set->last_ms <= s->at_ms ? set->last_ms : set->first_ms;

	if (since <= s->at_ms && (!s->found || since >= s->best_ms)) {
		s->found = true;
		s->best_ms = since;
		s->hash = set->hash;
	}
	return true;
}

const struct zv_lawset *zv_lawset_at(struct zv_lawsets *sets, int64_t at_ms)
{
	struct search s = {.at_ms = at_ms};

	if (zv_store_rulesets_each(sets->store, look, &s) != ZV_OK || !s.found)
		return NULL;
	return zv_lawset_of(sets, s.hash);
}

void zv_lawsets_end(struct zv_lawsets *sets)
{
	for (uint32_t i = 0; i < sets->n; i++)
		zv_law_destroy(sets->v[i].law);
	sets->n = 0;
}
