/* list import: a CSV file of contacts into a campaign. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/whom.h"
#include "store/import.h"

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

static bool on_progress(void *arg, const struct zv_import_progress *p)
{
	zv_progress_step(arg, p->bytes, p->total_bytes, p->rows, "rows");
	return interrupted == 0;
}

/* The campaign; with --create made without categories, which zvonard adds from its file. */
static int find_campaign(struct zv_ctl *ctl, struct zv_store *store, const char *name,
                         uint32_t *ret_id)
{
	struct zv_campaign_info info;
	struct zv_campaign_names names = {.name = name};
	enum zv_err err = zv_store_campaign_get(store, name, &info);

	if (err == ZV_ENOENT && zv_args_opt(ctl->args, "create") != NULL) {
		err = zv_store_campaign_put(store, &names, ret_id);
		return err == ZV_OK ? ZV_EXIT_DONE : zv_ctl_fail(err, name);
	}
	if (err == ZV_ENOENT) {
		zv_ctl_say("no campaign \"%s\" in this store: zvonard makes those of its "
		           "configuration "
		           "at its start; --create makes an empty one",
		           name);
		return ZV_EXIT_NOT_FOUND;
	}
	*ret_id = info.id;
	return err == ZV_OK ? ZV_EXIT_DONE : zv_ctl_fail(err, name);
}

static void print_report(struct zv_ctl *ctl, const struct zv_import_report *r, const char *rejects)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
	        {"rows", r->rows},
	        {"imported", r->imported},
	        {"persons", r->persons},
	        {"numbers", r->numbers},
	        {"duplicates_in_file", r->duplicates_file},
	        {"duplicates_in_campaign", r->duplicates_campaign},
	        {"duplicates_of_person", r->duplicates_person},
	        {"duplicate_numbers", r->duplicate_numbers},
	        {"rejected", r->rejected},
	        {"bad_numbers", r->bad_numbers},
	        {"bytes", r->bytes},
	        {"truncated_line", r->truncated ? r->truncated_line : 0},
	};
	static const struct zv_out_col cols[] = {{"what", false}, {"value", true}};
	struct zv_out *out;

	if (ctl->format == ZV_FORMAT_JSON) {
		(void)fputc('{', stdout);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			(void)printf("\"%s\":%llu,", rows[i].name,
			             (unsigned long long)rows[i].value);
		(void)fputs("\"encoding\":\"", stdout);
		zv_put_json(stdout, r->encoding);
		(void)fputs("\",\"rejects\":", stdout);
		if (rejects != NULL && r->rejected > 0) {
			(void)fputc('"', stdout);
			zv_put_json(stdout, rejects);
			(void)fputs("\"}\n", stdout);
		} else {
			(void)fputs("null}\n", stdout);
		}
		return;
	}
	out = zv_out_begin(stdout, ctl->format, false, cols, 2);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].value == 0 && i > 1 && ctl->format == ZV_FORMAT_TABLE)
			continue;
		zv_out_text(out, rows[i].name);
		zv_out_uint(out, rows[i].value);
		zv_out_row(out);
	}
	zv_out_text(out, "encoding");
	zv_out_text(out, r->encoding);
	zv_out_row(out);
	zv_out_end(out);
}

static int country_of(const char *word, enum zv_country *ret_country)
{
	static const struct {
		const char *word;
		enum zv_country country;
	} rows[] = {{"ru", ZV_COUNTRY_RU}, {"ua", ZV_COUNTRY_UA}, {"kz", ZV_COUNTRY_KZ}};

	for (size_t i = 0; i < 3; i++) {
		if (strcmp(rows[i].word, word) == 0) {
			*ret_country = rows[i].country;
			return -1;
		}
	}
	zv_ctl_say("--country %s: one of ru, ua, kz", word);
	return ZV_EXIT_USAGE;
}

static int fill_params(struct zv_ctl *ctl, struct zv_import_params *p)
{
	const char *delimiter = zv_args_opt(ctl->args, "delimiter");
	const char *country = zv_args_opt(ctl->args, "country");

	p->encoding = zv_args_opt(ctl->args, "encoding");
	p->mapping = zv_args_opt(ctl->args, "map");
	p->zone = zv_args_opt(ctl->args, "zone");
	p->rejects = zv_args_opt(ctl->args, "rejects");
	p->dry_run = zv_args_opt(ctl->args, "dry-run") != NULL;
	p->due_class = zv_args_opt(ctl->args, "hot") != NULL ? ZV_DUE_HOT : ZV_DUE_NORMAL;
	if (p->zone == NULL)
		p->zone = "Europe/Moscow";
	if (delimiter != NULL) {
		if (strcmp(delimiter, "tab") == 0)
			p->delimiter = '\t';
		else if (strcmp(delimiter, ",") == 0 || strcmp(delimiter, ";") == 0)
			p->delimiter = delimiter[0];
		else {
			zv_ctl_say("--delimiter: , or ; or tab");
			return ZV_EXIT_USAGE;
		}
	}
	return country != NULL ? country_of(country, &p->country) : -1;
}

/* Where the rejects go when nobody said: beside the list. */
static const char *rejects_beside(const char *path, char *buf, size_t size)
{
	const char *slash = strrchr(path, '/');
	size_t dir = slash != NULL ? (size_t)(slash - path) + 1 : 0;

	if (strcmp(path, "-") == 0 || dir >= size)
		return NULL;
	memcpy(buf, path, dir);
	buf[dir] = 0;
	if (access(dir > 0 ? buf : ".", W_OK) != 0 ||
	    (size_t)snprintf(buf, size, "%s.rejects.csv", path) >= size) {
		zv_ctl_say("%s: no rejects file can be made beside it; --rejects FILE says where",
		           path);
		return NULL;
	}
	return buf;
}

static int tell_import(struct zv_ctl *ctl, enum zv_err err, const struct zv_import_params *p,
                       const struct zv_import_report *r)
{
	print_report(ctl, r, p->rejects);
	if (r->text[0] != 0)
		zv_ctl_say("%s: %s", p->path, r->text);
	if (r->truncated)
		zv_ctl_say("%s: the file ends inside a row (line %llu); all rows before it are in",
		           p->path, (unsigned long long)r->truncated_line);
	if (r->rejected > 0 && p->rejects != NULL)
		zv_ctl_say("%llu rows rejected, each with its reason in %s",
		           (unsigned long long)r->rejected, p->rejects);
	if (interrupted) {
		zv_ctl_say("interrupted: what is in stays, importing again skips it");
		return ZV_EXIT_FAILED;
	}
	if (err != ZV_OK && r->text[0] == 0)
		zv_ctl_say("%s: %s", p->path, zv_err_text(err));
	if (err == ZV_ENOENT)
		return ZV_EXIT_NOT_FOUND;
	return err == ZV_OK ? ZV_EXIT_DONE : ZV_EXIT_FAILED;
}

int zv_cmd_list_import(struct zv_ctl *ctl, const struct zv_args *args)
{
	struct zv_import_params p = {.path = args->arg[1], .progress = on_progress};
	struct zv_import_report report = {0};
	struct zv_progress progress;
	char beside[4096];
	int status = fill_params(ctl, &p);
	struct zv_store *store;
	enum zv_err err;

	if (status >= 0)
		return status;
	if (p.rejects == NULL && !p.dry_run)
		p.rejects = rejects_beside(p.path, beside, sizeof(beside));
	store = zv_ctl_store(ctl, true, &status);
	if (store == NULL)
		return status;
	status = find_campaign(ctl, store, args->arg[0], &p.campaign);
	if (status != ZV_EXIT_DONE)
		goto out;
	p.now_cal_ms = zv_calendar_now(store, NULL);
	zv_progress_begin(&progress, "import");
	p.arg = &progress;
	(void)signal(SIGINT, on_interrupt);
	(void)signal(SIGTERM, on_interrupt);
	err = zv_import(store, &p, &report);
	zv_progress_end(&progress);
	status = tell_import(ctl, err, &p, &report);
	if (report.imported > 0 && !p.dry_run) {
		int told;

		/* a daemon that runs renders their prompts and looks into the due index */
		json_decref(zv_client_ask(
		        ctl,
		        json_pack("{s:s,s:s}", "cmd", "list_imported", "campaign", args->arg[0]),
		        &told));
	}
out:
	zv_store_close(store);
	return zv_ctl_output_end(stdout, status);
}
