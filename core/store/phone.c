/* Number plans: +7 is Russia (area codes 3, 4, 8, 9) and Kazakhstan (7); +380 is Ukraine.
 * National forms: 8 before ten digits, or ten digits (Russia, Kazakhstan); 0 before nine digits,
 * 80 before nine digits, or nine digits (Ukraine). */
#include "store/phone.h"

#include <stdbool.h>
#include <string.h>

#include "store/utf8.h"

#define DIGITS_MAX 24

struct digits {
	char d[DIGITS_MAX];
	uint32_t n; /* may pass DIGITS_MAX: then only counted */
	bool plus;
};

static bool is_space(uint32_t c)
{
	return c == ' ' || c == '\t' || c == 0xa0 || (c >= 0x2000 && c <= 0x200f) ||
	       (c >= 0x202a && c <= 0x202f) ||
	       c == 0x205f || c == 0x3000 || c == 0xfeff || c == 0x2060;
}

static bool is_filler(uint32_t c)
{
	return is_space(c) || c == '-' || c == '.' || c == '(' || c == ')' || c == '[' ||
	       c == ']' || c == '_' || c == '\'' || c == '"' || c == '=' || c == '~' || c == ':' ||
	       (c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0x00ad;
}

static bool is_separator(uint32_t c)
{
	return c == ',' || c == ';' || c == '/' || c == '|' || c == '\n' || c == '\r' || c == '\\';
}

static bool is_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c < 0x2000);
}

/* Does the word at text, in small letters, equal one of the list?  *ret_len: its bytes. */
static bool word_in(const char *text, size_t len, const char *const *list, size_t *ret_len)
{
	char word[64];
	size_t n = 0, at = 0, step;

	while (at < len) {
		uint32_t c = zv_utf8_get(text + at, len - at, &step);

		if (c >= ZV_UTF8_SHORT || !is_letter(c))
			break;
		c = zv_utf8_lower(c);
		if (n + 2 >= sizeof(word))
			return false;
		if (c < 0x80) {
			word[n++] = (char)c;
		} else if (c < 0x800) {
			word[n++] = (char)(0xc0 | c >> 6);
			word[n++] = (char)(0x80 | (c & 0x3f));
		} else {
			return false;
		}
		at += step;
	}
	word[n] = 0;
	*ret_len = at;
	for (; *list != NULL; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

static const char *const labels[] = {
	"tel", "phone", "mob", "mobile", "cell", "home", "work", "fax", "whatsapp", "viber",
	"telegram", "тел", "телефон", "т", "м", "моб", "мобильный", "мобил", "сот", "сотовый",
	"дом", "домашний", "раб", "рабочий", "р", "д", "номер", "ватсап", "вайбер", "факс", NULL,
};
static const char *const extensions[] = {"доб", "добавочный", "ext", "extension", "x", "вн",
					 "внутр", "внутренний", "додатковий", "дод", NULL};
static const char *const ors[] = {"или", "or", "и", "та", "або", "and", NULL};

/* 7.9161E+10, 7,9161E+10, 7,9161Е+10 (Cyrillic): digits, one mark, digits, E, sign, digits. */
static bool is_spreadsheet(const char *text, size_t len)
{
	size_t i = 0, digits = 0;

	for (; i < len && text[i] >= '0' && text[i] <= '9'; i++)
		digits++;
	if (digits == 0)
		return false;
	if (i < len && (text[i] == '.' || text[i] == ','))
		for (i++; i < len && text[i] >= '0' && text[i] <= '9'; i++)
			;
	if (i < len && (text[i] == 'E' || text[i] == 'e'))
		i++;
	else if (i + 1 < len && (uint8_t)text[i] == 0xd0 &&
		 ((uint8_t)text[i + 1] == 0x95 || (uint8_t)text[i + 1] == 0xb5))
		i += 2;
	else
		return false;
	if (i < len && (text[i] == '+' || text[i] == '-'))
		i++;
	return i < len && text[i] >= '0' && text[i] <= '9';
}

static uint64_t value_of(const char *prefix, const char *d, uint32_t n)
{
	uint64_t v = 0;

	for (; *prefix != 0; prefix++)
		v = v * 10 + (uint64_t)(*prefix - '0');
	for (uint32_t i = 0; i < n; i++)
		v = v * 10 + (uint64_t)(d[i] - '0');
	return v;
}

/* Ten digits behind +7. */
static bool plan_7(const char *d)
{
	if (d[0] == '3' || d[0] == '4' || d[0] == '8' || d[0] == '9')
		return true;
	return d[0] == '7' && d[1] <= '7' && d[1] != '3'; /* Kazakhstan */
}

/* Nine digits behind +380. */
static bool plan_380(const char *d)
{
	return d[0] >= '3' && d[0] <= '9';
}

static enum zv_phone_verdict international(const char *d, uint32_t n, uint64_t *ret)
{
	if (n == 11 && d[0] == '7' && plan_7(d + 1)) {
		*ret = value_of("", d, 11);
		return ZV_PHONE_OK;
	}
	if (n == 12 && memcmp(d, "380", 3) == 0 && plan_380(d + 3)) {
		*ret = value_of("", d, 12);
		return ZV_PHONE_OK;
	}
	if (n < 11)
		return ZV_PHONE_SHORT;
	return n > 15 || (d[0] == '7' && n > 11) ? ZV_PHONE_LONG : ZV_PHONE_PLAN;
}

static enum zv_phone_verdict national(const char *d, uint32_t n, enum zv_country country,
				      uint64_t *ret)
{
	if (n == 12 && memcmp(d, "380", 3) == 0)
		return international(d, n, ret);
	if (n == 11 && d[0] == '7')
		return international(d, n, ret);
	if (n == 11 && d[0] == '8' && d[1] == '0' && plan_380(d + 2)) {
		*ret = value_of("380", d + 2, 9);
		return ZV_PHONE_OK;
	}
	if (n == 11 && d[0] == '8' && plan_7(d + 1)) {
		*ret = value_of("7", d + 1, 10);
		return ZV_PHONE_OK;
	}
	if (n == 10 && d[0] == '0' && plan_380(d + 1)) {
		*ret = value_of("380", d + 1, 9);
		return ZV_PHONE_OK;
	}
	/* Ten digits that begin with 7 are Kazakh ones in a Kazakh list; elsewhere more likely
	 * eleven of which one was lost. */
	if (n == 10 && country != ZV_COUNTRY_UA && plan_7(d) &&
	    (d[0] != '7' || country == ZV_COUNTRY_KZ)) {
		*ret = value_of("7", d, 10);
		return ZV_PHONE_OK;
	}
	if (n == 9 && country == ZV_COUNTRY_UA && plan_380(d)) {
		*ret = value_of("380", d, 9);
		return ZV_PHONE_OK;
	}
	if (n < 10 || (n == 10 && d[0] == '7'))
		return ZV_PHONE_SHORT;
	return n > 11 ? ZV_PHONE_LONG : ZV_PHONE_PLAN;
}

static enum zv_phone_verdict judge(const struct digits *g, enum zv_country country, uint64_t *ret)
{
	if (g->n == 0)
		return ZV_PHONE_EMPTY;
	if (g->n > DIGITS_MAX)
		return ZV_PHONE_LONG;
	if (g->plus)
		return international(g->d, g->n, ret);
	if (g->n > 2 && g->d[0] == '0' && g->d[1] == '0')
		return international(g->d + 2, g->n - 2, ret);
	if (g->n >= 14 && memcmp(g->d, "810", 3) == 0)
		return international(g->d + 3, g->n - 3, ret);
	return national(g->d, g->n, country, ret);
}

static bool complete(const struct digits *g, enum zv_country country)
{
	uint64_t ignored;

	return judge(g, country, &ignored) == ZV_PHONE_OK;
}

static size_t skip_to_separator(const char *text, size_t len, size_t at)
{
	size_t step;

	for (; at < len; at += step)
		if (is_separator(zv_utf8_get(text + at, len - at, &step)))
			return at + 1;
	return len;
}

/* Where a number ends although no separator stands there: before a plus, or between two whole
 * numbers with only a space between. */
static bool next_begins(const char *text, size_t len, size_t at, const struct digits *g,
			enum zv_country country)
{
	uint32_t more = 0;

	if (g->n == 0 || !complete(g, country))
		return false;
	if (at < len && text[at] == '+')
		return true;
	for (size_t step; at < len; at += step) {
		uint32_t c = zv_utf8_get(text + at, len - at, &step);

		if (c >= '0' && c <= '9')
			more++;
		else if (!is_filler(c))
			break;
	}
	return more >= 9;
}

/* One walk over a cell. */
struct reading {
	const char *text;
	size_t len, at, end; /* end: where the caller goes on */
	enum zv_country country;
	struct digits g;
	bool done, tail; /* tail: behind the number, words are of no matter */
	bool letters;
};

static void take_word(struct reading *r)
{
	size_t n = 0;

	if (r->g.n == 0 && !r->g.plus && word_in(r->text + r->at, r->len - r->at, labels, &n)) {
		r->at += n;
		return;
	}
	if (r->g.n > 0 && word_in(r->text + r->at, r->len - r->at, extensions, &n)) {
		r->end = skip_to_separator(r->text, r->len, r->at);
		r->done = true;
		return;
	}
	if (r->g.n > 0 && word_in(r->text + r->at, r->len - r->at, ors, &n)) {
		r->end = r->at + n;
		r->done = true;
		return;
	}
	if (r->g.n == 0 || !complete(&r->g, r->country))
		r->letters = true;
	r->tail = true;
	(void)word_in(r->text + r->at, r->len - r->at, labels, &n);
	r->at += n > 0 ? n : 1;
}

static void take_digit(struct reading *r, char c)
{
	if (r->tail)
		r->letters = true; /* digits behind a word: no telephone number */
	if (r->g.n < DIGITS_MAX)
		r->g.d[r->g.n] = c;
	r->g.n++;
	r->at++;
}

/* 79161234567.0: a number that went through a floating-point column. */
static bool float_tail(const struct reading *r)
{
	size_t left = r->len - r->at;

	return r->g.n >= 10 && left >= 2 && r->text[r->at] == '.' && r->text[r->at + 1] == '0' &&
	       (left == 2 || is_separator((uint8_t)r->text[r->at + 2])) &&
	       complete(&r->g, r->country);
}

static void take(struct reading *r)
{
	size_t step;
	uint32_t c = zv_utf8_get(r->text + r->at, r->len - r->at, &step);

	if (c >= '0' && c <= '9') {
		take_digit(r, (char)c);
	} else if (is_separator(c)) {
		r->end = r->at + step;
		r->done = true;
	} else if (c == '+') {
		if (r->g.n > 0) {
			r->letters |= !complete(&r->g, r->country);
			r->end = r->at;
			r->done = true;
			return;
		}
		r->g.plus = true;
		r->at += step;
	} else if (c == '.' && float_tail(r)) {
		r->at += 2;
	} else if (c == '#' && r->g.n > 0) {
		r->end = skip_to_separator(r->text, r->len, r->at);
		r->done = true;
	} else if (is_filler(c)) {
		r->at += step;
		if (is_space(c) && next_begins(r->text, r->len, r->at, &r->g, r->country)) {
			r->end = r->at;
			r->done = true;
		}
	} else if (is_letter(c)) {
		take_word(r);
	} else {
		r->letters = true;
		r->at += step;
	}
}

enum zv_phone_verdict zv_phone_parse(const char *text, size_t len, enum zv_country country,
				     uint64_t *ret_e164, size_t *ret_used)
{
	struct reading r = {.text = text, .len = len, .end = len, .country = country};
	size_t lead = 0, step;

	while (lead < len) {
		uint32_t c = zv_utf8_get(text + lead, len - lead, &step);

		if (!is_space(c) && c != '\'' && c != '=' && c != '"')
			break;
		lead += step;
	}
	if (is_spreadsheet(text + lead, len - lead)) {
		/* Its comma is no separator. */
		size_t at = lead;

		while (at < len && text[at] != ';' && text[at] != '/' && text[at] != '\n')
			at++;
		*ret_used = at < len ? at + 1 : len;
		return ZV_PHONE_SPREADSHEET;
	}
	while (r.at < len && !r.done)
		take(&r);
	*ret_used = r.end;
	if (r.letters)
		return ZV_PHONE_LETTERS;
	return judge(&r.g, country, ret_e164);
}

const char *zv_phone_text(enum zv_phone_verdict verdict)
{
	switch (verdict) {
	case ZV_PHONE_OK: return "a telephone number";
	case ZV_PHONE_EMPTY: return "no telephone number";
	case ZV_PHONE_SHORT: return "telephone number too short";
	case ZV_PHONE_LONG: return "telephone number too long";
	case ZV_PHONE_LETTERS: return "not a telephone number";
	case ZV_PHONE_SPREADSHEET:
		return "a spreadsheet cut the telephone number (7.9161E+10): format the column as "
		       "text and export again";
	case ZV_PHONE_PLAN: return "no Russian, Ukrainian or Kazakh telephone number";
	case ZV_PHONE_MAX: break;
	}
	return "not a telephone number";
}
