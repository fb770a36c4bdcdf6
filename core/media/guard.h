/* media/guard.h -- which legs of a media thread go by SRTP, and their packets in and out.
 *
 * Thread: the media thread.  Nothing here allocates or waits (srtp.h says what libsrtp2 does at a
 * new SSRC): ways are made by smith.h, and until they are there the leg is mute: it sends nothing,
 * its prompt waits, and what comes is not heard.  A leg of which the table of keys does not say how
 * it goes stays mute.  Without a table all legs are plain.
 */
#ifndef ZV_MEDIA_GUARD_H
#define ZV_MEDIA_GUARD_H

#include "media/packet.h"
#include "media/smith.h"

struct zv_streams;

struct zv_guard {
	uint8_t how;      /* enum zv_secrecy */
	uint8_t suite;    /* of out */
	bool asked, wanted; /* of the smith; wanted: to be asked again */
	uint32_t slot, gen, ssrc;
	uint32_t version; /* of the keys in use */
	uint32_t place;   /* in the lists of struct zv_guards; UINT32_MAX: not there */
	struct zv_srtp *out, *in;
	struct zv_srtp *old_out, *old_in; /* which the smith's ring had no room for */
};

struct zv_guards {
	struct zv_smith *smith;           /* NULL: all is plain */
	const struct zv_secrets *secrets;
	struct zv_guard *v;               /* by stream */
	uint32_t n, thread, waiting;      /* waiting: legs that asked, or want to */
	/* legs by SRTP and the SSRC of their far end, to know whose a report is */
	uint32_t *ids, *ssrcs, n_secure;
	uint64_t forged, replayed, unsent;
};

/* smith may be NULL. */
enum zv_err zv_guards_init(struct zv_guards *guards, struct zv_smith *smith, const struct zv_secrets *secrets,
			   uint32_t thread, uint32_t n) ZV_MUST_USE;
/* The media thread has ended, the smith not yet. */
void zv_guards_fini(struct zv_guards *guards);

/* MEDIA_OPEN of a stream, the first or another. */
void zv_guard_open(struct zv_guards *guards, uint32_t id, struct zv_leg_id leg, uint32_t ssrc);
void zv_guard_close(struct zv_guards *guards, uint32_t id);
/* Takes what the smith has made, and asks him again; each tick. */
void zv_guards_work(struct zv_guards *guards);

static inline bool zv_guard_is_plain(const struct zv_guards *g, uint32_t id)
{
	return g->smith == NULL || g->v[id].how == ZV_SECRECY_PLAIN;
}

/* May the stream's packets leave now? */
static inline bool zv_guard_speaks(const struct zv_guards *g, uint32_t id)
{
	return zv_guard_is_plain(g, id) || (g->v[id].how == ZV_SECRECY_SRTP && g->v[id].out != NULL);
}

/* In place, ZV_SRTP_ROOM bytes behind *len; false: not to be sent. */
bool zv_guard_seal(struct zv_guards *guards, uint32_t id, uint8_t *data, uint32_t *len);
bool zv_guard_seal_report(struct zv_guards *guards, uint32_t id, uint8_t *data, uint32_t *len);
/* In place; false: not to be heard. */
bool zv_guard_unseal(struct zv_guards *guards, uint32_t id, struct zv_packet *packet);
/* A report by SRTCP: the stream whose it is, in the clear now; UINT32_MAX: it is nobody's, or plain
 * (*ret_plain). */
uint32_t zv_guard_unseal_report(struct zv_guards *guards, struct zv_packet *packet, bool *ret_plain);

#endif
