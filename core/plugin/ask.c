/* One question and the judgement of its answer. */
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "plugin/inside.h"

#define DAY_MS      INT64_C(86400000)
#define RETRY_MAX_MS (400 * DAY_MS)  /* a retry further away is nonsense */
#define AGAIN_MAX_MS (3700 * DAY_MS) /* so is a new round in more than ten years */

int64_t zv_mono_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* By trying: the wait must go by the monotonic clock, and thread sanitizers do not know
 * pthread_mutex_clocklock.  Free at once but in a reload. */
bool zv_ask_lock(struct plugin *plugin, int64_t wait_ms)
{
	static const struct timespec nap = {0, 1000000};
	int64_t end_ns = zv_mono_ns() + wait_ms * 1000000;

	while (pthread_mutex_trylock(&plugin->call) != 0) {
		if (zv_mono_ns() >= end_ns)
			return false;
		nanosleep(&nap, NULL);
	}
	return true;
}

bool zv_ask_find(struct zv_plugins *host, uint32_t campaign, struct binding *ret_binding)
{
	bool found = false;

	pthread_mutex_lock(&host->bind_lock);
	for (uint32_t i = 0; i < host->n_bindings && !found; i++) {
		if (host->bindings[i].campaign == campaign) {
			*ret_binding = host->bindings[i];
			found = true;
		}
	}
	pthread_mutex_unlock(&host->bind_lock);
	return found;
}

void zv_ask_default(struct zv_plugins *host, const struct zv_offer *offer, int64_t now_ms,
		    struct zv_event *ret_step)
{
	int64_t window[2];
	int64_t due_ms = now_ms + DAY_MS;
	struct binding b;

	if (zv_ask_find(host, offer->campaign, &b))
		atomic_fetch_add(&b.plugin->fallbacks, 1);
	if (zv_services_window(host, offer->campaign, offer->zone, due_ms, window) == ZV_OK &&
	    window[0] > due_ms)
		due_ms = window[0];
	memset(ret_step, 0, sizeof(*ret_step));
	ret_step->type = ZV_EV_STEP;
	ret_step->u.step.kind = ZV_STEP_RETRY;
	ret_step->u.step.number = offer->number;
	ret_step->u.step.due_class = ZV_DUE_LATER;
	ret_step->u.step.due_ms = due_ms;
	ret_step->u.step.fallback = 1;
}

void zv_ask_disable(struct plugin *plugin, const char *why)
{
	if (!atomic_exchange(&plugin->disabled, true))
		zv_error("plugin", "%s is DISABLED: %s; its campaigns' leads rest a day at each outcome "
			 "until it is repaired and the daemon restarted", plugin->name, why);
}

void zv_ask_strike(struct plugin *plugin, int64_t took_ms)
{
	uint32_t strikes = atomic_fetch_add(&plugin->strikes, 1) + 1;

	atomic_fetch_add(&plugin->overruns, 1);
	zv_warn("plugin", "%s: took %lld ms, allowed are %u (%u in a row of %u): the lead rests a day",
		plugin->name, (long long)took_ms, plugin->host->params.deadline_ms, strikes,
		plugin->host->params.strikes);
	if (strikes >= plugin->host->params.strikes)
		zv_ask_disable(plugin, "too many overruns in a row");
}

void zv_ask_took(struct plugin *plugin, int64_t took_ns)
{
	uint64_t us = (uint64_t)took_ns / 1000;

	if (us > atomic_load(&plugin->max_us))
		atomic_store(&plugin->max_us, us);
}

struct plugin *zv_ask_accept(struct zv_plugins *host, const struct zv_offer *offer)
{
	struct binding b;

	if (!zv_ask_find(host, offer->campaign, &b)) {
		atomic_fetch_add(&host->unbound, 1);
		return NULL;
	}
	atomic_fetch_add(&b.plugin->asked, 1);
	if (atomic_load(&b.plugin->disabled) || offer->n_numbers > ZV_NUMBERS_MAX ||
	    offer->n_history > ZV_HISTORY_MAX + 1)
		return NULL;
	return b.plugin;
}

/* NULL: the answer can be used. */
static const char *what_is_wrong(const struct binding *b, const struct zv_offer *offer,
				 int64_t now_ms, const struct zv_strategy_out *out)
{
	if (out->n_messages > ZV_STEP_MESSAGES_MAX)
		return "n_messages";
	for (uint8_t i = 0; i < out->n_messages; i++) {
		if (out->messages[i] >= b->n_messages)
			return "messages";
	}
	if (out->invalid_number > 1)
		return "invalid_number";
	if (out->remove > 1)
		return "remove";
	if (out->kind == ZV_STEP_RETRY) {
		if (out->number >= offer->n_numbers)
			return "number";
		if (out->due_class > ZV_DUE_LATER)
			return "due_class";
		if (out->remove != 0)
			return "remove";
		if (out->due_ms <= 0 || out->due_ms > now_ms + RETRY_MAX_MS)
			return "due_ms";
		return NULL;
	}
	if (out->kind == ZV_STEP_FINAL) {
		if (out->category == 0 || out->category > b->n_categories)
			return "category";
		if (out->due_ms != 0 &&
		    (out->due_ms <= now_ms || out->due_ms > now_ms + AGAIN_MAX_MS || out->remove != 0))
			return "due_ms";
		return NULL;
	}
	return "kind";
}

/* Powers of two are told, so that a plugin that fails for every lead does not fill the log. */
static bool worth_telling(uint64_t n)
{
	return (n & (n - 1)) == 0;
}

static void fill(struct zv_event *ret_step, const struct zv_strategy_out *out, int64_t now_ms)
{
	memset(ret_step, 0, sizeof(*ret_step));
	ret_step->type = ZV_EV_STEP;
	ret_step->u.step.kind = out->kind;
	ret_step->u.step.n_messages = out->n_messages;
	memcpy(ret_step->u.step.messages, out->messages, sizeof(ret_step->u.step.messages));
	ret_step->u.step.invalid_number = out->invalid_number;
	if (out->kind == ZV_STEP_FINAL) {
		ret_step->u.step.category = out->category;
		ret_step->u.step.remove = out->remove;
		ret_step->u.step.due_ms = out->due_ms;
	} else {
		ret_step->u.step.number = out->number;
		ret_step->u.step.due_class = out->due_class;
		ret_step->u.step.due_ms = out->due_ms > now_ms ? out->due_ms : now_ms;
	}
}

bool zv_ask_call(struct plugin *p, const struct zv_offer *offer, int64_t now_ms,
		 struct zv_event *ret_step)
{
	struct zv_strategy_out out = {.size = sizeof(out)};
	struct zv_strategy_in in = {
		.size = sizeof(in),
		.campaign = offer->campaign,
		.lead = offer->lead,
		.seed = offer->seed,
		.now_ms = now_ms,
		.zone = offer->zone,
		.round = offer->round,
		.category = offer->category,
		.n_numbers = offer->n_numbers,
		.n_history = offer->n_history,
		.numbers = offer->numbers,
		.history = offer->history,
	};
	struct binding binding;
	const char *wrong;
	enum zv_err err;
	uint64_t n;

	if (!zv_ask_find(p->host, offer->campaign, &binding) || binding.plugin != p)
		return false; /* a reload gave the campaign to another plugin meanwhile */
	err = p->ops.next(p->self, binding.state, &in, &out);
	if (err != ZV_OK) {
		n = atomic_fetch_add(&p->errors, 1) + 1;
		if (worth_telling(n))
			zv_error("plugin", "%s: next() gave error %d (%llu so far): the lead rests a day",
				 p->name, (int)err, (unsigned long long)n);
		return false;
	}
	wrong = what_is_wrong(&binding, offer, now_ms, &out);
	if (wrong != NULL) {
		n = atomic_fetch_add(&p->bad_answers, 1) + 1;
		if (worth_telling(n))
			zv_error("plugin", "%s: an answer with a senseless %s (%llu so far): the lead "
				 "rests a day", p->name, wrong, (unsigned long long)n);
		return false;
	}
	fill(ret_step, &out, now_ms);
	return true;
}

/* False: next() could not be used, or was late. */
static bool ask_inline(struct plugin *p, const struct zv_offer *offer, int64_t now_ms,
		       struct zv_event *ret_step)
{
	int64_t start_ns, took_ns;
	bool ok;

	if (!zv_ask_lock(p, 1000 + (int64_t)p->host->params.deadline_ms))
		return false;
	start_ns = zv_mono_ns();
	ok = zv_ask_call(p, offer, now_ms, ret_step);
	took_ns = zv_mono_ns() - start_ns;
	pthread_mutex_unlock(&p->call);
	zv_ask_took(p, took_ns);
	if (took_ns > (int64_t)p->host->params.deadline_ms * 1000000) {
		zv_ask_strike(p, took_ns / 1000000);
		return false;
	}
	atomic_store(&p->strikes, 0);
	if (ok)
		atomic_fetch_add(&p->answered, 1);
	return ok;
}

void zv_plugins_ask(struct zv_plugins *plugins, const struct zv_offer *offer, int64_t now_cal_ms,
		    struct zv_event *ret_step)
{
	struct plugin *p = zv_ask_accept(plugins, offer);

	if (p == NULL || !ask_inline(p, offer, now_cal_ms, ret_step))
		zv_ask_default(plugins, offer, now_cal_ms, ret_step);
}
