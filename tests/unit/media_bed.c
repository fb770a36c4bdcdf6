/* media_bed -- media threads with a pipe in place of the engine, for the tests in Python.
 *
 *   media_bed PORT SLOTS RTCP_PORT LOST_MS RTCP_MS [asymmetric] [inband] [network=A.B.C.D/BITS]
 *             [threads=N] [tape=FOLDER] [ip=A.B.C.D] [io=sockets|uring|shared|dpdk]
 *             [dpdk.module=PATH] [dpdk.device=D] [dpdk.interface=I] [dpdk.steer=N] [dpdk.copy]
 *
 * Lines on stdin:
 *   load HASH PATH
 *   open SLOT GEN IP PORT PAYLOAD_TYPE DTMF_TYPE [LEARN [QUIET_MS]]
 *   play SLOT GEN HASH DURATION_MS TAG STOP_ON_KEY [LOOP]
 *   link SLOT GEN FROM_SLOT FROM_GEN ON KEYS
 *   key SLOT GEN KEY
 *   record SLOT GEN WHAT CAL_MS          the attempt is 1, SLOT << 32 | GEN
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

#include "media/dpdk/dpdk.h"
#include "media/media.h"
#include "media/prompts.h"
#include "media/tape.h"

#define THREADS_MAX 4

struct bed {
	struct zv_media *media;
	struct zv_prompts *prompts;
	uint32_t n_threads;
	struct zv_media_rings rings[THREADS_MAX];
	struct { struct bed *bed; uint32_t i; } args[THREADS_MAX];
	pthread_t threads[THREADS_MAX];
	int event_fd;
	struct zv_tape *tape;
	pthread_t tape_thread;
	_Atomic bool stop, stop_tape;
};

static void *run_tape(void *arg)
{
	struct bed *b = arg;

	if (zv_tape_thread(b->tape, &b->stop_tape) != ZV_OK)
		fprintf(stderr, "media_bed: no tape\n");
	return NULL;
}

static const char *campaign_name(void *arg, uint32_t campaign)
{
	(void)arg;
	return campaign == 5 ? "five/../5" : NULL;
}

static void recorded(void *arg, const struct zv_taped *r)
{
	(void)arg;
	printf("recorded %lx %lx %s %u %lu %s %lu %u %u %ld\n", (unsigned long)r->attempt.hi,
	       (unsigned long)r->attempt.lo, r->path, r->duration_ms, (unsigned long)r->bytes, r->sha256,
	       (unsigned long)r->lead, r->campaign, r->agent, (long)r->begun_ms);
	fflush(stdout);
}

static void *run(void *arg)
{
	struct { struct bed *bed; uint32_t i; } *a = arg;

	if (zv_media_thread(a->bed->media, a->i, &a->bed->rings[a->i], &a->bed->stop) != ZV_OK)
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

static void send_to(struct bed *b, uint32_t slot, const struct zv_cmd *cmd)
{
	if (zv_ring_push(b->rings[slot % b->n_threads].commands, cmd) != ZV_OK)
		fprintf(stderr, "media_bed: command ring full\n");
}

/* A link goes to both ends' threads, the listener's first. */
static void send_cmd(struct bed *b, const struct zv_cmd *cmd)
{
	uint32_t from = cmd->u.link.from.slot;

	send_to(b, cmd->leg.slot, cmd);
	if (cmd->type == ZV_CMD_MEDIA_LINK && from % b->n_threads != cmd->leg.slot % b->n_threads)
		send_to(b, from, cmd);
}

static bool next_event(struct bed *b, struct zv_event *ret_event)
{
	for (uint32_t i = 0; i < b->n_threads; i++)
		if (zv_ring_pop(b->rings[i].events, ret_event, 1) == 1)
			return true;
	return false;
}

static void print_events(struct bed *b)
{
	struct zv_event ev;

	while (next_event(b, &ev)) {
		unsigned slot = ev.leg.slot, gen = ev.leg.gen;

		if (ev.type == ZV_EV_MEDIA_KEY)
			printf("key %u %u %c %u\n", slot, gen, ev.u.media.key, ev.u.media.inband);
		else if (ev.type == ZV_EV_MEDIA_PLAYED)
			printf("played %u %u %u %u\n", slot, gen, ev.u.media.tag, ev.u.media.cause);
		else if (ev.type == ZV_EV_MEDIA_LOST)
			printf("%s %u %u\n", ev.code == ZV_LOST_QUIET ? "quiet" : ev.code == ZV_LOST_HEARD ? "heard" : "lost",
			       slot, gen);
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

	for (uint32_t i = 1; i < b->n_threads; i++) {
		zv_media_get_stats(b->media, i, &s);
		printf("stats_of %u %lu %lu %lu %lu %lu\n", i, (unsigned long)s.tx_packets,
		       (unsigned long)s.passed_on, (unsigned long)s.crossed,
		       (unsigned long)s.cross_lost, (unsigned long)s.links_refused);
	}
	zv_media_get_stats(b->media, 0, &s);
	printf("stats_of 0 %lu %lu %lu %lu %lu\n", (unsigned long)s.tx_packets,
	       (unsigned long)s.passed_on, (unsigned long)s.crossed, (unsigned long)s.cross_lost,
	       (unsigned long)s.links_refused);
	printf("stats_io %s %lu %lu %lu %lu %lu %lu %lu\n", zv_media_io_of(b->media, NULL),
	       (unsigned long)s.io_lost, (unsigned long)s.io_unresolved, (unsigned long)s.io_full,
	       (unsigned long)s.io_foreign, (unsigned long)s.io_handed, (unsigned long)s.io_passed_up,
	       (unsigned long)s.io_passed_down);
	printf("stats %lu %lu %lu %lu %lu %u %u\n", (unsigned long)s.tx_packets,
	       (unsigned long)s.rx_packets, (unsigned long)s.rejected, (unsigned long)s.late_ticks,
	       (unsigned long)s.send_errors, s.streams, s.peak_streams);
	fflush(stdout);
}

static void do_line(struct bed *b, const char *line)
{
	struct zv_cmd cmd = {0};
	unsigned a[6] = {0};
	char text[512], key;
	long cal_ms;

	if (sscanf(line, "load %u %500s", &a[0], text) == 2) {
		printf("loaded %u %d\n", a[0], (int)zv_prompts_add_wav(b->prompts, a[0], text));
		fflush(stdout);
	} else if (sscanf(line, "open %u %u %60s %u %u %u %u %u", &cmd.leg.slot, &cmd.leg.gen, text, &a[0],
			  &a[1], &a[2], &a[3], &a[4]) >= 6) {
		cmd.type = ZV_CMD_MEDIA_OPEN;
		parse_ip(text, &cmd.u.media.rtp_ip);
		cmd.u.media.rtp_port = (uint16_t)a[0];
		cmd.u.media.payload_type = (uint8_t)a[1];
		cmd.u.media.dtmf_type = (uint8_t)a[2];
		cmd.u.media.learn = (uint8_t)a[3];
		cmd.u.media.quiet_ms = (uint16_t)a[4];
		cmd.attempt = (struct zv_attempt_id){1, (uint64_t)cmd.leg.slot << 32 | cmd.leg.gen};
		send_cmd(b, &cmd);
	} else if (sscanf(line, "play %u %u %u %u %u %u %u", &cmd.leg.slot, &cmd.leg.gen, &a[0],
			  &a[1], &a[2], &a[3], &a[4]) >= 6) {
		cmd.type = ZV_CMD_MEDIA_PLAY;
		cmd.u.play.prompt = a[0];
		cmd.u.play.duration_ms = a[1];
		cmd.u.play.tag = a[2];
		cmd.u.play.stop_on_key = (uint8_t)a[3];
		cmd.u.play.loop = (uint8_t)a[4];
		send_cmd(b, &cmd);
	} else if (sscanf(line, "link %u %u %u %u %u %u", &cmd.leg.slot, &cmd.leg.gen,
			  &cmd.u.link.from.slot, &cmd.u.link.from.gen, &a[0], &a[1]) == 6) {
		cmd.type = ZV_CMD_MEDIA_LINK;
		cmd.u.link.on = (uint8_t)a[0];
		cmd.u.link.keys = (uint8_t)a[1];
		send_cmd(b, &cmd);
	} else if (sscanf(line, "key %u %u %c", &cmd.leg.slot, &cmd.leg.gen, &key) == 3) {
		cmd.type = ZV_CMD_MEDIA_KEY;
		cmd.u.key.key = (uint8_t)key;
		send_cmd(b, &cmd);
	} else if (sscanf(line, "stop %u %u", &cmd.leg.slot, &cmd.leg.gen) == 2) {
		cmd.type = ZV_CMD_MEDIA_STOP;
		send_cmd(b, &cmd);
	} else if (sscanf(line, "close %u %u", &cmd.leg.slot, &cmd.leg.gen) == 2) {
		cmd.type = ZV_CMD_MEDIA_CLOSE;
		send_cmd(b, &cmd);
	} else if (sscanf(line, "record %u %u %u %ld", &cmd.leg.slot, &cmd.leg.gen, &a[0], &cal_ms) == 4) {
		cmd.type = ZV_CMD_MEDIA_RECORD;
		cmd.cal_ms = cal_ms;
		cmd.campaign = 5;
		cmd.u.record.on = (uint8_t)a[0];
		cmd.u.record.lead = 77;
		cmd.u.record.agent = 3;
		send_cmd(b, &cmd);
	} else if (strncmp(line, "stats", 5) == 0) {
		print_stats(b);
	} else {
		fprintf(stderr, "media_bed: what is %s\n", line);
	}
}

static bool arm(struct bed *b)
{
	bool quiet = true;

	for (uint32_t i = 0; i < b->n_threads; i++)
		quiet = zv_ring_arm(b->rings[i].events) && quiet;
	return quiet;
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
		if (arm(b) && poll(fds, 2, -1) < 0)
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

static bool start_tape(struct bed *b, const struct zv_media_plan *plan, const char *dir)
{
	struct zv_tape_params params = {.dir = dir, .n_threads = plan->n_threads, .n_slots = plan->n_slots,
					.retry_ms = 200, .campaign = campaign_name, .recorded = recorded};
	char text[256];
	enum zv_err err = zv_tape_create(&params, text, sizeof(text), &b->tape);

	if (err != ZV_OK) {
		printf("failed %d %s\n", (int)err, text);
		return false;
	}
	return pthread_create(&b->tape_thread, NULL, run_tape, b) == 0;
}

static bool set_io(const char *option, struct zv_media_params *params, struct zv_dpdk_conf *dpdk)
{
	static const char *const words[] = {"auto", "sockets", "uring", "shared", "dpdk"};

	for (int i = 0; strncmp(option, "io=", 3) == 0 && i < 5; i++)
		if (strcmp(option + 3, words[i]) == 0)
			params->io = (enum zv_media_io)i;
	if (strncmp(option, "dpdk.module=", 12) == 0)
		dpdk->module = option + 12;
	else if (strncmp(option, "dpdk.device=", 12) == 0)
		dpdk->device = option + 12;
	else if (strncmp(option, "dpdk.interface=", 15) == 0)
		dpdk->interface = option + 15;
	else if (strncmp(option, "dpdk.steer=", 11) == 0)
		dpdk->steer = (uint8_t)atoi(option + 11);
	else if (strcmp(option, "dpdk.copy") == 0)
		dpdk->copy = true;
	else
		return strncmp(option, "io=", 3) == 0;
	return true;
}

int main(int argc, char **argv)
{
	struct zv_dpdk_conf dpdk = {.module = "", .device = "", .interface = "", .memory_mb = 256};
	struct zv_media_plan plan = {.n_ranges = 1, .n_threads = 1};
	struct zv_media_trunk trunk = {0};
	struct zv_media_params params = {.plan = &plan, .trunks = &trunk, .n_trunks = 1};
	struct bed b = {0};
	const char *dir = NULL;
	char text[256];
	enum zv_err err;

	if (argc < 6)
		return 2;
	plan.n_slots = (uint32_t)atoi(argv[2]);
	parse_ip("127.0.0.1", &plan.ranges[0].ip);
	params.dpdk = &dpdk;
	plan.ranges[0].port_first = (uint16_t)atoi(argv[1]);
	plan.ranges[0].n_ports = (uint16_t)plan.n_slots;
	params.lost_after_ms = (uint32_t)atoi(argv[4]);
	params.rtcp_every_ms = (uint32_t)atoi(argv[5]);
	for (int i = 6; i < argc; i++) {
		unsigned bits;
		char ip[64];

		if (strcmp(argv[i], "asymmetric") == 0)
			trunk.asymmetric = true;
		else if (strcmp(argv[i], "inband") == 0)
			params.inband_keys = true;
		else if (strncmp(argv[i], "tape=", 5) == 0)
			dir = argv[i] + 5;
		else if (strncmp(argv[i], "ip=", 3) == 0)
			parse_ip(argv[i] + 3, &plan.ranges[0].ip);
		else if (sscanf(argv[i], "threads=%u", &plan.n_threads) == 1 || set_io(argv[i], &params, &dpdk))
			continue;
		else if (sscanf(argv[i], "network=%60[^/]/%u", ip, &bits) == 2) {
			parse_ip(ip, &trunk.networks[trunk.n_networks].ip);
			trunk.networks[trunk.n_networks++].bits = (uint8_t)bits;
		}
	}
	if (plan.n_threads < 1 || plan.n_threads > THREADS_MAX)
		return 2;
	b.n_threads = plan.n_threads;
	for (uint32_t i = 0; i < plan.n_threads; i++)
		plan.rtcp_port[i] = (uint16_t)((uint32_t)atoi(argv[3]) + i);
	if (zv_prompts_create(100, &b.prompts) != ZV_OK)
		return 1;
	params.prompts = b.prompts;
	if (dir != NULL && !start_tape(&b, &plan, dir)) {
		zv_prompts_destroy(b.prompts);
		return 1;
	}
	params.tape = b.tape;
	err = zv_media_create(&params, text, sizeof(text), &b.media);
	if (err != ZV_OK) {
		printf("failed %d %s\n", (int)err, text);
		zv_prompts_destroy(b.prompts);
		return 1;
	}
	b.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (uint32_t i = 0; i < b.n_threads; i++) {
		b.rings[i].wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (zv_ring_create(sizeof(struct zv_cmd), 1024, b.rings[i].wake_fd, &b.rings[i].commands) !=
			    ZV_OK ||
		    zv_ring_create(sizeof(struct zv_event), 1024, b.event_fd, &b.rings[i].events) != ZV_OK)
			return 1;
		b.args[i].bed = &b;
		b.args[i].i = i;
		pthread_create(&b.threads[i], NULL, run, &b.args[i]);
	}
	printf("ready\n");
	fflush(stdout);
	serve(&b);
	b.stop = true;
	for (uint32_t i = 0; i < b.n_threads; i++)
		pthread_join(b.threads[i], NULL);
	print_events(&b);
	b.stop_tape = true;
	if (b.tape != NULL)
		pthread_join(b.tape_thread, NULL);
	zv_media_destroy(b.media);
	zv_tape_destroy(b.tape);
	zv_prompts_destroy(b.prompts);
	for (uint32_t i = 0; i < b.n_threads; i++) {
		zv_ring_destroy(b.rings[i].commands);
		zv_ring_destroy(b.rings[i].events);
		close(b.rings[i].wake_fd);
	}
	close(b.event_fd);
	return 0;
}
