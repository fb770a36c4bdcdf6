/* bench/detect/sound.h -- what a far end sends, made of a plan's words: voices, tones, music, a
 * telephone line with its noise, losses and codecs.
 *
 * One thread.  The same plan gives the same samples on every run.  Levels are dB of full scale
 * (a square wave of 32767 is 0).
 */
#ifndef ZV_BENCH_SOUND_H
#define ZV_BENCH_SOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/num.h"
#include "zvonar/err.h"

#define BENCH_RATE     8000u
#define BENCH_FRAME    160u
#define BENCH_CALL_MAX (BENCH_RATE * 60u)

/* One call's sound before it is sent. */
struct bench_sound {
	float *x;        /* BENCH_CALL_MAX samples, -1 .. 1 */
	uint32_t n;
	uint32_t beep_ms; /* where a voicemail's beep ends; 0: there is none */
	struct zv_rng rng;
};

struct bench_voices; /* WAV files read once, at 8 kHz through a telephone's band */
enum zv_err bench_voices_create(const char *folder, struct bench_voices **ret_voices) ZV_MUST_USE;
void bench_voices_destroy(struct bench_voices *voices); /* accepts NULL */
/* NULL: no such file or no 16 bit WAV.  Valid until destroy. */
const float *bench_voices_get(struct bench_voices *voices, const char *name, uint32_t *ret_n);

/* Appends what a word of a plan says: sil:MS say:NAME:DB tone:HZ[+HZ]:MS:DB music:SEED:MS:DB
 * breath:MS:DB click:DB beep:HZ:MS:DB (a tone whose end is the beep's).  ZV_EPARSE: no such word; ZV_ENOENT: no such voice. */
enum zv_err bench_sound_add(struct bench_sound *sound, struct bench_voices *voices, const char *word) ZV_MUST_USE;

/* The line: comma-separated noise=white|pink|hum|babble:NAME, nlev=DB, echo=MS/DB, law=a|u|au|ua, cn=1
 * (silence is not sent), loss=PERCENT, burst=N. */
struct bench_line {
	char noise[8], law[4], babble[64];
	double nlev_db, echo_db, loss_percent, burst;
	uint32_t echo_ms;
	bool cn;
};
enum zv_err bench_line_parse(const char *text, struct bench_line *ret_line) ZV_MUST_USE;

/* What arrives: whole frames of G.711 octets, those that came. */
struct bench_wire {
	uint8_t *octets;  /* BENCH_CALL_MAX */
	uint8_t *came;    /* a frame: 1, 0 lost or not sent */
	uint32_t n_frames;
	bool is_ulaw;
};
enum zv_err bench_line_send(const struct bench_line *line, struct bench_sound *sound,
			    struct bench_voices *voices, struct bench_wire *wire) ZV_MUST_USE;

#endif
