/* dial/recover.h -- an attempt that a crash left open, as the store found it at start.
 *
 * The store has already written its outcome `unknown`.  sip ends what is left on the trunk:
 * a CANCEL rebuilt from the intent, or a BYE from the dialog's facts.
 */
#ifndef ZV_DIAL_RECOVER_H
#define ZV_DIAL_RECOVER_H

#include "dial/dialog.h"

struct zv_open_attempt {
	struct zv_attempt_id attempt;
	struct zv_leg_id leg; /* of before the crash: its slot keeps its RTP port */
	uint64_t lead, person;
	uint32_t campaign;
	uint16_t trunk;       /* index in the configuration at the time; trunk_name decides */
	char trunk_name[32];
	uint8_t sub;
	uint8_t number, round;
	uint8_t has_dialog;
	uint64_t called, caller;
	int64_t intent_ms;    /* calendar */
	int64_t wall_ms;      /* real time of the intent: older than 10 minutes, nothing is sent */
	struct zv_dialog dialog;
};

#endif
