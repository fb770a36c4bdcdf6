/* Packets of a hostile far end through everything that a media thread does with them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "media/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two legs hear it: one alone, the other mixes it with a source that says nothing. */
static void hear(struct zv_stream *listeners, const struct zv_taken *taken, int64_t now_ms,
		 struct zv_outbox *box)
{
	uint8_t frame[ZV_RTP_FRAME];
	struct zv_rtp rtp;

	for (int i = 0; i < 2; i++) {
		if (taken->audio)
			zv_stream_hear(&listeners[i], &taken->frame, now_ms, &rtp);
		if (taken->key != 0)
			zv_presses_add(&listeners[i].presses, (uint8_t)taken->key);
		if (zv_stream_frame(&listeners[i], now_ms, frame, box) > sizeof(frame))
			__builtin_trap();
	}
}

/* One byte of length, then so many bytes: a packet; and so on. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct zv_inband *inband;
	static struct zv_outbox box;
	static struct zv_made *made;
	static struct zv_mixer mixers[3];
	struct zv_stream_seed seed = {1, 2, 3};
	struct zv_cmd open = {.type = ZV_CMD_MEDIA_OPEN};
	struct zv_stream stream = {.open = false}, listeners[2] = {{.open = false}};
	struct zv_taken taken;
	uint8_t frame[ZV_RTP_FRAME], report[ZV_RTCP_MAX];
	int64_t now_ms = 0;

	if (inband == NULL && (zv_inband_create(1, &inband) != ZV_OK ||
			       zv_outbox_init(&box, 1) != ZV_OK ||
			       zv_ring_create(sizeof(struct zv_event), 1024, -1, &box.ring) != ZV_OK ||
			       zv_made_create(&made) != ZV_OK))
		return 0;
	memset(mixers, 0, sizeof(mixers));
	stream.mixer = &mixers[2];
	stream.inband = inband;
	open.u.media.payload_type = 8;
	open.u.media.dtmf_type = 101;
	if (zv_stream_open(&stream, &open, &seed, now_ms) != ZV_OK)
		return 0;
	for (int i = 0; i < 2; i++) {
		listeners[i].mixer = &mixers[i];
		listeners[i].made = made;
		open.leg.slot = 1u + (uint32_t)i;
		open.u.media.payload_type = i == 0 ? 0 : 8;
		open.u.media.dtmf_type = i == 0 ? 0 : 96;
		if (zv_stream_open(&listeners[i], &open, &seed, now_ms) != ZV_OK ||
		    !zv_stream_link(&listeners[i], stream.leg, true, true) ||
		    (i == 1 && !zv_stream_link(&listeners[i], (struct zv_leg_id){9, 9}, true, false)))
			__builtin_trap();
	}
	while (size > 0) {
		uint32_t len = data[0] < size - 1 ? data[0] : (uint32_t)size - 1;
		uint8_t *exact = malloc(len > 0 ? len : 1);
		struct zv_packet packet = {.len = len, .data = exact, .at_ns = now_ms * 1000000};
		struct zv_event ev;

		if (len > 0)
			memcpy(exact, data + 1, len);
		zv_stream_packet(&stream, &packet, now_ms, &box, &taken);
		hear(listeners, &taken, now_ms, &box);
		zv_stream_frame(&stream, now_ms, frame, &box);
		free(exact);
		data += 1 + len;
		size -= 1 + len;
		now_ms += 20;
		while (zv_ring_pop(box.ring, &ev, 1) == 1)
			if (ev.type == ZV_EV_MEDIA_KEY && strchr("0123456789*#ABCD", ev.u.media.key) == NULL)
				__builtin_trap();
	}
	if (zv_stream_report(&stream, now_ms, 0, true, report) > sizeof(report) ||
	    zv_rtp_source_lost(&stream.source) > UINT32_MAX / 2)
		__builtin_trap();
	return 0;
}
