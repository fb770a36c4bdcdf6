/* media_bed -- one media thread with a pipe in place of the engine, for media_peer_test.py.
 *
 *   media_bed PORT SLOTS RTCP_PORT LOST_MS RTCP_MS [asymmetric] [inband] [network=A.B.C.D/BITS]
 *
 * Lines on stdin:
 *   load HASH PATH
 *   open SLOT GEN IP PORT PAYLOAD_TYPE DTMF_TYPE
 *   play SLOT GEN HASH DURATION_MS TAG STOP_ON_KEY
 *   stop SLOT GEN
 *   close SLOT GEN
 *   stats
 * Each event is a line on stdout; end of input ends the program.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "media/media.h"
#include "media/prompts.h"

struct bed {
	struct zv_media *media;
	struct zv_prompts *prompts;
	struct zv_media_rings rings;
	int event_fd;
	_Atomic bool stop;
};

static void *run(void *arg)
{
	struct bed *b = arg;

	if (zv_media_thread(b->media, 0, &b->rings, &b->stop) != ZV_OK)
		fprintf(stderr, "media_bed: no such thread\n");
	return NULL;
}

static void parse_ip(const char *text, struct zv_ip *ret_ip)
{
	memset(ret_ip, 0, sizeof(*ret_ip));
	ret_ip->family = strchr(text, ':') != NULL ? 6 : 4;
	if (inet_pton(ret_ip->family == 6 ? AF_INET6 : AF_INET, text, ret_ip->bytes) != 1)
		fprintf(stderr, "media_bed: bad address %s\n", text);
}

static void send_cmd(struct bed *b, const struct zv_cmd *cmd)
{
	if (zv_ring_push(b->rings.commands, cmd) != ZV_OK)
		fprintf(stderr, "media_bed: command ring full\n");
}

static void print_events(struct bed *b)
{
	struct zv_event ev;

	while (zv_ring_pop(b->rings.events, &ev, 1) == 1) {
		unsigned slot = ev.leg.slot, gen = ev.leg.gen;

		if (ev.type == ZV_EV_MEDIA_KEY)
			printf("key %u %u %c %u\n", slot, gen, ev.u.media.key, ev.u.media.inband);
		else if (ev.type == ZV_EV_MEDIA_PLAYED)
			printf("played %u %u %u %u\n", slot, gen, ev.u.media.tag, ev.u.media.cause);
		else if (ev.type == ZV_EV_MEDIA_LOST)
			printf("lost %u %u\n", slot, gen);
		else if (ev.type == ZV_EV_MEDIA_CLOSED)
			printf("closed %u %u %u %u %u %u %u\n", slot, gen, ev.u.stats.rx_packets,
			       ev.u.stats.tx_packets, ev.u.stats.lost, ev.u.stats.rejected,
			       ev.u.stats.jitter_us);
		else
			printf("event %u\n", ev.type);
	}
	fflush(stdout);
}

static void print_stats(struct bed *b)
{
	struct zv_media_stats s;

	zv_media_get_stats(b->media, 0, &s);
	printf("stats %lu %lu %lu %lu %lu %u %u\n", (unsigned long)s.tx_packets,
	       (unsigned long)s.rx_packets, (unsigned long)s.rejected, (unsigned long)s.late_ticks,
	       (unsigned long)s.send_errors, s.streams, s.peak_streams);
	fflush(stdout);
}

static void do_line(struct bed *b, const char *line)
{
	struct zv_cmd cmd = {0};
	unsigned a[6];
	char text[512];

	if (sscanf(line, "load %u %500s", &a[0], text) == 2) {
		printf("loaded %u %d\n", a[0], (int)zv_prompts_add_wav(b->prompts, a[0], text));
		fflush(stdout);
	} else if (sscanf(line, "open %u %u %60s %u %u %u", &cmd.leg.slot, &cmd.leg.gen, text, &a[0],
			  &a[1], &a[2]) == 6) {
		cmd.type = ZV_CMD_MEDIA_OPEN;
		parse_ip(text, &cmd.u.media.rtp_ip);
		cmd.u.media.rtp_port = (uint16_t)a[0];
		cmd.u.media.payload_type = (uint8_t)a[1];
		cmd.u.media.dtmf_type = (uint8_t)a[2];
		send_cmd(b, &cmd);
	} else if (sscanf(line, "play %u %u %u %u %u %u", &cmd.leg.slot, &cmd.leg.gen, &a[0], &a[1],
			  &a[2], &a[3]) == 6) {
		cmd.type = ZV_CMD_MEDIA_PLAY;
		cmd.u.play.prompt = a[0];
		cmd.u.play.duration_ms = a[1];
		cmd.u.play.tag = a[2];
		cmd.u.play.stop_on_key = (uint8_t)a[3];
		send_cmd(b, &cmd);
	} else if (sscanf(line, "stop %u %u", &cmd.leg.slot, &cmd.leg.gen) == 2) {
		cmd.type = ZV_CMD_MEDIA_STOP;
		send_cmd(b, &cmd);
	} else if (sscanf(line, "close %u %u", &cmd.leg.slot, &cmd.leg.gen) == 2) {
		cmd.type = ZV_CMD_MEDIA_CLOSE;
		send_cmd(b, &cmd);
	} else if (strncmp(line, "stats", 5) == 0) {
		print_stats(b);
	} else {
		fprintf(stderr, "media_bed: what is %s\n", line);
	}
}

static void serve(struct bed *b)
{
	struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
				{.fd = b->event_fd, .events = POLLIN}};
	char buf[4096];
	size_t n = 0;
	eventfd_t woken;

	for (;;) {
		print_events(b);
		if (zv_ring_arm(b->rings.events) && poll(fds, 2, -1) < 0)
			return;
		if (fds[1].revents & POLLIN)
			eventfd_read(b->event_fd, &woken);
		if (fds[0].revents != 0) {
			ssize_t got = read(STDIN_FILENO, buf + n, sizeof(buf) - 1 - n);
			char *end;

			if (got <= 0)
				return;
			n += (size_t)got;
			buf[n] = '\0';
			while ((end = strchr(buf, '\n')) != NULL) {
				*end = '\0';
				do_line(b, buf);
				n -= (size_t)(end + 1 - buf);
				memmove(buf, end + 1, n + 1);
			}
		}
		fds[0].revents = fds[1].revents = 0;
	}
}

int main(int argc, char **argv)
{
	struct zv_media_plan plan = {.n_ranges = 1, .n_threads = 1};
	struct zv_media_trunk trunk = {0};
	struct zv_media_params params = {.plan = &plan, .trunks = &trunk, .n_trunks = 1};
	struct bed b = {0};
	pthread_t thread;
	char text[256];
	enum zv_err err;

	if (argc < 6)
		return 2;
	plan.n_slots = (uint32_t)atoi(argv[2]);
	parse_ip("127.0.0.1", &plan.ranges[0].ip);
	plan.ranges[0].port_first = (uint16_t)atoi(argv[1]);
	plan.ranges[0].n_ports = (uint16_t)plan.n_slots;
	plan.rtcp_port[0] = (uint16_t)atoi(argv[3]);
	params.lost_after_ms = (uint32_t)atoi(argv[4]);
	params.rtcp_every_ms = (uint32_t)atoi(argv[5]);
	for (int i = 6; i < argc; i++) {
		unsigned bits;
		char ip[64];

		if (strcmp(argv[i], "asymmetric") == 0)
			trunk.asymmetric = true;
		else if (strcmp(argv[i], "inband") == 0)
			params.inband_keys = true;
		else if (sscanf(argv[i], "network=%60[^/]/%u", ip, &bits) == 2) {
			parse_ip(ip, &trunk.networks[trunk.n_networks].ip);
			trunk.networks[trunk.n_networks++].bits = (uint8_t)bits;
		}
	}
	if (zv_prompts_create(100, &b.prompts) != ZV_OK)
		return 1;
	params.prompts = b.prompts;
	err = zv_media_create(&params, text, sizeof(text), &b.media);
	if (err != ZV_OK) {
		printf("failed %d %s\n", (int)err, text);
		zv_prompts_destroy(b.prompts);
		return 1;
	}
	b.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	b.rings.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (zv_ring_create(sizeof(struct zv_cmd), 1024, b.rings.wake_fd, &b.rings.commands) != ZV_OK ||
	    zv_ring_create(sizeof(struct zv_event), 1024, b.event_fd, &b.rings.events) != ZV_OK)
		return 1;
	pthread_create(&thread, NULL, run, &b);
	printf("ready\n");
	fflush(stdout);
	serve(&b);
	b.stop = true;
	pthread_join(thread, NULL);
	print_events(&b);
	zv_media_destroy(b.media);
	zv_prompts_destroy(b.prompts);
	zv_ring_destroy(b.rings.commands);
	zv_ring_destroy(b.rings.events);
	close(b.event_fd);
	close(b.rings.wake_fd);
	return 0;
}
