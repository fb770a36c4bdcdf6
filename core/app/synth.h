/* app/synth.h -- one text to one WAV file by the speech synthesiser, a process of its own.
 *
 * Thread: an io thread; blocks up to timeout_ms.
 */
#ifndef ZV_APP_SYNTH_H
#define ZV_APP_SYNTH_H

#include <stdint.h>

#include "zvonar/err.h"

struct zv_synth_job {
	const char *program; /* espeak-ng, or what takes the same options */
	const char *voice;
	uint32_t rate;       /* words a minute */
	uint32_t timeout_ms;
	const char *text;    /* goes to the standard input, never to the command line */
	const char *path;    /* written whole or not at all */
};

/* ZV_ENOENT: no such program; ZV_ETIMEDOUT; ZV_EIO: it failed (its status is logged). */
enum zv_err zv_synth_run(const struct zv_synth_job *job) ZV_MUST_USE;

#endif
