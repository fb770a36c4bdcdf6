/* bench/plugin/bench_plugin.h -- a plugin host with one campaign, for the parts of plugin_bench. */
#ifndef BENCH_PLUGIN_H
#define BENCH_PLUGIN_H

#include "../suite/figure.h"
#include "conf/conf.h"
#include "plugin/host.h"

#define CAMPAIGN 7u
#define NOW_MS   INT64_C(1764579600000) /* Mon 2025-12-01 12:00 in Moscow */

struct host {
	bool json;
	uint32_t questions;
	const char *plugins_dir; /* of the build */
	struct zv_plugins *plugins;
	struct zv_engine_conf conf;
	struct zv_zones *zones;
	uint16_t zone;
	struct zv_conf_tree *tree;
	struct zv_conf_sink sink;
	char text[512]; /* of the last load, bind or open */
};

void say(const struct host *h, struct bench_figure f);
/* ns: room for h->questions times. */
bool measure_pacers(struct host *h, uint32_t *ns);

#endif
