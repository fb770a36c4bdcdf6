#include "conf/schema.h"

#include <inttypes.h>
#include <string.h>

#include "base/tz.h"

enum zv_conf_match zv_conf_match(const struct zv_conf_row *row, const struct zv_conf_path *path,
				 const char **ret_next, size_t *ret_len)
{
	const char *p = row->path;

	for (size_t i = 0; i < path->n; i++) {
		size_t n = strcspn(p, ".");

		if (n == 0)
			return ZV_MATCH_NONE;
		if (!(n == 1 && *p == '*') &&
		    (strlen(path->names[i]) != n || memcmp(path->names[i], p, n) != 0))
			return ZV_MATCH_NONE;
		p += n;
		if (*p == '.')
			p++;
		else if (i + 1 < path->n)
			return ZV_MATCH_NONE;
	}
	if (*p == 0)
		return ZV_MATCH_ROW;
	*ret_next = p;
	*ret_len = strcspn(p, ".");
	return ZV_MATCH_ABOVE;
}

const struct zv_conf_row *zv_conf_row_of(const struct zv_conf_schema *schema,
					 const struct zv_conf_path *path)
{
	const char *next;
	size_t len;

	for (size_t i = 0; i < schema->n_rows; i++)
		if (zv_conf_match(&schema->rows[i], path, &next, &len) == ZV_MATCH_ROW)
			return &schema->rows[i];
	return NULL;
}

void zv_conf_path_text(const struct zv_conf_path *path, char *to, size_t cap)
{
	size_t n = 0;

	(void)snprintf(to, cap, "%s", path->n == 0 ? "the file" : "");
	for (size_t i = 0; i < path->n && n + 1 < cap; i++) {
		int k = snprintf(to + n, cap - n, "%s%s", i > 0 ? "." : "", path->names[i]);

		if (k < 0)
			break;
		n += (size_t)k;
	}
}

/* Index of a word in words, -1 if it is none. */
static int64_t word_index(const char *words, const char *text)
{
	size_t len = strlen(text);
	int64_t i = 0;

	if (len == 0)
		return -1;
	for (const char *p = words; *p != 0; i++) {
		size_t n = strcspn(p, " ");

		if (n == len && memcmp(p, text, n) == 0)
			return i;
		p += n + (p[n] == ' ');
	}
	return -1;
}

bool zv_conf_is_name(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return n > 0 && n <= 31 && text[n] == 0;
}

bool zv_conf_fits(const struct zv_conf_row *row, const char *text, int64_t *ret_number)
{
	bool limited = row->min != 0 || row->max != 0;
	struct zv_conf_ip ip;
	uint64_t phone;
	uint16_t a, b;
	uint8_t bits;
	char host[256];
	bool yes;
	int64_t v = 0;
	size_t n;

	switch (row->type) {
	case ZV_T_BOOL:
		if (zv_conf_bool(text, &yes) != ZV_OK)
			return false;
		*ret_number = yes;
		return true;
	case ZV_T_INT:
		if (zv_conf_int(text, &v) != ZV_OK)
			return false;
		break;
	case ZV_T_DURATION:
		if (zv_conf_duration(text, &v) != ZV_OK)
			return false;
		break;
	case ZV_T_SIZE:
		if (zv_conf_size(text, &v) != ZV_OK)
			return false;
		break;
	case ZV_T_TEXT: v = (int64_t)strlen(text); break;
	case ZV_T_NAME: return zv_conf_is_name(text);
	case ZV_T_ENUM: *ret_number = word_index(row->words, text); return *ret_number >= 0;
	case ZV_T_PHONE: return zv_conf_phone(text, &phone) == ZV_OK;
	case ZV_T_HOURS: return zv_conf_hours(text, &a, &b) == ZV_OK;
	case ZV_T_IP: return zv_conf_ip(text, &ip) == ZV_OK;
	case ZV_T_NETWORK: return zv_conf_network(text, &ip, &bits) == ZV_OK;
	case ZV_T_PORTS: return zv_conf_ports(text, &ip, &a, &b) == ZV_OK;
	case ZV_T_ENDPOINT: return zv_conf_endpoint(text, host, sizeof(host), &a) == ZV_OK;
	case ZV_T_DIGITS:
		n = strspn(text, "0123456789");
		return n > 0 && n <= 15 && text[n] == 0;
	case ZV_T_MOMENT: return zv_conf_moment(text, ret_number) == ZV_OK;
	case ZV_T_FREE: return true;
	}
	*ret_number = v;
	return !limited || (v >= row->min && v <= row->max);
}

void zv_conf_number_text(enum zv_conf_type type, int64_t v, char *to, size_t cap)
{
	static const struct { const char *name; int64_t factor; } times[] = {
		{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
	}, sizes[] = {{"T", INT64_C(1) << 40}, {"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {"", 1}};

	(void)snprintf(to, cap, "%" PRId64, v);
	for (int i = 0; v != 0 && i < 5; i++) {
		if (type == ZV_T_DURATION && v % times[i].factor == 0) {
			(void)snprintf(to, cap, "%" PRId64 "%s", v / times[i].factor, times[i].name);
			return;
		}
		if (type == ZV_T_SIZE && v % sizes[i].factor == 0) {
			(void)snprintf(to, cap, "%" PRId64 "%s", v / sizes[i].factor, sizes[i].name);
			return;
		}
	}
}

void zv_conf_allowed(const struct zv_conf_row *row, char *to, size_t cap)
{
	static const char *const names[] = {
		[ZV_T_BOOL] = "yes or no",
		[ZV_T_INT] = "a whole number",
		[ZV_T_DURATION] = "a duration such as 20ms, 90s, 2h or 365d",
		[ZV_T_SIZE] = "a size such as 512M or 64G",
		[ZV_T_TEXT] = "a text",
		[ZV_T_NAME] = "a name of a-z, 0-9, _ and -, at most 31 bytes",
		[ZV_T_ENUM] = "one of:",
		[ZV_T_PHONE] = "a phone number such as +79161234567",
		[ZV_T_HOURS] = "hours such as 09:00-21:00, or closed",
		[ZV_T_IP] = "an IP address such as 127.0.0.1",
		[ZV_T_NETWORK] = "a network such as 10.0.0.0/8",
		[ZV_T_PORTS] = "an address with ports such as 127.0.0.1:20000-27998",
		[ZV_T_ENDPOINT] = "a host with a port such as 127.0.0.1:5060",
		[ZV_T_DIGITS] = "1 to 15 digits",
		[ZV_T_MOMENT] = "a moment such as 2026-11-23T09:00:00+03:00",
		[ZV_T_FREE] = "a section of its own",
	};
	const char *list = (row->flags & ZV_CONF_LIST_OF) != 0 ? "a list, each " : "";
	char min[32], max[32];

	if (row->type == ZV_T_ENUM) {
		(void)snprintf(to, cap, "%sone of: %s", list, row->words);
	} else if (row->min != 0 || row->max != 0) {
		zv_conf_number_text(row->type, row->min, min, sizeof(min));
		zv_conf_number_text(row->type, row->max, max, sizeof(max));
		(void)snprintf(to, cap, "%s%s, %s to %s%s", list, names[row->type], min, max,
			       row->type == ZV_T_TEXT ? " bytes" : "");
	} else {
		(void)snprintf(to, cap, "%s%s", list, names[row->type]);
	}
}

/* The row `prefix.path`, both with stars where the row has them. */
static const struct zv_conf_row *row_at(const struct zv_conf_schema *schema, const char *prefix,
					const char *path)
{
	size_t n = strlen(prefix);

	for (size_t i = 0; i < schema->n_rows; i++) {
		const char *p = schema->rows[i].path;

		if (n > 0 && (strncmp(p, prefix, n) != 0 || p[n] != '.'))
			continue;
		if (strcmp(p + (n > 0 ? n + 1 : 0), path) == 0)
			return &schema->rows[i];
	}
	return NULL;
}

const char *zv_conf_value(const struct zv_conf_schema *schema, const char *prefix,
			  const struct zv_conf_node *node, const char *path)
{
	const struct zv_conf_row *row = row_at(schema, prefix, path);
	const char *text = zv_conf_text(zv_conf_find(node, path));
	int64_t number;

	if (row == NULL)
		return NULL;
	return text != NULL && zv_conf_fits(row, text, &number) ? text : row->def;
}

int64_t zv_conf_number(const struct zv_conf_schema *schema, const char *prefix,
		       const struct zv_conf_node *node, const char *path)
{
	const struct zv_conf_row *row = row_at(schema, prefix, path);
	const char *text = zv_conf_value(schema, prefix, node, path);
	int64_t number = 0;

	if (row == NULL || text == NULL || !zv_conf_fits(row, text, &number))
		return 0;
	return number;
}
