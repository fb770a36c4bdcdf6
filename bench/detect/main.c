/* Both detectors over a labelled set (tests/detect/make_set.py): what they said against what was true,
 * when, and what a frame costs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "sound.h"
#include "tally.h"
#include "media/detect/amd.h"
#include "media/g711.h"

#define LINE_MAX_BYTES 16384

struct options {
	const char *folder, *half;
	bool is_json, is_each;
	uint32_t every; /* one call of so many */
};

struct cost { double ours_ns, amd_ns; uint64_t frames; };

struct bench {
	struct options options;
	struct bench_voices *voices;
	struct bench_sound sound;
	struct bench_wire wire;
	struct tally tally;
	uint32_t seen;
	struct cost cost;
	struct zv_detect_params answered, early;
	struct zv_amd_params amd;
};

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void hear_ours(struct bench *b, const struct call *call, struct heard *h)
{
	const int16_t *law = b->wire.is_ulaw ? zv_ulaw_linear : zv_alaw_linear;
	struct zv_detector d;

	zv_detect_init(&d, call->is_early ? &b->early : &b->answered);
	for (uint32_t f = 0; f < b->wire.n_frames && !zv_detect_is_done(&d); f++) {
		bool is_new = b->wire.came[f] ?
			zv_detect_feed_law(&d, law, b->wire.octets + f * BENCH_FRAME, BENCH_FRAME) :
			zv_detect_lost(&d, 20);
		struct zv_detect_verdict v = zv_detect_verdict(&d);

		b->cost.frames++;
		if (!is_new)
			continue;
		if (h->first == ZV_DETECTED_NOTHING) {
			h->first = v.heard;
			h->cause = v.cause;
			h->at_ms = v.at_ms;
			h->word_ms = v.at_ms - d.speech.first_ms;
			h->quiet_ms = d.speech.pause_ms;
		}
		h->last = v.heard;
		h->last_ms = v.at_ms;
	}
	if (b->options.is_each) {
		const struct zv_speech *s = &d.speech;

		printf("%s %s %s %s | %s %s %u ms, last %s %u | said %u voice %u phrases %u first %u low %.3f tilt %.4f var %.1f floor %.0f peak %.0f\n",
		       call->id, call->truth, call->name, call->language, zv_detected_name(h->first),
		       zv_detect_cause_name(h->cause), h->at_ms, zv_detected_name(h->last), h->last_ms, s->said_ms,
		       s->voice_ms, s->phrases, s->first_ms, (double)s->low,
		       (double)s->var_tilt, (double)s->var_db, (double)s->floor_db, (double)s->peak_db);
	}
}

static void hear_amd(struct bench *b, struct heard *h)
{
	static const uint8_t as[] = {ZV_DETECTED_NOTHING, ZV_DETECTED_PERSON, ZV_DETECTED_MACHINE,
				     ZV_DETECTED_UNSURE, ZV_DETECTED_NOTHING};
	const int16_t *law = b->wire.is_ulaw ? zv_ulaw_linear : zv_alaw_linear;
	struct zv_amd amd;

	zv_amd_init(&amd, &b->amd);
	for (uint32_t f = 0; f < b->wire.n_frames; f++)
		if (b->wire.came[f] ? zv_amd_feed_law(&amd, law, b->wire.octets + f * BENCH_FRAME, BENCH_FRAME) :
		    zv_amd_lost(&amd, 20))
			break;
	h->first = h->last = as[amd.status];
	h->at_ms = h->last_ms = amd.at_ms;
}

static enum zv_err make_sound(struct bench *b, struct call *call, const char *line_text, char *words)
{
	struct bench_line line;
	char *save = NULL;
	enum zv_err err = bench_line_parse(line_text, &line);

	if (err)
		return err;
	memset(b->sound.x, 0, sizeof(*b->sound.x) * BENCH_CALL_MAX);
	b->sound.n = 0;
	b->sound.beep_ms = 0;
	for (char *word = strtok_r(words, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
		err = bench_sound_add(&b->sound, b->voices, word);
		if (err) {
			fprintf(stderr, "%s: %s: error %d\n", call->id, word, (int)err);
			return err;
		}
	}
	call->beep_ms = b->sound.beep_ms;
	return bench_line_send(&line, &b->sound, b->voices, &b->wire);
}

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

/* One line of the plan; ZV_EAGAIN: of the other half. */
static enum zv_err run_call(struct bench *b, char *text)
{
	char *field[8], *save = NULL;
	struct call *call = &b->tally.calls[b->tally.n];
	uint32_t n = 0;
	enum zv_err err;
	double at_ns;

	for (char *f = strtok_r(text, "\t\n", &save); f != NULL && n < 8; f = strtok_r(NULL, "\t\n", &save))
		field[n++] = f;
	if (n != 8)
		return ZV_EPARSE;
	if (b->options.half != NULL && strcmp(b->options.half, field[1]) != 0)
		return ZV_EAGAIN;
	if (b->options.every > 1 && b->seen++ % b->options.every != 0)
		return ZV_EAGAIN;
	if (b->tally.n == TALLY_CALLS)
		return ZV_EFULL;
	memset(call, 0, sizeof(*call));
	copy(call->id, sizeof(call->id), field[0]);
	call->is_early = strcmp(field[2], "early") == 0;
	copy(call->truth, sizeof(call->truth), field[3]);
	copy(call->name, sizeof(call->name), field[4]);
	copy(call->language, sizeof(call->language), field[5]);
	/* Noise is each call's own, whatever else is in the plan. */
	zv_rng_init(&b->sound.rng, 1, 0);
	for (const char *c = field[0]; *c != 0; c++)
		zv_rng_init(&b->sound.rng, zv_rng_next(&b->sound.rng), (uint64_t)*c);
	err = make_sound(b, call, field[6], field[7]);
	if (err)
		return err;
	at_ns = cpu_ns();
	hear_ours(b, call, &call->ours);
	b->cost.ours_ns += cpu_ns() - at_ns;
	at_ns = cpu_ns();
	if (!call->is_early)
		hear_amd(b, &call->amd);
	b->cost.amd_ns += cpu_ns() - at_ns;
	b->tally.n++;
	return ZV_OK;
}

static enum zv_err run_plan(struct bench *b)
{
	char path[1024], *line = malloc(LINE_MAX_BYTES);
	enum zv_err err = ZV_OK;
	FILE *in;

	snprintf(path, sizeof(path), "%s/plan.tsv", b->options.folder);
	in = fopen(path, "r");
	if (in == NULL || line == NULL) {
		fprintf(stderr, "%s: cannot be read\n", path);
		err = ZV_EIO;
	}
	while (!err && fgets(line, LINE_MAX_BYTES, in) != NULL) {
		err = run_call(b, line);
		if (err == ZV_EAGAIN)
			err = ZV_OK;
	}
	free(line);
	if (in != NULL)
		fclose(in);
	return err;
}

static void print_cost(const struct bench *b)
{
	double ours = b->cost.frames > 0 ? b->cost.ours_ns / (double)b->cost.frames : 0;
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	if (b->options.is_json)
		printf("{\"name\":\"detect.zvonar.frame\",\"value\":%.0f,\"unit\":\"ns\",\"n\":%lu,\"cpu_us\":%.3f,\"rss_kb\":%ld}\n"
		       "{\"name\":\"detect.zvonar.state\",\"value\":%zu,\"unit\":\"bytes\",\"n\":1}\n",
		       ours, b->cost.frames, ours / 1000, usage.ru_maxrss, sizeof(struct zv_detector));
	else
		printf("%.0f ns of CPU a frame of 20 ms (%lu frames), %zu bytes a call; Asterisk's rule %zu bytes\n", ours,
		       b->cost.frames, sizeof(struct zv_detector), sizeof(struct zv_amd));
}

static void usage(FILE *out)
{
	fprintf(out, "usage: detect_bench FOLDER [--half tune|judge] [--every N] [--json] [--each] [--check]\n"
		     "  FOLDER    a set made by tests/detect/make_set.py\n"
		     "  --every   one call of N, when time is short\n"
		     "  --each    a line for each call\n"
		     "  --check   exit status 1 if errors are above what the project promises\n");
}

/* What the small set must keep; the figures of the whole set are in the README. */
static int check(const struct tally *tally)
{
	struct tally_rates ours, amd;

	tally_rates(tally, true, &ours);
	tally_rates(tally, false, &amd);
	if (ours.persons < 20 || ours.machines < 20 || ours.early < 20)
		return 1;
	return ours.person_as_machine > 4 || ours.machine_in_time < 85 || ours.early_right < 90 ||
	       ours.person_as_machine > amd.person_as_machine || ours.machine_in_time < amd.machine_in_time;
}

int main(int argc, char **argv)
{
	struct bench *b = calloc(1, sizeof(*b));
	bool is_check = false;
	int status = 2;

	if (b == NULL)
		return 2;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--half") == 0 && i + 1 < argc)
			b->options.half = argv[++i];
		else if (strcmp(argv[i], "--every") == 0 && i + 1 < argc)
			b->options.every = (uint32_t)strtoul(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--json") == 0)
			b->options.is_json = true;
		else if (strcmp(argv[i], "--each") == 0)
			b->options.is_each = true;
		else if (strcmp(argv[i], "--check") == 0)
			is_check = true;
		else if (argv[i][0] != '-' && b->options.folder == NULL)
			b->options.folder = argv[i];
		else
			goto out;
	}
	if (b->options.folder == NULL)
		goto out;
	b->sound.x = calloc(BENCH_CALL_MAX, sizeof(*b->sound.x));
	b->wire.octets = malloc(BENCH_CALL_MAX);
	b->wire.came = malloc(BENCH_CALL_MAX / BENCH_FRAME);
	b->tally.calls = calloc(TALLY_CALLS, sizeof(*b->tally.calls));
	zv_detect_defaults(ZV_DETECT_ANSWERED, &b->answered);
	zv_detect_defaults(ZV_DETECT_EARLY, &b->early);
	zv_amd_defaults(&b->amd);
	if (b->sound.x == NULL || b->wire.octets == NULL || b->wire.came == NULL || b->tally.calls == NULL ||
	    bench_voices_create(b->options.folder, &b->voices) || run_plan(b))
		goto out;
	if (b->options.is_json)
		tally_print_json(&b->tally);
	else
		tally_print(&b->tally);
	print_cost(b);
	status = is_check ? check(&b->tally) : 0;
out:
	if (status == 2)
		usage(stderr);
	bench_voices_destroy(b->voices);
	free(b->sound.x);
	free(b->wire.octets);
	free(b->wire.came);
	free(b->tally.calls);
	free(b);
	return status;
}
