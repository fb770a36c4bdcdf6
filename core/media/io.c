#include "media/io.h"
#include "media/kinds.h"

#include <stdio.h>
#include <stdlib.h>

const char *zv_packet_io_name(enum zv_media_io kind)
{
	switch (kind) {
	case ZV_IO_SOCKETS:
		return "sockets";
	case ZV_IO_URING:
		return "uring";
	case ZV_IO_SHARED:
		return "shared";
	case ZV_IO_DPDK:
		return "dpdk";
	case ZV_IO_AUTO:
		break;
	}
	return "auto";
}

/* ---- a socket a port ---- */

static enum zv_err open_sockets(struct zv_packet_hub *hub, uint32_t thread, char *text,
				size_t text_size, struct zv_packet_io **ret_io)
{
	return zv_sockets_create(hub->plan, thread, text, text_size, ret_io);
}

static void free_hub(struct zv_packet_hub *hub)
{
	free(hub);
}

static const struct zv_packet_hub_ops sockets_hub = {.open = open_sockets, .destroy = free_hub};

static enum zv_err make_sockets(const struct zv_media_plan *plan, struct zv_packet_hub **ret_hub)
{
	struct zv_packet_hub *hub = calloc(1, sizeof(*hub));

	if (hub == NULL)
		return ZV_ENOMEM;
	hub->ops = &sockets_hub;
	hub->plan = plan;
	hub->kind = ZV_IO_SOCKETS;
	hub->n_fds = plan->n_slots + 2 * plan->n_threads;
	*ret_hub = hub;
	return ZV_OK;
}

/* ---- the choice ---- */

static enum zv_err open_uring(const struct zv_media_plan *plan, char *text, size_t text_size,
			      struct zv_packet_hub **ret_hub)
{
#ifdef ZV_HAVE_URING
	return zv_uring_hub(plan, text, text_size, ret_hub);
#else
	(void)plan;
	(void)ret_hub;
	(void)snprintf(text, text_size, "this build has no io_uring (liburing-dev)");
	return ZV_EDENIED;
#endif
}

/* Where a kind cannot work here: the plain one, and why. */
static enum zv_err instead(const struct zv_media_plan *plan, const char *why, struct zv_packet_hub **ret_hub)
{
	enum zv_err err = make_sockets(plan, ret_hub);

	if (err == ZV_OK)
		(void)snprintf((*ret_hub)->note, sizeof((*ret_hub)->note), "%s", why);
	return err;
}

/* By what bench/media and bench/bridge show on such machines: shared costs a quarter to a third less
 * than sockets; uring saves a tenth of a bridged packet, and costs a tenth more where prompts play and
 * sockets are read every 40 ms.  So uring runs only by its name. */
static enum zv_err choose(const struct zv_media_plan *plan, char *text, size_t text_size,
			  struct zv_packet_hub **ret_hub)
{
	enum zv_err err = zv_shared_hub(plan, text, text_size, ret_hub);

	if (err != ZV_EDENIED)
		return err;
	err = make_sockets(plan, ret_hub);
	if (err == ZV_OK)
		(void)snprintf((*ret_hub)->about, sizeof((*ret_hub)->about), "(not shared: %s)", text);
	return err;
}

enum zv_err zv_packet_hub_open(const struct zv_media_params *params, char *text, size_t text_size,
			       struct zv_packet_hub **ret_hub)
{
	enum zv_err err;

	switch (params->io) {
	case ZV_IO_AUTO:
		return choose(params->plan, text, text_size, ret_hub);
	case ZV_IO_SOCKETS:
		return make_sockets(params->plan, ret_hub);
	case ZV_IO_SHARED:
		err = zv_shared_hub(params->plan, text, text_size, ret_hub);
		return err == ZV_EDENIED ? instead(params->plan, text, ret_hub) : err;
	case ZV_IO_URING:
		err = open_uring(params->plan, text, text_size, ret_hub);
		return err == ZV_EDENIED ? instead(params->plan, text, ret_hub) : err;
	case ZV_IO_DPDK:
		return zv_dpdk_hub_open(params, text, text_size, ret_hub);
	}
	return ZV_EINVAL;
}

enum zv_err zv_packet_open(struct zv_packet_hub *hub, uint32_t thread, char *text, size_t text_size,
			   struct zv_packet_io **ret_io)
{
	return hub->ops->open(hub, thread, text, text_size, ret_io);
}

void zv_packet_hub_destroy(struct zv_packet_hub *hub)
{
	if (hub != NULL)
		hub->ops->destroy(hub);
}
