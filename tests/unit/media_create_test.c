/* What zv_media_create refuses, and what it says then; and 10,000 calls under the usual limit of open
 * files.  Ports 17800 to 17999; 16384 to 26383 of 127.10.0.1 and 127.10.0.2. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "media/media.h"
#include "media/prompts.h"

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

#define MANY    10000u
#define THREADS 2u
#define LIMIT   20000u /* open files, as on common machines */

struct many {
	struct zv_media *media;
	struct zv_media_rings rings[THREADS];
	_Atomic bool stop;
};

struct seat {
	struct many *many;
	uint32_t thread;
};

static void *run(void *arg)
{
	struct seat *s = arg;

	cr_assert_eq(zv_media_thread(s->many->media, s->thread, &s->many->rings[s->thread], &s->many->stop), ZV_OK);
	return NULL;
}

static void open_slot(struct many *m, uint32_t slot, uint16_t far_port)
{
	struct zv_cmd cmd = {.type = ZV_CMD_MEDIA_OPEN, .leg = {slot, 1}};

	cmd.u.media.rtp_ip = (struct zv_ip){4, {127, 10, 0, 9}};
	cmd.u.media.rtp_port = far_port;
	cmd.u.media.payload_type = 8;
	cr_assert_eq(zv_ring_push(m->rings[slot % THREADS].commands, &cmd), ZV_OK);
}

/* The next packet comes from there. */
static void expect_from(int fd, const struct zv_media_plan *plan, uint32_t slot)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	struct sockaddr_in from, want = {.sin_family = AF_INET};
	socklen_t len = sizeof(from);
	struct zv_ip ip;
	uint16_t port;
	char data[2000];

	zv_media_addr(plan, slot, &ip, &port);
	memcpy(&want.sin_addr, ip.bytes, 4);
	cr_assert_eq(poll(&pfd, 1, 10000), 1, "slot %u says nothing", slot);
	cr_assert_eq(recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from, &len), 172);
	cr_assert_eq(ntohs(from.sin_port), port);
	cr_assert_eq(from.sin_addr.s_addr, want.sin_addr.s_addr);
}

static void open_the_last(struct many *m, const struct zv_media_plan *plan)
{
	static const uint32_t slots[] = {0, 4999, 5000, MANY - 2, MANY - 1};

	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		struct sockaddr_in in = {.sin_family = AF_INET};
		socklen_t len = sizeof(in);
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		inet_pton(AF_INET, "127.10.0.9", &in.sin_addr);
		cr_assert_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
		cr_assert_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
		open_slot(m, slots[i], ntohs(in.sin_port));
		expect_from(fd, plan, slots[i]);
		close(fd);
	}
}

static void ten_thousand(enum zv_media_io io)
{
	struct zv_media_plan plan = {.n_slots = MANY, .n_ranges = 2, .n_threads = THREADS, .rtcp_port = {26401, 26403}};
	struct zv_media_params params = {.plan = &plan, .io = io, .rtcp_every_ms = 5000};
	struct rlimit limit = {1024, LIMIT};
	struct many m = {.stop = false};
	struct seat seats[THREADS];
	pthread_t threads[THREADS];
	char text[200];

	for (uint8_t i = 0; i < 2; i++)
		plan.ranges[i] = (struct zv_media_range){{4, {127, 10, 0, (uint8_t)(i + 1)}}, 16384, MANY / 2};
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	cr_assert_eq(zv_prompts_create(2, (struct zv_prompts **)&params.prompts), ZV_OK);
	cr_assert_eq(zv_media_create(&params, text, sizeof(text), &m.media), ZV_OK, "%s", text);
	getrlimit(RLIMIT_NOFILE, &limit);
	cr_assert_eq(limit.rlim_max, LIMIT, "the hard limit is let be");
	for (uint32_t i = 0; i < THREADS; i++) {
		m.rings[i].wake_fd = eventfd(0, EFD_NONBLOCK);
		cr_assert_eq(zv_ring_create(sizeof(struct zv_cmd), 64, m.rings[i].wake_fd, &m.rings[i].commands), ZV_OK);
		cr_assert_eq(zv_ring_create(sizeof(struct zv_event), 64, -1, &m.rings[i].events), ZV_OK);
		seats[i] = (struct seat){&m, i};
		pthread_create(&threads[i], NULL, run, &seats[i]);
	}
	open_the_last(&m, &plan);
	m.stop = true;
	for (uint32_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		zv_ring_destroy(m.rings[i].commands);
		zv_ring_destroy(m.rings[i].events);
		close(m.rings[i].wake_fd);
	}
	zv_media_destroy(m.media);
	zv_prompts_destroy(params.prompts);
}

/* Each in its turn: they have the same ports. */
Test(create, ten_thousand_calls_fit_under_20000_open_files, .timeout = 60)
{
	ten_thousand(ZV_IO_SOCKETS);
	ten_thousand(ZV_IO_URING);
	ten_thousand(ZV_IO_SHARED);
}
