/* What people tell a running zvonard: suppressions and marks.  They go to the engine as events, so
 * that no decision comes between, and whoever told is answered when they are on disk. */
#include <stdio.h>
#include <string.h>

#include "app/daemon_int.h"
#include "base/err.h"
#include "base/log.h"
#include "store/told.h"

#define TELL_WAIT_MS   8000 /* below the patience of zvonarctl */
#define PERSONS_A_NUMBER 16

/* Tokens of ours: no attempt has an epoch of 0. */
static struct zv_attempt_id token_of(uint64_t lo)
{
	return (struct zv_attempt_id){.hi = 0, .lo = lo};
}

static enum zv_err wait_place(struct zv_daemon *d, char *text, size_t text_size,
			      struct zv_tell_wait **ret_wait)
{
	for (uint32_t i = 0; i < ZV_TELLS_MAX; i++) {
		if (d->tells[i].n == 0) {
			*ret_wait = &d->tells[i];
			return ZV_OK;
		}
	}
	snprintf(text, text_size, "too many are being told already; try again");
	return ZV_EFULL;
}

static enum zv_err campaign_of(struct zv_daemon *d, const char *name, uint32_t *ret_id, char *text,
			       size_t text_size)
{
	*ret_id = 0;
	if (name[0] == 0)
		return ZV_OK; /* everywhere */
	for (uint32_t i = 0; i < d->config->engine.n_campaigns; i++) {
		if (strcmp(d->config->campaigns[i].name, name) == 0) {
			*ret_id = d->campaigns[i].id;
			return ZV_OK;
		}
	}
	snprintf(text, text_size, "no campaign %s in the configuration", name);
	return ZV_ENOENT;
}

/* Pushes what the ring takes; the rest at the next look. */
static void push(struct zv_daemon *d, struct zv_tell_wait *w)
{
	while (w->pushed < w->n && zv_daemon_tell_engine(d, &w->events[w->pushed]))
		w->pushed++;
}

static void begin(struct zv_daemon *d, struct zv_tell_wait *w, uint64_t ticket)
{
	w->ticket = ticket;
	w->first = d->tokens + 1;
	w->pushed = w->told = 0;
	w->until_ms = zv_clock_now(&d->clock).mono_ms + TELL_WAIT_MS;
	for (uint32_t i = 0; i < w->n; i++)
		w->events[i].attempt = token_of(++d->tokens);
	push(d, w);
}

static enum zv_err suppress(struct zv_daemon *d, const struct zv_control_request *r,
			    struct zv_tell_wait *w, char *text, size_t text_size)
{
	uint32_t campaign, n = 0;
	enum zv_err err = campaign_of(d, r->campaign, &campaign, text, text_size);

	if (err != ZV_OK)
		return err;
	for (uint32_t i = 0; i < r->n_numbers + r->n_persons; i++) {
		bool number = i < r->n_numbers;

		w->events[n++] = (struct zv_event){
			.type = ZV_EV_SUPPRESS,
			.code = r->import ? ZV_SUPPRESS_IMPORT : ZV_SUPPRESS_OPERATOR,
			.u.suppress = {.e164 = number ? r->numbers[i] : 0,
				       .person = number ? 0 : r->persons[i - r->n_numbers],
				       .to_ms = r->until_ms != 0 ? r->until_ms : INT64_MAX,
				       .campaign = campaign}};
	}
	snprintf(w->text, sizeof(w->text), "%s", r->text);
	w->n = n;
	return ZV_OK;
}

static enum zv_err mark_one(struct zv_tell_wait *w, const struct zv_control_request *r,
			    uint64_t person, int64_t now_ms)
{
	static const uint8_t by[] = {
		[ZV_CONTROL_AGREEMENT] = ZV_OVERRIDE_AGREEMENT,
		[ZV_CONTROL_INITIATIVE] = ZV_OVERRIDE_INITIATIVE,
		[ZV_CONTROL_CONSENT_7D] = ZV_OVERRIDE_CONSENT_7D,
	};
	uint32_t kind = r->kind == ZV_CONTROL_FLAG	? ZV_MARK_FLAG :
			r->kind == ZV_CONTROL_CONSENT ? ZV_MARK_CONSENT :
							ZV_MARK_OVERRIDE;

	if (w->n == ZV_CONTROL_WHOM_MAX)
		return ZV_EFULL;
	w->events[w->n++] = (struct zv_event){
		.type = ZV_EV_MARK,
		.code = kind | (kind == ZV_MARK_OVERRIDE ? (uint32_t)by[r->kind] << 8 : 0),
		.u.mark = {.person = person, .name = zv_rule_name(r->name, strlen(r->name)),
			   .from_ms = r->from_ms != 0 ? r->from_ms : now_ms,
			   .to_ms = r->until_ms != 0 ? r->until_ms : INT64_MAX}};
	return ZV_OK;
}

static enum zv_err mark(struct zv_daemon *d, const struct zv_control_request *r,
			struct zv_tell_wait *w, char *text, size_t text_size)
{
	int64_t now_ms = zv_clock_now(&d->clock).cal_ms;
	enum zv_err err = ZV_OK;

	for (uint32_t i = 0; i < r->n_persons && err == ZV_OK; i++)
		err = mark_one(w, r, r->persons[i], now_ms);
	for (uint32_t i = 0; i < r->n_numbers && err == ZV_OK; i++) {
		uint64_t persons[PERSONS_A_NUMBER];
		uint32_t n = 0;

		err = zv_store_persons_of(d->store, r->numbers[i], persons, PERSONS_A_NUMBER, &n);
		if (err == ZV_OK && n == 0)
			err = ZV_ENOENT;
		if (err == ZV_ENOENT)
			snprintf(text, text_size, "nobody in the store has the number +%llu",
				 (unsigned long long)r->numbers[i]);
		for (uint32_t k = 0; k < n && err == ZV_OK; k++)
			err = mark_one(w, r, persons[k], now_ms);
	}
	if (err == ZV_EFULL)
		snprintf(text, text_size, "over %u persons in one request", ZV_CONTROL_WHOM_MAX);
	if (err == ZV_OK)
		err = zv_store_name_put(d->store, r->name);
	snprintf(w->text, sizeof(w->text), "%s", r->text);
	snprintf(w->name, sizeof(w->name), "%s", r->name);
	return err;
}

struct stands { int64_t at_ms; uint32_t campaign; bool yes; };

static bool look_at_row(void *arg, const struct zv_suppress_row *row)
{
	struct stands *s = arg;

	s->yes = row->campaign == s->campaign && row->until_ms > s->at_ms;
	return !s->yes;
}

/* Does the store have the suppression that this event takes back? */
static enum zv_err stands(struct zv_daemon *d, const struct zv_event *ev, bool *ret_yes)
{
	bool number = ev->u.suppress.e164 != 0;
	struct stands s = {.at_ms = ev->u.suppress.to_ms, .campaign = ev->u.suppress.campaign};
	enum zv_err err = zv_store_suppressions_each(
		d->store, number ? ZV_SUPPRESS_NUMBER : ZV_SUPPRESS_PERSON,
		number ? ev->u.suppress.e164 : ev->u.suppress.person, look_at_row, &s);

	*ret_yes = s.yes;
	return err;
}

/* Only what stands is taken back; the answer counts what is gone afterwards. */
static enum zv_err unsuppress(struct zv_daemon *d, const struct zv_control_request *r,
			      struct zv_tell_wait *w, char *text, size_t text_size)
{
	int64_t now_ms = zv_clock_now(&d->clock).cal_ms;
	uint32_t campaign, n = 0;
	enum zv_err err = campaign_of(d, r->campaign, &campaign, text, text_size);

	for (uint32_t i = 0; i < r->n_numbers + r->n_persons && err == ZV_OK; i++) {
		bool number = i < r->n_numbers, yes = false;

		w->events[n] = (struct zv_event){
			.type = ZV_EV_SUPPRESS, .code = ZV_SUPPRESS_OPERATOR,
			.u.suppress = {.e164 = number ? r->numbers[i] : 0,
				       .person = number ? 0 : r->persons[i - r->n_numbers],
				       .to_ms = now_ms, .campaign = campaign, .end = 1}};
		err = stands(d, &w->events[n], &yes);
		n += yes;
	}
	w->text[0] = 0;
	w->n = err == ZV_OK ? n : 0;
	return err;
}

enum zv_err zv_daemon_on_tell(struct zv_daemon *d, const struct zv_control_request *request,
			      json_t *reply, char *text, size_t text_size)
{
	struct zv_tell_wait *w;
	enum zv_err err;

	err = wait_place(d, text, text_size, &w);
	if (err != ZV_OK)
		return err;
	w->mark = request->cmd == ZV_CONTROL_MARK;
	w->end = request->cmd == ZV_CONTROL_UNSUPPRESS;
	err = w->mark ? mark(d, request, w, text, text_size) :
	      w->end  ? unsuppress(d, request, w, text, text_size) :
			suppress(d, request, w, text, text_size);
	if (err != ZV_OK) {
		w->n = 0;
		return err;
	}
	if (w->end && w->n == 0) {
		json_object_set_new(reply, "removed", json_integer(0));
		return ZV_OK;
	}
	begin(d, w, request->ticket);
	return ZV_EAGAIN;
}

/* The words: an event has no room for them.  What counts is on disk already, and what came since
 * is left as it is. */
static void put_words(struct zv_daemon *d, const struct zv_tell_wait *w)
{
	for (uint32_t i = 0; i < w->n && w->text[0] != 0; i++) {
		const struct zv_event *ev = &w->events[i];
		enum zv_err err;

		if (w->mark) {
			struct zv_mark_row row = {
				.person = ev->u.mark.person, .name = w->name, .reason = w->text,
				.mark = {.name = ev->u.mark.name, .kind = ev->code & 0xff,
					 .by = (uint8_t)(ev->code >> 8)}};
			err = zv_store_mark_words(d->store, &row);
		} else {
			struct zv_suppress_row row = {
				.kind = ev->u.suppress.e164 != 0 ? ZV_SUPPRESS_NUMBER :
								   ZV_SUPPRESS_PERSON,
				.campaign = ev->u.suppress.campaign,
				.id = ev->u.suppress.e164 != 0 ? ev->u.suppress.e164 :
								 ev->u.suppress.person,
				.reason = w->text};
			err = zv_store_suppress_words(d->store, &row);
		}
		if (err != ZV_OK) {
			zv_warn("app", "a reason cannot be kept: %s", zv_err_text(err));
			return;
		}
	}
}

static void answer(struct zv_daemon *d, struct zv_tell_wait *w, enum zv_err err, const char *text)
{
	json_t *reply = NULL;
	uint32_t gone = 0;

	for (uint32_t i = 0; w->end && i < w->n && err == ZV_OK; i++) {
		bool yes = true;

		err = stands(d, &w->events[i], &yes);
		gone += !yes;
	}
	if (err == ZV_OK && w->end)
		reply = json_pack("{s:I,s:I}", "removed", (json_int_t)gone, "kept",
				  (json_int_t)w->n - gone);
	else if (err == ZV_OK)
		reply = json_pack("{s:I}", "told", (json_int_t)w->n);
	zv_daemon_answer(d, w->ticket, err, reply, text);
	w->n = 0;
}

void zv_daemon_told(struct zv_daemon *d, struct zv_attempt_id token)
{
	for (uint32_t i = 0; i < ZV_TELLS_MAX; i++) {
		struct zv_tell_wait *w = &d->tells[i];

		if (w->n == 0 || token.hi != 0 || token.lo < w->first || token.lo >= w->first + w->n)
			continue;
		if (++w->told == w->n) {
			put_words(d, w);
			answer(d, w, ZV_OK, "");
		}
		return;
	}
}

void zv_daemon_look_at_tells(struct zv_daemon *d)
{
	int64_t mono_ms = zv_clock_now(&d->clock).mono_ms;

	for (uint32_t i = 0; i < ZV_TELLS_MAX; i++) {
		struct zv_tell_wait *w = &d->tells[i];

		if (w->n == 0)
			continue;
		push(d, w);
		if (mono_ms >= w->until_ms)
			answer(d, w, ZV_ETIMEDOUT,
			       "the disk did not answer in time: it counts from the moment it was told, "
			       "but ask `zvonarctl suppress list` or `mark list` whether it is kept");
	}
}
