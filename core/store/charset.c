#include "store/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uchardet/uchardet.h>
#include <unistd.h>

#include "store/utf8.h"

#define RAW_MAX 65536u

struct zv_charset {
	int fd;
	bool given;   /* the encoding was */
	bool decided; /* false: only ASCII so far */
	bool utf8;    /* copied, not converted */
	bool begun, eof;
	iconv_t cd;   /* valid unless utf8 */
	bool cd_open;
	char name[32];
	char raw[RAW_MAX];
	size_t start, end;
	uint64_t taken; /* bytes of the file before raw[start] */
	uint64_t line;
	char text[256];
};

static bool same(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

static enum zv_err use(struct zv_charset *c, const char *name)
{
	(void)snprintf(c->name, sizeof(c->name), "%s", name);
	c->utf8 = same(name, "UTF-8") || same(name, "UTF8") || same(name, "ASCII");
	if (c->utf8) {
		(void)snprintf(c->name, sizeof(c->name), "UTF-8");
		return ZV_OK;
	}
	c->cd = iconv_open("UTF-8", name);
	if (c->cd == (iconv_t)-1) {
		(void)snprintf(c->text, sizeof(c->text), "unknown encoding \"%.40s\"", name);
		return ZV_EPARSE;
	}
	c->cd_open = true;
	return ZV_OK;
}

enum zv_err zv_charset_create(int fd, const char *encoding, struct zv_charset **ret_charset)
{
	struct zv_charset *c = calloc(1, sizeof(*c));
	enum zv_err err = ZV_OK;

	if (c == NULL)
		return ZV_ENOMEM;
	c->fd = fd;
	c->line = 1;
	c->given = encoding != NULL;
	if (c->given)
		err = use(c, same(encoding, "CP1251") || same(encoding, "WINDOWS-1251") ? "CP1251"
											 : encoding);
	if (err != ZV_OK) {
		zv_charset_destroy(c);
		return err;
	}
	*ret_charset = c;
	return ZV_OK;
}

void zv_charset_destroy(struct zv_charset *charset)
{
	if (charset == NULL)
		return;
	if (charset->cd_open)
		iconv_close(charset->cd);
	free(charset);
}

static enum zv_err fill(struct zv_charset *c)
{
	if (c->start > 0) {
		memmove(c->raw, c->raw + c->start, c->end - c->start);
		c->end -= c->start;
		c->start = 0;
	}
	while (!c->eof && c->end < RAW_MAX) {
		ssize_t n = read(c->fd, c->raw + c->end, RAW_MAX - c->end);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			(void)snprintf(c->text, sizeof(c->text), "cannot read: %s", strerror(errno));
			return ZV_EIO;
		}
		if (n == 0)
			c->eof = true;
		c->end += (size_t)n;
	}
	return ZV_OK;
}

static void take(struct zv_charset *c, size_t n)
{
	for (const char *p = c->raw + c->start, *end = p + n;
	     (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
		c->line++;
	c->start += n;
	c->taken += n;
}

/* How many characters of more than one byte, if all is UTF-8; -1 if it is not.  *ret_first: the
 * first such character, or the first bad byte. */
static long count_utf8(const char *p, size_t n, size_t *ret_first)
{
	long many = 0;
	size_t step;

	*ret_first = n;
	for (size_t i = 0; i < n; i += step) {
		uint32_t ch = zv_utf8_get(p + i, n - i, &step);

		if (ch == ZV_UTF8_SHORT)
			break; /* cut at the end of the piece */
		if (ch == ZV_UTF8_BAD) {
			*ret_first = i;
			return -1;
		}
		if (step > 1 && many++ == 0)
			*ret_first = i;
	}
	return many;
}

static enum zv_err wrong(struct zv_charset *c, size_t at, const char *what)
{
	uint64_t line = c->line, byte = c->taken + at + 1;

	for (size_t i = 0; i < at; i++)
		line += c->raw[c->start + i] == '\n';
	(void)snprintf(c->text, sizeof(c->text), "line %llu, byte %llu: %s",
		       (unsigned long long)line, (unsigned long long)byte, what);
	return ZV_EPARSE;
}

static bool begins_with(const struct zv_charset *c, const char *mark, size_t n)
{
	return c->end - c->start >= n && memcmp(c->raw + c->start, mark, n) == 0;
}

/* Byte order marks decide unless something else was given. */
static enum zv_err begin(struct zv_charset *c)
{
	enum zv_err err = ZV_OK;

	c->begun = true;
	if (begins_with(c, "\xef\xbb\xbf", 3)) {
		if (c->given && !c->utf8)
			return wrong(c, 0, "the file is UTF-8 (it begins with its mark), another "
					   "encoding was given");
		if (!c->given)
			err = use(c, "UTF-8");
		c->decided = true;
		take(c, 3);
	} else if (!c->given &&
		   (begins_with(c, "\xff\xfe", 2) || begins_with(c, "\xfe\xff", 2))) {
		err = use(c, "UTF-16");
		c->decided = true;
	}
	return err;
}

/* Cyrillic lists come in few encodings; a detector's other guesses are wrong ones. */
static const char *guess(const char *p, size_t n)
{
	static const char *const known[] = {"KOI8-R", "IBM866", "ISO-8859-5", "UTF-16LE",
					    "UTF-16BE", NULL};
	const char *name = "CP1251";
	uchardet_t u = uchardet_new();

	if (u == NULL)
		return name;
	if (uchardet_handle_data(u, p, n) == 0) {
		uchardet_data_end(u);
		for (int i = 0; known[i] != NULL; i++)
			if (same(uchardet_get_charset(u), known[i]))
				name = known[i];
	}
	uchardet_delete(u);
	return name;
}

/* The first piece with a byte beyond ASCII decides, or contradicts what was given. */
static enum zv_err decide(struct zv_charset *c)
{
	const char *p = c->raw + c->start;
	size_t n = c->end - c->start, first;
	long many;
	bool ascii = true;

	for (size_t i = 0; i < n && ascii; i++)
		ascii = (p[i] & 0x80) == 0 && p[i] != 0;
	if (ascii)
		return ZV_OK;
	c->decided = true;
	many = count_utf8(p, n, &first);
	if (!c->given)
		return use(c, many >= 0 && memchr(p, 0, n) == NULL ? "UTF-8" : guess(p, n));
	/* Text of a one-byte encoding that happens to be good UTF-8 does not exist in practice:
	 * three characters are proof enough. */
	if (!c->utf8 && many >= 3 && (same(c->name, "CP1251") || same(c->name, "KOI8-R") ||
				      same(c->name, "IBM866") || same(c->name, "CP866")))
		return wrong(c, first, "the text is UTF-8, another encoding was given");
	return ZV_OK;
}

static enum zv_err copy(struct zv_charset *c, char *buf, size_t cap, size_t *ret_n)
{
	const char *p = c->raw + c->start;
	size_t n = c->end - c->start, i = 0;

	if (n > cap)
		n = cap;
	while (i < n) {
		size_t step;
		uint32_t ch;

		if ((p[i] & 0x80) == 0) {
			i++;
			continue;
		}
		ch = zv_utf8_get(p + i, n - i, &step);
		if (ch == ZV_UTF8_SHORT && (n < c->end - c->start || !c->eof) && i > 0)
			break; /* the rest of the character comes later */
		if (ch == ZV_UTF8_SHORT || ch == ZV_UTF8_BAD)
			return wrong(c, i, c->given ? "not UTF-8, as was given"
						    : "not UTF-8, although the text before is");
		i += step;
	}
	memcpy(buf, p, i);
	take(c, i);
	*ret_n = i;
	return ZV_OK;
}

static enum zv_err convert(struct zv_charset *c, char *buf, size_t cap, size_t *ret_n)
{
	char *in = c->raw + c->start, *out = buf;
	size_t in_left = c->end - c->start, out_left = cap;
	size_t rc = iconv(c->cd, &in, &in_left, &out, &out_left);
	int why = errno;
	size_t used = (size_t)(in - (c->raw + c->start));

	if (rc == (size_t)-1 && why == EILSEQ && out == buf) {
		char what[96];

		(void)snprintf(what, sizeof(what), "no character of %s", c->name);
		return wrong(c, used, what);
	}
	if (rc == (size_t)-1 && why == EINVAL && out == buf && c->eof)
		return wrong(c, used, "the file ends inside a character");
	take(c, used);
	*ret_n = (size_t)(out - buf);
	return ZV_OK;
}

enum zv_err zv_charset_read(void *charset, char *buf, size_t cap, size_t *ret_n)
{
	struct zv_charset *c = charset;
	enum zv_err err;

	*ret_n = 0;
	for (;;) {
		/* A whole piece at hand, so that a character cut by it means the file's end. */
		if (c->end - c->start < RAW_MAX / 2 && !c->eof) {
			err = fill(c);
			if (err != ZV_OK)
				return err;
		}
		if (!c->begun) {
			err = begin(c);
			if (err != ZV_OK)
				return err;
		}
		if (!c->decided) {
			err = decide(c);
			if (err != ZV_OK)
				return err;
		}
		if (c->start == c->end)
			return ZV_OK;
		err = c->cd_open ? convert(c, buf, cap, ret_n) : copy(c, buf, cap, ret_n);
		if (err != ZV_OK || *ret_n > 0)
			return err;
		if (c->eof && c->start < c->end && !c->cd_open)
			return wrong(c, 0, "the file ends inside a character");
	}
}

const char *zv_charset_text(const struct zv_charset *charset)
{
	return charset->text;
}

const char *zv_charset_name(const struct zv_charset *charset)
{
	return charset->name[0] != 0 ? charset->name : "UTF-8";
}

uint64_t zv_charset_bytes(const struct zv_charset *charset)
{
	return charset->taken;
}
