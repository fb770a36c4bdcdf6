#include "media/inband.h"

#include <spandsp.h>
#include <stdlib.h>
#include <string.h>

#define HELD_BYTES 240u /* 30 ms; longer packets are not held back */
/* Below -46 dBm0 (mean square of 16 bit samples) there is no tone that counts: Q.24 lets a
 * receiver end its range far above. */
#define QUIET_MEAN_SQUARE 6500
#define QUIET_FRAMES      3u /* the detector is shown so many, to see the end of a tone */

struct held {
	bool used;
	uint8_t payload_type;
	uint16_t len;
	uint8_t payload[HELD_BYTES];
};

struct zv_inband {
	dtmf_rx_state_t *dtmf;
	bool begun;
	uint16_t next; /* sequence number expected */
	uint32_t quiet;
	uint32_t n_held;
	struct held held[ZV_INBAND_HOLD]; /* by seq % ZV_INBAND_HOLD */
};

enum zv_err zv_inband_create(uint32_t n, struct zv_inband **ret_inband)
{
	struct zv_inband *all = calloc(n > 0 ? n : 1, sizeof(*all));

	if (all == NULL)
		return ZV_ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		all[i].dtmf = dtmf_rx_init(NULL, NULL, NULL);
		if (all[i].dtmf == NULL) {
			zv_inband_destroy(all, n);
			return ZV_ENOMEM;
		}
	}
	*ret_inband = all;
	return ZV_OK;
}

void zv_inband_destroy(struct zv_inband *inband, uint32_t n)
{
	if (inband == NULL)
		return;
	for (uint32_t i = 0; i < n; i++)
		if (inband[i].dtmf != NULL)
			dtmf_rx_free(inband[i].dtmf);
	free(inband);
}

struct zv_inband *zv_inband_at(struct zv_inband *inband, uint32_t i)
{
	return &inband[i];
}

void zv_inband_restart(struct zv_inband *inband)
{
	dtmf_rx_init(inband->dtmf, NULL, NULL); /* memory given: allocates nothing */
	inband->begun = false;
	inband->quiet = 0;
	inband->n_held = 0;
	for (uint32_t i = 0; i < ZV_INBAND_HOLD; i++)
		inband->held[i].used = false;
}

/* 20 ms or less at a time through the detector. */
static void listen(struct zv_inband *b, const int16_t *linear, const uint8_t *payload, uint32_t n)
{
	int16_t frame[ZV_FRAME_SAMPLES];
	int64_t energy = 0;

	for (uint32_t i = 0; i < n; i++)
		frame[i] = linear[payload[i]];
	for (uint32_t i = 0; i < n; i++)
		energy += (int32_t)frame[i] * frame[i];
	b->quiet = energy < (int64_t)QUIET_MEAN_SQUARE * n ? b->quiet + 1 : 0;
	if (b->quiet <= QUIET_FRAMES)
		dtmf_rx(b->dtmf, frame, (int)n);
}

static void hear(struct zv_inband *b, uint8_t payload_type, const uint8_t *payload, uint32_t len)
{
	const int16_t *linear = payload_type == ZV_PCMU ? zv_ulaw_linear : zv_alaw_linear;

	for (uint32_t at = 0; at < len; at += ZV_FRAME_SAMPLES)
		listen(b, linear, payload + at,
		       len - at < ZV_FRAME_SAMPLES ? len - at : ZV_FRAME_SAMPLES);
}

static void hear_held(struct zv_inband *b)
{
	struct held *h = &b->held[b->next % ZV_INBAND_HOLD];

	if (h->used) {
		hear(b, h->payload_type, h->payload, h->len);
		h->used = false;
		b->n_held--;
	}
	b->next++;
}

static void hold(struct zv_inband *b, const struct zv_rtp *rtp, uint32_t len)
{
	struct held *h = &b->held[rtp->seq % ZV_INBAND_HOLD];

	h->used = true;
	h->payload_type = rtp->payload_type;
	h->len = (uint16_t)len;
	memcpy(h->payload, rtp->payload, len);
	b->n_held++;
}

uint32_t zv_inband_take(struct zv_inband *b, const struct zv_rtp *rtp, char ret_keys[8])
{
	bool audio = rtp->payload_type == ZV_PCMU || rtp->payload_type == ZV_PCMA;
	uint32_t len = audio ? rtp->len : 0;
	char keys[8 + 1];
	uint32_t n;

	if (!b->begun) {
		b->begun = true;
		b->next = rtp->seq;
	}
	if ((int16_t)(rtp->seq - b->next) < 0)
		return 0; /* too late: the audio went on without it */
	/* Waited long enough for the missing ones. */
	while (b->n_held > 0 && (uint16_t)(rtp->seq - b->next) >= ZV_INBAND_HOLD)
		hear_held(b);
	if ((uint16_t)(rtp->seq - b->next) >= ZV_INBAND_HOLD || len > HELD_BYTES) {
		while (b->n_held > 0)
			hear_held(b);
		b->next = rtp->seq;
	}
	if (rtp->seq == b->next) {
		hear(b, rtp->payload_type, rtp->payload, len);
		b->next++;
		while (b->n_held > 0 && b->held[b->next % ZV_INBAND_HOLD].used)
			hear_held(b);
	} else {
		hold(b, rtp, len);
	}
	n = (uint32_t)dtmf_rx_get(b->dtmf, keys, 8);
	memcpy(ret_keys, keys, n);
	return n;
}
