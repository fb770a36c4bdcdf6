#include "base/tz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/tz_rule.h"

#define HEADER_LEN 44u
#define FILE_MAX   (256u * 1024u)
#define TIMES_MAX  4096u /* RFC 8536 4 suggests readers cope with 2000 */
#define TYPES_MAX  256u

struct zv_tz {
	uint32_t n_times;
	bool has_rule;
	struct zv_tz_rule rule; /* from the last change on, or for ever if there is none */
	int32_t first_s;        /* offset before the first change: local time type 0 */
	int64_t *times;         /* ascending, UTC seconds */
	int32_t *offsets;       /* from times[i] on */
};

/* Counts of a TZif header, in its order. */
struct counts {
	uint32_t isut, isstd, leap, time, type, chars;
};

static bool read_header(const uint8_t *p, size_t len, char *ret_version, struct counts *ret)
{
	if (len < HEADER_LEN || memcmp(p, "TZif", 4) != 0)
		return false;
	*ret_version = (char)p[4];
	ret->isut = zv_get_be32(p + 20);
	ret->isstd = zv_get_be32(p + 24);
	ret->leap = zv_get_be32(p + 28);
	ret->time = zv_get_be32(p + 32);
	ret->type = zv_get_be32(p + 36);
	ret->chars = zv_get_be32(p + 40);
	/* With these bounds no sum below can overflow. */
	return ret->isut <= TYPES_MAX && ret->isstd <= TYPES_MAX && ret->leap <= TIMES_MAX &&
	       ret->time <= TIMES_MAX && ret->type <= TYPES_MAX && ret->chars <= TIMES_MAX;
}

static size_t block_len(const struct counts *c, size_t time_size)
{
	return c->time * time_size + c->time + (size_t)c->type * 6 + c->chars +
	       c->leap * (time_size + 4) + c->isstd + c->isut;
}

/* The 64-bit block at p, whose length has been checked. */
static enum zv_err read_block(struct zv_tz *tz, const uint8_t *p, const struct counts *c)
{
	const uint8_t *index = p + (size_t)c->time * 8;
	const uint8_t *types = index + c->time;
	int32_t offsets[TYPES_MAX];

	/* Leap seconds ("right/" zones) count time apart from POSIX; nothing here may use them. */
	if (c->type == 0 || c->leap != 0)
		return ZV_EPARSE;
	for (uint32_t i = 0; i < c->type; i++) {
		offsets[i] = (int32_t)zv_get_be32(types + (size_t)i * 6);
		if (offsets[i] < ZV_TZ_OFFSET_MIN || offsets[i] > ZV_TZ_OFFSET_MAX)
			return ZV_EPARSE;
	}
	tz->first_s = offsets[0];
	tz->n_times = c->time;
	tz->times = calloc(c->time + 1u, sizeof(tz->times[0]));
	tz->offsets = calloc(c->time + 1u, sizeof(tz->offsets[0]));
	if (tz->times == NULL || tz->offsets == NULL)
		return ZV_ENOMEM;
	for (uint32_t i = 0; i < c->time; i++) {
		tz->times[i] = (int64_t)zv_get_be64(p + (size_t)i * 8);
		if (index[i] >= c->type || (i > 0 && tz->times[i] <= tz->times[i - 1]))
			return ZV_EPARSE;
		tz->offsets[i] = offsets[index[i]];
	}
	return ZV_OK;
}

enum zv_err zv_tz_parse(const void *bytes, size_t len, struct zv_tz **ret_tz)
{
	const uint8_t *p = bytes;
	struct zv_tz *tz = NULL;
	struct counts c;
	const uint8_t *newline;
	enum zv_err err = ZV_EPARSE;
	char version;

	if (len > FILE_MAX || !read_header(p, len, &version, &c) || version < '2')
		return ZV_EPARSE;
	/* The 32-bit block is for old readers: skip it. */
	if (len - HEADER_LEN < block_len(&c, 4))
		return ZV_EPARSE;
	p += HEADER_LEN + block_len(&c, 4);
	len -= HEADER_LEN + block_len(&c, 4);
	if (!read_header(p, len, &version, &c) || len - HEADER_LEN < block_len(&c, 8))
		return ZV_EPARSE;
	p += HEADER_LEN;
	len -= HEADER_LEN;
	tz = calloc(1, sizeof(*tz));
	if (tz == NULL)
		return ZV_ENOMEM;
	err = read_block(tz, p, &c);
	if (err != ZV_OK)
		goto fail;
	p += block_len(&c, 8);
	len -= block_len(&c, 8);
	err = ZV_EPARSE;
	if (len < 2 || *p != '\n')
		goto fail;
	newline = memchr(p + 1, '\n', len - 1);
	if (newline == NULL)
		goto fail;
	tz->has_rule = newline > p + 1;
	if (tz->has_rule) {
		err = zv_tz_rule_parse((const char *)p + 1, (size_t)(newline - p - 1), &tz->rule);
		if (err != ZV_OK)
			goto fail;
	}
	*ret_tz = tz;
	return ZV_OK;

fail:
	zv_tz_free(tz);
	return err;
}

void zv_tz_free(struct zv_tz *tz)
{
	if (tz == NULL)
		return;
	free(tz->times);
	free(tz->offsets);
	free(tz);
}

/* Letters, digits, _ + - and single slashes between them: no way out of the directory. */
static bool name_is_safe(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > 63)
		return false;
	for (size_t i = 0; i < n; i++) {
		char ch = name[i];
		bool word = (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') ||
			    (ch >= '0' && ch <= '9') || ch == '_' || ch == '+' || ch == '-';

		if (word)
			continue;
		if (ch != '/' || i == 0 || i + 1 == n || name[i - 1] == '/')
			return false;
	}
	return true;
}

static enum zv_err read_file(const char *path, uint8_t **ret_bytes, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t *bytes = NULL;
	struct stat st;
	size_t len = 0;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? ZV_ENOENT : ZV_EIO;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return ZV_ENOENT;
	}
	bytes = malloc(FILE_MAX + 1);
	while (bytes != NULL && len <= FILE_MAX) {
		ssize_t n = read(fd, bytes + len, FILE_MAX + 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			close(fd);
			free(bytes);
			return ZV_EIO;
		}
		if (n == 0)
			break;
		len += (size_t)n;
	}
	close(fd);
	if (bytes == NULL)
		return ZV_ENOMEM;
	*ret_bytes = bytes;
	*ret_len = len;
	return ZV_OK;
}

enum zv_err zv_tz_load(const char *dir, const char *name, struct zv_tz **ret_tz)
{
	char path[4096];
	uint8_t *bytes;
	size_t len;
	enum zv_err err;
	int n;

	if (!name_is_safe(name))
		return ZV_EINVAL;
	n = snprintf(path, sizeof(path), "%s/%s", dir != NULL ? dir : "/usr/share/zoneinfo", name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return ZV_EINVAL;
	err = read_file(path, &bytes, &len);
	if (err != ZV_OK)
		return err;
	err = zv_tz_parse(bytes, len, ret_tz);
	free(bytes);
	return err;
}

/* Offset at utc_s and the end of the stretch in which it holds. */
static int32_t stretch(const struct zv_tz *tz, int64_t utc_s, int64_t *ret_until_s)
{
	uint32_t low = 0, high = tz->n_times;

	/* low = number of changes at or before utc_s */
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (tz->times[mid] <= utc_s)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == tz->n_times && tz->has_rule)
		return zv_tz_rule_offset(&tz->rule, utc_s, ret_until_s);
	*ret_until_s = low < tz->n_times ? tz->times[low] : INT64_MAX;
	return low == 0 ? tz->first_s : tz->offsets[low - 1];
}

/* Years -1 to 10000: nothing below overflows, and every date a rule can name fits. */
static int64_t clamp_s(int64_t utc_s)
{
	const int64_t low = INT64_C(-62198755200), high = INT64_C(253433923199);

	return utc_s < low ? low : utc_s > high ? high : utc_s;
}

int32_t zv_tz_offset(const struct zv_tz *tz, int64_t utc_s)
{
	int64_t until_s;

	return stretch(tz, clamp_s(utc_s), &until_s);
}

void zv_tz_to_local(const struct zv_tz *tz, int64_t utc_ms, struct zv_local *ret_local)
{
	int64_t utc_s = utc_ms / 1000 - (utc_ms % 1000 < 0);
	int year, month, mday;
	struct zv_local l = {0};
	int64_t local_s;

	utc_s = clamp_s(utc_s);
	l.utc_offset_s = zv_tz_offset(tz, utc_s);
	local_s = utc_s + l.utc_offset_s;
	l.second_of_day = (int32_t)((local_s % 86400 + 86400) % 86400);
	l.day = (int32_t)((local_s - l.second_of_day) / 86400);
	zv_civil_from_day(l.day, &year, &month, &mday);
	l.year = (int16_t)year;
	l.month = (uint8_t)month;
	l.mday = (uint8_t)mday;
	l.wday = (uint8_t)(((l.day + 3) % 7 + 7) % 7 + 1);
	*ret_local = l;
}

int64_t zv_tz_from_local(const struct zv_tz *tz, int32_t day, int32_t second_of_day)
{
	int64_t want_s = clamp_s((int64_t)day * 86400 + second_of_day);
	/* No stretch that ends before this can show so late a wall clock. */
	int64_t at_s = want_s - ZV_TZ_OFFSET_MAX;

	for (;;) {
		int64_t until_s;
		int64_t hit_s = want_s - stretch(tz, at_s, &until_s);

		if (hit_s < at_s)
			hit_s = at_s;
		if (hit_s < until_s)
			return hit_s * 1000;
		at_s = until_s;
	}
}

/* Days are counted in eras of 400 years that begin on March 1, so that the leap day is the last
 * of its year. */
int32_t zv_day_from_civil(int year, int month, int mday)
{
	int y = month <= 2 ? year - 1 : year;
	int era = (y >= 0 ? y : y - 399) / 400;
	int year_of_era = y - era * 400;
	int month_from_march = (month + 9) % 12;
	int day_of_year = (153 * month_from_march + 2) / 5 + mday - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

void zv_civil_from_day(int32_t day, int *ret_year, int *ret_month, int *ret_mday)
{
	int32_t z = day + 719468;
	int32_t era = (z >= 0 ? z : z - 146096) / 146097;
	int32_t day_of_era = z - era * 146097;
	int32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
			       day_of_era / 146096) / 365;
	int32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int32_t month_from_march = (5 * day_of_year + 2) / 153;

	*ret_mday = day_of_year - (153 * month_from_march + 2) / 5 + 1;
	*ret_month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
	*ret_year = year_of_era + era * 400 + (*ret_month <= 2);
}
