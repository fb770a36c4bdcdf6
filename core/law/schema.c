/* The schema of a rule (version 0) as a table: what may stand where.  What one place cannot say
 * of another stands in rule.c. */
#include <string.h>

#include "law/law_in.h"

/* ---- forms of texts ---- */

static bool upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Two capitals, then groups of capitals and digits after hyphens. */
static bool is_id(const char *s)
{
	if (!upper(s[0]) || !upper(s[1]))
		return false;
	s += 2;
	while (*s == '-') {
		s++;
		if (!upper(*s) && !digit(*s))
			return false;
		while (upper(*s) || digit(*s))
			s++;
	}
	return *s == 0;
}

/* A country of ISO 3166-1, or with a subdivision of ISO 3166-2. */
static bool is_jur(const char *s)
{
	size_t len = strlen(s);

	return is_id(s) && len < ZV_JUR_MAX && (len == 2 || (len > 3 && strchr(s + 3, '-') == NULL));
}

static bool is_date(const char *s)
{
	int32_t day;

	return zv_law_date(s, &day);
}

static bool is_clock(const char *s)
{
	return digit(s[0]) && digit(s[1]) && s[2] == ':' && s[3] >= '0' && s[3] <= '5' &&
	       digit(s[4]) && s[5] == 0 && (s[0] < '2' || (s[0] == '2' && s[1] <= '4')) &&
	       (strncmp(s, "24", 2) != 0 || strcmp(s, "24:00") == 0);
}

static bool is_duration(const char *s)
{
	struct zv_law_span span;

	return zv_law_duration(s, &span);
}

/* The words, or something that may be a zone's name: whether it is one is seen later. */
static bool is_tz(const char *s)
{
	if (zv_law_word(&zv_law_tzs, s) >= 0)
		return true;
	if (!upper(s[0]))
		return false;
	for (s++; *s != 0 && *s != '/'; s++)
		if (!upper(*s) && !(*s >= 'a' && *s <= 'z') && *s != '_')
			return false;
	return *s == '/';
}

/* ---- leaves ---- */

#define ENUM(name, list) static const struct zv_law_node name = {.type = ZV_L_TEXT, .words = &(list)}
#define LIST(name, node, least, most)                                                              \
	static const struct zv_law_node name = {                                                   \
		.type = ZV_L_ARRAY, .item = &(node), .min = (least), .max = (most)}
#define OBJECT(name, ...)                                                                          \
	static const struct zv_law_field name##_fields[] = {__VA_ARGS__, {0}};                     \
	static const struct zv_law_node name = {.type = ZV_L_OBJECT, .fields = name##_fields}

static const struct zv_law_node text = {.type = ZV_L_TEXT, .max = 2000};
static const struct zv_law_node name = {.type = ZV_L_TEXT, .min = 1, .max = 64};
static const struct zv_law_node flag = {.type = ZV_L_BOOL};
static const struct zv_law_node only_false = {.type = ZV_L_BOOL, .only_false = true};
static const struct zv_law_node seconds = {.type = ZV_L_NUMBER, .min = 0, .max = 3600};
static const struct zv_law_node share = {.type = ZV_L_NUMBER, .min = 0, .max = 1};
static const struct zv_law_node limit = {.type = ZV_L_INT, .min = 0, .max = 1e9};
static const struct zv_law_node number_of = {.type = ZV_L_INT, .min = 1, .max = 9600};
static const struct zv_law_node small = {.type = ZV_L_INT, .min = 0, .max = 65535};
static const struct zv_law_node label = {.type = ZV_L_INT, .min = 1, .max = 255};
static const struct zv_law_node id = {
	.type = ZV_L_TEXT, .form = is_id, .max = 31,
	.want = "capitals and digits in groups between hyphens, a country's two capitals first"};
static const struct zv_law_node jur = {
	.type = ZV_L_TEXT, .form = is_jur, .want = "a country or region of ISO 3166, as RU or US-FL"};
static const struct zv_law_node date = {
	.type = ZV_L_TEXT, .form = is_date, .want = "a day that exists, as 2026-11-21"};
static const struct zv_law_node clock_node = {
	.type = ZV_L_TEXT, .form = is_clock, .want = "a time of day, 00:00 to 24:00"};
static const struct zv_law_node duration = {
	.type = ZV_L_TEXT, .form = is_duration, .want = "a duration of ISO 8601 in whole days, as P3Y"};
static const struct zv_law_node tz = {
	.type = ZV_L_TEXT, .form = is_tz,
	.want = "residence, registration, number, strictest or a zone such as Europe/Kyiv"};

ENUM(purpose, zv_law_purposes);
ENUM(channel, zv_law_channels);
ENUM(mode, zv_law_modes);
ENUM(actor, zv_law_actors);
ENUM(party, zv_law_parties);
ENUM(line, zv_law_lines);
ENUM(kind, zv_law_kinds);
ENUM(effect, zv_law_effects);
ENUM(trust, zv_law_trusts);
ENUM(override_by, zv_law_overrides);
ENUM(fact, zv_law_facts);
ENUM(key_word, zv_law_keys);
ENUM(unit, zv_law_units);
ENUM(exclude_word, zv_law_excludes);
ENUM(window_kind, zv_law_window_kinds);
ENUM(window_unit, zv_law_window_units);
ENUM(within_from, zv_law_froms);
ENUM(optout, zv_law_optouts);
ENUM(revoke_unit, zv_law_revoke_units);
ENUM(record, zv_law_records);
ENUM(retain_from, zv_law_retain_froms);

/* An empty list in `when` or channels_counted would match nothing: the rule would bind nobody. */
LIST(purposes, purpose, 1, 64);
LIST(channels, channel, 1, 64);
LIST(modes, mode, 1, 64);
LIST(actors, actor, 1, 64);
LIST(parties, party, 1, 64);
LIST(lines, line, 1, 64);
LIST(modes_or_none, mode, 0, 64);
LIST(key, key_word, 1, 64);
LIST(excludes, exclude_word, 0, 64);
LIST(records, record, 1, 64);
LIST(names, name, 0, ZV_RULE_NAMES_MAX);
LIST(span, clock_node, 2, 2);
LIST(spans, span, 0, ZV_RULE_SPANS_MAX);

/* ---- objects ---- */

OBJECT(window, {"kind", &window_kind, true}, {"n", &number_of, true}, {"unit", &window_unit, true},
       {"day_one", &flag, false}, {"tz", &tz, false});
LIST(windows, window, 1, ZV_RULE_WINDOWS_MAX);

OBJECT(eff, {"from", &text, false}, {"to", &text, false});
OBJECT(when, {"purpose", &purposes, false}, {"channel", &channels, false}, {"mode", &modes, false},
       {"actor", &actors, false}, {"party", &parties, false}, {"line", &lines, false});
OBJECT(override, {"by", &override_by, false}, {"revocable", &flag, false});
OBJECT(freq, {"event", &fact, true}, {"key", &key, true}, {"limit", &limit, true},
       {"unit", &unit, false}, {"windows", &windows, true}, {"channels_counted", &channels, false},
       {"exclude", &excludes, false});
OBJECT(cooldown, {"after", &fact, true}, {"key", &key, true}, {"for", &window, true},
       {"unless_mode", &modes_or_none, false});
OBJECT(days, {"any", &spans, false}, {"workday", &spans, false}, {"weekend", &spans, false},
       {"holiday", &spans, false}, {"mon", &spans, false}, {"tue", &spans, false},
       {"wed", &spans, false}, {"thu", &spans, false}, {"fri", &spans, false},
       {"sat", &spans, false}, {"sun", &spans, false});
static const struct zv_law_node calendar = {.type = ZV_L_TEXT, .min = 1, .max = 15};
OBJECT(hours, {"tz", &tz, true}, {"calendar", &calendar, false}, {"days", &days, true});
OBJECT(ratio, {"num", &fact, true}, {"den", &fact, true}, {"limit", &share, true},
       {"window", &window, true}, {"key", &key, true}, {"amd_fp_estimate", &flag, false},
       {"alarm_at", &share, false});
OBJECT(agent_within, {"s", &seconds, true}, {"from", &within_from, true});
OBJECT(else_play, {"within_s", &seconds, false}, {"must_say", &names, false},
       {"must_not", &names, false}, {"optout", &optout, false});
OBJECT(announce, {"within_s", &seconds, false}, {"say", &names, false}, {"each_contact", &flag, false});
OBJECT(cli, {"hidden", &only_false, false}, {"own_contract", &flag, false},
       {"registered", &flag, false}, {"callable", &flag, false}, {"national", &flag, false},
       {"label_max", &label, false});
OBJECT(treat, {"ring_min_s", &seconds, false}, {"agent_within", &agent_within, false},
       {"else_play", &else_play, false}, {"announce", &announce, false}, {"cli", &cli, false});
OBJECT(scrub, {"list", &name, true}, {"max_age_d", &small, true});
LIST(scrubs, scrub, 0, ZV_RULE_NAMES_MAX);
OBJECT(honour_revoke, {"n", &small, false}, {"unit", &revoke_unit, false});
OBJECT(consent, {"need", &names, false}, {"proof_keep", &duration, false}, {"scrub", &scrubs, false},
       {"honour_revoke", &honour_revoke, false}, {"forbid_mode", &modes_or_none, false});
OBJECT(deny, {"if_flag", &names, true});
OBJECT(retain, {"what", &records, true}, {"for", &duration, true}, {"from", &retain_from, true},
       {"warn_subject", &flag, false});

static const struct zv_law_field rule_fields[] = {
	{"id", &id, true},
	{"jur", &jur, true},
	{"law", &text, true},
	{"src", &text, true},
	{"seen", &date, true},
	{"trust", &trust, true},
	{"eff", &eff, false},
	{"when", &when, true},
	{"kind", &kind, true},
	{"effect", &effect, false},
	{"override", &override, false},
	{"freq", &freq, false},
	{"cooldown", &cooldown, false},
	{"hours", &hours, false},
	{"ratio", &ratio, false},
	{"treat", &treat, false},
	{"consent", &consent, false},
	{"deny", &deny, false},
	{"retain", &retain, false},
	{0},
};
const struct zv_law_node zv_law_schema = {.type = ZV_L_OBJECT, .fields = rule_fields};
