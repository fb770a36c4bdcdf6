/* media_bench -- what a two-way stream costs a media thread: slots call each other in pairs on
 * loopback, so every packet is sent and received by the one thread, kernel work included.
 *
 *   media_bench [--streams N] [--seconds S] [--talk] [--inband] [--port P] [--most US]
 *               [--io KIND] [--json]
 *
 * --talk: all play speech-like noise instead of silence; --inband: listen for tones; --io: a word
 * of media.io.
 * --most: exit status 1 if a stream-second costs more microseconds than that.
 */
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/secrets.h"
#include "media/io.h"
#include "media/media.h"
#include "media/prompts.h"
#include "line.h"

struct bench {
	struct zv_secrets *secrets;
	enum zv_srtp_suite suite; /* of SRTP; ZV_SUITE_NONE: plain */
	uint32_t streams, seconds, most_us;
	uint16_t port;
	bool talk, inband, json;
	struct zv_prompts *prompts;
	struct zv_media *media;
	struct zv_media_rings rings;
	int event_fd;
	enum zv_media_io io;
	bool denied; /* that io cannot run here */
	_Atomic bool stop;
	struct rusage usage; /* of the media thread, at its end */
};

/* A word of media.io. */
static enum zv_media_io io_of(const char *word)
{
	for (enum zv_media_io io = ZV_IO_SOCKETS; io <= ZV_IO_DPDK; io++)
		if (strcmp(word, zv_packet_io_name(io)) == 0)
			return io;
	return ZV_IO_AUTO;
}

static void *run(void *arg)
{
	struct bench *b = arg;

	if (zv_media_thread(b->media, 0, &b->rings, &b->stop) != ZV_OK)
		fprintf(stderr, "media_bench: no thread\n");
	getrusage(RUSAGE_THREAD, &b->usage);
	return NULL;
}

static void put_le(FILE *f, uint32_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		fputc((int)(v >> 8 * i & 0xff), f);
}

/* 30 s of noise at the level of speech, as a WAV of 8 kHz. */
static bool make_noise(struct bench *b)
{
	char path[] = "/tmp/zv-noise-XXXXXX";
	uint32_t n = 30 * 8000;
	int fd = mkstemp(path);
	FILE *f = fd >= 0 ? fdopen(fd, "wb") : NULL;
	enum zv_err err;

	if (f == NULL)
		return false;
	fputs("RIFF", f);
	put_le(f, 36 + 2 * n, 4);
	fputs("WAVEfmt ", f);
	put_le(f, 16, 4);
	put_le(f, 1, 2);
	put_le(f, 1, 2);
	put_le(f, 8000, 4);
	put_le(f, 16000, 4);
	put_le(f, 2, 2);
	put_le(f, 16, 2);
	fputs("data", f);
	put_le(f, 2 * n, 4);
	for (uint32_t i = 0; i < n; i++)
		put_le(f, (uint32_t)(zv_mix64(i) % 6000) - 3000, 2);
	fclose(f);
	err = zv_prompts_add_wav(b->prompts, 100, path);
	unlink(path);
	return err == ZV_OK;
}

static void command(struct bench *b, const struct zv_cmd *cmd)
{
	struct timespec ms = {0, 1000000};

	while (zv_ring_push(b->rings.commands, cmd) != ZV_OK)
		nanosleep(&ms, NULL);
}

static void start_calls(struct bench *b)
{
	struct zv_cmd cmd = {.type = ZV_CMD_MEDIA_OPEN};

	for (uint32_t i = 0; i < b->streams; i++) {
		cmd.leg = (struct zv_leg_id){i, 1};
		cmd.type = ZV_CMD_MEDIA_OPEN;
		cmd.u.media.rtp_ip = (struct zv_ip){4, {127, 0, 0, 1}};
		cmd.u.media.rtp_port = (uint16_t)(b->port + 2 * (i ^ 1));
		cmd.u.media.payload_type = 8;
		cmd.u.media.dtmf_type = 101;
		command(b, &cmd);
		if (!b->talk)
			continue;
		memset(&cmd.u, 0, sizeof(cmd.u));
		cmd.type = ZV_CMD_MEDIA_PLAY;
		cmd.u.play.prompt = 100;
		command(b, &cmd);
	}
}

static double cpu_us(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1e6 +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec);
}

/* Each stream hears its neighbour. */
static bool make_keys(struct bench *b)
{
	if (zv_secrets_create(b->streams, &b->secrets) != ZV_OK)
		return false;
	for (uint32_t i = 0; i < b->streams; i++) {
		struct zv_secret s = {.gen = 1, .how = ZV_SECRECY_SRTP, .suite = (uint8_t)b->suite};

		memset(s.ours, (int)(i & 255), sizeof(s.ours));
		memset(s.theirs, (int)((i ^ 1) & 255), sizeof(s.theirs));
		zv_secrets_put(b->secrets, i, &s);
	}
	return true;
}

static bool set_up(struct bench *b)
{
	struct zv_media_plan plan = {.n_slots = b->streams, .n_ranges = 1, .n_threads = 1};
	struct zv_media_params params = {
		.plan = &plan, .io = b->io,
		.inband_keys = b->inband,
		.rtcp_every_ms = 5000,
		.lost_after_ms = 10000,
	};
	char text[200] = "";
	enum zv_err err;

	plan.ranges[0] = (struct zv_media_range){{4, {127, 0, 0, 1}}, b->port, (uint16_t)b->streams};
	plan.rtcp_port[0] = (uint16_t)(b->port - 1);
	if (zv_prompts_create(2, &b->prompts) != ZV_OK || (b->talk && !make_noise(b)))
		return false;
	params.prompts = b->prompts;
	if (b->suite != ZV_SUITE_NONE && !make_keys(b))
		return false;
	params.secrets = b->secrets;
	err = zv_media_create(&params, text, sizeof(text), &b->media);
	if (err != ZV_OK) {
		b->denied = b->io != ZV_IO_AUTO && err == ZV_EDENIED;
		fprintf(stderr, "media_bench: %s\n", text);
		return false;
	}
	b->event_fd = eventfd(0, EFD_NONBLOCK);
	b->rings.wake_fd = eventfd(0, EFD_NONBLOCK);
	return zv_ring_create(sizeof(struct zv_cmd), 1024, b->rings.wake_fd, &b->rings.commands) ==
		       ZV_OK &&
	       zv_ring_create(sizeof(struct zv_event), 16384, b->event_fd, &b->rings.events) == ZV_OK;
}

static const char *secrecy_of(const struct bench *b)
{
	static const char *const names[ZV_SUITES] = {"", "_srtp_cm80", "_srtp_cm32", "_srtp_gcm"};

	return names[b->suite];
}

static void show(const struct bench *b, const struct zv_media_stats *s, double us, double wall)
{
	const char *io = zv_media_io_of(b->media, NULL);
	char name[60];

	if (b->json) {
		snprintf(name, sizeof(name), "stream_%s%s%s%s", io, b->talk ? "_talking" : "",
			 b->inband ? "_inband" : "", secrecy_of(b));
		bench_say(true, &(struct bench_figure){.name = name, .value = us, .unit = "us/stream-second",
						       .n = b->streams, .cpu_us = us, .size = b->streams,
						       .size_of = "streams", .rss_kb = (double)bench_rss_kb()});
		return;
	}
	printf("io %s, streams %u%s%s%s: %.0f us CPU a stream-second (user %.0f%%), %.1f%% of a core, "
	       "%.1f packets out and %.1f in a stream-second, late ticks %.2f%%, send errors %lu\n",
	       io, b->streams, b->talk ? " talking" : " silent", b->inband ? " listening for tones" : "",
	       secrecy_of(b), us,
	       100.0 * (double)(b->usage.ru_utime.tv_sec * 1000000 + b->usage.ru_utime.tv_usec) /
		       cpu_us(&b->usage),
	       us * b->streams / 1e4, (double)s->tx_packets / wall / b->streams,
	       (double)s->rx_packets / wall / b->streams, (double)s->late_ticks / wall / 5,
	       (unsigned long)s->send_errors);
}

static int measure(struct bench *b)
{
	const char *why = NULL, *io;
	struct zv_media_stats s;
	struct timespec from, to, whole = {b->seconds, 0};
	pthread_t thread;
	double us, wall;

	if (!set_up(b))
		return b->denied ? 77 : 1;
	io = zv_media_io_of(b->media, &why);
	if (b->io != ZV_IO_AUTO && strcmp(io, zv_packet_io_name(b->io)) != 0) {
		fprintf(stderr, "%s does not work here: %s\n", zv_packet_io_name(b->io), why != NULL ? why : "not built");
		return 77;
	}
	pthread_create(&thread, NULL, run, b);
	clock_gettime(CLOCK_MONOTONIC, &from);
	start_calls(b);
	nanosleep(&whole, NULL);
	b->stop = true;
	pthread_join(thread, NULL);
	clock_gettime(CLOCK_MONOTONIC, &to);
	zv_media_get_stats(b->media, 0, &s);
	wall = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	us = cpu_us(&b->usage) / (wall * b->streams);
	show(b, &s, us, wall);
	zv_media_destroy(b->media);
	zv_secrets_destroy(b->secrets);
	zv_prompts_destroy(b->prompts);
	zv_ring_destroy(b->rings.commands);
	zv_ring_destroy(b->rings.events);
	return b->most_us > 0 && us > b->most_us;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"streams", required_argument, NULL, 'n'}, {"seconds", required_argument, NULL, 's'},
		{"port", required_argument, NULL, 'p'},    {"most", required_argument, NULL, 'm'},
		{"talk", no_argument, NULL, 't'},          {"inband", no_argument, NULL, 'i'},
		{"json", no_argument, NULL, 'j'},         {"io", required_argument, NULL, 'x'},
		{"srtp", required_argument, NULL, 'e'}, {NULL, 0, NULL, 0},
	};
	struct bench b = {.streams = 500, .seconds = 10, .port = 18000};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		unsigned long v = optarg != NULL ? strtoul(optarg, NULL, 10) : 0;

		if (c == 'n')
			b.streams = (uint32_t)v;
		else if (c == 's')
			b.seconds = (uint32_t)v;
		else if (c == 'p')
			b.port = (uint16_t)v;
		else if (c == 'm')
			b.most_us = (uint32_t)v;
		else if (c == 't')
			b.talk = true;
		else if (c == 'i')
			b.inband = true;
		else if (c == 'j')
			b.json = true;
		else if (c == 'e' && v > 0 && v < ZV_SUITES)
			b.suite = (enum zv_srtp_suite)v;
		else if (c == 'x')
			b.io = io_of(optarg);
		else
			return 2;
	}
	if (b.streams == 0 || b.streams % 2 != 0 || b.streams > 20000 || b.seconds == 0)
		return 2;
	return measure(&b);
}
