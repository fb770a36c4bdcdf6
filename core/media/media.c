#include "media/media.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "media/bridge.h"
#include "media/io.h"
#include "media/tape.h"
#include "media/threads.h"

/* Descriptors of everything else: store, signalling, control sockets, logs. */
#define OTHER_FDS 512u

struct zv_media {
	struct zv_media_params params;
	struct zv_media_plan plan;
	struct zv_media_trunk *trunks;
	struct zv_packet_hub *hub;
	struct zv_smith *smith;  /* NULL: no SRTP */
	uint32_t n_threads;
	struct zv_streams *threads[ZV_MEDIA_THREADS_MAX];
	struct zv_made *made;
	struct zv_ring *cross[ZV_MEDIA_THREADS_MAX][ZV_MEDIA_THREADS_MAX]; /* from, to */
};

static enum zv_err plan_error(char *text, size_t text_size, const char *why)
{
	snprintf(text, text_size, "media plan: %s", why);
	return ZV_EINVAL;
}

static enum zv_err check_plan(const struct zv_media_plan *plan, char *text, size_t text_size)
{
	uint32_t ports = 0;

	if (plan->n_threads == 0 || plan->n_threads > ZV_MEDIA_THREADS_MAX)
		return plan_error(text, text_size, "threads out of range");
	if (plan->n_ranges == 0 || plan->n_ranges > ZV_MEDIA_ADDRS_MAX)
		return plan_error(text, text_size, "address ranges out of range");
	for (uint32_t i = 0; i < plan->n_ranges; i++) {
		const struct zv_media_range *r = &plan->ranges[i];

		if (r->ip.family != 4 && r->ip.family != 6)
			return plan_error(text, text_size, "an address is neither IPv4 nor IPv6");
		if (r->port_first == 0 || r->port_first % 2 != 0)
			return plan_error(text, text_size, "a first port is not even");
		if (r->port_first + 2u * r->n_ports > 65536)
			return plan_error(text, text_size, "a range passes port 65535");
		ports += r->n_ports;
	}
	if (plan->n_slots > ports)
		return plan_error(text, text_size, "more slots than ports");
	return ZV_OK;
}

/* All descriptors of the plan at once, by the soft limit and, where the process may, the hard
 * one. */
static enum zv_err raise_limit(const struct zv_media *m, char *text, size_t text_size)
{
	rlim_t need = m->hub->n_fds + OTHER_FDS;
	struct rlimit limit, wanted;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return ZV_EIO;
	if (limit.rlim_cur >= need)
		return ZV_OK;
	wanted.rlim_cur = need;
	wanted.rlim_max = limit.rlim_max < need ? need : limit.rlim_max; /* root may */
	if (setrlimit(RLIMIT_NOFILE, &wanted) == 0)
		return ZV_OK;
	snprintf(text, text_size,
		 "%u calls at once by media.io %s need %lu open files, the limit is %lu: raise it (ulimit "
		 "-Hn, or LimitNOFILE= in the service) or lower media.max_calls",
		 m->plan.n_slots, zv_packet_io_name(m->hub->kind), (unsigned long)need,
		 (unsigned long)limit.rlim_max);
	return ZV_EFULL;
}

/* The packet I/O of all threads, and their streams. */
static enum zv_err make_threads(struct zv_media *m, char *text, size_t text_size)
{
	enum zv_err err = zv_packet_hub_open(&m->params, text, text_size, &m->hub);

	if (err == ZV_OK)
		err = raise_limit(m, text, text_size);
	if (err == ZV_OK && m->params.secrets != NULL)
		err = zv_smith_create(m->params.secrets, m->plan.n_threads,
				      m->plan.n_slots / m->plan.n_threads + 1, &m->smith);
	for (uint32_t i = 0; i < m->plan.n_threads && err == ZV_OK; i++) {
		struct zv_packet_io *io;

		err = zv_packet_open(m->hub, i, text, text_size, &io);
		if (err == ZV_OK)
			err = zv_streams_create(&m->params, i, io, m->smith, &m->threads[i]);
		if (err != ZV_OK)
			break;
		m->n_threads++;
		zv_streams_equip(m->threads[i], m->made,
				 m->params.tape != NULL ? zv_tape_ring(m->params.tape, i) : NULL,
				 m->params.ears);
	}
	return err;
}

/* A ring for frames from each thread to each other one. */
static enum zv_err join_threads(struct zv_media *m)
{
	enum zv_err err = ZV_OK;

	for (uint32_t from = 0; from < m->n_threads; from++) {
		for (uint32_t to = 0; to < m->n_threads && err == ZV_OK; to++) {
			struct zv_streams *a = m->threads[from], *b = m->threads[to];

			if (from == to)
				continue;
			err = zv_ring_create(sizeof(struct zv_cross), zv_cross_places(a->n),
					     b->cross_fd, &m->cross[from][to]);
			a->cross_out[to] = b->cross_in[from] = m->cross[from][to];
		}
	}
	return err;
}

enum zv_err zv_media_create(const struct zv_media_params *params, char *text, size_t text_size,
			    struct zv_media **ret_media)
{
	struct zv_media *m;
	enum zv_err err;

	if (text_size > 0)
		text[0] = '\0';
	err = check_plan(params->plan, text, text_size);
	if (err != ZV_OK)
		return err;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return ZV_ENOMEM;
	m->params = *params;
	m->plan = *params->plan;
	m->trunks = calloc(params->n_trunks > 0 ? params->n_trunks : 1, sizeof(*m->trunks));
	if (m->trunks == NULL) {
		err = ZV_ENOMEM;
		goto fail;
	}
	for (uint32_t i = 0; i < params->n_trunks; i++)
		m->trunks[i] = params->trunks[i];
	err = zv_made_create(&m->made);
	if (err != ZV_OK)
		goto fail;
	m->params.plan = &m->plan;
	m->params.trunks = m->trunks;
	err = make_threads(m, text, text_size);
	if (err == ZV_OK)
		err = join_threads(m);
	if (err != ZV_OK)
		goto fail;
	*ret_media = m;
	return ZV_OK;

fail:
	zv_media_destroy(m);
	return err;
}

void zv_media_destroy(struct zv_media *m)
{
	if (m == NULL)
		return;
	for (uint32_t i = 0; i < m->n_threads; i++)
		zv_streams_destroy(m->threads[i]);
	zv_smith_destroy(m->smith);
	zv_packet_hub_destroy(m->hub);
	for (uint32_t i = 0; i < ZV_MEDIA_THREADS_MAX * ZV_MEDIA_THREADS_MAX; i++)
		zv_ring_destroy(m->cross[i / ZV_MEDIA_THREADS_MAX][i % ZV_MEDIA_THREADS_MAX]);
	zv_made_destroy(m->made);
	free(m->trunks);
	free(m);
}

const char *zv_media_io_of(const struct zv_media *m, const char **ret_note)
{
	if (ret_note != NULL)
		*ret_note = m->hub->note;
	return zv_packet_io_name(m->hub->kind);
}

const char *zv_media_io_about(const struct zv_media *m)
{
	return m->hub->about;
}

struct zv_streams *zv_media_streams(struct zv_media *m, uint32_t thread)
{
	return thread < m->n_threads ? m->threads[thread] : NULL;
}

static void io_stats(const struct zv_packet_io *io, struct zv_media_stats *s)
{
	struct zv_packet_stats of;

	if (io->ops->stats == NULL)
		return;
	io->ops->stats(io, &of);
	s->io_lost = of.lost;
	s->io_unresolved = of.unresolved;
	s->io_full = of.full;
	s->io_foreign = of.foreign;
	s->io_handed = of.handed;
	s->io_passed_up = of.passed_up;
	s->io_passed_down = of.passed_down;
}

void zv_media_get_stats(const struct zv_media *m, uint32_t thread, struct zv_media_stats *ret_stats)
{
	struct zv_streams *t;

	*ret_stats = (struct zv_media_stats){0};
	if (thread >= m->n_threads)
		return;
	t = m->threads[thread];
	ret_stats->tx_packets = atomic_load_explicit(&t->tx_packets, memory_order_relaxed);
	ret_stats->rx_packets = atomic_load_explicit(&t->rx_packets, memory_order_relaxed);
	ret_stats->rejected = atomic_load_explicit(&t->rejected, memory_order_relaxed);
	ret_stats->late_ticks = atomic_load_explicit(&t->late_ticks, memory_order_relaxed);
	ret_stats->send_errors = atomic_load_explicit(&t->send_errors, memory_order_relaxed);
	ret_stats->dropped_keys = atomic_load_explicit(&t->dropped, memory_order_relaxed);
	ret_stats->passed_on = atomic_load_explicit(&t->passed_on, memory_order_relaxed);
	ret_stats->crossed = atomic_load_explicit(&t->crossed, memory_order_relaxed);
	ret_stats->cross_lost = atomic_load_explicit(&t->cross_lost, memory_order_relaxed);
	ret_stats->links_refused = atomic_load_explicit(&t->links_refused, memory_order_relaxed);
	ret_stats->presses_lost = atomic_load_explicit(&t->presses_lost, memory_order_relaxed);
	ret_stats->ear_lost = atomic_load_explicit(&t->ear_lost, memory_order_relaxed);
	ret_stats->tape_lost = atomic_load_explicit(&t->tape_lost, memory_order_relaxed);
	ret_stats->srtp_forged = atomic_load_explicit(&t->forged, memory_order_relaxed);
	ret_stats->srtp_replayed = atomic_load_explicit(&t->replayed, memory_order_relaxed);
	ret_stats->srtp_unsent = atomic_load_explicit(&t->unsent, memory_order_relaxed);
	io_stats(t->io, ret_stats);
	ret_stats->streams = atomic_load_explicit(&t->open, memory_order_relaxed);
	ret_stats->peak_streams = atomic_load_explicit(&t->peak, memory_order_relaxed);
}
