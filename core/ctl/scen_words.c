/* Words, times and numbers of a scenario. */
#include "ctl/scen.h"

#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

const struct zv_scen_word zv_scen_purposes[] = {
        {"collection", ZV_PURPOSE_COLLECTION}, {"marketing", ZV_PURPOSE_MARKETING},
        {"lead_callback", ZV_PURPOSE_LEAD_CALLBACK}, {"reminder", ZV_PURPOSE_REMINDER},
        {"cleanup", ZV_PURPOSE_CLEANUP}, {"service", ZV_PURPOSE_SERVICE}, {0}};
const struct zv_scen_word zv_scen_channels[] = {
        {"voice_agent", ZV_CHANNEL_VOICE_AGENT}, {"voice_ai", ZV_CHANNEL_VOICE_AI},
        {"voice_prerec", ZV_CHANNEL_VOICE_PREREC}, {"sms", ZV_CHANNEL_SMS},
        {"messenger", ZV_CHANNEL_MESSENGER}, {"email", ZV_CHANNEL_EMAIL},
        {"visit", ZV_CHANNEL_VISIT}, {0}};
const struct zv_scen_word zv_scen_modes[] = {
        {"predictive", ZV_MODE_PREDICTIVE}, {"progressive", ZV_MODE_PROGRESSIVE},
        {"preview", ZV_MODE_PREVIEW}, {"manual", ZV_MODE_MANUAL}, {"robot", ZV_MODE_ROBOT}, {0}};
const struct zv_scen_word zv_scen_actors[] = {{"creditor", ZV_ACTOR_CREDITOR},
        {"collector", ZV_ACTOR_COLLECTOR}, {"telemarketer", ZV_ACTOR_TELEMARKETER}, {0}};
const struct zv_scen_word zv_scen_parties[] = {
        {"debtor", ZV_PARTY_DEBTOR}, {"third_party", ZV_PARTY_THIRD},
        {"guarantor", ZV_PARTY_GUARANTOR}, {"representative", ZV_PARTY_REPRESENTATIVE}, {0}};
const struct zv_scen_word zv_scen_lines[] = {
        {"mobile", ZV_LINE_MOBILE}, {"landline", ZV_LINE_LANDLINE}, {0}};
const struct zv_scen_word zv_scen_excludes[] = {
        {"inbound", ZV_EXCLUDE_INBOUND}, {"not_connected", ZV_EXCLUDE_NOT_CONNECTED},
        {"busy", ZV_EXCLUDE_BUSY}, {"out_of_service", ZV_EXCLUDE_OUT_OF_SERVICE},
        {"consented_7d", ZV_EXCLUDE_CONSENTED_7D}, {"attorney", ZV_EXCLUDE_ATTORNEY},
        {"creditor_call", ZV_EXCLUDE_CREDITOR_CALL}, {0}};
const struct zv_scen_word zv_scen_overrides[] = {
        {"subject_agreement", ZV_OVERRIDE_AGREEMENT},
        {"subject_initiative", ZV_OVERRIDE_INITIATIVE}, {"consent_7d", ZV_OVERRIDE_CONSENT_7D},
        {0}};

#define TRIED  (ZV_FACT_BIT(ZV_FACT_INTENT) | ZV_FACT_BIT(ZV_FACT_ATTEMPT))
#define RANG   (TRIED | ZV_FACT_BIT(ZV_FACT_RING))
#define CONN   (RANG | ZV_FACT_BIT(ZV_FACT_CONNECT))
#define PERSON (CONN | ZV_FACT_BIT(ZV_FACT_LIVE_ANSWER))
#define TALKED (PERSON | ZV_FACT_BIT(ZV_FACT_CONVERSATION))
/* The last step that a contact came to; the steps before it are meant too. */
const struct zv_scen_word zv_scen_facts[] = {
        {"intent", ZV_FACT_BIT(ZV_FACT_INTENT)}, {"attempt", TRIED}, {"ring", RANG},
        {"connect", CONN}, {"machine", CONN | ZV_FACT_BIT(ZV_FACT_MACHINE)},
        {"live_answer", PERSON}, {"abandon", PERSON | ZV_FACT_BIT(ZV_FACT_ABANDON)},
        {"silent", CONN | ZV_FACT_BIT(ZV_FACT_SILENT)}, {"conversation", TALKED},
        {"refusal", TALKED | ZV_FACT_BIT(ZV_FACT_REFUSAL)},
        {"message", ZV_FACT_BIT(ZV_FACT_INTENT) | ZV_FACT_BIT(ZV_FACT_MESSAGE)},
        {"visit", ZV_FACT_BIT(ZV_FACT_INTENT) | ZV_FACT_BIT(ZV_FACT_VISIT)},
        {"unknown", TALKED}, {0}};

const struct zv_scen_word zv_scen_answers[] = {{"no", ZV_ANSWER_NO}, {"yes", ZV_ANSWER_YES},
        {"agent_only", ZV_ANSWER_AGENT_ONLY}, {0}};
const struct zv_scen_word zv_scen_refusals[] = {{"by_rule", ZV_REFUSED_BY_RULE},
        {"jurisdiction", ZV_REFUSED_JURISDICTION}, {"zone", ZV_REFUSED_ZONE},
        {"suppressed", ZV_REFUSED_SUPPRESSED}, {"overflow", ZV_REFUSED_OVERFLOW},
        {"no_rules", ZV_REFUSED_NO_RULES}, {"unstated", ZV_REFUSED_UNSTATED}, {0}};
const struct zv_scen_word zv_scen_details[] = {{"limit", ZV_DETAIL_LIMIT},
        {"cooldown", ZV_DETAIL_COOLDOWN}, {"closed", ZV_DETAIL_CLOSED},
        {"no_calendar", ZV_DETAIL_NO_CALENDAR}, {"ratio", ZV_DETAIL_RATIO},
        {"no_consent", ZV_DETAIL_NO_CONSENT}, {"listed", ZV_DETAIL_LISTED},
        {"stale_list", ZV_DETAIL_STALE_LIST}, {"mode", ZV_DETAIL_MODE}, {"flag", ZV_DETAIL_FLAG},
        {"force_agent", ZV_DETAIL_FORCE_AGENT}, {"treatment", ZV_DETAIL_TREATMENT},
        {"none", ZV_DETAIL_NONE}, {0}};
const struct zv_scen_word zv_scen_cli[] = {{"shown", ZV_CLI_SHOWN},
        {"own_contract", ZV_CLI_OWN_CONTRACT}, {"registered", ZV_CLI_REGISTERED},
        {"callable", ZV_CLI_CALLABLE}, {"national", ZV_CLI_NATIONAL}, {0}};
const struct zv_scen_word zv_scen_froms[] = {{"answer", ZV_FROM_ANSWER},
        {"greeting_start", ZV_FROM_GREETING_START}, {"greeting_end", ZV_FROM_GREETING_END}, {0}};
const struct zv_scen_word zv_scen_optouts[] = {{"none", ZV_OPTOUT_NONE},
        {"phone", ZV_OPTOUT_PHONE}, {"ivr", ZV_OPTOUT_IVR}, {0}};

const struct zv_conf_node *zv_scen_get(const struct zv_scen *s, const char *section,
                                       const char *key)
{
	const struct zv_conf_node *node = zv_conf_get(zv_conf_get(s->node, section), key);

	return node != NULL ? node : zv_conf_get(zv_conf_get(s->file, section), key);
}

static bool among(const char *words, const char *key)
{
	size_t len = strlen(key);

	for (const char *p = words; *p != 0;) {
		size_t n = strcspn(p, " ");

		if (n == len && memcmp(p, key, n) == 0)
			return true;
		p += n;
		p += strspn(p, " ");
	}
	return false;
}

void zv_scen_keys(struct zv_conf_sink *sink, const struct zv_conf_node *map, const char *words)
{
	if (map != NULL && zv_conf_node_kind(map) != ZV_CONF_MAP &&
	    (zv_conf_text(map) == NULL || zv_conf_text(map)[0] != 0)) {
		zv_conf_error(sink, map, "a map is wanted, with: %s", words);
		return;
	}
	for (size_t i = 0; i < zv_conf_count(map); i++) {
		const char *key = zv_conf_key(map, i);

		if (key != NULL && !among(words, key))
			zv_conf_error_key(sink, zv_conf_at(map, i), "unknown key %s; here stand: %s",
			                  key, words);
	}
}

static void tell_words(struct zv_scen *s, const struct zv_conf_node *node, const char *text,
                       const struct zv_scen_word *words)
{
	char all[400] = "";
	size_t n = 0;

	for (; words->word != NULL && n + 40 < sizeof(all); words++)
		n += (size_t)snprintf(all + n, sizeof(all) - n, " %s", words->word);
	zv_conf_error(s->sink, node, "%s is not known here; one of:%s",
	              text != NULL ? text : "this", all);
}

uint32_t zv_scen_word(struct zv_scen *s, const struct zv_conf_node *node,
                      const struct zv_scen_word *words)
{
	const char *text = zv_conf_text(node);

	if (node == NULL)
		return 0;
	for (const struct zv_scen_word *w = words; text != NULL && w->word != NULL; w++) {
		if (strcmp(w->word, text) == 0)
			return w->value;
	}
	if (text == NULL || strcmp(text, "none") != 0)
		tell_words(s, node, text, words);
	return 0;
}

uint32_t zv_scen_words(struct zv_scen *s, const struct zv_conf_node *node,
                       const struct zv_scen_word *words, bool bits)
{
	uint32_t all = 0;

	if (node == NULL)
		return 0;
	if (zv_conf_node_kind(node) != ZV_CONF_LIST) {
		all = zv_scen_word(s, node, words);
		return bits && all != 0 ? 1u << all : all;
	}
	for (size_t i = 0; i < zv_conf_count(node); i++) {
		uint32_t one = zv_scen_word(s, zv_conf_at(node, i), words);

		all |= bits && one != 0 ? 1u << one : one;
	}
	return all;
}

const char *zv_scen_word_of(const struct zv_scen_word *words, uint32_t value)
{
	for (; words->word != NULL; words++) {
		if (words->value == value)
			return words->word;
	}
	return "none";
}

bool zv_scen_yes(struct zv_scen *s, const struct zv_conf_node *node)
{
	const char *text = zv_conf_text(node);
	bool yes = false;

	if (node != NULL && (text == NULL || zv_conf_bool(text, &yes) != ZV_OK))
		zv_conf_error(s->sink, node, "yes or no is wanted");
	return yes;
}

uint32_t zv_scen_count(struct zv_scen *s, const struct zv_conf_node *node, uint32_t max)
{
	const char *text = zv_conf_text(node);
	int64_t v = 0;

	if (node == NULL)
		return 0;
	if (text == NULL || zv_conf_int(text, &v) != ZV_OK || v < 0 || v > (int64_t)max) {
		zv_conf_error(s->sink, node, "a whole number up to %u is wanted", max);
		return 0;
	}
	return (uint32_t)v;
}

uint32_t zv_scen_seconds(struct zv_scen *s, const struct zv_conf_node *node, uint32_t max)
{
	const char *text = zv_conf_text(node);
	int64_t v = 0;

	if (node == NULL)
		return 0;
	if (text != NULL && zv_conf_int(text, &v) == ZV_OK)
		v *= 1000;
	else if (text == NULL || zv_conf_duration(text, &v) != ZV_OK)
		v = -1;
	if (v < 0 || v % 1000 != 0 || v / 1000 > (int64_t)max) {
		zv_conf_error(s->sink, node, "seconds (20, 20s, 5m) up to %u are wanted", max);
		return 0;
	}
	return (uint32_t)(v / 1000);
}

/* A number with a fraction in [0, max]; false: it is not one. */
static bool fraction(const char *text, double max, double *ret)
{
	char *end = NULL;

	if (text == NULL || ((text[0] < '0' || text[0] > '9') && text[0] != '-'))
		return false;
	*ret = strtod(text, &end);
	return *end == 0 && *ret >= -max && *ret <= max;
}

double zv_scen_share(struct zv_scen *s, const struct zv_conf_node *node)
{
	double v = 0;

	if (node != NULL && !fraction(zv_conf_text(node), 1000000, &v)) {
		zv_conf_error(s->sink, node, "a number such as 0.03 is wanted");
		return 0;
	}
	return v;
}

uint32_t zv_scen_ms(struct zv_scen *s, const struct zv_conf_node *node)
{
	double v = 0;

	if (node != NULL && (!fraction(zv_conf_text(node), 86400, &v) || v < 0)) {
		zv_conf_error(s->sink, node, "seconds are wanted");
		return 0;
	}
	return (uint32_t)(v * 1000 + 0.5);
}

uint64_t zv_scen_phone(struct zv_scen *s, const struct zv_conf_node *node)
{
	const char *text = zv_conf_text(node);
	uint64_t e164 = 0;

	if (node == NULL || (text != NULL && strcmp(text, "none") == 0))
		return 0;
	if (text == NULL || zv_conf_phone(text, &e164) != ZV_OK)
		zv_conf_error(s->sink, node, "a number such as +79161234567 is wanted");
	return e164;
}

uint16_t zv_scen_zone(struct zv_scen *s, const struct zv_conf_node *node)
{
	const char *text = zv_conf_text(node);
	uint16_t zone = 0;

	if (text == NULL || zv_zones_intern(s->zones, text, &zone) != ZV_OK) {
		zv_conf_error(s->sink, node, "%s is no time zone",
		              text != NULL ? text : "this");
		return 0; /* UTC: the command's first */
	}
	return zone;
}

uint64_t zv_scen_name(const struct zv_conf_node *node)
{
	const char *text = zv_conf_text(node);

	return text != NULL && text[0] != 0 ? zv_rule_name(text, strlen(text)) : 0;
}

/* ---- times ---- */

/* n digits; false: they are not there. */
static bool take(const char **p, int n, int *ret)
{
	int v = 0;

	for (int i = 0; i < n; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		v = v * 10 + (**p - '0');
	}
	*ret = v;
	return true;
}

static bool take_char(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

struct moment {
	int wday; /* 1..7; 0 not written */
	int32_t day;
	int second, ms;
	bool has_offset;
	int32_t offset_s;
	const char *zone; /* NULL: none written */
};

static const char week[7][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

static bool take_date(const char **p, struct moment *m)
{
	int y, mon, d, back[3];

	for (int i = 0; i < 7; i++) {
		if (strncmp(*p, week[i], 3) == 0 && (*p)[3] == ' ') {
			m->wday = i + 1;
			*p += 4;
			break;
		}
	}
	if (!take(p, 4, &y) || !take_char(p, '-') || !take(p, 2, &mon) || !take_char(p, '-') ||
	    !take(p, 2, &d) || mon < 1 || mon > 12 || y < 1970 || y > 2199)
		return false;
	m->day = zv_day_from_civil(y, mon, d);
	zv_civil_from_day(m->day, &back[0], &back[1], &back[2]);
	return back[0] == y && back[1] == mon && back[2] == d; /* 30 February */
}

static bool take_clock(const char **p, struct moment *m)
{
	int h, min, sec = 0;

	if (!take(p, 2, &h) || !take_char(p, ':') || !take(p, 2, &min))
		return false;
	if (take_char(p, ':') && !take(p, 2, &sec))
		return false;
	if (take_char(p, '.') && !take(p, 3, &m->ms))
		return false;
	m->second = h * 3600 + min * 60 + sec;
	return min < 60 && sec < 60 && m->second + (m->ms > 0) <= DAY_S;
}

static bool take_moment(const char *p, struct moment *m)
{
	int h, min;

	if (!take_date(&p, m) || (*p != ' ' && *p != 'T') || (p++, !take_clock(&p, m)))
		return false;
	while (*p == ' ')
		p++;
	if (*p == 0)
		return true;
	if (strcmp(p, "Z") == 0) {
		m->has_offset = true;
		return true;
	}
	if (*p == '+' || *p == '-') {
		int sign = *p++ == '-' ? -1 : 1;

		m->has_offset = true;
		if (!take(&p, 2, &h) || !take_char(&p, ':') || !take(&p, 2, &min))
			return false;
		m->offset_s = sign * (h * 3600 + min * 60);
		return *p == 0;
	}
	m->zone = p;
	return true;
}

/* The one instant that a wall clock shows it; -1: none, or two. */
static int64_t only_instant(const struct zv_tz *tz, const struct moment *m)
{
	int64_t wall_s = (int64_t)m->day * DAY_S + m->second;
	int64_t found = -1;

	/* every offset within a day around it is tried: what fits is an answer */
	for (int64_t probe = wall_s - DAY_S; probe <= wall_s + DAY_S; probe += 1800) {
		int64_t utc = wall_s - zv_tz_offset(tz, probe);

		if (utc + zv_tz_offset(tz, utc) != wall_s || utc == found)
			continue;
		if (found >= 0)
			return -1;
		found = utc;
	}
	return found;
}

int64_t zv_scen_time(struct zv_scen *s, const struct zv_conf_node *node, bool open)
{
	const char *text = zv_conf_text(node);
	struct moment m = {0};
	uint16_t zone = s->zone;
	int64_t utc_s;

	if (open && text != NULL && strcmp(text, "never") == 0)
		return INT64_MAX;
	if (open && text != NULL && strcmp(text, "ever") == 0)
		return INT64_MIN;
	if (text == NULL || !take_moment(text, &m)) {
		zv_conf_error(s->sink, node,
		              "a time such as Mon 2026-11-23 10:00, with or without seconds and a zone "
		              "or offset, is wanted");
		return 0;
	}
	if (m.wday != 0 && m.wday != (m.day + 3) % 7 + 1)
		zv_conf_error(s->sink, node, "that day is a %s", week[(m.day + 3) % 7]);
	if (m.has_offset)
		return ((int64_t)m.day * DAY_S + m.second - m.offset_s) * 1000 + m.ms;
	if (m.zone != NULL && zv_zones_intern(s->zones, m.zone, &zone) != ZV_OK) {
		zv_conf_error(s->sink, node, "%s is no time zone", m.zone);
		return 0;
	}
	utc_s = only_instant(zv_zones_get(s->zones, zone), &m);
	if (utc_s < 0) {
		zv_conf_error(s->sink, node,
		              "in %s the clock shows that twice or never: an offset (+03:00) is wanted",
		              zv_zones_name(s->zones, zone));
		return 0;
	}
	return utc_s * 1000 + m.ms;
}

void zv_scen_time_text(const struct zv_scen *s, int64_t ms, char *to, size_t size)
{
	struct zv_local at;
	char tail[16] = "";
	unsigned sec;

	if (ms == INT64_MAX || ms == INT64_MIN) {
		(void)snprintf(to, size, "%s", ms == INT64_MAX ? "never" : "ever");
		return;
	}
	zv_tz_to_local(zv_zones_get(s->zones, s->zone), ms, &at);
	sec = (unsigned)at.second_of_day;
	if (ms % 1000 != 0)
		(void)snprintf(tail, sizeof(tail), ":%02u.%03u", sec % 60, (unsigned)(ms % 1000));
	else if (sec % 60 != 0)
		(void)snprintf(tail, sizeof(tail), ":%02u", sec % 60);
	(void)snprintf(to, size, "%s %04d-%02u-%02u %02u:%02u%s %c%02d:%02d %s",
	               week[(at.wday + 6) % 7], at.year, at.month, at.mday, sec / 3600,
	               sec / 60 % 60, tail, at.utc_offset_s < 0 ? '-' : '+',
	               abs(at.utc_offset_s) / 3600, abs(at.utc_offset_s) / 60 % 60,
	               zv_zones_name(s->zones, s->zone));
}
