#include "pacers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dial/pacing/predictive.h"

/* The plugins' own code, built in: their symbols are renamed by the build. */
extern const struct zv_plugin zv_plugin_ratio, zv_plugin_adaptive, zv_plugin_erlang;

const char *const pacer_names[PACER_N] = {
	[PACER_PROGRESSIVE] = "progressive", [PACER_RATIO] = "best_ratio",   [PACER_ADAPTIVE] = "adaptive",
	[PACER_ERLANG] = "erlang",	     [PACER_ZVONAR] = "zvonar",	     [PACER_WARM] = "zvonar_warm",
	[PACER_BLOCK] = "zvonar_30d",
	[PACER_INFORMED] = "informed",	     [PACER_CLAIRVOYANT] = "clairvoyant",
};

/* ---- a host without a configuration ---- */

static size_t no_count(void *ctx, const struct zv_conf_node *node)
{
	(void)ctx, (void)node;
	return 0;
}

static void tell_log(void *ctx, enum zv_log_level level, const char *text)
{
	(void)ctx, (void)level;
	fprintf(stderr, "pacing_bench: %s\n", text);
}

static const struct zv_host host = {.size = sizeof(host), .log = tell_log, .conf_count = no_count};

static void must(enum zv_err err, const char *what)
{
	if (err != ZV_OK) {
		fprintf(stderr, "pacing_bench: %s: error %d\n", what, err);
		exit(1);
	}
}

void pacer_open(struct pacer *pacer, enum pacer_name name, const struct floor_conf *conf, double knob)
{
	const struct zv_plugin *plugins[PACER_N] = {[PACER_PROGRESSIVE] = &zv_plugin_ratio,
		[PACER_RATIO] = &zv_plugin_ratio, [PACER_ADAPTIVE] = &zv_plugin_adaptive,
		[PACER_ERLANG] = &zv_plugin_erlang};
	struct zv_pacer_shape shape;
	struct zv_pacer_settings settings;

	memset(pacer, 0, sizeof(*pacer));
	floor_shape(conf, &shape);
	floor_settings(conf, &settings);
	if (name == PACER_RATIO)
		settings.ratio_ppm = (uint32_t)(knob * 1e6);
	pacer->floor.ops = &zv_predictive_ops;
	if (plugins[name] != NULL) {
		must(plugins[name]->open(&host, NULL, &pacer->self), "open");
		pacer->close = plugins[name]->close;
		pacer->floor.ops = plugins[name]->ops;
	}
	must(pacer->floor.ops->open_campaign(pacer->self, &shape, NULL, &pacer->floor.campaign), "open_campaign");
	must(pacer->floor.ops->set(pacer->floor.campaign, &settings), "set");
	if (name == PACER_INFORMED)
		pacer_tell(pacer->floor.campaign, conf, knob);
}

void pacer_close(struct pacer *pacer)
{
	pacer->floor.ops->close_campaign(pacer->self, pacer->floor.campaign);
	if (pacer->close != NULL)
		pacer->close(pacer->self);
}

void pacer_pass_on(const struct pacer *from, const struct pacer *to)
{
	size_t size = from->floor.ops->save(from->floor.campaign, NULL, 0);
	uint8_t *bytes = malloc(size);

	if (bytes == NULL)
		must(ZV_ENOMEM, "save");
	(void)from->floor.ops->save(from->floor.campaign, bytes, size);
	must(to->floor.ops->load(to->floor.campaign, bytes, size), "load");
	free(bytes);
}

bool pacer_is_tuned(enum pacer_name name)
{
	return name == PACER_RATIO || name == PACER_INFORMED;
}
