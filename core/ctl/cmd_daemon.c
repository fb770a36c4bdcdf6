/* Commands that only a running zvonard can do: status, log level, reload, drain. */
#include <string.h>

#include "ctl/ctl.h"

static int absent_or(struct zv_ctl *ctl, int status)
{
	return status == ZV_EXIT_NO_DAEMON ? zv_client_absent(ctl) : status;
}

/* A JSON value as people read it: key = value, nested keys with dots. */
static void print_flat(struct zv_out *out, const char *prefix, const json_t *value)
{
	char name[160], number[40];

	if (json_is_object(value)) {
		const char *key;
		json_t *member;

		json_object_foreach((json_t *)(uintptr_t)value, key, member)
		{
			(void)snprintf(name, sizeof(name), "%s%s%s", prefix,
			               prefix[0] != 0 ? "." : "", key);
			print_flat(out, name, member);
		}
		return;
	}
	if (json_is_array(value)) {
		for (size_t i = 0; i < json_array_size(value); i++) {
			const json_t *item = json_array_get(value, i);
			const char *label = json_string_value(json_object_get(item, "name"));

			if (label != NULL)
				(void)snprintf(name, sizeof(name), "%s.%s", prefix, label);
			else
				(void)snprintf(name, sizeof(name), "%s.%zu", prefix, i);
			print_flat(out, name, item);
		}
		return;
	}
	zv_out_text(out, prefix);
	if (json_is_string(value)) {
		zv_out_text(out, json_string_value(value));
	} else if (json_is_integer(value)) {
		zv_out_int(out, json_integer_value(value));
	} else if (json_is_real(value)) {
		(void)snprintf(number, sizeof(number), "%.3f", json_real_value(value));
		zv_out_text(out, number);
	} else {
		zv_out_text(out, json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "");
	}
	zv_out_row(out);
}

int zv_cmd_status(struct zv_ctl *ctl, const struct zv_args *args)
{
	static const struct zv_out_col cols[] = {{"what", false}, {"value", false}};
	json_t *reply = NULL;
	int status = zv_client_do(ctl, json_pack("{s:s}", "cmd", "status"), &reply);

	(void)args;
	if (status != ZV_EXIT_DONE)
		return absent_or(ctl, status);
	(void)json_object_del(reply, "ok");
	if (ctl->format == ZV_FORMAT_JSON) {
		(void)json_dumpf(reply, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
	} else {
		struct zv_out *out = zv_out_begin(stdout, ctl->format, false, cols, 2);

		print_flat(out, "", reply);
		zv_out_end(out);
	}
	json_decref(reply);
	return zv_ctl_output_end(stdout, ZV_EXIT_DONE);
}

int zv_cmd_log_level(struct zv_ctl *ctl, const struct zv_args *args)
{
	const char *level = args->arg[0];

	if (strcmp(level, "error") != 0 && strcmp(level, "warn") != 0 &&
	    strcmp(level, "info") != 0 && strcmp(level, "debug") != 0) {
		zv_ctl_say("log level: error, warn, info or debug, not %s", level);
		return ZV_EXIT_USAGE;
	}
	return absent_or(
	        ctl, zv_client_do(ctl, json_pack("{s:s,s:s}", "cmd", "log_level", "level", level),
	                          NULL));
}

int zv_cmd_reload(struct zv_ctl *ctl, const struct zv_args *args)
{
	(void)args;
	return absent_or(ctl, zv_client_do(ctl, json_pack("{s:s}", "cmd", "reload"), NULL));
}

int zv_cmd_drain(struct zv_ctl *ctl, const struct zv_args *args)
{
	(void)args;
	return absent_or(ctl, zv_client_do(ctl, json_pack("{s:s}", "cmd", "drain"), NULL));
}

int zv_cmd_agent_list(struct zv_ctl *ctl, const struct zv_args *args)
{
	static const struct zv_out_col cols[] = {{"agent", false}, {"state", false}, {"since", false},
	                                         {"phone", false}, {"campaign", false}, {"pause", false},
	                                         {"lost", false}};
	static const char *const keys[] = {"agent", "state", "since_ms", "phone", "campaign", "pause",
	                                   "lost_ms"};
	json_t *reply = NULL, *one;
	int status = zv_client_do(ctl, json_pack("{s:s}", "cmd", "agent_list"), &reply);
	struct zv_out *out;
	size_t i;

	(void)args;
	if (status != ZV_EXIT_DONE)
		return absent_or(ctl, status);
	out = zv_out_begin(stdout, ctl->format, false, cols, sizeof(cols) / sizeof(cols[0]));
	json_array_foreach(json_object_get(reply, "agents"), i, one)
	{
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
			const json_t *value = json_object_get(one, keys[k]);
			char when[80] = "";

			if (json_is_integer(value) && json_integer_value(value) != 0)
				zv_iso_time(json_integer_value(value), when, sizeof(when));
			zv_out_text(out, json_is_integer(value) ? when : json_string_value(value));
		}
		zv_out_row(out);
	}
	zv_out_end(out);
	json_decref(reply);
	return zv_ctl_output_end(stdout, ZV_EXIT_DONE);
}
