#include "shares.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"

#define FILE_MAX_BYTES 65536u
#define MILLION        1000000u

static const char *const names[ZVC_BEHAVIOURS] = {
        [ZVC_DEAD] = "dead",         [ZVC_OFF] = "off",
        [ZVC_NOANSWER] = "noanswer", [ZVC_BUSY] = "busy",
        [ZVC_KEY1] = "key1",         [ZVC_KEY2] = "key2",
        [ZVC_KEY3] = "key3",         [ZVC_VOICEMAIL] = "voicemail",
        [ZVC_SILENT] = "silent",     [ZVC_REJECTS] = "rejects",
};

const char *zvc_behaviour_name(enum zvc_behaviour behaviour)
{
	return names[behaviour];
}

bool zvc_behaviour_parse(const char *name, size_t len, enum zvc_behaviour *ret_behaviour)
{
	for (unsigned i = 0; i < ZVC_BEHAVIOURS; i++) {
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0) {
			*ret_behaviour = (enum zvc_behaviour)i;
			return true;
		}
	}
	return false;
}

/* "12", "12.5", "0.0001": percent to parts per million, at most four decimals. */
static bool parse_percent(const char *p, size_t len, uint32_t *ret_ppm)
{
	uint32_t value = 0;
	uint32_t unit = 10000;
	bool point = false;

	if (len == 0 || len > 8)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '.' && !point && i > 0 && i + 1 < len) {
			point = true;
			continue;
		}
		if (p[i] < '0' || p[i] > '9')
			return false;
		if (!point) {
			value = value * 10 + (uint32_t)(p[i] - '0') * 10000;
		} else {
			unit /= 10;
			if (unit == 0)
				return false;
			value += (uint32_t)(p[i] - '0') * unit;
		}
		if (value > MILLION)
			return false;
	}
	*ret_ppm = value;
	return true;
}

struct word {
	const char *p;
	size_t len;
};

/* Up to three words of a line, without its comment; the number of words. */
static unsigned split(const char *line, size_t len, struct word words[3])
{
	unsigned n = 0;
	size_t i = 0;

	while (i < len && n < 3) {
		while (i < len && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r'))
			i++;
		if (i == len || line[i] == '#')
			break;
		words[n].p = line + i;
		while (i < len && line[i] != ' ' && line[i] != '\t' && line[i] != '\r' &&
		       line[i] != '#')
			i++;
		words[n].len = (size_t)(line + i - words[n].p);
		n++;
	}
	return n;
}

static bool word_is(struct word w, const char *text)
{
	return strlen(text) == w.len && memcmp(text, w.p, w.len) == 0;
}

/* One line into shares; NULL or what is wrong with it. */
static const char *take_line(const char *line, size_t len, struct zvc_shares *shares,
                             uint32_t *seen)
{
	struct word words[3];
	unsigned n = split(line, len, words);
	enum zvc_behaviour behaviour;
	uint32_t *to;
	uint32_t bit;

	if (n == 0)
		return NULL;
	if (n != 2)
		return "a line is `name percent`";
	if (zvc_behaviour_parse(words[0].p, words[0].len, &behaviour)) {
		to = &shares->ppm[behaviour];
		bit = 1u << behaviour;
	} else if (word_is(words[0], "unavailable")) {
		to = &shares->unavailable_ppm;
		bit = 1u << 30;
	} else if (word_is(words[0], "inband")) {
		to = &shares->inband_ppm;
		bit = 1u << 31;
	} else {
		return "no such name: allowed are dead off noanswer busy key1 key2 key3 voicemail "
		       "silent rejects unavailable inband";
	}
	if ((*seen & bit) != 0)
		return "the name stands twice";
	*seen |= bit;
	if (!parse_percent(words[1].p, words[1].len, to))
		return "the percent is a number from 0 to 100 with at most four decimals";
	return NULL;
}

bool zvc_shares_parse(const char *bytes, size_t len, struct zvc_shares *ret_shares, char *text,
                      size_t text_size)
{
	struct zvc_shares shares = {0};
	uint32_t seen = 0;
	uint32_t sum = 0;
	unsigned line = 0;
	size_t at = 0;

	while (at < len) {
		const char *end = memchr(bytes + at, '\n', len - at);
		size_t n = end != NULL ? (size_t)(end - (bytes + at)) : len - at;
		const char *wrong = take_line(bytes + at, n, &shares, &seen);

		line++;
		if (wrong != NULL) {
			(void)snprintf(text, text_size, "line %u: %s", line, wrong);
			return false;
		}
		at += n + 1;
	}
	for (unsigned i = 0; i < ZVC_BEHAVIOURS; i++)
		sum += shares.ppm[i];
	if (sum != MILLION) {
		(void)snprintf(text, text_size,
		               "line %u: the shares of numbers sum to %u.%04u %%, not to 100", line,
		               sum / 10000, sum % 10000);
		return false;
	}
	if (shares.ppm[ZVC_BUSY] > 0 &&
	    shares.ppm[ZVC_KEY1] + shares.ppm[ZVC_KEY2] + shares.ppm[ZVC_KEY3] == 0) {
		(void)snprintf(text, text_size, "line %u: busy needs a share of key1, key2 or key3",
		               line);
		return false;
	}
	*ret_shares = shares;
	return true;
}

bool zvc_shares_load(const char *path, struct zvc_shares *ret_shares, char *text, size_t text_size)
{
	static char bytes[FILE_MAX_BYTES];
	char wrong[200];
	size_t len;
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		(void)snprintf(text, text_size, "%s: %s", path, strerror(errno));
		return false;
	}
	len = fread(bytes, 1, sizeof(bytes), file);
	if (ferror(file) != 0 || len == sizeof(bytes)) {
		(void)snprintf(text, text_size, "%s: cannot be read, or is over 64 KiB", path);
		(void)fclose(file);
		return false;
	}
	(void)fclose(file);
	if (!zvc_shares_parse(bytes, len, ret_shares, wrong, sizeof(wrong))) {
		(void)snprintf(text, text_size, "%s: %s", path, wrong);
		return false;
	}
	return true;
}

/* Independent draws: each purpose has its own hash of (seed, number). */
static uint64_t draw(uint64_t seed, uint64_t number, uint64_t purpose)
{
	const struct zv_key key = {seed, UINT64_C(0x7a766f6e63617272)};
	uint8_t words[16];

	zv_put_be64(words, number);
	zv_put_be64(words + 8, purpose);
	return zv_siphash(&key, words, sizeof(words));
}

static uint32_t draw_ppm(uint64_t seed, uint64_t number, uint64_t purpose)
{
	return (uint32_t)(draw(seed, number, purpose) % MILLION);
}

static uint32_t draw_between(uint64_t bits, uint32_t low, uint32_t high)
{
	return low + (uint32_t)(bits % (high - low + 1));
}

/* 1 to 6 s with a long tail, median about 2 s: the product of two uniform draws falls off the
 * way ring times do, without floating point. */
static uint32_t draw_ring_ms(uint64_t bits)
{
	uint64_t a = bits & 0xffff;
	uint64_t b = bits >> 16 & 0xffff;

	return 1000 + (uint32_t)(5000 * (a * b) >> 32);
}

static uint8_t draw_key(const struct zvc_shares *shares, uint32_t ppm)
{
	uint64_t sum = shares->ppm[ZVC_KEY1] + shares->ppm[ZVC_KEY2] + shares->ppm[ZVC_KEY3];
	uint64_t at = sum * ppm / MILLION;

	if (at < shares->ppm[ZVC_KEY1])
		return 1;
	return at < shares->ppm[ZVC_KEY1] + shares->ppm[ZVC_KEY2] ? 2 : 3;
}

void zvc_plan_make(const struct zvc_shares *shares, uint64_t seed, uint64_t number,
                   struct zvc_plan *ret_plan)
{
	struct zvc_plan plan = {0};
	uint32_t at = draw_ppm(seed, number, 1);
	unsigned which = 0;

	while (which + 1 < ZVC_BEHAVIOURS && at >= shares->ppm[which])
		at -= shares->ppm[which++];
	plan.behaviour = (enum zvc_behaviour)which;
	if (plan.behaviour == ZVC_BUSY) {
		plan.key = draw_key(shares, draw_ppm(seed, number, 2));
		plan.busy_first = (uint8_t)draw_between(draw(seed, number, 3), 1, 2);
	} else if (plan.behaviour >= ZVC_KEY1 && plan.behaviour <= ZVC_KEY3) {
		plan.key = (uint8_t)(1 + plan.behaviour - ZVC_KEY1);
	}
	plan.inband = plan.key != 0 && draw_ppm(seed, number, 4) < shares->inband_ppm;
	plan.refuse_ms = draw_between(draw(seed, number, 5), 200, 1500);
	plan.ring_ms = draw_ring_ms(draw(seed, number, 6));
	/* after a greeting with the person's name: before the question a key answers nothing */
	plan.key_ms = draw_between(draw(seed, number, 7), 4000, 8000);
	plan.greeting_ms = draw_between(draw(seed, number, 8), 3000, 6000);
	plan.record_ms = draw_between(draw(seed, number, 9), 10000, 20000);
	*ret_plan = plan;
}

bool zvc_plan_unavailable(const struct zvc_shares *shares, uint64_t seed, uint64_t number,
                          uint32_t nth, uint32_t *ret_retry_after_s)
{
	uint64_t bits = draw(seed, number, UINT64_C(0x100000000) + nth);

	*ret_retry_after_s = 0;
	if (bits % MILLION >= shares->unavailable_ppm)
		return false;
	bits = zv_mix64(bits);
	if (bits % 16 == 0)
		*ret_retry_after_s = 1 + (uint32_t)(bits >> 32) % 2;
	return true;
}

const char *zvc_plan_truth(const struct zvc_plan *plan)
{
	static const char *const by_key[4] = {"неинтересно", "интересно", "неинтересно",
	                                      "рассылка"};

	if (plan->behaviour == ZVC_DEAD || plan->behaviour == ZVC_OFF)
		return "недоступен";
	return by_key[plan->key];
}
