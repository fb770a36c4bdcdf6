#include "app/form_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 2000u

static bool is_date(const char *s)
{
	static const char form[] = "dddd-dd-dd";
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int month, day, year;

	for (size_t i = 0; i < sizeof(form); i++)
		if (form[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != form[i])
			return false;
	year = (s[0] - '0') * 1000 + (s[1] - '0') * 100 + (s[2] - '0') * 10 + (s[3] - '0');
	month = (s[5] - '0') * 10 + (s[6] - '0');
	day = (s[8] - '0') * 10 + (s[9] - '0');
	if (month < 1 || month > 12 || day < 1 || day > days[month - 1])
		return false;
	return month != 2 || day < 29 || (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

static bool is_number(const char *s)
{
	size_t digits = 0, dots = 0;

	if (*s == '-')
		s++;
	for (; *s != 0; s++) {
		digits += *s >= '0' && *s <= '9';
		dots += *s == '.' || *s == ',';
		if ((*s < '0' || *s > '9') && *s != '.' && *s != ',')
			return false;
	}
	return digits > 0 && digits <= 30 && dots <= 1;
}

static bool chosen(const struct zv_config_field *f, const char *s)
{
	for (uint8_t i = 0; i < f->n_choices; i++)
		if (strcmp(f->choices[i], s) == 0)
			return true;
	return false;
}

static bool is_text(const json_t *value)
{
	return json_is_string(value) && json_string_length(value) <= TEXT_MAX &&
	       strlen(json_string_value(value)) == json_string_length(value);
}

static bool fits(const struct zv_config_field *f, const json_t *value)
{
	const char *s = json_string_value(value);
	uint64_t e164;

	switch ((enum zv_field_type)f->type) {
	case ZV_FIELD_TEXT: return is_text(value);
	case ZV_FIELD_NUMBER: return json_is_number(value) || (is_text(value) && is_number(s));
	case ZV_FIELD_DATE: return is_text(value) && is_date(s);
	case ZV_FIELD_CHOICE: return is_text(value) && chosen(f, s);
	case ZV_FIELD_PHONE: return is_text(value) && zv_conf_phone(s, &e164) == ZV_OK;
	case ZV_FIELD_BOOL:
		return json_is_boolean(value) ||
		       (is_text(value) && (strcmp(s, "true") == 0 || strcmp(s, "false") == 0));
	}
	return false;
}

static const struct zv_config_field *field_of(const struct zv_config_form *form, const char *name)
{
	for (uint8_t i = 0; i < form->n_fields; i++)
		if (strcmp(form->fields[i].name, name) == 0)
			return &form->fields[i];
	return NULL;
}

bool zv_form_check(const struct zv_config_form *form, const json_t *fields, bool whole, char *why,
		   size_t size)
{
	const char *name;
	json_t *value;

	if (!json_is_object(fields)) {
		(void)snprintf(why, size, "fields: an object");
		return false;
	}
	json_object_foreach((json_t *)(uintptr_t)fields, name, value)
	{
		const struct zv_config_field *f = form != NULL ? field_of(form, name) : NULL;

		if (form != NULL && f == NULL)
			(void)snprintf(why, size, "%.60s is no field of %s", name, form->name);
		else if (f != NULL && !json_is_null(value) && !fits(f, value))
			(void)snprintf(why, size, "%.60s: not what the form asks for", name);
		else if (f == NULL && json_is_string(value) && !is_text(value))
			(void)snprintf(why, size, "%.60s: too long", name);
		else
			continue;
		return false;
	}
	for (uint8_t i = 0; whole && form != NULL && i < form->n_fields; i++) {
		const struct zv_config_field *f = &form->fields[i];

		value = json_object_get(fields, f->name);
		if (!f->required || (value != NULL && !json_is_null(value) &&
				     !(json_is_string(value) && json_string_length(value) == 0)))
			continue;
		(void)snprintf(why, size, "%s must be filled in", f->name);
		return false;
	}
	return true;
}
