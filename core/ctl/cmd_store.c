/* store check, store info, outbox list. */
#include <string.h>

#include "ctl/ctl.h"
#include "store/check.h"

static void tell_problem(void *arg, const char *text)
{
	struct zv_out *out = arg;

	if (out == NULL) {
		zv_put_plain(stdout, text);
		(void)fputc('\n', stdout);
		return;
	}
	zv_out_text(out, text);
	zv_out_row(out);
}

int zv_cmd_store_check(struct zv_ctl *ctl, const struct zv_args *args)
{
	static const struct zv_out_col cols[] = {{"problem", false}};
	struct zv_check_report report = {0};
	int status = ZV_EXIT_DONE;
	struct zv_store *store = zv_ctl_store(ctl, false, &status);
	struct zv_out *out = NULL;
	enum zv_err err;

	(void)args;
	if (store == NULL)
		return status;
	if (ctl->format != ZV_FORMAT_TABLE)
		out = zv_out_begin(stdout, ctl->format, true, cols, 1);
	err = zv_store_check(store, tell_problem, out, &report);
	zv_out_end(out);
	zv_store_close(store);
	if (err != ZV_OK)
		return zv_ctl_fail(err, "store check");
	if (report.problems == 0)
		zv_ctl_say("%s: %llu records, whole", ctl->store_dir,
		           (unsigned long long)report.records);
	else
		zv_ctl_say("%s: %llu records, %llu problems", ctl->store_dir,
		           (unsigned long long)report.records, (unsigned long long)report.problems);
	return zv_ctl_output_end(stdout, report.problems == 0 ? ZV_EXIT_DONE : ZV_EXIT_FAILED);
}

/* The secret stays where it is: with it Call-IDs could be guessed. */
static void print_facts(struct zv_ctl *ctl, const struct zv_store_facts *f)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
	        {"schema", f->schema},
	        {"least_readable", f->least_readable},
	        {"epoch", f->epoch},
	        {"simulated", f->simulated},
	        {"in_use", f->in_use},
	        {"leads", f->leads},
	        {"persons", f->persons},
	        {"numbers", f->numbers},
	        {"due", f->due},
	        {"attempts", f->attempts},
	        {"open", f->open},
	        {"outbox", f->outbox},
	        {"ledger", f->ledger},
	        {"suppressions", f->suppressions},
	        {"map_bytes", f->map_bytes},
	        {"used_bytes", f->used_bytes},
	};
	static const struct zv_out_col cols[] = {{"what", false}, {"value", true}};
	struct zv_out *out;
	char when[80];

	if (ctl->format == ZV_FORMAT_JSON) {
		(void)fputc('{', stdout);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			(void)printf("\"%s\":%llu,", rows[i].name,
			             (unsigned long long)rows[i].value);
		(void)printf("\"calendar_ms\":%lld}\n", (long long)f->calendar_ms);
		return;
	}
	out = zv_out_begin(stdout, ctl->format, false, cols, 2);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		zv_out_text(out, rows[i].name);
		zv_out_uint(out, rows[i].value);
		zv_out_row(out);
	}
	zv_out_text(out, "calendar");
	if (f->calendar_ms != 0)
		zv_iso_time(f->calendar_ms, when, sizeof(when));
	else
		(void)snprintf(when, sizeof(when), "the clock's");
	zv_out_text(out, when);
	zv_out_row(out);
	zv_out_end(out);
}

int zv_cmd_store_info(struct zv_ctl *ctl, const struct zv_args *args)
{
	int status = ZV_EXIT_DONE;
	struct zv_store *store = zv_ctl_store(ctl, false, &status);
	struct zv_store_facts facts;
	enum zv_err err;

	(void)args;
	if (store == NULL)
		return status;
	err = zv_store_facts(store, &facts);
	zv_store_close(store);
	if (err != ZV_OK)
		return zv_ctl_fail(err, "store info");
	print_facts(ctl, &facts);
	return zv_ctl_output_end(stdout, ZV_EXIT_DONE);
}
