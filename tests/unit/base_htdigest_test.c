#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/htdigest.h"
#include "base/md5.h"
#include "base/sha256.h"

static void md5_is(const char *text, const char *want)
{
	uint8_t sum[16];
	char hex[33];

	zv_md5(text, strlen(text), sum);
	zv_hex_write(sum, 16, hex);
	cr_assert_str_eq(hex, want, "%s", text);
}

Test(base_htdigest, md5_gives_the_sums_of_rfc_1321)
{
	md5_is("", "d41d8cd98f00b204e9800998ecf8427e");
	md5_is("a", "0cc175b9c0f1b6a831c399e269772661");
	md5_is("abc", "900150983cd24fb0d6963f7d28e17f72");
	md5_is("message digest", "f96b697d7cb7938d525a2f31aaf161d0");
	md5_is("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b");
	md5_is("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
	       "d174ab98d277d9f5a5611c2c9f419d9f");
	md5_is("12345678901234567890123456789012345678901234567890123456789012345678901234567890",
	       "57edf4a22be3c955ac49da2e2107b67a");
}

static void sha_is(const char *text, const char *want)
{
	struct zv_sha256 sha;
	uint8_t sum[32];
	char hex[65];

	zv_sha256(text, strlen(text), sum);
	zv_hex_write(sum, 32, hex);
	cr_assert_str_eq(hex, want);
	/* byte by byte the same */
	zv_sha256_begin(&sha);
	for (size_t i = 0; text[i] != 0; i++)
		zv_sha256_add(&sha, text + i, 1);
	zv_sha256_end(&sha, sum);
	zv_hex_write(sum, 32, hex);
	cr_assert_str_eq(hex, want);
}

Test(base_htdigest, sha256_gives_the_sums_of_fips_180)
{
	sha_is("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha_is("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha_is("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	sha_is("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlm"
	       "nopqrsmnopqrstnopqrstu",
	       "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
}

Test(base_htdigest, ha1_is_that_of_rfc_2617_section_3_5)
{
	uint8_t ha1[16];
	char hex[33];

	zv_htdigest_ha1("Mufasa", "testrealm@host.com", "Circle Of Life", ha1);
	zv_hex_write(ha1, 16, hex);
	cr_assert_str_eq(hex, "939e7578ed9e3c518a452acee763bce9");
}

static enum zv_err parse(const char *bytes, struct zv_htdigest **ret_rows, uint32_t *ret_n, char text[200])
{
	*ret_rows = NULL;
	*ret_n = 0;
	return zv_htdigest_parse(bytes, strlen(bytes), "file", "zvonar", text, 200, ret_rows, ret_n);
}

Test(base_htdigest, rows_of_the_realm_are_read_sorted_and_others_passed_over)
{
	struct zv_htdigest *rows;
	uint32_t n;
	char text[200];

	cr_assert_eq(parse("# people\nolga:zvonar:939e7578ed9e3c518a452acee763bce9\r\n"
			   "ivan:other:939e7578ed9e3c518a452acee763bce9\n\n"
			   "anna:zvonar:939E7578ED9E3C518A452ACEE763BCE9", &rows, &n, text), ZV_OK);
	cr_assert_eq(n, 2);
	cr_assert_str_eq(rows[0].user, "anna");
	cr_assert_str_eq(rows[1].user, "olga");
	cr_assert_eq(rows[0].ha1[0], 0x93);
	free(rows);
}

Test(base_htdigest, what_is_wrong_is_told_with_its_line)
{
	struct zv_htdigest *rows;
	uint32_t n;
	char text[200];

	cr_assert_eq(parse("olga:zvonar:939e\n", &rows, &n, text), ZV_EPARSE);
	cr_assert(strstr(text, "file:1:") == text, "%s", text);
	cr_assert_eq(parse("\nno colons\n", &rows, &n, text), ZV_EPARSE);
	cr_assert(strstr(text, "file:2:") == text, "%s", text);
	cr_assert_eq(parse("a:zvonar:939e7578ed9e3c518a452acee763bce9\n"
			   "a:zvonar:939e7578ed9e3c518a452acee763bce9\n", &rows, &n, text), ZV_EEXIST);
}

Test(base_htdigest, a_file_that_others_may_read_is_refused)
{
	char path[] = "/tmp/zvonar-htdigest-XXXXXX", text[200];
	int fd = mkstemp(path);
	struct zv_htdigest *rows;
	uint32_t n;

	cr_assert_geq(fd, 0);
	cr_assert_eq(fchmod(fd, 0640), 0);
	cr_assert_eq(zv_htdigest_read(path, "zvonar", text, sizeof(text), &rows, &n), ZV_EDENIED);
	cr_assert_eq(fchmod(fd, 0600), 0);
	cr_assert_eq(zv_htdigest_read(path, "zvonar", text, sizeof(text), &rows, &n), ZV_OK);
	cr_assert_eq(n, 0);
	(void)close(fd);
	(void)unlink(path);
}

Test(base_htdigest, a_users_line_is_put_replaced_and_taken_out)
{
	char dir[] = "/tmp/zvonar-htdigest-XXXXXX", path[64], text[200];
	uint8_t ha1[16] = {1, 2, 3};
	struct zv_htdigest *rows;
	struct stat st;
	uint32_t n;

	cr_assert_not_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/secrets", dir);
	cr_assert_eq(zv_htdigest_put(path, "zvonar", "olga", ha1, text, sizeof(text)), ZV_OK, "%s", text);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0600);
	cr_assert_eq(zv_htdigest_put(path, "other", "olga", ha1, text, sizeof(text)), ZV_OK);
	ha1[0] = 9;
	cr_assert_eq(zv_htdigest_put(path, "zvonar", "olga", ha1, text, sizeof(text)), ZV_OK);
	cr_assert_eq(zv_htdigest_read(path, "zvonar", text, sizeof(text), &rows, &n), ZV_OK);
	cr_assert_eq(n, 1);
	cr_assert_eq(rows[0].ha1[0], 9);
	free(rows);
	cr_assert_eq(zv_htdigest_put(path, "zvonar", "olga", NULL, text, sizeof(text)), ZV_OK);
	cr_assert_eq(zv_htdigest_put(path, "zvonar", "olga", NULL, text, sizeof(text)), ZV_ENOENT);
	cr_assert_eq(zv_htdigest_read(path, "other", text, sizeof(text), &rows, &n), ZV_OK);
	cr_assert_eq(n, 1);
	free(rows);
	(void)unlink(path);
	(void)rmdir(dir);
}
