/* media/threads.h -- how a media thread finds its streams.  Inside core/media only. */
#ifndef ZV_MEDIA_THREADS_H
#define ZV_MEDIA_THREADS_H

#include "media/streams.h"

/* NULL: no such thread. */
struct zv_streams *zv_media_streams(struct zv_media *media, uint32_t thread);

#endif
