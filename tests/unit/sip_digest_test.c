#include "sip/digest.h"

#include <criterion/criterion.h>
#include <string.h>

/* RFC 2617 3.5, its cnonce replaced by ours: the same computation in python3 hashlib. */
static const char *const challenge[] = {
	"realm=\"testrealm@host.com\"", "qop=\"auth,auth-int\"",
	"nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"",
	"opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"", NULL,
};

static const struct zv_digest_ask ask = {
	.user = "Mufasa", .password = "Circle Of Life", .method = "GET", .uri = "/dir/index.html",
	.cnonce = 0x0a4f113b,
};

Test(sip_digest, a_response_with_qop_is_that_of_another_implementation)
{
	struct zv_digest d;
	char text[1024];

	cr_assert(zv_digest_take(&d, challenge, "", true));
	cr_assert(zv_digest_answer(&d, &ask, text, sizeof(text)));
	cr_assert_not_null(strstr(text, "response=\"200bbb5f76fd61b77fed994e6165d3b1\""), "%s", text);
	cr_assert_not_null(strstr(text, "nc=00000001, cnonce=\"000000000a4f113b\""));
	cr_assert_not_null(strstr(text, "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""));
	cr_assert(zv_digest_answer(&d, &ask, text, sizeof(text)));
	cr_assert_not_null(strstr(text, "nc=00000002"));
}

Test(sip_digest, a_response_without_qop_is_that_of_rfc_2069_as_corrected)
{
	static const char *const plain[] = {
		"realm=\"testrealm@host.com\"", "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"", NULL,
	};
	struct zv_digest d;
	char text[1024];

	cr_assert(zv_digest_take(&d, plain, "testrealm@host.com", false));
	cr_assert(zv_digest_answer(&d, &ask, text, sizeof(text)));
	/* RFC 2617's own example without qop */
	cr_assert_not_null(strstr(text, "response=\"670fd8c2df070c60b045671b8b24ff02\""), "%s", text);
	cr_assert_null(strstr(text, "cnonce"));
}

Test(sip_digest, what_we_cannot_or_must_not_answer_is_refused)
{
	static const char *const sha[] = {"realm=\"r\"", "nonce=\"n\"", "algorithm=SHA-256", NULL};
	static const char *const integrity[] = {"realm=\"r\"", "nonce=\"n\"", "qop=\"auth-int\"", NULL};
	static const char *const no_nonce[] = {"realm=\"r\"", NULL};
	struct zv_digest d = {.nc = 77};

	cr_assert_not(zv_digest_take(&d, challenge, "another realm", true));
	cr_assert_not(zv_digest_take(&d, sha, "", true));
	cr_assert_not(zv_digest_take(&d, integrity, "", true));
	cr_assert_not(zv_digest_take(&d, no_nonce, "", true));
	cr_assert_not(zv_digest_take(&d, NULL, "", true));
	cr_assert_eq(d.nc, 77, "what stood there stays");
}

Test(sip_digest, quotes_are_read_and_written_and_too_much_is_refused)
{
	static const char *const odd[] = {"Realm = \"a \\\"b\\\\ c\"", "nonce=n1", "stale=TRUE", NULL};
	struct zv_digest d;
	char text[1024], big[400];
	size_t need;
	const char *much[] = {"realm=\"r\"", big, NULL};

	cr_assert(zv_digest_take(&d, odd, "a \"b\\ c", true));
	cr_assert(d.stale);
	cr_assert(zv_digest_answer(&d, &ask, text, sizeof(text)));
	cr_assert_not_null(strstr(text, "realm=\"a \\\"b\\\\ c\""), "%s", text);
	need = strlen(text);
	for (size_t n = 0; n <= need; n++)
		cr_assert_not(zv_digest_answer(&d, &ask, text, n), "%zu bytes of %zu", n, need);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	memcpy(big, "nonce=", 6);
	cr_assert_not(zv_digest_take(&d, much, "", true));
}
