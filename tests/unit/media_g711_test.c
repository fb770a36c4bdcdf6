#include <criterion/criterion.h>
#include <spandsp.h>
#include <stdio.h>
#include <stdlib.h>

#include "media/g711.h"

Test(g711, decodes_every_octet_as_spandsp_does)
{
	for (int i = 0; i < 256; i++) {
		cr_assert_eq(zv_alaw_linear[i], alaw_to_linear((uint8_t)i), "A-law %d", i);
		cr_assert_eq(zv_ulaw_linear[i], ulaw_to_linear((uint8_t)i), "mu-law %d", i);
	}
}

Test(g711, encodes_every_sample_as_spandsp_does)
{
	for (int v = -32768; v <= 32767; v++) {
		cr_assert_eq(zv_alaw_encode((int16_t)v), linear_to_alaw(v), "A-law %d", v);
		cr_assert_eq(zv_ulaw_encode((int16_t)v), linear_to_ulaw(v), "mu-law %d", v);
	}
}

/* Every octet through sox, the second judge. */
static void sox_decodes(const char *law, int16_t *ret_linear)
{
	char in[] = "/tmp/zv-g711-XXXXXX", cmd[256];
	int fd = mkstemp(in);
	FILE *f = fdopen(fd, "wb");

	for (int i = 0; i < 256; i++)
		fputc(i, f);
	fclose(f);
	snprintf(cmd, sizeof(cmd),
		 "sox -D -t raw -r 8000 -e %s -b 8 -c 1 %s -t raw -e signed -b 16 -L -", law, in);
	f = popen(cmd, "r");
	cr_assert_eq(fread(ret_linear, 2, 256, f), 256);
	pclose(f);
	remove(in);
}

Test(g711, decodes_every_octet_as_sox_does)
{
	int16_t linear[256];

	sox_decodes("a-law", linear);
	for (int i = 0; i < 256; i++)
		cr_assert_eq(zv_alaw_linear[i], linear[i], "A-law %d", i);
	sox_decodes("u-law", linear);
	for (int i = 0; i < 256; i++)
		cr_assert_eq(zv_ulaw_linear[i], linear[i], "mu-law %d", i);
}

/* The interval of v holds it: what is heard rises with v, and is off by 1/32 and a step at most. */
static void check_shape(const int16_t *table, uint8_t (*encode)(int16_t))
{
	int before = -40000;

	for (int v = -32768; v <= 32767; v++) {
		int heard = table[encode((int16_t)v)];

		cr_assert_geq(heard, before, "%d", v);
		cr_assert_leq(abs(heard - v), abs(v) / 32 + 8 + (abs(v) > 32100) * 700, "%d: %d", v, heard);
		before = heard;
	}
	for (int i = 0; i < 256; i++)
		cr_assert_eq(table[encode(table[i])], table[i], "octet %d", i);
}

Test(g711, what_is_encoded_is_heard_within_its_step)
{
	check_shape(zv_alaw_linear, zv_alaw_encode);
	check_shape(zv_ulaw_linear, zv_ulaw_encode);
}

Test(g711, silence_is_the_smallest_value)
{
	cr_assert_eq(zv_alaw_encode(0), ZV_ALAW_SILENCE);
	cr_assert_eq(zv_ulaw_encode(0), ZV_ULAW_SILENCE);
	cr_assert_eq(zv_ulaw_linear[ZV_ULAW_SILENCE], 0);
}
