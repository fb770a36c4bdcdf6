#include "far.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "media/rtp.h"

#define MARK   UINT32_C(0x5a564252)
#define PHASES 20u

struct ends {
	struct far *far;
	uint16_t port;
	uint32_t slots;
	bool other_law;
	int fds[FAR_SLOTS];
};

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void far_sort(uint32_t *us, uint32_t n)
{
	qsort(us, n, sizeof(*us), by_value);
}

static void note(struct far_times *times, int64_t ns)
{
	uint32_t at = atomic_fetch_add(&times->n, 1);

	if (at < FAR_TIMES)
		times->us[at] = ns < 0 ? 0 : (uint32_t)(ns / 1000);
}

static int64_t arrival(struct msghdr *hdr)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(hdr); c != NULL; c = CMSG_NXTHDR(hdr, c)) {
		struct timespec at;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&at, CMSG_DATA(c), sizeof(at));
		return at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
	}
	return 0;
}

static void hear_one(struct ends *e, uint32_t slot, const uint8_t *data, int64_t now)
{
	struct far *far = e->far;
	uint32_t mark;
	int64_t then;
	bool timed;

	memcpy(&mark, data + ZV_RTP_HEADER, 4);
	memcpy(&then, data + ZV_RTP_HEADER + 4, 8);
	/* After a change of law nothing can be read: only silence is told from it. */
	timed = mark == MARK;
	if (!timed && (!e->other_law || data[ZV_RTP_HEADER + 20] == data[ZV_RTP_HEADER + 21]))
		return;
	if (far->linked_ns[slot] != 0) {
		note(&far->first, now - far->linked_ns[slot]);
		far->linked_ns[slot] = 0;
	}
	if (!far->measure)
		return;
	far->heard++;
	if (timed)
		note(&far->through, now - then);
}

/* When a packet came the kernel has noted: nobody need be woken for it. */
static void hear(struct ends *e, uint32_t slot)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct timespec))];
	uint8_t data[1500];

	for (;;) {
		struct iovec iov = {data, sizeof(data)};
		struct msghdr hdr = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
				     .msg_controllen = sizeof(control)};
		ssize_t got = recvmsg(e->fds[slot], &hdr, MSG_DONTWAIT);

		if (got < 0)
			return;
		if (got >= (ssize_t)(ZV_RTP_HEADER + 24))
			hear_one(e, slot, data, arrival(&hdr));
	}
}

static void speak(struct ends *e, uint32_t slot, uint32_t turn)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(e->far->to[slot])};
	uint8_t data[ZV_RTP_FRAME];
	uint32_t mark = MARK;
	int64_t now;
	bool second = (slot & 1) != 0; /* which law hardly matters: the cost is the same */

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	zv_rtp_write(data, &(struct zv_rtp){
		.payload_type = e->other_law && second ? 0 : 8, .seq = (uint16_t)turn,
		.timestamp = turn * ZV_FRAME_SAMPLES, .ssrc = slot + 1});
	for (uint32_t i = 0; i < ZV_FRAME_SAMPLES; i++)
		data[ZV_RTP_HEADER + i] = (uint8_t)(i * 7 + turn);
	now = far_now();
	memcpy(data + ZV_RTP_HEADER, &mark, 4);
	memcpy(data + ZV_RTP_HEADER + 4, &now, 8);
	sendto(e->fds[slot], data, sizeof(data), MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to));
	if (e->far->measure)
		e->far->sent++;
}

static bool open_all(struct ends *e)
{
	int on = 1;

	for (uint32_t i = 0; i < e->slots; i++) {
		struct sockaddr_in at = {.sin_family = AF_INET,
					 .sin_port = htons(far_port(e->port, e->slots, i))};

		at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		e->fds[i] = socket(AF_INET, SOCK_DGRAM, 0);
		if (e->fds[i] < 0 || bind(e->fds[i], (struct sockaddr *)&at, sizeof(at)) != 0 ||
		    setsockopt(e->fds[i], SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0)
			return false;
	}
	return true;
}

int far_run(struct far *far, uint16_t port, uint32_t slots, bool other_law)
{
	static struct ends e;
	struct timespec ts;
	int64_t due;

	e = (struct ends){.far = far, .port = port, .slots = slots, .other_law = other_law};
	if (!open_all(&e))
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	due = ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
	for (uint32_t turn = 0; !far->stop; turn++) {
		for (uint32_t slot = turn % PHASES; slot < slots; slot += PHASES)
			speak(&e, slot, turn / PHASES);
		for (uint32_t slot = (turn + PHASES / 2) % PHASES; slot < slots; slot += PHASES)
			hear(&e, slot);
		due += 1000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME,
				&(struct timespec){due / 1000000000, due % 1000000000}, NULL);
	}
	return 0;
}

int far_start(struct far *far, uint16_t port, uint32_t slots, bool other_law)
{
	pid_t child;

	far->stop = false;
	child = fork();
	if (child == 0)
		_exit(far_run(far, port, slots, other_law));
	return child;
}
