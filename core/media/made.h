/* media/made.h -- sounds that media makes itself: the tone before a customer, ring-back, music on
 * hold, and the keys' tones for a leg without telephone events.
 *
 * Thread: made at boot, read by all media threads.
 */
#ifndef ZV_MEDIA_MADE_H
#define ZV_MEDIA_MADE_H

#include <stdbool.h>

#include "media/prompts.h"

#define ZV_MADE_KEYS 16u

struct zv_made;

enum zv_err zv_made_create(struct zv_made **ret_made) ZV_MUST_USE; /* ZV_ENOMEM */
void zv_made_destroy(struct zv_made *made);                        /* accepts NULL */
/* ZV_PROMPT_*; false: none of them. */
bool zv_made_find(const struct zv_made *made, uint64_t prompt, struct zv_audio *ret_audio);
/* key: its RFC 4733 event.  100 ms of tone, 60 ms of silence. */
struct zv_audio zv_made_key(const struct zv_made *made, uint8_t event);

#endif
