#include "app/template.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"

/* One {{name|default}}: parts of the template's text. */
struct variable {
	const char *name, *def; /* def NULL: none */
	size_t name_len, def_len;
	const char *after; /* behind the }} */
};

static void trim(const char **p, size_t *len)
{
	while (*len > 0 && **p == ' ') {
		(*p)++;
		(*len)--;
	}
	while (*len > 0 && (*p)[*len - 1] == ' ')
		(*len)--;
}

/* p stands behind the {{.  NULL if it is well formed, else what is wrong. */
static const char *take_variable(const char *p, struct variable *v)
{
	const char *end = strstr(p, "}}");
	const char *bar;
	size_t len;

	if (end == NULL)
		return "a {{ without its }}";
	len = (size_t)(end - p);
	if (memchr(p, '{', len) != NULL || memchr(p, '}', len) != NULL)
		return "braces inside {{ }}";
	bar = memchr(p, '|', len);
	v->name = p;
	v->name_len = bar != NULL ? (size_t)(bar - p) : len;
	v->def = bar != NULL ? bar + 1 : NULL;
	v->def_len = bar != NULL ? (size_t)(end - bar - 1) : 0;
	v->after = end + 2;
	trim(&v->name, &v->name_len);
	if (v->def != NULL)
		trim(&v->def, &v->def_len);
	if (v->name_len == 0)
		return "an empty {{ }}";
	if (v->name_len > 63)
		return "a variable's name over 63 bytes";
	return NULL;
}

enum zv_err zv_template_check(const char *text,
			      void (*fn)(void *arg, const char *name, size_t len, int has_default),
			      void *arg, const char **ret_wrong)
{
	if (strlen(text) > ZV_TEMPLATE_TEXT_MAX) {
		*ret_wrong = "a text over 4096 bytes";
		return ZV_EPARSE;
	}
	while (*text != 0) {
		struct variable v;

		if (strncmp(text, "}}", 2) == 0) {
			*ret_wrong = "a }} without its {{";
			return ZV_EPARSE;
		}
		if (strncmp(text, "{{", 2) != 0) {
			text++;
			continue;
		}
		*ret_wrong = take_variable(text + 2, &v);
		if (*ret_wrong != NULL)
			return ZV_EPARSE;
		if (fn != NULL)
			fn(arg, v.name, v.name_len, v.def != NULL);
		text = v.after;
	}
	return ZV_OK;
}

/* The value of a key in "key\0value\0...", with its length; false: none. */
static bool find_attr(const char *attrs, size_t attrs_len, const struct variable *v,
		      const char **ret_value, size_t *ret_len)
{
	size_t i = 0;

	while (i < attrs_len) {
		const char *key = attrs + i;
		const char *key_end = memchr(key, 0, attrs_len - i);
		const char *value, *value_end;

		if (key_end == NULL)
			return false;
		value = key_end + 1;
		value_end = memchr(value, 0, attrs_len - (size_t)(value - attrs));
		if (value_end == NULL)
			return false;
		if ((size_t)(key_end - key) == v->name_len && memcmp(key, v->name, v->name_len) == 0) {
			*ret_value = value;
			*ret_len = (size_t)(value_end - value);
			return true;
		}
		i = (size_t)(value_end - attrs) + 1;
	}
	return false;
}

struct out {
	char *buf;
	size_t n, cap;
};

/* Control characters would steer the synthesiser or the logs. */
static bool put(struct out *o, const char *p, size_t len, bool clean)
{
	if (len >= o->cap - o->n)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char ch = (unsigned char)p[i];

		o->buf[o->n++] = clean && (ch < 0x20 || ch == 0x7f) ? ' ' : p[i];
	}
	o->buf[o->n] = 0;
	return true;
}

enum zv_err zv_template_render(const char *text, const char *attrs, size_t attrs_len, char *buf,
			       size_t cap, uint32_t *ret_missing)
{
	struct out o = {buf, 0, cap};
	uint32_t missing = 0;

	if (cap == 0)
		return ZV_EFULL;
	buf[0] = 0;
	while (*text != 0) {
		const char *open = strstr(text, "{{");
		size_t plain = open != NULL ? (size_t)(open - text) : strlen(text);
		const char *value = "";
		struct variable v;
		size_t len = 0;

		if (!put(&o, text, plain, false))
			return ZV_EFULL;
		if (open == NULL)
			break;
		if (take_variable(open + 2, &v) != NULL)
			return ZV_EPARSE;
		if (!find_attr(attrs, attrs_len, &v, &value, &len) || len == 0) {
			missing += v.def == NULL;
			value = v.def != NULL ? v.def : "";
			len = v.def_len;
		}
		if (!put(&o, value, len, true))
			return ZV_EFULL;
		text = v.after;
	}
	if (ret_missing != NULL)
		*ret_missing = missing;
	return ZV_OK;
}

uint64_t zv_prompt_hash(const char *voice, uint32_t rate, const char *text)
{
	/* Not a secret: the same key everywhere, so that a cache may be moved. */
	struct zv_key key = {UINT64_C(0x7a766f6e61722d70), UINT64_C(0x726f6d7074732d31)};
	uint8_t head[12];
	uint64_t hash;

	zv_put_be64(head, zv_siphash(&key, voice, strlen(voice)));
	zv_put_be32(head + 8, rate);
	key.k0 ^= zv_siphash(&key, head, sizeof(head));
	hash = zv_siphash(&key, text, strlen(text));
	return hash != 0 ? hash : 1;
}
