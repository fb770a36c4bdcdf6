/* relay_far PAIRS PORT -- the far ends of relayed calls: two legs a call, leg i at 127.0.0.1, PORT + 2 i.
 *
 * stdin brings a line for each leg, the relay's port that it sends to.  From then on each leg sends a
 * packet of 20 ms of A-law that carries its time.  "measure" begins the counting, "stop" ends it, and
 * those on the way have half a second more.  A line of JSON on stdout then says how many were sent and
 * heard, and how long they took (the kernel notes when a packet came, so nobody is woken for it).  End
 * of input ends the program, too.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../suite/figure.h"
#include "media/rtp.h"

#define LEGS_MAX  4000u
#define PHASES    20u /* milliseconds of a packet: legs take turns */
#define TIMES_MAX (4u << 20)
#define MARK      UINT32_C(0x5a565246)
#define COUNTED   UINT32_C(0x5a565247)
#define LATE_MS   500u

struct far {
	uint32_t legs;
	int fds[LEGS_MAX];
	struct sockaddr_in to[LEGS_MAX];
	bool measures;
	uint64_t sent, heard, strange;
	uint32_t n_times, *times_us;
};

static struct far far;

static bool open_legs(uint16_t port)
{
	int on = 1;

	for (uint32_t i = 0; i < far.legs; i++) {
		struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(port + 2 * i))};

		at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		far.fds[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (far.fds[i] < 0 || bind(far.fds[i], (struct sockaddr *)&at, sizeof(at)) != 0 ||
		    setsockopt(far.fds[i], SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0) {
			perror("relay_far");
			return false;
		}
	}
	return true;
}

static bool read_ports(void)
{
	char line[64];

	for (uint32_t i = 0; i < far.legs; i++) {
		if (fgets(line, sizeof(line), stdin) == NULL)
			return false;
		far.to[i] = (struct sockaddr_in){.sin_family = AF_INET,
						 .sin_port = htons((uint16_t)strtoul(line, NULL, 10))};
		far.to[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	}
	return true;
}

static void speak(uint32_t leg, uint32_t turn)
{
	uint8_t data[ZV_RTP_FRAME];
	uint32_t mark = far.measures ? COUNTED : MARK;
	int64_t now;

	zv_rtp_write(data, &(struct zv_rtp){.payload_type = 8, .seq = (uint16_t)turn,
					    .timestamp = turn * ZV_FRAME_SAMPLES, .ssrc = leg + 1});
	for (uint32_t i = 0; i < ZV_FRAME_SAMPLES; i++)
		data[ZV_RTP_HEADER + i] = (uint8_t)(i * 7 + turn);
	now = bench_ns(CLOCK_REALTIME);
	memcpy(data + ZV_RTP_HEADER, &mark, 4);
	memcpy(data + ZV_RTP_HEADER + 4, &now, 8);
	if (sendto(far.fds[leg], data, sizeof(data), MSG_DONTWAIT, (struct sockaddr *)&far.to[leg], sizeof(far.to[leg])) ==
	    sizeof(data) && far.measures)
		far.sent++;
}

static int64_t arrival_ns(struct msghdr *hdr)
{
	struct timespec at = {0};

	for (struct cmsghdr *c = CMSG_FIRSTHDR(hdr); c != NULL; c = CMSG_NXTHDR(hdr, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&at, CMSG_DATA(c), sizeof(at));
	return at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
}

static void hear(uint32_t leg)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct timespec))];
	uint8_t data[1500];

	for (;;) {
		struct iovec iov = {data, sizeof(data)};
		struct msghdr hdr = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
				     .msg_controllen = sizeof(control)};
		ssize_t got = recvmsg(far.fds[leg], &hdr, MSG_DONTWAIT);
		int64_t sent, took;
		uint32_t mark;

		if (got < 0)
			return;
		if (got < (ssize_t)(ZV_RTP_HEADER + 12))
			continue;
		memcpy(&mark, data + ZV_RTP_HEADER, 4);
		if (mark != COUNTED) { /* from before, or the relay's own silence */
			far.strange += mark != MARK;
			continue;
		}
		memcpy(&sent, data + ZV_RTP_HEADER + 4, 8);
		took = arrival_ns(&hdr) - sent;
		far.heard++;
		if (far.n_times < TIMES_MAX)
			far.times_us[far.n_times++] = took < 0 ? 0 : (uint32_t)(took / 1000);
	}
}

static void say(void)
{
	uint32_t p50 = 0, p99 = 0;
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	if (far.n_times > 0)
		bench_percentiles(far.times_us, far.n_times, &p50, &p99);
	printf("{\"sent\": %" PRIu64 ", \"heard\": %" PRIu64 ", \"strange\": %" PRIu64 ", \"p50_us\": %u, \"p99_us\": %u}\n",
	       far.sent, far.heard, far.strange, p50, p99);
	(void)fflush(stdout);
}

/* False: it is over. */
static bool obey(void)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	char word[64];
	ssize_t n;

	if (poll(&p, 1, 0) == 0)
		return true;
	n = read(STDIN_FILENO, word, sizeof(word) - 1);
	if (n > 0 && word[0] == 'm')
		far.measures = true;
	return n > 0 && word[0] != 's';
}

int main(int argc, char **argv)
{
	uint32_t pairs = argc == 3 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	int64_t due = bench_ns(CLOCK_MONOTONIC);

	far.legs = 2 * pairs;
	far.times_us = calloc(TIMES_MAX, sizeof(*far.times_us));
	if (pairs == 0 || far.legs > LEGS_MAX || far.times_us == NULL)
		return 2;
	/* Lines are read one by one: what comes later must not wait in a buffer. */
	setvbuf(stdin, NULL, _IONBF, 0);
	if (!open_legs((uint16_t)strtoul(argv[2], NULL, 10)) || !read_ports())
		return 1;
	for (uint32_t turn = 0, late = 0; late < LATE_MS; turn++) {
		if (late > 0 || (turn % 10 == 0 && !obey()))
			late++;
		for (uint32_t leg = turn % PHASES; leg < far.legs && late == 0; leg += PHASES)
			speak(leg, turn / PHASES);
		for (uint32_t leg = (turn + PHASES / 2) % PHASES; leg < far.legs; leg += PHASES)
			hear(leg);
		due += 1000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &(struct timespec){due / 1000000000, due % 1000000000}, NULL);
	}
	say();
	free(far.times_us);
	return 0;
}
