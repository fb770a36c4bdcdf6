/* Runs, serves and reloads. */
#include "app/daemon.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/daemon_int.h"
#include "base/err.h"
#include "base/log.h"
#include "store/recording.h"

#define EXPIRE_EVERY_MS 3600000
#define LOOK_MS       200
#define STEP_LIMIT_MS 2000  /* a wall-clock step beyond this pauses dialling ... */
#define STEP_PAUSE_MS 60000 /* ... for so long */
#define LOAD_LOOK_MS  500
#define LATE_MUCH     375 /* of 500 media ticks a second: nearly every turn is late */
#define LATE_WELL     200

enum zv_err zv_daemon_campaign_run(struct zv_daemon *d, uint32_t campaign, bool on)
{
	struct zv_campaign_run *run = &d->campaigns[campaign];
	struct zv_campaign_info info;
	enum zv_err err = zv_store_campaign_get(d->store, d->config->campaigns[campaign].name, &info);

	if (err == ZV_OK && (info.state != ZV_CAMP_COMPLETE || info.finals < info.leads))
		err = zv_store_campaign_state(d->store, run->id,
					      on ? ZV_CAMP_RUNNING : ZV_CAMP_PAUSED,
					      zv_clock_now(&d->clock).cal_ms);
	if (err != ZV_OK)
		return err;
	run->wanted = on;
	if (on) {
		zv_voice_scan(d->voice, campaign); /* what is ready is told by voice_changed */
		return ZV_OK;
	}
	atomic_store(&run->offered, false);
	run->dialling = false;
	(void)zv_daemon_tell_engine(d, &(struct zv_event){
		.type = ZV_EV_CAMPAIGN, .code = run->id, .u.state.on = 0});
	return ZV_OK;
}

static void start_campaigns(struct zv_daemon *d)
{
	for (uint32_t i = 0; i < d->config->engine.n_campaigns; i++) {
		struct zv_campaign_info info;
		const char *name = d->config->campaigns[i].name;

		if (zv_store_campaign_get(d->store, name, &info) != ZV_OK)
			continue;
		if (info.state == ZV_CAMP_RUNNING || info.state == ZV_CAMP_COMPLETE ||
		    (info.state == ZV_CAMP_READY && d->config->campaigns[i].start)) {
			/* Its prompts were rendered before: a lead that still lacks one waits alone. */
			d->campaigns[i].resumed = info.state != ZV_CAMP_READY;
			if (zv_daemon_campaign_run(d, i, true) != ZV_OK)
				zv_error("app", "campaign %s cannot be started", name);
		}
	}
}

static void stop_dialling(struct zv_daemon *d, struct zv_campaign_run *run)
{
	if (!zv_daemon_tell_engine(d, &(struct zv_event){.type = ZV_EV_CAMPAIGN, .code = run->id,
							 .u.state.on = 0}))
		return; /* at the next look */
	atomic_store(&run->offered, false);
	run->dialling = false;
}

/* What other threads left for main: prompts that are ready, campaigns that are complete; and
 * what a reload changed: campaigns that may not be dialled, or may again. */
static void look_at_campaigns(struct zv_daemon *d)
{
	const struct zv_config *live = atomic_load(&d->live);

	for (uint32_t i = 0; i < d->config->engine.n_campaigns; i++) {
		struct zv_campaign_run *run = &d->campaigns[i];
		bool fit = live->campaigns[i].unfit[0] == 0;

		if (run->dialling && !fit) {
			zv_warn("app", "campaign %s is not dialled: %s", live->campaigns[i].name,
				live->campaigns[i].unfit);
			stop_dialling(d, run);
		}
		if (run->wanted && !run->dialling && fit &&
		    (run->resumed || zv_voice_scanned(d->voice, i)) &&
		    zv_daemon_tell_engine(d, &(struct zv_event){.type = ZV_EV_CAMPAIGN,
								.code = run->id, .u.state.on = 1})) {
			run->dialling = true;
			atomic_store(&run->offered, true);
			zv_wake(d->wires->lookahead_fd);
			zv_info("app", "campaign %s: dialling", d->config->campaigns[i].name);
		}
		if (atomic_exchange(&run->complete, false)) {
			zv_info("app", "campaign %s: every contact has its category",
				d->config->campaigns[i].name);
			if (zv_store_campaign_state(d->store, run->id, ZV_CAMP_COMPLETE,
						    zv_clock_now(&d->clock).cal_ms) != ZV_OK)
				zv_error("app", "the campaign's state cannot be written");
		}
	}
}

void zv_daemon_drain(struct zv_daemon *d)
{
	if (d->draining) {
		d->quit = true;
		return;
	}
	d->draining = true;
	d->drain_until_ms = zv_clock_now(&d->clock).mono_ms + d->config->drain_ms;
	zv_info("app", "draining: no new calls, talks may finish for %u s",
		d->config->drain_ms / 1000);
	if (!zv_daemon_tell_engine(d, &(struct zv_event){.type = ZV_EV_DRAIN, .u.state.on = 1}))
		d->quit = true;
}

static void take_signals(struct zv_daemon *d)
{
	struct signalfd_siginfo info;
	char text[512] = "";

	while (read(d->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo != SIGHUP) {
			zv_daemon_drain(d);
		} else if (zv_daemon_reload(d, text, sizeof(text)) != ZV_OK) {
			zv_error("app", "the configuration stays as it was: %s", text);
		}
	}
}

static void alarm_of(struct zv_daemon *d, const char *campaign, const char *what)
{
	char text[200];

	snprintf(text, sizeof(text), "%s: %s", campaign, what);
	zv_desks_alarm(d->desks, text);
}

static void take_tell(struct zv_daemon *d, const struct zv_cmd *cmd)
{
	uint32_t i = zv_daemon_campaign_index(d, cmd->campaign);
	const char *name = i != UINT32_MAX ? d->config->campaigns[i].name : "?";

	switch ((enum zv_tell)cmd->u.tell.what) {
	case ZV_TELL_DRAINED:
		d->quit = true;
		break;
	case ZV_TELL_TOLD:
		if (zv_daemon_is_http(cmd->attempt.lo) && cmd->attempt.hi == 0)
			zv_daemon_answer(d, cmd->attempt.lo, (enum zv_err)cmd->u.tell.value, NULL,
					 cmd->u.tell.value == ZV_EDENIED ? "it is being called just now" :
									   "there is no such thing");
		else
			zv_daemon_told(d, cmd->attempt);
		break;
	case ZV_TELL_UNSTATED:
	case ZV_TELL_NO_RULES:
		zv_warn("law", "campaign %s is not dialled: %s", name,
			cmd->u.tell.what == ZV_TELL_NO_RULES ?
				"there are no rules" :
				"it does not state purpose, channel, mode and actor");
		break;
	case ZV_TELL_RATIO_ALARM:
		zv_warn("law", "campaign %s: %.2f %% of its answered calls are abandoned", name,
			cmd->u.tell.value / 1e4);
		alarm_of(d, name, "abandoned calls come near their limit");
		break;
	case ZV_TELL_RATIO_STOP:
		zv_warn("law", "campaign %s makes no new calls until the rule's window ends: %.2f %% of "
			"its answered calls were abandoned", name, cmd->u.tell.value / 1e4);
		break;
	case ZV_TELL_SLA_BREACH:
		zv_warn("leads", "campaign %s: lead %" PRIu64 " was not called in the time promised; "
			"%u so far", name, cmd->attempt.hi, cmd->u.tell.value);
		alarm_of(d, name, "a lead was not called in the time promised");
		break;
	case ZV_TELL_MENDED:
		zv_error("floor", "agent or line %u stood as its states forbid, and was put right",
			 cmd->u.tell.value);
		break;
	case ZV_TELL_CALLBACK_MOVED:
		zv_warn("law", "campaign %s: a call-back was moved: its time is not allowed", name);
		break;
	case ZV_TELL_CAMPAIGN_IDLE:
	case ZV_TELL_DIAL_BLOCKED:
		break;
	}
}

static void take_word(struct zv_daemon *d, const struct zv_cmd *cmd)
{
	if (cmd->type == ZV_CMD_TELL)
		take_tell(d, cmd);
	else if (cmd->type == ZV_CMD_DESK)
		zv_daemon_desk_answered(d, cmd);
	else if (cmd->type == ZV_CMD_MISSED)
		zv_daemon_missed(d, cmd);
	else
		zv_desks_take(d->desks, cmd);
	if (cmd->type == ZV_CMD_QUEUE)
		zv_daemon_queued(d, cmd);
}

static void take_tells(struct zv_daemon *d)
{
	struct zv_cmd cmd;
	uint64_t count;
	ssize_t ignored = read(d->wires->main_fd, &count, sizeof(count));

	(void)ignored;
	do {
		while (zv_ring_pop(d->wires->engine_main, &cmd, 1) == 1) {
			take_word(d, &cmd);
		}
	} while (!zv_ring_arm(d->wires->engine_main));
}

/* io thread */
static void expire(void *arg)
{
	struct zv_daemon *d = arg;
	const struct zv_config *c = atomic_load(&d->live);
	struct zv_recordings_report report;

	if (zv_store_recordings_expire(d->store, d->config->record_talks.dir,
				       zv_clock_now(&d->clock).cal_ms - c->record_talks.keep_ms, 0, false,
				       &report) != ZV_OK)
		zv_error("media", "old recordings cannot be removed");
	else if (report.rows > 0)
		zv_info("media", "%" PRIu64 " recordings were kept long enough: removed, %" PRIu64 " MiB",
			report.rows, report.bytes >> 20);
}

static void look_at_recordings(struct zv_daemon *d)
{
	int64_t mono_ms = zv_clock_now(&d->clock).mono_ms;

	if (d->config->record_talks.dir == NULL || atomic_load(&d->live)->record_talks.keep_ms == 0 ||
	    mono_ms - d->expire_ms < EXPIRE_EVERY_MS)
		return;
	d->expire_ms = mono_ms;
	if (zv_io_post(d->io, expire, d) != ZV_OK)
		zv_warn("media", "old recordings wait: too much else is to be written");
}

static void look_at_clock(struct zv_daemon *d)
{
	int64_t step_ms = zv_clock_step_ms(&d->clock);
	int64_t mono_ms = zv_clock_now(&d->clock).mono_ms;

	if (step_ms > STEP_LIMIT_MS || step_ms < -STEP_LIMIT_MS) {
		zv_warn("app", "the wall clock jumped by %lld ms: no new calls for %d s",
			(long long)step_ms, STEP_PAUSE_MS / 1000);
		(void)zv_daemon_tell_engine(d, &(struct zv_event){.type = ZV_EV_CLOCK_STEP,
								  .u.due = mono_ms + STEP_PAUSE_MS});
	}
}

/* Overload sheds new dials first: when a media thread runs most of its ticks late, the engine
 * begins no calls until it keeps up again. */
static void look_at_load(struct zv_daemon *d)
{
	int64_t mono_ms = zv_clock_now(&d->clock).mono_ms;
	int64_t span_ms = mono_ms - d->load_ms;
	uint64_t worst = 0;
	bool over;

	if (span_ms < LOAD_LOOK_MS)
		return;
	for (uint32_t i = 0; i < d->wires->n_media; i++) {
		struct zv_media_stats s;
		uint64_t late;

		zv_media_get_stats(d->media, i, &s);
		late = (s.late_ticks - d->late_ticks[i]) * 1000 / (uint64_t)span_ms;
		d->late_ticks[i] = s.late_ticks;
		worst = late > worst ? late : worst;
	}
	d->load_ms = mono_ms;
	over = worst > (d->overloaded ? LATE_WELL : LATE_MUCH);
	if (over == d->overloaded ||
	    !zv_daemon_tell_engine(d, &(struct zv_event){.type = ZV_EV_LOAD, .u.state.on = over}))
		return;
	d->overloaded = over;
	if (over)
		zv_warn("app", "media cannot keep up (%llu of 500 ticks a second late): no new calls",
			(unsigned long long)worst);
	else
		zv_info("app", "media keeps up again");
}

static void adopt(struct zv_daemon *d)
{
	for (uint32_t i = 0; i < d->n_open; i++) {
		const struct zv_open_attempt *open = &d->open[i];

		(void)zv_daemon_tell_engine(d, &(struct zv_event){
			.type = ZV_EV_ADOPT, .trunk = open->trunk, .leg = open->leg,
			.attempt = open->attempt,
			.u.adopt = {.lead = open->lead, .person = open->person,
				    .e164 = open->called,
				    .campaign = open->campaign, .sub = open->sub,
				    .answered = open->has_dialog}});
	}
}

static void end_if_done(struct zv_daemon *d)
{
	if (d->quit || atomic_load(&d->store_failed))
		zv_loop_stop(d->loop);
}

static void on_signal(void *arg, int fd, uint32_t events)
{
	struct zv_daemon *d = arg;

	(void)fd;
	(void)events;
	take_signals(d);
	end_if_done(d);
}

static void on_control(void *arg, int fd, uint32_t events)
{
	struct zv_daemon *d = arg;

	(void)fd;
	(void)events;
	zv_control_serve(d->control);
	end_if_done(d);
}

static void on_word(void *arg, int fd, uint32_t events)
{
	struct zv_daemon *d = arg;

	(void)fd;
	(void)events;
	take_tells(d);
	zv_daemon_take_asks(d);
	look_at_campaigns(d);
	end_if_done(d);
}

static int64_t on_look(void *arg, zv_timer timer)
{
	struct zv_daemon *d = arg;

	(void)timer;
	look_at_campaigns(d);
	look_at_clock(d);
	look_at_load(d);
	look_at_recordings(d);
	zv_daemon_look_at_tells(d);
	zv_daemon_look_at_requests(d);
	zv_daemon_free_retired(d);
	if (zv_clock_now(&d->clock).mono_ms - d->desks_ms >= 1000) {
		d->desks_ms = zv_clock_now(&d->clock).mono_ms;
		zv_desks_look(d->desks);
	}
	if (d->draining && zv_clock_now(&d->clock).mono_ms >= d->drain_until_ms)
		d->quit = true;
	end_if_done(d);
	return LOOK_MS;
}

static enum zv_err serve(struct zv_daemon *d)
{
	zv_timer timer;
	enum zv_err err = zv_loop_create(&d->loop);

	if (err == ZV_OK)
		err = zv_loop_add_fd(d->loop, d->signal_fd, ZV_LOOP_READ, on_signal, d);
	if (err == ZV_OK)
		err = zv_loop_add_fd(d->loop, zv_control_fd(d->control), ZV_LOOP_READ, on_control, d);
	if (err == ZV_OK)
		err = zv_loop_add_fd(d->loop, d->wires->main_fd, ZV_LOOP_READ, on_word, d);
	if (err == ZV_OK)
		err = zv_loop_add_timer(d->loop, LOOK_MS, on_look, d, &timer);
	if (err == ZV_OK)
		err = zv_loop_run(d->loop);
	return err;
}

enum zv_err zv_daemon_run(struct zv_daemon *daemon)
{
	struct zv_daemon *d = daemon;
	char text[512] = "";
	enum zv_err err;

	d->started_ms = zv_clock_now(&d->clock).mono_ms;
	zv_daemon_fitness(d, d->config);
	adopt(d);
	err = zv_daemon_threads_start(d);
	if (err == ZV_OK) {
		start_campaigns(d);
		look_at_campaigns(d);
		err = zv_daemon_http_open(d, text, sizeof(text));
		if (err != ZV_OK)
			zv_error("app", "%s", text);
	}
	if (err == ZV_OK) {
		zv_info("app", "zvonard %s serves; control socket %s", ZV_VERSION,
			d->config->control);
		zv_wake(d->wires->main_fd); /* the first look arms the ring: what is told then wakes us */
		err = serve(d);
	}
	zv_daemon_http_close(d);
	zv_daemon_threads_stop(d);
	zv_info("app", "stopped");
	return atomic_load(&d->store_failed) ? ZV_EIO : err;
}
