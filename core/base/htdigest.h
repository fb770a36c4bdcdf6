/* base/htdigest.h -- the file of agents' secrets: lines `user:realm:HA1` as Apache's htdigest
 * writes them, HA1 = MD5(user:realm:password) in hex.  The same HA1 serves a phone's digest and the
 * log-in at a page.
 *
 * Any thread; reads a file, so not one that may not wait.
 */
#ifndef ZV_BASE_HTDIGEST_H
#define ZV_BASE_HTDIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zvonar/err.h"

#define ZV_HTDIGEST_MAX      8192u
#define ZV_HTDIGEST_USER_MAX 32 /* with its zero */

struct zv_htdigest {
	char user[ZV_HTDIGEST_USER_MAX];
	uint8_t ha1[16];
};

/* Rows of that realm, freed by the caller with free(); NULL when there are none.  Lines of other
 * realms, empty ones and those that begin with # are passed over.  ZV_ENOENT, ZV_EIO, ZV_EDENIED
 * (others than its owner may read or write it), ZV_EPARSE, ZV_EEXIST (a user twice), ZV_EFULL,
 * ZV_ENOMEM; text says it with file and line. */
enum zv_err zv_htdigest_read(const char *path, const char *realm, char *text, size_t text_size,
			     struct zv_htdigest **ret_rows, uint32_t *ret_n) ZV_MUST_USE;
/* The same of bytes; name stands in messages. */
enum zv_err zv_htdigest_parse(const char *bytes, size_t len, const char *name, const char *realm,
			      char *text, size_t text_size, struct zv_htdigest **ret_rows,
			      uint32_t *ret_n) ZV_MUST_USE;
void zv_htdigest_ha1(const char *user, const char *realm, const char *password, uint8_t ret_ha1[16]);

/* Puts a user's line into the file, or takes it out (ha1 NULL); other lines stay.  The file is made
 * new beside the old one with mode 0600 and renamed.  ZV_ENOENT: there was none to take out. */
enum zv_err zv_htdigest_put(const char *path, const char *realm, const char *user,
			    const uint8_t *ha1, char *text, size_t text_size) ZV_MUST_USE;

/* ---- what files of secrets share ---- */

/* The whole file, with a zero behind; freed by the caller.  Only if nobody but its owner may read
 * or write it.  ZV_ENOENT, ZV_EIO, ZV_EDENIED, ZV_EFULL (over 4 MiB), ZV_ENOMEM. */
enum zv_err zv_secret_read(const char *path, char *text, size_t text_size, char **ret_bytes,
			   size_t *ret_len) ZV_MUST_USE;
/* Replaces it (mode 0600), flushed. */
enum zv_err zv_secret_write(const char *path, const char *bytes, size_t len, char *text,
			    size_t text_size) ZV_MUST_USE;
/* Exactly 2n hex digits, either case. */
bool zv_hex_read(const char *text, size_t len, uint8_t *ret, size_t n);
void zv_hex_write(const uint8_t *bytes, size_t n, char *ret); /* 2n + 1 bytes, lower case */
/* The same time whatever differs. */
bool zv_same_secret(const void *a, const void *b, size_t len);

#endif
