/* A stream that sends no silence: what a receiver may expect of it, read from its packets' bytes
 * (RFC 3550 5.1, RFC 3551 4.1, RFC 6263). */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "media/stream.h"

#define TICK_MS 20

struct bed {
	struct zv_stream s;
	struct zv_made *made;
	struct zv_mixer *mixer;
	struct zv_outbox box;
	struct zv_prompts *prompts;
	int64_t now_ms;
	uint8_t data[ZV_RTP_FRAME];
};

static void open_bed(struct bed *b, bool quiet)
{
	struct zv_cmd cmd = {.type = ZV_CMD_MEDIA_OPEN, .u.media = {.payload_type = 8, .dtmf_type = 101}};
	struct zv_stream_seed seed = {UINT64_C(0x1234000000abcd), 7, UINT64_C(1000) << 32};

	memset(b, 0, sizeof(*b));
	b->now_ms = 100000;
	b->mixer = calloc(1, sizeof(*b->mixer));
	cr_assert_eq(zv_made_create(&b->made), ZV_OK);
	cr_assert_eq(zv_prompts_create(4, &b->prompts), ZV_OK);
	cr_assert_eq(zv_outbox_init(&b->box, 4), ZV_OK);
	cr_assert_eq(zv_ring_create(sizeof(struct zv_event), 64, -1, &b->box.ring), ZV_OK);
	b->s.made = b->made;
	b->s.mixer = b->mixer;
	b->s.quiet = quiet;
	cr_assert_eq(zv_stream_open(&b->s, &cmd, &seed, b->now_ms), ZV_OK);
}

static void close_bed(struct bed *b)
{
	zv_ring_destroy(b->box.ring);
	zv_outbox_fini(&b->box);
	zv_prompts_destroy(b->prompts);
	zv_made_destroy(b->made);
	free(b->mixer);
}

/* 0 is silence for so long. */
static void play(struct bed *b, uint64_t prompt, uint32_t duration_ms)
{
	zv_stream_play(&b->s, &(struct zv_cmd){.type = ZV_CMD_MEDIA_PLAY,
		       .u.play = {.prompt = prompt, .duration_ms = duration_ms, .tag = 5}}, b->prompts, &b->box);
}

static uint32_t tick(struct bed *b)
{
	b->now_ms += TICK_MS;
	return zv_stream_frame(&b->s, b->now_ms, b->data, &b->box);
}

static uint32_t sent_in(struct bed *b, uint32_t ms)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < ms / TICK_MS; i++)
		n += tick(b) > 0;
	return n;
}

static uint32_t timestamp(const struct bed *b)
{
	return (uint32_t)b->data[4] << 24 | (uint32_t)b->data[5] << 16 | (uint32_t)b->data[6] << 8 | b->data[7];
}

static uint16_t sequence(const struct bed *b)
{
	return (uint16_t)(b->data[2] << 8 | b->data[3]);
}

static bool marker(const struct bed *b)
{
	return (b->data[1] & 0x80) != 0;
}

static uint32_t played(struct bed *b)
{
	struct zv_event ev;
	uint32_t n = 0;

	while (zv_ring_pop(b->box.ring, &ev, 1) == 1)
		n += ev.type == ZV_EV_MEDIA_PLAYED && ev.u.media.tag == 5 && ev.u.media.cause == ZV_PLAYED_DONE;
	return n;
}

Test(media_quiet, silence_is_sent_unless_it_is_told_otherwise)
{
	struct bed b;

	open_bed(&b, false);
	play(&b, 0, 1000);
	cr_assert_eq(sent_in(&b, 1000), 50);
	cr_assert_eq(played(&b), 1);
	close_bed(&b);
}

Test(media_quiet, a_wait_sends_its_first_packet_alone_and_ends_in_time)
{
	struct bed b;

	open_bed(&b, true);
	play(&b, 0, 1000);
	cr_assert_eq(sent_in(&b, 980), 1, "one packet opens the way");
	cr_assert_eq(played(&b), 0);
	cr_assert_eq(sent_in(&b, 20), 0);
	cr_assert_eq(played(&b), 1, "the wait is over when it is due");
	close_bed(&b);
}

Test(media_quiet, sound_after_a_pause_has_the_marker_the_next_number_and_the_right_time)
{
	struct bed b;
	uint32_t ts;
	uint16_t seq;

	open_bed(&b, true);
	cr_assert_gt(tick(&b), 0);
	ts = timestamp(&b);
	seq = sequence(&b);
	cr_assert_eq(sent_in(&b, 2000), 0);
	play(&b, ZV_PROMPT_TONE, 0);
	cr_assert_gt(tick(&b), 0);
	cr_assert(marker(&b));
	cr_assert_eq(sequence(&b), (uint16_t)(seq + 1), "nothing was lost on the way");
	cr_assert_eq(timestamp(&b), ts + 101 * 160, "2,020 ms later");
	cr_assert_gt(tick(&b), 0);
	cr_assert_not(marker(&b));
	cr_assert_eq(timestamp(&b), ts + 102 * 160);
	close_bed(&b);
}

Test(media_quiet, a_packet_each_fifteen_seconds_keeps_the_way_open)
{
	struct bed b;

	open_bed(&b, true);
	cr_assert_gt(tick(&b), 0);
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(sent_in(&b, 14980), 0);
		cr_assert_eq(sent_in(&b, 20), 1);
	}
	close_bed(&b);
}

Test(media_quiet, a_key_is_sent_in_the_middle_of_a_wait)
{
	struct bed b;

	open_bed(&b, true);
	cr_assert_gt(tick(&b), 0);
	cr_assert(zv_presses_add(&b.s.presses, '5'));
	cr_assert_gt(tick(&b), 0);
	cr_assert_eq(b.data[1], 0x80 | 101);
	cr_assert_eq(b.data[12], 5);
	close_bed(&b);
}
