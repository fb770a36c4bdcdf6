#include "app/wires.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "dial/command.h"
#include "dial/dialog.h"

void zv_wake(int fd)
{
	uint64_t one = 1;
	ssize_t ignored = write(fd, &one, sizeof(one));

	(void)ignored; /* EAGAIN: it is awake already */
}

static enum zv_err open_fds(struct zv_wires *w)
{
	int *const fds[] = {&w->engine_fd, &w->store_fd, &w->lookahead_fd, &w->plugin_fd,
			    &w->main_fd};

	for (uint32_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if ((*fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0)
			return ZV_EIO;
	for (uint32_t i = 0; i < w->n_shards; i++)
		if ((w->sip_fd[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0)
			return ZV_EIO;
	for (uint32_t i = 0; i < w->n_media; i++)
		if ((w->media_fd[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0)
			return ZV_EIO;
	return ZV_OK;
}

static enum zv_err open_rings(struct zv_wires *w, uint32_t calls, uint32_t slabs)
{
	const uint32_t ev = sizeof(struct zv_event), cmd = sizeof(struct zv_cmd);
	const struct { struct zv_ring **ring; uint32_t size, count; int fd; } rows[] = {
		{&w->lookahead_engine, ev, slabs * 2 + 64, w->engine_fd},
		{&w->store_engine, ev, calls * 4 + slabs * 2 + 64, w->engine_fd},
		{&w->plugin_engine, ev, slabs * 2 + 64, w->engine_fd},
		{&w->main_engine, ev, 4096 + calls, w->engine_fd},
		{&w->http_engine, ev, 4096, w->engine_fd},
		{&w->ears_engine, ev, calls + 64, w->engine_fd},
		{&w->engine_store, cmd, calls * 8 + slabs * 2 + 1024, w->store_fd},
		{&w->engine_lookahead, cmd, slabs * 2 + 64, w->lookahead_fd},
		{&w->engine_plugin, cmd, slabs * 2 + 64, w->plugin_fd},
		{&w->engine_main, cmd, 1024, w->main_fd},
	};
	enum zv_err err = ZV_OK;

	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && err == ZV_OK; i++)
		err = zv_ring_create(rows[i].size, rows[i].count, rows[i].fd, rows[i].ring);
	for (uint32_t i = 0; i < w->n_shards && err == ZV_OK; i++) {
		err = zv_ring_create(ev, calls * 4 + 1024, w->engine_fd, &w->sip_engine[i]);
		if (err == ZV_OK)
			err = zv_ring_create(cmd, calls * 3 + 1024, w->sip_fd[i], &w->engine_sip[i]);
		if (err == ZV_OK)
			err = zv_ring_create(sizeof(struct zv_dialog), 2048, w->store_fd,
					     &w->sip_store[i]);
		if (err == ZV_OK)
			err = zv_ring_create(sizeof(struct zv_dialog_ack), 4096, w->sip_fd[i],
					     &w->store_sip[i]);
	}
	for (uint32_t i = 0; i < w->n_media && err == ZV_OK; i++) {
		err = zv_ring_create(ev, calls * 4 + 1024, w->engine_fd, &w->media_engine[i]);
		if (err == ZV_OK)
			err = zv_ring_create(cmd, calls * 4 + 1024, w->media_fd[i],
					     &w->engine_media[i]);
	}
	return err;
}

enum zv_err zv_wires_create(const struct zv_wires_params *params, struct zv_wires **ret_wires)
{
	struct zv_wires *w;
	enum zv_err err;

	if (params->n_sip == 0 || params->n_sip > ZV_SHARDS_MAX || params->n_media == 0 ||
	    params->n_media > ZV_MEDIA_THREADS_MAX)
		return ZV_EINVAL;
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return ZV_ENOMEM;
	w->n_sip = params->n_sip;
	w->n_shards = params->n_sip + params->phones;
	w->n_media = params->n_media;
	w->max_calls = params->max_calls;
	err = open_fds(w);
	if (err == ZV_OK)
		err = open_rings(w, params->n_slots, params->n_slabs);
	if (err != ZV_OK) {
		zv_wires_destroy(w);
		return err;
	}
	*ret_wires = w;
	return ZV_OK;
}

static void close_fd(int fd)
{
	if (fd > 0)
		close(fd);
}

void zv_wires_destroy(struct zv_wires *wires)
{
	if (wires == NULL)
		return;
	zv_ring_destroy(wires->lookahead_engine);
	zv_ring_destroy(wires->store_engine);
	zv_ring_destroy(wires->plugin_engine);
	zv_ring_destroy(wires->main_engine);
	zv_ring_destroy(wires->http_engine);
	zv_ring_destroy(wires->ears_engine);
	zv_ring_destroy(wires->engine_store);
	zv_ring_destroy(wires->engine_lookahead);
	zv_ring_destroy(wires->engine_plugin);
	zv_ring_destroy(wires->engine_main);
	for (uint32_t i = 0; i <= ZV_SHARDS_MAX; i++) {
		zv_ring_destroy(wires->sip_engine[i]);
		zv_ring_destroy(wires->engine_sip[i]);
		zv_ring_destroy(wires->sip_store[i]);
		zv_ring_destroy(wires->store_sip[i]);
		close_fd(wires->sip_fd[i]);
	}
	for (uint32_t i = 0; i < ZV_MEDIA_THREADS_MAX; i++) {
		zv_ring_destroy(wires->media_engine[i]);
		zv_ring_destroy(wires->engine_media[i]);
		close_fd(wires->media_fd[i]);
	}
	close_fd(wires->engine_fd);
	close_fd(wires->store_fd);
	close_fd(wires->lookahead_fd);
	close_fd(wires->plugin_fd);
	close_fd(wires->main_fd);
	free(wires);
}
