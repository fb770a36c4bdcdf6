#include "media/outbox.h"

#include <stdlib.h>
#include <string.h>

enum zv_err zv_outbox_init(struct zv_outbox *box, uint32_t n_streams)
{
	uint32_t n = 1024;

	while (n < 16 * n_streams)
		n <<= 1;
	memset(box, 0, sizeof(*box));
	box->v = calloc(n, sizeof(*box->v));
	box->mask = n - 1;
	return box->v != NULL ? ZV_OK : ZV_ENOMEM;
}

void zv_outbox_fini(struct zv_outbox *box)
{
	free(box->v);
	box->v = NULL;
}

bool zv_outbox_flush(struct zv_outbox *box)
{
	while (box->tail != box->head) {
		if (zv_ring_room(box->ring) == 0 ||
		    zv_ring_push(box->ring, &box->v[box->tail & box->mask]) != ZV_OK)
			return false;
		box->tail++;
	}
	return true;
}

void zv_outbox_push(struct zv_outbox *box, const struct zv_event *event)
{
	uint32_t used = box->head - box->tail;

	if (used > box->mask || (used > box->mask / 2 && event->type == ZV_EV_MEDIA_KEY)) {
		box->dropped++;
		return;
	}
	box->v[box->head++ & box->mask] = *event;
	zv_outbox_flush(box);
}
