#include "app/voice.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/synth.h"
#include "app/template.h"
#include "base/log.h"

#define WORKERS_MAX 8u
#define TRIES       3u /* at once; then a text rests */
#define RETRY_S     60 /* before a lead that needs it may ask for it again */

enum known_state { KNOWN_QUEUED = 1, KNOWN_DONE = 2, KNOWN_FAILED = 3 };

/* A distinct text; in the table by hash, and while it waits in the queue. */
struct text {
	uint64_t hash;
	struct text *next_queued;
	char *text; /* NULL once rendered */
	char *wav;  /* a recorded one: only to be read */
	uint8_t state, tries;
	time_t failed_s; /* monotonic */
};

struct zv_voice {
	struct zv_voice_params p;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t more;
	struct text *table; /* open addressing by hash */
	uint32_t mask, n_texts;
	struct text *queue, **queue_end;
	uint32_t pending; /* queued or being rendered */
	uint64_t scan_wanted[ZV_CAMPAIGNS_MAX / 64];
	bool scanning[ZV_CAMPAIGNS_MAX], scanned[ZV_CAMPAIGNS_MAX];
	bool stop, full_told;
	struct zv_voice_stats stats;
	pthread_t workers[WORKERS_MAX];
	uint32_t n_workers;
};

static struct text *find(struct zv_voice *v, uint64_t hash)
{
	for (uint64_t i = hash;; i++) {
		struct text *t = &v->table[i & v->mask];

		if (t->hash == hash || t->hash == 0)
			return t;
	}
}

static time_t now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void enqueue(struct zv_voice *v, struct text *t)
{
	t->state = KNOWN_QUEUED;
	t->next_queued = NULL;
	*v->queue_end = t;
	v->queue_end = &t->next_queued;
	v->pending++;
	pthread_cond_signal(&v->more);
}

/* Puts a text in the queue unless it is known.  Under the lock. */
static void want(struct zv_voice *v, uint64_t hash, const char *text, const char *wav)
{
	struct text *t = find(v, hash);

	if (t->hash == hash && t->state == KNOWN_FAILED && now_s() - t->failed_s >= RETRY_S) {
		v->stats.failed--;
		t->tries = 0;
		enqueue(v, t);
	}
	if (t->hash == hash)
		return;
	if (v->n_texts >= v->p.config->voice.prompts_max) {
		if (!v->full_told)
			zv_error("voice", "more than %u distinct texts: raise voice.prompts_max or "
				 "put fewer variables into the script", v->n_texts);
		v->full_told = true;
		return;
	}
	t->text = text != NULL ? strdup(text) : NULL;
	t->wav = wav != NULL ? strdup(wav) : NULL;
	if (t->text == NULL && t->wav == NULL)
		return;
	t->hash = hash;
	v->n_texts++;
	v->stats.texts++;
	enqueue(v, t);
}

bool zv_voice_prepare(struct zv_voice *voice, uint32_t campaign, const char *attrs,
		      size_t attrs_len, uint64_t ret_prompts[ZV_PROMPTS_MAX])
{
	const struct zv_config *config = voice->p.config;
	const struct zv_script *script = config->campaigns[campaign].script;
	struct zv_audio audio;
	bool ready = true;

	for (uint32_t i = 0; i < script->n_prompts; i++) {
		const struct zv_script_prompt *prompt = &script->prompts[i];
		char text[ZV_TEMPLATE_TEXT_MAX];
		uint64_t hash;

		if (prompt->wav != NULL) {
			hash = zv_prompt_hash("wav", 0, prompt->wav);
		} else {
			if (zv_template_render(prompt->text, attrs, attrs_len, text, sizeof(text),
					       NULL) != ZV_OK)
				snprintf(text, sizeof(text), " ");
			hash = zv_prompt_hash(config->voice.name, config->voice.rate, text);
		}
		ret_prompts[i] = hash;
		if (zv_prompts_find(voice->p.prompts, hash, &audio))
			continue;
		ready = false;
		pthread_mutex_lock(&voice->lock);
		want(voice, hash, prompt->wav == NULL ? text : NULL, prompt->wav);
		pthread_mutex_unlock(&voice->lock);
	}
	return ready;
}

struct scan { struct zv_voice *voice; uint32_t campaign; };

static void scan_lead(void *arg, uint64_t lead, const char *attrs, size_t len)
{
	struct scan *scan = arg;
	uint64_t prompts[ZV_PROMPTS_MAX];

	(void)lead;
	(void)zv_voice_prepare(scan->voice, scan->campaign, attrs, len, prompts);
}

static void scan_campaign(struct zv_voice *v, uint32_t campaign)
{
	struct scan scan = {v, campaign};
	const struct zv_campaign_conf *cc = &v->p.config->engine.campaigns[campaign];
	enum zv_err err = zv_store_attrs_each(v->p.store, cc->id, scan_lead, &scan);

	if (err != ZV_OK)
		zv_error("voice", "campaign %s: its leads cannot be read", cc->name);
}

/* The path of a rendered text below the cache; its folder is made. */
static bool cache_path(const struct zv_voice *v, uint64_t hash, char *buf, size_t cap)
{
	int n = snprintf(buf, cap, "%s/%02x", v->p.config->voice.cache_dir, (unsigned)(hash >> 56));

	if (n < 0 || (size_t)n + 24 > cap || (mkdir(buf, 0700) != 0 && errno != EEXIST))
		return false;
	snprintf(buf + n, cap - (size_t)n, "/%016" PRIx64 ".wav", hash);
	return true;
}

static bool render(struct zv_voice *v, const struct text *t, bool *ret_cached)
{
	const struct zv_config *c = v->p.config;
	char path[512], own[540];
	enum zv_err err;

	if (t->wav != NULL) {
		err = zv_prompts_add_wav(v->p.prompts, t->hash, t->wav);
		if (err != ZV_OK && err != ZV_EEXIST)
			zv_error("voice", "%s cannot be read as audio", t->wav);
		return err == ZV_OK || err == ZV_EEXIST;
	}
	if (!cache_path(v, t->hash, path, sizeof(path)))
		return false;
	err = zv_prompts_add_wav(v->p.prompts, t->hash, path);
	*ret_cached = err == ZV_OK || err == ZV_EEXIST;
	if (*ret_cached)
		return true;
	/* Others may share the cache: each renders into a file of its own, whole ones are moved in. */
	if (snprintf(own, sizeof(own), "%s.%ld", path, (long)getpid()) >= (int)sizeof(own))
		return false;
	err = zv_synth_run(&(struct zv_synth_job){
		.program = c->voice.program, .voice = c->voice.name, .rate = c->voice.rate,
		.timeout_ms = c->voice.timeout_ms, .text = t->text, .path = own});
	if (err == ZV_OK && zv_prompts_shrink_wav(own) != ZV_OK)
		zv_debug("voice", "a rendered text stays as the synthesiser wrote it");
	if (err == ZV_OK && rename(own, path) != 0)
		err = ZV_EIO;
	if (err == ZV_OK)
		err = zv_prompts_add_wav(v->p.prompts, t->hash, path);
	return err == ZV_OK || err == ZV_EEXIST;
}

/* Under the lock: takes the next campaign to scan. */
static bool next_scan(struct zv_voice *v, uint32_t *ret_campaign)
{
	for (uint32_t i = 0; i < v->p.config->engine.n_campaigns; i++) {
		if (v->scan_wanted[i / 64] >> (i % 64) & 1 && !v->scanning[i]) {
			v->scan_wanted[i / 64] &= ~(UINT64_C(1) << (i % 64));
			v->scanning[i] = true;
			*ret_campaign = i;
			return true;
		}
	}
	return false;
}

static void work_text(struct zv_voice *v)
{
	struct text *t = v->queue;
	bool cached = false, ok;

	v->queue = t->next_queued;
	if (v->queue == NULL)
		v->queue_end = &v->queue;
	pthread_mutex_unlock(&v->lock);
	ok = render(v, t, &cached);
	pthread_mutex_lock(&v->lock);
	v->pending--;
	if (!ok && ++t->tries < TRIES && !v->stop) {
		enqueue(v, t);
		return;
	}
	t->state = ok ? KNOWN_DONE : KNOWN_FAILED;
	t->failed_s = now_s();
	v->stats.done += ok;
	v->stats.failed += !ok;
	v->stats.cached += cached;
	if (!ok) {
		zv_error("voice", "a text cannot be rendered: leads that need it wait; tried again in %d s",
			 RETRY_S);
		return;
	}
	free(t->text);
	t->text = NULL;
}

static void *work(void *arg)
{
	struct zv_voice *v = arg;

	pthread_mutex_lock(&v->lock);
	while (!v->stop) {
		uint32_t campaign;
		bool told = false;

		if (v->queue != NULL) {
			work_text(v);
			told = true; /* a lead may wait for just this one */
		} else if (next_scan(v, &campaign)) {
			pthread_mutex_unlock(&v->lock);
			scan_campaign(v, campaign);
			pthread_mutex_lock(&v->lock);
			v->scanning[campaign] = false;
			v->scanned[campaign] = true;
			told = true;
		} else {
			pthread_cond_wait(&v->more, &v->lock);
		}
		if (told) {
			pthread_mutex_unlock(&v->lock);
			v->p.changed(v->p.arg);
			pthread_mutex_lock(&v->lock);
		}
	}
	pthread_mutex_unlock(&v->lock);
	return NULL;
}

enum zv_err zv_voice_create(const struct zv_voice_params *params, char *text, size_t text_size,
			    struct zv_voice **ret_voice)
{
	const struct zv_config *c = params->config;
	struct zv_voice *v;
	uint32_t n = 1024, workers = c->voice.threads;

	if (mkdir(c->voice.cache_dir, 0700) != 0 && errno != EEXIST) {
		snprintf(text, text_size, "the directory of rendered prompts, %s: %s",
			 c->voice.cache_dir, strerror(errno));
		return ZV_EIO;
	}
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return ZV_ENOMEM;
	v->p = *params;
	pthread_mutex_init(&v->lock, NULL);
	pthread_cond_init(&v->more, NULL);
	while (n < 2 * c->voice.prompts_max)
		n <<= 1;
	v->table = calloc(n, sizeof(*v->table));
	v->mask = n - 1;
	v->queue_end = &v->queue;
	if (v->table == NULL)
		goto fail;
	workers = workers == 0 ? 1 : workers > WORKERS_MAX ? WORKERS_MAX : workers;
	for (uint32_t i = 0; i < workers; i++) {
		if (pthread_create(&v->workers[i], NULL, work, v) != 0)
			goto fail;
		v->n_workers++;
	}
	*ret_voice = v;
	return ZV_OK;

fail:
	zv_voice_destroy(v);
	snprintf(text, text_size, "no memory for the prompts");
	return ZV_ENOMEM;
}

void zv_voice_destroy(struct zv_voice *voice)
{
	if (voice == NULL)
		return;
	pthread_mutex_lock(&voice->lock);
	voice->stop = true;
	pthread_cond_broadcast(&voice->more);
	pthread_mutex_unlock(&voice->lock);
	for (uint32_t i = 0; i < voice->n_workers; i++)
		pthread_join(voice->workers[i], NULL);
	for (uint32_t i = 0; voice->table != NULL && i <= voice->mask; i++) {
		free(voice->table[i].text);
		free(voice->table[i].wav);
	}
	free(voice->table);
	pthread_cond_destroy(&voice->more);
	pthread_mutex_destroy(&voice->lock);
	free(voice);
}

void zv_voice_scan(struct zv_voice *voice, uint32_t campaign)
{
	pthread_mutex_lock(&voice->lock);
	voice->scan_wanted[campaign / 64] |= UINT64_C(1) << (campaign % 64);
	voice->scanned[campaign] = false;
	pthread_cond_signal(&voice->more);
	pthread_mutex_unlock(&voice->lock);
}

bool zv_voice_scanned(struct zv_voice *voice, uint32_t campaign)
{
	bool done;

	pthread_mutex_lock(&voice->lock);
	done = voice->scanned[campaign] && voice->pending == 0;
	pthread_mutex_unlock(&voice->lock);
	return done;
}

void zv_voice_get_stats(struct zv_voice *voice, struct zv_voice_stats *ret_stats)
{
	pthread_mutex_lock(&voice->lock);
	*ret_stats = voice->stats;
	pthread_mutex_unlock(&voice->lock);
}
