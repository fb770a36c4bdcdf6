#include <stdio.h>
#include <string.h>

#include "dial/rules/decide.h"

/* A sentence in both languages. */
struct words {
	const char *en, *ru;
};

static const struct words details[] = {
	[ZV_DETAIL_NONE] = {"forbids this contact", "запрещает этот контакт"},
	[ZV_DETAIL_LIMIT] = {"allows no more contacts of this kind for now",
			     "пока не допускает новых контактов такого рода"},
	[ZV_DETAIL_COOLDOWN] = {"wants rest after an earlier contact",
				"требует паузы после прежнего контакта"},
	[ZV_DETAIL_CLOSED] = {"forbids contact at this hour", "запрещает контакт в это время"},
	[ZV_DETAIL_NO_CALENDAR] = {"needs a calendar of working days that is not there",
				   "требует календаря рабочих дней, которого нет"},
	[ZV_DETAIL_RATIO] = {"stops the campaign: too many answered calls were abandoned",
			     "останавливает кампанию: брошено слишком много отвеченных вызовов"},
	[ZV_DETAIL_NO_CONSENT] = {"needs a consent that is not there",
				  "требует согласия, которого нет"},
	[ZV_DETAIL_LISTED] = {"forbids it: the number is on a do-not-call list",
			      "запрещает: номер внесён в список отказавшихся от звонков"},
	[ZV_DETAIL_STALE_LIST] = {"needs a fresh copy of a do-not-call list",
				  "требует свежей копии списка отказавшихся от звонков"},
	[ZV_DETAIL_MODE] = {"forbids this way of dialling", "запрещает такой способ набора"},
	[ZV_DETAIL_FLAG] = {"forbids contact with a person of this status",
			    "запрещает контакт с человеком с таким статусом"},
	[ZV_DETAIL_FORCE_AGENT] = {"allows the call only with an agent who is certainly free",
				   "допускает вызов, только если оператор заведомо свободен"},
	[ZV_DETAIL_TREATMENT] = {"asks for a call that cannot be made so",
				 "требует такого вызова, который здесь невозможен"},
};

static const struct words refusals[] = {
	[ZV_REFUSED_BY_RULE] = {"The contact is forbidden.", "Контакт запрещён."},
	[ZV_REFUSED_JURISDICTION] = {"Nobody knows which country's law protects this person.",
				     "Неизвестно, закон какой страны защищает этого человека."},
	[ZV_REFUSED_ZONE] = {"Nobody knows this person's time zone.",
			     "Часовой пояс этого человека неизвестен."},
	[ZV_REFUSED_SUPPRESSED] = {"This person or number asked not to be called.",
				   "Этот человек или номер отказался от звонков."},
	[ZV_REFUSED_OVERFLOW] =
		{"More happened with this person than can be counted at once.",
		 "С этим человеком было больше событий, чем можно сосчитать за раз."},
	[ZV_REFUSED_NO_RULES] = {"No rules are loaded for this country.",
				 "Для этой страны не загружены правила."},
	[ZV_REFUSED_UNSTATED] =
		{"The campaign does not state its purpose, channel, mode and actor.",
		 "Кампания не указала цель, канал, режим и от чьего имени звонит."},
};

static const char *word(const struct words *w, bool russian)
{
	return russian ? w->ru : w->en;
}

/* Takes back the beginning of a character that was cut off. */
static void end_text(char *text, size_t size)
{
	size_t n = strnlen(text, size - 1);
	size_t lead = n;

	text[n] = 0;
	while (lead > 0 && ((uint8_t)text[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (lead > 0 && (uint8_t)text[lead - 1] >= 0xc0) {
		uint8_t first = (uint8_t)text[lead - 1];
		size_t want = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;

		if (n - (lead - 1) < want)
			text[lead - 1] = 0;
	}
}

void zv_verdict_text(const struct zv_rules *rules, const struct zv_verdict *verdict,
		     const char *language, char *text, size_t size)
{
	bool russian = strcmp(language, "ru") == 0;
	const struct words *w;

	if (size == 0)
		return;
	text[0] = 0;
	if (verdict->answer == ZV_ANSWER_YES) {
		snprintf(text, size, "%s",
			 russian ? "Контакт разрешён." : "The contact is allowed.");
	} else if (rules != NULL && verdict->rule < rules->n &&
		   verdict->detail < sizeof(details) / sizeof(details[0])) {
		w = &details[verdict->detail];
		snprintf(text, size, russian ? "Правило %.31s %s." : "Rule %.31s %s.",
			 rules->v[verdict->rule].id, word(w, russian));
	} else {
		w = &refusals[verdict->refusal < sizeof(refusals) / sizeof(refusals[0])
				      ? verdict->refusal
				      : 0];
		snprintf(text, size, "%s", word(w, russian));
	}
	end_text(text, size);
}
