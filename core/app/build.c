/* Makes every room in order, and takes them down. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/daemon_int.h"
#include "app/dates.h"
#include "base/err.h"
#include "base/htdigest.h"
#include "base/log.h"
#include "store/lead_put.h"
#include "store/recording.h"
#include "law/law.h"
#include "store/card.h"
#include "store/read.h"

#define ADOPT_MOST_MS 600000 /* older open calls are over by themselves */

#define IO_JOBS 1024u /* short writes that may wait */

static int64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void zv_daemon_tell_line(void *arg, const char *line)
{
	struct zv_told *told = arg;

	zv_error("conf", "%s", line);
	if (told->text[0] == 0)
		snprintf(told->text, told->size, "%s", line);
}

/* The folders above path; what cannot be made shows when path itself is used. */
static void make_parents(const char *path)
{
	char dir[512];

	if (snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir))
		return;
	for (char *slash = strchr(dir + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		(void)mkdir(dir, 0700);
		*slash = '/';
	}
}

static enum zv_err open_store(struct zv_daemon *d, char *text, size_t text_size)
{
	const struct zv_config *c = d->config;
	struct zv_store_params params = {
		.dir = c->store.dir, .map_bytes = c->store.map_bytes, .create = true};
	enum zv_err err = zv_store_open(&params, text, text_size, &d->store);

	if (err != ZV_OK)
		return err;
	err = zv_store_begin(d->store, c->engine.fast_forward, &d->boot);
	if (err == ZV_EDENIED)
		snprintf(text, text_size, "the store %s has been used with fast-forward: it is marked "
			 "simulated and never dials a real trunk; take another directory",
			 c->store.dir);
	else if (err == ZV_EEXIST)
		snprintf(text, text_size, "the store %s is in use: another zvonard runs on it",
			 c->store.dir);
	else if (err != ZV_OK)
		snprintf(text, text_size, "the store %s cannot be written: %s", c->store.dir,
			 zv_err_text(err));
	return err;
}

static enum zv_err put_campaigns(struct zv_daemon *d, char *text, size_t text_size)
{
	struct zv_config *c = d->config;

	for (uint32_t i = 0; i < c->engine.n_campaigns; i++) {
		const struct zv_config_campaign *cc = &c->campaigns[i];
		struct zv_campaign_names names = {
			.name = cc->name, .n_categories = cc->n_categories,
			.n_results = cc->n_results, .n_messages = cc->n_messages,
			.categories = cc->categories, .results = cc->results,
			.messages = cc->messages,
		};
		enum zv_err err = zv_store_campaign_put(d->store, &names, &d->campaigns[i].id);

		if (err != ZV_OK) {
			snprintf(text, text_size, "campaign %s: %s", cc->name,
				 err == ZV_EINVAL ? "a category, result or message that the store "
						    "knows is missing or moved; names may only be "
						    "added at the end"
						  : zv_err_text(err));
			return err;
		}
		c->engine.campaigns[i].id = d->campaigns[i].id;
	}
	return zv_dates_put(d->store, c);
}

/* Leads and the log know an agent by the store's number of him, whatever stands before him in the
 * configuration. */
enum zv_err zv_daemon_number_agents(struct zv_daemon *d, struct zv_config *c)
{
	uint32_t n = c->engine.n_agents, *ids = calloc(n + 1, sizeof(*ids));
	const char **names = calloc(n + 1, sizeof(*names));
	enum zv_err err = ids != NULL && names != NULL ? ZV_OK : ZV_ENOMEM;

	for (uint32_t i = 0; i < n && err == ZV_OK; i++)
		names[i] = c->agents[i].user;
	if (err == ZV_OK)
		err = zv_store_agents_put(d->store, names, n, ids);
	for (uint32_t i = 0; i < n && err == ZV_OK; i++)
		c->agent_confs[i].id = ids[i];
	free(ids);
	free(names);
	return err;
}

static int64_t rest_ms(void *arg, uint32_t campaign)
{
	struct zv_daemon *d = arg;
	uint32_t i = zv_daemon_campaign_index(d, campaign);

	return i == UINT32_MAX ? 86400000
			       : (int64_t)d->config->engine.campaigns[i].unknown_rest_s * 1000;
}

static void keep_open(void *arg, const struct zv_open_attempt *open)
{
	struct zv_daemon *d = arg;
	struct zv_open_attempt *kept;

	if (wall_ms() - open->wall_ms > ADOPT_MOST_MS)
		return;
	kept = realloc(d->open, (d->n_open + 1) * sizeof(*kept));
	if (kept == NULL)
		return;
	d->open = kept;
	d->open[d->n_open] = *open;
	for (uint32_t t = 0; t < d->config->engine.n_trunks; t++) {
		if (strcmp(d->config->engine.trunks[t].name, open->trunk_name) == 0) {
			d->open[d->n_open++].trunk = (uint16_t)t;
			return;
		}
	}
	zv_warn("app", "an open call's trunk, %s, is gone: it cannot be ended", open->trunk_name);
}

static enum zv_err recover(struct zv_daemon *d, char *text, size_t text_size)
{
	uint32_t n = 0;
	int64_t start_ms = d->boot.calendar_ms;
	enum zv_err err;

	if (start_ms == 0)
		start_ms = d->config->calendar.start_ms;
	zv_clock_init(&d->clock, d->config->engine.fast_forward, start_ms);
	err = zv_store_recover(d->store, zv_clock_now(&d->clock).cal_ms, rest_ms, keep_open, d, &n);
	if (err != ZV_OK) {
		snprintf(text, text_size, "the store's open calls cannot be settled: %s",
			 zv_err_text(err));
		return err;
	}
	if (n > 0)
		zv_info("app", "%u attempts were open at the crash: unknown now, %u legs to end", n,
			d->n_open);
	return ZV_OK;
}

static enum zv_err make_slabs(struct zv_daemon *d)
{
	size_t bytes = (size_t)d->config->store.offers * sizeof(struct zv_offer);
	int fd = memfd_create("zvonar-slabs", MFD_CLOEXEC);

	if (fd < 0)
		return ZV_ENOMEM;
	if (ftruncate(fd, (off_t)bytes) != 0) {
		close(fd);
		return ZV_ENOMEM;
	}
	d->slabs.v = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (d->slabs.v == MAP_FAILED) {
		d->slabs.v = NULL;
		return ZV_ENOMEM;
	}
	d->slabs.n = d->config->store.offers;
	/* As many persons as leads are enough.  Address space: only what is used is touched. */
	bytes = (size_t)d->slabs.n * sizeof(*d->persons.v);
	d->persons.v = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (d->persons.v == MAP_FAILED) {
		d->persons.v = NULL;
		return ZV_ENOMEM;
	}
	d->persons.n = d->slabs.n;
	return ZV_OK;
}

/* On the encoder's thread. */
static void recorded(void *arg, const struct zv_taped *taped)
{
	struct zv_daemon *d = arg;
	struct zv_recording row = {
		.attempt = taped->attempt, .lead = taped->lead, .campaign = taped->campaign,
		.at_ms = taped->begun_ms, .duration_ms = taped->duration_ms, .bytes = taped->bytes,
		.path = taped->path};

	/* What a crash left before its row was made has no lead: the file's name has the attempt. */
	if (!zv_hex_read(taped->sha256, strlen(taped->sha256), row.sha256, sizeof(row.sha256)) ||
	    zv_store_recording_put(d->store, &row) != ZV_OK)
		zv_error("media", "the recording %s is not in the index", taped->path);
}

static const char *tape_campaign(void *arg, uint32_t campaign)
{
	struct zv_daemon *d = arg;
	uint32_t i = zv_daemon_campaign_index(d, campaign);

	return i != UINT32_MAX ? d->config->campaigns[i].name : NULL;
}

static enum zv_err make_tape(struct zv_daemon *d, char *text, size_t text_size)
{
	struct zv_config *c = d->config;
	enum zv_err err = zv_tape_create(&(struct zv_tape_params){
		.dir = c->record_talks.dir, .n_threads = c->plan.n_threads, .n_slots = c->plan.n_slots,
		.campaign = tape_campaign, .recorded = recorded, .arg = d}, text, text_size, &d->tape);

	c->media.tape = d->tape;
	return err;
}

static void tell_io(const struct zv_daemon *d)
{
	const char *note, *io = zv_media_io_of(d->media, &note);

	if (note[0] != 0)
		zv_warn("media", "packets go by %s: %s", io, note);
	else
		zv_info("media", "packets go by %s %s", io, zv_media_io_about(d->media));
}

static enum zv_err make_media_and_sip(struct zv_daemon *d, char *text, size_t text_size)
{
	struct zv_config *c = d->config;
	enum zv_err err = zv_prompts_create(c->voice.prompts_max, &d->prompts);

	if (err != ZV_OK)
		return err;
	c->media.prompts = d->prompts;
	if (c->record_talks.dir != NULL)
		err = make_tape(d, text, text_size);
	if (err != ZV_OK)
		return err;
	err = zv_ears_create(&(struct zv_ears_params){
		.n_threads = c->plan.n_threads, .n_slots = c->engine.max_calls,
		.events = d->wires->ears_engine}, &d->ears);
	if (err != ZV_OK)
		return err;
	c->media.ears = d->ears;
	for (uint32_t i = 0; i < c->sip.n_trunks && d->secrets == NULL && err == ZV_OK; i++)
		if (c->sip.trunks[i].srtp != ZV_SRTP_OFF)
			err = zv_secrets_create(c->plan.n_slots, &d->secrets);
	c->sip.secrets = d->secrets;
	c->media.secrets = d->secrets;
	if (err == ZV_OK)
		err = zv_media_create(&c->media, text, text_size, &d->media);
	if (err != ZV_OK)
		return err;
	tell_io(d);
	c->sip.secret = d->boot.secret;
	c->sip.open = d->open;
	c->sip.n_open = d->n_open;
	err = zv_daemon_secrets(c, c->phones, text, text_size);
	if (err != ZV_OK)
		return err;
	return zv_sip_create(&c->sip, text, text_size, &d->sip);
}

static enum zv_err open_pacer(struct zv_daemon *d, uint32_t i, char *text, size_t text_size)
{
	struct zv_campaign_conf *c = &d->config->engine.campaigns[i];
	struct zv_pacer_shape shape = zv_engine_shape(&d->config->engine, d->campaigns[i].id);
	enum zv_err err = zv_plugins_open_pacer(d->plugins, d->config->campaigns[i].pacer, &shape,
						d->config->campaigns[i].pacer_conf, &d->pacers[i], text,
						text_size);

	if (err != ZV_OK)
		return err;
	c->pacer = d->pacers[i].ops;
	c->pacer_campaign = d->pacers[i].campaign;
	return ZV_OK;
}

static enum zv_err make_plugins(struct zv_daemon *d, char *text, size_t text_size)
{
	const struct zv_config *c = d->config;
	struct zv_told told = {text, text_size};
	struct zv_conf_sink sink = {.line = zv_daemon_tell_line, .arg = &told};
	struct zv_plugins_params params = {
		.conf = zv_config_plugin_conf(&sink), .engine_conf = &c->engine,
		.deadline_ms = c->plugin_deadline_ms, .strikes = c->plugin_strikes,
	};
	enum zv_err err = zv_plugins_create(&params, &d->plugins);

	for (uint32_t i = 0; i < c->n_plugins && err == ZV_OK; i++)
		err = zv_plugins_load(d->plugins, c->plugins[i].path, c->plugins[i].conf, text,
				      text_size);
	for (uint32_t i = 0; i < c->engine.n_campaigns && err == ZV_OK; i++) {
		const struct zv_config_campaign *cc = &c->campaigns[i];
		struct zv_campaign_view view = {
			.size = sizeof(view), .campaign = d->campaigns[i].id, .name = cc->name,
			.n_categories = cc->n_categories, .n_results = cc->n_results,
			.n_messages = cc->n_messages, .categories = cc->categories,
			.results = cc->results, .messages = cc->messages,
		};

		err = zv_plugins_bind(d->plugins, cc->strategy, &view, cc->strategy_conf, text,
				      text_size);
		if (err == ZV_OK && cc->pacer != NULL)
			err = open_pacer(d, i, text, text_size);
	}
	return err;
}

/* The caps of caller numbers count what was called today before this start. */
#define CALLERS_LOOK_BACK 1000000u /* entries of the log, a day's work at full rate */

static bool count_caller(void *arg, const struct zv_log_row *row)
{
	struct zv_daemon *d = arg;
	bool invite = row->kind == ZV_LOG_INTENT ||
		      (row->kind == ZV_LOG_LADDER && row->what == ZV_LADDER_SUB);

	if (!invite || row->caller == 0)
		return true;
	zv_engine_count_caller(d->engine, row->caller, row->cal_ms);
	zv_recorder_caller(d->recorder, row->caller, row->cal_ms);
	return true;
}

static enum zv_err count_callers(struct zv_daemon *d)
{
	const struct zv_engine_conf *c = &d->config->engine;
	struct zv_store_facts facts;
	bool capped = false;
	enum zv_err err;

	for (uint32_t i = 0; i < c->n_campaigns; i++)
		capped = capped || c->campaigns[i].caller_daily_cap != 0;
	if (!capped)
		return ZV_OK;
	err = zv_store_facts(d->store, &facts);
	if (err != ZV_OK)
		return err;
	return zv_store_log_each(d->store, 0, facts.attempts > CALLERS_LOOK_BACK
						      ? facts.attempts - CALLERS_LOOK_BACK
						      : 0, count_caller, d);
}

static bool load_tally(void *arg, uint32_t campaign, int64_t bucket, const uint32_t n[ZV_FACTS])
{
	struct zv_daemon *d = arg;

	zv_engine_load_tally(d->engine, campaign, bucket, n);
	zv_recorder_tally(d->recorder, campaign, bucket, n);
	return true;
}

/* What ratio rules count: the campaigns' quarters of an hour, and when each first started. */
static enum zv_err load_tallies(struct zv_daemon *d)
{
	int64_t now_ms = zv_clock_now(&d->clock).cal_ms;
	int64_t from = now_ms / ZV_TALLY_MS - ZV_TALLY_SLOTS;

	for (uint32_t i = 0; i < d->config->engine.n_campaigns; i++) {
		struct zv_campaign_info info;
		enum zv_err err = zv_store_campaign_get(d->store, d->config->campaigns[i].name, &info);

		if (err != ZV_OK)
			return err;
		if (info.started_ms == 0)
			continue;
		zv_engine_load_origin(d->engine, info.id, info.started_ms);
		zv_recorder_origin(d->recorder, info.id, info.started_ms);
	}
	return zv_store_tallies_each(d->store, 0, from > 0 ? from : 0, load_tally, d);
}

static enum zv_err make_recorder(struct zv_daemon *d, const struct zv_engine_params *engine)
{
	struct zv_recorder_params params = {
		.path = d->config->record, .engine = engine, .conf_hash = d->config->hash};

	if (params.path == NULL)
		return ZV_OK;
	zv_info("app", "the day is recorded into %s", params.path);
	return zv_recorder_create(&params, &d->recorder);
}

static enum zv_err make_engine(struct zv_daemon *d)
{
	const struct zv_config *c = d->config;
	struct zv_engine_params params = {
		.conf = &c->engine, .slabs = d->slabs, .persons = d->persons, .node = c->node,
		.epoch = d->boot.epoch, .seed = c->seed != 0 ? c->seed : zv_siphash(&d->boot.secret, "engine", 6),
		.rules_hash = c->engine.rules != NULL ? c->engine.rules->hash : 0,
	};
	struct zv_engine_thread_params thread = {
		.clock = &d->clock, .wires = d->wires, .n_trunks = c->engine.n_trunks,
		.conf = &c->engine};
	enum zv_err err = zv_engine_create(&params, &d->engine);

	if (err == ZV_OK)
		err = make_recorder(d, &params);
	if (err != ZV_OK)
		return err;
	err = count_callers(d);
	if (err == ZV_OK)
		err = load_tallies(d);
	if (err != ZV_OK)
		return err;
	thread.engine = d->engine;
	thread.recorder = d->recorder;
	return zv_engine_thread_create(&thread, &d->engine_thread);
}

static void voice_changed(void *arg)
{
	struct zv_daemon *d = arg;

	zv_wake(d->wires->lookahead_fd);
	zv_wake(d->wires->main_fd);
}

static enum zv_err make_control(struct zv_daemon *d, char *text, size_t text_size)
{
	struct zv_voice_params voice = {.config = d->config, .prompts = d->prompts,
					.store = d->store, .changed = voice_changed, .arg = d};
	struct zv_control_params control = {
		.path = d->config->control, .handle = zv_daemon_handle, .arg = d};
	enum zv_err err = zv_voice_create(&voice, text, text_size, &d->voice);

	if (err != ZV_OK)
		return err;
	return zv_control_open(&control, text, text_size, &d->control);
}

static int64_t calendar_now(void *arg)
{
	struct zv_daemon *d = arg;

	return zv_clock_now(&d->clock).cal_ms;
}

static enum zv_err make_desks(struct zv_daemon *d)
{
	enum zv_err err = zv_io_create(IO_JOBS, &d->io);

	if (err != ZV_OK)
		return err;
	return zv_desks_create(&(struct zv_desks_params){
		.live = &d->live, .engine = d->engine_thread, .store = d->store, .now_ms = calendar_now,
		.arg = d}, &d->desks);
}

/* Before any thread: all inherit the mask, so that only the descriptor hears signals. */
static enum zv_err open_signals(struct zv_daemon *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return ZV_EIO;
	d->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return d->signal_fd < 0 ? ZV_EIO : ZV_OK;
}

static enum zv_err make(struct zv_daemon *d, char *text, size_t text_size)
{
	const struct zv_config *c = d->config;
	enum zv_err err;

	make_parents(c->store.dir);
	make_parents(c->voice.cache_dir);
	make_parents(c->control);
	err = open_signals(d);
	if (err == ZV_OK)
		err = open_store(d, text, text_size);
	if (err == ZV_OK)
		err = put_campaigns(d, text, text_size);
	if (err == ZV_OK)
		err = zv_daemon_number_agents(d, d->config);
	if (err == ZV_OK)
		err = recover(d, text, text_size);
	if (err == ZV_OK)
		err = zv_daemon_archive(d, d->config, text, text_size);
	if (err == ZV_OK)
		err = make_slabs(d);
	if (err == ZV_OK)
		err = zv_wires_create(&(struct zv_wires_params){
			.n_sip = c->sip.n_shards, .n_media = c->plan.n_threads,
			.phones = c->sip.phones.on, .max_calls = c->engine.max_calls,
			.n_slots = c->plan.n_slots, .n_slabs = c->store.offers}, &d->wires);
	if (err == ZV_OK)
		err = make_media_and_sip(d, text, text_size);
	if (err == ZV_OK)
		err = make_plugins(d, text, text_size);
	if (err == ZV_OK)
		err = make_engine(d);
	if (err == ZV_OK)
		err = make_control(d, text, text_size);
	if (err == ZV_OK)
		err = make_desks(d);
	return err;
}

enum zv_err zv_daemon_create(const struct zv_daemon_params *params, char *text, size_t text_size,
			     struct zv_daemon **ret_daemon)
{
	struct zv_daemon *d = calloc(1, sizeof(*d));
	enum zv_err err;

	text[0] = 0;
	if (d == NULL)
		return ZV_ENOMEM;
	d->config = params->config;
	d->config->generation = 1;
	d->live = d->config;
	d->ahead = d->config;
	d->config_path = params->config_path;
	d->signal_fd = -1;
	pthread_mutex_init(&d->treatment.lock, NULL);
	pthread_mutex_init(&d->words, NULL);
	err = make(d, text, text_size);
	if (err != ZV_OK) {
		if (text[0] == 0)
			snprintf(text, text_size, "%s", zv_err_text(err));
		zv_daemon_destroy(d);
		return err;
	}
	*ret_daemon = d;
	return ZV_OK;
}

void zv_daemon_destroy(struct zv_daemon *daemon)
{
	if (daemon == NULL)
		return;
	zv_loop_destroy(daemon->loop);
	zv_control_close(daemon->control);
	zv_voice_destroy(daemon->voice);
	zv_desks_destroy(daemon->desks);
	zv_io_destroy(daemon->io);
	zv_lead_putter_destroy(daemon->missed);
	zv_engine_thread_destroy(daemon->engine_thread);
	zv_recorder_destroy(daemon->recorder);
	zv_engine_destroy(daemon->engine);
	for (uint32_t i = 0; i < ZV_CAMPAIGNS_MAX; i++)
		if (daemon->pacers[i].campaign != NULL)
			zv_plugins_close_pacer(&daemon->pacers[i]);
	zv_plugins_destroy(daemon->plugins);
	zv_sip_destroy(daemon->sip);
	zv_media_destroy(daemon->media);
	zv_secrets_destroy(daemon->secrets);
	zv_tape_destroy(daemon->tape);
	zv_ears_destroy(daemon->ears);
	zv_prompts_destroy(daemon->prompts);
	zv_wires_destroy(daemon->wires);
	if (daemon->slabs.v != NULL)
		munmap(daemon->slabs.v, (size_t)daemon->slabs.n * sizeof(*daemon->slabs.v));
	if (daemon->persons.v != NULL)
		munmap(daemon->persons.v, (size_t)daemon->persons.n * sizeof(*daemon->persons.v));
	zv_store_close(daemon->store);
	free(daemon->open);
	if (daemon->signal_fd >= 0)
		close(daemon->signal_fd);
	daemon->ahead_over = true;
	zv_daemon_free_retired(daemon);
	if (daemon->live != daemon->config)
		zv_config_destroy(daemon->live);
	zv_config_destroy(daemon->config);
	zv_daemon_treatment_end(daemon);
	free(daemon);
}
