/* The request of the control socket: JSON text to a checked struct. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "app/control.h"

enum {
	K_CAMPAIGN = 1, K_LEVEL = 2, K_WHOM = 4, K_FROM = 8, K_UNTIL = 16, K_KIND = 32, K_NAME = 64,
	K_TEXT = 128, K_SOURCE = 256
};

static const struct command {
	const char *name;
	enum zv_control_cmd cmd;
	uint32_t must, may; /* bits K_ */
} commands[] = {
        {"version", ZV_CONTROL_VERSION, 0, 0},
        {"status", ZV_CONTROL_STATUS, 0, 0},
        {"campaign_list", ZV_CONTROL_CAMPAIGN_LIST, 0, 0},
        {"campaign_show", ZV_CONTROL_CAMPAIGN_SHOW, K_CAMPAIGN, 0},
        {"campaign_start", ZV_CONTROL_CAMPAIGN_START, K_CAMPAIGN, 0},
        {"campaign_pause", ZV_CONTROL_CAMPAIGN_PAUSE, K_CAMPAIGN, 0},
        {"campaign_stop", ZV_CONTROL_CAMPAIGN_STOP, K_CAMPAIGN, 0},
        {"list_imported", ZV_CONTROL_LIST_IMPORTED, K_CAMPAIGN, 0},
        {"log_level", ZV_CONTROL_LOG_LEVEL, K_LEVEL, 0},
        {"reload", ZV_CONTROL_RELOAD, 0, 0},
        {"drain", ZV_CONTROL_DRAIN, 0, 0},
        {"suppress", ZV_CONTROL_SUPPRESS, K_WHOM, K_CAMPAIGN | K_UNTIL | K_TEXT | K_SOURCE},
        {"unsuppress", ZV_CONTROL_UNSUPPRESS, K_WHOM, K_CAMPAIGN},
        {"agent_list", ZV_CONTROL_AGENT_LIST, 0, 0},
        {"mark", ZV_CONTROL_MARK, K_WHOM | K_KIND | K_NAME, K_FROM | K_UNTIL | K_TEXT},
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

struct read {
	struct zv_control_request *r;
	char *text;
	size_t text_size;
};

/* A text that may be shown on a terminal and compared with the store's. */
static bool take_text(const json_t *value, char *to, size_t size, size_t min)
{
	size_t len = json_string_length(value);

	if (!json_is_string(value) || len < min || len >= size)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)json_string_value(value)[i];

		if (c < 0x20 || c == 0x7f)
			return false;
	}
	memcpy(to, json_string_value(value), len + 1);
	return true;
}

/* Index of the word in a list that ends with NULL; -1: none of them. */
static int take_word(const json_t *value, const char *const *words)
{
	const char *word = json_string_value(value);

	for (int i = 0; word != NULL && words[i] != NULL; i++)
		if (strcmp(word, words[i]) == 0)
			return i;
	return -1;
}

/* Digits as text: an id has more of them than a JSON number holds. */
static bool take_id(const json_t *value, uint64_t *ret_id)
{
	const char *digits = json_string_value(value);
	uint64_t id = 0;

	if (digits == NULL || digits[0] == 0)
		return false;
	for (const char *p = digits; *p != 0; p++) {
		if (*p < '0' || *p > '9' || id > (UINT64_MAX - 9) / 10)
			return false;
		id = id * 10 + (uint64_t)(*p - '0');
	}
	*ret_id = id;
	return id != 0;
}

static bool take_ids(const json_t *list, uint64_t *ids, uint32_t *n)
{
	if (!json_is_array(list) || json_array_size(list) == 0 ||
	    json_array_size(list) > ZV_CONTROL_WHOM_MAX)
		return false;
	for (*n = 0; *n < json_array_size(list); ++*n)
		if (!take_id(json_array_get(list, *n), &ids[*n]))
			return false;
	return true;
}

static bool take_moment(const json_t *value, int64_t *ret_ms)
{
	if (!json_is_integer(value) || json_integer_value(value) <= 0)
		return false;
	*ret_ms = json_integer_value(value);
	return true;
}

/* One member.  The bit of its key; 0: no such key (want NULL) or no such value (want says what
 * is good). */
static uint32_t take_member(struct read *in, const char *key, const json_t *value, const char **want)
{
	static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
	static const char *const kinds[] = {"flag", "consent", "agreement", "initiative",
	                                    "consent_7d", NULL};
	static const char *const sources[] = {"operator", "import", NULL};
	struct zv_control_request *r = in->r;
	int i;

	*want = NULL;
	if (strcmp(key, "campaign") == 0) {
		*want = "a name of 1 to 63 bytes";
		return take_text(value, r->campaign, sizeof(r->campaign), 1) ? K_CAMPAIGN : 0;
	}
	if (strcmp(key, "name") == 0) {
		*want = "a name of 1 to 63 bytes";
		return take_text(value, r->name, sizeof(r->name), 1) ? K_NAME : 0;
	}
	if (strcmp(key, "text") == 0) {
		*want = "at most 63 bytes";
		return take_text(value, r->text, sizeof(r->text), 0) ? K_TEXT : 0;
	}
	if (strcmp(key, "numbers") == 0) {
		*want = "1 to 256 numbers as digits, each a text";
		return take_ids(value, r->numbers, &r->n_numbers) ? K_WHOM : 0;
	}
	if (strcmp(key, "persons") == 0) {
		*want = "1 to 256 persons' ids as digits, each a text";
		return take_ids(value, r->persons, &r->n_persons) ? K_WHOM : 0;
	}
	if (strcmp(key, "from") == 0 || strcmp(key, "until") == 0) {
		*want = "milliseconds since 1970";
		return key[0] == 'f' ? (take_moment(value, &r->from_ms) ? K_FROM : 0)
		                     : (take_moment(value, &r->until_ms) ? K_UNTIL : 0);
	}
	if (strcmp(key, "level") == 0) {
		*want = "error, warn, info or debug";
		i = take_word(value, levels);
		r->level = i < 0 ? ZV_LOG_INFO : (enum zv_log_level)i;
		return i < 0 ? 0 : K_LEVEL;
	}
	if (strcmp(key, "kind") == 0) {
		*want = "flag, consent, agreement, initiative or consent_7d";
		i = take_word(value, kinds);
		r->kind = (enum zv_control_mark)(i + 1);
		return i < 0 ? 0 : K_KIND;
	}
	if (strcmp(key, "source") == 0) {
		*want = "operator or import";
		i = take_word(value, sources);
		r->import = i == 1;
		return i < 0 ? 0 : K_SOURCE;
	}
	return 0;
}

static enum zv_err read_members(struct read *in, json_t *object, const struct command *command)
{
	static const struct { uint32_t bit; const char *words; } names[] = {
	        {K_CAMPAIGN, "\"campaign\""}, {K_LEVEL, "\"level\""},
	        {K_WHOM, "\"numbers\" or \"persons\""}, {K_KIND, "\"kind\""}, {K_NAME, "\"name\""}};
	uint32_t found = 0;
	const char *key, *want;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		uint32_t bit;

		if (strcmp(key, "cmd") == 0)
			continue;
		bit = take_member(in, key, value, &want);
		if (want != NULL && bit == 0) {
			(void)snprintf(in->text, in->text_size, "%s: %s", key, want);
			return ZV_EPARSE;
		}
		if ((bit & (command->must | command->may)) == 0) {
			(void)snprintf(in->text, in->text_size, "unknown key %.40s", key);
			return ZV_EPARSE;
		}
		found |= bit;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((command->must & names[i].bit & ~found) == 0)
			continue;
		(void)snprintf(in->text, in->text_size, "%s needs %s", command->name, names[i].words);
		return ZV_EPARSE;
	}
	if (in->r->n_numbers + in->r->n_persons > ZV_CONTROL_WHOM_MAX) {
		(void)snprintf(in->text, in->text_size, "at most %u numbers and persons together",
		               ZV_CONTROL_WHOM_MAX);
		return ZV_EPARSE;
	}
	return ZV_OK;
}

enum zv_err zv_control_parse(const char *line, size_t len, struct zv_control_request *ret_request,
                             char *text, size_t text_size)
{
	struct zv_control_request r = {0};
	struct read in = {&r, text, text_size};
	json_error_t where;
	json_t *object;
	const char *cmd;
	enum zv_err err = ZV_EPARSE;
	size_t row = 0;

	if (len > ZV_CONTROL_REQUEST_MAX) {
		(void)snprintf(text, text_size, "request over %u bytes", ZV_CONTROL_REQUEST_MAX);
		return ZV_EPARSE;
	}
	object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &where);
	if (object == NULL) {
		(void)snprintf(text, text_size, "not JSON, column %d: %s", where.column,
		               where.text);
		return ZV_EPARSE;
	}
	cmd = json_string_value(json_object_get(object, "cmd"));
	if (cmd == NULL) {
		(void)snprintf(text, text_size, "an object with \"cmd\" is wanted");
		goto out;
	}
	while (row < N_COMMANDS && strcmp(commands[row].name, cmd) != 0)
		row++;
	if (row == N_COMMANDS) {
		(void)snprintf(text, text_size, "unknown command %.40s", cmd);
		goto out;
	}
	r.cmd = commands[row].cmd;
	err = read_members(&in, object, &commands[row]);
	if (err == ZV_OK)
		*ret_request = r;
out:
	json_decref(object);
	return err;
}
