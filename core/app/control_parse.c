/* The request of the control socket: JSON text to a checked struct. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "app/control.h"

enum needs { NEEDS_NOTHING, NEEDS_CAMPAIGN, NEEDS_LEVEL };

static const struct {
	const char *name;
	enum zv_control_cmd cmd;
	enum needs needs;
} commands[] = {
        {"version", ZV_CONTROL_VERSION, NEEDS_NOTHING},
        {"status", ZV_CONTROL_STATUS, NEEDS_NOTHING},
        {"campaign_list", ZV_CONTROL_CAMPAIGN_LIST, NEEDS_NOTHING},
        {"campaign_show", ZV_CONTROL_CAMPAIGN_SHOW, NEEDS_CAMPAIGN},
        {"campaign_start", ZV_CONTROL_CAMPAIGN_START, NEEDS_CAMPAIGN},
        {"campaign_pause", ZV_CONTROL_CAMPAIGN_PAUSE, NEEDS_CAMPAIGN},
        {"campaign_stop", ZV_CONTROL_CAMPAIGN_STOP, NEEDS_CAMPAIGN},
        {"list_imported", ZV_CONTROL_LIST_IMPORTED, NEEDS_CAMPAIGN},
        {"log_level", ZV_CONTROL_LOG_LEVEL, NEEDS_LEVEL},
        {"reload", ZV_CONTROL_RELOAD, NEEDS_NOTHING},
        {"drain", ZV_CONTROL_DRAIN, NEEDS_NOTHING},
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* A name that may be shown on a terminal and compared with the store's. */
static bool name_is_good(const char *name, size_t len)
{
	if (len == 0 || len >= ZV_CONTROL_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c < 0x20 || c == 0x7f)
			return false;
	}
	return true;
}

static enum zv_err read_level(const json_t *value, struct zv_control_request *r)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};
	const char *word = json_string_value(value);

	for (size_t i = 0; word != NULL && i < 4; i++) {
		if (strcmp(word, names[i]) == 0) {
			r->level = (enum zv_log_level)i;
			return ZV_OK;
		}
	}
	return ZV_EPARSE;
}

static enum zv_err read_members(json_t *object, size_t row, struct zv_control_request *r,
                                char *text, size_t text_size)
{
	enum needs needs = commands[row].needs;
	bool found = needs == NEEDS_NOTHING;
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		if (strcmp(key, "cmd") == 0)
			continue;
		if (needs == NEEDS_CAMPAIGN && strcmp(key, "campaign") == 0) {
			if (!json_is_string(value) ||
			    !name_is_good(json_string_value(value), json_string_length(value))) {
				(void)snprintf(text, text_size,
				               "campaign: a name of 1 to 63 bytes");
				return ZV_EPARSE;
			}
			memcpy(r->campaign, json_string_value(value),
			       json_string_length(value) + 1);
			found = true;
		} else if (needs == NEEDS_LEVEL && strcmp(key, "level") == 0) {
			if (read_level(value, r) != ZV_OK) {
				(void)snprintf(text, text_size,
				               "level: error, warn, info or debug");
				return ZV_EPARSE;
			}
			found = true;
		} else {
			(void)snprintf(text, text_size, "unknown key %.40s", key);
			return ZV_EPARSE;
		}
	}
	if (!found) {
		(void)snprintf(text, text_size, "%s needs \"%s\"", commands[row].name,
		               needs == NEEDS_LEVEL ? "level" : "campaign");
		return ZV_EPARSE;
	}
	return ZV_OK;
}

enum zv_err zv_control_parse(const char *line, size_t len, struct zv_control_request *ret_request,
                             char *text, size_t text_size)
{
	struct zv_control_request r = {0};
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
	err = read_members(object, row, &r, text, text_size);
	if (err == ZV_OK)
		*ret_request = r;
out:
	json_decref(object);
	return err;
}
