/* rules check, rules list: the law as files, without a daemon or a store.  rules test stands in
 * cmd_rules_test.c. */
#include <string.h>
#include <sys/stat.h>

#include "conf/conf.h"
#include "ctl/ctl.h"
#include "law/law.h"

#define DEFAULT_RULES "/etc/zvonar/rules"

/* ---- what is wrong ---- */

struct faults {
	struct zv_out *out; /* NULL: plain lines */
	uint32_t n_errors, n_warnings;
	bool quiet; /* warnings to standard error alone */
};

static void tell_fault(void *arg, enum zv_law_level level, const char *file, unsigned line,
                       const char *path, const char *text)
{
	struct faults *f = arg;
	const char *word = level == ZV_LAW_ERROR ? "error" : "warning";
	char row[1200];

	if (level == ZV_LAW_ERROR)
		f->n_errors++;
	else
		f->n_warnings++;
	if (f->out != NULL) {
		zv_out_text(f->out, word);
		zv_out_text(f->out, file);
		zv_out_uint(f->out, line);
		zv_out_text(f->out, path);
		zv_out_text(f->out, text);
		zv_out_row(f->out);
		return;
	}
	(void)snprintf(row, sizeof(row), "%s:%u:%s%s %s%s", file, line, path, path[0] != 0 ? ":" : "",
	               level == ZV_LAW_ERROR ? "" : "warning: ", text);
	zv_put_plain(f->quiet ? stderr : stdout, row);
	(void)fputc('\n', f->quiet ? stderr : stdout);
}

/* ---- where things are ---- */

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The folder calendars beside the folder that holds the rules, if there is one. */
static const char *calendars_beside(const char *rules, char *to, size_t size)
{
	const char *slash = strrchr(rules, '/'), *folder = rules;
	int len = (int)strlen(rules);

	if (!is_folder(rules)) {
		folder = slash != NULL ? rules : ".";
		len = slash != NULL ? (int)(slash - rules) : 1;
	}
	if ((size_t)snprintf(to, size, "%.*s/../calendars", len, folder) >= size)
		return NULL;
	return is_folder(to) ? to : NULL;
}

/* What the configuration says, relative to its own folder; NULL: nothing. */
static const char *rules_of_conf(const char *conf, char *to, size_t size)
{
	struct zv_conf_sink sink = zv_conf_sink_file(stderr);
	struct zv_conf_tree *tree = NULL;
	const char *slash = strrchr(conf, '/'), *files, *found = NULL;

	if (zv_conf_read(conf, &sink, &tree) != ZV_OK)
		return NULL;
	files = zv_conf_text(zv_conf_find(zv_conf_root(tree), "rules.files"));
	if (files != NULL && (size_t)snprintf(to, size, "%.*s%s",
	                                      files[0] != '/' && slash != NULL ? (int)(slash - conf + 1) : 0,
	                                      conf, files) < size)
		found = to;
	zv_conf_free(tree);
	return found;
}

/* ---- loading ---- */

static enum zv_err load(struct zv_ctl *ctl, const char *rules, struct zv_zones *zones,
                        struct faults *faults, struct zv_law **ret_law)
{
	const char *calendars = zv_args_opt(ctl->args, "calendars");
	char beside[4096];
	struct zv_law_params params = {
	        .rules = rules,
	        .calendars = calendars != NULL ? calendars
	                                       : calendars_beside(rules, beside, sizeof(beside)),
	        .zones = zones,
	        .today_known = true,
	        .today = (int32_t)(zv_wall_ms() / 86400000),
	        .sink = {.tell = tell_fault, .arg = faults},
	};

	return zv_law_load(&params, ret_law);
}

static void say_set(const char *rules, const struct zv_law *law)
{
	const struct zv_rules *set = zv_law_rules(law);
	int year, month, day;

	zv_civil_from_day(zv_law_oldest_seen(law), &year, &month, &day);
	zv_ctl_say("%s: %u rules, set %016llx, time zones %s, oldest seen %04d-%02d-%02d%s", rules, set->n,
	           (unsigned long long)set->hash, set->tz_version, year, month, day,
	           zv_law_stale(law, (int32_t)(zv_wall_ms() / 86400000)) ? ": stale" : "");
}

int zv_cmd_rules_check(struct zv_ctl *ctl, const struct zv_args *args)
{
	static const struct zv_out_col cols[] = {
	        {"level", false}, {"file", false}, {"line", true}, {"path", false}, {"text", false}};
	struct faults faults = {0};
	struct zv_zones *zones = NULL;
	enum zv_err err = zv_zones_create(NULL, &zones);

	if (err != ZV_OK)
		return zv_ctl_fail(err, "rules check");
	if (ctl->format != ZV_FORMAT_TABLE)
		faults.out = zv_out_begin(stdout, ctl->format, true, cols, 5);
	for (size_t i = 0; i < args->n_args; i++) {
		struct zv_law *law = NULL;
		enum zv_err here = load(ctl, args->arg[i], zones, &faults, &law);

		if (here == ZV_OK)
			say_set(args->arg[i], law);
		else
			zv_ctl_say("%s: refused as a whole", args->arg[i]);
		zv_law_destroy(law);
		if (err == ZV_OK)
			err = here;
	}
	zv_out_end(faults.out);
	zv_zones_destroy(zones);
	zv_ctl_say("%u wrong, %u doubtful", faults.n_errors, faults.n_warnings);
	if (err == ZV_ENOENT)
		return zv_ctl_output_end(stdout, ZV_EXIT_NOT_FOUND);
	return zv_ctl_output_end(stdout, err == ZV_OK ? ZV_EXIT_DONE : ZV_EXIT_FAILED);
}

static void list_rule(struct zv_out *out, const struct zv_law *law, uint32_t i, bool russian)
{
	static const char *const kinds[] = {"?",     "freq",    "cooldown", "hours", "ratio",
	                                    "treat", "consent", "deny",     "retain"};
	static const char *const effects[] = {"block", "force_agent", "stop_campaign", "warn"};
	static const char *const trusts[] = {"official", "secondary", "memory", "policy"};
	const struct zv_rule *rule = &zv_law_rules(law)->v[i];
	const struct zv_law_text *text = zv_law_text(law, i);
	char says[1024];

	(russian ? zv_law_say_ru : zv_law_say)(law, i, says, sizeof(says));
	zv_out_text(out, text->id);
	zv_out_text(out, text->jur);
	zv_out_text(out, kinds[rule->kind]);
	zv_out_text(out, says);
	zv_out_text(out, effects[rule->effect]);
	zv_out_text(out, trusts[rule->trust]);
	zv_out_text(out, text->seen);
	zv_out_text(out, text->law);
	zv_out_text(out, text->src);
	zv_out_row(out);
}

int zv_cmd_rules_list(struct zv_ctl *ctl, const struct zv_args *args)
{
	static const struct zv_out_col cols[] = {
	        {"id", false},     {"jur", false},   {"kind", false}, {"says", false},  {"effect", false},
	        {"trust", false},  {"seen", false},  {"law", false},  {"source", false}};
	const char *conf = args->global[ZV_G_CONF], *rules = args->n_args > 0 ? args->arg[0] : NULL;
	struct faults faults = {.quiet = true};
	struct zv_zones *zones = NULL;
	struct zv_law *law = NULL;
	struct zv_out *out;
	char path[4096];
	bool russian;
	enum zv_err err;

	if (!zv_args_russian(args, &russian))
		return ZV_EXIT_USAGE;
	if (args->n_args > 1) {
		zv_ctl_say("one file or folder, please");
		return ZV_EXIT_USAGE;
	}
	if (rules == NULL && conf != NULL)
		rules = rules_of_conf(conf, path, sizeof(path));
	if (rules == NULL)
		rules = DEFAULT_RULES;
	err = zv_zones_create(NULL, &zones);
	if (err != ZV_OK)
		return zv_ctl_fail(err, "rules list");
	err = load(ctl, rules, zones, &faults, &law);
	if (err == ZV_OK) {
		out = zv_out_begin(stdout, ctl->format, false, cols, 9);
		for (uint32_t i = 0; i < zv_law_rules(law)->n; i++)
			list_rule(out, law, i, russian);
		zv_out_end(out);
		say_set(rules, law);
	}
	zv_law_destroy(law);
	zv_zones_destroy(zones);
	if (err == ZV_ENOENT)
		return ZV_EXIT_NOT_FOUND;
	return zv_ctl_output_end(stdout, err == ZV_OK ? ZV_EXIT_DONE : ZV_EXIT_FAILED);
}
