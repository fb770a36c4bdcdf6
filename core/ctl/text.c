/* Text that came from outside, made safe for where it goes. */
#include <string.h>

#include "ctl/out.h"

/* Length of the well-formed UTF-8 sequence at p (RFC 3629), 0 if it is none. */
static size_t utf8_len(const unsigned char *p)
{
	size_t n;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

/* U+0080..U+009F, the line and paragraph separators and the marks that turn the direction of
 * writing: they steer terminals and viewers, and no name needs them. */
static bool steers(const unsigned char *p, size_t len)
{
	if (len == 2)
		return p[0] == 0xc2 && p[1] < 0xa0;
	if (len != 3 || p[0] != 0xe2)
		return false;
	return (p[1] == 0x80 && (p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae))) ||
	       (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
}

typedef bool (*put_ascii_fn)(FILE *to, unsigned char c); /* true: it was written otherwise */

static void put_text(FILE *to, const char *text, bool strict, put_ascii_fn put_ascii)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p != 0) {
		size_t n = utf8_len(p);

		if (n == 0 || (strict && steers(p, n))) {
			(void)fputs("\xef\xbf\xbd", to);
			p += n == 0 ? 1 : n;
		} else if (n == 1 && put_ascii(to, *p)) {
			p++;
		} else {
			(void)fwrite(p, 1, n, to);
			p += n;
		}
	}
}

static bool json_ascii(FILE *to, unsigned char c)
{
	if (c == '"' || c == '\\')
		(void)fprintf(to, "\\%c", c);
	else if (c < 0x20 || c == 0x7f)
		(void)fprintf(to, "\\u%04x", c);
	else
		return false;
	return true;
}

static bool plain_ascii(FILE *to, unsigned char c)
{
	if (c >= 0x20 && c != 0x7f)
		return false;
	(void)fputc(c == '\t' || c == '\n' || c == '\r' ? ' ' : '?', to);
	return true;
}

static bool csv_ascii(FILE *to, unsigned char c)
{
	if (c != '"')
		return false;
	(void)fputs("\"\"", to);
	return true;
}

static bool html_ascii(FILE *to, unsigned char c)
{
	switch (c) {
	case '&': (void)fputs("&amp;", to); return true;
	case '<': (void)fputs("&lt;", to); return true;
	case '>': (void)fputs("&gt;", to); return true;
	case '"': (void)fputs("&quot;", to); return true;
	case '\'': (void)fputs("&#39;", to); return true;
	default: break;
	}
	if (c >= 0x20 && c != 0x7f)
		return false;
	(void)fputc(' ', to);
	return true;
}

void zv_put_json(FILE *to, const char *text)
{
	put_text(to, text, false, json_ascii);
}

void zv_put_plain(FILE *to, const char *text)
{
	put_text(to, text, true, plain_ascii);
}

void zv_put_html(FILE *to, const char *text)
{
	put_text(to, text, true, html_ascii);
}

void zv_put_csv(FILE *to, const char *text)
{
	bool formula = text[0] != 0 && strchr("=+-@\t\r", text[0]) != NULL;
	bool quote = formula || strpbrk(text, "\",;\r\n\t") != NULL;

	if (quote)
		(void)fputc('"', to);
	if (formula)
		(void)fputc('\'', to);
	put_text(to, text, false, csv_ascii);
	if (quote)
		(void)fputc('"', to);
}

size_t zv_text_width(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t width = 0;

	while (*p != 0) {
		size_t n = utf8_len(p);

		p += n == 0 ? 1 : n;
		width++;
	}
	return width;
}
