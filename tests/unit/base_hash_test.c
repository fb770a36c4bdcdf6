#include <criterion/criterion.h>

#include "base/hash.h"

/* The first vectors of the SipHash reference implementation's table. */
Test(hash, siphash_gives_the_published_values)
{
	struct zv_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
	uint8_t in[15];

	for (uint8_t i = 0; i < sizeof(in); i++)
		in[i] = i;
	cr_assert_eq(zv_siphash(&key, in, 0), UINT64_C(0x726fdb47dd0e0e31));
	cr_assert_eq(zv_siphash(&key, in, 15), UINT64_C(0xa129ca6149be45e5));
}

/* RFC 3720 B.4: 32 bytes of zeroes, of ones, and rising. */
Test(hash, crc32c_gives_the_values_of_rfc_3720)
{
	uint8_t in[32] = {0};

	cr_assert_eq(zv_crc32c(0, in, 32), 0x8a9136aau);
	for (uint8_t i = 0; i < 32; i++)
		in[i] = 0xff;
	cr_assert_eq(zv_crc32c(0, in, 32), 0x62a8ab43u);
	for (uint8_t i = 0; i < 32; i++)
		in[i] = i;
	cr_assert_eq(zv_crc32c(0, in, 32), 0x46dd794eu);
}

Test(hash, crc32c_continues_where_it_stopped)
{
	const char text[] = "123456789";

	cr_assert_eq(zv_crc32c(0, text, 9), 0xe3069283u);
	cr_assert_eq(zv_crc32c(zv_crc32c(0, text, 4), text + 4, 5), 0xe3069283u);
}

Test(hash, crc32c_is_the_same_with_and_without_the_processors_help)
{
	uint8_t in[300];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)zv_mix64(i);
	for (size_t n = 0; n < sizeof(in); n++)
		cr_assert_eq(zv_crc32c(7, in + n % 8, n - (n > 8 ? 8 : n)),
			     zv_crc32c_plain(7, in + n % 8, n - (n > 8 ? 8 : n)));
	cr_assert_eq(zv_crc32c_plain(0, "123456789", 9), 0xe3069283u);
}
