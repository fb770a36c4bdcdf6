/* why in plain words, Russian or English. */
#include <string.h>

#include "base/tz.h"
#include "ctl/why.h"

const char *const zv_fact_words[ZV_FACTS] = {
        "intent", "attempt", "ring", "connect", "machine", "live_answer", "abandon", "silent",
        "conversation", "message", "visit", "refusal", "dial_seconds"};

static const char *const russian_facts[ZV_FACTS] = {
        "намерение", "попытка", "гудки", "соединение", "автоответчик", "ответил человек",
        "брошенный вызов", "молчание", "разговор", "сообщение", "визит", "отказ от звонков",
        "секунды набора"};

static const char *const russian_purposes[] = {"цель не указана", "взыскание", "реклама",
                                               "звонок по заявке", "напоминание",
                                               "актуализация базы", "обслуживание"};
static const char *const russian_channels[] = {"канал не указан", "говорит оператор",
                                               "говорит робот-собеседник", "запись голоса", "SMS",
                                               "мессенджер", "письмо", "визит"};
static const char *const russian_modes[] = {"режим не указан", "предиктивный набор",
                                            "прогрессивный набор", "набор с просмотром",
                                            "ручной набор", "набор роботом"};
static const char *const russian_actors[] = {"от чьего имени, не указано", "от имени кредитора",
                                             "от имени взыскателя", "от имени рекламораспространителя"};
static const char *const russian_trusts[] = {"официальный текст", "вторичный источник",
                                             "по памяти: только предупреждает", "собственная политика"};
static const char *const english_trusts[] = {"official text", "secondary source",
                                             "from memory: it only warns", "policy of our own"};

/* A macro, so that the compiler checks both formats. */
#define PICK(w, en, ru) ((w)->russian ? ru : en)

enum zv_fact zv_why_fact(const struct zv_contact *c)
{
	static const enum zv_fact order[] = {
	        ZV_FACT_REFUSAL, ZV_FACT_CONVERSATION, ZV_FACT_ABANDON, ZV_FACT_SILENT,
	        ZV_FACT_MACHINE, ZV_FACT_LIVE_ANSWER, ZV_FACT_CONNECT, ZV_FACT_VISIT,
	        ZV_FACT_MESSAGE, ZV_FACT_RING, ZV_FACT_ATTEMPT};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if ((c->facts & ZV_FACT_BIT(order[i])) != 0)
			return order[i];
	return ZV_FACT_INTENT;
}

void zv_why_time(const struct zv_tz *tz, int64_t ms, char *to, size_t size)
{
	int32_t offset = tz != NULL ? zv_tz_offset(tz, ms / 1000) : 0;
	int64_t local = ms / 1000 + offset;
	int32_t day = (int32_t)(local / 86400), second = (int32_t)(local % 86400);
	int32_t off_min = (offset < 0 ? -offset : offset) / 60;
	int year, month, mday;

	zv_civil_from_day(day, &year, &month, &mday);
	(void)snprintf(to, size, "%04d-%02d-%02d %02d:%02d:%02d %c%02d:%02d", year, month, mday,
	               second / 3600, second / 60 % 60, second % 60, offset < 0 ? '-' : '+',
	               off_min / 60, off_min % 60);
}

const struct zv_tz *zv_why_zone(const struct zv_why_case *c)
{
	return c->slab.n_residence > 0 ? zv_zones_get(c->why->zones, c->slab.residence[0]) : NULL;
}

static void put_time(const struct zv_tz *tz, int64_t ms)
{
	char text[48];

	zv_why_time(tz, ms, text, sizeof(text));
	(void)fputs(text, stdout);
}

void zv_why_text_begin(const struct zv_why *w)
{
	char version[ZV_JUR_MAX + 8];

	(void)snprintf(version, sizeof(version), "%s", zv_law_rules(w->set->law)->tz_version);
	(void)printf("+%llu, ", (unsigned long long)w->e164);
	put_time(NULL, w->at_ms);
	(void)printf(PICK(w, "\nrules %016llx, time zones %s\n", "\nправила %016llx, часовые пояса %s\n"),
	             (unsigned long long)w->set->hash, version);
}

/* Who is asked about, under whose law and clock. */
static void put_head(const struct zv_why_case *c)
{
	const struct zv_why *w = c->why;
	const struct zv_statement *s = c->statement;

	(void)fputc('\n', stdout);
	zv_put_plain(stdout, c->campaign);
	if (s == NULL) {
		(void)printf(PICK(w, " (not in %s)", " (нет в %s)"), w->statements.file);
	} else if (w->russian) {
		(void)printf(" (%s; %s; %s; %s)", russian_purposes[s->purpose],
		             russian_channels[s->channel], russian_modes[s->mode],
		             russian_actors[s->actor]);
	} else {
		(void)printf(" (%s, %s, %s, %s)", s->purpose ? zv_purpose_words[s->purpose] : "no purpose",
		             s->channel ? zv_channel_words[s->channel] : "no channel",
		             s->mode ? zv_mode_words[s->mode] : "no mode",
		             s->actor ? zv_actor_words[s->actor] : "no actor");
	}
	(void)printf(PICK(w, ", person %llu, law of %s", ", человек %llu, закон: %s"),
	             (unsigned long long)c->lead->person,
	             c->slab.jur[0] != 0 ? c->slab.jur : PICK(w, "nobody knows where", "неизвестно чей"));
	for (uint8_t i = 0; i < c->slab.n_residence; i++)
		(void)printf("%s%s", i == 0 ? PICK(w, ", clock of ", ", часы: ") : PICK(w, " or ", " или "),
		             zv_zones_name(w->zones, c->slab.residence[i]));
	(void)fputs(":\n", stdout);
}

static void put_answer(const struct zv_why_case *c)
{
	const struct zv_why *w = c->why;
	const struct zv_verdict *v = &c->verdict;

	if (v->answer == ZV_ANSWER_YES) {
		(void)fputs(PICK(w, "  It may be called now", "  Сейчас звонить можно"), stdout);
		if (v->open_until_ms != ZV_NEVER_MS && v->open_until_ms > w->at_ms) {
			(void)fputs(PICK(w, ", until ", ", до "), stdout);
			put_time(zv_why_zone(c), v->open_until_ms);
		}
	} else if (v->answer == ZV_ANSWER_AGENT_ONLY) {
		(void)fputs(PICK(w, "  It may be called only with an agent who is certainly free",
		                 "  Звонить можно, только если оператор заведомо свободен"), stdout);
	} else if (v->until_ms == ZV_NEVER_MS) {
		(void)fputs(PICK(w, "  It may NOT be called, and no time changes that",
		                 "  Звонить НЕЛЬЗЯ, и время этого не изменит"), stdout);
	} else {
		(void)fputs(PICK(w, "  It may NOT be called before ", "  Звонить НЕЛЬЗЯ раньше "), stdout);
		put_time(zv_why_zone(c), v->until_ms);
	}
	(void)fputs(".\n", stdout);
}

static void put_source(const struct zv_why *w, uint16_t rule)
{
	const struct zv_law_text *t = zv_law_text(w->set->law, rule);
	const struct zv_rule *r = &zv_law_rules(w->set->law)->v[rule];
	char said[1024];

	if (t == NULL)
		return;
	(w->russian ? zv_law_say_ru : zv_law_say)(w->set->law, rule, said, sizeof(said));
	(void)printf("    %s: ", PICK(w, "it says", "правило говорит"));
	zv_put_plain(stdout, said);
	(void)printf("\n    %s: ", PICK(w, "law", "закон"));
	zv_put_plain(stdout, t->law);
	(void)printf("\n    %s: ", PICK(w, "source", "источник"));
	zv_put_plain(stdout, t->src);
	(void)printf(PICK(w, " (seen %s, %s)\n", " (просмотрен %s, %s)\n"), t->seen,
	             w->russian ? russian_trusts[r->trust] : english_trusts[r->trust]);
}

/* The dated contacts that a count is made of. */
static void put_contacts(const struct zv_why_case *c, uint16_t rule)
{
	const struct zv_why *w = c->why;
	uint16_t which[ZV_CONTACTS_MAX];
	uint32_t n = zv_rule_contacts(zv_law_rules(w->set->law), rule, &c->slab, &c->ask, which);

	for (uint32_t i = 0; i < n; i++) {
		const struct zv_contact *k = &c->slab.contacts[which[i]];
		enum zv_fact fact = zv_why_fact(k);
		char name[64];

		(void)fputs("      ", stdout);
		put_time(zv_why_zone(c), k->at_ms);
		(void)printf("  %s", w->russian ? russian_facts[fact] : zv_fact_words[fact]);
		if (k->open != 0)
			(void)fputs(PICK(w, " (in progress)", " (ещё идёт)"), stdout);
		if (k->campaign != 0)
			(void)printf(", %s", zv_campaign_name(w->store, k->campaign, name, sizeof(name)));
		if (k->e164 != 0)
			(void)printf(", +%llu", (unsigned long long)k->e164);
		(void)fputc('\n', stdout);
	}
}

static void put_counts(const struct zv_why_case *c)
{
	const struct zv_why *w = c->why;
	const struct zv_rules *rules = zv_law_rules(w->set->law);

	for (uint8_t i = 0; i < c->verdict.n_counts; i++) {
		const struct zv_count *n = &c->verdict.counts[i];
		const struct zv_rule *r = &rules->v[n->rule];

		if (r->kind != ZV_RULE_FREQ)
			continue;
		(void)printf(PICK(w, "  %s: %u of %u used", "  %s: использовано %u из %u"), r->id, n->used,
		             r->u.freq.limit);
		if (n->in_flight > 0)
			(void)printf(PICK(w, ", %u in progress", ", ещё идёт: %u"), n->in_flight);
		(void)fputc('\n', stdout);
		put_contacts(c, n->rule);
	}
}

void zv_why_text_case(const struct zv_why_case *c)
{
	const struct zv_why *w = c->why;
	const struct zv_rules *rules = zv_law_rules(w->set->law);
	const struct zv_verdict *v = &c->verdict;
	bool by_rule = v->answer != ZV_ANSWER_YES && v->refusal == ZV_REFUSED_BY_RULE &&
	               v->rule < rules->n;
	char text[400];

	put_head(c);
	put_answer(c);
	if (v->answer != ZV_ANSWER_YES) {
		zv_verdict_text(rules, v, w->russian ? "ru" : "en", text, sizeof(text));
		(void)printf("  %s\n", text);
	}
	if (by_rule) {
		put_source(w, v->rule);
		if (rules->v[v->rule].kind == ZV_RULE_COOLDOWN)
			put_contacts(c, v->rule);
	}
	put_counts(c);
	if (v->warnings > 0)
		(void)printf(PICK(w, "  Warnings: %u; the first is rule %s\n",
		                  "  Предупреждений: %u; первое даёт правило %s\n"), v->warnings,
		             rules->v[v->first_warning].id);
}

static void put_past(const struct zv_why *w, const struct zv_why_past *p)
{
	const struct zv_evidence_row *row = &p->row;

	(void)fputs("  ", stdout);
	put_time(NULL, row->at_ms);
	(void)printf("  %s: ", p->campaign);
	if (row->answer == ZV_ANSWER_NO) {
		(void)printf("%s", PICK(w, "no", "нет"));
		if (row->rule_id[0] != 0)
			(void)printf(PICK(w, ", rule %s", ", правило %s"), row->rule_id);
		else if (row->refusal == ZV_REFUSED_SUPPRESSED)
			(void)fputs(PICK(w, ", asked not to be called", ", отказ от звонков"), stdout);
		if (row->until_ms == ZV_NEVER_MS) {
			(void)fputs(PICK(w, ", for good", ", бессрочно"), stdout);
		} else {
			(void)fputs(PICK(w, ", until ", ", до "), stdout);
			put_time(NULL, row->until_ms);
		}
	} else {
		(void)fputs(row->answer == ZV_ANSWER_YES ? PICK(w, "yes", "да") :
		            PICK(w, "yes, with an agent", "да, с оператором"), stdout);
	}
	for (uint8_t i = 0; i < row->n_counts && i < ZV_EVIDENCE_COUNTS; i++) {
		(void)printf(", %s %u", p->ids[i], row->counts[i].used);
		if (row->counts[i].in_flight > 0)
			(void)printf("+%u", row->counts[i].in_flight);
		if (p->limits[i] != UINT32_MAX)
			(void)printf(PICK(w, " of %u", " из %u"), p->limits[i]);
	}
	if (p->other_set)
		(void)printf(PICK(w, " (rules %016llx)", " (правила %016llx)"),
		             (unsigned long long)row->rules_hash);
	(void)fputc('\n', stdout);
}

void zv_why_text_past(const struct zv_why *w, uint64_t person, const struct zv_why_past *past,
                      uint32_t n, uint32_t left_out)
{
	(void)printf(PICK(w, "\nDecisions about person %llu, in UTC:\n", "\nРешения о человеке %llu, время UTC:\n"),
	             (unsigned long long)person);
	if (left_out > 0)
		(void)printf(PICK(w, "  (%u earlier ones are not shown)\n", "  (ещё %u, более ранних, не показано)\n"),
		             left_out);
	for (uint32_t i = 0; i < n; i++)
		put_past(w, &past[i]);
}
