/* media/kinds.h -- what io.c chooses from.  Inside core/media only; threads as io.h. */
#ifndef ZV_MEDIA_KINDS_H
#define ZV_MEDIA_KINDS_H

#include "media/io.h"

/* Errors as zv_media_create; ZV_EDENIED: this machine or these rights do not allow it, text says
 * what is missing. */
enum zv_err zv_shared_hub(const struct zv_media_plan *plan, char *text, size_t text_size,
			  struct zv_packet_hub **ret_hub) ZV_MUST_USE;
#ifdef ZV_HAVE_URING
enum zv_err zv_uring_hub(const struct zv_media_plan *plan, char *text, size_t text_size,
			 struct zv_packet_hub **ret_hub) ZV_MUST_USE;
#endif

#endif
