#include "plugin/inside.h"

#include <string.h>

#include "base/log.h"
#include "dial/hours.h"

static void host_log(void *ctx, enum zv_log_level level, const char *text)
{
	const struct plugin *p = ctx;

	if (text == NULL || (int)level < ZV_LOG_ERROR || (int)level > ZV_LOG_DEBUG)
		return;
	zv_log(level, "plugin", "%s: %.500s", p->name, text);
}

static size_t host_conf_count(void *ctx, const struct zv_conf_node *node)
{
	const struct zv_plugin_conf *c = &((struct plugin *)ctx)->host->params.conf;

	return node == NULL || c->count == NULL ? 0 : c->count(c->ctx, node);
}

static const struct zv_conf_node *host_conf_at(void *ctx, const struct zv_conf_node *node, size_t i)
{
	const struct zv_plugin_conf *c = &((struct plugin *)ctx)->host->params.conf;

	return node == NULL || c->at == NULL ? NULL : c->at(c->ctx, node, i);
}

static const char *host_conf_key(void *ctx, const struct zv_conf_node *node, size_t i)
{
	const struct zv_plugin_conf *c = &((struct plugin *)ctx)->host->params.conf;

	return node == NULL || c->key == NULL ? NULL : c->key(c->ctx, node, i);
}

static const struct zv_conf_node *host_conf_get(void *ctx, const struct zv_conf_node *node,
						const char *key)
{
	const struct zv_plugin_conf *c = &((struct plugin *)ctx)->host->params.conf;

	return node == NULL || key == NULL || c->get == NULL ? NULL : c->get(c->ctx, node, key);
}

static const char *host_conf_text(void *ctx, const struct zv_conf_node *node)
{
	const struct zv_plugin_conf *c = &((struct plugin *)ctx)->host->params.conf;

	return node == NULL || c->text == NULL ? NULL : c->text(c->ctx, node);
}

static void host_conf_error(void *ctx, const struct zv_conf_node *node, const char *text)
{
	const struct plugin *p = ctx;
	const struct zv_plugin_conf *c = &p->host->params.conf;

	if (text == NULL)
		text = "(the plugin gave no text)";
	if (c->error != NULL)
		c->error(c->ctx, node, text);
	else
		zv_error("plugin", "%s: %.500s", p->name, text);
}

/* NULL: no such zone in this run.  A plugin may ask for any number. */
static const struct zv_tz *zone_of(const struct zv_engine_conf *conf, uint16_t zone)
{
	if (conf == NULL || conf->zones == NULL || zv_zones_name(conf->zones, zone) == NULL)
		return NULL;
	return zv_zones_get(conf->zones, zone);
}

static enum zv_err host_to_local(void *ctx, uint16_t zone, int64_t utc_ms, struct zv_local *ret)
{
	struct zv_plugins *host = ((struct plugin *)ctx)->host;
	const struct zv_tz *tz;

	pthread_rwlock_rdlock(&host->conf_lock);
	tz = zone_of(host->params.engine_conf, zone);
	if (tz != NULL)
		zv_tz_to_local(tz, utc_ms, ret);
	pthread_rwlock_unlock(&host->conf_lock);
	return tz == NULL ? ZV_ENOENT : ZV_OK;
}

static enum zv_err host_from_local(void *ctx, uint16_t zone, int32_t day, int32_t second_of_day,
				   int64_t *ret_utc_ms)
{
	struct zv_plugins *host = ((struct plugin *)ctx)->host;
	const struct zv_tz *tz;

	if (second_of_day < 0 || second_of_day > 86400)
		return ZV_EINVAL;
	pthread_rwlock_rdlock(&host->conf_lock);
	tz = zone_of(host->params.engine_conf, zone);
	if (tz != NULL)
		*ret_utc_ms = zv_tz_from_local(tz, day, second_of_day);
	pthread_rwlock_unlock(&host->conf_lock);
	return tz == NULL ? ZV_ENOENT : ZV_OK;
}

enum zv_err zv_services_window(struct zv_plugins *host, uint32_t campaign, uint16_t zone,
			       int64_t utc_ms, int64_t ret_window[2])
{
	enum zv_err err = ZV_ENOENT;
	const struct zv_engine_conf *conf;
	const struct zv_tz *tz;

	pthread_rwlock_rdlock(&host->conf_lock);
	conf = host->params.engine_conf;
	tz = zone_of(conf, zone);
	for (uint32_t i = 0; tz != NULL && i < conf->n_campaigns; i++) {
		if (conf->campaigns[i].id != campaign)
			continue;
		err = zv_hours_window(&conf->campaigns[i], tz, utc_ms, &ret_window[0], &ret_window[1]);
		break;
	}
	pthread_rwlock_unlock(&host->conf_lock);
	return err;
}

static enum zv_err host_window(void *ctx, uint32_t campaign, uint16_t zone, int64_t utc_ms,
			       int64_t *ret_start_ms, int64_t *ret_end_ms)
{
	int64_t window[2];
	enum zv_err err = zv_services_window(((struct plugin *)ctx)->host, campaign, zone, utc_ms, window);

	if (err == ZV_OK) {
		*ret_start_ms = window[0];
		*ret_end_ms = window[1];
	}
	return err;
}

void zv_services_init(struct plugin *plugin)
{
	plugin->services = (struct zv_host){
		.size = sizeof(struct zv_host),
		.ctx = plugin,
		.log = host_log,
		.conf_count = host_conf_count,
		.conf_at = host_conf_at,
		.conf_key = host_conf_key,
		.conf_get = host_conf_get,
		.conf_text = host_conf_text,
		.conf_error = host_conf_error,
		.to_local = host_to_local,
		.from_local = host_from_local,
		.window = host_window,
	};
}
