/* media/ear.h -- answer detection: what comes in on the legs that are listened to, from the media
 * threads to detectors (detect/), and their verdicts to the engine.
 *
 * Thread: zv_ears_thread alone runs detectors; no media thread waits for it, a full ring loses
 * frames, which are counted and are silence to the detector.  Memory is taken at create: a
 * detector a customer's slot (ZV_EAR_BYTES of address space; touched when it is used).
 *
 * Rules:
 * 1. A detector's time is the call's: packets that were lost, dropped or never sent (comfort
 *    noise) are silence of their length, by timestamps as far as the clock agrees.
 * 2. A verdict is told once; with `revise` again when it changes.  It ends with the verdict, with
 *    the analysis time, with OFF, another LISTEN or the leg.
 * 3. Verdicts that find the engine's ring full are kept and tried again.
 */
#ifndef ZV_MEDIA_EAR_H
#define ZV_MEDIA_EAR_H

#include <stdbool.h>

#include "base/ring.h"
#include "dial/event.h"

#define ZV_EAR_BYTES 704u

struct zv_ears_params {
	uint32_t n_threads;       /* media threads */
	uint32_t n_slots;         /* legs that may be listened to: slots below */
	uint32_t places;          /* of a media thread's ring; 0: by n_slots */
	struct zv_ring *events;   /* to the engine; this thread alone writes it */
};

struct zv_ears;
/* ZV_EINVAL, ZV_ENOMEM. */
enum zv_err zv_ears_create(const struct zv_ears_params *params, struct zv_ears **ret_ears) ZV_MUST_USE;
void zv_ears_destroy(struct zv_ears *ears); /* accepts NULL; after the media threads */

/* Runs until *stop; what is still in the rings is dropped. */
enum zv_err zv_ears_thread(struct zv_ears *ears, const _Atomic bool *stop) ZV_MUST_USE;

/* One look at the rings and the clock: what the thread does.  The detectors that still listen. */
uint32_t zv_ears_look(struct zv_ears *ears, int64_t now_ms);

struct zv_ears_stats {
	uint64_t begun, verdicts;
	uint32_t live, peak;
};
void zv_ears_get_stats(const struct zv_ears *ears, struct zv_ears_stats *ret_stats);

/* The ring of media thread i, and the word that says which listening of a slot is over (NULL
 * beyond n_slots); for core/media. */
struct zv_ring *zv_ears_ring(struct zv_ears *ears, uint32_t thread);
const _Atomic uint32_t *zv_ears_done(const struct zv_ears *ears, uint32_t slot);

#endif
