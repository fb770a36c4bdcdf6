/* What a `strategy` section may not say: each fault is told where it stands, with what is allowed. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rig.h"

static const struct rig_names names = {
	.categories = (const char *const[]){"yes_list", "no_list", NULL},
	.results = (const char *const[]){"agreed", "refused", NULL},
	.messages = (const char *const[]){"call_us", NULL},
};

#define HEAD    "strategy:\n"
#define RESULTS "    - when: {result: [agreed, refused]}\n      then: {final: yes_list}\n"
#define RULES   "  rules:\n" RESULTS
#define END     "  at_end:\n    - then: {final: no_list}\n"

/* The section is refused, and a line of what is told holds `place` and `words`. */
static void refused(const char *yaml, const char *place, const char *words)
{
	struct rig rig;
	char told[sizeof(rig.told)];
	bool found = false;

	rig_open(&rig);
	cr_assert_eq(rig_bind(&rig, yaml, &names), ZV_EINVAL, "it was taken:\n%s", yaml);
	cr_assert_not_null(strstr(rig.text, "strategy_cadence"), "%s", rig.text);
	memcpy(told, rig.told, sizeof(told));
	for (char *line = strtok(rig.told, "\n"); line != NULL && !found; line = strtok(NULL, "\n"))
		found = strncmp(line, place, strlen(place)) == 0 && strstr(line, words) != NULL;
	cr_assert(found, "want %s ... %s, told:\n%s", place, words, told);
	rig_close(&rig);
}

Test(cadence_conf, the_whole_sample_is_taken)
{
	const struct rig_names of_sample = {
		.categories = (const char *const[]){"согласен", "отказ", "недоступен", NULL},
		.results = (const char *const[]){"agreed", "later", "refused", NULL},
		.messages = (const char *const[]){"call_us", NULL},
	};
	char path[512];
	struct rig rig;

	(void)snprintf(path, sizeof(path), "%s/sample.yaml", CADENCE_DIR);
	rig_ready(&rig, path, &of_sample);
	rig_close(&rig);
}

Test(cadence_conf, the_demonstrations_cadences_are_taken)
{
	const struct rig_names cleanup = {
		.categories = (const char *const[]){"недоступен", "интересно", "рассылка", "неинтересно", NULL},
		.results = (const char *const[]){"interested", "not_interested", "keep_informed", NULL},
		.messages = (const char *const[]){"sms_pick_up", NULL},
	};
	const struct rig_names leads = {
		.categories = (const char *const[]){"недозвон", "отсев", "заявка", NULL},
		.results = (const char *const[]){"yes", "no", "later", NULL},
		.messages = (const char *const[]){NULL},
	};
	struct rig rig;

	rig_ready(&rig, DEMO_DIR "/campaigns/cleanup.yaml", &cleanup);
	rig_close(&rig);
	rig_ready(&rig, DEMO_DIR "/campaigns/leads.yaml", &leads);
	rig_close(&rig);
}

Test(cadence_conf, the_sample_shows_the_defaults)
{
	const struct rig_names one = {
		.categories = (const char *const[]){"a", NULL},
		.results = (const char *const[]){NULL},
		.messages = (const char *const[]){NULL},
	};
	/* The sample's settings with one plain rule, beside no settings at all. */
	char text[20000], path[512];
	struct rig with, without;
	struct rig_lead a, b;
	char *rules, *at_end;
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/sample.yaml", CADENCE_DIR);
	f = fopen(path, "r");
	cr_assert_not_null(f);
	n = fread(text, 1, sizeof(text) - 200, f);
	fclose(f);
	text[n] = 0;
	rules = strstr(text, "\n  rules:");
	at_end = strstr(text, "\n  at_end:");
	cr_assert(rules != NULL && at_end != NULL);
	(void)snprintf(rules, 200, "\n  at_end: [{then: {final: a}}]\n");
	rig_open(&with);
	cr_assert_eq(rig_bind(&with, text, &one), ZV_OK, "%s", with.told);
	rig_open(&without);
	cr_assert_eq(rig_bind(&without, "strategy:\n  at_end: [{then: {final: a}}]\n", &one), ZV_OK);
	for (int first = ZV_OUT_UNREACHABLE; first < ZV_OUT_MAX; first++) {
		int64_t at_ms = rig_ms("Europe/Moscow", "2026-11-23 09:10");

		rig_lead(&with, &a, "Europe/Moscow", 9);
		rig_lead(&without, &b, "Europe/Moscow", 9);
		for (int i = 0; i < 20; i++) {
			rig_call(&a, at_ms, (enum zv_outcome)first, 0);
			rig_call(&b, at_ms, (enum zv_outcome)first, 0);
			cr_assert_arr_eq(&a.step.u, &b.step.u, sizeof(a.step.u), "outcome %d, call %d", first, i);
			if (a.step.u.step.kind == ZV_STEP_FINAL)
				break;
			at_ms = a.step.u.step.due_ms;
		}
	}
	rig_close(&with);
	rig_close(&without);
}

Test(cadence_conf, unknown_keys_are_told_with_the_allowed_ones)
{
	refused(HEAD "  attemps: 8\n" RULES END, "t.yaml:2:", "unknown key \"attemps\" in strategy; allowed: plugin attempts");
	refused(HEAD "  spacing: {gab: 90m}\n" RULES END, "t.yaml:2:", "\"gab\" in spacing");
	refused(HEAD RULES "    - wen: {class: busy}\n      then: {message: call_us}\n" END, "t.yaml:5:", "\"wen\" in a rule");
	refused(HEAD RULES "    - when: {class: busy, in_day: 2}\n      then: {message: call_us}\n" END, "t.yaml:5:", "\"in_day\" in when");
	refused(HEAD RULES "    - when: {class: busy}\n      then: {sms: call_us}\n" END, "t.yaml:6:", "\"sms\" in then");
}

Test(cadence_conf, names_that_the_campaign_does_not_have_are_told)
{
	refused(HEAD RULES "    - when: {class: busy}\n      then: {final: yes_lst}\n" END, "t.yaml:6:",
		"no category \"yes_lst\"; it has: yes_list, no_list");
	refused(HEAD RULES "    - when: {result: agred}\n      then: {final: no_list}\n" END, "t.yaml:5:", "no result \"agred\"");
	refused(HEAD RULES "    - when: {class: busy}\n      then: {message: cal}\n" END, "t.yaml:6:", "no message \"cal\"");
	refused(HEAD RULES "    - when: {class: busi}\n      then: {message: call_us}\n" END, "t.yaml:5:", "class is unreachable");
	refused(HEAD RULES "    - when: {outcome: dead}\n      then: {message: call_us}\n" END, "t.yaml:5:", "outcome is unreachable");
	refused(HEAD RULES "    - when: {class: busy, after: reminder}\n      then: {message: call_us}\n" END, "t.yaml:5:",
		"no rule has the name \"reminder\"");
}

Test(cadence_conf, values_out_of_their_range_are_told)
{
	refused(HEAD "  attempts: 0\n" RULES END, "t.yaml:2:", "1 to 60");
	refused(HEAD "  attempts: 61\n" RULES END, "t.yaml:2:", "1 to 60");
	refused(HEAD "  days: {day1: 3, day3: 2}\n" RULES END, "t.yaml:2:", "day1, day2");
	refused(HEAD "  days: {day1: 21}\n" RULES END, "t.yaml:2:", "1 to 20");
	refused(HEAD "  spacing: {gap: 90}\n" RULES END, "t.yaml:2:", "a time like 45s");
	refused(HEAD "  spacing: {gap: 25h}\n" RULES END, "t.yaml:2:", "at most 1440 minutes");
	refused(HEAD "  spacing: {parts: {a: \"12:00-09:00\"}}\n" RULES END, "t.yaml:2:", "ends after it begins");
	refused(HEAD "  spacing: {parts: {a: \"09:00-12:00\", b: \"11:00-13:00\"}}\n" RULES END, "t.yaml:2:", "begins before");
	refused(HEAD "  number: random\n" RULES END, "t.yaml:2:", "same, next or rotate");
	refused(HEAD "  counts_as: {machine: human}\n" RULES END, "t.yaml:2:", "a class is");
	refused(HEAD "  rest: {busy: 10m}\n" RULES END, "t.yaml:2:", "count as nothing");
	refused(HEAD RULES "    - when: {class: busy}\n      then: {call_again: {after: 367d}}\n" END, "t.yaml:6:", "at most 366 days");
	refused(HEAD RULES "    - when: {class: busy}\n      then: {call_again: soon}\n" END, "t.yaml:6:", "same_day, next_day");
	refused(HEAD RULES "    - when: {class: busy}\n      then: {call_again: {after: 2h, at: \"18:00\"}}\n" END, "t.yaml:6:", "one of");
	refused(HEAD RULES "    - when: {class: busy}\n      then: {remove: true}\n" END, "t.yaml:6:", "belong to a final");
	refused(HEAD RULES "    - when: {class: busy}\n      then: {final: no_list, remove: true, again_after: 365d}\n" END, "t.yaml:6:",
		"not called again");
	refused(HEAD RULES "    - when: {in_a_row: 3}\n      then: {final: no_list}\n" END, "t.yaml:5:", "name it");
	refused(HEAD RULES "    - when: {class: busy, result: agreed}\n      then: {final: no_list}\n" END, "t.yaml:5:", "one of class");
}

Test(cadence_conf, dead_ends_are_refused)
{
	refused(HEAD RULES, "t.yaml:", "dead end: at_end is missing");
	refused(HEAD RULES "  at_end:\n    - when: {most: unreachable}\n      then: {final: no_list}\n", "t.yaml:",
		"dead end: the last rule of at_end has a condition");
	refused(HEAD RULES "  at_end:\n    - then: {message: call_us}\n", "t.yaml:", "dead end: a rule of at_end must give");
	refused(HEAD "  rules:\n    - when: {result: agreed}\n      then: {final: yes_list}\n" END, "t.yaml:",
		"dead end: no rule says what to do at the result \"refused\"");
	refused(HEAD "  rules:\n    - when: {result: [agreed, refused], total: 2}\n      then: {final: yes_list}\n" END,
		"t.yaml:", "dead end: no rule says what to do at the result \"agreed\"");
}

Test(cadence_conf, rules_that_can_never_match_are_refused)
{
	refused(HEAD RULES "    - when: {class: no_answer, in_a_day: 4}\n      then: {final: no_list}\n" END, "t.yaml:5:",
		"never match: there are at most 3 such attempts a day");
	refused(HEAD RULES "    - when: {class: no_answer, day: 2, in_a_day: 3}\n      then: {final: no_list}\n" END, "t.yaml:5:",
		"at most 2 such");
	refused(HEAD RULES "    - when: {class: unreachable, in_a_row: 6}\n      then: {final: no_list}\n" END, "t.yaml:5:", "at most 5 such");
	refused(HEAD RULES "    - when: {class: busy, total: 9}\n      then: {final: no_list}\n" END, "t.yaml:5:", "at most 8 such");
	refused(HEAD RULES "    - when: {day: 3}\n      then: {final: no_list}\n" END, "t.yaml:5:", "no calling day 3");
	refused(HEAD RULES "    - when: {class: no_answer, total: 2}\n      then: {final: no_list}\n"
		"    - when: {class: no_answer, total: 3, in_a_day: 2}\n      then: {final: yes_list}\n" END,
		"t.yaml:7:", "rule 2 matches first");
	refused(HEAD RULES "    - when: {outcome: failed}\n      then: {final: no_list}\n" END, "t.yaml:5:", "counts as nothing");
	refused(HEAD RULES "    - {name: x, when: {class: busy}, then: {final: no_list}}\n"
		"    - {when: {class: no_answer, after: x}, then: {final: no_list}}\n" END, "t.yaml:6:", "nothing comes after a final");
	refused(HEAD RULES "  at_end:\n    - then: {final: no_list}\n    - then: {final: yes_list}\n", "t.yaml:", "never match");
}

Test(cadence_conf, everything_wrong_is_told_at_once)
{
	struct rig rig;

	rig_open(&rig);
	cr_assert_eq(rig_bind(&rig, HEAD "  attempts: many\n  days: none\n  at_end: never\n", &names), ZV_EINVAL);
	cr_assert_not_null(strstr(rig.told, "t.yaml:2:"), "%s", rig.told);
	cr_assert_not_null(strstr(rig.told, "t.yaml:3:"), "%s", rig.told);
	cr_assert_not_null(strstr(rig.told, "t.yaml:4:"), "%s", rig.told);
	rig_close(&rig);
}

Test(cadence_conf, no_section_at_all_is_refused_with_words)
{
	struct rig rig;

	rig_open(&rig);
	cr_assert_eq(rig_bind(&rig, "other: 1\n", &names), ZV_EINVAL);
	cr_assert_not_null(strstr(rig.told, "at_end is missing"), "%s", rig.told);
	rig_close(&rig);
}
