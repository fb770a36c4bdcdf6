/* Names of regions as people and registries write them: "г. Москва", "обл. Кемеровская",
 * "г.о. Химки|Московская область", "Республика Саха /Якутия/". */
#include <string.h>

#include "law/law_in.h"
#include "law/place.h"

#define WORDS_MAX 512

struct word {
	const char *v;
	size_t len;
};

/* ---- small letters ---- */

/* Two bytes of UTF-8 as a small letter: Cyrillic with the letters of Ukraine and Kazakhstan. */
static void lower_pair(uint8_t *a, uint8_t *b)
{
	if (*a == 0xd0 && *b >= 0x90 && *b <= 0x9f) {
		*b = (uint8_t)(*b + 0x20);
	} else if (*a == 0xd0 && *b >= 0xa0 && *b <= 0xaf) {
		*a = 0xd1;
		*b = (uint8_t)(*b - 0x20);
	} else if ((*a == 0xd0 && *b == 0x81) ||
	           (*a == 0xd1 && *b == 0x91)) { /* yo is written as ye */
		*a = 0xd0;
		*b = 0xb5;
	} else if (*a == 0xd0 && *b >= 0x82 && *b <= 0x8f) { /* Ukrainian and others */
		*a = 0xd1;
		*b = (uint8_t)(*b + 0x10);
	} else if ((*a == 0xd2 && *b >= 0x90) || (*a == 0xd3 && *b >= 0x98)) { /* even is capital */
		*b = (uint8_t)(*b | 1u);
	}
}

static bool letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80;
}

/* What parts words though it is beyond ASCII: no-break space, quotation marks, dashes. */
static size_t blank_len(const uint8_t *p, size_t len)
{
	if (len >= 2 && p[0] == 0xc2 && (p[1] == 0xa0 || p[1] == 0xab || p[1] == 0xbb))
		return 2;
	if (len >= 3 && p[0] == 0xe2 && p[1] == 0x80)
		return 3;
	return 0;
}

/* Copies in small letters, everything between words as blanks.  False: no room. */
static bool flatten(const char *text, size_t len, char *to, size_t size)
{
	const uint8_t *p = (const uint8_t *)text;
	size_t n = 0;

	if (len >= size)
		return false;
	for (size_t i = 0; i < len;) {
		uint8_t c = p[i];
		size_t blank = blank_len(p + i, len - i);

		if (blank > 0) {
			to[n++] = ' ';
			i += blank;
			continue;
		}
		if (c >= 0xc0 && c < 0xe0 && i + 1 < len) {
			uint8_t b = p[i + 1];

			lower_pair(&c, &b);
			to[n++] = (char)c;
			to[n++] = (char)b;
			i += 2;
			continue;
		}
		if (c >= 'A' && c <= 'Z')
			c = (uint8_t)(c + 0x20);
		to[n++] = letter(c) ? (char)c : ' ';
		i++;
	}
	to[n] = 0;
	return true;
}

/* ---- words ---- */

/* Kinds of places, which name none. */
static bool kind_of_place(const struct word *w)
{
	static const char *const kinds[] = {
	        "область",    "обл",        "край",   "республика", "респ",     "автономный",
	        "автономная", "автономна",  "округ",  "ао",         "аобл",     "г",
	        "город",      "гор",        "герой",  "курорт",     "гфз",      "и",
	        "м",          "о",          "р",      "н",          "народная", "пгт",
	        "п",          "республіка", "місто",  "та",         "city",     "of",
	        "state",      "region",     "oblast", "обласы",     "қаласы",   "вн",
	        "тер",
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i]) == w->len && memcmp(kinds[i], w->v, w->len) == 0)
			return true;
	return false;
}

static size_t split(const char *flat, struct word words[WORDS_MAX])
{
	size_t n = 0;

	while (n < WORDS_MAX) {
		flat += strspn(flat, " ");
		if (*flat == 0)
			return n;
		words[n].v = flat;
		words[n].len = strcspn(flat, " ");
		flat += words[n].len;
		n++;
	}
	return WORDS_MAX + 1;
}

/* Words that one alternative takes of those at w; 0: it does not stand there. */
static size_t takes(const char *alternative, size_t len, const struct word *w, size_t n)
{
	const char *end = alternative + len;
	size_t taken = 0;

	while (alternative < end) {
		size_t part = 0;
		bool whole = *alternative == '=';

		alternative += whole;
		while (alternative + part < end && alternative[part] != ' ')
			part++;
		if (taken == n || w[taken].len < part ||
		    memcmp(w[taken].v, alternative, part) != 0 || (whole && w[taken].len != part))
			return 0;
		taken++;
		alternative += part + (alternative + part < end);
	}
	return taken;
}

/* Most words that the region takes at w, and letters of the alternative that did. */
static size_t region_takes(const struct zv_region *region, const struct word *w, size_t n,
                           size_t *ret_letters)
{
	const char *p = region->words;
	size_t best = 0;

	*ret_letters = 0;
	while (*p != 0) {
		const char *q = p + (*p == '=');
		size_t len, taken;

		/* most do not even begin alike; every alternative has two bytes at least */
		if (q[0] != w->v[0] || q[1] != w->v[1]) {
			p = strchr(p, '|');
			if (p == NULL)
				break;
			p++;
			continue;
		}
		len = strcspn(p, "|");
		taken = takes(p, len, w, n);
		if (taken > best || (taken == best && taken > 0 && len > *ret_letters)) {
			best = taken;
			*ret_letters = len;
		}
		p += len + (p[len] == '|');
	}
	return best;
}

static bool add_hit(uint16_t hits[ZV_REGION_HITS_MAX], size_t *n, uint16_t region)
{
	for (size_t i = 0; i < *n; i++)
		if (hits[i] == region)
			return true;
	if (*n == ZV_REGION_HITS_MAX)
		return false;
	hits[(*n)++] = region;
	return true;
}

size_t zv_region_match(const struct zv_regions *regions, const char *text, size_t len,
                       uint16_t ret_hits[ZV_REGION_HITS_MAX])
{
	struct word words[WORDS_MAX];
	char flat[8192];
	size_t n_words, n = 0;

	if (!flatten(text, len, flat, sizeof(flat)))
		return 0;
	n_words = split(flat, words);
	if (n_words > WORDS_MAX)
		return 0;
	for (size_t i = 0; i < n_words;) {
		size_t best = 0, letters = 0, which = 0;

		if (kind_of_place(&words[i])) { /* no region's words begin with one */
			i++;
			continue;
		}
		for (size_t k = 0; k < regions->n; k++) {
			size_t l;
			size_t taken = region_takes(&regions->v[k], words + i, n_words - i, &l);

			if (taken > best || (taken == best && taken > 0 && l > letters)) {
				best = taken;
				letters = l;
				which = k;
			}
		}
		if (best == 0 || !add_hit(ret_hits, &n, (uint16_t)which))
			return 0;
		i += best;
	}
	return n;
}

const struct zv_regions *zv_regions(const char *jur)
{
	static const struct zv_regions *const all[] = {&zv_regions_ru, &zv_regions_ua,
	                                               &zv_regions_kz, &zv_regions_us};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strncmp(all[i]->country, jur, 2) == 0 && (jur[2] == 0 || jur[2] == '-'))
			return all[i];
	return NULL;
}
