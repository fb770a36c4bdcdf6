#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/config.h"
#include "conf_said.h"

static struct said said;
static char dir[64];
static uint32_t n_errors;

static void make(void)
{
	snprintf(dir, sizeof(dir), "/tmp/zv-config-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
}

static void drop(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	cr_assert_eq(system(command), 0);
}

static void put(const char *name, const char *text)
{
	char path[256];
	char *slash;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	slash = strrchr(path, '/');
	*slash = 0;
	(void)mkdir(path, 0700);
	*slash = '/';
	f = fopen(path, "w");
	cr_assert_not_null(f, "%s", path);
	fputs(text, f);
	fclose(f);
}

static struct zv_config *load_at(const char *path)
{
	struct zv_conf_sink sink = said_sink(&said);
	struct zv_config *config = NULL;
	enum zv_err err = zv_config_load(path, &sink, &config);

	n_errors = sink.n_errors;
	cr_assert_eq(err == ZV_OK, sink.n_errors == 0, "%d: %s", err, said.text);
	return config;
}

static struct zv_config *load(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/zvonar.yaml", dir);
	return load_at(path);
}

static void has(const char *text)
{
	cr_assert_not_null(strstr(said.text, text), "no '%s' in:\n%s", text, said.text);
}

static void refused(const char *text, const char *why)
{
	put("zvonar.yaml", text);
	cr_assert_null(load(), "taken: %s", text);
	has(why);
}

static const char script[] = "nodes:\n  a: {say: hi, next: b}\n  b: {end: answered, result: r1}\n";

#define TRUNK "trunks: {main: {host: \"127.0.0.1:5090\", callers: [+74951234567]}}\n"
#define PLUGIN "plugins: {cad: {path: /usr/lib/cad.so}}\n"
#define CAMPAIGN "categories: [c1, c2]\nresults: [r1]\nscript: ../script.yaml\nstrategy: {plugin: cad, days: 2}\n"

Test(config, an_empty_file_is_all_defaults, .init = make, .fini = drop)
{
	struct zv_config *c;

	put("zvonar.yaml", "");
	c = load();
	cr_assert_not_null(c);
	cr_assert_eq(c->node, 1);
	cr_assert_str_eq(c->store.dir, "/var/lib/zvonar");
	cr_assert_eq(c->store.map_bytes, UINT64_C(64) << 30);
	cr_assert_eq(c->store.intent_wait_ms, 10);
	cr_assert_eq(c->engine.max_calls, 4000);
	cr_assert_eq(c->plan.n_ranges, 1);
	cr_assert_eq(c->plan.ranges[0].port_first, 20000);
	cr_assert_eq(c->plan.ranges[0].n_ports, 4000);
	cr_assert_eq(c->plan.rtcp_port[0], 20001, "RTCP takes an odd port");
	cr_assert_not(c->engine.fast_forward);
	cr_assert_eq(c->log.level, ZV_LOG_INFO);
	cr_assert_eq(c->sip.agents, 8);
	cr_assert_eq(c->sip.max_legs, 4000);
	zv_config_destroy(c);
	zv_config_destroy(NULL);
}

static const char full[] =
	PLUGIN
	"sip: {local_ip: 127.0.0.2, port_first: 6000}\n"
	"media: {ranges: [\"127.0.0.2:21001-21101\", \"127.0.0.3:21000-21010\"], threads: 2, max_calls: 50}\n"
	"voice: {program: ./speak, name: ru, rate: 160}\n"
	"prompts: {dir: wavs}\n"
	"trunks:\n"
	"  b: {host: \"127.0.0.1:5090\", cps: 5, channels: 7, priority: 2, weight: 3, cost: 4,\n"
	"      prefixes: [\"79\", \"007\"], callers: [+7 495 123-45-67], transport: tcp, privacy: id,\n"
	"      number_format: digits, redirect: follow, p_asserted: yes, user: u, password: p, realm: r,\n"
	"      outcomes: {\"486\": unreachable, \"480/20\": machine}, session_expires: 30m,\n"
	"      media_networks: [10.0.0.0/8, 192.0.2.1], asymmetric: yes}\n"
	"  a: {host: localhost, callers: [74951234568]}\n"
	"campaigns:\n"
	"  inline: {categories: [x], script: script.yaml, strategy: {plugin: cad}, results: [r1]}\n";

Test(config, every_part_arrives_where_the_rooms_look_for_it, .init = make, .fini = drop)
{
	const struct zv_trunk_conf *t;
	const struct zv_campaign_conf *e;
	struct zv_config *c;
	char path[128];

	put("zvonar.yaml", full);
	put("script.yaml", script);
	put("campaigns/zeta.yaml", CAMPAIGN "hours: {workday: \"10:00-19:00\", weekend: closed, fri: \"10:00-16:00\"}\n"
	    "ring_time: 20s\ntalk_max: 90s\nunknown_rest: 2d\nmax_calls: 9\npriority: 1\ncaller_daily_cap: 3\n"
	    "callers: [+79990001122]\nzone: Asia/Omsk\nmessages: {m1: \"{{name|x}}!\"}\nstart: yes\n");
	c = load();
	cr_assert_not_null(c, "%s", said.text);
	t = &c->engine.trunks[0];
	cr_assert_str_eq(t->name, "b", "the order is the file's");
	cr_assert(t->enabled && t->cps == 5 && t->channels == 7 && t->priority == 2 && t->weight == 3 &&
		  t->cost == 4 && t->n_prefixes == 2 && t->n_callers == 1 && t->n_overrides == 2);
	cr_assert(t->prefixes[1].value == 7 && t->prefixes[1].digits == 3);
	cr_assert_eq(t->callers[0], 74951234567);
	cr_assert(t->overrides[0].sip_code == 486 && t->overrides[0].outcome == ZV_OUT_UNREACHABLE);
	cr_assert(t->overrides[1].sip_code == 480 && t->overrides[1].q850 == 20 &&
		  t->overrides[1].outcome == ZV_OUT_MACHINE);
	cr_assert(c->sip_trunks[0].transport == ZV_SIP_TCP && c->sip_trunks[0].privacy == ZV_PRIVACY_ID &&
		  c->sip_trunks[0].number_format == ZV_NUMBER_DIGITS && c->sip_trunks[0].p_asserted &&
		  c->sip_trunks[0].redirect == ZV_REDIRECT_FOLLOW && c->sip_trunks[0].port == 5090 &&
		  c->sip_trunks[0].session_expires_s == 1800);
	cr_assert_str_eq(c->sip_trunks[0].user, "u");
	cr_assert(c->media_trunks[0].n_networks == 2 && c->media_trunks[0].networks[0].bits == 8 &&
		  c->media_trunks[0].networks[1].bits == 32 && c->media_trunks[0].asymmetric);
	cr_assert_eq(c->sip_trunks[1].port, 5060);
	cr_assert_eq(c->sip_trunks[1].ip.bytes[0], 127, "a name is resolved");
	cr_assert_eq(c->sip.n_trunks, 2);
	cr_assert(c->plan.ranges[0].port_first == 21002 && c->plan.ranges[0].n_ports == 50,
		  "odd beginnings are rounded up");
	cr_assert(c->plan.ranges[1].n_ports == 6 && c->plan.n_slots == 50 && c->engine.max_calls == 50);
	cr_assert_eq(c->plan.rtcp_port[1], 21005);
	snprintf(path, sizeof(path), "%s/./speak", dir);
	cr_assert_str_eq(c->voice.program, path);
	snprintf(path, sizeof(path), "%s/wavs", dir);
	cr_assert_str_eq(c->voice.wav_dir, path);

	cr_assert_eq(c->engine.n_campaigns, 2);
	cr_assert_str_eq(c->campaigns[0].name, "inline");
	e = &c->engine.campaigns[1];
	cr_assert_str_eq(e->name, "zeta");
	cr_assert(e->hours[0].start_min == 600 && e->hours[0].end_min == 1140);
	cr_assert(e->hours[4].end_min == 960 && e->hours[5].start_min == e->hours[5].end_min);
	cr_assert(e->ring_ms == 20000 && e->talk_max_s == 90 && e->unknown_rest_s == 172800 &&
		  e->max_calls == 9 && e->priority == 1 && e->caller_daily_cap == 3 && e->n_callers == 1);
	cr_assert_eq(e->script, &c->campaigns[1].script->graph);
	cr_assert_str_eq(c->campaigns[1].message_texts[0], "{{name|x}}!");
	cr_assert_str_eq(c->campaigns[1].strategy, "cad");
	cr_assert_str_eq(zv_conf_text(zv_conf_get(c->campaigns[1].strategy_conf, "days")), "2");
	cr_assert(c->campaigns[1].start && c->campaigns[1].n_categories == 2);
	cr_assert_str_eq(zv_zones_name(c->zones, c->campaigns[1].zone_number), "Asia/Omsk");
	zv_config_destroy(c);
}

Test(config, files_of_conf_d_are_joined_in_the_order_of_their_names, .init = make, .fini = drop)
{
	struct zv_config *c;

	put("zvonar.yaml", "log: {level: error}\nsip: {agents: 2}\nnode: 1\n");
	put("conf.d/20-b.yaml", "log: {level: debug}\n");
	put("conf.d/10-a.yaml", "log: {level: warn, format: json}\nnode: 2\n");
	put("conf.d/30-ignored.txt", "nonsense: [\n");
	put("conf.d/.hidden.yaml", "nonsense: [\n");
	c = load();
	cr_assert_not_null(c, "%s", said.text);
	cr_assert_eq(c->log.level, ZV_LOG_DEBUG);
	cr_assert(c->log.json && c->node == 2 && c->sip.agents == 2);
	zv_config_destroy(c);
	put("conf.d/20-b.yaml", "log: {level: loud}\n");
	cr_assert_null(load());
	has("/conf.d/20-b.yaml:1:14: log.level: 'loud' is not allowed");
}

Test(config, everything_that_is_wrong_is_told_in_one_go, .init = make, .fini = drop)
{
	put("zvonar.yaml", PLUGIN "nod: 1\nsip: {agents: 99}\nmedia: {ranges: [\"127.0.0.1:40000-40010\"]}\n"
			   "trunks: {main: {host: nowhere.invalid}}\n");
	put("script.yaml", "nodes:\n  a: {say: hi, next: a}\n");
	put("campaigns/one.yaml", "categories: [x, x]\nscript: ../script.yaml\nstrategy: {plugin: other}\n"
				  "zone: Europe/Atlantis\nring_tme: 5s\n");
	cr_assert_null(load());
	has("zvonar.yaml:2:1: unknown key 'nod' in the file; did you mean 'node'?");
	has("zvonar.yaml:3:15: sip.agents: '99' is not allowed");
	has("zvonar.yaml:4:18: media.ranges: ports 40000-40011 meet the kernel's ephemeral ports");
	has("trunks.main.host: 'nowhere.invalid' has no IPv4 address");
	has("one.yaml:1:17: 'x' stands twice");
	has("one.yaml:3:20: campaigns.one.strategy.plugin: there is no plugins.other");
	has("one.yaml:4:7: campaigns.one.zone: no time zone 'Europe/Atlantis'");
	has("one.yaml:5:1: unknown key 'ring_tme' in campaigns.one; did you mean 'ring_time'?");
	has("script.yaml:2:3: nodes.a is a dead end");
	has("campaigns.one has no callers, and trunks.main has none either");
	cr_assert_geq(n_errors, 10);
}

Test(config, a_missing_file_is_told_by_name, .init = make, .fini = drop)
{
	cr_assert_null(load());
	has("/zvonar.yaml: No such file or directory");
	put("zvonar.yaml", "campaigns_dir: nowhere\n");
	cr_assert_null(load());
	has("zvonar.yaml:1:16: campaigns_dir: ");
	put("zvonar.yaml", PLUGIN TRUNK "campaigns: {c: {categories: [x], script: gone.yaml, strategy: {plugin: cad}}}\n");
	cr_assert_null(load());
	has("/gone.yaml: No such file or directory");
	has("zvonar.yaml:3:42: campaigns.c.script does not load");
}

Test(config, fast_forward_is_for_loopback_trunks_only, .init = make, .fini = drop)
{
	struct zv_config *c;

	refused("calendar: {fast_forward: yes}\ntrunks: {main: {host: 192.0.2.1}}\n",
		"zvonar.yaml:2:23: trunks.main.host: '192.0.2.1' is not on loopback");
	refused("calendar: {start: \"2026-11-23T09:00Z\"}\n", "calendar.start needs calendar.fast_forward");
	refused("calendar: {fast_forward: yes, start: \"2026-11-23T09:00Z\", until: \"2026-11-23T09:00Z\"}\n",
		"calendar.until is not after");
	put("zvonar.yaml", "calendar: {fast_forward: yes, start: \"2026-11-23T09:00Z\"}\n" TRUNK);
	c = load();
	cr_assert_not_null(c, "%s", said.text);
	cr_assert(c->engine.fast_forward && c->calendar.start_ms == INT64_C(1795424400000));
	cr_assert_eq(c->engine.fast_forward_until_ms, INT64_MAX);
	cr_assert_eq(c->store.ahead, 1024);
	zv_config_destroy(c);
}

Test(config, a_trunk_by_tls_is_looked_at_unless_it_says_no, .init = make, .fini = drop)
{
	struct zv_config *c;

	put("zvonar.yaml", "trunks:\n  a: {host: localhost, transport: tls, srtp: offer}\n"
			   "  b: {host: \"127.0.0.1:5070\", transport: tls, tls: {verify: no, name: sip.example, ca: ca.pem}}\n"
			   "  c: {host: 127.0.0.1, srtp: require, srtp_over_plain: yes}\n");
	c = load();
	cr_assert_not_null(c, "%s", said.text);
	cr_assert(c->sip_trunks[0].tls.verify && c->sip_trunks[0].port == 5061 &&
		  c->sip_trunks[0].srtp == ZV_SRTP_OFFER);
	cr_assert_str_eq(c->sip_trunks[0].tls.name, "localhost");
	cr_assert(!c->sip_trunks[1].tls.verify && c->sip_trunks[1].port == 5070 &&
		  c->sip_trunks[1].srtp == ZV_SRTP_OFF);
	cr_assert_str_eq(c->sip_trunks[1].tls.name, "sip.example");
	cr_assert_str_eq(c->sip_trunks[1].tls.ca, "ca.pem");
	cr_assert_eq(c->sip_trunks[2].srtp, ZV_SRTP_REQUIRE);
	zv_config_destroy(c);
}

Test(config, ports_that_collide_are_refused, .init = make, .fini = drop)
{
	refused("sip: {port_first: 20100}\n", "meet SIP's own 20100-20107");
	refused("media: {ranges: [\"127.0.0.1:20000-20010\", \"127.0.0.1:20010-20020\"]}\n", "stand twice");
	refused("media: {ranges: [\"[::1]:20000-20010\"]}\n", "must be of sip.local_ip's family");
	refused("media: {ranges: [\"127.0.0.1:20001-20001\"]}\n", "no even port");
	refused("media: {ranges: [\"127.0.0.1:20000-20010\"], max_calls: 7}\n", "media.ranges has 6");
	refused("media: {ranges: [\"127.0.0.1:20000-20001\"], threads: 2}\n", "a port pair for each");
	refused("sip: {port_first: 65000, shards: 16, agents: 64}\n", "do not fit below 65536");
	refused("sip: {local_ip: 0.0.0.0}\n", "name one address of this machine");
}

Test(config, trunks_and_campaigns_are_checked_in_depth, .init = make, .fini = drop)
{
	put("script.yaml", script);
	refused("trunks: {Main: {host: 127.0.0.1}}\n", "'Main' is no name");
	refused("trunks: {m: {host: 127.0.0.1, outcomes: {\"200\": busy}}}\n", "'200' is no SIP status");
	refused("trunks: {m: {host: 127.0.0.1, outcomes: {\"486/\": busy}}}\n", "'486/' is no SIP status");
	refused("trunks: {m: {host: 127.0.0.1, outcomes: {\"486\": answered}}}\n", "one of: unreachable");
	refused("trunks: {m: {host: 127.0.0.1, session_expires: 60s}}\n", "at least 90s");
	refused("trunks: {m: {host: 127.0.0.1, password: x}}\n", "a password needs a user");
	refused("trunks: {m: {host: 127.0.0.1, tls: {verify: no}}}\n", "with transport: tls only");
	refused("trunks: {m: {host: 127.0.0.1, transport: tls, tls: {certificate: x.pem}}}\n", "go together");
	refused("trunks: {m: {host: 127.0.0.1, srtp: require}}\n", "readable by anybody");
	refused("campaigns: {c: {categories: [x], script: script.yaml, strategy: {}}}\n", "'plugin' is missing");
	refused(PLUGIN "campaigns: {c: {categories: [x], script: script.yaml, strategy: {plugin: cad}, results: [r1], "
		"hours: {workday: closed, weekend: closed}}}\n", "closed on every day");
	refused(PLUGIN "engine: {max_dialing: 10s}\ncampaigns: {c: {categories: [x], script: script.yaml, "
		"strategy: {plugin: cad}, results: [r1], ring_time: 20s}}\n", "ring_time is above engine.max_dialing");
	put("campaigns/c.yaml", CAMPAIGN);
	refused(PLUGIN TRUNK "campaigns: {c: {categories: [x], script: script.yaml, strategy: {plugin: cad}}}\n",
		"campaigns.c is defined already in");
	put("campaigns/c.yaml", CAMPAIGN "messages: {m: \"{{name\"}\n");
	refused(PLUGIN TRUNK, "campaigns.c.messages: a {{ without its }}");
}

static enum zv_err reload(struct zv_config *was, struct zv_config **is, uint32_t *changes)
{
	struct zv_conf_sink sink = said_sink(&said);
	char path[128];

	snprintf(path, sizeof(path), "%s/zvonar.yaml", dir);
	*is = NULL;
	return zv_config_reload(path, was, &sink, is, changes);
}

Test(config, a_reload_keeps_indexes_and_refuses_what_counts_at_start_only, .init = make, .fini = drop)
{
	struct zv_config *was, *is;
	uint32_t n = 0;

	put("script.yaml", script);
	put("campaigns/m.yaml", CAMPAIGN);
	put("campaigns/k.yaml", CAMPAIGN);
	put("zvonar.yaml", PLUGIN TRUNK);
	was = load();
	cr_assert_not_null(was, "%s", said.text);
	was->engine.campaigns[0].id = 17;
	cr_assert_eq(reload(was, &is, &n), ZV_OK);
	zv_config_destroy(is); /* a shell may think better of it: the running one must stay whole */
	cr_assert_str_eq(zv_zones_name(was->zones, was->campaigns[0].zone_number), "Europe/Moscow");
	cr_assert_eq(reload(was, &is, &n), ZV_OK, "%s", said.text);
	cr_assert_eq(n, 0);
	cr_assert_eq(is->engine.campaigns[0].id, 17);
	cr_assert_eq(is->zones, was->zones);
	zv_config_destroy(was);
	was = is;

	put("zvonar.yaml", PLUGIN "trunks: {main: {host: \"127.0.0.1:5090\", cps: 77, callers: [+74951234567]}}\n");
	put("campaigns/m.yaml", CAMPAIGN "ring_time: 9s\n");
	cr_assert_eq(reload(was, &is, &n), ZV_OK, "%s", said.text);
	cr_assert_eq(n, 2, "%s", said.text);
	has("trunks.main.cps: '10' -> '77'");
	has("campaigns.m.ring_time: '30s' -> '9s'");
	cr_assert_eq(is->engine.trunks[0].cps, 77);
	cr_assert_eq(is->hash != was->hash, 1);
	zv_config_destroy(was);
	was = is;

	put("zvonar.yaml", PLUGIN TRUNK "node: 5\n");
	cr_assert_eq(reload(was, &is, &n), ZV_EDENIED);
	has("zvonar.yaml:3:7: node cannot change while zvonard runs: '1' -> '5'");
	cr_assert_null(is);
	put("zvonar.yaml", PLUGIN "trunks: {other: {host: \"127.0.0.1:5090\", callers: [+74951234567]}}\n");
	cr_assert_neq(reload(was, &is, &n), ZV_OK);
	has("trunks.main is gone");
	put("zvonar.yaml", PLUGIN TRUNK);
	put("script.yaml", "nodes:\n  a: {say: other, next: b}\n  b: {end: answered, result: r1}\n");
	cr_assert_eq(reload(was, &is, &n), ZV_EDENIED);
	has("a script cannot change while zvonard runs");
	put("script.yaml", script);
	put("zvonar.yaml", "nonsense: [\n");
	cr_assert_eq(reload(was, &is, &n), ZV_EPARSE, "the running one stays");
	zv_config_destroy(was);
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 1 << 18);

	cr_assert_not_null(f, "%s", path);
	cr_assert_lt(fread(text, 1, (1 << 18) - 1, f), (1 << 18) - 1);
	fclose(f);
	return text;
}

static const char *source_root(void)
{
	const char *root = getenv("ZVONAR_SOURCE_ROOT");

	cr_assert_not_null(root, "run it by meson test, or set ZVONAR_SOURCE_ROOT");
	return root;
}

Test(config, the_sample_in_the_sources_is_what_print_conf_prints_and_it_loads)
{
	char *printed = NULL, *sample;
	struct zv_config *c;
	char path[4096];
	size_t n = 0;
	FILE *f = open_memstream(&printed, &n);

	zv_config_print_sample(f);
	fclose(f);
	snprintf(path, sizeof(path), "%s/conf/zvonar.yaml.sample", source_root());
	sample = slurp(path);
	cr_assert_str_eq(printed, sample, "zvonard --print-conf >conf/zvonar.yaml.sample");
	c = load_at(path);
	cr_assert_not_null(c, "%s", said.text);
	cr_assert_str_eq(c->store.dir, "/var/lib/zvonar");
	cr_assert_str_eq(said.text, "");
	zv_config_destroy(c);
	free(printed);
	free(sample);
}

Test(config, the_demonstration_loads_without_a_word)
{
	struct zv_config *c;
	char path[4096];

	snprintf(path, sizeof(path), "%s/conf/demo/zvonar.yaml", source_root());
	c = load_at(path);
	cr_assert_not_null(c, "%s", said.text);
	cr_assert_str_eq(said.text, "");
	cr_assert_eq(c->engine.n_campaigns, 2);
	cr_assert_str_eq(c->campaigns[0].name, "cleanup");
	cr_assert_eq(c->campaigns[0].n_categories, 4);
	cr_assert_eq(c->campaigns[0].script->n_prompts, 8);
	cr_assert_neq(c->engine.campaigns[0].abandon_prompt, 0);
	cr_assert_str_eq(c->campaigns[0].messages[0], "sms_pick_up");
	zv_config_destroy(c);
}

/* ---- the law ---- */

#define STATED "purpose: service\nchannel: voice_prerec\nmode: robot\nactor: creditor\njurisdiction: RU\n"
#define NOW_MS INT64_C(1795413600000) /* 23 November 2026 */

/* Loads one campaign with more of its own, under one rule; what fitness says stands in said. */
static struct zv_config *under(const char *rule, const char *more)
{
	struct zv_conf_sink sink;
	struct zv_config *c;
	char text[2000];

	put("zvonar.yaml", TRUNK PLUGIN);
	put("script.yaml", script);
	put("rules/t.jsonl", rule);
	snprintf(text, sizeof(text), "%s%s", CAMPAIGN, more);
	put("campaigns/zeta.yaml", text);
	c = load();
	cr_assert_not_null(c, "%s", said.text);
	sink = said_sink(&said);
	zv_config_fitness(c, NOW_MS, &sink);
	return c;
}

static void unfit(const char *rule, const char *more, const char *why)
{
	struct zv_config *c = under(rule, more);

	cr_assert_neq(c->campaigns[0].unfit[0], 0, "%s starts under %s", more, rule);
	cr_assert_not_null(strstr(c->campaigns[0].unfit, why), "no '%s' in: %s", why,
			   c->campaigns[0].unfit);
	cr_assert_not_null(strstr(said.text, "zeta.yaml:"), "%s", said.text);
	zv_config_destroy(c);
}

static void fit(const char *rule, const char *more)
{
	struct zv_config *c = under(rule, more);

	cr_assert_str_eq(c->campaigns[0].unfit, "");
	zv_config_destroy(c);
}

#define OPEN "{\"id\":\"RU-T-OPEN\",\"jur\":\"RU\",\"law\":\"l\",\"src\":\"s\",\"seen\":\"2026-11-21\",\"trust\":\"official\",\"when\":{},\"kind\":\"hours\",\"hours\":{\"tz\":\"residence\",\"days\":{\"any\":[[\"00:00\",\"24:00\"]]}}}\n"
#define TREAT(treat) "{\"id\":\"RU-T-TREAT\",\"jur\":\"RU\",\"law\":\"art. 1\",\"src\":\"s\",\"seen\":\"2026-11-21\",\"trust\":\"official\",\"when\":{},\"kind\":\"treat\",\"treat\":" treat "}\n"

Test(config, a_campaign_that_does_not_say_what_it_is_for_does_not_start, .init = make, .fini = drop)
{
	unfit(OPEN, "", "write `purpose:`");
	unfit(OPEN, "purpose: service\nchannel: voice_ai\nmode: robot\n", "write `actor:`");
	fit(OPEN, STATED);
}

Test(config, without_rules_nobody_is_called, .init = make, .fini = drop)
{
	struct zv_conf_sink sink;
	struct zv_config *c;

	put("zvonar.yaml", TRUNK PLUGIN);
	put("script.yaml", script);
	put("campaigns/zeta.yaml", CAMPAIGN STATED);
	c = load();
	cr_assert_not_null(c, "%s", said.text);
	cr_assert_null(c->engine.rules);
	sink = said_sink(&said);
	zv_config_fitness(c, NOW_MS, &sink);
	cr_assert_not_null(strstr(c->campaigns[0].unfit, "there are no rules"));
	zv_config_destroy(c);
	put("zvonar.yaml", TRUNK PLUGIN "rules: {files: nowhere}\n");
	cr_assert_null(load(), "a folder that is named must be there");
	has("nowhere");
}

Test(config, rules_that_are_wrong_are_told_with_their_line_and_nothing_loads, .init = make, .fini = drop)
{
	put("zvonar.yaml", TRUNK);
	put("rules/t.jsonl", OPEN "{\"id\":\"RU-T-BAD\"}\n");
	cr_assert_null(load());
	has("t.jsonl:2");
}

Test(config, what_a_rule_asks_of_a_call_must_be_given, .init = make, .fini = drop)
{
	unfit(TREAT("{\"ring_min_s\":45}"), STATED, "ring for at least 45 s");
	fit(TREAT("{\"ring_min_s\":45}"), STATED "ring_time: 45s\n");
	unfit(TREAT("{\"announce\":{\"say\":[\"agency\",\"creditor\"],\"each_contact\":true}}"),
	      STATED "announces: [agency]\n", "wants 'creditor' said");
	fit(TREAT("{\"announce\":{\"say\":[\"agency\",\"creditor\"]}}"), STATED "announces: [creditor, agency]\n");
	unfit(TREAT("{\"cli\":{\"hidden\":false,\"own_contract\":true}}"), STATED, "own_contract: yes");
	fit(TREAT("{\"cli\":{\"own_contract\":true}}"), STATED "caller_id: {own_contract: yes}\n");
	unfit(TREAT("{\"cli\":{\"label_max\":8}}"), STATED "caller_id: {label: \"Банк: дела\"}\n",
	      "allows a label of 8 characters, this one has 10");
	fit(TREAT("{\"cli\":{\"label_max\":10}}"), STATED "caller_id: {label: \"Банк: дела\"}\n");
	unfit(TREAT("{\"else_play\":{\"optout\":\"ivr\"}}"), STATED, "optout: everywhere");
}

Test(config, rules_that_nobody_looked_at_for_long_stop_a_campaign_unless_their_set_is_accepted, .init = make, .fini = drop)
{
	static const char old[] =
		"{\"id\":\"RU-T-OLD\",\"jur\":\"RU\",\"law\":\"l\",\"src\":\"s\",\"seen\":\"2025-10-01\",\"trust\":\"official\",\"when\":{},\"kind\":\"hours\",\"hours\":{\"tz\":\"residence\",\"days\":{\"any\":[[\"00:00\",\"24:00\"]]}}}\n";
	struct zv_conf_sink sink;
	struct zv_config *c;
	char text[400];
	uint64_t hash;

	unfit(old, STATED, "days ago, over 400");
	c = under(old, STATED);
	hash = c->engine.rules->hash;
	zv_config_destroy(c);
	snprintf(text, sizeof(text), TRUNK PLUGIN "rules: {accept_stale: \"%016llx\"}\n", (unsigned long long)hash);
	put("zvonar.yaml", text);
	c = load();
	cr_assert_not_null(c, "%s", said.text);
	sink = said_sink(&said);
	zv_config_fitness(c, NOW_MS, &sink);
	cr_assert_str_eq(c->campaigns[0].unfit, "");
	has("RU-T-OLD");
	zv_config_destroy(c);
}

Test(config, the_mode_says_how_fast_a_campaign_dials, .init = make, .fini = drop)
{
	static const struct { const char *said; uint8_t pace; } cases[] = {
		{"mode: robot\n", 0},
		{"mode: robot\npace: {agents: yes}\n", ZV_PACE_ROBOT},
		{"mode: progressive\n", ZV_PACE_PROGRESSIVE},
		{"mode: predictive\n", ZV_PACE_PREDICTIVE},
		{"mode: predictive\npace: {ratio: 150, abandon_limit: 10, patience: 1500ms, ring_min: 12s}\n",
		 ZV_PACE_RATIO},
		{"mode: predictive\npace: {deadline: \"2026-12-04T20:00:00+03:00\"}\n", ZV_PACE_DEADLINE},
		{"mode: manual\n", 0},
	};

	put("zvonar.yaml", full);
	put("script.yaml", script);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[1024];
		struct zv_config *c;
		const struct zv_campaign_conf *e;

		(void)snprintf(text, sizeof(text), CAMPAIGN "%s", cases[i].said);
		put("campaigns/zeta.yaml", text);
		c = load();
		cr_assert_not_null(c, "%s: %s", cases[i].said, said.text);
		e = &c->engine.campaigns[1];
		cr_expect_eq(e->pace, cases[i].pace, "%s", cases[i].said);
		if (cases[i].pace == ZV_PACE_RATIO) {
			cr_expect_eq(e->pacing.ratio_ppm, 1500000);
			cr_expect_eq(e->pacing.rules[0].limit_ppm, 10000);
			cr_expect_eq(e->pacing.patience_ms, 1500);
			cr_expect_eq(e->pacing.ring_min_ms, 12000);
		}
		if (cases[i].pace == ZV_PACE_DEADLINE)
			cr_expect_eq(e->deadline_ms, INT64_C(1796403600000));
		zv_config_destroy(c);
	}
	put("campaigns/zeta.yaml", CAMPAIGN "mode: predictive\npace: {plugin: nobody}\n");
	cr_expect_null(load());
	has("there is no plugins.nobody");
}
