#include <criterion/criterion.h>
#include <string.h>

#include "md5.h"

/* RFC 1321, A.5. */
static const struct {
	const char *text, *hex;
} vectors[] = {
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"a", "0cc175b9c0f1b6a831c399e269772661"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "d174ab98d277d9f5a5611c2c9f419d9f"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "57edf4a22be3c955ac49da2e2107b67a"},
};

Test(md5, gives_the_digests_of_rfc_1321)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct zvc_md5 md5;
		char hex[33];

		zvc_md5_init(&md5);
		zvc_md5_add(&md5, vectors[i].text, strlen(vectors[i].text));
		zvc_md5_hex(&md5, hex);
		cr_assert_str_eq(hex, vectors[i].hex);
	}
}

Test(md5, does_not_care_how_the_text_is_cut)
{
	const char *text = vectors[6].text;

	for (size_t cut = 0; cut <= strlen(text); cut++) {
		struct zvc_md5 md5;
		char hex[33];

		zvc_md5_init(&md5);
		zvc_md5_add(&md5, text, cut);
		zvc_md5_add(&md5, text + cut, strlen(text) - cut);
		zvc_md5_hex(&md5, hex);
		cr_assert_str_eq(hex, vectors[6].hex);
	}
}
