/* numbers import, numbers show: registries of numbers, and where one number is. */
#include <string.h>

#include "base/err.h"
#include "conf/conf.h"
#include "ctl/ctl.h"
#include "law/numbering.h"
#include "store/phone.h"

static void tell(void *arg, enum zv_law_level level, const char *file, unsigned line,
                 const char *path, const char *text)
{
	char row[1200];

	(void)arg;
	(void)path;
	(void)snprintf(row, sizeof(row), "%s:%u: %s%s", file, line,
	               level == ZV_LAW_ERROR ? "" : "warning: ", text);
	zv_put_plain(stderr, row);
	(void)fputc('\n', stderr);
}

static int country_of(const char *word, char to[3])
{
	static const char *const known[] = {"ru", "ua", "kz"};

	for (size_t i = 0; word != NULL && i < 3; i++) {
		if (strcasecmp(word, known[i]) != 0)
			continue;
		to[0] = (char)(known[i][0] - 32);
		to[1] = (char)(known[i][1] - 32);
		to[2] = 0;
		return -1;
	}
	zv_ctl_say("--country: one of ru, ua, kz");
	return ZV_EXIT_USAGE;
}

int zv_cmd_numbers_import(struct zv_ctl *ctl, const struct zv_args *args)
{
	static const struct zv_out_col cols[] = {{"what", false}, {"value", true}};
	struct zv_registry_params params = {
	        .path = args->arg[0], .out = zv_args_opt(args, "out"), .sink = {.tell = tell}};
	struct zv_registry_report report = {0};
	char country[3];
	int status = country_of(zv_args_opt(args, "country"), country);
	struct zv_out *out;
	enum zv_err err;

	if (status >= 0)
		return status;
	params.country = country;
	err = zv_registry_compile(&params, &report);
	if (err != ZV_OK) {
		zv_ctl_say("%s: refused as a whole%s", args->arg[0],
		           params.out != NULL ? ", nothing was written" : "");
		return err == ZV_ENOENT ? ZV_EXIT_NOT_FOUND : ZV_EXIT_FAILED;
	}
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {{"rows", report.rows},       {"ranges", report.ranges},
	            {"numbers", report.numbers}, {"regions", report.regions},
	            {"unknown", report.unknown_regions}, {"bytes", report.bytes}};
	out = zv_out_begin(stdout, ctl->format, false, cols, 2);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		zv_out_text(out, rows[i].name);
		zv_out_uint(out, rows[i].value);
		zv_out_row(out);
	}
	zv_out_end(out);
	return zv_ctl_output_end(stdout, ZV_EXIT_DONE);
}

/* As people write it, without a country code one of Russia. */
static bool parse(const char *text, uint64_t *ret_e164)
{
	size_t used;

	if (zv_phone_parse(text, strlen(text), ZV_COUNTRY_RU, ret_e164, &used) == ZV_PHONE_OK)
		return true;
	return zv_conf_phone(text, ret_e164) == ZV_OK;
}

static void show(struct zv_ctl *ctl, uint64_t e164, const struct zv_place *place,
                 const struct zv_zones *zones)
{
	static const struct zv_out_col cols[] = {
	        {"number", false}, {"jur", false}, {"line", false}, {"region", false}, {"zones", false}};
	static const char *const lines[] = {"", "mobile", "landline"};
	struct zv_out *out = zv_out_begin(stdout, ctl->format, true, cols, 5);
	char list[ZV_PLACE_ZONES_MAX * 64] = "";
	size_t len = 0;

	for (uint8_t i = 0; i < place->n_zones; i++) {
		int n = snprintf(list + len, sizeof(list) - len, "%s%s", i > 0 ? " " : "",
		                 zv_zones_name(zones, place->zones[i]));

		len += n > 0 ? (size_t)n : 0;
	}
	zv_out_number(out, e164);
	zv_out_text(out, place->jur);
	zv_out_text(out, lines[place->line]);
	zv_out_text(out, place->region);
	zv_out_text(out, list);
	zv_out_row(out);
	zv_out_end(out);
}

int zv_cmd_numbers_show(struct zv_ctl *ctl, const struct zv_args *args)
{
	struct zv_numbering_params params = {
	        .tables = args->arg + 1, .n_tables = args->n_args - 1, .sink = {.tell = tell}};
	struct zv_numbering *numbering = NULL;
	struct zv_zones *zones = NULL;
	struct zv_place place;
	uint64_t e164;
	enum zv_err err;
	int status = ZV_EXIT_DONE;

	if (!parse(args->arg[0], &e164)) {
		zv_ctl_say("%s: this is no telephone number", args->arg[0]);
		return ZV_EXIT_USAGE;
	}
	err = zv_zones_create(NULL, &zones);
	if (err != ZV_OK)
		return zv_ctl_fail(err, "numbers show");
	params.zones = zones;
	err = zv_numbering_load(&params, &numbering);
	if (err != ZV_OK) {
		status = err == ZV_ENOENT ? ZV_EXIT_NOT_FOUND : ZV_EXIT_FAILED;
	} else if (!zv_numbering_find(numbering, e164, &place)) {
		zv_ctl_say("+%llu: no known jurisdiction: it would not be called", (unsigned long long)e164);
		status = ZV_EXIT_NOT_FOUND;
	} else {
		show(ctl, e164, &place, zones);
	}
	zv_numbering_destroy(numbering);
	zv_zones_destroy(zones);
	return zv_ctl_output_end(stdout, status);
}
