/* media/eartap.h -- a leg that is listened to, as its media thread sees it: what comes in on it is
 * pushed into the ring of ear.h.
 *
 * Thread: the media thread.  No waiting: what finds the ring full is counted, and is silence to
 * the detector.
 */
#ifndef ZV_MEDIA_EARTAP_H
#define ZV_MEDIA_EARTAP_H

#include <stdatomic.h>

#include "base/ring.h"
#include "dial/command.h"
#include "media/link.h"
#include "media/rtp.h"

enum zv_ear_what { ZV_EAR_BEGIN = 1, ZV_EAR_FRAME, ZV_EAR_END };
#define ZV_EAR_FRAME_MAX 240u /* octets: 30 ms; longer packets go in parts */

struct zv_ear_msg {
	uint8_t what, law;
	uint16_t len, trunk;
	uint32_t timestamp;
	struct zv_leg_id leg;
	struct zv_attempt_id attempt;
	int64_t at_ms; /* monotonic */
	union {
		uint8_t payload[ZV_EAR_FRAME_MAX];
		struct zv_listen listen;
	} u;
};

struct zv_ear_tap {
	struct zv_ring *ring;        /* NULL: nobody listens here */
	_Atomic uint64_t *lost;      /* of struct zv_streams */
	const _Atomic uint32_t *done; /* the ear's: gen of the leg's listening that is over */
	bool on;
	uint32_t serial;             /* of the listening, told with BEGIN */
	int64_t until_ms;            /* nobody listens longer, whatever is done */
};

/* The leg was opened: nobody listens yet. */
void zv_ear_tap_reset(struct zv_ear_tap *tap);
/* MEDIA_LISTEN.  trunk, attempt: of the stream. */
void zv_ear_tap_command(struct zv_ear_tap *tap, const struct zv_cmd *cmd, uint16_t trunk,
			struct zv_attempt_id attempt, int64_t now_ms);
/* An audio packet that came in, no duplicate. */
void zv_ear_tap_frame(struct zv_ear_tap *tap, struct zv_leg_id leg, const struct zv_rtp *rtp,
		      int64_t now_ms);
void zv_ear_tap_end(struct zv_ear_tap *tap, struct zv_leg_id leg, int64_t now_ms);

#endif
