/* mark add, list, remove: what is true of a person for the rules: flags, consents, agreements. */
#include <string.h>

#include "ctl/whom.h"
#include "store/told.h"

/* The kinds as people and the control socket name them. */
static const struct kind {
	const char *word;
	uint8_t kind, by;
} kinds[] = {
        {"flag", ZV_MARK_FLAG, 0},
        {"consent", ZV_MARK_CONSENT, 0},
        {"agreement", ZV_MARK_OVERRIDE, ZV_OVERRIDE_AGREEMENT},
        {"initiative", ZV_MARK_OVERRIDE, ZV_OVERRIDE_INITIATIVE},
        {"consent_7d", ZV_MARK_OVERRIDE, ZV_OVERRIDE_CONSENT_7D},
};

static const struct kind *kind_of(const char *word)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].word, word) == 0)
			return &kinds[i];
	zv_ctl_say("a mark is a flag, consent, agreement, initiative or consent_7d, not \"%s\"", word);
	return NULL;
}

static const char *word_of(uint8_t kind, uint8_t by)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].kind == kind && kinds[i].by == by)
			return kinds[i].word;
	return "?";
}

struct mark {
	const struct kind *kind;
	const char *name, *source;
	int64_t from_ms, until_ms;
};

static int write_person(struct zv_store *store, const struct mark *m, uint64_t person, int64_t now_ms)
{
	struct zv_mark_row row = {
		.person = person, .source = ZV_SUPPRESS_OPERATOR, .set_ms = now_ms, .name = m->name,
		.reason = m->source,
		.mark = {.name = zv_rule_name(m->name, strlen(m->name)), .from_ms = m->from_ms,
		         .to_ms = m->until_ms, .kind = m->kind->kind, .by = m->kind->by}};
	enum zv_err err = zv_store_name_put(store, m->name);

	if (err == ZV_OK)
		err = zv_store_mark_put(store, &row);
	return err == ZV_OK ? ZV_EXIT_DONE : zv_ctl_fail(err, "mark");
}

/* The persons who are meant; *ret_n 0 is an error that was said. */
static int persons_of(struct zv_store *store, const struct zv_whom *whom, uint64_t *persons,
                      uint32_t *ret_n)
{
	enum zv_err err;

	*ret_n = 1;
	persons[0] = whom->person;
	if (whom->person != 0)
		return ZV_EXIT_DONE;
	err = zv_store_persons_of(store, whom->e164, persons, 16, ret_n);
	if (err == ZV_OK && *ret_n > 0)
		return ZV_EXIT_DONE;
	if (err == ZV_OK || err == ZV_ENOENT) {
		zv_ctl_say("nobody in the store has the number +%llu", (unsigned long long)whom->e164);
		return ZV_EXIT_NOT_FOUND;
	}
	return zv_ctl_fail(err, "mark");
}

static int into_store(struct zv_ctl *ctl, const struct mark *m, const struct zv_whom *whom)
{
	int status = ZV_EXIT_DONE;
	struct zv_store *store = zv_ctl_store(ctl, true, &status);
	uint64_t persons[16];
	uint32_t n = 0;

	if (store == NULL)
		return status;
	status = persons_of(store, whom, persons, &n);
	for (uint32_t i = 0; i < n && status == ZV_EXIT_DONE; i++)
		status = write_person(store, m, persons[i], zv_calendar_now(store, NULL));
	zv_store_close(store);
	return status;
}

static int tell(struct zv_ctl *ctl, const struct mark *m, const struct zv_whom *whom)
{
	json_t *request = zv_whom_request("mark", whom, 1);
	int status;

	(void)json_object_set_new(request, "kind", json_string(m->kind->word));
	(void)json_object_set_new(request, "name", json_string(m->name));
	(void)json_object_set_new(request, "from", json_integer(m->from_ms));
	if (m->until_ms != INT64_MAX)
		(void)json_object_set_new(request, "until", json_integer(m->until_ms));
	if (m->source != NULL)
		(void)json_object_set_new(request, "text", json_string(m->source));
	status = zv_whom_tell(ctl, request, NULL);
	return status < 0 ? into_store(ctl, m, whom) : status;
}

static int read_mark(struct zv_ctl *ctl, const struct zv_args *args, struct mark *m,
                     int64_t *ret_now_ms)
{
	int status = ZV_EXIT_DONE;
	struct zv_store *store;

	m->kind = kind_of(args->arg[1]);
	m->name = args->arg[2];
	m->source = zv_args_opt(args, "source");
	if (m->kind == NULL)
		return ZV_EXIT_USAGE;
	if (strlen(m->name) == 0 || strlen(m->name) > 63 ||
	    (m->source != NULL && strlen(m->source) > 63)) {
		zv_ctl_say("a name of 1 to 63 bytes, and a --source of at most 63");
		return ZV_EXIT_USAGE;
	}
	store = zv_ctl_store(ctl, false, &status);
	if (store == NULL)
		return status;
	*ret_now_ms = zv_calendar_now(store, NULL);
	zv_store_close(store);
	return -1;
}

/* "7916..." or "person:42": the first of the arguments. */
static bool read_whom(const char *text, struct zv_whom *whom)
{
	*whom = (struct zv_whom){0};
	if (strncmp(text, "person:", 7) != 0)
		return zv_whom_number(text, &whom->e164);
	if (zv_args_u64(text + 7, 1, UINT64_MAX, &whom->person))
		return true;
	zv_ctl_say("\"%s\": person: and an id", text);
	return false;
}

int zv_cmd_mark_add(struct zv_ctl *ctl, const struct zv_args *args)
{
	const char *from = zv_args_opt(args, "from"), *until = zv_args_opt(args, "until");
	struct zv_whom whom;
	struct mark m = {.until_ms = INT64_MAX};
	int64_t now_ms = 0;
	int status;

	if (!read_whom(args->arg[0], &whom))
		return ZV_EXIT_USAGE;
	status = read_mark(ctl, args, &m, &now_ms);
	if (status >= 0)
		return status;
	m.from_ms = now_ms;
	if ((from != NULL && !zv_moment_read("--from", from, now_ms, &m.from_ms)) ||
	    (until != NULL && !zv_moment_read("--until", until, now_ms, &m.until_ms)))
		return ZV_EXIT_USAGE;
	if (m.until_ms <= m.from_ms) {
		zv_ctl_say("--until is not after --from");
		return ZV_EXIT_USAGE;
	}
	if (m.kind->by == ZV_OVERRIDE_CONSENT_7D && until == NULL)
		m.until_ms = m.from_ms + INT64_C(7) * 86400000;
	return tell(ctl, &m, &whom);
}

/* A mark that ends stays on record: what was decided under it can be explained. */
struct ending {
	const struct mark *m;
	bool found;
	int64_t from_ms;
};

static bool find_mark(void *arg, const struct zv_mark_row *row)
{
	struct ending *e = arg;

	if (row->mark.kind != e->m->kind->kind || row->mark.by != e->m->kind->by ||
	    row->mark.name != zv_rule_name(e->m->name, strlen(e->m->name)))
		return true;
	e->found = true;
	e->from_ms = row->mark.from_ms;
	return false;
}

int zv_cmd_mark_remove(struct zv_ctl *ctl, const struct zv_args *args)
{
	struct mark m = {.until_ms = INT64_MAX};
	struct ending e = {&m, false, 0};
	struct zv_whom whom;
	struct zv_store *store;
	uint64_t persons[16];
	uint32_t n = 0;
	int64_t now_ms = 0;
	enum zv_err err = ZV_OK;
	int status;

	if (!read_whom(args->arg[0], &whom))
		return ZV_EXIT_USAGE;
	status = read_mark(ctl, args, &m, &now_ms);
	if (status >= 0)
		return status;
	store = zv_ctl_store(ctl, false, &status);
	if (store == NULL)
		return status;
	status = persons_of(store, &whom, persons, &n);
	for (uint32_t i = 0; i < n && status == ZV_EXIT_DONE && err == ZV_OK && !e.found; i++)
		err = zv_store_marks_each(store, persons[i], find_mark, &e);
	zv_store_close(store);
	if (status != ZV_EXIT_DONE)
		return status;
	if (err != ZV_OK)
		return zv_ctl_fail(err, "mark remove");
	if (!e.found) {
		zv_ctl_say("no such mark: `zvonarctl mark list %s` shows those there are", args->arg[0]);
		return ZV_EXIT_NOT_FOUND;
	}
	m.from_ms = e.from_ms < now_ms ? e.from_ms : now_ms - 1;
	m.until_ms = now_ms;
	return tell(ctl, &m, &whom);
}

static bool list_row(void *arg, const struct zv_mark_row *row)
{
	struct zv_out *out = arg;

	zv_out_uint(out, row->person);
	zv_out_text(out, word_of(row->mark.kind, row->mark.by));
	zv_out_text(out, row->name);
	zv_out_time(out, row->mark.from_ms);
	if (row->mark.to_ms == INT64_MAX)
		zv_out_none(out);
	else
		zv_out_time(out, row->mark.to_ms);
	zv_out_time(out, row->set_ms);
	zv_out_text(out, row->reason);
	zv_out_row(out);
	return true;
}

int zv_cmd_mark_list(struct zv_ctl *ctl, const struct zv_args *args)
{
	static const struct zv_out_col cols[] = {{"person", true}, {"kind", false}, {"name", false},
	                                         {"from", false},  {"until", false}, {"set", false},
	                                         {"source", false}};
	struct zv_whom whom;
	uint64_t persons[16];
	uint32_t n = 0;
	enum zv_err err = ZV_OK;
	int status = ZV_EXIT_DONE;
	struct zv_store *store;
	struct zv_out *out;

	if (!read_whom(args->arg[0], &whom))
		return ZV_EXIT_USAGE;
	store = zv_ctl_store(ctl, false, &status);
	if (store == NULL)
		return status;
	status = persons_of(store, &whom, persons, &n);
	if (status == ZV_EXIT_DONE) {
		out = zv_out_begin(stdout, ctl->format, false, cols, 7);
		for (uint32_t i = 0; i < n && err == ZV_OK; i++)
			err = zv_store_marks_each(store, persons[i], list_row, out);
		zv_out_end(out);
	}
	zv_store_close(store);
	if (err != ZV_OK)
		return zv_ctl_fail(err, "mark list");
	return zv_ctl_output_end(stdout, status);
}
