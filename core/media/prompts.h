/* media/prompts.h -- recorded and rendered prompts: one shared copy each, by hash of the text.
 *
 * Thread: adding on io threads (locks inside); looking up on media threads without a lock.
 * Audio is never freed while media runs.
 */
#ifndef ZV_MEDIA_PROMPTS_H
#define ZV_MEDIA_PROMPTS_H

#include <stddef.h>
#include <stdint.h>

#include "zvonar/err.h"

struct zv_prompts;

enum zv_err zv_prompts_create(uint32_t max, struct zv_prompts **ret_prompts) ZV_MUST_USE;
void zv_prompts_destroy(struct zv_prompts *prompts); /* accepts NULL */

/* Reads a WAV file of any usual rate, width and channel count (libsndfile), converts it once to
 * 8 kHz A-law and mu-law and adds it under the hash (never 0).  ZV_EEXIST is not an error: it is
 * there.  ZV_ENOENT, ZV_EPARSE, ZV_EFULL. */
enum zv_err zv_prompts_add_wav(struct zv_prompts *prompts, uint64_t hash, const char *path) ZV_MUST_USE;

/* Replaces the WAV file by one of 8 kHz, mono, 16 bits, which costs nothing to convert when it is
 * added at each later start.  After an error the file is what it was.  As zv_prompts_add_wav, and
 * ZV_EIO. */
enum zv_err zv_prompts_shrink_wav(const char *path) ZV_MUST_USE;

struct zv_audio {
	const uint8_t *alaw, *ulaw; /* n samples each */
	uint32_t n;
};
/* Lock-free; false: no such prompt. */
int zv_prompts_find(const struct zv_prompts *prompts, uint64_t hash, struct zv_audio *ret_audio);

#endif
