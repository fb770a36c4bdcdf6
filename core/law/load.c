/* A set from its archive's text: calendars first, then rules line by line. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "law/law_in.h"

struct zv_law {
	struct zv_rules rules;
	struct zv_law_text *texts;
	json_t **docs;   /* texts point into them */
	uint32_t n, cap; /* of texts, docs and rules.v */
	char *archive;
	size_t archive_len;
	struct zv_law_names files; /* base names */
	int32_t oldest_seen;
};

struct load {
	struct zv_law *law;
	struct zv_law_report report;
	const struct zv_law_params *params;
	const struct zv_law_names *paths; /* of the files, for messages; NULL: their base names */
	size_t n_files;
	enum zv_err err; /* ZV_ENOMEM ends it at once */
};

void zv_law_destroy(struct zv_law *law)
{
	if (law == NULL)
		return;
	for (uint32_t i = 0; i < law->n; i++)
		json_decref(law->docs[i]);
	zv_law_names_free(&law->files);
	free(law->docs);
	free(law->texts);
	free(law->archive);
	free(law->rules.v);
	free(law->rules.calendars);
	free(law);
}

/* ---- reading what is loaded ---- */

const struct zv_rules *zv_law_rules(const struct zv_law *law)
{
	return &law->rules;
}

const struct zv_law_text *zv_law_text(const struct zv_law *law, uint32_t rule)
{
	return rule < law->n ? &law->texts[rule] : NULL;
}

const json_t *zv_law_doc(const struct zv_law *law, uint32_t rule)
{
	return rule < law->n ? law->docs[rule] : NULL;
}

int32_t zv_law_oldest_seen(const struct zv_law *law)
{
	return law->oldest_seen;
}

bool zv_law_stale(const struct zv_law *law, int32_t today)
{
	return (int64_t)today - law->oldest_seen > ZV_LAW_STALE_DAYS;
}

const char *zv_law_archive(const struct zv_law *law, size_t *ret_len)
{
	*ret_len = law->archive_len;
	return law->archive;
}

/* ---- rules ---- */

static bool grow(struct zv_law *law)
{
	uint32_t cap = law->cap * 2 + 32;
	struct zv_rule *v;
	struct zv_law_text *texts;
	json_t **docs;

	if (law->n < law->cap)
		return true;
	v = realloc(law->rules.v, cap * sizeof(*v));
	if (v == NULL)
		return false;
	law->rules.v = v;
	texts = realloc(law->texts, cap * sizeof(*texts));
	if (texts == NULL)
		return false;
	law->texts = texts;
	docs = realloc(law->docs, cap * sizeof(*docs));
	if (docs == NULL)
		return false;
	law->docs = docs;
	law->cap = cap;
	return true;
}

static void look_for_twin(struct load *l, const char *id)
{
	for (uint32_t i = 0; i < l->law->n; i++) {
		if (strcmp(l->law->rules.v[i].id, id) != 0)
			continue;
		zv_law_tell(&l->report, ZV_LAW_ERROR, "$.id", "%s stands in %s line %u already", id,
		            l->law->texts[i].file, l->law->texts[i].line);
		return;
	}
}

static void judge_age(struct load *l, const struct zv_rule *rule)
{
	int32_t age = l->params->today - rule->seen_day;

	if (!l->params->today_known)
		return;
	if (age < 0)
		zv_law_tell(&l->report, ZV_LAW_WARNING, "$.seen", "it lies in the future");
	else if (age > ZV_LAW_STALE_DAYS)
		zv_law_tell(&l->report, ZV_LAW_WARNING, "$.seen",
		            "%d days old: the set is stale, campaigns do not start with it", age);
	else if (age > ZV_LAW_WARN_DAYS)
		zv_law_tell(&l->report, ZV_LAW_WARNING, "$.seen",
		            "%d days old: compare it with its source again", age);
}

/* Takes doc. */
static void add_rule(struct load *l, json_t *doc, const char *line, size_t len)
{
	struct zv_law *law = l->law;
	struct zv_law_fill fill = {
	        .report = &l->report, .zones = l->params->zones, .rules = &law->rules};
	struct zv_rule *rule;

	if (law->n == ZV_RULES_MAX) {
		zv_law_tell(&l->report, ZV_LAW_ERROR, "", "more than %d rules", ZV_RULES_MAX);
		goto drop;
	}
	if (!grow(law)) {
		l->err = ZV_ENOMEM;
		goto drop;
	}
	rule = &law->rules.v[law->n];
	look_for_twin(l, json_string_value(json_object_get(doc, "id")));
	(void)zv_law_rule(&fill, doc, rule);
	judge_age(l, rule);
	if (law->n == 0 || rule->seen_day < law->oldest_seen)
		law->oldest_seen = rule->seen_day;
	law->texts[law->n] = (struct zv_law_text){
	        .id = json_string_value(json_object_get(doc, "id")),
	        .jur = json_string_value(json_object_get(doc, "jur")),
	        .law = json_string_value(json_object_get(doc, "law")),
	        .src = json_string_value(json_object_get(doc, "src")),
	        .seen = json_string_value(json_object_get(doc, "seen")),
	        .file = law->files.v[law->files.n - 1],
	        .line = l->report.line,
	        .json = line,
	        .json_len = len,
	};
	law->docs[law->n] = doc;
	law->n++;
	return;

drop:
	json_decref(doc);
}

static void read_line(struct load *l, const char *line, size_t len)
{
	json_error_t error;
	json_t *doc;

	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (len == 0)
		return;
	if (len > ZV_LAW_LINE_MAX) {
		zv_law_tell(&l->report, ZV_LAW_ERROR, "$", "a line of more than %u bytes",
		            ZV_LAW_LINE_MAX);
		return;
	}
	doc = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (doc == NULL) {
		zv_law_tell(&l->report, ZV_LAW_ERROR, "$", "column %d: %s", error.column,
		            error.text);
		return;
	}
	if (zv_law_check(&l->report, &zv_law_schema, doc))
		add_rule(l, doc, line, len);
	else
		json_decref(doc);
}

static void read_rules(struct load *l, const char *bytes, size_t len)
{
	const char *end = bytes + len;

	for (l->report.line = 1; bytes < end && l->err == ZV_OK; l->report.line++) {
		const char *stop = memchr(bytes, '\n', (size_t)(end - bytes));

		if (stop == NULL)
			stop = end;
		read_line(l, bytes, (size_t)(stop - bytes));
		bytes = stop + (stop < end);
	}
}

/* ---- calendars ---- */

static void add_calendar(struct load *l, const struct zv_calendar *year)
{
	struct zv_rules *rules = &l->law->rules;
	struct zv_calendar *c;
	uint32_t i = 0;

	while (i < rules->n_calendars && strcmp(rules->calendars[i].id, year->id) != 0)
		i++;
	if (i == ZV_CALENDARS_MAX) {
		zv_law_tell(&l->report, ZV_LAW_ERROR, "", "more than %d calendars",
		            ZV_CALENDARS_MAX);
		return;
	}
	c = &rules->calendars[i];
	if (i == rules->n_calendars) {
		*c = *year;
		rules->n_calendars++;
		return;
	}
	for (uint8_t k = 0; k < c->n_years; k++) {
		if (c->years[k] == year->years[0]) {
			zv_law_tell(&l->report, ZV_LAW_ERROR, "",
			            "calendar %s has the year %u already", c->id, c->years[k]);
			return;
		}
	}
	if (c->n_years == ZV_CALENDAR_YEARS) {
		zv_law_tell(&l->report, ZV_LAW_ERROR, "", "calendar %s: more than %d years", c->id,
		            ZV_CALENDAR_YEARS);
		return;
	}
	c->years[c->n_years] = year->years[0];
	memcpy(c->days[c->n_years], year->days[0], sizeof(c->days[0]));
	c->n_years++;
}

/* Counts what the calendar's reader tells. */
static void pass_on(void *arg, enum zv_law_level level, const char *file, unsigned line,
                    const char *path, const char *text)
{
	struct zv_law_report *report = arg;

	(void)file;
	report->line = line;
	zv_law_tell(report, level, path, "%s", text);
}

static void read_calendar(struct load *l, const char *bytes, size_t len)
{
	struct zv_law_sink sink = {.tell = pass_on, .arg = &l->report};
	struct zv_calendar calendar;
	enum zv_err err = zv_law_calendar(bytes, len, l->report.file, &sink, &calendar);

	l->report.line = 0;
	if (err == ZV_OK)
		add_calendar(l, &calendar);
	else if (err == ZV_ENOMEM)
		l->err = err;
}

/* ---- the archive ---- */

/* "rules 123 name\n" at text: the word's length, the file's bytes and name.  False: no such. */
static bool read_head(const char *text, size_t len, size_t *ret_head, size_t *ret_bytes,
                      char name[256])
{
	const char *stop = memchr(text, '\n', len < 512 ? len : 512);
	const char *p = memchr(text, ' ', len < 512 ? len : 512);
	size_t bytes = 0, digits = 0;

	if (stop == NULL || p == NULL || p > stop)
		return false;
	for (p++; *p >= '0' && *p <= '9' && digits < 8; p++, digits++)
		bytes = bytes * 10 + (size_t)(*p - '0');
	if (digits == 0 || *p != ' ' || stop - (p + 1) > 255 || stop == p + 1)
		return false;
	memcpy(name, p + 1, (size_t)(stop - (p + 1)));
	name[stop - (p + 1)] = 0;
	*ret_head = (size_t)(stop - text) + 1;
	*ret_bytes = bytes;
	return *ret_head + bytes < len; /* and a line break after them */
}

static enum zv_err keep_name(struct load *l, const char *name)
{
	struct zv_law_names *files = &l->law->files;
	char **v = realloc(files->v, (files->n + 1) * sizeof(*v));

	if (v == NULL)
		return ZV_ENOMEM;
	files->v = v;
	v[files->n] = strdup(name);
	if (v[files->n] == NULL)
		return ZV_ENOMEM;
	files->n++;
	return ZV_OK;
}

static enum zv_err not_an_archive(struct load *l)
{
	l->report.file = NULL;
	l->report.line = 0;
	zv_law_tell(&l->report, ZV_LAW_ERROR, "", "this is no archived set of rules");
	return ZV_EPARSE;
}

static enum zv_err read_archive(struct load *l, const char *text, size_t len)
{
	static const char head[] = "zvonar-law 1\n";
	size_t at = sizeof(head) - 1;

	if (len < at || memcmp(text, head, at) != 0)
		return not_an_archive(l);
	while (at < len && l->err == ZV_OK) {
		bool is_rules = len - at > 6 && memcmp(text + at, "rules ", 6) == 0;
		bool is_calendar = len - at > 9 && memcmp(text + at, "calendar ", 9) == 0;
		size_t before, bytes;
		char name[256];

		if ((!is_rules && !is_calendar) ||
		    !read_head(text + at, len - at, &before, &bytes, name) ||
		    text[at + before + bytes] != '\n')
			return not_an_archive(l);
		if (keep_name(l, name) != ZV_OK)
			return ZV_ENOMEM;
		l->report.file = l->paths != NULL && l->n_files < l->paths->n
		                         ? l->paths->v[l->n_files]
		                         : l->law->files.v[l->n_files];
		l->report.line = 0;
		l->n_files++;
		if (is_rules)
			read_rules(l, text + at + before, bytes);
		else
			read_calendar(l, text + at + before, bytes);
		at += before + bytes + 1;
	}
	return l->err;
}

/* What the rules themselves say of the whole set. */
static void finish(struct load *l)
{
	struct zv_law *law = l->law;
	const char *text = "";
	uint32_t guilty = 0;

	law->rules.n = law->n;
	if (law->n == 0) {
		zv_law_tell(&l->report, ZV_LAW_ERROR, "", "there is no rule in the set");
		return;
	}
	if (zv_rules_finish(&law->rules, &guilty, &text) == ZV_OK)
		return;
	l->report.file = guilty < law->n ? law->texts[guilty].file : NULL;
	l->report.line = guilty < law->n ? law->texts[guilty].line : 0;
	zv_law_tell(&l->report, ZV_LAW_ERROR, "$", "%s", text);
}

struct source {
	char *archive; /* taken */
	size_t len;
	const struct zv_law_names *paths;
	uint32_t n_errors; /* told before */
};

static enum zv_err load(const struct source *source, const struct zv_law_params *params,
                        struct zv_law **ret_law)
{
	static const struct zv_key key = {UINT64_C(0x7a766f6e61726c61),
	                                  UINT64_C(0x772d72756c657331)};
	struct load l = {
	        .params = params, .paths = source->paths, .report = {.sink = params->sink}};
	enum zv_err err = ZV_ENOMEM;

	l.report.n_errors = source->n_errors;
	l.law = calloc(1, sizeof(*l.law));
	if (l.law == NULL) {
		free(source->archive);
		return ZV_ENOMEM;
	}
	l.law->archive = source->archive;
	l.law->archive_len = source->len;
	l.law->rules.calendars = calloc(ZV_CALENDARS_MAX, sizeof(struct zv_calendar));
	if (l.law->rules.calendars == NULL)
		goto fail;
	l.law->rules.zones = params->zones;
	l.law->rules.hash = zv_siphash(&key, source->archive, source->len);
	zv_law_tz_version(params->zoneinfo, l.law->rules.tz_version,
	                  sizeof(l.law->rules.tz_version));
	err = read_archive(&l, source->archive, source->len);
	if (err == ZV_OK && l.report.n_errors == 0) {
		l.report.file = source->paths != NULL ? params->rules : NULL;
		l.report.line = 0;
		finish(&l);
	}
	if (err == ZV_OK && l.report.n_errors > 0)
		err = ZV_EPARSE;
	if (err != ZV_OK)
		goto fail;
	*ret_law = l.law;
	return ZV_OK;

fail:
	zv_law_destroy(l.law);
	return err;
}

enum zv_err zv_law_load(const struct zv_law_params *params, struct zv_law **ret_law)
{
	struct zv_law_report report = {.sink = params->sink};
	struct zv_law_buffer archive = {0};
	struct zv_law_names paths = {0};
	enum zv_err err = zv_law_read_files(params, &report, &archive, &paths), second;
	struct source source = {.paths = &paths};
	struct zv_law *law = NULL;

	/* what could be read is judged too, so that one look shows all faults */
	if (err == ZV_ENOMEM) {
		free(archive.v);
		goto out;
	}
	source.archive = archive.v;
	source.len = archive.len;
	source.n_errors = report.n_errors;
	second = load(&source, params, &law);
	if (err == ZV_OK && second == ZV_OK)
		*ret_law = law;
	else
		zv_law_destroy(law);
	err = err != ZV_OK ? err : second;
out:
	zv_law_names_free(&paths);
	return err;
}

enum zv_err zv_law_load_text(const char *text, size_t len, const struct zv_law_params *params,
                             struct zv_law **ret_law)
{
	struct source source = {.len = len};

	if (len > ZV_LAW_BYTES_MAX + ZV_LAW_FILES_MAX * 1024u)
		return ZV_EPARSE;
	source.archive = malloc(len + 1);
	if (source.archive == NULL)
		return ZV_ENOMEM;
	if (len > 0)
		memcpy(source.archive, text, len);
	source.archive[len] = 0;
	return load(&source, params, ret_law);
}
