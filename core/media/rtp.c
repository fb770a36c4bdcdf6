#include "media/rtp.h"

#include <string.h>

#include "base/bytes.h"

bool zv_rtp_parse(const uint8_t *data, size_t len, struct zv_rtp *ret_rtp)
{
	size_t at = ZV_RTP_HEADER, end = len;

	if (len < ZV_RTP_HEADER || data[0] >> 6 != 2)
		return false;
	at += 4u * (data[0] & 0x0fu); /* CSRCs */
	if (at > end)
		return false;
	if (data[0] & 0x10) { /* extension: profile, number of words, words */
		if (end - at < 4)
			return false;
		at += 4u + 4u * (size_t)zv_get_be16(data + at + 2);
		if (at > end)
			return false;
	}
	if (data[0] & 0x20) { /* padding: the last octet counts itself */
		uint8_t pad = data[len - 1];

		if (pad == 0 || pad > end - at)
			return false;
		end -= pad;
	}
	*ret_rtp = (struct zv_rtp){
		.payload_type = data[1] & 0x7f,
		.marker = data[1] >> 7,
		.seq = zv_get_be16(data + 2),
		.timestamp = zv_get_be32(data + 4),
		.ssrc = zv_get_be32(data + 8),
		.payload = data + at,
		.len = (uint32_t)(end - at),
	};
	return true;
}

bool zv_tone_event_parse(const uint8_t *payload, size_t len, struct zv_tone_event *ret_event)
{
	if (len < 4)
		return false;
	*ret_event = (struct zv_tone_event){
		.event = payload[0],
		.end = payload[1] >> 7,
		.duration = zv_get_be16(payload + 2),
	};
	return true;
}

#define MAX_DROPOUT  3000u /* RFC 3550 A.1 */
#define MAX_MISORDER 100u
#define NO_SEQ       0x10000u

static uint32_t lost_of_ssrc(const struct zv_rtp_source *s)
{
	uint32_t expected = s->cycles + s->max_seq - s->base + 1;

	return s->valid && expected > s->received ? expected - s->received : 0;
}

static void restart(struct zv_rtp_source *s, const struct zv_rtp *rtp)
{
	uint32_t duplicates = s->duplicates, reordered = s->reordered;
	uint32_t lost = s->lost_before + lost_of_ssrc(s);

	memset(s, 0, sizeof(*s));
	s->valid = true;
	s->ssrc = rtp->ssrc;
	s->max_seq = rtp->seq;
	s->base = rtp->seq;
	s->seen = 1;
	s->received = 1;
	s->bad_seq = NO_SEQ;
	s->duplicates = duplicates;
	s->reordered = reordered;
	s->lost_before = lost;
}

/* Older than the newest by `behind`. */
static enum zv_rtp_take take_late(struct zv_rtp_source *s, uint32_t behind)
{
	uint64_t bit = behind < 64 ? UINT64_C(1) << behind : 0;

	if (bit == 0 || s->seen & bit) { /* too old to tell counts as seen */
		s->duplicates++;
		return ZV_RTP_DUPLICATE;
	}
	s->seen |= bit;
	s->received++;
	s->reordered++;
	return ZV_RTP_LATE;
}

enum zv_rtp_take zv_rtp_source_take(struct zv_rtp_source *s, const struct zv_rtp *rtp)
{
	uint16_t ahead = (uint16_t)(rtp->seq - s->max_seq);

	if (!s->valid || rtp->ssrc != s->ssrc) {
		restart(s, rtp);
		return ZV_RTP_RESTART;
	}
	if (ahead == 0)
		return take_late(s, 0);
	if (ahead < MAX_DROPOUT) {
		if (rtp->seq < s->max_seq)
			s->cycles += 0x10000;
		s->max_seq = rtp->seq;
		s->seen = ahead < 64 ? s->seen << ahead | 1 : 1;
		s->received++;
		s->bad_seq = NO_SEQ;
		return ZV_RTP_NEXT;
	}
	if (ahead > 0x10000 - MAX_MISORDER)
		return take_late(s, 0x10000u - ahead);
	/* Two in a row out there: the sender began anew without saying so. */
	if (rtp->seq == s->bad_seq) {
		restart(s, rtp);
		return ZV_RTP_RESTART;
	}
	s->bad_seq = (uint16_t)(rtp->seq + 1);
	return ZV_RTP_STRAY;
}

void zv_rtp_source_jitter(struct zv_rtp_source *s, uint32_t timestamp, uint32_t arrival)
{
	uint32_t transit = arrival - timestamp;
	int64_t d = (int32_t)(transit - s->transit); /* 64 bits: INT32_MIN has no opposite */

	s->transit = transit;
	if (s->received < 2)
		return;
	if (d < 0)
		d = -d;
	if (d > 8000) /* over a second: a clock stepped, or another stream of audio */
		return;
	s->jitter_q4 += (uint32_t)d - ((s->jitter_q4 + 8) >> 4);
}

uint32_t zv_rtp_source_lost(const struct zv_rtp_source *s)
{
	return s->lost_before + lost_of_ssrc(s);
}

uint32_t zv_rtp_source_jitter_us(const struct zv_rtp_source *s)
{
	return (uint32_t)((uint64_t)(s->jitter_q4 >> 4) * 125);
}
