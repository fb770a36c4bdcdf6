#include "ctl/ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

#define DEFAULT_STORE  "/var/lib/zvonar"
#define DEFAULT_SOCKET "/run/zvonar/zvonard.sock"

void zv_ctl_say(const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	(void)fputs("zvonarctl: ", stderr);
	zv_put_plain(stderr, text);
	(void)fputc('\n', stderr);
}

int zv_ctl_fail(enum zv_err err, const char *what)
{
	zv_ctl_say("%s: %s", what, zv_err_text(err));
	return err == ZV_ENOENT ? ZV_EXIT_NOT_FOUND : ZV_EXIT_FAILED;
}

int64_t zv_wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool copy(char *to, size_t size, const char *from)
{
	size_t len = strlen(from);

	if (len >= size)
		return false;
	memcpy(to, from, len + 1);
	return true;
}

static const char *nonempty_env(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != 0 ? value : NULL;
}

int zv_ctl_init(struct zv_ctl *ctl, const struct zv_args *args)
{
	static const struct {
		int global;
		enum zv_format format;
	} formats[] = {
	        {ZV_G_JSON, ZV_FORMAT_JSON},
	        {ZV_G_CSV, ZV_FORMAT_CSV},
	        {ZV_G_TSV, ZV_FORMAT_TSV},
	        {ZV_G_TABLE, ZV_FORMAT_TABLE},
	};
	const char *dir = args->global[ZV_G_STORE], *path = args->global[ZV_G_SOCKET];

	*ctl = (struct zv_ctl){.args = args, .format = ZV_FORMAT_TABLE};
	for (size_t i = 0; i < 4; i++) {
		if (args->global[formats[i].global] == NULL)
			continue;
		if (ctl->format_given) {
			zv_ctl_say("one format, please");
			return ZV_EXIT_USAGE;
		}
		ctl->format = formats[i].format;
		ctl->format_given = true;
	}
	ctl->color = isatty(STDOUT_FILENO) && nonempty_env("NO_COLOR") == NULL &&
	             args->global[ZV_G_NO_COLOR] == NULL;
	if (dir == NULL)
		dir = nonempty_env("ZVONAR_STORE");
	if (path == NULL)
		path = nonempty_env("ZVONAR_SOCKET");
	if (dir != NULL && !copy(ctl->store_dir, sizeof(ctl->store_dir), dir)) {
		zv_ctl_say("the store's path is too long");
		return ZV_EXIT_USAGE;
	}
	ctl->socket_given = path != NULL;
	if (!copy(ctl->socket, sizeof(ctl->socket), path != NULL ? path : DEFAULT_SOCKET)) {
		zv_ctl_say("the socket's path is too long (107 bytes at most)");
		return ZV_EXIT_USAGE;
	}
	return args->global[ZV_G_CONF] != NULL ? zv_ctl_where(ctl, args->global[ZV_G_CONF]) : -1;
}

/* Nobody named the store: the daemon knows where its own is. */
static void ask_store_dir(struct zv_ctl *ctl)
{
	int status;
	json_t *reply = zv_client_ask(ctl, json_pack("{s:s}", "cmd", "status"), &status);
	const char *dir = json_string_value(json_object_get(reply, "store"));

	if (dir == NULL || !copy(ctl->store_dir, sizeof(ctl->store_dir), dir))
		(void)copy(ctl->store_dir, sizeof(ctl->store_dir), DEFAULT_STORE);
	json_decref(reply);
}

struct zv_store *zv_ctl_store(struct zv_ctl *ctl, bool write, int *ret_status)
{
	struct zv_store_params params = {.dir = ctl->store_dir, .read_only = !write};
	struct zv_store *store = NULL;
	char text[320] = "";
	enum zv_err err;

	if (ctl->store_dir[0] == 0)
		ask_store_dir(ctl);
	err = zv_store_open(&params, text, sizeof(text), &store);
	if (err == ZV_OK)
		return store;
	if (err == ZV_ENOENT)
		zv_ctl_say("%s: there is no store (say where with -d DIR)", ctl->store_dir);
	else
		zv_ctl_say("%s: %s%s%s", ctl->store_dir, zv_err_text(err), text[0] != 0 ? ": " : "",
		           text);
	*ret_status = err == ZV_ENOENT ? ZV_EXIT_NOT_FOUND : ZV_EXIT_FAILED;
	return NULL;
}

int zv_ctl_campaign(struct zv_store *store, const char *name, struct zv_campaign_info *ret_info)
{
	enum zv_err err = zv_store_campaign_get(store, name, ret_info);

	if (err == ZV_OK)
		return ZV_EXIT_DONE;
	if (err == ZV_ENOENT) {
		zv_ctl_say("no campaign \"%s\" in this store (see zvonarctl campaign list)", name);
		return ZV_EXIT_NOT_FOUND;
	}
	return zv_ctl_fail(err, name);
}

int zv_ctl_format(struct zv_ctl *ctl, const char *allowed, enum zv_format first)
{
	static const char *const names[] = {"table", "json", "csv", "tsv", "html"};
	const char *word = zv_args_opt(ctl->args, "format");

	if (word != NULL && ctl->format_given) {
		zv_ctl_say("one format, please");
		return ZV_EXIT_USAGE;
	}
	if (word != NULL) {
		size_t i = 0;

		while (i < 5 && strcmp(names[i], word) != 0)
			i++;
		if (i == 5) {
			zv_ctl_say("--format %s: one of %s", word, allowed);
			return ZV_EXIT_USAGE;
		}
		ctl->format = (enum zv_format)i;
	} else if (!ctl->format_given) {
		ctl->format = first;
	}
	if (strstr(allowed, names[ctl->format]) == NULL) {
		zv_ctl_say("format %s is not for this command: one of %s", names[ctl->format],
		           allowed);
		return ZV_EXIT_USAGE;
	}
	return -1;
}

FILE *zv_ctl_output(struct zv_ctl *ctl)
{
	const char *path = zv_args_opt(ctl->args, "output");
	FILE *f;

	if (path == NULL || strcmp(path, "-") == 0)
		return stdout;
	f = fopen(path, "we");
	if (f == NULL)
		zv_ctl_say("%s: %s", path, strerror(errno));
	return f;
}

int zv_ctl_output_end(FILE *to, int status)
{
	bool bad = fflush(to) != 0 || ferror(to);

	if (to != stdout)
		bad |= fclose(to) != 0;
	if (bad) {
		zv_ctl_say("the output could not be written: %s", strerror(errno));
		return ZV_EXIT_FAILED;
	}
	return status;
}

/* ---- words ---- */

const char *zv_outcome_word(uint8_t outcome)
{
	static const char *const words[ZV_OUT_MAX] = {
	        [ZV_OUT_NONE] = "none",           [ZV_OUT_UNREACHABLE] = "unreachable",
	        [ZV_OUT_NO_ANSWER] = "no_answer", [ZV_OUT_BUSY] = "busy",
	        [ZV_OUT_REJECTED] = "rejected",   [ZV_OUT_MACHINE] = "machine",
	        [ZV_OUT_ANSWERED] = "answered",   [ZV_OUT_SILENT] = "silent",
	        [ZV_OUT_ABANDONED] = "abandoned", [ZV_OUT_FAILED] = "failed",
	        [ZV_OUT_UNKNOWN] = "unknown",     [ZV_OUT_NOT_SENT] = "not_sent",
	};

	return outcome < ZV_OUT_MAX ? words[outcome] : "?";
}

const char *zv_campaign_state_word(uint8_t state)
{
	static const char *const words[] = {"ready", "running", "paused", "complete"};

	return state < 4 ? words[state] : "?";
}

const char *zv_lead_state_word(uint8_t state)
{
	static const char *const words[] = {"?", "due", "open", "asking", "final", "removed"};

	return state < 6 ? words[state] : "?";
}
