/* Texts to values.  Nothing here is lenient: what is not wholly the thing is ZV_EPARSE. */
#include <arpa/inet.h>
#include <string.h>

#include "base/tz.h"
#include "conf/conf.h"

#define DAY_MS INT64_C(86400000)
#define DURATION_MAX_MS (DAY_MS * 366 * 200)

enum zv_err zv_conf_bool(const char *text, bool *ret)
{
	if (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0)
		*ret = true;
	else if (strcmp(text, "false") == 0 || strcmp(text, "no") == 0)
		*ret = false;
	else
		return ZV_EPARSE;
	return ZV_OK;
}

/* Digits at *p, at most 18 of them; moves *p on.  False: none or too many. */
static bool take_digits(const char **p, int64_t *ret)
{
	int64_t v = 0;
	int n = 0;

	for (; **p >= '0' && **p <= '9'; (*p)++, n++) {
		if (n == 18)
			return false;
		v = v * 10 + (**p - '0');
	}
	*ret = v;
	return n > 0;
}

struct unit {
	const char *name;
	int64_t factor;
};

/* The unit whose name stands at *p, as far as letters go; NULL: none. */
static const struct unit *take_unit(const char **p, const struct unit *units, size_t n_units)
{
	size_t n = 0;

	while (((*p)[n] >= 'a' && (*p)[n] <= 'z') || ((*p)[n] >= 'A' && (*p)[n] <= 'Z'))
		n++;
	for (size_t i = 0; i < n_units; i++) {
		if (strlen(units[i].name) == n && memcmp(units[i].name, *p, n) == 0) {
			*p += n;
			return &units[i];
		}
	}
	return NULL;
}

enum zv_err zv_conf_int(const char *text, int64_t *ret)
{
	static const struct unit units[] = {{"", 1}, {"k", 1000}, {"M", 1000000}};
	const struct unit *unit;
	bool negative = *text == '-';
	int64_t v;

	text += negative;
	if (!take_digits(&text, &v))
		return ZV_EPARSE;
	unit = take_unit(&text, units, 3);
	if (unit == NULL || *text != 0 || __builtin_mul_overflow(v, unit->factor, &v))
		return ZV_EPARSE;
	*ret = negative ? -v : v;
	return ZV_OK;
}

enum zv_err zv_conf_duration(const char *text, int64_t *ret_ms)
{
	static const struct unit units[] = {
		{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", DAY_MS}, {"w", 7 * DAY_MS},
	};
	int64_t sum = 0;

	if (strcmp(text, "0") == 0) {
		*ret_ms = 0;
		return ZV_OK;
	}
	do {
		const struct unit *unit;
		int64_t v;

		if (!take_digits(&text, &v))
			return ZV_EPARSE;
		unit = take_unit(&text, units, 6);
		if (unit == NULL || __builtin_mul_overflow(v, unit->factor, &v) ||
		    __builtin_add_overflow(sum, v, &sum) || sum > DURATION_MAX_MS)
			return ZV_EPARSE;
	} while (*text != 0);
	*ret_ms = sum;
	return ZV_OK;
}

enum zv_err zv_conf_size(const char *text, int64_t *ret_bytes)
{
	static const struct unit units[] = {
		{"", 1}, {"B", 1}, {"K", 1 << 10}, {"KiB", 1 << 10}, {"M", 1 << 20},
		{"MiB", 1 << 20}, {"G", 1 << 30}, {"GiB", 1 << 30}, {"T", INT64_C(1) << 40},
		{"TiB", INT64_C(1) << 40},
	};
	const struct unit *unit;
	int64_t v;

	if (!take_digits(&text, &v))
		return ZV_EPARSE;
	unit = take_unit(&text, units, sizeof(units) / sizeof(units[0]));
	if (unit == NULL || *text != 0 || __builtin_mul_overflow(v, unit->factor, ret_bytes))
		return ZV_EPARSE;
	return ZV_OK;
}

enum zv_err zv_conf_phone(const char *text, uint64_t *ret_e164)
{
	uint64_t v = 0;
	int n = 0;

	if (*text == '+')
		text++;
	for (; *text != 0; text++) {
		if (*text >= '0' && *text <= '9') {
			if (++n > 15 || (n == 1 && *text == '0'))
				return ZV_EPARSE;
			v = v * 10 + (uint64_t)(*text - '0');
		} else if (strchr(" -()", *text) == NULL) {
			return ZV_EPARSE;
		}
	}
	if (n < 5)
		return ZV_EPARSE;
	*ret_e164 = v;
	return ZV_OK;
}

/* "9:00" .. "24:00" as minutes; moves *p on. */
static bool take_clock(const char **p, int *ret_min)
{
	const char *from = *p;
	int64_t h, m;

	if (!take_digits(p, &h) || *p - from > 2 || **p != ':')
		return false;
	from = ++*p;
	if (!take_digits(p, &m) || *p - from != 2 || m > 59 || h * 60 + m > 24 * 60)
		return false;
	*ret_min = (int)(h * 60 + m);
	return true;
}

enum zv_err zv_conf_hours(const char *text, uint16_t *ret_start_min, uint16_t *ret_end_min)
{
	int start, end;

	if (strcmp(text, "closed") == 0) {
		*ret_start_min = *ret_end_min = 0;
		return ZV_OK;
	}
	if (!take_clock(&text, &start) || *text++ != '-' || !take_clock(&text, &end) ||
	    *text != 0 || end <= start)
		return ZV_EPARSE;
	*ret_start_min = (uint16_t)start;
	*ret_end_min = (uint16_t)end;
	return ZV_OK;
}

/* Exactly n digits, a value in min..max, then the character `after`. */
static bool take_fixed(const char **p, int n, int min, int max, char after, int *ret)
{
	int v = 0;

	for (int i = 0; i < n; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		v = v * 10 + (**p - '0');
	}
	if (v < min || v > max || (after != 0 && **p != after))
		return false;
	*p += after != 0;
	*ret = v;
	return true;
}

enum zv_err zv_conf_moment(const char *text, int64_t *ret_utc_ms)
{
	int year, month, day, h, m, s = 0, zh = 0, zm = 0, sign;
	int y, mo, d;

	if (!take_fixed(&text, 4, 1970, 9998, '-', &year) ||
	    !take_fixed(&text, 2, 1, 12, '-', &month) || !take_fixed(&text, 2, 1, 31, 'T', &day) ||
	    !take_fixed(&text, 2, 0, 23, ':', &h) || !take_fixed(&text, 2, 0, 59, 0, &m))
		return ZV_EPARSE;
	if (*text == ':' && (text++, !take_fixed(&text, 2, 0, 59, 0, &s)))
		return ZV_EPARSE;
	sign = *text == '-' ? -1 : 1;
	if (*text == '+' || *text == '-') {
		text++;
		if (!take_fixed(&text, 2, 0, 23, ':', &zh) || !take_fixed(&text, 2, 0, 59, 0, &zm))
			return ZV_EPARSE;
	} else if (*text++ != 'Z') {
		return ZV_EPARSE;
	}
	zv_civil_from_day(zv_day_from_civil(year, month, day), &y, &mo, &d);
	if (*text != 0 || d != day)
		return ZV_EPARSE;
	*ret_utc_ms = 1000 * ((int64_t)zv_day_from_civil(year, month, day) * 86400 + h * 3600 +
			      m * 60 + s - sign * (zh * 3600 + zm * 60));
	return ZV_OK;
}

enum zv_err zv_conf_ip(const char *text, struct zv_conf_ip *ret)
{
	struct zv_conf_ip ip = {0};

	if (inet_pton(AF_INET, text, ip.bytes) == 1)
		ip.family = 4;
	else if (inet_pton(AF_INET6, text, ip.bytes) == 1)
		ip.family = 6;
	else
		return ZV_EPARSE;
	*ret = ip;
	return ZV_OK;
}

enum zv_err zv_conf_network(const char *text, struct zv_conf_ip *ret, uint8_t *ret_bits)
{
	const char *slash = strchr(text, '/');
	size_t n = slash != NULL ? (size_t)(slash - text) : strlen(text);
	struct zv_conf_ip ip;
	char host[64];
	int64_t bits, most;

	if (n >= sizeof(host))
		return ZV_EPARSE;
	memcpy(host, text, n);
	host[n] = 0;
	if (zv_conf_ip(host, &ip) != ZV_OK)
		return ZV_EPARSE;
	most = bits = ip.family == 4 ? 32 : 128;
	if (slash != NULL) {
		text = slash + 1;
		if (!take_digits(&text, &bits) || *text != 0 || bits > most)
			return ZV_EPARSE;
	}
	for (int64_t i = bits; i < most; i++)
		if ((ip.bytes[i / 8] >> (7 - i % 8) & 1) != 0)
			return ZV_EPARSE;
	*ret = ip;
	*ret_bits = (uint8_t)bits;
	return ZV_OK;
}

enum zv_err zv_conf_endpoint(const char *text, char *ret_host, size_t host_size, uint16_t *ret_port)
{
	const char *end;
	int64_t port = 0;
	size_t n;

	if (*text == '[') {
		text++;
		end = strchr(text, ']');
		if (end == NULL)
			return ZV_EPARSE;
		n = (size_t)(end++ - text);
	} else {
		n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
		end = text + n;
	}
	if (*end == ':') {
		end++;
		if (!take_digits(&end, &port) || port < 1 || port > 65535)
			return ZV_EPARSE;
	}
	if (*end != 0 || n == 0 || n >= host_size)
		return ZV_EPARSE;
	memcpy(ret_host, text, n);
	ret_host[n] = 0;
	*ret_port = (uint16_t)port;
	return ZV_OK;
}

enum zv_err zv_conf_ports(const char *text, struct zv_conf_ip *ret, uint16_t *ret_first,
			  uint16_t *ret_last)
{
	const char *dash = strrchr(text, '-');
	char head[80], host[64];
	struct zv_conf_ip ip;
	uint16_t first;
	int64_t last;

	if (dash == NULL || (size_t)(dash - text) >= sizeof(head))
		return ZV_EPARSE;
	memcpy(head, text, (size_t)(dash - text));
	head[dash - text] = 0;
	text = dash + 1;
	if (zv_conf_endpoint(head, host, sizeof(host), &first) != ZV_OK || first == 0 ||
	    zv_conf_ip(host, &ip) != ZV_OK || !take_digits(&text, &last) || *text != 0 ||
	    last < first || last > 65535)
		return ZV_EPARSE;
	*ret = ip;
	*ret_first = first;
	*ret_last = (uint16_t)last;
	return ZV_OK;
}
