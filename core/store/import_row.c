/* What a row says, in a list or given by the API: zones, numbers, jurisdiction. */
#include <stdio.h>
#include <stdlib.h>

#include "base/tz.h"
#include "store/import_in.h"

/* ---- zones ---- */

/* "МСК+2", "UTC+5", "+03:00" as the zone with that fixed offset; POSIX signs are the other way
 * round.  False: it is not written like that. */
static bool offset_zone(const char *given, char iana[ZV_ZONE_MAX])
{
	static const struct { const char *word; int hours; } bases[] = {
		{"UTC", 0}, {"GMT", 0}, {"MSK", 3}, {"МСК", 3}, {"Мск", 3}, {"мск", 3},
	};
	const char *p = given;
	int hours = 0, sign, value = 0, digits = 0;

	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		size_t n = strlen(bases[i].word);

		if (strncmp(p, bases[i].word, n) == 0) {
			p += n;
			hours = bases[i].hours;
			break;
		}
	}
	if (p != given && *p == 0) {
		(void)snprintf(iana, ZV_ZONE_MAX, "%s", hours == 3 ? "Europe/Moscow" : "Etc/UTC");
		return true;
	}
	if (*p != '+' && *p != '-')
		return false;
	sign = *p++ == '+' ? 1 : -1;
	for (; *p >= '0' && *p <= '9' && digits < 2; p++, digits++)
		value = value * 10 + (*p - '0');
	if (strcmp(p, ":00") == 0)
		p += 3;
	hours += sign * value;
	if (digits == 0 || *p != 0 || hours < -12 || hours > 14)
		return false;
	(void)snprintf(iana, ZV_ZONE_MAX, "Etc/GMT%+d", -hours);
	return true;
}

const char *zv_zone_given(struct zv_zone_cache *cache, const char *p, size_t n)
{
	struct zv_zone_name *z;
	uint16_t ignored;

	if (n >= ZV_ZONE_MAX)
		return NULL;
	for (uint32_t i = 0; i < cache->n; i++) {
		z = &cache->known[i];
		if (strncmp(z->given, p, n) == 0 && z->given[n] == 0)
			return z->iana[0] != 0 ? z->iana : NULL;
	}
	/* Lists have few zones; what passes the table takes its last place. */
	z = &cache->known[cache->n < 64 ? cache->n++ : 63];
	memcpy(z->given, p, n);
	z->given[n] = 0;
	if (!offset_zone(z->given, z->iana))
		memcpy(z->iana, z->given, sizeof(z->iana));
	if (zv_zones_intern(cache->zones, z->iana, &ignored) != ZV_OK)
		z->iana[0] = 0;
	return z->iana[0] != 0 ? z->iana : NULL;
}

/* ---- rows ---- */

bool zv_batch_text(struct zv_batch *b, const char *p, size_t n, uint32_t *ret_at)
{
	if (b->arena_n + n > b->arena_cap) {
		size_t cap = b->arena_cap * 2 + n;
		char *arena = realloc(b->arena, cap);

		if (arena == NULL)
			return false;
		b->arena = arena;
		b->arena_cap = cap;
	}
	*ret_at = (uint32_t)b->arena_n;
	if (n > 0)
		memcpy(b->arena + b->arena_n, p, n);
	b->arena_n += n;
	return true;
}

/* What the plan says, unless the list's header does: 9 behind +7 is mobile, and so on. */
static uint8_t kind_of(uint64_t e164, int8_t by_header)
{
	uint64_t three;

	if (by_header >= 0)
		return (uint8_t)by_header;
	if (e164 >= UINT64_C(380000000000)) {
		uint64_t two = e164 / 10000000 % 100;

		return two >= 91 || two == 39 || two == 50 || two == 63 ||
				       (two >= 66 && two <= 68) || two == 73
			       ? ZV_NUM_MOBILE
			       : ZV_NUM_HOME;
	}
	three = e164 / 10000000 % 1000;
	if (three / 100 == 9 || three / 10 == 70 || three == 747 || three == 771 ||
	    (three >= 775 && three <= 778))
		return ZV_NUM_MOBILE;
	return ZV_NUM_HOME;
}

void zv_row_number_add(struct zv_row *r, uint64_t e164, int8_t kind)
{
	for (uint8_t i = 0; i < r->n_numbers; i++)
		if (r->numbers[i].e164 == e164)
			return;
	if (r->n_numbers < ZV_NUMBERS_MAX)
		r->numbers[r->n_numbers++] =
			(struct zv_row_number){.e164 = e164, .kind = kind_of(e164, kind)};
}

static bool fits(const char *p, size_t n, char to[ZV_JUR_MAX])
{
	if (n >= ZV_JUR_MAX || (n > 0 && memchr(p, 0, n) != NULL))
		return false;
	memset(to, 0, ZV_JUR_MAX);
	if (n > 0)
		memcpy(to, p, n);
	return true;
}

bool zv_row_jur(const char *p, size_t n, char to[ZV_JUR_MAX])
{
	if (!fits(p, n, to) || (n != 0 && n != 2 && n < 4))
		return n == 0;
	for (size_t i = 0; i < n; i++) {
		if (to[i] >= 'a' && to[i] <= 'z')
			to[i] = (char)(to[i] - 'a' + 'A');
		if (i == 2 ? to[i] != '-'
			   : !((to[i] >= 'A' && to[i] <= 'Z') || (i > 2 && to[i] >= '0' && to[i] <= '9')))
			return false;
	}
	return true;
}

bool zv_row_party(const char *p, size_t n, uint8_t *ret_party)
{
	static const struct { const char *name; uint8_t party; } names[] = {
		{"debtor", ZV_PARTY_DEBTOR},         {"должник", ZV_PARTY_DEBTOR},
		{"third", ZV_PARTY_THIRD},           {"третье лицо", ZV_PARTY_THIRD},
		{"guarantor", ZV_PARTY_GUARANTOR},   {"поручитель", ZV_PARTY_GUARANTOR},
		{"representative", ZV_PARTY_REPRESENTATIVE},
		{"представитель", ZV_PARTY_REPRESENTATIVE},
	};

	*ret_party = ZV_PARTY_NONE;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && n > 0; i++)
		if (n == strlen(names[i].name) && memcmp(p, names[i].name, n) == 0)
			*ret_party = names[i].party;
	return n == 0 || *ret_party != ZV_PARTY_NONE;
}

uint32_t zv_row_hash(const char *p, size_t n)
{
	uint32_t h = n > 0 ? (uint32_t)zv_rule_name(p, n) : 0;

	return h != 0 || n == 0 ? h : 1;
}

const char *zv_row_date(const struct zv_batch *batch, struct zv_zone_cache *zones, struct zv_row *row)
{
	const struct zv_date_rule *rule = &batch->dates;
	const char *text = rule->column[0] == 0 ? NULL
			   : zv_attr_find(batch->arena + row->attrs, row->attrs_len, rule->column);
	enum zv_date_verdict v;
	uint16_t zone;

	row->due_ms = 0;
	if (text == NULL)
		return NULL;
	if (zv_zones_intern(zones->zones, row->zone[0] != 0 ? row->zone : rule->zone, &zone) != ZV_OK)
		return "unknown time zone";
	v = zv_date_due(rule, zv_zones_get(zones->zones, zone), text, strlen(text), batch->now_cal_ms,
			&row->due_ms);
	return v <= ZV_DATE_NONE ? NULL : zv_date_text(v);
}
