/* media/presses.h -- keys on their way to a far end, one after the other.  Pure.
 *
 * By RFC 4733 if the leg has telephone events: 80 ms of updates, then the end three times, then
 * 60 ms of rest, a packet each 20 ms.  In the audio otherwise (made.h).  While a key is sent the
 * leg's audio is not.
 */
#ifndef ZV_MEDIA_PRESSES_H
#define ZV_MEDIA_PRESSES_H

#include <stdbool.h>
#include <stdint.h>

#define ZV_PRESSES_MAX 16u

struct zv_presses {
	uint8_t n, step;      /* waiting, the one that is sent with them */
	uint8_t events[ZV_PRESSES_MAX];
	uint32_t timestamp;   /* of the one that is sent */
};

/* The RFC 4733 event of '0'..'9' '*' '#' 'A'..'D'; -1: no key. */
int zv_press_event(uint8_t key);
/* false: no such key, or too many wait. */
bool zv_presses_add(struct zv_presses *presses, uint8_t key);

enum zv_press { ZV_PRESS_NONE = 0, ZV_PRESS_EVENT, ZV_PRESS_REST };
struct zv_press_packet {
	uint8_t payload[4];
	uint32_t timestamp;
	bool marker;
};
/* The next 20 ms of a leg with telephone events; timestamp: where its audio stands. */
enum zv_press zv_presses_step(struct zv_presses *presses, uint32_t timestamp,
			      struct zv_press_packet *ret_packet);
/* The next 20 ms of one without: the event and which frame of its audio. */
bool zv_presses_sound(struct zv_presses *presses, uint8_t *ret_event, uint32_t *ret_frame);

#endif
