#include <stdio.h>
#include <string.h>

#include "dial/rules/decide.h"

/* The same in both languages. */
struct words {
	const char *en, *ru;
};

/* What a rule says that has no figures to tell: "Rule ID ...". */
static const struct words details[] = {
	[ZV_DETAIL_NONE] = {"forbids this contact", "запрещает этот контакт"},
	[ZV_DETAIL_LIMIT] = {"allows no more of it for now", "пока больше не допускает"},
	[ZV_DETAIL_COOLDOWN] = {"wants rest", "требует паузы"},
	[ZV_DETAIL_CLOSED] = {"forbids contact at this hour of the person's day",
			      "запрещает контакт в это время суток по часам человека"},
	[ZV_DETAIL_NO_CALENDAR] = {"needs a calendar of working days that is not there",
				   "требует календаря рабочих дней, которого нет"},
	[ZV_DETAIL_RATIO] = {"stops the campaign, because its share is over the limit",
			     "останавливает кампанию: доля превысила предел"},
	[ZV_DETAIL_NO_CONSENT] = {"needs a consent that is not there",
				  "требует согласия, которого нет"},
	[ZV_DETAIL_LISTED] = {"forbids it, because the number is on a do-not-call list",
			      "запрещает контакт: номер внесён в реестр отказавшихся от звонков"},
	[ZV_DETAIL_STALE_LIST] = {"needs a fresher copy of a do-not-call list",
				  "требует более свежей копии реестра отказавшихся от звонков"},
	[ZV_DETAIL_MODE] = {"forbids this way of dialling", "запрещает такой способ набора"},
	[ZV_DETAIL_FLAG] = {"forbids contact with a person of this status",
			    "запрещает контакт с человеком с таким статусом"},
	[ZV_DETAIL_FORCE_AGENT] = {"allows the call only with an agent who is certain to be free",
				   "допускает вызов, только если оператор заведомо свободен"},
	[ZV_DETAIL_TREATMENT] = {"asks for a call that cannot be made here",
				 "требует такого вызова, который здесь невозможен"},
};

static const struct words refusals[] = {
	[ZV_REFUSED_BY_RULE] = {"The contact is forbidden.", "Контакт запрещён."},
	[ZV_REFUSED_JURISDICTION] = {"It is not known which country's law protects this person.",
				     "Неизвестно, закон какой страны защищает этого человека."},
	[ZV_REFUSED_ZONE] = {"This person's time zone is not known.",
			     "Часовой пояс этого человека неизвестен."},
	[ZV_REFUSED_SUPPRESSED] =
		{"This person or number is on the own do-not-call list.",
		 "Этот человек или номер внесён в собственный список «не звонить»."},
	[ZV_REFUSED_OVERFLOW] = {"More has happened with this person than can be counted.",
				 "С этим человеком было больше событий, чем можно учесть."},
	[ZV_REFUSED_NO_RULES] = {"No rules are loaded for this country.",
				 "Для этой страны не загружено ни одного правила."},
	[ZV_REFUSED_UNSTATED] =
		{"The campaign does not state its purpose, channel, mode and actor.",
		 "Кампания не указала цель, канал, режим и от чьего имени она звонит."},
};

/* What is counted, in the plural. */
static const struct words counted[ZV_FACTS] = {
	[ZV_FACT_INTENT] = {"decisions to call", "решения о вызове"},
	[ZV_FACT_ATTEMPT] = {"attempts", "попытки вызова"},
	[ZV_FACT_RING] = {"contacts that rang or reached the person",
			  "контакты, дошедшие до человека"},
	[ZV_FACT_CONNECT] = {"answered calls", "отвеченные вызовы"},
	[ZV_FACT_MACHINE] = {"calls answered by a machine", "ответы автоответчика"},
	[ZV_FACT_LIVE_ANSWER] = {"calls answered by a person", "ответы человека"},
	[ZV_FACT_ABANDON] = {"abandoned calls", "брошенные вызовы"},
	[ZV_FACT_SILENT] = {"silent calls", "немые вызовы"},
	[ZV_FACT_CONVERSATION] = {"conversations", "разговоры"},
	[ZV_FACT_MESSAGE] = {"messages", "сообщения"},
	[ZV_FACT_VISIT] = {"visits", "личные встречи"},
	[ZV_FACT_REFUSAL] = {"refusals", "отказы"},
	[ZV_FACT_DIAL_SECONDS] = {"seconds of dialling", "секунды набора"},
};

/* After what a pause is wanted. */
static const struct words after[ZV_FACTS] = {
	[ZV_FACT_INTENT] = {"a decision to call", "решения о вызове"},
	[ZV_FACT_ATTEMPT] = {"an attempt", "попытки вызова"},
	[ZV_FACT_RING] = {"a contact", "контакта"},
	[ZV_FACT_CONNECT] = {"an answered call", "отвеченного вызова"},
	[ZV_FACT_MACHINE] = {"a machine's answer", "ответа автоответчика"},
	[ZV_FACT_LIVE_ANSWER] = {"a person's answer", "ответа человека"},
	[ZV_FACT_ABANDON] = {"an abandoned call", "брошенного вызова"},
	[ZV_FACT_SILENT] = {"a silent call", "немого вызова"},
	[ZV_FACT_CONVERSATION] = {"a conversation", "разговора"},
	[ZV_FACT_MESSAGE] = {"a message", "сообщения"},
	[ZV_FACT_VISIT] = {"a visit", "личной встречи"},
	[ZV_FACT_REFUSAL] = {"a refusal", "отказа"},
	[ZV_FACT_DIAL_SECONDS] = {"dialling", "набора"},
};

static const struct words units[] = {
	[ZV_UNIT_HOUR] = {"h", "ч"},
	[ZV_UNIT_DAY] = {"d", "дн."},
	[ZV_UNIT_WEEK] = {"wk", "нед."},
	[ZV_UNIT_MONTH] = {"mo", "мес."},
};

static const struct words calendar_units[] = {
	[ZV_UNIT_HOUR] = {"a clock hour", "час по часам"},
	[ZV_UNIT_DAY] = {"a calendar day", "календарный день"},
	[ZV_UNIT_WEEK] = {"a calendar week", "календарную неделю"},
	[ZV_UNIT_MONTH] = {"a calendar month", "календарный месяц"},
};

static const char *word(const struct words *w, bool russian)
{
	return russian ? w->ru : w->en;
}

/* Takes back the beginning of a character that was cut off. */
static void end_text(char *text, size_t size)
{
	size_t n = strnlen(text, size - 1), lead = n;
	size_t want;
	uint8_t first;

	text[n] = 0;
	while (lead > 0 && ((uint8_t)text[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (lead == 0 || (uint8_t)text[lead - 1] < 0xc0)
		return;
	first = (uint8_t)text[--lead];
	want = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (n - lead < want)
		text[lead] = 0;
}

static void window_text(const struct zv_rule_window *w, bool russian, char *text, size_t size)
{
	const char *unit = word(&units[w->unit], russian);

	if (w->kind == ZV_WINDOW_CALENDAR && w->n == 1)
		snprintf(text, size, "%s", word(&calendar_units[w->unit], russian));
	else if (w->kind == ZV_WINDOW_CALENDAR)
		snprintf(text, size, russian ? "%u %s по календарю" : "%u %s of the calendar", w->n,
			 unit);
	else if (w->kind == ZV_WINDOW_BLOCK)
		snprintf(text, size, russian ? "каждые %u %s от начала" : "each block of %u %s",
			 w->n, unit);
	else if (w->day_one)
		snprintf(text, size,
			 russian ? "%u %s, считая первый день" : "%u %s with the first day counted",
			 w->n, unit);
	else
		snprintf(text, size, russian ? "любые %u %s подряд" : "any %u %s", w->n, unit);
}

/* "RU-CALL-W is at its limit: conversations, at most 2 in a calendar week and any 7 d; ..." */
static void limit_text(const struct zv_rule *r, const struct zv_count *count, bool russian,
		       char *text, size_t size)
{
	char windows[400] = "", one[100];
	size_t n = 0;

	for (uint32_t i = 0; i < r->u.freq.n_windows && i < ZV_RULE_WINDOWS_MAX; i++) {
		window_text(&r->u.freq.windows[i], russian, one, sizeof(one));
		snprintf(windows + n, sizeof(windows) - n, "%s%s",
			 i == 0    ? ""
			 : russian ? " и за "
				   : " and ",
			 one);
		n = strlen(windows);
	}
	snprintf(text, size,
		 russian ? "Правило %.31s: предел исчерпан (%s, не более %u за %s); было %u, "
			   "сейчас в работе %u."
			 : "Rule %.31s is at its limit: %s, at most %u in %s; %u so far, %u in "
			   "flight.",
		 r->id, word(&counted[r->u.freq.fact], russian), r->u.freq.limit, windows,
		 count->used, count->in_flight);
}

static void cooldown_text(const struct zv_rule *r, bool russian, char *text, size_t size)
{
	const struct zv_rule_window *w = &r->u.cooldown.window;
	char window[100];

	window_text(w, russian, window, sizeof(window));
	if (w->kind == ZV_WINDOW_ROLLING && !w->day_one)
		snprintf(text, size,
			 russian ? "Правило %.31s требует паузы %u %s после %s."
				 : "Rule %.31s wants %u %s of rest after %s.",
			 r->id, w->n, word(&units[w->unit], russian),
			 word(&after[r->u.cooldown.after], russian));
	else
		snprintf(text, size,
			 russian ? "Правило %.31s требует паузы после %s (%s)."
				 : "Rule %.31s wants rest after %s (%s).",
			 r->id, word(&after[r->u.cooldown.after], russian), window);
}

static void rule_text(const struct zv_rules *rules, const struct zv_verdict *v, bool russian,
		      char *text, size_t size)
{
	const struct zv_rule *r = &rules->v[v->rule];
	const struct zv_count *count = NULL;
	uint32_t known = sizeof(details) / sizeof(details[0]);

	for (uint32_t i = 0; i < v->n_counts && i < ZV_COUNTS_MAX; i++) {
		if (v->counts[i].rule == v->rule)
			count = &v->counts[i];
	}
	if (v->detail == ZV_DETAIL_LIMIT && r->kind == ZV_RULE_FREQ && r->u.freq.fact < ZV_FACTS &&
	    count != NULL)
		limit_text(r, count, russian, text, size);
	else if (v->detail == ZV_DETAIL_COOLDOWN && r->kind == ZV_RULE_COOLDOWN &&
		 r->u.cooldown.after < ZV_FACTS)
		cooldown_text(r, russian, text, size);
	else
		snprintf(text, size, russian ? "Правило %.31s %s." : "Rule %.31s %s.", r->id,
			 word(&details[v->detail < known ? v->detail : 0], russian));
}

void zv_verdict_text(const struct zv_rules *rules, const struct zv_verdict *verdict,
		     const char *language, char *text, size_t size)
{
	bool russian = strcmp(language, "ru") == 0;
	uint32_t known = sizeof(refusals) / sizeof(refusals[0]);

	if (size == 0)
		return;
	text[0] = 0;
	if (verdict->answer == ZV_ANSWER_YES)
		snprintf(text, size, "%s",
			 russian ? "Контакт разрешён." : "The contact is allowed.");
	else if (rules != NULL && verdict->rule < rules->n)
		rule_text(rules, verdict, russian, text, size);
	else
		snprintf(text, size, "%s",
			 word(&refusals[verdict->refusal < known ? verdict->refusal : 0], russian));
	end_text(text, size);
}
