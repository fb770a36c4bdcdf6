#include "media/guard.h"

#include <stdlib.h>

#include "base/bytes.h"

#define NOWHERE UINT32_MAX

enum zv_err zv_guards_init(struct zv_guards *g, struct zv_smith *smith, const struct zv_secrets *secrets,
			   uint32_t thread, uint32_t n)
{
	*g = (struct zv_guards){.smith = smith, .secrets = secrets, .thread = thread, .n = n};
	if (smith == NULL)
		return ZV_OK;
	g->v = calloc(n + 1, sizeof(*g->v));
	g->ids = calloc(n + 1, sizeof(*g->ids));
	g->ssrcs = calloc(n + 1, sizeof(*g->ssrcs));
	if (g->v == NULL || g->ids == NULL || g->ssrcs == NULL) {
		zv_guards_fini(g);
		return ZV_ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		g->v[i].place = NOWHERE;
	return ZV_OK;
}

void zv_guards_fini(struct zv_guards *g)
{
	for (uint32_t i = 0; g->v != NULL && i < g->n; i++) {
		zv_srtp_destroy(g->v[i].out);
		zv_srtp_destroy(g->v[i].in);
		zv_srtp_destroy(g->v[i].old_out);
		zv_srtp_destroy(g->v[i].old_in);
	}
	free(g->v);
	free(g->ids);
	free(g->ssrcs);
	*g = (struct zv_guards){0};
}

/* ---- whose a report is ---- */

static void list_in(struct zv_guards *g, uint32_t id)
{
	if (g->v[id].place != NOWHERE)
		return;
	g->v[id].place = g->n_secure;
	g->ids[g->n_secure] = id;
	g->ssrcs[g->n_secure++] = 0;
}

static void list_out(struct zv_guards *g, uint32_t id)
{
	uint32_t at = g->v[id].place;

	if (at == NOWHERE)
		return;
	g->n_secure--;
	g->ids[at] = g->ids[g->n_secure];
	g->ssrcs[at] = g->ssrcs[g->n_secure];
	g->v[g->ids[at]].place = at;
	g->v[id].place = NOWHERE;
}

/* ---- the smith ---- */

static void give_back(struct zv_guards *g, struct zv_guard *v)
{
	struct zv_smith_work w = {.what = ZV_SMITH_SCRAP, .out = v->old_out, .in = v->old_in};

	if ((w.out != NULL || w.in != NULL) && zv_smith_ask(g->smith, g->thread, &w))
		v->old_out = v->old_in = NULL;
}

static void ask(struct zv_guards *g, uint32_t id)
{
	struct zv_guard *v = &g->v[id];
	struct zv_smith_work w = {
		.what = ZV_SMITH_MAKE, .suite = v->out != NULL ? v->suite : ZV_SUITE_NONE, .id = id,
		.slot = v->slot, .gen = v->gen, .ssrc = v->ssrc,
	};

	give_back(g, v);
	/* One at a time: an answer then finds its place in the ring, and nothing is left over. */
	if (v->asked || v->old_out != NULL || v->old_in != NULL || !zv_smith_ask(g->smith, g->thread, &w))
		return;
	v->asked = true;
	v->wanted = false;
}

static void want(struct zv_guards *g, uint32_t id)
{
	if (!g->v[id].asked && !g->v[id].wanted)
		g->waiting++;
	g->v[id].wanted = true;
	ask(g, id);
}

static void adopt(struct zv_guards *g, const struct zv_smith_work *w)
{
	struct zv_guard *v = &g->v[w->id];
	bool ours = v->how == ZV_SECRECY_SRTP && v->slot == w->slot && v->gen == w->gen;

	v->asked = false;
	if (v->old_out != NULL || v->old_in != NULL) { /* the smith has been away for long */
		zv_srtp_destroy(v->old_out);
		zv_srtp_destroy(v->old_in);
	}
	if (!ours || !w->made) { /* that call is over */
		v->old_out = w->out;
		v->old_in = w->in;
	} else {
		v->old_out = w->out != NULL ? v->out : NULL;
		v->old_in = v->in;
		v->out = w->out != NULL ? w->out : v->out;
		v->in = w->in;
		v->suite = w->suite;
		v->version = w->version;
	}
	give_back(g, v);
	if (!v->wanted)
		g->waiting--;
}

void zv_guards_work(struct zv_guards *g)
{
	struct zv_smith_work w[16];
	uint32_t n = 16;

	if (g->waiting == 0)
		return;
	while (n == 16) {
		n = zv_smith_take(g->smith, g->thread, w, 16);
		for (uint32_t i = 0; i < n; i++)
			adopt(g, &w[i]);
	}
	/* Few at a time want and have not asked: the ring was full, or another answer was out. */
	for (uint32_t i = 0; i < g->n_secure; i++)
		if (g->v[g->ids[i]].wanted)
			ask(g, g->ids[i]);
}

/* ---- legs ---- */

void zv_guard_open(struct zv_guards *g, uint32_t id, struct zv_leg_id leg, uint32_t ssrc)
{
	struct zv_guard *v = g->smith != NULL ? &g->v[id] : NULL;
	uint32_t version;

	if (v == NULL)
		return;
	/* Of another call, and the smith's ring was full: not by its keys. */
	if ((v->out != NULL || v->in != NULL) && (v->slot != leg.slot || v->gen != leg.gen))
		zv_guard_close(g, id);
	if ((v->out != NULL || v->in != NULL) && (v->slot != leg.slot || v->gen != leg.gen))
		return;
	v->slot = leg.slot;
	v->gen = leg.gen;
	v->ssrc = ssrc;
	v->how = (uint8_t)zv_secrets_how(g->secrets, leg.slot, leg.gen, &version);
	if (v->how != ZV_SECRECY_SRTP)
		return;
	list_in(g, id);
	if (v->in == NULL || v->version != version)
		want(g, id);
}

void zv_guard_close(struct zv_guards *g, uint32_t id)
{
	struct zv_guard *v = g->smith != NULL ? &g->v[id] : NULL;

	if (v == NULL)
		return;
	list_out(g, id);
	v->how = ZV_SECRECY_UNKNOWN;
	give_back(g, v);
	if (v->old_out == NULL && v->old_in == NULL) {
		v->old_out = v->out;
		v->old_in = v->in;
		v->out = v->in = NULL;
		give_back(g, v);
	}
	if (v->wanted && !v->asked)
		g->waiting--;
	v->wanted = false;
}

bool zv_guard_seal(struct zv_guards *g, uint32_t id, uint8_t *data, uint32_t *len)
{
	if (zv_guard_is_plain(g, id))
		return true;
	if (zv_guard_speaks(g, id) && zv_srtp_protect(g->v[id].out, data, len))
		return true;
	g->unsent++;
	return false;
}

bool zv_guard_seal_report(struct zv_guards *g, uint32_t id, uint8_t *data, uint32_t *len)
{
	return zv_guard_is_plain(g, id) ||
	       (zv_guard_speaks(g, id) && zv_srtp_protect_rtcp(g->v[id].out, data, len));
}

/* Not heard, and counted.  The far end may have taken another key meanwhile. */
static bool refuse(struct zv_guards *g, uint32_t id, enum zv_srtp_take take)
{
	struct zv_guard *v = &g->v[id];
	uint32_t version;

	if (take == ZV_SRTP_REPLAYED) {
		g->replayed++;
		return false;
	}
	g->forged++;
	if (zv_secrets_how(g->secrets, v->slot, v->gen, &version) == ZV_SECRECY_SRTP && version != v->version &&
	    !v->asked)
		want(g, id);
	return false;
}

bool zv_guard_unseal(struct zv_guards *g, uint32_t id, struct zv_packet *p)
{
	struct zv_guard *v = g->smith != NULL ? &g->v[id] : NULL;
	enum zv_srtp_take take;

	if (v == NULL || v->how == ZV_SECRECY_PLAIN)
		return true;
	if (v->how != ZV_SECRECY_SRTP || v->in == NULL)
		return false;
	take = zv_srtp_open(v->in, p->data, &p->len);
	if (take != ZV_SRTP_OK)
		return refuse(g, id, take);
	g->ssrcs[v->place] = zv_get_be32(p->data + 8);
	return true;
}

uint32_t zv_guard_unseal_report(struct zv_guards *g, struct zv_packet *p, bool *ret_plain)
{
	uint32_t ssrc = p->len >= 8 ? zv_get_be32(p->data + 4) : 0;
	enum zv_srtp_take take;

	*ret_plain = false;
	for (uint32_t i = 0; i < g->n_secure; i++) {
		struct zv_guard *v = &g->v[g->ids[i]];

		if (g->ssrcs[i] != ssrc || ssrc == 0 || v->in == NULL)
			continue;
		take = zv_srtp_open_rtcp(v->in, p->data, &p->len);
		if (take == ZV_SRTP_OK)
			return g->ids[i];
		(void)refuse(g, g->ids[i], take);
		return NOWHERE;
	}
	*ret_plain = true;
	return NOWHERE;
}
