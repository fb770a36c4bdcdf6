/* media/rec.h -- a leg that is recorded, as its media thread sees it: frames with their place in
 * the file, pushed into the ring of tape.h.
 *
 * Thread: the media thread.  No waiting: what finds the ring full is counted.
 */
#ifndef ZV_MEDIA_REC_H
#define ZV_MEDIA_REC_H

#include <stdatomic.h>

#include "base/ring.h"
#include "dial/command.h"
#include "media/link.h"

enum zv_rec_what { ZV_REC_BEGIN = 1, ZV_REC_FRAME, ZV_REC_END };
enum zv_rec_side { ZV_REC_LEFT = 0, ZV_REC_RIGHT = 1 };

struct zv_rec_msg {
	uint8_t what, side, law;
	uint16_t len;
	uint32_t serial, at; /* at: samples since the beginning */
	struct zv_leg_id leg;
	union {
		uint8_t payload[ZV_FRAME_MAX];
		struct {
			struct zv_attempt_id attempt;
			uint64_t lead;
			int64_t cal_ms;
			uint32_t campaign, agent;
		} begin;
	} u;
};

struct zv_rec {
	bool on, paused;
	bool begun;                   /* BEGIN found a place */
	uint32_t serial;
	struct zv_ring *ring;         /* NULL: nothing is recorded here */
	_Atomic uint64_t *lost;       /* of struct zv_streams */
	int64_t start_ms, cal_ms;
	struct zv_attempt_id attempt;
	uint64_t lead;
	uint32_t campaign, agent;
	struct { bool set; uint32_t off; } side[2];
};

/* The leg was opened: nothing is recorded yet. */
void zv_rec_reset(struct zv_rec *rec);
/* attempt: of the stream, if the command names none. */
void zv_rec_command(struct zv_rec *rec, const struct zv_cmd *cmd, struct zv_attempt_id attempt,
		    int64_t now_ms);
/* A frame that came in or went out, by its RTP timestamp. */
struct zv_rec_frame {
	uint8_t side, law;
	uint16_t len;
	uint32_t timestamp;
	const uint8_t *payload;
};
void zv_rec_frame(struct zv_rec *rec, struct zv_leg_id leg, const struct zv_rec_frame *frame,
		  int64_t now_ms);
void zv_rec_end(struct zv_rec *rec, struct zv_leg_id leg, int64_t now_ms);

#endif
