/* Rules in words. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "law/law.h"

static struct zv_zones *zones;
static struct zv_law *law;
static char said[1024];

static void tell(void *arg, enum zv_law_level level, const char *file, unsigned line,
		 const char *path, const char *text)
{
	(void)arg;
	if (level == ZV_LAW_ERROR)
		cr_assert_fail("%s:%u %s %s", file, line, path, text);
}

static struct zv_law_params params(void)
{
	cr_assert_eq(zv_zones_create(NULL, &zones), ZV_OK);
	return (struct zv_law_params){.zones = zones, .sink = {.tell = tell}};
}

static void end(void)
{
	zv_law_destroy(law);
	zv_zones_destroy(zones);
}

/* One rule of this kind and body, in Russian. */
static const char *ru(const char *kind, const char *body)
{
	struct zv_law_params p = params();
	char rule[2048], text[4096];
	int n = snprintf(rule, sizeof(rule),
			 "{\"id\":\"RU-X\",\"jur\":\"RU\",\"law\":\"l\",\"src\":\"s\","
			 "\"seen\":\"2026-11-21\",\"trust\":\"policy\",\"when\":{},\"kind\":\"%s\","
			 "\"%s\":%s}",
			 kind, kind, body);

	n = snprintf(text, sizeof(text), "zvonar-law 1\nrules %d r.jsonl\n%s\n", n, rule);
	cr_assert_eq(zv_law_load_text(text, (size_t)n, &p, &law), ZV_OK);
	zv_law_say_ru(law, 0, said, sizeof(said));
	end();
	return said;
}

#define WINDOW(kind, n, unit) "{\"kind\":\"" kind "\",\"n\":" #n ",\"unit\":\"" unit "\"}"

static const char *limit(const char *event, int most, const char *window)
{
	char body[512];

	(void)snprintf(body, sizeof(body),
		       "{\"event\":\"%s\",\"key\":[\"person\"],\"limit\":%d,\"windows\":[%s]}", event,
		       most, window);
	return ru("freq", body);
}

Test(say, a_limit_has_the_russian_plural_of_its_number_and_of_its_window)
{
	cr_expect_str_eq(limit("conversation", 1, WINDOW("calendar", 1, "day")),
			 "не больше 1 разговора на человека за календарный день");
	cr_expect_str_eq(limit("conversation", 2, WINDOW("calendar", 1, "week")),
			 "не больше 2 разговоров на человека за календарную неделю");
	cr_expect_str_eq(limit("attempt", 21, WINDOW("rolling", 24, "hour")),
			 "не больше 21 попытки вызова на человека за любые 24 часа подряд");
	cr_expect_str_eq(limit("attempt", 11, WINDOW("rolling", 1, "hour")),
			 "не больше 11 попыток вызова на человека за любой 1 час");
	cr_expect_str_eq(limit("message", 5, WINDOW("rolling", 1, "week")),
			 "не больше 5 сообщений на человека за любую 1 неделю");
	cr_expect_str_eq(limit("visit", 0, WINDOW("block", 30, "day")),
			 "не больше 0 личных встреч на человека за каждый отрезок в 30 дней");
	cr_expect_str_eq(limit("ring", 101, WINDOW("calendar", 2, "week")),
			 "не больше 101 дошедшего до человека контакта на человека за "
			 "2 календарные недели");
	cr_expect_str_eq(limit("refusal", 3, WINDOW("calendar", 12, "month")),
			 "не больше 3 отказов от звонков на человека за 12 календарных месяцев");
	cr_expect_str_eq(limit("connect", 3, WINDOW("rolling", 21, "day")),
			 "не больше 3 отвеченных вызовов на человека за любой 21 день подряд");
}

Test(say, a_limit_says_what_it_counts_and_what_not)
{
	cr_expect_str_eq(
		ru("freq", "{\"event\":\"dial_seconds\",\"unit\":\"seconds\",\"key\":[\"person\",\"topic\"],"
			   "\"limit\":1801,\"windows\":[" WINDOW("calendar", 1, "day") ","
			   WINDOW("rolling", 7, "day") "],\"channels_counted\":[\"sms\",\"messenger\"],"
			   "\"exclude\":[\"busy\",\"inbound\",\"attorney\"]}"),
		"не больше 1801 секунды набора на человека и тему за календарный день и за любые "
		"7 дней подряд, считаются только: SMS, мессенджер, не считая занятых номеров, входящих "
		"и контактов с адвокатом");
}

Test(say, a_rest_says_after_what_how_long_and_for_whom)
{
	cr_expect_str_eq(ru("cooldown", "{\"after\":\"abandon\",\"key\":[\"number\",\"caller\"],\"for\":"
					WINDOW("rolling", 72, "hour") ",\"unless_mode\":[\"manual\"]}"),
			 "пауза после брошенного вызова на 72 часа, считая по номеру и номеру звонящего, "
			 "кроме режимов набора: ручной");
	cr_expect_str_eq(ru("cooldown", "{\"after\":\"conversation\",\"key\":[\"debt\"],\"for\":{"
					"\"kind\":\"rolling\",\"n\":7,\"unit\":\"day\",\"day_one\":true,"
					"\"tz\":\"residence\"}}"),
			 "пауза после разговора на 7 дней (день события считается первым) (часы: по месту "
			 "жительства), считая по долгу");
}

Test(say, hours_shares_flags_and_keeping_are_said)
{
	cr_expect_str_eq(ru("hours", "{\"tz\":\"strictest\",\"days\":{\"any\":[[\"08:00\",\"13:00\"],"
				     "[\"14:00\",\"20:00\"]],\"sun\":[]}}"),
			 "контакт только в эти часы: вс нельзя; любой день 08:00–13:00, 14:00–20:00 "
			 "(часы: самые строгие из возможных)");
	cr_expect_str_eq(ru("ratio", "{\"num\":\"abandon\",\"den\":\"live_answer\",\"limit\":0.035,"
				     "\"window\":" WINDOW("block", 30, "day") ",\"key\":[\"campaign\"],"
				     "\"alarm_at\":0.02,\"amd_fp_estimate\":true}"),
			 "брошенных вызовов не больше 3,5 % от ответов человека за каждый отрезок в "
			 "30 дней на кампанию, предупреждение при 2 %, с оценкой людей, принятых за "
			 "автоответчик");
	cr_expect_str_eq(ru("deny", "{\"if_flag\":[\"bankrupt\",\"my_own_flag\"]}"),
			 "контакта нет, если человек: банкрот или my_own_flag");
	cr_expect_str_eq(ru("retain", "{\"what\":[\"audio\",\"call_log\"],\"for\":\"P1Y6M\","
				      "\"from\":\"last_activity\",\"warn_subject\":true}"),
			 "хранить записи разговоров и журнал вызовов 1 год 6 месяцев со дня последнего "
			 "действия; сказать человеку, что идёт запись");
}

Test(say, a_treatment_and_a_consent_are_said)
{
	cr_expect_str_eq(
		ru("treat", "{\"ring_min_s\":15,\"agent_within\":{\"s\":2.5,\"from\":\"greeting_end\"},"
			    "\"else_play\":{\"within_s\":2,\"must_say\":[\"seller_name\"],\"must_not\":"
			    "[\"sales_pitch\"],\"optout\":\"ivr\"},\"announce\":{\"within_s\":10,\"say\":"
			    "[\"agent_name\",\"creditor\"],\"each_contact\":false},\"cli\":{\"hidden\":false,"
			    "\"callable\":true,\"label_max\":32}}"),
		"вызывать не меньше 15 с; оператор не позже чем через 2,5 с после конца приветствия; "
		"иначе сообщение не позже чем через 2 с, в нём сказать: имя продавца, в нём не должно "
		"быть: предложение купить, отказ от звонков: клавишей; назвать за 10 с: имя оператора, "
		"кредитор (при первом контакте); номер показан, по нему можно перезвонить, подпись не "
		"длиннее 32 знаков");
	cr_expect_str_eq(
		ru("consent", "{\"need\":[\"prior_consent_ads\"],\"proof_keep\":\"P5Y\",\"scrub\":[{"
			      "\"list\":\"GB_TPS\",\"max_age_d\":31},{\"list\":\"OWN\",\"max_age_d\":0}],"
			      "\"honour_revoke\":{\"n\":2,\"unit\":\"business_day\"},\"forbid_mode\":"
			      "[\"predictive\",\"robot\"]}"),
		"нужно: предварительное согласие на рекламу; номера нет в реестре GB_TPS (копия не "
		"старше 31 дня); номера нет в реестре OWN (копия этого же дня); запрещены режимы набора: "
		"предиктивный, робот; отзыв согласия действует не позже чем через 2 рабочих дня; "
		"подтверждение хранить 5 лет");
}

/* Names of lists, zones, calendars and SMS aside, every word of the shipped rules has its Russian;
 * and wherever the room ends, what is there is whole characters. */
Test(say, every_rule_that_ships_is_said_in_russian_whatever_the_room)
{
	struct zv_law_params p = params();
	const char *root = getenv("ZVONAR_SOURCE_ROOT");
	char rules[2048], calendars[2048], whole[2048];

	(void)snprintf(rules, sizeof(rules), "%s/conf/rules", root != NULL ? root : ".");
	(void)snprintf(calendars, sizeof(calendars), "%s/conf/calendars", root != NULL ? root : ".");
	p.rules = rules;
	p.calendars = calendars;
	cr_assert_eq(zv_law_load(&p, &law), ZV_OK);
	cr_assert_geq(zv_law_rules(law)->n, 47);
	for (uint32_t i = 0; i < zv_law_rules(law)->n; i++) {
		size_t len;

		zv_law_say_ru(law, i, whole, sizeof(whole));
		len = strlen(whole);
		cr_expect_gt(len, 10);
		for (const char *at = whole; *at != 0; at++)
			cr_expect(*at < 'a' || *at > 'z' || strstr(whole, "Europe/") != NULL, "%s: %s",
				  zv_law_text(law, i)->id, whole);
		for (size_t room = 1; room <= len; room++) {
			zv_law_say_ru(law, i, said, room < sizeof(said) ? room : sizeof(said));
			cr_assert_eq(strncmp(said, whole, strlen(said)), 0);
			cr_assert_neq((uint8_t)whole[strlen(said)] & 0xc0, 0x80, "%s cut at %zu", whole, room);
		}
	}
	end();
}
