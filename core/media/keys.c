#include "media/keys.h"

#include <string.h>

static const char key_of_event[] = "0123456789*#ABCD";

void zv_keys_init(struct zv_keys *keys)
{
	memset(keys, 0, sizeof(*keys));
}

void zv_keys_restart(struct zv_keys *keys)
{
	memset(keys->recent, 0, sizeof(keys->recent));
	keys->events = false;
}

/* Rule 1, 2 and 3: is it a packet of a press that was told? */
static bool told(struct zv_keys *keys, const struct zv_rtp *rtp, const struct zv_tone_event *ev)
{
	for (int i = 0; i < ZV_KEYS_RECENT; i++) {
		uint32_t since = rtp->timestamp - keys->recent[i].timestamp;
		bool newer = (int16_t)(rtp->seq - keys->recent[i].seq) > 0;

		if (!keys->recent[i].used || keys->recent[i].event != ev->event)
			continue;
		if (since == 0 && rtp->marker && newer && keys->recent[i].ended)
			continue;
		if (since != 0 && !(keys->recent[i].segments && since >= 0xffff0000)) {
			if (keys->recent[i].ended || since < 0xf000 || since > 0x10000)
				continue;
			keys->recent[i].timestamp = rtp->timestamp;
			keys->recent[i].segments = true;
		}
		if (newer)
			keys->recent[i].seq = rtp->seq;
		keys->recent[i].ended |= ev->end;
		return true;
	}
	return false;
}

char zv_keys_event(struct zv_keys *keys, const struct zv_rtp *rtp, int64_t now_ms)
{
	struct zv_tone_event ev;
	char key;

	if (!zv_tone_event_parse(rtp->payload, rtp->len, &ev) || ev.event > 15)
		return 0;
	if (told(keys, rtp, &ev))
		return 0;
	keys->recent[keys->next].timestamp = rtp->timestamp;
	keys->recent[keys->next].seq = rtp->seq;
	keys->recent[keys->next].segments = false;
	keys->recent[keys->next].event = ev.event;
	keys->recent[keys->next].ended = ev.end;
	keys->recent[keys->next].used = true;
	keys->next = (uint8_t)((keys->next + 1) % ZV_KEYS_RECENT);
	keys->events = true;
	key = key_of_event[ev.event];
	if (keys->inband_key == key && now_ms - keys->inband_ms <= ZV_KEYS_SAME_MS)
		key = 0;
	keys->inband_key = 0;
	return key;
}

char zv_keys_inband(struct zv_keys *keys, char key, int64_t now_ms)
{
	if (keys->events)
		return 0;
	keys->inband_key = key;
	keys->inband_ms = now_ms;
	return key;
}
