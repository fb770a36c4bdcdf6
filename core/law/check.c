/* A JSON value against the schema's table, and the places of what is wrong. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "law/law_in.h"

/* ---- messages ---- */

void zv_law_tell(struct zv_law_report *report, enum zv_law_level level, const char *path,
                 const char *fmt, ...)
{
	char text[512];
	va_list args;

	if (level == ZV_LAW_ERROR)
		report->n_errors++;
	else
		report->n_warnings++;
	if (report->sink.tell == NULL)
		return;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	report->sink.tell(report->sink.arg, level, report->file != NULL ? report->file : "",
	                  report->line, path, text);
}

void zv_law_path_begin(struct zv_law_path *path)
{
	path->text[0] = '$';
	path->text[1] = 0;
	path->len = 1;
}

static size_t push(struct zv_law_path *path, const char *fmt, const char *text, size_t index)
{
	size_t before = path->len, room = sizeof(path->text) - before;
	int n;

	if (text != NULL)
		n = snprintf(path->text + before, room, "%s%.60s%s", fmt, text,
		             fmt[0] == '[' ? "']" : "");
	else
		n = snprintf(path->text + before, room, "[%zu]", index);
	if (n > 0)
		path->len += (size_t)n < room ? (size_t)n : room - 1;
	return before;
}

size_t zv_law_path_key(struct zv_law_path *path, const char *key)
{
	static const char plain[] =
	        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	bool simple = key[0] != 0 && strspn(key, plain) == strlen(key) &&
	              !(key[0] >= '0' && key[0] <= '9');

	return push(path, simple ? "." : "['", key, 0);
}

size_t zv_law_path_index(struct zv_law_path *path, size_t index)
{
	return push(path, "", NULL, index);
}

void zv_law_path_back(struct zv_law_path *path, size_t len)
{
	path->text[len] = 0;
	path->len = len;
}

/* ---- the walk ---- */

struct walk {
	struct zv_law_report *report;
	struct zv_law_path path;
};

static void check_node(struct walk *w, const struct zv_law_node *node, const json_t *value);

static const char *type_word(enum zv_law_type type)
{
	static const char *const words[] = {"an object",      "a list",   "a text",
	                                    "a whole number", "a number", "true or false"};

	return words[type];
}

static const char *value_word(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT: return "an object";
	case JSON_ARRAY: return "a list";
	case JSON_STRING: return "a text";
	case JSON_INTEGER:
	case JSON_REAL: return "a number";
	case JSON_TRUE: return "true";
	case JSON_FALSE: return "false";
	case JSON_NULL: return "null";
	}
	return "?";
}

/* 1.0 is a whole number too. */
static bool fits_type(enum zv_law_type type, const json_t *value)
{
	switch (type) {
	case ZV_L_OBJECT: return json_is_object(value);
	case ZV_L_ARRAY: return json_is_array(value);
	case ZV_L_TEXT: return json_is_string(value);
	case ZV_L_INT:
		return json_is_integer(value) ||
		       (json_is_real(value) &&
		        floor(json_real_value(value)) == json_real_value(value));
	case ZV_L_NUMBER: return json_is_number(value);
	case ZV_L_BOOL: return json_is_boolean(value);
	}
	return false;
}

/* "one, two or three" */
static void list_words(const struct zv_law_words *words, char *to, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < words->n && len < size; i++) {
		int n = snprintf(to + len, size - len, "%s%s", i == 0 ? "" : ", ", words->v[i]);

		if (n < 0)
			return;
		len += (size_t)n;
	}
}

static void check_text(struct walk *w, const struct zv_law_node *node, const json_t *value)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);
	char words[256];

	if (node->words != NULL) {
		if (zv_law_word(node->words, text) >= 0)
			return;
		list_words(node->words, words, sizeof(words));
		zv_law_tell(w->report, ZV_LAW_ERROR, w->path.text, "\"%.60s\" is none of: %s", text,
		            words);
		return;
	}
	if (node->max > 0 && (double)len > node->max)
		zv_law_tell(w->report, ZV_LAW_ERROR, w->path.text,
		            "%zu bytes, at most %.0f may stand here", len, node->max);
	else if ((double)len < node->min)
		zv_law_tell(w->report, ZV_LAW_ERROR, w->path.text, "an empty text");
	else if (node->form != NULL && !node->form(text))
		zv_law_tell(w->report, ZV_LAW_ERROR, w->path.text, "\"%.60s\" is not %s", text,
		            node->want);
}

static void check_number(struct walk *w, const struct zv_law_node *node, const json_t *value)
{
	double x = json_number_value(value);

	if (!(node->max > node->min))
		return;
	if (!(x >= node->min && x <= node->max))
		zv_law_tell(w->report, ZV_LAW_ERROR, w->path.text, "%g is not within %.0f and %.0f",
		            x, node->min, node->max);
}

static void check_array(struct walk *w, const struct zv_law_node *node, const json_t *value)
{
	size_t n = json_array_size(value);

	if ((double)n < node->min)
		zv_law_tell(w->report, ZV_LAW_ERROR, w->path.text,
		            n == 0 ? "an empty list: %.0f at least must stand here"
		                   : "too few: %.0f must stand here",
		            node->min);
	else if (node->max > 0 && (double)n > node->max)
		zv_law_tell(w->report, ZV_LAW_ERROR, w->path.text,
		            "%zu of them, at most %.0f may stand here", n, node->max);
	for (size_t i = 0; i < n; i++) {
		size_t back = zv_law_path_index(&w->path, i);

		check_node(w, node->item, json_array_get(value, i));
		zv_law_path_back(&w->path, back);
	}
}

static const struct zv_law_field *find_field(const struct zv_law_field *fields, const char *name)
{
	for (; fields->name != NULL; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields;
	return NULL;
}

static void check_object(struct walk *w, const struct zv_law_node *node, const json_t *value)
{
	const char *key;
	json_t *below;

	json_object_foreach((json_t *)(uintptr_t)value, key, below)
	{
		const struct zv_law_field *field = find_field(node->fields, key);
		size_t back = zv_law_path_key(&w->path, key);

		if (field == NULL)
			zv_law_tell(w->report, ZV_LAW_ERROR, w->path.text, "no such key");
		else
			check_node(w, field->node, below);
		zv_law_path_back(&w->path, back);
	}
	for (const struct zv_law_field *f = node->fields; f->name != NULL; f++)
		if (f->required && json_object_get(value, f->name) == NULL)
			zv_law_tell(w->report, ZV_LAW_ERROR, w->path.text, "\"%s\" is missing",
			            f->name);
}

static void check_node(struct walk *w, const struct zv_law_node *node, const json_t *value)
{
	if (!fits_type(node->type, value)) {
		zv_law_tell(w->report, ZV_LAW_ERROR, w->path.text, "%s stands where %s must stand",
		            value_word(value), type_word(node->type));
		return;
	}
	switch (node->type) {
	case ZV_L_OBJECT: check_object(w, node, value); break;
	case ZV_L_ARRAY: check_array(w, node, value); break;
	case ZV_L_TEXT: check_text(w, node, value); break;
	case ZV_L_INT:
	case ZV_L_NUMBER: check_number(w, node, value); break;
	case ZV_L_BOOL:
		if (node->only_false && json_is_true(value))
			zv_law_tell(w->report, ZV_LAW_ERROR, w->path.text,
			            "only false may stand here");
		break;
	}
}

bool zv_law_check(struct zv_law_report *report, const struct zv_law_node *node, const json_t *value)
{
	struct walk w = {.report = report};
	uint32_t before = report->n_errors;

	zv_law_path_begin(&w.path);
	check_node(&w, node, value);
	return report->n_errors == before;
}
