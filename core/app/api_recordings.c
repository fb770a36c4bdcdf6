/* Recordings: those of a lead, and the sound of one. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/api_in.h"
#include "base/bytes.h"
#include "base/htdigest.h"
#include "base/log.h"
#include "store/recording.h"

#define ROWS_MAX 1000u

struct found {
	const struct zv_config *config;
	json_t *list;
};

static bool add_recording(void *arg, const struct zv_recording *row)
{
	struct found *f = arg;
	uint32_t i = zv_api_campaign_of_id(f->config, row->campaign);
	char attempt[33], sha[65];

	(void)snprintf(attempt, sizeof(attempt), "%016" PRIx64 "%016" PRIx64, row->attempt.hi,
		       row->attempt.lo);
	zv_hex_write(row->sha256, 32, sha);
	(void)json_array_append_new(
		f->list, json_pack("{s:s, s:I, s:s?, s:I, s:I, s:I, s:s, s:s}", "attempt", attempt, "lead",
				   (json_int_t)row->lead, "campaign",
				   i != ZV_API_NONE ? f->config->campaigns[i].name : NULL, "at",
				   (json_int_t)row->at_ms, "duration_ms", (json_int_t)row->duration_ms,
				   "bytes", (json_int_t)row->bytes, "sha256", sha, "path", row->path));
	return json_array_size(f->list) < ROWS_MAX;
}

static void recordings(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const struct zv_api *api = arg;
	struct found f = {.config = api->config(api->arg)};
	const char *said = zv_http_query(request, "lead");
	uint64_t lead = 0;
	enum zv_err err;

	if (said == NULL || !zv_api_id(said, &lead) || lead == 0) {
		zv_http_problem(reply, 422, "invalid", "lead: of which one?");
		return;
	}
	f.list = json_array();
	err = zv_store_recordings_each(api->store, lead, add_recording, &f);
	if (err == ZV_OK) {
		zv_http_reply(reply, 200, json_pack("{s:o}", "recordings", f.list));
	} else {
		json_decref(f.list);
		zv_http_problem_err(reply, err, "the recordings cannot be read");
	}
}

/* ---- the sound ---- */

/* A regular file below dir: no part of the path may be a link, "." or "..".  -1: there is none. */
static int open_below(const char *dir, const char *path)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), next;
	char part[ZV_RECORDING_PATH_MAX + 1];
	struct stat st;

	while (fd >= 0) {
		size_t n = strcspn(path, "/");
		bool last = path[n] == 0;

		memcpy(part, path, n < sizeof(part) ? n : 0);
		part[n < sizeof(part) ? n : 0] = 0;
		next = part[0] == 0 || part[0] == '.' ? -1
		       : openat(fd, part, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK |
						  (last ? 0 : O_DIRECTORY));
		(void)close(fd);
		fd = next;
		if (last)
			break;
		path += n + 1;
	}
	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

struct sound {
	const char *dir;
	struct zv_http_file file;
	char etag[65], name[48];
};

static bool find_sound(void *arg, const struct zv_recording *row)
{
	struct sound *s = arg;
	const char *dot = strrchr(row->path, '.');
	bool wav = dot != NULL && strcmp(dot, ".wav") == 0;
	struct stat st;

	s->file.fd = open_below(s->dir, row->path);
	if (s->file.fd < 0 || fstat(s->file.fd, &st) != 0)
		return false;
	s->file.size = (uint64_t)st.st_size;
	s->file.type = wav ? "audio/wav" : "audio/ogg";
	zv_hex_write(row->sha256, 32, s->etag);
	(void)snprintf(s->name, sizeof(s->name), "%016" PRIx64 "%016" PRIx64 "%s", row->attempt.hi,
		       row->attempt.lo, wav ? ".wav" : ".opus");
	return false;
}

static void audio(void *arg, const struct zv_http_request *request, struct zv_http_reply *reply)
{
	const struct zv_api *api = arg;
	struct sound s = {.dir = api->config(api->arg)->record_talks.dir, .file = {.fd = -1}};
	const char *said = request->params[0];
	struct zv_attempt_id attempt;
	uint8_t id[16];
	enum zv_err err;

	if (strlen(said) != 32 || !zv_hex_read(said, 32, id, 16)) {
		zv_http_problem(reply, 404, "not-found", "an attempt has 32 hexadecimal digits");
		return;
	}
	attempt = (struct zv_attempt_id){.hi = zv_get_be64(id), .lo = zv_get_be64(id + 8)};
	err = s.dir != NULL ? zv_store_recording_get(api->store, attempt, find_sound, &s) : ZV_ENOENT;
	if (err == ZV_OK && s.file.fd < 0) {
		zv_warn("api", "recording %s: its file is not there", said);
		err = ZV_ENOENT;
	}
	if (err != ZV_OK) {
		zv_http_problem_err(reply, err, "there is no recording of this attempt");
		return;
	}
	zv_info("api", "recording %s is given to %s", said, request->who->name);
	s.file.etag = s.etag;
	s.file.name = s.name;
	zv_http_reply_file(reply, &s.file);
}

const struct zv_http_route zv_api_recording_routes[] = {
	{.method = "GET", .path = "/api/v1/recordings", .roles = ZV_MAY_SUPERVISOR, .handle = recordings,
	 .query = "lead", .summary = "Recordings of a lead's talks", .reply_schema = "Recordings"},
	{.method = "GET", .path = "/api/v1/recordings/{attempt}/audio", .roles = ZV_MAY_SUPERVISOR,
	 .handle = audio, .flags = ZV_ROUTE_TEXT,
	 .summary = "The sound of one: Ogg Opus, or WAV until it is encoded; ranges are served"},
	{0},
};
