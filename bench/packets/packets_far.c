/* packets_far -- the far end of packets_bench, on the other machine.
 *
 *   packets_far drop INTERFACE                    drops UDP in the interface's driver, by XDP
 *   packets_far talk TO PORT FROM PORT N RATE     N streams of RTP, from FROM:PORT + 2 i to
 *                                                 TO:PORT + 2 i, RATE packets a second each
 *
 * Until end of input.
 */
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "media/rtp.h"

#define STREAMS_MAX 4096u

/* r6 = data; short frames and all that is not IPv4 and UDP pass. */
static const struct bpf_insn dropper[] = {
	{.code = BPF_LDX | BPF_W | BPF_MEM, .dst_reg = 6, .src_reg = 1, .off = 0},  /* r6 = ctx->data */
	{.code = BPF_LDX | BPF_W | BPF_MEM, .dst_reg = 7, .src_reg = 1, .off = 4},  /* r7 = ctx->data_end */
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = XDP_PASS},
	{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 8, .src_reg = 6},
	{.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 8, .imm = 42},
	{.code = BPF_JMP | BPF_JGT | BPF_X, .dst_reg = 8, .src_reg = 7, .off = 5},
	{.code = BPF_LDX | BPF_H | BPF_MEM, .dst_reg = 8, .src_reg = 6, .off = 12}, /* the type */
	{.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = 8, .off = 3, .imm = 0x0008}, /* IPv4, as it stands there */
	{.code = BPF_LDX | BPF_B | BPF_MEM, .dst_reg = 8, .src_reg = 6, .off = 23}, /* the protocol */
	{.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = 8, .off = 1, .imm = 17},
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = XDP_DROP},
	{.code = BPF_JMP | BPF_EXIT},
};

static int bpf(int what, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, what, attr, sizeof(*attr));
}

static int drop(const char *interface)
{
	union bpf_attr load = {.prog_type = BPF_PROG_TYPE_XDP, .insn_cnt = sizeof(dropper) / sizeof(dropper[0]),
			       .insns = (uintptr_t)dropper, .license = (uintptr_t)"MIT"};
	union bpf_attr link = {0};
	int program;

	program = bpf(BPF_PROG_LOAD, &load);
	link.link_create.prog_fd = (uint32_t)program;
	link.link_create.target_ifindex = if_nametoindex(interface);
	link.link_create.attach_type = BPF_XDP;
	if (program < 0 || bpf(BPF_LINK_CREATE, &link) < 0) {
		perror("packets_far: XDP");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		continue;
	return 0; /* the link ends with the process */
}

struct talk {
	struct sockaddr_in to, from;
	uint32_t n, rate;
	int fds[STREAMS_MAX];
};

static bool open_all(struct talk *t)
{
	for (uint32_t i = 0; i < t->n; i++) {
		struct sockaddr_in from = t->from, to = t->to;

		from.sin_port = htons((uint16_t)(ntohs(t->from.sin_port) + 2 * i));
		to.sin_port = htons((uint16_t)(ntohs(t->to.sin_port) + 2 * i));
		t->fds[i] = socket(AF_INET, SOCK_DGRAM, 0);
		if (t->fds[i] < 0 || bind(t->fds[i], (struct sockaddr *)&from, sizeof(from)) != 0 ||
		    connect(t->fds[i], (struct sockaddr *)&to, sizeof(to)) != 0) {
			perror("packets_far: sockets");
			return false;
		}
	}
	return true;
}

static bool ended(void)
{
	struct pollfd in = {0, POLLIN, 0};

	return poll(&in, 1, 0) > 0;
}

/* Each stream once in 1/rate seconds, spread over ticks of a millisecond. */
static int talk(struct talk *t)
{
	uint32_t ticks = 1000 / t->rate;
	uint8_t data[ZV_RTP_FRAME] = {0};
	struct timespec ts;
	int64_t due;

	if (!open_all(t))
		return 1;
	puts("ready");
	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	due = ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
	for (uint32_t tick = 0; tick % 100 != 0 || !ended(); tick++) {
		for (uint32_t i = tick % ticks; i < t->n; i += ticks) {
			uint32_t turn = tick / ticks;

			zv_rtp_write(data, &(struct zv_rtp){.payload_type = 8, .seq = (uint16_t)turn,
							    .timestamp = turn * ZV_FRAME_SAMPLES, .ssrc = i + 1});
			(void)send(t->fds[i], data, sizeof(data), MSG_DONTWAIT);
		}
		due += 1000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME,
				&(struct timespec){due / 1000000000, due % 1000000000}, NULL);
	}
	return 0;
}

static bool take(const char *ip, const char *port, struct sockaddr_in *ret_at)
{
	*ret_at = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
	return inet_pton(AF_INET, ip, &ret_at->sin_addr) == 1;
}

int main(int argc, char **argv)
{
	static struct talk t;

	if (argc == 3 && strcmp(argv[1], "drop") == 0)
		return drop(argv[2]);
	if (argc != 8 || strcmp(argv[1], "talk") != 0 || !take(argv[2], argv[3], &t.to) ||
	    !take(argv[4], argv[5], &t.from))
		return 2;
	t.n = (uint32_t)strtoul(argv[6], NULL, 10);
	t.rate = (uint32_t)strtoul(argv[7], NULL, 10);
	if (t.n == 0 || t.n > STREAMS_MAX || t.rate == 0 || t.rate > 1000)
		return 2;
	return talk(&t);
}
