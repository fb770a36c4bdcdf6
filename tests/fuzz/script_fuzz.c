/* A robot's script: loaded or refused with a reason; what loads is walked with some keys. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/script.h"
#include "app/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct zv_talk_graph *graph, const uint8_t *data, size_t size)
{
	static const char keys[] = "0123456789*#ABCD";
	struct zv_talk talk = {0};
	struct zv_talk_act act = zv_talk_start(&talk, graph, 0);
	int64_t now_ms = 0;

	for (size_t i = 0; i < size && act.what != ZV_TALK_DO_END; i++) {
		if (act.what == ZV_TALK_DO_PLAY && act.prompt >= graph->n_prompts)
			__builtin_trap();
		now_ms += 1000;
		if (data[i] % 3 == 0)
			act = zv_talk_key(&talk, graph, keys[data[i] / 3 % 16], now_ms);
		else if (data[i] % 3 == 1)
			act = zv_talk_played(&talk, graph, talk.tag, now_ms);
		else if (talk.deadline_ms != 0)
			act = zv_talk_timeout(&talk, graph, talk.deadline_ms);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const results[] = {"interested", "not_interested", "yes", "no"};
	static const char attrs[] = "name\0value";
	struct zv_script_params params = {.wav_dir = "/w", .n_results = 4, .results = results};
	struct zv_conf_sink sink = {0};
	struct zv_script *script;
	char path[64], text[4200];
	int fd = memfd_create("script", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		__builtin_trap();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	params.path = path;
	if (zv_script_load(&params, &sink, &script) == ZV_OK) {
		for (uint32_t i = 0; i < script->n_prompts; i++)
			if (script->prompts[i].text != NULL &&
			    zv_template_render(script->prompts[i].text, attrs, sizeof(attrs), text,
					       sizeof(text), NULL) == ZV_EPARSE)
				__builtin_trap(); /* checked at load */
		walk(&script->graph, data, size);
		zv_script_free(script);
	} else if (sink.n_errors == 0) {
		__builtin_trap();
	}
	close(fd);
	return 0;
}
