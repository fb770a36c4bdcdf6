/* What zv_media_create refuses, and what it says then.  Ports 17800 to 17999. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "media/media.h"

static struct zv_media_plan plan_of(uint16_t port, uint32_t slots, uint32_t threads)
{
	struct zv_media_plan p = {.n_slots = slots, .n_ranges = 1, .n_threads = threads};

	p.ranges[0] = (struct zv_media_range){{4, {127, 0, 0, 1}}, port, (uint16_t)slots};
	for (uint32_t i = 0; i < threads && i < ZV_MEDIA_THREADS_MAX; i++)
		p.rtcp_port[i] = (uint16_t)(port + 2 * slots + 1 + 2 * i);
	return p;
}

Test(create, says_which_port_is_in_use)
{
	struct zv_media_plan plan = plan_of(17800, 10, 1);
	struct zv_media_params params = {.plan = &plan};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(17806),
				 .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct zv_media *media = NULL;
	char text[200];
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	cr_assert_eq(zv_media_create(&params, text, sizeof(text), &media), ZV_EEXIST);
	cr_assert_not_null(strstr(text, "127.0.0.1:17806"), "%s", text);
	close(fd);
	cr_assert_eq(zv_media_create(&params, text, sizeof(text), &media), ZV_OK, "%s", text);
	zv_media_destroy(media);
}

Test(create, says_which_limit_it_needs)
{
	struct zv_media_plan plan = plan_of(17900, 40, 1);
	struct zv_media_params params = {.plan = &plan, .io = ZV_IO_SOCKETS};
	struct rlimit low = {64, 64}, high = {64, 4096}, now;
	struct zv_media *media = NULL;
	char text[200];

	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &high), 0);
	cr_assert_eq(zv_media_create(&params, text, sizeof(text), &media), ZV_OK, "raised: %s", text);
	zv_media_destroy(media);
	getrlimit(RLIMIT_NOFILE, &now);
	cr_assert_geq(now.rlim_cur, 554);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	if (geteuid() == 0 && setrlimit(RLIMIT_NOFILE, &high) == 0)
		cr_assert(seteuid(65534) == 0 && setrlimit(RLIMIT_NOFILE, &low) == 0);
	cr_assert_eq(zv_media_create(&params, text, sizeof(text), &media), ZV_EFULL);
	cr_assert_not_null(strstr(text, "need 554 "), "%s", text);
	cr_assert_not_null(strstr(text, "limit is 64:"), "%s", text);
}

Test(create, refuses_a_plan_that_cannot_be)
{
	struct zv_media_plan plan = plan_of(17900, 10, 1), bad;
	struct zv_media_params params = {.plan = &bad};
	struct zv_media *media = NULL;
	char text[200];

	bad = plan;
	bad.n_slots = 11;
	cr_assert_eq(zv_media_create(&params, text, sizeof(text), &media), ZV_EINVAL);
	bad = plan;
	bad.n_threads = 0;
	cr_assert_eq(zv_media_create(&params, text, sizeof(text), &media), ZV_EINVAL);
	bad = plan;
	bad.ranges[0].port_first++;
	cr_assert_eq(zv_media_create(&params, text, sizeof(text), &media), ZV_EINVAL);
	bad = plan;
	bad.ranges[0].port_first = 65530;
	cr_assert_eq(zv_media_create(&params, text, sizeof(text), &media), ZV_EINVAL);
	bad = plan;
	bad.ranges[0].ip = (struct zv_ip){4, {192, 0, 2, 1}}; /* RFC 5737: nobody's */
	cr_assert_eq(zv_media_create(&params, text, sizeof(text), &media), ZV_EIO);
	cr_assert_not_null(strstr(text, "192.0.2.1"), "%s", text);
}
