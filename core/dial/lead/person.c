/* The persons' slabs while the engine owns them, and what must be known of a person before the
 * next decision. */
#include "dial/engine_int.h"
#include "dial/facts.h"

#define DAY_MS INT64_C(86400000)

struct zv_person_slab *zv_person_of(struct zv_engine *e, uint32_t slab)
{
	uint32_t at = e->held[slab].person_slab;

	return at < e->params.persons.n ? &e->params.persons.v[at] : NULL;
}

static int64_t reach_ms(const struct zv_engine *e)
{
	return e->conf->rules == NULL ? 0 : e->conf->rules->reach_ms;
}

/* ---- what came lately ---- */

static void put_contact(const struct zv_engine *e, struct zv_person_slab *p,
			const struct zv_contact *c)
{
	for (uint16_t i = 0; i < p->n_contacts; i++) {
		if (zv_attempt_eq(p->contacts[i].attempt, c->attempt))
			return;
	}
	if (zv_person_add(p, c, reach_ms(e)) == ZV_OK)
		return;
	p->overflow = true;
	p->overflow_until_ms = e->now.cal_ms + DAY_MS;
}

struct put_ctx { const struct zv_engine *e; struct zv_person_slab *person; };

static void put_recent(void *arg, const struct zv_recent_one *one)
{
	const struct put_ctx *c = arg;

	switch ((enum zv_recent_what)one->what) {
	case ZV_RECENT_SUPPRESSED: (void)zv_person_suppress(c->person, &one->u.suppressed); break;
	case ZV_RECENT_ENDED: zv_person_unsuppress(c->person, &one->u.suppressed); break;
	case ZV_RECENT_MARK: (void)zv_person_mark(c->person, &one->u.mark); break;
	case ZV_RECENT_CONTACT: put_contact(c->e, c->person, &one->u.contact); break;
	case ZV_RECENT_KILLED:
	case ZV_RECENT_MOVED: break; /* a lead's, see kill.c */
	}
}

static struct zv_contact *contact_of(struct zv_person_slab *p, struct zv_attempt_id attempt)
{
	for (uint16_t i = p->n_contacts; i-- > 0;)
		if (zv_attempt_eq(p->contacts[i].attempt, attempt))
			return &p->contacts[i];
	return NULL;
}

static bool has_number(const struct zv_person_slab *p, uint64_t e164)
{
	for (uint8_t i = 0; i < p->n_numbers && i < ZV_NUMBERS_MAX; i++)
		if (p->e164[i] == e164)
			return true;
	return false;
}

static void put_amends(struct zv_engine *e, struct zv_person_slab *p)
{
	uint32_t n = e->law.n_amends < ZV_AMENDS_MAX ? e->law.n_amends : ZV_AMENDS_MAX;

	for (uint32_t i = 0; i < n; i++) {
		struct zv_contact *c = contact_of(p, e->law.amends[i].attempt);

		if (c != NULL)
			c->facts = e->law.amends[i].facts;
	}
}

/* ---- from offer to release ---- */

bool zv_person_hold(struct zv_engine *e, uint32_t slab, uint64_t txn)
{
	const struct zv_offer *offer = &e->params.slabs.v[slab];
	uint32_t at = offer->person_slab;
	struct zv_person_slab *p;
	struct put_ctx c = {.e = e};
	struct zv_recent_ask lately = {.id = offer->person, .txn = txn};

	zv_recent_seen(&e->law.recent, txn);
	if (at >= e->params.persons.n) {
		e->stats.late_events++;
		return false;
	}
	p = c.person = &e->params.persons.v[at];
	if (e->law.person_refs[at] > 0) {
		if (p->person != offer->person) {
			e->stats.late_events++;
			return false;
		}
		e->law.person_refs[at]++;
		e->held[slab].person_slab = at;
		return true; /* it is up to date: every event since its first offer is in it */
	}
	/* Whoever lets a slab go clears its person: one that was offered as shared while it was
	 * let go is not fresh, and is told by that. */
	if (p->person != offer->person || !zv_recent_trusts(&e->law.recent, txn)) {
		p->person = 0;
		return false;
	}
	e->law.person_refs[at] = 1;
	e->held[slab].person_slab = at;
	zv_recent_each(&e->law.recent, &lately, put_recent, &c);
	lately.by = ZV_RECENT_BY_NUMBER;
	for (uint8_t i = 0; i < p->n_numbers && i < ZV_NUMBERS_MAX; i++) {
		lately.id = p->e164[i];
		zv_recent_each(&e->law.recent, &lately, put_recent, &c);
	}
	put_amends(e, p);
	return true;
}

void zv_person_let_go(struct zv_engine *e, uint32_t slab)
{
	uint32_t at = e->held[slab].person_slab;

	e->held[slab].person_slab = ZV_SLOT_NONE;
	if (at < e->params.persons.n && --e->law.person_refs[at] == 0)
		e->params.persons.v[at].person = 0;
}

bool zv_person_reaches(const struct zv_engine *e, uint32_t slab)
{
	uint32_t at = e->held[slab].person_slab;
	const struct zv_person_slab *p;

	if (at >= e->params.persons.n)
		return true;
	p = &e->params.persons.v[at];
	return p->overflow || p->since_ms <= e->now.cal_ms - reach_ms(e);
}

/* ---- the contact of a call ---- */

static bool consented_7d(const struct zv_person_slab *p, int64_t now_ms)
{
	for (uint8_t i = 0; i < p->n_marks && i < ZV_MARKS_MAX; i++) {
		const struct zv_mark *m = &p->marks[i];

		if (m->kind == ZV_MARK_OVERRIDE && m->by == ZV_OVERRIDE_CONSENT_7D &&
		    m->from_ms <= now_ms && now_ms < m->to_ms && now_ms - m->from_ms < 7 * DAY_MS)
			return true;
	}
	return false;
}

bool zv_contact_open(struct zv_engine *e, struct zv_call *call)
{
	struct zv_person_slab *p = zv_person_of(e, call->slab);
	const struct zv_offer *offer = &e->params.slabs.v[call->slab];
	struct zv_contact contact = {
		.at_ms = e->now.cal_ms, .attempt = call->attempt, .e164 = call->called,
		.campaign = offer->campaign, .caller = zv_rule_caller(call->caller),
		.debt = offer->debt, .topic = offer->topic,
		.facts = ZV_FACT_BIT(ZV_FACT_INTENT),
		.channel = e->conf->campaigns[call->campaign].channel,
		.open = 1,
	};

	if (consented_7d(p, e->now.cal_ms))
		contact.exclude = ZV_EXCLUDE_CONSENTED_7D;
	call->contact_ms = contact.at_ms;
	call->exclude = contact.exclude;
	call->facts = contact.facts;
	return zv_person_reserve(p, &contact, reach_ms(e)) == ZV_OK;
}

void zv_contact_drop(struct zv_engine *e, const struct zv_call *call)
{
	struct zv_person_slab *p = zv_person_of(e, call->slab);

	if (p != NULL)
		zv_person_drop(p, call->attempt);
}

void zv_contact_dialled(struct zv_engine *e, const struct zv_call *call)
{
	struct zv_person_slab *p = zv_person_of(e, call->slab);
	struct zv_contact *c = p == NULL ? NULL : zv_person_contact(p, call->attempt);

	if (c == NULL)
		return;
	c->facts = call->facts;
	c->caller = zv_rule_caller(call->caller);
}

/* Seconds, rounded up: what is dated a little late binds a little longer. */
static uint16_t seconds(int64_t ms)
{
	int64_t s = ms <= 0 ? 0 : (ms + 999) / 1000;

	return s > UINT16_MAX ? UINT16_MAX : (uint16_t)s;
}

void zv_contact_close(struct zv_engine *e, const struct zv_call *call, struct zv_cmd *outcome)
{
	struct zv_person_slab *p = zv_person_of(e, call->slab);
	struct zv_contact *c = p == NULL ? NULL : zv_person_contact(p, call->attempt);
	enum zv_outcome what = (enum zv_outcome)outcome->u.outcome.outcome;
	uint8_t channel = e->conf->campaigns[call->campaign].channel;
	uint16_t facts = zv_facts_of(what, call->facts, channel);
	uint8_t exclude = (uint8_t)(call->exclude |
				    zv_exclude_of(what, facts, call->sip_code, call->q850));

	outcome->u.outcome.facts = facts;
	outcome->u.outcome.exclude = exclude;
	outcome->u.outcome.dial_s = seconds(call->dialed_ms);
	if (call->answer_cal_ms != 0)
		outcome->u.outcome.connect_s = seconds(call->answer_cal_ms - call->contact_ms);
	outcome->u.outcome.end_s = seconds((call->over_cal_ms != 0 ? call->over_cal_ms : e->now.cal_ms) -
					   call->contact_ms);
	if (what == ZV_OUT_NOT_SENT) {
		zv_contact_drop(e, call);
		return;
	}
	if (c != NULL) {
		c->facts = facts;
		c->exclude = exclude;
		c->dial_s = outcome->u.outcome.dial_s;
		c->connect_s = outcome->u.outcome.connect_s;
		c->end_s = outcome->u.outcome.end_s;
		c->open = 0;
	}
	zv_ratio_count(e, call->campaign, &(struct zv_contact){
		.at_ms = call->contact_ms, .facts = (uint16_t)(facts & ~call->tallied),
		.connect_s = outcome->u.outcome.connect_s, .end_s = outcome->u.outcome.end_s});
}

void zv_contact_amend(struct zv_engine *e, const struct zv_call *call, uint16_t facts)
{
	struct zv_amend *amend = &e->law.amends[e->law.n_amends++ % ZV_AMENDS_MAX];

	*amend = (struct zv_amend){.attempt = call->attempt, .e164 = call->called, .facts = facts};
	for (uint32_t i = 0; i < e->params.persons.n; i++) {
		struct zv_person_slab *p = &e->params.persons.v[i];
		struct zv_contact *c;

		if (e->law.person_refs[i] == 0 || !has_number(p, call->called))
			continue;
		c = contact_of(p, call->attempt);
		if (c != NULL)
			c->facts = facts;
	}
	zv_ratio_count(e, call->campaign,
		       &(struct zv_contact){.at_ms = e->now.cal_ms, .facts = facts});
}

/* ---- opt-outs, marks, contacts of others ---- */

struct zv_attempt_id zv_law_token(struct zv_engine *e, uint64_t kind)
{
	return (struct zv_attempt_id){kind, (uint64_t)e->params.epoch << 32 | ++e->law.tokens};
}

struct zv_attempt_id zv_law_token_of(struct zv_engine *e, struct zv_attempt_id token)
{
	return zv_attempt_is_zero(token) ? zv_law_token(e, ZV_TOKEN_OWN) : token;
}

/* Does it concern this held person? */
static bool concerns(const struct zv_person_slab *p, uint64_t person, uint64_t e164)
{
	return (person != 0 && p->person == person) || (e164 != 0 && has_number(p, e164));
}

/* Looks anew at leads that wait here: who may never be called any more need not wait. */
static void ask_again(struct zv_engine *e, uint64_t person, uint64_t e164)
{
	for (uint32_t i = 0; i < e->params.slabs.n; i++) {
		const struct zv_person_slab *p = zv_person_of(e, i);

		if (p != NULL && concerns(p, person, e164) && e->out->cap - e->out->n >= 256)
			zv_pick_ask_again(e, i);
	}
}

/* Into the slabs of everybody who is held, or out of them. */
static void optout_slabs(struct zv_engine *e, const struct zv_optout *o, bool ends)
{
	for (uint32_t i = 0; i < e->params.persons.n; i++) {
		struct zv_person_slab *p = &e->params.persons.v[i];
		struct zv_suppressed s = {.campaign = o->campaign, .to_ms = o->to_ms};

		if (e->law.person_refs[i] == 0)
			continue;
		for (int by_number = 0; by_number < 2; by_number++) {
			s.e164 = by_number ? o->e164 : 0;
			if (by_number ? o->e164 == 0 || !has_number(p, o->e164)
				      : o->person == 0 || p->person != o->person)
				continue;
			if (ends)
				zv_person_unsuppress(p, &s);
			else
				(void)zv_person_suppress(p, &s); /* no room: it overflows for good */
		}
	}
}

static void withdraw_calls(struct zv_engine *e, const struct zv_optout *o)
{
	for (uint32_t i = 0; i < e->conf->max_calls; i++) {
		struct zv_call *call = &e->calls[i];

		if (call->state != ZV_CALL_RESERVE && call->state != ZV_CALL_INTENT &&
		    call->state != ZV_CALL_FAILOVER)
			continue;
		if (o->campaign != 0 && e->conf->campaigns[call->campaign].id != o->campaign)
			continue;
		if ((o->e164 != 0 && call->called == o->e164) ||
		    (o->person != 0 && call->person == o->person))
			call->withdrawn = true;
	}
}

/* By person and by number; false: by neither. */
static bool optout_recent(struct zv_engine *e, const struct zv_optout *o, enum zv_recent_what what)
{
	struct zv_recent_one ones[2] = {{0}};
	uint32_t n = 0;

	for (int by_number = 0; by_number < 2; by_number++) {
		uint64_t id = by_number ? o->e164 : o->person;

		if (id == 0)
			continue;
		ones[n].what = (uint8_t)what;
		ones[n].by = by_number ? ZV_RECENT_BY_NUMBER : ZV_RECENT_BY_PERSON;
		ones[n].id = id;
		ones[n].token = o->token;
		ones[n++].u.suppressed = (struct zv_suppressed){
			.e164 = by_number ? o->e164 : 0, .campaign = o->campaign, .to_ms = o->to_ms};
	}
	if (n > 0)
		zv_recent_add(&e->law.recent, ones, n);
	else
		e->stats.late_events++;
	return n > 0;
}

static struct zv_cmd *optout_write(struct zv_engine *e, const struct zv_optout *o)
{
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_SUPPRESS);

	cmd->campaign = o->campaign;
	cmd->attempt = o->token;
	cmd->u.suppress.e164 = o->e164;
	cmd->u.suppress.person = o->person;
	cmd->u.suppress.to_ms = o->to_ms;
	cmd->u.suppress.campaign = o->campaign;
	cmd->u.suppress.source = o->source;
	return cmd;
}

/* The order is the promise: memory first, then the disk, then whoever asked is told. */
void zv_person_optout(struct zv_engine *e, const struct zv_optout *optout)
{
	struct zv_optout o = *optout;

	o.token = zv_law_token_of(e, o.token);
	o.to_ms = o.to_ms == 0 ? INT64_MAX : o.to_ms;
	if (!optout_recent(e, &o, ZV_RECENT_SUPPRESSED))
		return;
	e->law.optouts[e->law.n_optouts++ % ZV_OPTOUTS_TOLD] = (struct zv_optout_told){
		.e164 = o.e164, .person = o.person, .campaign = o.campaign, .at_ms = e->now.cal_ms};
	optout_slabs(e, &o, false);
	withdraw_calls(e, &o);
	(void)optout_write(e, &o);
	ask_again(e, o.person, o.e164);
}

/* Was the same suppression told after it was asked that it be taken back?  In doubt yes. */
static bool told_since(const struct zv_engine *e, const struct zv_optout *o)
{
	const struct zv_law_state *law = &e->law;
	uint32_t n = law->n_optouts < ZV_OPTOUTS_TOLD ? law->n_optouts : ZV_OPTOUTS_TOLD;

	/* What was overwritten came no later than the oldest that still stands. */
	if (law->n_optouts > ZV_OPTOUTS_TOLD &&
	    law->optouts[law->n_optouts % ZV_OPTOUTS_TOLD].at_ms >= o->to_ms)
		return true;
	for (uint32_t i = 0; i < n; i++) {
		const struct zv_optout_told *t = &law->optouts[i];

		if (t->at_ms >= o->to_ms && t->campaign == o->campaign &&
		    ((o->e164 != 0 && t->e164 == o->e164) ||
		     (o->person != 0 && t->person == o->person)))
			return true;
	}
	return false;
}

static void optout_end(struct zv_engine *e, const struct zv_optout *optout)
{
	struct zv_optout o = *optout;

	o.token = zv_law_token_of(e, o.token);
	if (o.to_ms <= 0 || told_since(e, &o)) {
		struct zv_cmd *cmd = zv_emit(e, ZV_CMD_TELL);

		/* Whoever asked sees in the store that it stands. */
		cmd->attempt = o.token;
		cmd->u.tell.what = ZV_TELL_TOLD;
		return;
	}
	if (!optout_recent(e, &o, ZV_RECENT_ENDED))
		return;
	optout_slabs(e, &o, true); /* leads that wait here are asked about when they are due */
	optout_write(e, &o)->u.suppress.end = 1;
}

void zv_person_on_suppress(struct zv_engine *e, const struct zv_event *ev)
{
	struct zv_optout o = {
		.e164 = ev->u.suppress.e164, .person = ev->u.suppress.person,
		.campaign = ev->u.suppress.campaign, .source = ev->code,
		.to_ms = ev->u.suppress.to_ms, .token = ev->attempt};

	if (ev->u.suppress.end != 0)
		optout_end(e, &o);
	else
		zv_person_optout(e, &o);
}

void zv_person_on_mark(struct zv_engine *e, const struct zv_event *ev)
{
	struct zv_recent_one one = {.what = ZV_RECENT_MARK, .id = ev->u.mark.person,
				    .token = zv_law_token_of(e, ev->attempt)};
	struct zv_cmd *cmd;

	if (ev->u.mark.person == 0) {
		e->stats.late_events++;
		return;
	}
	one.u.mark = (struct zv_mark){.name = ev->u.mark.name, .from_ms = ev->u.mark.from_ms,
				      .to_ms = ev->u.mark.to_ms, .kind = (uint8_t)(ev->code & 0xff),
				      .by = (uint8_t)(ev->code >> 8 & 0xff)};
	zv_recent_add(&e->law.recent, &one, 1);
	for (uint32_t i = 0; i < e->params.persons.n; i++)
		if (e->law.person_refs[i] > 0 && e->params.persons.v[i].person == one.id)
			(void)zv_person_mark(&e->params.persons.v[i], &one.u.mark);
	cmd = zv_emit(e, ZV_CMD_MARK);
	cmd->attempt = one.token;
	cmd->u.mark.person = one.id;
	cmd->u.mark.name = one.u.mark.name;
	cmd->u.mark.from_ms = one.u.mark.from_ms;
	cmd->u.mark.to_ms = one.u.mark.to_ms;
	cmd->u.mark.kind = one.u.mark.kind;
	cmd->u.mark.by = one.u.mark.by;
	ask_again(e, one.id, 0);
}

struct zv_cmd *zv_contact_add(struct zv_engine *e, uint64_t person, struct zv_attempt_id token,
			      const struct zv_contact *contact)
{
	bool by_number = person == 0;
	struct zv_recent_one one = {
		.what = ZV_RECENT_CONTACT, .token = zv_law_token_of(e, token),
		.by = by_number ? ZV_RECENT_BY_NUMBER : ZV_RECENT_BY_PERSON,
		.id = by_number ? contact->e164 : person};

	if (one.id == 0) {
		e->stats.late_events++;
		return NULL;
	}
	one.u.contact = *contact;
	if (zv_attempt_is_zero(contact->attempt))
		one.u.contact.attempt = one.token;
	zv_recent_add(&e->law.recent, &one, 1);
	for (uint32_t i = 0; i < e->params.persons.n; i++)
		if (e->law.person_refs[i] > 0 &&
		    concerns(&e->params.persons.v[i], person, by_number ? one.id : 0))
			put_contact(e, &e->params.persons.v[i], &one.u.contact);
	return zv_contact_tell(e, person, one.token, contact);
}

struct zv_cmd *zv_contact_tell(struct zv_engine *e, uint64_t person, struct zv_attempt_id token,
			       const struct zv_contact *contact)
{
	struct zv_cmd *cmd = zv_emit(e, ZV_CMD_CONTACT);

	cmd->campaign = contact->campaign;
	cmd->attempt = token;
	cmd->u.contact.person = person;
	cmd->u.contact.e164 = contact->e164;
	cmd->u.contact.at_ms = contact->at_ms;
	cmd->u.contact.facts = contact->facts;
	cmd->u.contact.channel = contact->channel;
	cmd->u.contact.exclude = contact->exclude;
	cmd->u.contact.of = contact->attempt;
	cmd->u.contact.connect_s = contact->connect_s;
	cmd->u.contact.end_s = contact->end_s;
	return cmd;
}

void zv_person_on_contact(struct zv_engine *e, const struct zv_event *ev)
{
	const struct zv_contact contact = {
		.at_ms = ev->u.contact.at_ms, .e164 = ev->u.contact.e164,
		.campaign = ev->u.contact.campaign, .facts = ev->u.contact.facts,
		.channel = ev->u.contact.channel, .exclude = ev->u.contact.exclude};

	(void)zv_contact_add(e, ev->u.contact.person, ev->attempt, &contact);
}

void zv_person_on_told(struct zv_engine *e, const struct zv_event *ev)
{
	struct zv_cmd *cmd;

	if (ev->attempt.hi == ZV_TOKEN_MESSAGE)
		return;
	zv_recent_told(&e->law.recent, ev->attempt, ev->u.offer.txn);
	if (ev->attempt.hi == ZV_TOKEN_OWN)
		return;
	cmd = zv_emit(e, ZV_CMD_TELL);
	cmd->attempt = ev->attempt;
	cmd->u.tell.what = ZV_TELL_TOLD;
	cmd->u.tell.value = ev->code;
}
