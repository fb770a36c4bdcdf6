#include "media/presses.h"

#include <string.h>

#include "base/bytes.h"
#include "media/rtp.h"

#define UPDATES 4u
#define ENDS    3u
#define RESTS   3u
#define FRAMES  8u  /* of a key in the audio, see made.h */
#define VOLUME  10u /* -10 dBm0 */

int zv_press_event(uint8_t key)
{
	static const char keys[] = "0123456789*#ABCD";
	const char *at = key != 0 ? strchr(keys, key) : NULL;

	return at != NULL ? (int)(at - keys) : -1;
}

bool zv_presses_add(struct zv_presses *p, uint8_t key)
{
	int event = zv_press_event(key);

	if (event < 0 || p->n == ZV_PRESSES_MAX)
		return false;
	p->events[p->n++] = (uint8_t)event;
	return true;
}

static void next(struct zv_presses *p)
{
	p->step = 0;
	p->n--;
	memmove(p->events, p->events + 1, p->n);
}

enum zv_press zv_presses_step(struct zv_presses *p, uint32_t timestamp,
			      struct zv_press_packet *ret_packet)
{
	uint32_t step;
	bool end;

	if (p->n == 0)
		return ZV_PRESS_NONE;
	step = p->step++;
	if (step >= UPDATES + ENDS) {
		if (step + 1 >= UPDATES + ENDS + RESTS)
			next(p);
		return ZV_PRESS_REST;
	}
	if (step == 0)
		p->timestamp = timestamp;
	end = step >= UPDATES;
	*ret_packet = (struct zv_press_packet){.timestamp = p->timestamp, .marker = step == 0};
	ret_packet->payload[0] = p->events[0];
	ret_packet->payload[1] = (uint8_t)((end ? 0x80u : 0u) | VOLUME);
	zv_put_be16(ret_packet->payload + 2,
		    (uint16_t)(ZV_FRAME_SAMPLES * (end ? UPDATES + 1 : step + 1)));
	return ZV_PRESS_EVENT;
}

bool zv_presses_sound(struct zv_presses *p, uint8_t *ret_event, uint32_t *ret_frame)
{
	if (p->n == 0)
		return false;
	*ret_event = p->events[0];
	*ret_frame = p->step++;
	if (p->step >= FRAMES)
		next(p);
	return true;
}
