#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/g711.h"
#include "media/prompts.h"

static char folder[40];

static void set_up(void)
{
	strcpy(folder, "/tmp/zv-prompts-XXXXXX");
	cr_assert_not_null(mkdtemp(folder));
}

static void tear_down(void)
{
	char cmd[300];

	snprintf(cmd, sizeof(cmd), "rm -r %s", folder);
	cr_assert_eq(system(cmd), 0);
}

#define FOLDER .init = set_up, .fini = tear_down, .timeout = 60

/* A file that sox makes: its format, then its sound. */
static const char *made(const char *name, const char *format, const char *synth)
{
	static char path[300];
	char cmd[700];

	snprintf(path, sizeof(path), "%s/%s.wav", folder, name);
	snprintf(cmd, sizeof(cmd), "sox -n %s %s synth %s", format, path, synth);
	cr_assert_eq(system(cmd), 0, "%s", cmd);
	return path;
}

static double level(const struct zv_audio *a, double *ret_ulaw)
{
	double alaw = 0, ulaw = 0;

	for (uint32_t i = 400; i < a->n - 400; i++) {
		alaw += zv_alaw_linear[a->alaw[i]] * zv_alaw_linear[a->alaw[i]];
		ulaw += zv_ulaw_linear[a->ulaw[i]] * zv_ulaw_linear[a->ulaw[i]];
	}
	*ret_ulaw = sqrt(ulaw / (a->n - 800));
	return sqrt(alaw / (a->n - 800));
}

/* How much of a sine of that frequency is in it, as rms. */
static double tone_at(const struct zv_audio *a, double hz)
{
	double re = 0, im = 0;
	uint32_t n = (a->n - 800) / 800 * 800;

	for (uint32_t i = 0; i < n; i++) {
		re += zv_alaw_linear[a->alaw[400 + i]] * cos(2 * M_PI * hz * i / 8000);
		im += zv_alaw_linear[a->alaw[400 + i]] * sin(2 * M_PI * hz * i / 8000);
	}
	return sqrt(2 * (re * re + im * im)) / n;
}

Test(prompts, any_usual_wav_keeps_its_length_level_and_pitch, FOLDER)
{
	static const char *const formats[] = {
		"-r 44100 -c 2 -b 24", "-r 48000 -c 1 -b 16", "-r 8000 -c 1 -b 16", "-r 8000 -c 1 -e a-law",
		"-r 8000 -c 1 -e u-law", "-r 22050 -c 1 -b 8", "-r 11025 -c 2 -b 32",
		"-r 96000 -c 6 -e float -b 32", "-r 16000 -c 1 -b 16", "-r 8000 -c 1 -e ms-adpcm",
	};
	struct zv_prompts *p;
	struct zv_audio a;

	cr_assert_eq(zv_prompts_create(64, &p), ZV_OK);
	for (uint64_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		char name[8];
		double ulaw, rms;

		snprintf(name, sizeof(name), "f%d", (int)i);
		/* half of full scale: 16384 at the peak, 11585 rms */
		cr_assert_eq(zv_prompts_add_wav(p, i + 1, made(name, formats[i], "1.5 sine 1010 vol 0.5")),
			     ZV_OK, "%s", formats[i]);
		cr_assert(zv_prompts_find(p, i + 1, &a));
		cr_assert_leq(fabs(a.n - 12000.0), i == 9 ? 600 : 8, "%s: %u samples", formats[i], a.n);
		rms = level(&a, &ulaw);
		cr_assert_leq(fabs(rms - 11585), 250, "%s: %f", formats[i], rms);
		cr_assert_leq(fabs(ulaw - 11585), 250, "%s: %f", formats[i], ulaw);
		cr_assert_leq(fabs(tone_at(&a, 1010) - 11585), 250, "%s: %f", formats[i], tone_at(&a, 1010));
		cr_assert_lt(tone_at(&a, 2020), 120, "%s: %f", formats[i], tone_at(&a, 2020));
	}
	zv_prompts_destroy(p);
}

Test(prompts, what_telephony_cannot_carry_does_not_fold_into_it, FOLDER)
{
	struct zv_prompts *p;
	struct zv_audio a;
	double ulaw;

	cr_assert_eq(zv_prompts_create(2, &p), ZV_OK);
	/* 7 kHz at 8 kHz would come out as 1 kHz */
	cr_assert_eq(zv_prompts_add_wav(p, 1, made("high", "-r 44100 -c 1 -b 16", "1 sine 7000 vol 0.5")),
		     ZV_OK);
	cr_assert(zv_prompts_find(p, 1, &a));
	cr_assert_lt(level(&a, &ulaw), 60);
	zv_prompts_destroy(p);
}

Test(prompts, what_is_no_wav_is_refused_by_its_own_error, FOLDER)
{
	struct zv_prompts *p;
	struct zv_audio a;
	char path[300];
	FILE *f;

	cr_assert_eq(zv_prompts_create(2, &p), ZV_OK);
	snprintf(path, sizeof(path), "%s/none.wav", folder);
	cr_assert_eq(zv_prompts_add_wav(p, 1, path), ZV_ENOENT);
	f = fopen(path, "wb");
	fputs("RIFF....WAVEfmt nonsense and no more", f);
	fclose(f);
	cr_assert_eq(zv_prompts_add_wav(p, 1, path), ZV_EPARSE);
	f = fopen(path, "wb");
	fclose(f);
	cr_assert_eq(zv_prompts_add_wav(p, 1, path), ZV_EPARSE);
	cr_assert_eq(zv_prompts_add_wav(p, 1, folder), ZV_EPARSE, "a folder");
	cr_assert_eq(zv_prompts_add_wav(p, 1, made("fast", "-r 384000 -c 1 -b 16", "0.1 sine 99")),
		     ZV_EPARSE);
	cr_assert_eq(zv_prompts_add_wav(p, 1, made("long", "-r 8000 -c 1 -b 8", "601 sine 99")),
		     ZV_EFULL);
	cr_assert_eq(zv_prompts_add_wav(p, 0, made("zero", "-r 8000 -c 1 -b 8", "1 sine 99")),
		     ZV_EINVAL);
	cr_assert_not(zv_prompts_find(p, 1, &a));
	zv_prompts_destroy(p);
}

Test(prompts, a_shrunk_file_sounds_the_same_and_soxi_sees_8_kHz_mono, FOLDER)
{
	const char *path = made("wide", "-r 22050 -c 2 -b 24", "1.5 sine 440 vol 0.5");
	struct zv_prompts *p;
	struct zv_audio before, after;
	char cmd[700];

	cr_assert_eq(zv_prompts_create(4, &p), ZV_OK);
	cr_assert_eq(zv_prompts_add_wav(p, 1, path), ZV_OK);
	cr_assert_eq(zv_prompts_shrink_wav(path), ZV_OK);
	cr_assert_eq(zv_prompts_add_wav(p, 2, path), ZV_OK);
	cr_assert(zv_prompts_find(p, 1, &before) && zv_prompts_find(p, 2, &after));
	cr_assert_eq(before.n, after.n);
	cr_expect_arr_eq(before.alaw, after.alaw, before.n);
	snprintf(cmd, sizeof(cmd),
		 "test \"$(soxi -r %s) $(soxi -c %s) $(soxi -b %s)\" = '8000 1 16' && test $(ls %s | wc -l) = 1",
		 path, path, path, folder);
	cr_expect_eq(system(cmd), 0);
	cr_expect_eq(zv_prompts_shrink_wav("/nowhere/at-all.wav"), ZV_ENOENT);
	zv_prompts_destroy(p);
}

Test(prompts, the_same_hash_is_there_once_and_the_table_has_an_end, FOLDER)
{
	const char *path = made("one", "-r 8000 -c 1 -b 16", "0.1 sine 440");
	struct zv_prompts *p;
	struct zv_audio a, b;

	cr_assert_eq(zv_prompts_create(3, &p), ZV_OK);
	cr_assert_eq(zv_prompts_add_wav(p, 10, path), ZV_OK);
	cr_assert(zv_prompts_find(p, 10, &a));
	cr_assert_eq(zv_prompts_add_wav(p, 10, path), ZV_EEXIST);
	cr_assert(zv_prompts_find(p, 10, &b));
	cr_assert_eq(a.alaw, b.alaw);
	cr_assert_eq(zv_prompts_add_wav(p, 11, path), ZV_OK);
	cr_assert_eq(zv_prompts_add_wav(p, 12, path), ZV_OK);
	cr_assert_eq(zv_prompts_add_wav(p, 13, path), ZV_EFULL);
	cr_assert_not(zv_prompts_find(p, 13, &b));
	zv_prompts_destroy(p);
	zv_prompts_destroy(NULL);
}

#define MANY 300

struct share {
	struct zv_prompts *prompts;
	const char *path;
	_Atomic bool done;
};

static void *add_all(void *arg)
{
	struct share *s = arg;

	for (uint64_t h = 1; h <= MANY; h++) {
		enum zv_err err = zv_prompts_add_wav(s->prompts, h, s->path);

		cr_assert(err == ZV_OK || err == ZV_EEXIST);
	}
	return NULL;
}

static void *look(void *arg)
{
	struct share *s = arg;
	uint32_t seen = 0;

	while (!s->done)
		for (uint64_t h = 1; h <= MANY; h++) {
			struct zv_audio a;

			if (!zv_prompts_find(s->prompts, h, &a))
				continue;
			cr_assert_eq(a.n, 80);
			seen += a.alaw[79] != a.ulaw[79];
		}
	return (void *)(uintptr_t)(seen > 0);
}

Test(prompts, lookups_need_no_lock_while_two_threads_add, FOLDER)
{
	struct share s = {.path = made("short", "-r 8000 -c 1 -b 16", "0.01 sine 440")};
	pthread_t adders[2], looker;
	struct zv_audio a;

	cr_assert_eq(zv_prompts_create(MANY, &s.prompts), ZV_OK);
	pthread_create(&looker, NULL, look, &s);
	for (int i = 0; i < 2; i++)
		pthread_create(&adders[i], NULL, add_all, &s);
	for (int i = 0; i < 2; i++)
		pthread_join(adders[i], NULL);
	s.done = true;
	pthread_join(looker, NULL);
	for (uint64_t h = 1; h <= MANY; h++)
		cr_assert(zv_prompts_find(s.prompts, h, &a));
	zv_prompts_destroy(s.prompts);
}
