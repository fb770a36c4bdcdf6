/* person erase, retention: forgetting one person, and forgetting by age as the rules of keeping
 * say. */
#include <signal.h>
#include <string.h>

#include "base/tz.h"
#include "conf/conf.h"
#include "ctl/lawset.h"
#include "ctl/whom.h"
#include "ctl/statement.h"
#include "store/erase.h"
#include "store/recording.h"

#define DAY_MS INT64_C(86400000)

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

struct figure {
	const char *name;
	uint64_t value;
};

static void print_figures(struct zv_ctl *ctl, const struct figure *rows, size_t n, bool dry_run)
{
	static const struct zv_out_col cols[] = {{"what", false}, {"rows", true}};
	struct zv_out *out;

	if (ctl->format == ZV_FORMAT_JSON) {
		(void)fputc('{', stdout);
		for (size_t i = 0; i < n; i++)
			(void)printf("\"%s\":%llu,", rows[i].name, (unsigned long long)rows[i].value);
		(void)printf("\"dry_run\":%s}\n", dry_run ? "true" : "false");
		return;
	}
	out = zv_out_begin(stdout, ctl->format, false, cols, 2);
	for (size_t i = 0; i < n; i++) {
		zv_out_text(out, rows[i].name);
		zv_out_uint(out, rows[i].value);
		zv_out_row(out);
	}
	zv_out_end(out);
	if (dry_run)
		zv_ctl_say("a dry run: nothing was erased");
}

/* ---- one person ---- */

/* The folder of recordings: --recordings, else record.dir of the configuration.  "": nobody says. */
static void recordings_dir(struct zv_ctl *ctl, char *dir, size_t size)
{
	const char *given = zv_args_opt(ctl->args, "recordings"), *text, *slash;
	struct zv_conf_tree *tree = NULL;
	const struct zv_conf_node *at;
	char file[512];
	int n = 0;

	dir[0] = 0;
	if (given != NULL) {
		n = snprintf(dir, size, "%s", given);
	} else if (zv_ctl_configuration(ctl, file, sizeof(file), &tree) < 0) {
		at = zv_conf_find(zv_conf_root(tree), "record.dir");
		text = zv_conf_text(at);
		slash = text != NULL && text[0] != '/' ? strrchr(zv_conf_file(at), '/') : NULL;
		if (text != NULL && text[0] != 0)
			n = snprintf(dir, size, "%.*s%s", slash != NULL ? (int)(slash - zv_conf_file(at)) + 1 : 0,
			             slash != NULL ? zv_conf_file(at) : "", text);
		zv_conf_free(tree);
	}
	if (n < 0 || (size_t)n >= size)
		dir[0] = 0;
}

/* His recordings go before he does: the rows that lead to them are his. */
static int erase_recordings(struct zv_ctl *ctl, struct zv_store *store, uint64_t person, bool dry_run,
                            uint64_t *sum)
{
	struct zv_recordings_report r;
	char dir[1024];
	enum zv_err err = zv_store_recordings_expire(store, ".", INT64_MAX, person, true, &r);

	*sum += r.rows;
	if (err != ZV_OK)
		return zv_ctl_fail(err, "recordings");
	if (dry_run || r.rows == 0)
		return ZV_EXIT_DONE;
	recordings_dir(ctl, dir, sizeof(dir));
	if (dir[0] == 0) {
		zv_ctl_say("%llu recordings of his are files: say where with --recordings DIR, or -c FILE",
		           (unsigned long long)r.rows);
		return ZV_EXIT_FAILED;
	}
	err = zv_store_recordings_expire(store, dir, INT64_MAX, person, false, &r);
	if (err != ZV_OK)
		return zv_ctl_fail(err, dir);
	if (r.failed > 0) {
		zv_ctl_say("%llu recordings below %s could not be removed; the person is not erased",
		           (unsigned long long)r.failed, dir);
		return ZV_EXIT_FAILED;
	}
	return ZV_EXIT_DONE;
}

static int erase_one(struct zv_store *store, uint64_t person, bool dry_run,
                     struct zv_erase_person_report *sum)
{
	struct zv_erase_person_report r = {0};
	enum zv_err err = zv_erase_person(store, person, zv_calendar_now(store, NULL), dry_run, &r);

	if (err == ZV_EAGAIN) {
		zv_ctl_say("person %llu is being called right now: try again when the call is over",
		           (unsigned long long)person);
		return ZV_EXIT_FAILED;
	}
	if (err != ZV_OK)
		return zv_ctl_fail(err, "person erase");
	sum->leads += r.leads;
	sum->numbers += r.numbers;
	sum->attributes += r.attributes;
	sum->marks += r.marks;
	sum->ledger += r.ledger;
	sum->outbox += r.outbox;
	sum->evidence += r.evidence;
	sum->log += r.log;
	return ZV_EXIT_DONE;
}

int zv_cmd_person_erase(struct zv_ctl *ctl, const struct zv_args *args)
{
	bool dry_run = zv_args_opt(args, "dry-run") != NULL;
	struct zv_erase_person_report sum = {0};
	uint64_t recordings = 0;
	struct zv_whom whom;
	uint64_t persons[16];
	uint32_t n = 1;
	int status = zv_whom_read(args, &whom);
	struct zv_store *store;
	enum zv_err err = ZV_OK;

	if (status >= 0)
		return status;
	store = zv_ctl_store(ctl, !dry_run, &status);
	if (store == NULL)
		return status;
	persons[0] = whom.person;
	if (whom.person == 0)
		err = zv_store_persons_of(store, whom.e164, persons, 16, &n);
	status = err == ZV_OK || err == ZV_ENOENT ? ZV_EXIT_DONE : zv_ctl_fail(err, "person erase");
	if (status == ZV_EXIT_DONE && (n == 0 || err == ZV_ENOENT)) {
		zv_ctl_say("nobody in the store has this number");
		status = ZV_EXIT_NOT_FOUND;
	}
	for (uint32_t i = 0; i < n && status == ZV_EXIT_DONE; i++) {
		status = erase_recordings(ctl, store, persons[i], dry_run, &recordings);
		if (status == ZV_EXIT_DONE)
			status = erase_one(store, persons[i], dry_run, &sum);
	}
	zv_store_close(store);
	if (status != ZV_EXIT_DONE)
		return status;
	print_figures(ctl, (const struct figure[]){
		{"persons", n}, {"leads", sum.leads}, {"numbers", sum.numbers},
		{"attributes", sum.attributes}, {"marks", sum.marks}, {"ledger", sum.ledger},
		{"outbox", sum.outbox}, {"evidence", sum.evidence}, {"attempts", sum.log},
		{"recordings", recordings}}, 10, dry_run);
	return zv_ctl_output_end(stdout, ZV_EXIT_DONE);
}

/* ---- by age ---- */

/* What a rule's `what` bits mean for the store; recordings are none of its own. */
static const struct { uint8_t bit; uint32_t what; const char *word; } kept[] = {
	{2, ZV_ERASE_MESSAGES, "messages"}, {4, ZV_ERASE_CALLS, "call_log"},
	{8, ZV_ERASE_TALLIES, "abandon_log"}, {16, ZV_ERASE_CONSENTS, "consent_proof"},
	{32, ZV_ERASE_EVIDENCE, "decision_log"}};

/* The moment before which a rule lets things go. */
static int64_t before_of(const struct zv_rule *r, int64_t now_ms)
{
	int32_t day = (int32_t)(now_ms / DAY_MS);
	int year, month, mday;

	zv_civil_from_day(day, &year, &month, &mday);
	year -= r->u.retain.years;
	month -= r->u.retain.months;
	while (month < 1) {
		month += 12;
		year--;
	}
	/* of 31 March a month back is 28 February: kept a little longer, never shorter */
	if (mday > 28)
		mday = 28;
	return ((int64_t)zv_day_from_civil(year, month, mday) - r->u.retain.days) * DAY_MS;
}

static void add_step(struct zv_erase_params *p, uint32_t what, uint8_t from, int64_t before_ms)
{
	for (uint32_t i = 0; i < p->n; i++) {
		if (p->steps[i].what == what && p->steps[i].from == from) {
			if (before_ms < p->steps[i].before_ms)
				p->steps[i].before_ms = before_ms;
			return;
		}
	}
	if (p->n < ZV_ERASE_STEPS_MAX)
		p->steps[p->n++] = (struct zv_erase_step){what, from, before_ms};
}

static void steps_of(const struct zv_rules *rules, int64_t now_ms, struct zv_erase_params *p)
{
	for (uint32_t i = 0; i < rules->n; i++) {
		const struct zv_rule *r = &rules->v[i];

		if (r->kind != ZV_RULE_RETAIN)
			continue;
		for (size_t k = 0; k < sizeof(kept) / sizeof(kept[0]); k++)
			if ((r->u.retain.what & kept[k].bit) != 0)
				add_step(p, kept[k].what,
				         r->u.retain.from == 1 ? ZV_ERASE_FROM_LAST_ACTIVITY :
				                                 ZV_ERASE_FROM_EVENT,
				         before_of(r, now_ms));
	}
}

static void say_steps(const struct zv_erase_params *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		const char *word = "";
		char when[80];

		for (size_t k = 0; k < sizeof(kept) / sizeof(kept[0]); k++)
			if (kept[k].what == p->steps[i].what)
				word = kept[k].word;
		zv_iso_time(p->steps[i].before_ms, when, sizeof(when));
		zv_ctl_say("%s: what is older than %.10s%s", word, when,
		           p->steps[i].from == ZV_ERASE_FROM_LAST_ACTIVITY
		                   ? ", counted from the person's last activity" : "");
	}
}

static bool on_progress(void *arg, const char *table, uint64_t rows)
{
	struct zv_progress *progress = arg;

	progress->what = table;
	zv_progress_step(progress, 0, 0, rows, "rows");
	return interrupted == 0;
}

static int run_retention(struct zv_ctl *ctl, struct zv_store *store, const struct zv_rules *rules,
                         bool dry_run)
{
	struct zv_progress progress;
	struct zv_erase_report r = {0};
	struct zv_erase_params p = {.now_ms = zv_calendar_now(store, NULL),
	                            .reach_ms = rules->reach_ms, .dry_run = dry_run,
	                            .progress = on_progress, .arg = &progress};
	struct sigaction act = {.sa_handler = on_interrupt};
	enum zv_err err;

	steps_of(rules, p.now_ms, &p);
	if (p.n == 0) {
		zv_ctl_say("no rule says how long anything is kept: nothing is erased");
		return ZV_EXIT_DONE;
	}
	say_steps(&p);
	(void)sigaction(SIGINT, &act, NULL);
	zv_progress_begin(&progress, "retention");
	err = zv_erase_run(store, &p, &r);
	zv_progress_end(&progress);
	if (err != ZV_OK)
		return zv_ctl_fail(err, "retention");
	print_figures(ctl, (const struct figure[]){
		{"attempts", r.attempts}, {"ledger", r.ledger}, {"outbox", r.outbox},
		{"evidence", r.evidence}, {"marks", r.marks}, {"tallies", r.tallies},
		{"suppressions", r.suppressions}, {"kept_active", r.kept_active}}, 8, dry_run);
	if (r.stopped)
		zv_ctl_say("interrupted; run it again, it goes on where it stopped");
	return zv_ctl_output_end(stdout, r.stopped ? ZV_EXIT_FAILED : ZV_EXIT_DONE);
}

int zv_cmd_retention(struct zv_ctl *ctl, const struct zv_args *args)
{
	bool dry_run = zv_args_opt(args, "dry-run") != NULL;
	struct zv_lawsets sets = {.n = 0};
	const struct zv_lawset *set;
	int status = ZV_EXIT_DONE;

	sets.store = zv_ctl_store(ctl, !dry_run, &status);
	if (sets.store == NULL)
		return status;
	if (zv_zones_create(NULL, &sets.zones) != ZV_OK) {
		zv_store_close(sets.store);
		return zv_ctl_fail(ZV_ENOMEM, "retention");
	}
	set = zv_lawset_at(&sets, zv_calendar_now(sets.store, NULL));
	if (set == NULL) {
		zv_ctl_say("the store keeps no rules: zvonard puts them there at its start");
		status = ZV_EXIT_FAILED;
	} else {
		status = run_retention(ctl, sets.store, zv_law_rules(set->law), dry_run);
	}
	zv_lawsets_end(&sets);
	zv_store_close(sets.store);
	zv_zones_destroy(sets.zones);
	return status;
}
