/* The detectors for tests in another language.
 *   hear answered|early           raw 16 bit samples at 8 kHz in; out: a line a verdict: heard cause at_ms
 *   hear answered|early a|u       the same for G.711 octets
 *   hear amd                      in, a line a case: 9 parameters, then the level of each frame (-1 lost)
 *                                 out: status cause at_ms */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/detect/amd.h"
#include "media/detect/detect.h"
#include "media/g711.h"

#define CASE_BYTES 65536

static void say(const struct zv_detector *d)
{
	struct zv_detect_verdict v = zv_detect_verdict(d);

	printf("%s %s %u\n", zv_detected_name(v.heard), zv_detect_cause_name(v.cause), v.at_ms);
}

static int hear(uint8_t kind, char law)
{
	struct zv_detect_params params;
	struct zv_detector d;
	uint8_t raw[334]; /* no whole frames: time must not depend on packets */
	size_t n;

	zv_detect_defaults(kind, &params);
	zv_detect_init(&d, &params);
	while ((n = fread(raw, 1, sizeof(raw), stdin)) > 0) {
		int16_t pcm[sizeof(raw) / 2];
		bool is_new;

		if (law != 0) {
			is_new = zv_detect_feed_law(&d, law == 'a' ? zv_alaw_linear : zv_ulaw_linear, raw, (uint32_t)n);
		} else {
			memcpy(pcm, raw, n);
			is_new = zv_detect_feed(&d, pcm, (uint32_t)(n / 2));
		}
		if (is_new)
			say(&d);
	}
	return 0;
}

static bool read_params(char **text, struct zv_amd_params *p)
{
	uint32_t *all[] = {&p->total_analysis_time, &p->initial_silence, &p->after_greeting_silence, &p->greeting,
			   &p->min_word_length, &p->maximum_word_length, &p->between_words_silence,
			   &p->maximum_number_of_words, &p->silence_threshold};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char *end;

		*all[i] = (uint32_t)strtoul(*text, &end, 10);
		if (end == *text)
			return false;
		*text = end;
	}
	return true;
}

static int hear_amd(void)
{
	static char line[CASE_BYTES];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct zv_amd_params params;
		struct zv_amd amd;
		char *at = line, *end;

		if (!read_params(&at, &params))
			return 1;
		zv_amd_init(&amd, &params);
		for (long level = strtol(at, &end, 10); end != at; level = strtol(at, &end, 10)) {
			int16_t pcm[160];

			at = end;
			for (int i = 0; i < 160; i++)
				pcm[i] = (int16_t)(i % 2 != 0 ? level : -level);
			if (level < 0) {
				zv_amd_lost(&amd, 20);
			} else {
				/* Packets of 30 and of 10 ms make the same frames. */
				zv_amd_feed(&amd, pcm, 97);
				zv_amd_feed(&amd, pcm + 97, 63);
			}
		}
		zv_amd_hangup(&amd);
		printf("%s %s %u\n", zv_amd_status_name(amd.status), zv_amd_cause_name(amd.cause), amd.at_ms);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "amd") == 0)
		return hear_amd();
	if (argc >= 2 && (strcmp(argv[1], "answered") == 0 || strcmp(argv[1], "early") == 0))
		return hear(argv[1][0] == 'e' ? ZV_DETECT_EARLY : ZV_DETECT_ANSWERED, argc > 2 ? argv[2][0] : 0);
	return 2;
}
