/* The report's part on the law: how often which rule said no. */
#include <jansson.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/report.h"

/* Refusals that no rule made, by enum zv_refusal. */
static const char *const plain[] = {"a rule", "jurisdiction not known", "time zone not known",
                                    "suppressed", "too many events", "no rules",
                                    "campaign unstated"};

struct gather {
	struct zv_report *r;
	uint32_t campaign;
};

static bool on_evidence(void *arg, const struct zv_evidence_row *row)
{
	struct gather *g = arg;
	struct zv_report *r = g->r;
	const char *what = row->rule_id;
	uint32_t i = 0;

	if (row->campaign != g->campaign || row->answer != ZV_ANSWER_NO)
		return true;
	if (what[0] == 0 || row->refusal != ZV_REFUSED_BY_RULE)
		what = plain[row->refusal < sizeof(plain) / sizeof(plain[0]) ? row->refusal : 0];
	while (i < r->n_refusals && strcmp(r->refusals[i].what, what) != 0)
		i++;
	if (i == ZV_REPORT_REFUSALS) {
		r->refusals_other++;
		return true;
	}
	if (i == r->n_refusals) {
		(void)snprintf(r->refusals[i].what, sizeof(r->refusals[i].what), "%s", what);
		r->n_refusals++;
	}
	r->refusals[i].n++;
	return true;
}

enum zv_err zv_report_refusals(struct zv_store *store, struct zv_report *r)
{
	struct gather g = {r, r->info.id};
	enum zv_err err = zv_store_evidence_each(store, 0, on_evidence, &g);

	/* The most frequent first. */
	for (uint32_t i = 1; i < r->n_refusals; i++) {
		struct zv_report_refusal one = r->refusals[i];
		uint32_t k = i;

		for (; k > 0 && r->refusals[k - 1].n < one.n; k--)
			r->refusals[k] = r->refusals[k - 1];
		r->refusals[k] = one;
	}
	return err;
}

void zv_report_refusals_table(const struct zv_report *r, FILE *to)
{
	static const struct zv_out_col cols[] = {{"refused by", false}, {"times", true}};
	struct zv_out *out = zv_out_begin(to, ZV_FORMAT_TABLE, false, cols, 2);

	for (uint32_t i = 0; i < r->n_refusals; i++) {
		zv_out_text(out, r->refusals[i].what);
		zv_out_uint(out, r->refusals[i].n);
		zv_out_row(out);
	}
	if (r->refusals_other > 0) {
		zv_out_text(out, "others");
		zv_out_uint(out, r->refusals_other);
		zv_out_row(out);
	}
	zv_out_end(out);
}

json_t *zv_report_refusals_json(const struct zv_report *r)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < r->n_refusals; i++)
		(void)json_array_append_new(list, json_pack("{s:s,s:I}", "by", r->refusals[i].what,
		                                            "times", (json_int_t)r->refusals[i].n));
	return list;
}

void zv_report_refusals_html(const struct zv_report *r, FILE *to)
{
	if (r->n_refusals == 0)
		return;
	(void)fputs("<section>\n<h2>Refused by the law</h2>\n<table>\n<tr><th>by</th><th "
	            "class=\"n\">times</th></tr>\n", to);
	for (uint32_t i = 0; i < r->n_refusals; i++) {
		(void)fputs("<tr><td class=\"name\">", to);
		zv_put_html(to, r->refusals[i].what);
		(void)fprintf(to, "</td><td class=\"n\">%llu</td></tr>\n",
		              (unsigned long long)r->refusals[i].n);
	}
	(void)fputs("</table>\n</section>\n", to);
}
