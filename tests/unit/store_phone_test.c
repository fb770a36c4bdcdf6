#include <criterion/criterion.h>
#include <string.h>

#include "store/phone.h"

#define RU ZV_COUNTRY_RU
#define UA ZV_COUNTRY_UA
#define KZ ZV_COUNTRY_KZ

struct spelling {
	const char *text;
	enum zv_country country;
	uint64_t e164; /* 0: refused with verdict */
	enum zv_phone_verdict verdict;
};

static const struct spelling good[] = {
	{"79161234567", RU, 79161234567, 0},
	{"+79161234567", RU, 79161234567, 0},
	{"89161234567", RU, 79161234567, 0},
	{"9161234567", RU, 79161234567, 0},
	{"8 916 123 45 67", RU, 79161234567, 0},
	{"8 (916) 123-45-67", RU, 79161234567, 0},
	{"+7 (916) 123-45-67", RU, 79161234567, 0},
	{"+7(916)123-45-67", RU, 79161234567, 0},
	{"+7-916-123-45-67", RU, 79161234567, 0},
	{"8.916.123.45.67", RU, 79161234567, 0},
	{"(916) 123-4567", RU, 79161234567, 0},
	{"7 916 1234567", RU, 79161234567, 0},
	{"  +7 916 123 45 67  ", RU, 79161234567, 0},
	{"+7\xc2\xa0"
	 "916\xc2\xa0"
	 "123\xc2\xa0"
	 "45\xc2\xa0"
	 "67", RU, 79161234567, 0}, /* NBSP */
	{"+7 916 123\xe2\x80\x93"
	 "45\xe2\x80\x93"
	 "67", RU, 79161234567, 0}, /* en dash */
	{"+7 916 123\xe2\x80\x91"
	 "45\xe2\x88\x92"
	 "67", RU, 79161234567, 0}, /* no-break hyphen, minus */
	{"\xe2\x80\xad+79161234567\xe2\x80\xac", RU, 79161234567, 0}, /* direction marks */
	{"8-916-123-45-67", RU, 79161234567, 0},
	{"8(495)1234567", RU, 74951234567, 0},
	{"+7 495 123-45-67", RU, 74951234567, 0},
	{"8 (38822) 2-12-34", RU, 73882221234, 0},
	{"8 800 555 35 35", RU, 78005553535, 0},
	{"007 916 123 45 67", RU, 79161234567, 0},
	{"8~10 380 67 123 45 67", RU, 380671234567, 0},
	{"810 7 916 123 45 67", RU, 79161234567, 0},
	{"тел. 8-916-123-45-67", RU, 79161234567, 0},
	{"Тел: +7 916 123-45-67", RU, 79161234567, 0},
	{"tel:+79161234567", RU, 79161234567, 0},
	{"моб. 89161234567", RU, 79161234567, 0},
	{"89161234567 (моб)", RU, 79161234567, 0},
	{"89161234567 мама", RU, 79161234567, 0},
	{"8 495 123-45-67 доб. 321", RU, 74951234567, 0},
	{"8 495 123-45-67 ext 321", RU, 74951234567, 0},
	{"84951234567#321", RU, 74951234567, 0},
	{"'+79161234567", RU, 79161234567, 0},
	{"=\"79161234567\"", RU, 79161234567, 0},
	{"79161234567.0", RU, 79161234567, 0},
	{"8_916_123_45_67", RU, 79161234567, 0},
	{"[8] 916 1234567", RU, 79161234567, 0},
	/* Ukraine */
	{"+380671234567", RU, 380671234567, 0},
	{"+38 (067) 123-45-67", UA, 380671234567, 0},
	{"380671234567", UA, 380671234567, 0},
	{"380 67 123 45 67", RU, 380671234567, 0},
	{"0671234567", UA, 380671234567, 0},
	{"(067) 123 45 67", UA, 380671234567, 0},
	{"067-123-45-67", RU, 380671234567, 0},
	{"80671234567", UA, 380671234567, 0},
	{"8 (067) 123-45-67", UA, 380671234567, 0},
	{"671234567", UA, 380671234567, 0},
	{"044 123 45 67", UA, 380441234567, 0},
	{"+380 (44) 123-45-67", UA, 380441234567, 0},
	{"00380671234567", UA, 380671234567, 0},
	{"тел. 067 123 45 67 дод. 12", UA, 380671234567, 0},
	{"89161234567", UA, 79161234567, 0}, /* Russian, in a Ukrainian list */
	/* Kazakhstan */
	{"+7 701 123 45 67", KZ, 77011234567, 0},
	{"+77011234567", RU, 77011234567, 0},
	{"8 701 123 45 67", KZ, 77011234567, 0},
	{"8 (727) 123-45-67", KZ, 77271234567, 0},
	{"7011234567", KZ, 77011234567, 0},
	{"77011234567", KZ, 77011234567, 0},
	{"8 777 123 4567", RU, 77771234567, 0},
	{"+7 (747) 123-45-67", KZ, 77471234567, 0},
	{"9161234567", KZ, 79161234567, 0},
};

static const struct spelling bad[] = {
	{"", RU, 0, ZV_PHONE_EMPTY},
	{"   ", RU, 0, ZV_PHONE_EMPTY},
	{"-", RU, 0, ZV_PHONE_EMPTY},
	{"12345", RU, 0, ZV_PHONE_SHORT},
	{"123-45-67", RU, 0, ZV_PHONE_SHORT},
	{"916123456", RU, 0, ZV_PHONE_SHORT},
	{"7916123456", RU, 0, ZV_PHONE_SHORT}, /* a digit of eleven was lost */
	{"7011234567", RU, 0, ZV_PHONE_SHORT},
	{"+7916123456", RU, 0, ZV_PHONE_SHORT},
	{"+38067123456", RU, 0, ZV_PHONE_PLAN},
	{"791612345678", RU, 0, ZV_PHONE_LONG},
	{"+791612345678", RU, 0, ZV_PHONE_LONG},
	{"8916123456789012345678901234567890", RU, 0, ZV_PHONE_LONG},
	{"7.9161E+10", RU, 0, ZV_PHONE_SPREADSHEET},
	{"7,9161E+10", RU, 0, ZV_PHONE_SPREADSHEET},
	{"7,9161Е+10", RU, 0, ZV_PHONE_SPREADSHEET}, /* Cyrillic Е */
	{"7.92E10", RU, 0, ZV_PHONE_SPREADSHEET},
	{"нет", RU, 0, ZV_PHONE_LETTERS},
	{"ivan@example.com", RU, 0, ZV_PHONE_LETTERS},
	{"8916ABC4567", RU, 0, ZV_PHONE_LETTERS},
	{"89161234567 кв 5", RU, 0, ZV_PHONE_LETTERS},
	{"+14155550123", RU, 0, ZV_PHONE_PLAN},
	{"+375291234567", RU, 0, ZV_PHONE_PLAN},
	{"70001234567", RU, 0, ZV_PHONE_PLAN},
	{"71234567890", RU, 0, ZV_PHONE_PLAN},
	{"+380011234567", UA, 0, ZV_PHONE_PLAN},
	{"+7 790 123 45 67", KZ, 0, ZV_PHONE_PLAN},
};

Test(phone, every_usual_spelling_gives_its_e164_digits)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		uint64_t e164 = 0;
		size_t used = 0;
		enum zv_phone_verdict v = zv_phone_parse(good[i].text, strlen(good[i].text),
							 good[i].country, &e164, &used);

		cr_expect_eq(v, ZV_PHONE_OK, "\"%s\": %s", good[i].text, zv_phone_text(v));
		cr_expect_eq(e164, good[i].e164, "\"%s\": %llu", good[i].text,
			     (unsigned long long)e164);
		cr_expect_eq(used, strlen(good[i].text), "\"%s\": %zu bytes used", good[i].text,
			     used);
	}
}

Test(phone, what_is_no_number_is_refused_with_its_reason)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t e164 = 1;
		size_t used;
		enum zv_phone_verdict v = zv_phone_parse(bad[i].text, strlen(bad[i].text),
							 bad[i].country, &e164, &used);

		cr_expect_eq(v, bad[i].verdict, "\"%s\": %s", bad[i].text, zv_phone_text(v));
		cr_expect_eq(e164, 1, "\"%s\" gave a number", bad[i].text);
		cr_expect_eq(used, strlen(bad[i].text), "\"%s\"", bad[i].text);
	}
}

static void expect_cell(const char *cell, const uint64_t *want, size_t n_want)
{
	const char *p = cell;
	size_t left = strlen(cell), n = 0;

	while (left > 0) {
		uint64_t e164 = 0;
		size_t used = 0;

		if (zv_phone_parse(p, left, RU, &e164, &used) == ZV_PHONE_OK) {
			cr_assert_lt(n, n_want, "\"%s\": too many numbers", cell);
			cr_expect_eq(e164, want[n], "\"%s\": %llu", cell, (unsigned long long)e164);
			n++;
		}
		cr_assert_gt(used, 0, "\"%s\": stands still", cell);
		p += used;
		left -= used;
	}
	cr_expect_eq(n, n_want, "\"%s\": %zu numbers", cell, n);
}

Test(phone, several_numbers_in_one_cell_are_all_read)
{
	static const uint64_t two[] = {79161234567, 74951234567};

	expect_cell("89161234567, 84951234567", two, 2);
	expect_cell("8 916 123 45 67; +7 (495) 123-45-67", two, 2);
	expect_cell("+79161234567/+74951234567", two, 2);
	expect_cell("8-916-123-45-67\n8-495-123-45-67", two, 2);
	expect_cell("8-916-123-45-67 или 8-495-123-45-67", two, 2);
	expect_cell("89161234567 84951234567", two, 2);
	expect_cell("+7 916 123 45 67 +7 495 123 45 67", two, 2);
	expect_cell("моб: 8-916-123-45-67, раб: 8 (495) 123-45-67 доб. 12", two, 2);
	expect_cell("89161234567, 12345", two, 1);
}

Test(phone, any_bytes_end_and_never_pass_the_text)
{
	uint64_t x = 7;

	for (int round = 0; round < 20000; round++) {
		static const char alphabet[] = "0123456789+-(). ,;/доб\xc2\xa0\xe2\x80\x93""E#\x00\xff";
		char text[24];
		size_t at = 0;

		for (size_t i = 0; i < sizeof(text); i++) {
			x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
			text[i] = alphabet[(x >> 33) % (sizeof(alphabet) - 1)];
		}
		while (at < sizeof(text)) {
			uint64_t e164 = 0;
			size_t used = 0;

			if (zv_phone_parse(text + at, sizeof(text) - at, RU, &e164, &used) == ZV_PHONE_OK)
				cr_assert(e164 >= 70000000000 && e164 < 390000000000);
			cr_assert(used > 0 && used <= sizeof(text) - at);
			at += used;
		}
	}
}
