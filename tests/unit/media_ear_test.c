/* Answer detection between media threads and engine: what a media thread pushes, what the ears make
 * of it and when they tell.  How good the detectors are is not this test's matter. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/ear.h"
#include "media/eartap.h"
#include "media/g711.h"

#define SLOTS 8u

struct bed {
	struct zv_ears *ears;
	struct zv_ring *events;
	struct zv_ear_tap tap;
	_Atomic uint64_t lost;
	struct zv_leg_id leg;
	int64_t now_ms;
	uint32_t timestamp;
	uint16_t seq;
};

static struct bed *bed_of(uint32_t events)
{
	struct bed *b = calloc(1, sizeof(*b));

	cr_assert_eq(zv_ring_create(sizeof(struct zv_event), events, -1, &b->events), ZV_OK);
	cr_assert_eq(zv_ears_create(&(struct zv_ears_params){
		.n_threads = 1, .n_slots = SLOTS, .places = 4096, .events = b->events}, &b->ears), ZV_OK);
	b->leg = (struct zv_leg_id){3, 7};
	b->tap = (struct zv_ear_tap){.ring = zv_ears_ring(b->ears, 0), .lost = &b->lost,
				     .done = zv_ears_done(b->ears, 3)};
	b->now_ms = 50000;
	b->timestamp = 4294960000u; /* passes zero */
	return b;
}

static void bed_free(struct bed *b)
{
	zv_ears_destroy(b->ears);
	zv_ring_destroy(b->events);
	free(b);
}

static void listen(struct bed *b, enum zv_listen_to to, enum zv_listen_rule rule)
{
	struct zv_cmd cmd = {.type = ZV_CMD_MEDIA_LISTEN, .leg = b->leg};

	cmd.u.listen = (struct zv_listen){
		.to = (uint8_t)to, .rule = (uint8_t)rule, .maximum_number_of_words = 2,
		.total_analysis_time = 5000, .initial_silence = 2500, .after_greeting_silence = 800,
		.greeting = 1500, .min_word_length = 100, .maximum_word_length = 5000,
		.between_words_silence = 50, .silence_threshold = 256, .revise = to == ZV_LISTEN_EARLY};
	zv_ear_tap_command(&b->tap, &cmd, 2, (struct zv_attempt_id){1, 2}, b->now_ms);
}

enum sound { SILENCE, VOICE, BEEP, RING };

static int16_t sample(enum sound sound, uint32_t i)
{
	switch (sound) {
	case VOICE: return (int16_t)(9000 * sin(i * 0.09) * sin(i * 0.47) + 3000 * sin(i * 1.9 + 3 * sin(i * 0.01)));
	case BEEP: return (int16_t)(8000 * sin(2 * M_PI * 1000 * i / 8000));
	case RING: return (int16_t)(6000 * sin(2 * M_PI * 425 * i / 8000));
	case SILENCE:
	default: return 0;
	}
}

/* One packet of 20 ms; not_sent: it is lost on its way. */
static void packet(struct bed *b, enum sound sound, bool not_sent)
{
	uint8_t payload[160];
	struct zv_rtp rtp = {.payload_type = ZV_PCMA, .seq = b->seq++, .timestamp = b->timestamp,
			     .payload = payload, .len = sizeof(payload)};

	for (uint32_t i = 0; i < 160; i++)
		payload[i] = zv_alaw_encode(sample(sound, b->timestamp + i));
	b->timestamp += 160;
	if (!not_sent)
		zv_ear_tap_frame(&b->tap, b->leg, &rtp, b->now_ms);
}

/* So long of it, looked at each 20 ms. */
static void hear(struct bed *b, enum sound sound, uint32_t ms)
{
	for (uint32_t at = 0; at < ms; at += 20) {
		b->now_ms += 20;
		packet(b, sound, false);
		(void)zv_ears_look(b->ears, b->now_ms);
	}
}

static void wait_ms(struct bed *b, uint32_t ms)
{
	for (uint32_t at = 0; at < ms; at += 20) {
		b->now_ms += 20;
		(void)zv_ears_look(b->ears, b->now_ms);
	}
}

static bool told(struct bed *b, struct zv_event *ret_event)
{
	return zv_ring_pop(b->events, ret_event, 1) == 1;
}

static void wants(struct bed *b, enum zv_heard heard, enum zv_heard_by by)
{
	struct zv_event ev;

	cr_assert(told(b, &ev), "no verdict");
	cr_expect_eq(ev.type, ZV_EV_MEDIA_VERDICT);
	cr_expect_eq(ev.u.media.cause, heard, "%s", zv_heard_name(ev.u.media.cause));
	cr_expect_eq(ev.u.media.by, by, "%s", zv_heard_by_name(ev.u.media.by));
	cr_expect_eq(ev.leg.slot, 3);
	cr_expect_eq(ev.leg.gen, 7);
	cr_expect_eq(ev.trunk, 2);
	cr_expect_eq(ev.attempt.lo, 2);
}

const char *zv_heard_name(uint8_t heard)
{
	return heard < ZV_HEARD_MAX ? "a verdict" : "none";
}

const char *zv_heard_by_name(uint8_t by)
{
	return by < ZV_HEARD_BY_MAX ? "a cause" : "none";
}

Test(ear, a_word_and_a_silence_are_a_person_once_and_then_nobody_listens)
{
	struct bed *b = bed_of(64);
	struct zv_ears_stats stats;
	struct zv_event ev;

	listen(b, ZV_LISTEN_ANSWER, ZV_LISTEN_AMD);
	hear(b, VOICE, 500);
	hear(b, SILENCE, 780);
	cr_expect_not(told(b, &ev), "not yet");
	hear(b, SILENCE, 100);
	wants(b, ZV_HEARD_PERSON, ZV_HEARD_BY_HUMAN);
	hear(b, VOICE, 3000);
	cr_expect_not(told(b, &ev), "once");
	cr_expect_not(b->tap.on, "the media thread pushes no more");
	zv_ears_get_stats(b->ears, &stats);
	cr_expect_eq(stats.live, 0);
	cr_expect_eq(stats.begun, 1);
	cr_expect_eq(stats.verdicts, 1);
	bed_free(b);
}

Test(ear, packets_that_were_lost_are_silence_of_their_length)
{
	struct bed *b = bed_of(64);
	struct zv_event ev;

	listen(b, ZV_LISTEN_ANSWER, ZV_LISTEN_AMD);
	hear(b, VOICE, 500);
	for (uint32_t at = 0; at < 800; at += 20) { /* a packet in four comes */
		b->now_ms += 20;
		packet(b, SILENCE, at % 80 != 0);
		(void)zv_ears_look(b->ears, b->now_ms);
	}
	cr_expect_not(told(b, &ev));
	hear(b, SILENCE, 100);
	wants(b, ZV_HEARD_PERSON, ZV_HEARD_BY_HUMAN);
	bed_free(b);
}

Test(ear, who_sends_nothing_is_silent_and_the_time_ends_it)
{
	struct bed *b = bed_of(64);
	struct zv_event ev;

	listen(b, ZV_LISTEN_ANSWER, ZV_LISTEN_AMD);
	wait_ms(b, 2400);
	cr_expect_not(told(b, &ev));
	wait_ms(b, 600);
	wants(b, ZV_HEARD_MACHINE, ZV_HEARD_BY_INITIALSILENCE);
	listen(b, ZV_LISTEN_ANSWER, ZV_LISTEN_SPEECH);
	wait_ms(b, 5600);
	wants(b, ZV_HEARD_UNSURE, ZV_HEARD_BY_INITIALSILENCE);
	bed_free(b);
}

Test(ear, a_stall_and_the_burst_after_it_are_no_pause)
{
	struct bed *b = bed_of(64);
	struct zv_event ev;

	listen(b, ZV_LISTEN_ANSWER, ZV_LISTEN_AMD);
	hear(b, VOICE, 400);
	wait_ms(b, 360);
	for (int i = 0; i < 18; i++)
		packet(b, VOICE, false);
	(void)zv_ears_look(b->ears, b->now_ms);
	hear(b, VOICE, 700);
	cr_expect_not(told(b, &ev), "one word so far, not too long");
	hear(b, VOICE, 400);
	wants(b, ZV_HEARD_MACHINE, ZV_HEARD_BY_LONGGREETING);
	bed_free(b);
}

Test(ear, swapped_and_old_packets_do_not_matter)
{
	struct bed *b = bed_of(64);
	uint32_t keep;

	listen(b, ZV_LISTEN_ANSWER, ZV_LISTEN_AMD);
	hear(b, VOICE, 500);
	for (int i = 0; i < 20; i++) { /* each pair the wrong way round */
		keep = b->timestamp;
		b->timestamp += 160;
		b->now_ms += 40;
		packet(b, SILENCE, false);
		b->timestamp = keep;
		packet(b, VOICE, false);
		b->timestamp += 160;
		(void)zv_ears_look(b->ears, b->now_ms);
	}
	hear(b, SILENCE, 100);
	wants(b, ZV_HEARD_PERSON, ZV_HEARD_BY_HUMAN);
	bed_free(b);
}

Test(ear, the_engine_ends_it_and_begins_anew_and_other_legs_do_not_speak_in)
{
	struct bed *b = bed_of(64);
	struct zv_event ev;

	listen(b, ZV_LISTEN_ANSWER, ZV_LISTEN_AMD);
	hear(b, VOICE, 500);
	listen(b, ZV_LISTEN_OFF, ZV_LISTEN_AMD);
	hear(b, SILENCE, 1500);
	cr_expect_not(told(b, &ev));
	listen(b, ZV_LISTEN_ANSWER, ZV_LISTEN_AMD);
	b->leg.gen++; /* of another use of the slot */
	hear(b, VOICE, 2000);
	cr_expect_not(told(b, &ev));
	b->leg.gen--;
	zv_ear_tap_end(&b->tap, b->leg, b->now_ms);
	cr_expect_eq(zv_ears_look(b->ears, b->now_ms), 0);
	bed_free(b);
}

Test(ear, a_beep_is_waited_for_through_all_that_is_spoken)
{
	struct bed *b = bed_of(64);
	struct zv_event ev;

	listen(b, ZV_LISTEN_BEEP, ZV_LISTEN_SPEECH);
	hear(b, VOICE, 9000);
	cr_expect_not(told(b, &ev));
	hear(b, SILENCE, 300);
	hear(b, BEEP, 400);
	hear(b, SILENCE, 500);
	wants(b, ZV_HEARD_MACHINE, ZV_HEARD_BY_BEEP);
	bed_free(b);
}

Test(ear, early_media_are_told_by_their_tones)
{
	struct bed *b = bed_of(64);

	listen(b, ZV_LISTEN_EARLY, ZV_LISTEN_AMD); /* which has no rule for that */
	hear(b, RING, 1000);
	hear(b, SILENCE, 1500);
	wants(b, ZV_HEARD_RINGING, ZV_HEARD_BY_RINGBACK);
	bed_free(b);
}

Test(ear, a_verdict_that_finds_no_room_is_kept)
{
	struct bed *b = bed_of(2);
	struct zv_event ev = {.type = ZV_EV_TICK};

	while (zv_ring_push(b->events, &ev) == ZV_OK)
		;
	listen(b, ZV_LISTEN_ANSWER, ZV_LISTEN_AMD);
	hear(b, VOICE, 500);
	hear(b, SILENCE, 1500);
	cr_expect_eq(zv_ears_look(b->ears, b->now_ms), 1);
	while (told(b, &ev))
		cr_assert_eq(ev.type, ZV_EV_TICK);
	cr_expect_eq(zv_ears_look(b->ears, b->now_ms), 0);
	wants(b, ZV_HEARD_PERSON, ZV_HEARD_BY_HUMAN);
	bed_free(b);
}

Test(ear, a_full_ring_loses_frames_and_counts_them)
{
	struct bed *b = bed_of(64);

	listen(b, ZV_LISTEN_ANSWER, ZV_LISTEN_AMD);
	for (int i = 0; i < 5000; i++)
		packet(b, VOICE, false);
	cr_expect_gt(b->lost, 0u);
	zv_ear_tap_end(&b->tap, b->leg, b->now_ms); /* has a place that frames leave */
	cr_expect_eq(zv_ears_look(b->ears, b->now_ms + 1), 0);
	bed_free(b);
}

Test(ear, legs_beyond_its_slots_and_senseless_messages_are_passed_over)
{
	struct bed *b = bed_of(64);
	struct zv_ear_msg m;
	uint64_t x = 88172645463325252u;

	cr_expect_null(zv_ears_done(b->ears, SLOTS));
	cr_expect_null(zv_ears_ring(b->ears, 1));
	for (int i = 0; i < 20000; i++) {
		for (size_t k = 0; k < sizeof(m); k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			((uint8_t *)&m)[k] = (uint8_t)x;
		}
		m.what = (uint8_t)(x % 5);
		m.leg.slot = (uint32_t)(x >> 8) % (SLOTS + 2);
		m.leg.gen = (uint32_t)(x >> 20) % 3;
		m.at_ms = 50000 + i;
		if (zv_ring_push(b->tap.ring, &m) != ZV_OK || i % 16 == 0)
			(void)zv_ears_look(b->ears, 50000 + i);
	}
	bed_free(b);
}
