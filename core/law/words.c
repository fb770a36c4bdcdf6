/* The words of the schema, in the order of the enums of dial/rules/rules.h. */
#include <string.h>

#include "law/law_in.h"

#define WORDS(name, ...)                                                                           \
	static const char *const name##_v[] = {__VA_ARGS__};                                       \
	const struct zv_law_words zv_law_##name = {name##_v, sizeof(name##_v) / sizeof(name##_v[0])}

WORDS(purposes, "collection", "marketing", "lead_callback", "reminder", "cleanup", "service");
WORDS(channels, "voice_agent", "voice_ai", "voice_prerec", "sms", "messenger", "email", "visit");
WORDS(modes, "predictive", "progressive", "preview", "manual", "robot");
WORDS(actors, "creditor", "collector", "telemarketer");
WORDS(parties, "debtor", "third_party", "guarantor", "representative");
WORDS(lines, "mobile", "landline");
WORDS(kinds, "freq", "cooldown", "hours", "ratio", "treat", "consent", "deny", "retain");
WORDS(effects, "block", "force_agent", "stop_campaign", "warn");
WORDS(trusts, "official", "secondary", "memory", "policy");
WORDS(overrides, "subject_agreement", "subject_initiative", "consent_7d");
WORDS(facts, "intent", "attempt", "ring", "connect", "machine", "live_answer", "abandon", "silent",
      "conversation", "message", "visit", "refusal", "dial_seconds");
WORDS(keys, "person", "debt", "number", "campaign", "caller", "topic");
WORDS(units, "count", "seconds");
WORDS(excludes, "inbound", "not_connected", "busy", "out_of_service", "consented_7d", "attorney",
      "creditor_call");
WORDS(window_kinds, "rolling", "calendar", "block");
WORDS(window_units, "hour", "day", "week", "month");
WORDS(tzs, "residence", "registration", "number", "strictest");
WORDS(froms, "answer", "greeting_start", "greeting_end");
WORDS(optouts, "none", "phone", "ivr");
WORDS(revoke_units, "business_day", "day", "hour", "immediate");
WORDS(records, "audio", "messages", "call_log", "abandon_log", "consent_proof", "decision_log");
WORDS(retain_froms, "event", "last_activity", "consent", "use");
WORDS(days, "mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday", "workday", "weekend",
      "any");

_Static_assert(sizeof(facts_v) / sizeof(facts_v[0]) == ZV_FACTS, "a word a fact");
_Static_assert(sizeof(days_v) / sizeof(days_v[0]) == ZV_DAY_KEYS, "a word a day key");
_Static_assert(sizeof(channels_v) / sizeof(channels_v[0]) == ZV_CHANNELS - 1, "a word a channel");
_Static_assert(sizeof(purposes_v) / sizeof(purposes_v[0]) == ZV_PURPOSES - 1, "a word a purpose");
_Static_assert(sizeof(modes_v) / sizeof(modes_v[0]) == ZV_MODES - 1, "a word a mode");
_Static_assert(sizeof(parties_v) / sizeof(parties_v[0]) == ZV_PARTIES - 1, "a word a party");

int zv_law_word(const struct zv_law_words *words, const char *text)
{
	for (size_t i = 0; i < words->n; i++)
		if (strcmp(words->v[i], text) == 0)
			return (int)i;
	return -1;
}
