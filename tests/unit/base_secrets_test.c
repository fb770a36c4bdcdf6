#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/secrets.h"

Test(secrets, what_is_put_is_got_by_its_generation_alone_until_it_is_wiped)
{
	struct zv_secret in = {.gen = 7, .how = ZV_SECRECY_SRTP, .suite = 1}, out;
	struct zv_secrets *s;
	uint32_t first, second;

	cr_assert_eq(zv_secrets_create(4, &s), ZV_OK);
	cr_assert_eq(zv_secrets_how(s, 2, 7, &first), ZV_SECRECY_UNKNOWN);
	memset(in.ours, 1, sizeof(in.ours));
	memset(in.theirs, 2, sizeof(in.theirs));
	zv_secrets_put(s, 2, &in);
	cr_assert_eq(zv_secrets_how(s, 2, 7, &second), ZV_SECRECY_SRTP);
	cr_assert_neq(first, second);
	cr_assert_eq(zv_secrets_how(s, 2, 8, &first), ZV_SECRECY_UNKNOWN);
	cr_assert_eq(zv_secrets_how(s, 99, 7, &first), ZV_SECRECY_UNKNOWN);
	cr_assert_eq(zv_secrets_get(s, 2, &out), second);
	cr_assert_eq(memcmp(&in, &out, sizeof(in)), 0);
	zv_secrets_wipe(s, 2, 6);
	cr_assert_eq(zv_secrets_how(s, 2, 7, &first), ZV_SECRECY_SRTP, "another call's end");
	zv_secrets_wipe(s, 2, 7);
	cr_assert_eq(zv_secrets_how(s, 2, 7, &first), ZV_SECRECY_UNKNOWN);
	(void)zv_secrets_get(s, 2, &out);
	memset(&in, 0, sizeof(in));
	cr_assert_eq(memcmp(&in, &out, sizeof(in)), 0, "nothing of the key is left");
	zv_secrets_destroy(s);
}

static atomic_bool over;

static void *write_on(void *arg)
{
	struct zv_secret in = {.gen = 1, .how = ZV_SECRECY_SRTP, .suite = 1};

	for (uint32_t i = 0; i < 200000; i++) {
		memset(in.ours, (int)(i & 127), sizeof(in.ours));
		memset(in.theirs, (int)(i & 127), sizeof(in.theirs));
		zv_secrets_put(arg, 0, &in);
	}
	atomic_store(&over, true);
	return NULL;
}

Test(secrets, a_reader_never_gets_half_of_one_and_half_of_another)
{
	struct zv_secrets *s;
	struct zv_secret got;
	pthread_t writer;

	cr_assert_eq(zv_secrets_create(1, &s), ZV_OK);
	cr_assert_eq(pthread_create(&writer, NULL, write_on, s), 0);
	while (!atomic_load(&over)) {
		(void)zv_secrets_get(s, 0, &got);
		for (uint32_t i = 1; i < ZV_SECRET_MAX; i++)
			cr_assert(got.ours[i] == got.ours[0] && got.theirs[i] == got.ours[0]);
	}
	pthread_join(writer, NULL);
	zv_secrets_destroy(s);
}
