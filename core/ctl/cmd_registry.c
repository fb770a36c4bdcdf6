/* registry load, list: lists of numbers that rules ask for, each with the day of its copy. */
#include <signal.h>
#include <string.h>

#include "base/err.h"
#include "ctl/whom.h"
#include "store/registry.h"

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

static bool on_progress(void *arg, uint64_t numbers)
{
	zv_progress_step(arg, 0, 0, numbers, "numbers");
	return interrupted == 0;
}

static void print_report(struct zv_ctl *ctl, const char *name, const struct zv_registry_report *r)
{
	if (ctl->format == ZV_FORMAT_JSON) {
		(void)fputs("{\"name\":\"", stdout);
		zv_put_json(stdout, name);
		(void)printf("\",\"numbers\":%llu,\"before\":%llu,\"bad\":%llu}\n",
		             (unsigned long long)r->numbers, (unsigned long long)r->before,
		             (unsigned long long)r->bad);
		return;
	}
	(void)printf("%llu numbers, %llu before\n", (unsigned long long)r->numbers,
	             (unsigned long long)r->before);
	if (r->bad > 0)
		zv_ctl_say("%llu lines without a usable number, the first is line %llu",
		           (unsigned long long)r->bad, (unsigned long long)r->bad_line);
}

int zv_cmd_registry_load(struct zv_ctl *ctl, const struct zv_args *args)
{
	struct sigaction act = {.sa_handler = on_interrupt};
	const char *as_of = zv_args_opt(args, "as-of");
	struct zv_progress progress;
	struct zv_registry_report report = {0};
	struct zv_registry_params p = {
		.name = args->arg[0], .path = args->arg[1], .country = ZV_COUNTRY_RU,
		.progress = on_progress, .arg = &progress};
	int status = ZV_EXIT_DONE;
	struct zv_store *store;
	enum zv_err err;

	if (as_of == NULL) {
		zv_ctl_say("--as-of DAY is wanted: the day of this copy, from which its age counts");
		return ZV_EXIT_USAGE;
	}
	store = zv_ctl_store(ctl, true, &status);
	if (store == NULL)
		return status;
	p.now_ms = zv_calendar_now(store, NULL);
	if (!zv_moment_read("--as-of", as_of, p.now_ms, &p.as_of_ms)) {
		zv_store_close(store);
		return ZV_EXIT_USAGE;
	}
	if (p.as_of_ms > p.now_ms) {
		zv_ctl_say("--as-of: no copy is of the future");
		zv_store_close(store);
		return ZV_EXIT_USAGE;
	}
	(void)sigaction(SIGINT, &act, NULL);
	zv_progress_begin(&progress, "registry");
	err = zv_registry_load(store, &p, &report);
	zv_progress_end(&progress);
	zv_store_close(store);
	if (err != ZV_OK) {
		zv_ctl_say("%s: %s%s%s; the old copy stands", p.path, zv_err_text(err),
		           report.text[0] != 0 ? ": " : "", report.text);
		return err == ZV_ENOENT ? ZV_EXIT_NOT_FOUND : ZV_EXIT_FAILED;
	}
	print_report(ctl, p.name, &report);
	return zv_ctl_output_end(stdout, ZV_EXIT_DONE);
}

struct listing {
	struct zv_out *out;
	int64_t now_ms;
};

static bool list_row(void *arg, const struct zv_registry_row *row)
{
	struct listing *l = arg;

	zv_out_text(l->out, row->name);
	zv_out_uint(l->out, row->count);
	zv_out_time(l->out, row->as_of_ms);
	zv_out_int(l->out, (l->now_ms - row->as_of_ms) / 86400000);
	zv_out_time(l->out, row->loaded_ms);
	zv_out_row(l->out);
	return true;
}

int zv_cmd_registry_list(struct zv_ctl *ctl, const struct zv_args *args)
{
	static const struct zv_out_col cols[] = {{"name", false}, {"numbers", true}, {"as_of", false},
	                                         {"age_days", true}, {"loaded", false}};
	int status = ZV_EXIT_DONE;
	struct zv_store *store = zv_ctl_store(ctl, false, &status);
	struct listing l;
	enum zv_err err;

	(void)args;
	if (store == NULL)
		return status;
	l.now_ms = zv_calendar_now(store, NULL);
	l.out = zv_out_begin(stdout, ctl->format, false, cols, 5);
	err = zv_store_registries_each(store, list_row, &l);
	zv_out_end(l.out);
	zv_store_close(store);
	if (err != ZV_OK)
		return zv_ctl_fail(err, "registry list");
	return zv_ctl_output_end(stdout, ZV_EXIT_DONE);
}
