/* dial/dialog.h -- the facts of an answered call that must survive a crash, on their way from
 * the sip thread to the store and back as an acknowledgement.
 *
 * The ACK to a 200 is sent when the facts are on disk (or after ack_wait_ms at the latest):
 * then after a crash either the facts are there for a BYE, or the trunk repeats its 200.
 * Nobody waits for it: media starts at the 200.
 */
#ifndef ZV_DIAL_DIALOG_H
#define ZV_DIAL_DIALOG_H

#include "dial/ids.h"

#define ZV_DIALOG_TEXT_MAX 288

struct zv_dialog {
	struct zv_attempt_id attempt;
	struct zv_leg_id leg;
	uint16_t trunk;
	uint8_t sub;
	uint8_t complete; /* 0: a text did not fit; the call cannot be ended after a crash */
	uint32_t cseq;
	char remote_tag[96];
	char contact[ZV_DIALOG_TEXT_MAX]; /* the URI for in-dialog requests */
	char route[ZV_DIALOG_TEXT_MAX];   /* Route header's value, in sending order; "" = none */
};

/* From the store to the sip shard: the facts of this leg are flushed. */
struct zv_dialog_ack {
	struct zv_attempt_id attempt;
	struct zv_leg_id leg;
};

#endif
