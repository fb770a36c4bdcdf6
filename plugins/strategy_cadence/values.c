#include <string.h>

#include "cadence.h"

/* Digits at *text; moves it on.  False: none, or more than max. */
static bool digits(const char **text, int64_t max, int64_t *ret_value)
{
	const char *p = *text;
	int64_t v = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (*p - '0');
		if (v > max)
			return false;
	}
	*text = p;
	*ret_value = v;
	return true;
}

/* 45s, 90m, 2h, 1h30m, 1d, 2w, 365d, 1y.  More than nothing, at most YEAR_DAYS days. */
bool read_span(const char *text, struct span *ret_span)
{
	struct span s = {0, 0};
	const char *p = text;

	while (*p != 0) {
		int64_t v;

		if (!digits(&p, 1000000000, &v))
			return false;
		switch (*p++) {
		case 's': s.ms += v * SECOND_MS; break;
		case 'm': s.ms += v * MINUTE_MS; break;
		case 'h': s.ms += v * HOUR_MS; break;
		case 'd': break;
		case 'w': v *= 7; break;
		case 'y': v *= 365; break;
		default: return false;
		}
		if (p[-1] == 'd' || p[-1] == 'w' || p[-1] == 'y') {
			if (v > YEAR_DAYS)
				return false;
			s.days += (int32_t)v;
		}
		if (s.days > YEAR_DAYS || s.ms > YEAR_DAYS * DAY_MS)
			return false;
	}
	if (s.days == 0 && s.ms == 0)
		return false;
	if (s.days * DAY_MS + s.ms > YEAR_DAYS * DAY_MS)
		return false;
	*ret_span = s;
	return true;
}

bool read_count(const char *text, uint8_t max, uint8_t *ret_count)
{
	int64_t v;

	if (!digits(&text, max, &v) || *text != 0 || v == 0)
		return false;
	*ret_count = (uint8_t)v;
	return true;
}

bool read_bool(const char *text, bool *ret_bool)
{
	if (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0)
		*ret_bool = true;
	else if (strcmp(text, "false") == 0 || strcmp(text, "no") == 0)
		*ret_bool = false;
	else
		return false;
	return true;
}

static bool time_at(const char **text, int32_t *ret_second)
{
	int64_t h, m;

	if (!digits(text, 24, &h) || **text != ':')
		return false;
	(*text)++;
	if (!digits(text, 59, &m) || h * 60 + m > 24 * 60)
		return false;
	*ret_second = (int32_t)(h * 3600 + m * 60);
	return true;
}

bool read_time(const char *text, int32_t *ret_second)
{
	return time_at(&text, ret_second) && *text == 0;
}

bool read_times(const char *text, struct part *ret_part)
{
	struct part part;

	if (!time_at(&text, &part.start_s) || *text != '-')
		return false;
	text++;
	if (!time_at(&text, &part.end_s) || *text != 0 || part.start_s >= part.end_s)
		return false;
	*ret_part = part;
	return true;
}

bool read_class(const char *text, uint8_t *ret_class)
{
	static const char *const names[CLASS_N] = {
		[CLASS_NOTHING] = "nothing",     [CLASS_UNREACHABLE] = "unreachable",
		[CLASS_NO_ANSWER] = "no_answer", [CLASS_BUSY] = "busy",
		[CLASS_ANSWERED] = "answered",
	};

	for (uint8_t i = 0; i < CLASS_N; i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret_class = i;
			return true;
		}
	}
	return false;
}

bool read_outcome(const char *text, uint8_t *ret_outcome)
{
	static const char *const names[ZV_OUT_MAX] = {
		[ZV_OUT_UNREACHABLE] = "unreachable", [ZV_OUT_NO_ANSWER] = "no_answer",
		[ZV_OUT_BUSY] = "busy",               [ZV_OUT_REJECTED] = "rejected",
		[ZV_OUT_MACHINE] = "machine",         [ZV_OUT_ANSWERED] = "answered",
		[ZV_OUT_SILENT] = "silent",           [ZV_OUT_ABANDONED] = "abandoned",
		[ZV_OUT_FAILED] = "failed",           [ZV_OUT_UNKNOWN] = "unknown",
		[ZV_OUT_NOT_SENT] = "not_sent",
	};

	for (uint8_t i = 1; i < ZV_OUT_MAX; i++) {
		if (names[i] != NULL && strcmp(text, names[i]) == 0) {
			*ret_outcome = i;
			return true;
		}
	}
	return false;
}
