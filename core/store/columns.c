#include "store/columns.h"

#include <stdio.h>
#include <string.h>

#include "store/utf8.h"

/* Header without case, spaces and marks: "Номер телефона" and "номер_телефона" are one. */
static void plain(const char *p, size_t n, char *to, size_t cap)
{
	size_t step, k = 0;

	for (size_t i = 0; i < n; i += step) {
		uint32_t c = zv_utf8_lower(zv_utf8_get(p + i, n - i, &step));

		if (c == 0x451) /* ё is written as е as often as not */
			c = 0x435;
		if (k + 3 >= cap || c >= 0x800 || c == ' ' || c == '_' || c == '-' || c == '.' ||
		    c == ':' || c == 0xa0 || c == '(' || c == ')' || c == '"')
			continue;
		if (c < 0x80) {
			to[k++] = (char)c;
		} else {
			to[k++] = (char)(0xc0 | c >> 6);
			to[k++] = (char)(0x80 | (c & 0x3f));
		}
	}
	to[k] = 0;
}

struct usual {
	const char *header;
	uint8_t kind;
	int8_t number_kind;
};

static const struct usual usual[] = {
	{"phone", ZV_COL_PHONE, -1},
	{"phonenumber", ZV_COL_PHONE, -1},
	{"tel", ZV_COL_PHONE, -1},
	{"telephone", ZV_COL_PHONE, -1},
	{"msisdn", ZV_COL_PHONE, ZV_NUM_MOBILE},
	{"mobile", ZV_COL_PHONE, ZV_NUM_MOBILE},
	{"mobilephone", ZV_COL_PHONE, ZV_NUM_MOBILE},
	{"cell", ZV_COL_PHONE, ZV_NUM_MOBILE},
	{"cellphone", ZV_COL_PHONE, ZV_NUM_MOBILE},
	{"number", ZV_COL_PHONE, -1},
	{"homephone", ZV_COL_PHONE, ZV_NUM_HOME},
	{"phonehome", ZV_COL_PHONE, ZV_NUM_HOME},
	{"workphone", ZV_COL_PHONE, ZV_NUM_WORK},
	{"phonework", ZV_COL_PHONE, ZV_NUM_WORK},
	{"телефон", ZV_COL_PHONE, -1},
	{"тел", ZV_COL_PHONE, -1},
	{"номер", ZV_COL_PHONE, -1},
	{"номертелефона", ZV_COL_PHONE, -1},
	{"контактныйтелефон", ZV_COL_PHONE, -1},
	{"основнойтелефон", ZV_COL_PHONE, -1},
	{"мобильный", ZV_COL_PHONE, ZV_NUM_MOBILE},
	{"мобильныйтелефон", ZV_COL_PHONE, ZV_NUM_MOBILE},
	{"сотовый", ZV_COL_PHONE, ZV_NUM_MOBILE},
	{"сотовыйтелефон", ZV_COL_PHONE, ZV_NUM_MOBILE},
	{"домашний", ZV_COL_PHONE, ZV_NUM_HOME},
	{"домашнийтелефон", ZV_COL_PHONE, ZV_NUM_HOME},
	{"рабочий", ZV_COL_PHONE, ZV_NUM_WORK},
	{"рабочийтелефон", ZV_COL_PHONE, ZV_NUM_WORK},
	{"доптелефон", ZV_COL_PHONE, ZV_NUM_OTHER},
	{"дополнительныйтелефон", ZV_COL_PHONE, ZV_NUM_OTHER},
	{"id", ZV_COL_EXTERNAL, -1},
	{"externalid", ZV_COL_EXTERNAL, -1},
	{"extid", ZV_COL_EXTERNAL, -1},
	{"clientid", ZV_COL_EXTERNAL, -1},
	{"customerid", ZV_COL_EXTERNAL, -1},
	{"ид", ZV_COL_EXTERNAL, -1},
	{"внешнийид", ZV_COL_EXTERNAL, -1},
	{"идентификатор", ZV_COL_EXTERNAL, -1},
	{"idклиента", ZV_COL_EXTERNAL, -1},
	{"кодклиента", ZV_COL_EXTERNAL, -1},
	{"tz", ZV_COL_ZONE, -1},
	{"zone", ZV_COL_ZONE, -1},
	{"timezone", ZV_COL_ZONE, -1},
	{"зона", ZV_COL_ZONE, -1},
	{"часовойпояс", ZV_COL_ZONE, -1},
	{"таймзона", ZV_COL_ZONE, -1},
	{"jurisdiction", ZV_COL_JURISDICTION, -1},
	{"jur", ZV_COL_JURISDICTION, -1},
	{"юрисдикция", ZV_COL_JURISDICTION, -1},
	{"region", ZV_COL_REGION, -1},
	{"регион", ZV_COL_REGION, -1},
	{"область", ZV_COL_REGION, -1},
	{"субъект", ZV_COL_REGION, -1},
	{"субъектрф", ZV_COL_REGION, -1},
	{"территориягар", ZV_COL_REGION, -1},
	{"registrationzone", ZV_COL_REGISTRATION, -1},
	{"зонарегистрации", ZV_COL_REGISTRATION, -1},
	{"часовойпоясрегистрации", ZV_COL_REGISTRATION, -1},
	{"language", ZV_COL_LANGUAGE, -1},
	{"lang", ZV_COL_LANGUAGE, -1},
	{"язык", ZV_COL_LANGUAGE, -1},
	{"debt", ZV_COL_DEBT, -1},
	{"debtid", ZV_COL_DEBT, -1},
	{"loan", ZV_COL_DEBT, -1},
	{"loanid", ZV_COL_DEBT, -1},
	{"contract", ZV_COL_DEBT, -1},
	{"долг", ZV_COL_DEBT, -1},
	{"номердолга", ZV_COL_DEBT, -1},
	{"договор", ZV_COL_DEBT, -1},
	{"номердоговора", ZV_COL_DEBT, -1},
	{"topic", ZV_COL_TOPIC, -1},
	{"тема", ZV_COL_TOPIC, -1},
	{"party", ZV_COL_PARTY, -1},
	{"сторона", ZV_COL_PARTY, -1},
	{"flags", ZV_COL_FLAGS, -1},
	{"флаги", ZV_COL_FLAGS, -1},
	{"отметки", ZV_COL_FLAGS, -1},
	{"consents", ZV_COL_CONSENTS, -1},
	{"согласия", ZV_COL_CONSENTS, -1},
};

static bool is_name(const char *header)
{
	static const char *const names[] = {"name", "fullname", "fio", "имя", "фио", NULL};

	for (int i = 0; names[i] != NULL; i++)
		if (strcmp(names[i], header) == 0)
			return true;
	return false;
}

static void set_name(struct zv_column *col, const char *p, size_t n)
{
	/* Cut between characters. */
	while (n >= sizeof(col->name) || (n > 0 && n < strlen(p) && ((uint8_t)p[n] & 0xc0) == 0x80))
		n--;
	memcpy(col->name, p, n);
	col->name[n] = 0;
}

/* "phone", "phone2", "телефон 3": the name without its number, and the number. */
static uint8_t take_order(char *header)
{
	size_t n = strlen(header);

	if (n > 1 && header[n - 1] >= '1' && header[n - 1] <= '9' &&
	    (header[n - 2] < '0' || header[n - 2] > '9')) {
		uint8_t order = (uint8_t)(header[n - 1] - '0');

		header[n - 1] = 0;
		return order;
	}
	return 0;
}

static void by_header(struct zv_column *col, const struct zv_csv_field *f, bool *has_name)
{
	char header[128];
	uint8_t order;

	plain(f->p, f->n, header, sizeof(header));
	col->kind = ZV_COL_ATTR;
	col->number_kind = -1;
	if (!*has_name && is_name(header)) {
		*has_name = true;
		set_name(col, "name", 4);
		return;
	}
	order = take_order(header);
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		if (strcmp(usual[i].header, header) != 0 ||
		    (order != 0 && usual[i].kind != ZV_COL_PHONE))
			continue;
		col->kind = usual[i].kind;
		col->number_kind = usual[i].number_kind;
		col->order = order;
		return;
	}
}

/* A header as it is written, or #3. */
static uint32_t find_column(const struct zv_csv_row *header, const char *p, size_t n)
{
	char want[128], have[128];
	uint32_t at = 0;

	if (n >= 2 && p[0] == '#') {
		for (size_t i = 1; i < n; i++) {
			if (p[i] < '0' || p[i] > '9' || at > ZV_CSV_FIELDS_MAX)
				return UINT32_MAX;
			at = at * 10 + (uint32_t)(p[i] - '0');
		}
		return at >= 1 && at <= header->n ? at - 1 : UINT32_MAX;
	}
	plain(p, n, want, sizeof(want));
	for (uint32_t i = 0; i < header->n; i++) {
		plain(header->v[i].p, header->v[i].n, have, sizeof(have));
		if (strcmp(want, have) == 0)
			return i;
	}
	return UINT32_MAX;
}

static void assign(struct zv_column *col, const char *name, size_t n)
{
	static const struct { const char *name; uint8_t kind; } known[] = {
		{"external_id", ZV_COL_EXTERNAL}, {"zone", ZV_COL_ZONE}, {"tz", ZV_COL_ZONE},
		{"jurisdiction", ZV_COL_JURISDICTION}, {"region", ZV_COL_REGION},
		{"registration_zone", ZV_COL_REGISTRATION}, {"language", ZV_COL_LANGUAGE},
		{"debt", ZV_COL_DEBT}, {"topic", ZV_COL_TOPIC}, {"party", ZV_COL_PARTY},
		{"flags", ZV_COL_FLAGS}, {"consents", ZV_COL_CONSENTS},
	};

	*col = (struct zv_column){.kind = ZV_COL_ATTR, .number_kind = -1};
	set_name(col, name, n);
	if (n >= 5 && memcmp(name, "phone", 5) == 0 &&
	    (n == 5 || (n == 6 && name[5] >= '1' && name[5] <= '8'))) {
		col->kind = ZV_COL_PHONE;
		col->order = n == 6 ? (uint8_t)(name[5] - '0') : 1;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == n && memcmp(known[i].name, name, n) == 0)
			col->kind = known[i].kind;
}

static enum zv_err by_mapping(const struct zv_csv_row *header, const char *mapping,
			      struct zv_columns *c, bool *taken, char *text, size_t text_size)
{
	for (const char *p = mapping; *p != 0;) {
		size_t n = strcspn(p, ",");
		const char *eq = memchr(p, '=', n);
		const char *value;
		size_t name_len;
		uint32_t at;

		if (eq == NULL || eq == p || eq + 1 == p + n) {
			(void)snprintf(text, text_size,
				       "mapping \"%.*s\": write name=header or name=#column",
				       (int)(n < 80 ? n : 80), p);
			return ZV_EPARSE;
		}
		name_len = (size_t)(eq - p);
		value = eq + 1;
		at = find_column(header, value, n - name_len - 1);
		if (at == UINT32_MAX || name_len >= ZV_COLUMN_NAME_MAX) {
			(void)snprintf(text, text_size, "mapping: the list has no column \"%.*s\"",
				       (int)(n - name_len - 1 < 80 ? n - name_len - 1 : 80), value);
			return ZV_EPARSE;
		}
		assign(&c->v[at], p, name_len);
		taken[at] = true;
		p += n + (p[n] == ',');
	}
	return ZV_OK;
}

/* Debt and topic are known by a hash, and read out under their names. */
static bool is_attr(const struct zv_column *col)
{
	return col->kind == ZV_COL_ATTR || col->kind == ZV_COL_DEBT || col->kind == ZV_COL_TOPIC;
}

static bool name_used(const struct zv_columns *c, uint32_t before, const char *name)
{
	for (uint32_t i = 0; i < before; i++)
		if (is_attr(&c->v[i]) && strcmp(c->v[i].name, name) == 0)
			return true;
	return false;
}

static void name_attrs(const struct zv_csv_row *header, struct zv_columns *c)
{
	for (uint32_t i = 0; i < c->n; i++) {
		struct zv_column *col = &c->v[i];
		char base[ZV_COLUMN_NAME_MAX];

		if (!is_attr(col))
			continue;
		if (col->name[0] == 0 && header->v[i].n > 0) {
			char full[256];
			size_t n = header->v[i].n < sizeof(full) - 1 ? header->v[i].n
								     : sizeof(full) - 1;

			memcpy(full, header->v[i].p, n);
			full[n] = 0;
			set_name(col, full, n);
		}
		if (col->name[0] == 0)
			(void)snprintf(col->name, sizeof(col->name), "column_%u", i + 1);
		memcpy(base, col->name, sizeof(base));
		for (unsigned k = 2; name_used(c, i, col->name); k++)
			(void)snprintf(col->name, sizeof(col->name), "%.50s_%u", base, k);
	}
}

static void order_phones(struct zv_columns *c)
{
	for (uint8_t order = 0; order <= 9; order++)
		for (uint32_t i = 0; i < c->n; i++)
			if (c->v[i].kind == ZV_COL_PHONE && c->v[i].order == order &&
			    c->n_phones < ZV_NUMBERS_MAX)
				c->phones[c->n_phones++] = i;
}

static bool is_single(uint8_t kind)
{
	return kind != ZV_COL_ATTR && kind != ZV_COL_PHONE && kind != ZV_COL_SKIP;
}

/* What was mapped by hand is not found out by header too; of two that mean the same the first
 * counts. */
static void by_headers(const struct zv_csv_row *header, const bool *taken, struct zv_columns *c)
{
	bool has_name = false, has_phone = false;

	for (uint32_t i = 0; i < c->n; i++) {
		has_name |= taken[i] && strcmp(c->v[i].name, "name") == 0;
		has_phone |= taken[i] && c->v[i].kind == ZV_COL_PHONE;
		if (taken[i] && is_single(c->v[i].kind))
			c->single[c->v[i].kind] = i;
	}
	for (uint32_t i = 0; i < c->n; i++) {
		struct zv_column *col = &c->v[i];

		if (taken[i])
			continue;
		by_header(col, &header->v[i], &has_name);
		if ((col->kind == ZV_COL_PHONE && has_phone) ||
		    (is_single(col->kind) && c->single[col->kind] != UINT32_MAX))
			col->kind = ZV_COL_ATTR;
		if (is_single(col->kind))
			c->single[col->kind] = i;
	}
}

enum zv_err zv_columns_read(const struct zv_csv_row *header, const char *mapping,
			    struct zv_columns *ret_columns, char *text, size_t text_size)
{
	struct zv_columns *c = ret_columns;
	bool taken[ZV_CSV_FIELDS_MAX] = {false};
	enum zv_err err = ZV_OK;

	memset(c, 0, sizeof(*c));
	c->n = header->n;
	for (uint32_t i = 0; i < ZV_COL_KINDS; i++)
		c->single[i] = UINT32_MAX;
	if (mapping != NULL)
		err = by_mapping(header, mapping, c, taken, text, text_size);
	if (err != ZV_OK)
		return err;
	by_headers(header, taken, c);
	name_attrs(header, c);
	order_phones(c);
	if (c->n_phones == 0) {
		(void)snprintf(text, text_size,
			       "the first line names no telephone column; say which one it is, "
			       "for example --map phone=#1");
		return ZV_EPARSE;
	}
	return ZV_OK;
}
