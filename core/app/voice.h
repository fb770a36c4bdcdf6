/* app/voice.h -- the prompts of the campaigns' scripts: every distinct text is rendered once by
 * the speech synthesiser, kept in a cache on disk, and handed to media.
 *
 * Threads: a few io threads of its own render; prepare is called on the lookahead's thread,
 * the rest on main.  The synthesiser runs as a process with a deadline.
 */
#ifndef ZV_APP_VOICE_H
#define ZV_APP_VOICE_H

#include "app/config.h"
#include "media/prompts.h"
#include "store/store.h"

struct zv_voice;

struct zv_voice_params {
	const struct zv_config *config;
	struct zv_prompts *prompts;
	struct zv_store *store;
	/* Something is ready that was not: a campaign, or a text that a lead waited for.  Called
	 * on an io thread. */
	void (*changed)(void *arg);
	void *arg;
};

/* Makes the cache directory.  ZV_EIO with text, ZV_ENOMEM. */
enum zv_err zv_voice_create(const struct zv_voice_params *params, char *text, size_t text_size,
			    struct zv_voice **ret_voice) ZV_MUST_USE;
void zv_voice_destroy(struct zv_voice *voice); /* ends what renders; accepts NULL */

/* Go through all leads of the campaign (index) and render what they need. */
void zv_voice_scan(struct zv_voice *voice, uint32_t campaign);
/* Has everything that the last scan found been rendered or given up? */
bool zv_voice_scanned(struct zv_voice *voice, uint32_t campaign);

/* The prompts of one lead, by its attributes.  False: some are not rendered yet; they are
 * queued, and `changed` tells when to ask again. */
bool zv_voice_prepare(struct zv_voice *voice, uint32_t campaign, const char *attrs,
		      size_t attrs_len, uint64_t ret_prompts[ZV_PROMPTS_MAX]);

/* texts = done + failed + still to do. */
struct zv_voice_stats { uint32_t texts, done, failed, cached; };
void zv_voice_get_stats(struct zv_voice *voice, struct zv_voice_stats *ret_stats);

#endif
