/* report CAMPAIGN: figures of a campaign in the format asked for. */
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/report.h"

static void print_report(const struct zv_report *r, enum zv_format format, FILE *to, bool color)
{
	switch (format) {
	case ZV_FORMAT_JSON: zv_report_json(r, to); break;
	case ZV_FORMAT_CSV: zv_report_csv(r, to); break;
	case ZV_FORMAT_HTML: zv_report_html(r, to); break;
	case ZV_FORMAT_TABLE:
	case ZV_FORMAT_TSV: zv_report_table(r, to, color && to == stdout); break;
	}
}

int zv_cmd_report(struct zv_ctl *ctl, const struct zv_args *args)
{
	static struct zv_report report;
	struct zv_campaign_info info;
	int status = zv_ctl_format(ctl, "table json csv html", ZV_FORMAT_TABLE);
	struct zv_store *store;
	enum zv_err err;
	FILE *to;

	if (status >= 0)
		return status;
	store = zv_ctl_store(ctl, false, &status);
	if (store == NULL)
		return status;
	status = zv_ctl_campaign(store, args->arg[0], &info);
	if (status != ZV_EXIT_DONE) {
		zv_store_close(store);
		return status;
	}
	err = zv_report_make(store, &info, &report);
	zv_store_close(store);
	if (err != ZV_OK) {
		status = zv_ctl_fail(err, args->arg[0]);
	} else if ((to = zv_ctl_output(ctl)) == NULL) {
		status = ZV_EXIT_FAILED;
	} else {
		print_report(&report, ctl->format, to, ctl->color);
		status = zv_ctl_output_end(to, ZV_EXIT_DONE);
	}
	zv_report_free(&report);
	return status;
}
