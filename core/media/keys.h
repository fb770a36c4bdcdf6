/* media/keys.h -- one press is one key, however often and by whatever way it is told.  Pure.
 *
 * Rules:
 * 1. An RFC 4733 event is known by (timestamp, event); its first packet to arrive is the press,
 *    in whatever order packets come and whichever of them are lost.
 * 2. A segment that goes on with an unfinished event of over 65535 units is the same press
 *    (RFC 4733 2.5.1.3).
 * 3. Some senders keep one timestamp for several presses: a marker on a newer packet after the
 *    event's end is a new press.
 * 4. A source that sends events is believed to send them for every press: from then on its
 *    audio is not listened to.  The one press that was heard in-band before its event came
 *    is not told again (same key within ZV_KEYS_SAME_MS).
 */
#ifndef ZV_MEDIA_KEYS_H
#define ZV_MEDIA_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "media/rtp.h"

#define ZV_KEYS_SAME_MS 500
#define ZV_KEYS_RECENT  8

struct zv_keys {
	struct {
		uint32_t timestamp;
		uint16_t seq; /* newest packet of it */
		uint8_t event;
		bool used, ended;
		bool segments; /* rule 2 was used: older timestamps belong to it as well */
	} recent[ZV_KEYS_RECENT];
	uint8_t next;      /* the entry to be overwritten */
	bool events;       /* rule 4 */
	char inband_key;   /* heard in-band, its event may still come; 0 = none */
	int64_t inband_ms;
};

void zv_keys_init(struct zv_keys *keys);
/* Another source speaks now: timestamps mean nothing any more.  Keeps what was heard in-band. */
void zv_keys_restart(struct zv_keys *keys);
/* A packet of the event payload type that is no duplicate.  The key pressed, or 0. */
char zv_keys_event(struct zv_keys *keys, const struct zv_rtp *rtp, int64_t now_ms);
/* A key heard in the audio.  The key pressed, or 0: it is told by an event. */
char zv_keys_inband(struct zv_keys *keys, char key, int64_t now_ms);

#endif
