#include "base/htdigest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/md5.h"

#define BYTES_MAX (4u << 20)

bool zv_hex_read(const char *text, size_t len, uint8_t *ret, size_t n)
{
	if (len != 2 * n)
		return false;
	memset(ret, 0, n);
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
			c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

		if (v < 0)
			return false;
		ret[i / 2] = (uint8_t)(ret[i / 2] << 4 | v);
	}
	return true;
}

void zv_hex_write(const uint8_t *bytes, size_t n, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		ret[2 * i] = digits[bytes[i] >> 4];
		ret[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret[2 * n] = 0;
}

bool zv_same_secret(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t differs = 0;

	for (size_t i = 0; i < len; i++)
		differs |= (uint8_t)(x[i] ^ y[i]);
	return differs == 0;
}

/* ---- files ---- */

static enum zv_err check_file(int fd, const char *path, char *text, size_t size, size_t *ret_len)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		(void)snprintf(text, size, "%s: no file", path);
		return ZV_EIO;
	}
	if ((st.st_mode & 077) != 0) {
		(void)snprintf(text, size, "%s: others may read or write it; chmod 600", path);
		return ZV_EDENIED;
	}
	if (st.st_size > (off_t)BYTES_MAX) {
		(void)snprintf(text, size, "%s: over %u bytes", path, BYTES_MAX);
		return ZV_EFULL;
	}
	*ret_len = (size_t)st.st_size;
	return ZV_OK;
}

enum zv_err zv_secret_read(const char *path, char *text, size_t text_size, char **ret_bytes,
			   size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t len = 0, at = 0;
	char *bytes = NULL;
	enum zv_err err;

	if (fd < 0) {
		(void)snprintf(text, text_size, "%s: %s", path, strerror(errno));
		return errno == ENOENT ? ZV_ENOENT : ZV_EIO;
	}
	err = check_file(fd, path, text, text_size, &len);
	if (err == ZV_OK) {
		bytes = malloc(len + 1);
		err = bytes != NULL ? ZV_OK : ZV_ENOMEM;
	}
	while (err == ZV_OK && at < len) {
		ssize_t n = read(fd, bytes + at, len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			(void)snprintf(text, text_size, "%s: cannot be read", path);
			err = ZV_EIO;
		} else {
			at += (size_t)n;
		}
	}
	(void)close(fd);
	if (err != ZV_OK) {
		free(bytes);
		return err;
	}
	bytes[len] = 0;
	*ret_bytes = bytes;
	*ret_len = len;
	return ZV_OK;
}

enum zv_err zv_secret_write(const char *path, const char *bytes, size_t len, char *text,
			    size_t text_size)
{
	char beside[1024];
	int fd = -1, n = snprintf(beside, sizeof(beside), "%s.new", path);
	size_t at = 0;

	if (n < 0 || (size_t)n >= sizeof(beside)) {
		(void)snprintf(text, text_size, "%.80s...: too long a path", path);
		return ZV_EINVAL;
	}
	(void)unlink(beside); /* of a write that was broken off */
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		goto fail;
	while (at < len) {
		ssize_t put = write(fd, bytes + at, len - at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			goto fail;
		at += (size_t)put;
	}
	if (fsync(fd) != 0 || rename(beside, path) != 0)
		goto fail;
	(void)close(fd);
	return ZV_OK;
fail:
	(void)snprintf(text, text_size, "%s: %s", path, strerror(errno));
	if (fd >= 0) {
		(void)close(fd);
		(void)unlink(beside);
	}
	return ZV_EIO;
}

/* ---- lines ---- */

struct line {
	const char *user, *realm, *ha1;
	size_t user_len, realm_len, ha1_len;
};

/* Length of the line that begins at bytes[at], without its end; *ret_next: of the next one. */
static size_t line_len(const char *bytes, size_t len, size_t at, size_t *ret_next)
{
	const char *end = memchr(bytes + at, '\n', len - at);
	size_t n = end != NULL ? (size_t)(end - (bytes + at)) : len - at;

	*ret_next = at + n + (end != NULL);
	return n > 0 && bytes[at + n - 1] == '\r' ? n - 1 : n;
}

static bool split(const char *p, size_t len, struct line *l)
{
	const char *first = memchr(p, ':', len), *last = NULL;

	if (first == NULL)
		return false;
	/* a realm may hold colons, a user and an HA1 may not */
	for (const char *c = p + len; c > first + 1 && last == NULL; c--)
		last = c[-1] == ':' ? c - 1 : NULL;
	if (last == NULL)
		return false;
	*l = (struct line){.user = p, .user_len = (size_t)(first - p), .realm = first + 1,
			   .realm_len = (size_t)(last - first - 1), .ha1 = last + 1,
			   .ha1_len = (size_t)(p + len - last - 1)};
	return l->user_len > 0;
}

static bool is_realm(const struct line *l, const char *realm)
{
	return l->realm_len == strlen(realm) && memcmp(l->realm, realm, l->realm_len) == 0;
}

static int by_user(const void *a, const void *b)
{
	return strcmp(((const struct zv_htdigest *)a)->user, ((const struct zv_htdigest *)b)->user);
}

/* *ret_row is filled if the line is one of the realm. */
static enum zv_err take_line(const char *p, size_t len, const char *realm, struct zv_htdigest *ret_row,
			     bool *ret_taken)
{
	struct line l;

	*ret_taken = false;
	if (len == 0 || p[0] == '#')
		return ZV_OK;
	if (!split(p, len, &l) || l.user_len >= ZV_HTDIGEST_USER_MAX)
		return ZV_EPARSE;
	if (!is_realm(&l, realm))
		return ZV_OK;
	if (!zv_hex_read(l.ha1, l.ha1_len, ret_row->ha1, 16) || memchr(l.user, 0, l.user_len) != NULL)
		return ZV_EPARSE;
	memset(ret_row->user, 0, sizeof(ret_row->user));
	memcpy(ret_row->user, l.user, l.user_len);
	*ret_taken = true;
	return ZV_OK;
}

enum zv_err zv_htdigest_parse(const char *bytes, size_t len, const char *name, const char *realm,
			      char *text, size_t text_size, struct zv_htdigest **ret_rows,
			      uint32_t *ret_n)
{
	struct zv_htdigest *rows = NULL;
	uint32_t n = 0, cap = 0, number = 0;
	enum zv_err err = ZV_OK;

	for (size_t at = 0, next; at < len && err == ZV_OK; at = next) {
		size_t line = line_len(bytes, len, at, &next);
		bool taken = false;

		number++;
		if (n == cap) {
			uint32_t more = cap == 0 ? 64 : cap * 2;
			struct zv_htdigest *grown = cap < ZV_HTDIGEST_MAX ? realloc(rows, more * sizeof(*rows))
									   : NULL;

			if (grown == NULL) {
				err = cap < ZV_HTDIGEST_MAX ? ZV_ENOMEM : ZV_EFULL;
				(void)snprintf(text, text_size, "%s: no room for more than %u users", name, n);
				break;
			}
			rows = grown;
			cap = more;
		}
		err = take_line(bytes + at, line, realm, &rows[n], &taken);
		if (err != ZV_OK)
			(void)snprintf(text, text_size, "%s:%u: want user:realm:HA1 (32 hex digits), a user "
							"below %d bytes", name, number, ZV_HTDIGEST_USER_MAX);
		n += taken;
	}
	if (err == ZV_OK && n > 1)
		qsort(rows, n, sizeof(*rows), by_user);
	for (uint32_t i = 1; i < n && err == ZV_OK; i++) {
		if (strcmp(rows[i].user, rows[i - 1].user) == 0) {
			(void)snprintf(text, text_size, "%s: user %s stands there twice", name, rows[i].user);
			err = ZV_EEXIST;
		}
	}
	if (err != ZV_OK || n == 0) {
		free(rows);
		rows = NULL;
	}
	if (err != ZV_OK)
		return err;
	*ret_rows = rows;
	*ret_n = n;
	return ZV_OK;
}

enum zv_err zv_htdigest_read(const char *path, const char *realm, char *text, size_t text_size,
			     struct zv_htdigest **ret_rows, uint32_t *ret_n)
{
	char *bytes = NULL;
	size_t len = 0;
	enum zv_err err = zv_secret_read(path, text, text_size, &bytes, &len);

	if (err == ZV_OK)
		err = zv_htdigest_parse(bytes, len, path, realm, text, text_size, ret_rows, ret_n);
	free(bytes);
	return err;
}

void zv_htdigest_ha1(const char *user, const char *realm, const char *password, uint8_t ret_ha1[16])
{
	char whole[1024];
	int n = snprintf(whole, sizeof(whole), "%s:%s:%s", user, realm, password);

	/* too long to be anybody's password: what is left of it is nobody's either */
	zv_md5(whole, n > 0 && (size_t)n < sizeof(whole) ? (size_t)n : sizeof(whole), ret_ha1);
	explicit_bzero(whole, sizeof(whole));
}

enum zv_err zv_htdigest_put(const char *path, const char *realm, const char *user,
			    const uint8_t *ha1, char *text, size_t text_size)
{
	size_t len = 0, out = 0, extra = strlen(user) + strlen(realm) + 40;
	char *bytes = NULL, *made;
	bool found = false;
	enum zv_err err = zv_secret_read(path, text, text_size, &bytes, &len);

	if (err == ZV_ENOENT && ha1 != NULL)
		err = ZV_OK;
	if (err != ZV_OK)
		return err;
	made = malloc(len + extra + 1);
	if (made == NULL) {
		free(bytes);
		return ZV_ENOMEM;
	}
	for (size_t at = 0, next; at < len; at = next) {
		size_t n = line_len(bytes, len, at, &next);
		struct line l;

		if (n > 0 && bytes[at] != '#' && split(bytes + at, n, &l) && is_realm(&l, realm) &&
		    l.user_len == strlen(user) && memcmp(l.user, user, l.user_len) == 0) {
			found = true;
			continue;
		}
		memcpy(made + out, bytes + at, n);
		out += n;
		made[out++] = '\n';
	}
	if (ha1 != NULL) {
		char hex[33];

		zv_hex_write(ha1, 16, hex);
		out += (size_t)snprintf(made + out, extra + 1 + (len - out), "%s:%s:%s\n", user, realm, hex);
	}
	if (ha1 == NULL && !found) {
		(void)snprintf(text, text_size, "%s: no user %s of realm %s", path, user, realm);
		err = ZV_ENOENT;
	} else {
		err = zv_secret_write(path, made, out, text, text_size);
	}
	free(bytes);
	free(made);
	return err;
}
