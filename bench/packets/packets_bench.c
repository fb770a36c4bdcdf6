/* packets_bench -- what a packet costs a media thread: made, sent, passed on.
 *
 *   packets_bench frames [OPTION]...   frames as fast as they can be made, into DPDK's null device
 *   packets_bench send [OPTION]...     streams that are played a prompt, at their own pace
 *   packets_bench bridge [OPTION]...   pairs of streams that hear each other
 *
 *   --io WORD (of media.io)  --module PATH  --device D  --interface I  --ip A.B.C.D (twice: two
 *   addresses)  --peer A.B.C.D  --prompt WAV  --streams N  --seconds S  --churn N  --threads N
 *
 * frames: best, median and p99 of ns a frame, the same of frames that stand ready, and send errors.
 * Else one line of numbers on stdout: packets sent, received, passed on; CPU of the media threads in ns;
 * send errors; late ticks in ppm; seconds.  run.py asks the questions and makes figures of the answers.
 * --churn: so many calls a second end and begin while it is measured.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "media/dpdk/dpdk.h"
#include "media/io.h"
#include "media/media.h"
#include "media/prompts.h"
#include "media/streams.h"

#define PORT     16384u
#define PER_IP   8192u
#define FAR_PORT 16384u
#define PROMPT   100u
#define WARM_MS  1500
#define SLICE_NS 50000000

struct bench {
	const char *prompt;
	uint32_t streams, seconds, churn, n_ips;
	struct zv_ip ips[2], peer;
	struct zv_media_plan plan;
	struct zv_dpdk_conf dpdk;
	struct zv_media_params params;
	struct zv_prompts *prompts;
	struct zv_media *media;
	struct zv_media_rings rings[ZV_MEDIA_THREADS_MAX];
	pthread_t threads[ZV_MEDIA_THREADS_MAX];
	struct { struct bench *bench; uint32_t i; } args[ZV_MEDIA_THREADS_MAX];
	_Atomic bool stop;
	uint32_t gen;
};

static int64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void sleep_ms(int64_t ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static bool fail(const char *what)
{
	fprintf(stderr, "packets_bench: %s\n", what);
	return false;
}

static bool set_up(struct bench *b)
{
	uint32_t left = b->streams;

	b->plan.n_slots = b->streams;
	b->plan.n_ranges = b->streams > PER_IP ? 2 : 1;
	if (b->plan.n_ranges > b->n_ips)
		return fail("so many streams need two addresses");
	for (uint32_t i = 0; i < b->plan.n_ranges; i++) {
		uint32_t n = left < PER_IP ? left : PER_IP;

		b->plan.ranges[i] = (struct zv_media_range){b->ips[i], PORT, (uint16_t)n};
		left -= n;
	}
	for (uint32_t i = 0; i < b->plan.n_threads; i++)
		b->plan.rtcp_port[i] = (uint16_t)(PORT + 1 + 2 * i);
	b->params.plan = &b->plan;
	b->params.dpdk = &b->dpdk;
	b->params.rtcp_every_ms = 5000;
	if (zv_prompts_create(2, &b->prompts) != ZV_OK ||
	    (b->prompt != NULL && zv_prompts_add_wav(b->prompts, PROMPT, b->prompt) != ZV_OK))
		return fail("no prompt");
	b->params.prompts = b->prompts;
	return true;
}

static struct zv_cmd open_cmd(const struct bench *b, uint32_t slot, uint32_t gen)
{
	struct zv_cmd cmd = {.type = ZV_CMD_MEDIA_OPEN, .leg = {slot, gen}, .attempt = {1, slot}};

	cmd.u.media.rtp_ip = b->peer;
	cmd.u.media.rtp_port = (uint16_t)(FAR_PORT + 2 * (slot % PER_IP));
	cmd.u.media.payload_type = 8;
	cmd.u.media.dtmf_type = 101;
	return cmd;
}

static struct zv_cmd play_cmd(uint32_t slot, uint32_t gen)
{
	struct zv_cmd cmd = {.type = ZV_CMD_MEDIA_PLAY, .leg = {slot, gen}};

	cmd.u.play.prompt = PROMPT;
	cmd.u.play.loop = 1;
	return cmd;
}

/* ---- frames: no NIC, no clock, no sleep ---- */

/* Turns of the wheel for so long; ns a frame. */
static double slice(struct zv_streams *t, int64_t *tick)
{
	int64_t cpu = now_ns(CLOCK_THREAD_CPUTIME_ID), end = cpu;
	uint64_t sent = atomic_load(&t->tx_packets);

	while (end - cpu < SLICE_NS) {
		for (int i = 0; i < 100; i++, ++*tick)
			zv_streams_tick(t, *tick, *tick * 2);
		end = now_ns(CLOCK_THREAD_CPUTIME_ID);
	}
	return (double)(end - cpu) / (double)(atomic_load(&t->tx_packets) - sent);
}

/* The same without streams: packets that stand ready, to the device. */
static double bare_slice(const struct bench *b, struct zv_packet_io *io)
{
	static uint8_t data[ZV_PACKET_BURST][ZV_RTP_FRAME];
	struct zv_packet packets[ZV_PACKET_BURST];
	int64_t cpu = now_ns(CLOCK_THREAD_CPUTIME_ID), end = cpu;
	uint32_t port = 0;
	uint64_t sent = 0;

	while (end - cpu < SLICE_NS) {
		for (int i = 0; i < 1000; i++) {
			for (uint32_t k = 0; k < ZV_PACKET_BURST; k++, port = (port + 1) % b->streams)
				packets[k] = (struct zv_packet){
					.port = port, .len = ZV_RTP_FRAME, .data = data[k],
					.peer = {b->peer, (uint16_t)(FAR_PORT + 2 * (port % PER_IP))}};
			sent += io->ops->tx(io, packets, ZV_PACKET_BURST);
		}
		end = now_ns(CLOCK_THREAD_CPUTIME_ID);
	}
	return (double)(end - cpu) / (double)sent;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void tell_slices(double *v, uint32_t n)
{
	qsort(v, n, sizeof(*v), by_value);
	printf("%.2f %.2f %.2f", v[0], v[n / 2], v[n * 99 / 100]);
}

/* Turn about with the bare ones: best, median and p99 of ns a frame, first ours. */
static int frames(struct bench *b)
{
	struct zv_packet_hub *hub = NULL;
	struct zv_streams *t = NULL;
	struct zv_packet_io *io;
	struct zv_ring *events = NULL;
	char text[256] = "";
	uint32_t n = b->seconds * 10;
	double *ours = calloc(n, sizeof(*ours)), *bare = calloc(n, sizeof(*bare));
	int64_t tick = 0;

	b->params.io = ZV_IO_DPDK;
	if (ours == NULL || bare == NULL || !set_up(b) || zv_packet_hub_open(&b->params, text, sizeof(text), &hub) != ZV_OK ||
	    zv_packet_open(hub, 0, text, sizeof(text), &io) != ZV_OK ||
	    zv_streams_create(&b->params, 0, io, NULL, &t) != ZV_OK ||
	    zv_ring_create(sizeof(struct zv_event), 65536, -1, &events) != ZV_OK)
		return fail(text) ? 0 : 1;
	t->box.ring = events;
	for (uint32_t i = 0; i < b->streams; i++) {
		struct zv_cmd open = open_cmd(b, i, 1), play = play_cmd(i, 1);

		zv_streams_command(t, &open, 0);
		zv_streams_command(t, &play, 0);
	}
	for (; tick < 100; tick++)
		zv_streams_tick(t, tick, tick * 2);
	for (uint32_t i = 0; i < n; i++) {
		ours[i] = slice(t, &tick);
		bare[i] = bare_slice(b, io);
	}
	tell_slices(ours, n);
	putchar(' ');
	tell_slices(bare, n);
	printf(" %lu\n", (unsigned long)atomic_load(&t->send_errors));
	free(ours);
	free(bare);
	zv_streams_destroy(t);
	zv_packet_hub_destroy(hub);
	zv_ring_destroy(events);
	zv_prompts_destroy(b->prompts);
	return 0;
}

/* ---- threads as in zvonard ---- */

static void *run(void *arg)
{
	struct { struct bench *bench; uint32_t i; } *a = arg;

	if (zv_media_thread(a->bench->media, a->i, &a->bench->rings[a->i], &a->bench->stop) != ZV_OK)
		fail("no thread");
	return NULL;
}

static bool start(struct bench *b)
{
	char text[256] = "";

	if (!set_up(b))
		return false;
	if (zv_media_create(&b->params, text, sizeof(text), &b->media) != ZV_OK)
		return fail(text);
	fprintf(stderr, "packets go by %s %s\n", zv_media_io_of(b->media, NULL), zv_media_io_about(b->media));
	for (uint32_t i = 0; i < b->plan.n_threads; i++) {
		b->rings[i].wake_fd = eventfd(0, EFD_NONBLOCK);
		if (zv_ring_create(sizeof(struct zv_cmd), 4096, b->rings[i].wake_fd, &b->rings[i].commands) !=
			    ZV_OK ||
		    zv_ring_create(sizeof(struct zv_event), 65536, -1, &b->rings[i].events) != ZV_OK)
			return fail("no ring");
		b->args[i].bench = b;
		b->args[i].i = i;
		pthread_create(&b->threads[i], NULL, run, &b->args[i]);
	}
	return true;
}

static void finish(struct bench *b)
{
	b->stop = true;
	for (uint32_t i = 0; i < b->plan.n_threads; i++)
		pthread_join(b->threads[i], NULL);
	zv_media_destroy(b->media);
	for (uint32_t i = 0; i < b->plan.n_threads; i++) {
		zv_ring_destroy(b->rings[i].commands);
		zv_ring_destroy(b->rings[i].events);
	}
	zv_prompts_destroy(b->prompts);
}

static void give(struct bench *b, const struct zv_cmd *cmd)
{
	struct zv_media_rings *r = &b->rings[cmd->leg.slot % b->plan.n_threads];
	struct zv_event none[64];

	while (zv_ring_push(r->commands, cmd) != ZV_OK)
		sleep_ms(1);
	while (zv_ring_pop(r->events, none, 64) == 64)
		continue;
}

struct sums {
	struct zv_media_stats s;
	int64_t cpu_ns, wall_ns;
};

static struct sums look(const struct bench *b)
{
	struct sums sums = {.wall_ns = now_ns(CLOCK_MONOTONIC)};

	for (uint32_t i = 0; i < b->plan.n_threads; i++) {
		struct zv_media_stats s;
		clockid_t clock;

		if (pthread_getcpuclockid(b->threads[i], &clock) == 0)
			sums.cpu_ns += now_ns(clock);
		zv_media_get_stats(b->media, i, &s);
		sums.s.tx_packets += s.tx_packets;
		sums.s.rx_packets += s.rx_packets;
		sums.s.passed_on += s.passed_on;
		sums.s.send_errors += s.send_errors;
		sums.s.late_ticks += s.late_ticks;
	}
	return sums;
}

static void tell(const struct bench *b, const struct sums *from, const struct sums *to)
{
	double seconds = (double)(to->wall_ns - from->wall_ns) / 1e9;

	printf("%lu %lu %lu %ld %lu %.0f %.3f\n", (unsigned long)(to->s.tx_packets - from->s.tx_packets),
	       (unsigned long)(to->s.rx_packets - from->s.rx_packets),
	       (unsigned long)(to->s.passed_on - from->s.passed_on), (long)(to->cpu_ns - from->cpu_ns),
	       (unsigned long)(to->s.send_errors - from->s.send_errors),
	       (double)(to->s.late_ticks - from->s.late_ticks) * 1e6 / seconds / 500 / b->plan.n_threads, seconds);
	fflush(stdout);
}

/* A call ends and another begins in its place, so many a second. */
static void churn(struct bench *b)
{
	int64_t end = now_ns(CLOCK_MONOTONIC) + b->seconds * INT64_C(1000000000);
	uint32_t slot = 0;

	while (now_ns(CLOCK_MONOTONIC) < end) {
		struct zv_cmd cmd = {.type = ZV_CMD_MEDIA_CLOSE, .leg = {slot, b->gen}}, open, play;

		if (b->churn == 0) {
			sleep_ms(50);
			continue;
		}
		open = open_cmd(b, slot, b->gen + 1);
		play = play_cmd(slot, b->gen + 1);
		give(b, &cmd);
		give(b, &open);
		give(b, &play);
		slot++;
		if (slot == b->streams) {
			slot = 0;
			b->gen++;
		}
		sleep_ms(1000 / b->churn);
	}
}

static int sending(struct bench *b, bool bridged)
{
	struct sums from, to;

	if (!start(b))
		return 1;
	b->gen = 1;
	for (uint32_t i = 0; i < b->streams; i++) {
		struct zv_cmd open = open_cmd(b, i, 1), play = play_cmd(i, 1);

		give(b, &open);
		if (!bridged)
			give(b, &play);
		if (i % 20 == 19)
			sleep_ms(5); /* they come one after the other, spread over the wheel */
	}
	for (uint32_t i = 0; bridged && i < b->streams; i++) {
		struct zv_cmd cmd = {.type = ZV_CMD_MEDIA_LINK, .leg = {i, 1}};

		cmd.u.link.from = (struct zv_leg_id){i ^ 1, 1};
		cmd.u.link.on = 1;
		give(b, &cmd);
	}
	fprintf(stderr, "up\n");
	sleep_ms(WARM_MS);
	from = look(b);
	if (bridged)
		sleep_ms(b->seconds * 1000);
	else
		churn(b);
	to = look(b);
	tell(b, &from, &to);
	finish(b);
	return 0;
}

static bool take_ip(const char *text, struct zv_ip *ret_ip)
{
	ret_ip->family = 4;
	return inet_pton(AF_INET, text, ret_ip->bytes) == 1;
}

static bool take_io(const char *word, enum zv_media_io *ret_io)
{
	for (enum zv_media_io io = ZV_IO_AUTO; io <= ZV_IO_DPDK; io++) {
		if (strcmp(word, zv_packet_io_name(io)) != 0)
			continue;
		*ret_io = io;
		return true;
	}
	return false;
}

static bool take_option(struct bench *b, int option, const char *value)
{
	uint32_t number = (uint32_t)strtoul(value, NULL, 10);

	switch (option) {
	case 'i': return take_io(value, &b->params.io);
	case 'm': b->dpdk.module = value; return true;
	case 'd': b->dpdk.device = value; b->dpdk.steer = ZV_DPDK_NONE; return true;
	case 'f': b->dpdk.interface = value; return true;
	case 'a': return b->n_ips < 2 && take_ip(value, &b->ips[b->n_ips++]);
	case 'p': return take_ip(value, &b->peer);
	case 'w': b->prompt = value; return true;
	case 'n': b->streams = number; return number > 0 && number <= 2 * PER_IP;
	case 's': b->seconds = number; return number > 0;
	case 'c': b->churn = number; return number <= 1000;
	case 't': b->plan.n_threads = number; return number > 0 && number <= ZV_MEDIA_THREADS_MAX;
	default: return false;
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"io", 1, NULL, 'i'}, {"module", 1, NULL, 'm'}, {"device", 1, NULL, 'd'}, {"interface", 1, NULL, 'f'},
		{"ip", 1, NULL, 'a'}, {"peer", 1, NULL, 'p'}, {"prompt", 1, NULL, 'w'}, {"streams", 1, NULL, 'n'},
		{"seconds", 1, NULL, 's'}, {"churn", 1, NULL, 'c'}, {"threads", 1, NULL, 't'}, {NULL, 0, NULL, 0},
	};
	static struct bench b = {.streams = 1000, .seconds = 5, .plan = {.n_threads = 1},
				 .dpdk = {.module = "", .device = "", .interface = "", .copy = true, .memory_mb = 256}};
	const char *mode = argc > 1 ? argv[1] : "";
	int c;

	while ((c = getopt_long(argc - 1, argv + 1, "", options, NULL)) != -1)
		if (optarg == NULL || !take_option(&b, c, optarg))
			return 2;
	if (b.n_ips == 0 || b.peer.family == 0)
		return 2;
	if (strcmp(mode, "frames") == 0)
		return frames(&b);
	if (strcmp(mode, "send") == 0 || strcmp(mode, "bridge") == 0)
		return sending(&b, strcmp(mode, "bridge") == 0);
	return 2;
}
