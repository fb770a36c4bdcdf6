/* A rule in one Russian sentence. */
#include <string.h>

#include "law/say.h"

/* A word of the rule files in the forms that the sentences need. */
struct form {
	const char *word, *ru;
};
#define FORMS(name, ...)                                                                           \
	static const struct form name##_v[] = {__VA_ARGS__};                                       \
	static const struct forms name = {name##_v, sizeof(name##_v) / sizeof(name##_v[0])}
struct forms {
	const struct form *v;
	size_t n;
};

FORMS(fact_one, {"intent", "решения о вызове"}, {"attempt", "попытки вызова"},
      {"ring", "дошедшего до человека контакта"}, {"connect", "отвеченного вызова"},
      {"machine", "ответа автоответчика"}, {"live_answer", "ответа человека"},
      {"abandon", "брошенного вызова"}, {"silent", "немого вызова"},
      {"conversation", "разговора"}, {"message", "сообщения"}, {"visit", "личной встречи"},
      {"refusal", "отказа от звонков"}, {"dial_seconds", "секунды набора"});
FORMS(fact_many, {"intent", "решений о вызове"}, {"attempt", "попыток вызова"},
      {"ring", "дошедших до человека контактов"}, {"connect", "отвеченных вызовов"},
      {"machine", "ответов автоответчика"}, {"live_answer", "ответов человека"},
      {"abandon", "брошенных вызовов"}, {"silent", "немых вызовов"},
      {"conversation", "разговоров"}, {"message", "сообщений"}, {"visit", "личных встреч"},
      {"refusal", "отказов от звонков"}, {"dial_seconds", "секунд набора"});
/* на кого: человека; по кому: человеку */
FORMS(key_for, {"person", "человека"}, {"debt", "долг"}, {"number", "номер"},
      {"campaign", "кампанию"}, {"caller", "номер звонящего"}, {"topic", "тему"});
FORMS(key_by, {"person", "человеку"}, {"debt", "долгу"}, {"number", "номеру"},
      {"campaign", "кампании"}, {"caller", "номеру звонящего"}, {"topic", "теме"});
FORMS(channels, {"voice_agent", "говорит оператор"}, {"voice_ai", "говорит робот"},
      {"voice_prerec", "запись голоса"}, {"sms", "SMS"}, {"messenger", "мессенджер"},
      {"email", "письмо"}, {"visit", "визит"});
FORMS(modes, {"predictive", "предиктивный"}, {"progressive", "прогрессивный"},
      {"preview", "с просмотром"}, {"manual", "ручной"}, {"robot", "робот"});
FORMS(excludes, {"inbound", "входящих"}, {"not_connected", "несостоявшихся соединений"},
      {"busy", "занятых номеров"}, {"out_of_service", "необслуживаемых номеров"},
      {"consented_7d", "вызовов с согласием за последние 7 дней"},
      {"attorney", "контактов с адвокатом"}, {"creditor_call", "контактов с кредитором"});
FORMS(clocks, {"residence", "по месту жительства"}, {"registration", "по месту регистрации"},
      {"number", "по номеру"}, {"strictest", "самые строгие из возможных"});
FORMS(days, {"mon", "пн"}, {"tue", "вт"}, {"wed", "ср"}, {"thu", "чт"}, {"fri", "пт"},
      {"sat", "сб"}, {"sun", "вс"}, {"holiday", "праздники"}, {"workday", "рабочие дни"},
      {"weekend", "выходные"}, {"any", "любой день"});
FORMS(froms, {"answer", "ответа"}, {"greeting_start", "начала приветствия"},
      {"greeting_end", "конца приветствия"});
FORMS(optouts, {"none", "нет"}, {"phone", "по телефону"}, {"ivr", "клавишей"});
FORMS(says, {"address", "адрес"}, {"agency", "агентство"}, {"agent_name", "имя оператора"},
      {"agent_name_or_id", "имя или номер оператора"}, {"amount", "сумма"},
      {"creditor", "кредитор"}, {"creditor_full_name", "полное имя кредитора"},
      {"legal_basis", "правовое основание"}, {"location", "местонахождение"},
      {"own_full_name", "своё полное имя"}, {"phone", "телефон"}, {"position", "должность"},
      {"marketing", "реклама"}, {"sales_pitch", "предложение купить"},
      {"caller_identity", "кто звонит"}, {"optout_number", "номер для отказа"},
      {"seller_name", "имя продавца"}, {"seller_phone", "телефон продавца"},
      {"telemarketing_purpose", "что это реклама"});
FORMS(consents, {"debtor_consent_third_party", "согласие должника на контакт с третьим лицом"},
      {"prior_consent_ads", "предварительное согласие на рекламу"},
      {"prior_express_consent", "предварительное прямое согласие"},
      {"prior_express_consent_documented", "документированное предварительное прямое согласие"},
      {"third_party_not_objecting", "отсутствие возражений третьего лица"});
FORMS(flags, {"bankrupt", "банкрот"}, {"disabled_group_1", "инвалид I группы"},
      {"hospital", "в больнице"}, {"incapacitated", "недееспособен"},
      {"minor", "несовершеннолетний"}, {"refused_contact", "отказался от взаимодействия"},
      {"operator_mass_call_refusal", "отказался от массовых вызовов у оператора связи"},
      {"represented", "действует через представителя"});
FORMS(records, {"audio", "записи разговоров"}, {"messages", "сообщения"},
      {"call_log", "журнал вызовов"}, {"abandon_log", "журнал брошенных вызовов"},
      {"consent_proof", "подтверждения согласий"}, {"decision_log", "журнал решений"});
FORMS(retain_froms, {"event", "события"}, {"last_activity", "последнего действия"},
      {"consent", "согласия"}, {"use", "последнего использования"});

/* Names that nobody here knows (a flag or list of the operator's own) stay as they are. */
static const char *form(const struct forms *forms, const char *word)
{
	for (size_t i = 0; i < forms->n; i++)
		if (strcmp(forms->v[i].word, word) == 0)
			return forms->v[i].ru;
	return word;
}

static void put_list(struct zv_say *s, const struct forms *forms, const json_t *list,
		     const char *last)
{
	size_t n = json_array_size(list);

	for (size_t i = 0; i < n; i++)
		zv_say_put(s, "%s%s", i == 0 ? "" : i + 1 == n ? last : ", ",
			   form(forms, json_string_value(json_array_get(list, i))));
}

/* 3.5 -> "3,5" */
static void put_number(struct zv_say *s, double x)
{
	char text[40];
	char *dot;

	(void)snprintf(text, sizeof(text), "%.6g", x);
	dot = strchr(text, '.');
	if (dot != NULL)
		*dot = ',';
	zv_say_put(s, "%s", text);
}

/* 1 день, 2 дня, 5 дней: 0, 1, 2. */
static int plural(long long n)
{
	if (n % 100 >= 11 && n % 100 <= 14)
		return 2;
	return n % 10 == 1 ? 0 : n % 10 >= 2 && n % 10 <= 4 ? 1 : 2;
}

struct unit {
	const char *word;
	bool she;
	const char *forms[3]; /* as after 1, 2, 5, in the accusative */
};
static const struct unit units[] = {
	{"hour", false, {"час", "часа", "часов"}},
	{"day", false, {"день", "дня", "дней"}},
	{"week", true, {"неделю", "недели", "недель"}},
	{"month", false, {"месяц", "месяца", "месяцев"}},
	{"year", false, {"год", "года", "лет"}},
};

static const struct unit *unit_of(const char *word)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(units[i].word, word) == 0)
			return &units[i];
	return &units[1];
}

static void put_units(struct zv_say *s, long long n, const char *unit)
{
	zv_say_put(s, "%lld %s", n, unit_of(unit)->forms[plural(n)]);
}

/* What stands after "за" or "на". */
static void put_window(struct zv_say *s, const json_t *w, bool any)
{
	const char *kind = zv_say_text(w, "kind");
	const struct unit *unit = unit_of(zv_say_text(w, "unit"));
	long long n = zv_say_int(w, "n");
	int form_of = plural(n);

	if (strcmp(kind, "calendar") == 0) {
		const char *adjective = form_of == 0 ? unit->she ? "календарную" : "календарный" :
					form_of == 1 && unit->she ? "календарные" : "календарных";

		if (n == 1)
			zv_say_put(s, "%s %s", adjective, unit->forms[0]);
		else
			zv_say_put(s, "%lld %s %s", n, adjective, unit->forms[form_of]);
	} else if (strcmp(kind, "block") == 0) {
		zv_say_put(s, "каждый отрезок в ");
		put_units(s, n, unit->word);
	} else {
		if (any)
			zv_say_put(s, "%s ", form_of != 0 ? "любые" : unit->she ? "любую" : "любой");
		put_units(s, n, unit->word);
		zv_say_put(s, "%s", any && n > 1 ? " подряд" : "");
	}
	if (json_is_true(json_object_get(w, "day_one")))
		zv_say_put(s, " (день события считается первым)");
	if (json_object_get(w, "tz") != NULL)
		zv_say_put(s, " (часы: %s)", form(&clocks, zv_say_text(w, "tz")));
}

static void say_freq(struct zv_say *s, const json_t *p)
{
	const json_t *windows = json_object_get(p, "windows");
	bool seconds = strcmp(zv_say_text(p, "unit"), "seconds") == 0;
	const char *event = seconds ? "dial_seconds" : zv_say_text(p, "event");
	long long limit = zv_say_int(p, "limit");

	/* "не больше 21 разговора, 22 разговоров" */
	zv_say_put(s, "не больше %lld %s на ", limit,
		   form(plural(limit) == 0 ? &fact_one : &fact_many, event));
	put_list(s, &key_for, json_object_get(p, "key"), " и ");
	for (size_t i = 0; i < json_array_size(windows); i++) {
		zv_say_put(s, "%s за ", i == 0 ? "" : " и");
		put_window(s, json_array_get(windows, i), true);
	}
	if (json_array_size(json_object_get(p, "channels_counted")) > 0) {
		zv_say_put(s, ", считаются только: ");
		put_list(s, &channels, json_object_get(p, "channels_counted"), ", ");
	}
	if (json_array_size(json_object_get(p, "exclude")) > 0) {
		zv_say_put(s, ", не считая ");
		put_list(s, &excludes, json_object_get(p, "exclude"), " и ");
	}
}

static void say_cooldown(struct zv_say *s, const json_t *p)
{
	zv_say_put(s, "пауза после %s на ", form(&fact_one, zv_say_text(p, "after")));
	put_window(s, json_object_get(p, "for"), false);
	zv_say_put(s, ", считая по ");
	put_list(s, &key_by, json_object_get(p, "key"), " и ");
	if (json_array_size(json_object_get(p, "unless_mode")) > 0) {
		zv_say_put(s, ", кроме режимов набора: ");
		put_list(s, &modes, json_object_get(p, "unless_mode"), ", ");
	}
}

static void say_hours(struct zv_say *s, const json_t *p)
{
	const json_t *given = json_object_get(p, "days");

	zv_say_put(s, "контакт только в эти часы: ");
	for (size_t i = 0, said = 0; i < zv_law_days.n; i++) {
		const json_t *list = json_object_get(given, zv_law_days.v[i]);

		if (list == NULL)
			continue;
		zv_say_put(s, "%s%s", said++ == 0 ? "" : "; ", form(&days, zv_law_days.v[i]));
		if (json_array_size(list) == 0)
			zv_say_put(s, " нельзя");
		for (size_t k = 0; k < json_array_size(list); k++)
			zv_say_put(s, "%s%s–%s", k == 0 ? " " : ", ",
				   json_string_value(json_array_get(json_array_get(list, k), 0)),
				   json_string_value(json_array_get(json_array_get(list, k), 1)));
	}
	zv_say_put(s, " (часы: %s", form(&clocks, zv_say_text(p, "tz")));
	if (json_object_get(p, "calendar") != NULL)
		zv_say_put(s, ", календарь %s", zv_say_text(p, "calendar"));
	zv_say_put(s, ")");
}

static void say_ratio(struct zv_say *s, const json_t *p)
{
	zv_say_put(s, "%s не больше ", form(&fact_many, zv_say_text(p, "num")));
	put_number(s, json_number_value(json_object_get(p, "limit")) * 100);
	zv_say_put(s, " %% от %s за ", form(&fact_many, zv_say_text(p, "den")));
	put_window(s, json_object_get(p, "window"), true);
	zv_say_put(s, " на ");
	put_list(s, &key_for, json_object_get(p, "key"), " и ");
	if (json_object_get(p, "alarm_at") != NULL) {
		zv_say_put(s, ", предупреждение при ");
		put_number(s, json_number_value(json_object_get(p, "alarm_at")) * 100);
		zv_say_put(s, " %%");
	}
	if (json_is_true(json_object_get(p, "amd_fp_estimate")))
		zv_say_put(s, ", с оценкой людей, принятых за автоответчик");
}

static void say_play(struct zv_say *s, const json_t *play)
{
	zv_say_put(s, "иначе сообщение");
	if (json_object_get(play, "within_s") != NULL) {
		zv_say_put(s, " не позже чем через ");
		put_number(s, json_number_value(json_object_get(play, "within_s")));
		zv_say_put(s, " с");
	}
	if (json_array_size(json_object_get(play, "must_say")) > 0) {
		zv_say_put(s, ", в нём сказать: ");
		put_list(s, &says, json_object_get(play, "must_say"), ", ");
	}
	if (json_array_size(json_object_get(play, "must_not")) > 0) {
		zv_say_put(s, ", в нём не должно быть: ");
		put_list(s, &says, json_object_get(play, "must_not"), ", ");
	}
	if (json_object_get(play, "optout") != NULL)
		zv_say_put(s, ", отказ от звонков: %s", form(&optouts, zv_say_text(play, "optout")));
}

static void say_cli(struct zv_say *s, const json_t *cli)
{
	static const struct form words[] = {{"own_contract", "по своему договору"},
					    {"registered", "зарегистрирован"},
					    {"callable", "по нему можно перезвонить"},
					    {"national", "этой же страны"}};
	long long most = zv_say_int(cli, "label_max");

	zv_say_put(s, "номер показан");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (json_is_true(json_object_get(cli, words[i].word)))
			zv_say_put(s, ", %s", words[i].ru);
	if (json_object_get(cli, "label_max") != NULL)
		zv_say_put(s, ", подпись не длиннее %lld %s", most,
			   plural(most) == 0 ? "знака" : "знаков");
}

static void say_treat(struct zv_say *s, const json_t *p)
{
	const json_t *agent = json_object_get(p, "agent_within");
	const json_t *play = json_object_get(p, "else_play");
	const json_t *announce = json_object_get(p, "announce"), *cli = json_object_get(p, "cli");
	const char *join = "";

	if (json_object_get(p, "ring_min_s") != NULL) {
		zv_say_put(s, "вызывать не меньше ");
		put_number(s, json_number_value(json_object_get(p, "ring_min_s")));
		zv_say_put(s, " с");
		join = "; ";
	}
	if (agent != NULL) {
		zv_say_put(s, "%sоператор не позже чем через ", join);
		put_number(s, json_number_value(json_object_get(agent, "s")));
		zv_say_put(s, " с после %s", form(&froms, zv_say_text(agent, "from")));
		join = "; ";
	}
	if (play != NULL) {
		zv_say_put(s, "%s", join);
		say_play(s, play);
		join = "; ";
	}
	if (announce != NULL) {
		zv_say_put(s, "%sназвать", join);
		if (json_object_get(announce, "within_s") != NULL) {
			zv_say_put(s, " за ");
			put_number(s, json_number_value(json_object_get(announce, "within_s")));
			zv_say_put(s, " с");
		}
		zv_say_put(s, ": ");
		put_list(s, &says, json_object_get(announce, "say"), ", ");
		zv_say_put(s, json_is_true(json_object_get(announce, "each_contact"))
				      ? " (при каждом контакте)"
				      : " (при первом контакте)");
		join = "; ";
	}
	if (cli != NULL) {
		zv_say_put(s, "%s", join);
		say_cli(s, cli);
	}
}

/* P1Y6M -> "1 год 6 месяцев" */
static void put_duration(struct zv_say *s, const char *text)
{
	struct zv_law_span span = {0};
	const char *join = "";

	if (!zv_law_duration(text, &span)) {
		zv_say_put(s, "%s", text);
		return;
	}
	if (span.years > 0) {
		put_units(s, span.years, "year");
		join = " ";
	}
	if (span.months > 0) {
		zv_say_put(s, "%s", join);
		put_units(s, span.months, "month");
		join = " ";
	}
	if (span.days > 0 || join[0] == 0) {
		zv_say_put(s, "%s", join);
		put_units(s, span.days, "day");
	}
}

static void say_revoke(struct zv_say *s, const json_t *revoke)
{
	const char *unit = zv_say_text(revoke, "unit");
	long long n = zv_say_int(revoke, "n");

	zv_say_put(s, "отзыв согласия действует ");
	if (strcmp(unit, "immediate") == 0)
		zv_say_put(s, "сразу");
	else if (strcmp(unit, "business_day") == 0)
		zv_say_put(s, "не позже чем через %lld %s %s", n,
			   plural(n) == 0 ? "рабочий" : "рабочих", unit_of("day")->forms[plural(n)]);
	else {
		zv_say_put(s, "не позже чем через ");
		put_units(s, n, unit);
	}
}

static void say_consent(struct zv_say *s, const json_t *p)
{
	const json_t *scrub = json_object_get(p, "scrub");
	const char *join = "";

	if (json_array_size(json_object_get(p, "need")) > 0) {
		zv_say_put(s, "нужно: ");
		put_list(s, &consents, json_object_get(p, "need"), " и ");
		join = "; ";
	}
	for (size_t i = 0; i < json_array_size(scrub); i++) {
		const json_t *list = json_array_get(scrub, i);
		long long age = zv_say_int(list, "max_age_d");

		zv_say_put(s, "%sномера нет в реестре %s (копия ", join, zv_say_text(list, "list"));
		if (age == 0)
			zv_say_put(s, "этого же дня)");
		else
			zv_say_put(s, "не старше %lld %s)", age, plural(age) == 0 ? "дня" : "дней");
		join = "; ";
	}
	if (json_array_size(json_object_get(p, "forbid_mode")) > 0) {
		zv_say_put(s, "%sзапрещены режимы набора: ", join);
		put_list(s, &modes, json_object_get(p, "forbid_mode"), ", ");
		join = "; ";
	}
	if (json_object_get(p, "honour_revoke") != NULL) {
		zv_say_put(s, "%s", join);
		say_revoke(s, json_object_get(p, "honour_revoke"));
		join = "; ";
	}
	if (json_object_get(p, "proof_keep") != NULL) {
		zv_say_put(s, "%sподтверждение хранить ", join);
		put_duration(s, zv_say_text(p, "proof_keep"));
	}
}

static void say_retain(struct zv_say *s, const json_t *p)
{
	zv_say_put(s, "хранить ");
	put_list(s, &records, json_object_get(p, "what"), " и ");
	zv_say_put(s, " ");
	put_duration(s, zv_say_text(p, "for"));
	zv_say_put(s, " со дня %s", form(&retain_froms, zv_say_text(p, "from")));
	if (json_is_true(json_object_get(p, "warn_subject")))
		zv_say_put(s, "; сказать человеку, что идёт запись");
}

void zv_law_say_ru(const struct zv_law *law, uint32_t rule, char *text, size_t size)
{
	const json_t *doc = zv_law_doc(law, rule);
	const json_t *p = json_object_get(doc, zv_say_text(doc, "kind"));
	struct zv_say s = {.text = text, .size = size};

	if (size > 0)
		text[0] = 0;
	if (doc == NULL)
		return;
	switch ((enum zv_rule_kind)zv_law_rules(law)->v[rule].kind) {
	case ZV_RULE_FREQ: say_freq(&s, p); break;
	case ZV_RULE_COOLDOWN: say_cooldown(&s, p); break;
	case ZV_RULE_HOURS: say_hours(&s, p); break;
	case ZV_RULE_RATIO: say_ratio(&s, p); break;
	case ZV_RULE_TREAT: say_treat(&s, p); break;
	case ZV_RULE_CONSENT: say_consent(&s, p); break;
	case ZV_RULE_DENY:
		zv_say_put(&s, "контакта нет, если человек: ");
		put_list(&s, &flags, json_object_get(p, "if_flag"), " или ");
		break;
	case ZV_RULE_RETAIN: say_retain(&s, p); break;
	}
}
