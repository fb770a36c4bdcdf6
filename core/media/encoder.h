/* media/encoder.h -- the thread that encodes finished recordings, one after the other, behind
 * everything else (nice 10).  Inside core/media only.
 *
 * Thread: its own; zv_encoder_add from the tape's thread.
 */
#ifndef ZV_MEDIA_ENCODER_H
#define ZV_MEDIA_ENCODER_H

#include <limits.h>

#include "media/tape.h"

struct zv_encoder_job {
	struct zv_taped recording; /* path, bytes, duration and sum are the encoder's */
	char path[PATH_MAX];           /* below the folder, without its ending */
};

struct zv_encoder;
/* Looks for WAVs that are there already: they are its first jobs.  params: borrowed while it
 * lives. */
enum zv_err zv_encoder_create(const struct zv_tape_params *params, struct zv_encoder **ret_encoder) ZV_MUST_USE;
void zv_encoder_destroy(struct zv_encoder *encoder); /* accepts NULL */
enum zv_err zv_encoder_start(struct zv_encoder *encoder) ZV_MUST_USE;
/* After the job that it is at. */
void zv_encoder_stop(struct zv_encoder *encoder);
enum zv_err zv_encoder_add(struct zv_encoder *encoder, const struct zv_encoder_job *job) ZV_MUST_USE;
/* encoded, failed, waiting. */
void zv_encoder_get_stats(struct zv_encoder *encoder, struct zv_tape_stats *ret_stats);

#endif
