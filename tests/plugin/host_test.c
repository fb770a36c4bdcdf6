/* The host's checks: one fixture for each rule of the interface.  What is refused is refused with a
 * text, before anything of it is called, and leaves nothing loaded. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugin/abi.h"
#include "rig.h"

enum { OPENED, CLOSED, CAMPAIGN_OPENED, CAMPAIGN_CLOSED, ASKED };

static struct rig rig;

static void path_of(const char *fixture, char path[512])
{
	(void)snprintf(path, 512, "%s/fixture_%s.so", FIXTURE_DIR, fixture);
}

/* A counter of a fixture that is loaded. */
static int counted(const char *fixture, int what)
{
	char path[512];
	_Atomic int *counts;
	void *module;
	int n;

	path_of(fixture, path);
	module = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
	cr_assert_not_null(module, "%s is not loaded", fixture);
	counts = dlsym(module, "fixture_count");
	cr_assert_not_null(counts);
	n = counts[what];
	dlclose(module);
	return n;
}

/* The fixture is refused with this error, and these words stand in the text. */
static void refused(const char *fixture, enum zv_err want, const char *words)
{
	struct zv_plugin_stats stats;
	char path[512];
	void *module;
	_Atomic int *counts;
	enum zv_err err;

	path_of(fixture, path);
	/* Held by the test, so that what was called can be read afterwards. */
	module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	cr_assert_not_null(module, "%s", dlerror());
	counts = dlsym(module, "fixture_count");
	cr_assert_not_null(counts);
	rig_open(&rig);
	err = rig_load(&rig, fixture);
	cr_assert_eq(err, want, "%s: error %d, %s", fixture, err, rig.text);
	cr_assert_not_null(strstr(rig.text, words), "%s", rig.text);
	cr_assert_not_null(strstr(rig.text, fixture), "the text does not say which: %s", rig.text);
	cr_assert_eq(counts[OPENED], strcmp(fixture, "open_fails") == 0 ? 1 : 0);
	cr_assert_eq(counts[CLOSED], 0);
	dlclose(module);
	cr_assert_null(dlopen(path, RTLD_NOW | RTLD_NOLOAD), "%s is still mapped", fixture);
	cr_assert_eq(zv_plugins_get_stats(rig.plugins, 0, &stats), ZV_ENOENT);
	/* The host is none the worse for it. */
	cr_assert_eq(rig_load(&rig, "good"), ZV_OK, "%s", rig.text);
	rig_close(&rig);
}

Test(plugin_host, refuses_a_wrong_magic) { refused("wrong_magic", ZV_EINVAL, "magic"); }
Test(plugin_host, refuses_another_major) { refused("wrong_major", ZV_EVERSION, "rebuild"); }
Test(plugin_host, refuses_a_newer_minor) { refused("newer_minor", ZV_EVERSION, "newer"); }
Test(plugin_host, refuses_a_size_that_ends_before_the_operations) { refused("too_small", ZV_EINVAL, "size"); }
Test(plugin_host, refuses_a_size_beyond_the_symbol) { refused("too_big", ZV_EINVAL, "size"); }
Test(plugin_host, refuses_an_unknown_flag) { refused("unknown_flag", ZV_EINVAL, "flags"); }
Test(plugin_host, refuses_a_strategy_that_blocks) { refused("blocking", ZV_EINVAL, "pure"); }
Test(plugin_host, refuses_a_kind_it_does_not_run) { refused("wrong_kind", ZV_EINVAL, "kind is 99"); }
Test(plugin_host, refuses_a_plugin_without_a_name) { refused("null_name", ZV_EINVAL, "name is NULL"); }
Test(plugin_host, refuses_a_name_that_could_be_a_path) { refused("bad_name", ZV_EINVAL, "name is not"); }
Test(plugin_host, refuses_a_plugin_without_operations) { refused("null_ops", ZV_EINVAL, "ops is NULL"); }
Test(plugin_host, refuses_operations_that_are_too_short) { refused("small_ops", ZV_EINVAL, "ops->size"); }
Test(plugin_host, refuses_operations_without_next) { refused("null_next", ZV_EINVAL, "next"); }
Test(plugin_host, refuses_what_does_not_open_and_never_closes_it) { refused("open_fails", ZV_EIO, "open()"); }
Test(plugin_host, refuses_a_library_that_is_no_plugin) { refused("no_symbol", ZV_EINVAL, "no symbol"); }
Test(plugin_host, refuses_a_function_in_the_symbols_place) { refused("function_symbol", ZV_EINVAL, "not a data"); }
Test(plugin_host, refuses_a_symbol_shorter_than_its_head) { refused("short_symbol", ZV_EINVAL, "8 bytes"); }

Test(plugin_host, takes_an_older_one_whose_missing_functions_are_null)
{
	rig_open(&rig);
	cr_assert_eq(rig_load(&rig, "older"), ZV_OK, "%s", rig.text);
	cr_assert_eq(counted("older", OPENED), 1);
	cr_assert_eq(rig_bind_to(&rig, RIG_CAMPAIGN, "older"), ZV_OK);
	rig_close(&rig); /* close() is not there, so it is not called */
}

Test(plugin_host, a_newer_host_takes_an_older_minor_and_refuses_a_newer_one)
{
	static const struct zv_strategy_ops ops = {.size = sizeof(ops)};
	static const struct zv_abi newer = {ZV_ABI_MAJOR, 5};
	struct zv_plugin in = {
		ZV_PLUGIN_HEAD(ZV_KIND_STRATEGY),
		.name = "p",
		.ops = &ops,
		.open = (enum zv_err (*)(const struct zv_host *, const struct zv_conf_node *, void **))(uintptr_t)8,
		.close = (void (*)(void *))(uintptr_t)16,
	};
	struct zv_plugin out;
	char text[256];

	in.abi_minor = 4;
	in.size = offsetof(struct zv_plugin, close);
	cr_assert_eq(zv_abi_check(&in, sizeof(in), &newer, &out, text, sizeof(text)), ZV_OK, "%s", text);
	cr_assert_null(out.close, "what lies beyond its size was read");
	cr_assert_not_null(out.open);
	in.abi_minor = 6;
	cr_assert_eq(zv_abi_check(&in, sizeof(in), &newer, &out, text, sizeof(text)), ZV_EVERSION);
}

Test(plugin_host, a_missing_file_a_directory_and_text_are_refused)
{
	rig_open(&rig);
	cr_assert_eq(rig_load(&rig, "not_there"), ZV_ENOENT);
	cr_assert_not_null(strstr(rig.text, "No such file"), "%s", rig.text);
	cr_assert_eq(zv_plugins_load(rig.plugins, "/usr", NULL, rig.text, sizeof(rig.text)), ZV_EINVAL);
	cr_assert_eq(zv_plugins_load(rig.plugins, "/etc/passwd", NULL, rig.text, sizeof(rig.text)), ZV_EINVAL);
	cr_assert_not_null(strstr(rig.text, "does not load"), "%s", rig.text);
	rig_close(&rig);
}

Test(plugin_host, a_file_that_others_may_write_is_refused)
{
	char dir[] = "/tmp/zv-plugin-XXXXXX";
	char from[512], to[600], bytes[65536];
	FILE *in, *out;
	size_t n;

	cr_assert_not_null(mkdtemp(dir));
	path_of("good", from);
	(void)snprintf(to, sizeof(to), "%s/p.so", dir);
	in = fopen(from, "rb");
	out = fopen(to, "wb");
	cr_assert(in != NULL && out != NULL);
	while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
		cr_assert_eq(fwrite(bytes, 1, n, out), n);
	fclose(in);
	fclose(out);
	rig_open(&rig);
	cr_assert_eq(chmod(to, 0775), 0);
	cr_assert_eq(zv_plugins_load(rig.plugins, to, NULL, rig.text, sizeof(rig.text)), ZV_EDENIED);
	cr_assert_eq(chmod(to, 0757), 0);
	cr_assert_eq(zv_plugins_load(rig.plugins, to, NULL, rig.text, sizeof(rig.text)), ZV_EDENIED);
	cr_assert_not_null(strstr(rig.text, "chmod go-w"), "%s", rig.text);
	cr_assert_eq(chmod(to, 0755), 0);
	cr_assert_eq(zv_plugins_load(rig.plugins, to, NULL, rig.text, sizeof(rig.text)), ZV_OK, "%s", rig.text);
	rig_close(&rig);
	unlink(to);
	rmdir(dir);
}

Test(plugin_host, a_name_is_loaded_once)
{
	rig_open(&rig);
	cr_assert_eq(rig_load(&rig, "good"), ZV_OK);
	cr_assert_eq(rig_load(&rig, "good"), ZV_EEXIST);
	cr_assert_eq(counted("good", OPENED), 1);
	rig_close(&rig);
}

/* ---- binding and asking ---- */

static struct rig_lead lead;

static void ready(const char *fixture, uint32_t deadline_ms)
{
	rig_open_with(&rig, deadline_ms, 3);
	cr_assert_eq(rig_load(&rig, fixture), ZV_OK, "%s", rig.text);
	cr_assert_eq(rig_bind_to(&rig, RIG_CAMPAIGN, strcmp(fixture, "good") == 0 ? "fixture" : fixture), ZV_OK,
		     "%s", rig.text);
	rig_lead(&rig, &lead, "Europe/Moscow", 1);
}

static struct zv_plugin_stats stats_of(uint32_t i)
{
	struct zv_plugin_stats stats;

	cr_assert_eq(zv_plugins_get_stats(rig.plugins, i, &stats), ZV_OK);
	return stats;
}

Test(plugin_host, a_binding_is_replaced_only_by_one_that_stands)
{
	struct zv_campaign_view empty = {.size = sizeof(empty), .campaign = RIG_CAMPAIGN, .name = "empty"};

	ready("good", 1000);
	cr_assert_eq(zv_plugins_bind(rig.plugins, "fixture", &empty, NULL, rig.text, sizeof(rig.text)), ZV_EINVAL);
	cr_assert_eq(counted("good", CAMPAIGN_CLOSED), 0);
	rig_call(&lead, rig_ms("Europe/Moscow", "2026-11-23 10:00"), ZV_OUT_BUSY, 0);
	cr_assert_eq(lead.step.u.step.fallback, 0, "the old binding was lost");
	cr_assert_eq(rig_bind_to(&rig, RIG_CAMPAIGN, "fixture"), ZV_OK);
	cr_assert_eq(counted("good", CAMPAIGN_CLOSED), 1);
	cr_assert_eq(rig_bind_to(&rig, RIG_CAMPAIGN, "nobody"), ZV_ENOENT);
	cr_assert_not_null(strstr(rig.text, "nobody"), "%s", rig.text);
	cr_assert_eq(rig_load(&rig, "slow"), ZV_OK);
	cr_assert_eq(rig_bind_to(&rig, RIG_CAMPAIGN, "slow"), ZV_OK);
	cr_assert_eq(counted("good", CAMPAIGN_CLOSED), 2);
	cr_assert_eq(counted("good", CAMPAIGN_OPENED), 3);
	rig_close(&rig);
}

Test(plugin_host, the_default_rests_a_day_and_waits_for_the_hours)
{
	rig_open(&rig);
	rig_lead(&rig, &lead, "Europe/Moscow", 1);
	lead.offer.n_numbers = 2;
	lead.offer.number = 1;
	rig_call(&lead, rig_ms("Europe/Moscow", "2026-11-23 20:30") - 40000, ZV_OUT_BUSY, 0);
	cr_assert_eq(lead.step.u.step.kind, ZV_STEP_RETRY);
	cr_assert_eq(lead.step.u.step.fallback, 1);
	cr_assert_eq(lead.step.u.step.number, 1);
	cr_assert_eq(lead.step.u.step.due_class, ZV_DUE_LATER);
	cr_assert_eq(lead.step.u.step.due_ms, rig_ms("Europe/Moscow", "2026-11-24 20:30"));
	rig_call(&lead, rig_ms("Europe/Moscow", "2026-11-23 22:00"), ZV_OUT_BUSY, 0);
	cr_assert_eq(lead.step.u.step.due_ms, rig_ms("Europe/Moscow", "2026-11-25 09:00"));
	cr_assert_eq(zv_plugins_unbound(rig.plugins), 2);
	rig_close(&rig);
}

Test(plugin_host, nonsense_and_errors_become_the_default_and_are_counted)
{
	int64_t at_ms = rig_ms("Europe/Moscow", "2026-11-23 10:00");

	ready("garbage", 1000);
	for (int i = 1; i <= 16; i++) {
		rig_call(&lead, at_ms, ZV_OUT_BUSY, 0);
		cr_assert_eq(lead.step.u.step.fallback, 1, "nonsense %d was believed", i);
		cr_assert_eq(lead.step.u.step.kind, ZV_STEP_RETRY);
		cr_assert_eq(lead.step.u.step.due_ms, at_ms + 40000 + 86400000);
		cr_assert_eq(lead.step.u.step.n_messages, 0);
	}
	rig_call(&lead, at_ms, ZV_OUT_BUSY, 0);
	cr_assert_eq(lead.step.u.step.fallback, 0);
	cr_assert_eq(lead.step.u.step.due_ms, at_ms + 40000 + 3600000);
	cr_assert_eq(stats_of(0).errors, 1);
	cr_assert_eq(stats_of(0).bad_answers, 15);
	cr_assert_eq(stats_of(0).fallbacks, 16);
	cr_assert_eq(stats_of(0).answered, 1);
	rig_close(&rig);
}

Test(plugin_host, overruns_become_the_default_and_the_last_strike_disables)
{
	int64_t at_ms = rig_ms("Europe/Moscow", "2026-11-23 10:00");

	ready("slow", 5);
	for (uint32_t i = 1; i <= 3; i++) {
		cr_assert(!stats_of(0).disabled);
		rig_call(&lead, at_ms, ZV_OUT_BUSY, 0);
		cr_assert_eq(lead.step.u.step.fallback, 1);
		cr_assert_eq(stats_of(0).strikes, i);
	}
	cr_assert(stats_of(0).disabled);
	cr_assert_geq(stats_of(0).max_us, 30000);
	rig_call(&lead, at_ms, ZV_OUT_BUSY, 0);
	cr_assert_eq(lead.step.u.step.fallback, 1);
	cr_assert_eq(counted("slow", ASKED), 3, "a disabled plugin was asked");
	rig_close(&rig);
}
