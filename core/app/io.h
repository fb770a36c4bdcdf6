/* app/io.h -- a thread for short work that waits for the disk (writes of the API), so that the http
 * thread does not.
 *
 * Any thread may post; jobs run one after the other in the order of posting.
 */
#ifndef ZV_APP_IO_H
#define ZV_APP_IO_H

#include <stdint.h>

#include "zvonar/err.h"

struct zv_io;

/* most: jobs that may wait.  ZV_ENOMEM. */
enum zv_err zv_io_create(uint32_t most, struct zv_io **ret_io) ZV_MUST_USE;
/* Runs what was posted, then ends its thread; what is posted later is refused.  The creator's thread.
 * Accepts NULL. */
void zv_io_stop(struct zv_io *io);
/* The same, and frees it.  Accepts NULL. */
void zv_io_destroy(struct zv_io *io);
/* run is called once, and frees arg if it is to be freed.  ZV_EFULL: never called. */
enum zv_err zv_io_post(struct zv_io *io, void (*run)(void *arg), void *arg) ZV_MUST_USE;

#endif
