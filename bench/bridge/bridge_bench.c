/* bridge_bench -- what a bridged call costs two media threads, and how late a packet comes out.
 *
 *   bridge_bench [--pairs N] [--seconds S] [--across] [--other-law] [--record DIR] [--port P]
 *                [--io KIND] [--peer] [--json]
 *
 * The far ends are a process of their own: each sends a packet every 20 ms that carries its time,
 * and when it came out the kernel
 * notes at the far end's socket.  In the same seconds three threads of this process pass a message
 * from ring to ring, each woken by its eventfd: the bare hop that latencies are to be seen beside.
 * --io: a word of media.io.  --peer: rtpengine does the same work afterwards.
 * --across: the two legs of a call are on different threads; else on one.
 */
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../media/line.h"
#include "far.h"
#include "media/io.h"
#include "media/media.h"
#include "media/prompts.h"
#include "media/tape.h"
#include "peer.h"

#define THREADS 2u

struct bench {
	uint32_t pairs, seconds;
	uint16_t port;
	bool across, other_law, peer, json;
	const char *record;
	struct zv_prompts *prompts;
	struct zv_media *media;
	struct zv_tape *tape;
	struct zv_media_rings rings[THREADS];
	pthread_t threads[THREADS], tape_thread;
	struct { struct bench *bench; uint32_t i; } args[THREADS];
	enum zv_media_io io;
	const char *io_name; /* of the one that runs */
	bool denied;         /* that io cannot run here */
	_Atomic bool stop, stop_tape;
	struct far *far;
};

int64_t far_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void sleep_ms(int64_t ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* The two slots of a pair: thread is slot % THREADS. */
static uint32_t first_of(const struct bench *b, uint32_t pair)
{
	return b->across ? 2 * pair : 4 * (pair / 2) + pair % 2;
}

static uint32_t second_of(const struct bench *b, uint32_t pair)
{
	return first_of(b, pair) + (b->across ? 1 : 2);
}

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
	struct { struct bench *bench; uint32_t i; } *a = arg;

	pthread_setname_np(pthread_self(), "bench-media"); /* for perf --comm */
	if (zv_media_thread(a->bench->media, a->i, &a->bench->rings[a->i], &a->bench->stop) != ZV_OK)
		fprintf(stderr, "bridge_bench: no thread\n");
	return NULL;
}

static void *run_tape(void *arg)
{
	struct bench *b = arg;

	if (zv_tape_thread(b->tape, &b->stop_tape) != ZV_OK)
		fprintf(stderr, "bridge_bench: no tape\n");
	return NULL;
}

static bool set_up(struct bench *b)
{
	uint32_t slots = 2 * b->pairs;
	struct zv_media_plan plan = {.n_slots = slots, .n_ranges = 1, .n_threads = THREADS};
	struct zv_media_params params = {.plan = &plan, .io = b->io, .rtcp_every_ms = 5000, .lost_after_ms = 10000};
	struct zv_tape_params tape = {.dir = b->record, .n_threads = THREADS, .n_slots = slots};
	char text[200] = "";
	enum zv_err err;

	plan.ranges[0] = (struct zv_media_range){{4, {127, 0, 0, 1}}, b->port, (uint16_t)slots};
	plan.rtcp_port[0] = (uint16_t)(b->port + 1);
	plan.rtcp_port[1] = (uint16_t)(b->port + 3);
	if (zv_prompts_create(2, &b->prompts) != ZV_OK)
		return false;
	params.prompts = b->prompts;
	if (b->record != NULL && zv_tape_create(&tape, text, sizeof(text), &b->tape) != ZV_OK) {
		fprintf(stderr, "bridge_bench: %s\n", text);
		return false;
	}
	params.tape = b->tape;
	err = zv_media_create(&params, text, sizeof(text), &b->media);
	if (err != ZV_OK) {
		b->denied = b->io != ZV_IO_AUTO && err == ZV_EDENIED;
		fprintf(stderr, "bridge_bench: %s\n", text);
		return false;
	}
	for (uint32_t i = 0; i < THREADS; i++) {
		b->rings[i].wake_fd = eventfd(0, EFD_NONBLOCK);
		if (zv_ring_create(sizeof(struct zv_cmd), 4096, b->rings[i].wake_fd,
				   &b->rings[i].commands) != ZV_OK ||
		    zv_ring_create(sizeof(struct zv_event), 16384, -1, &b->rings[i].events) != ZV_OK)
			return false;
		b->args[i].bench = b;
		b->args[i].i = i;
		pthread_create(&b->threads[i], NULL, run, &b->args[i]);
	}
	if (b->tape != NULL)
		pthread_create(&b->tape_thread, NULL, run_tape, b);
	return true;
}

static void command(struct bench *b, uint32_t slot, const struct zv_cmd *cmd)
{
	while (zv_ring_push(b->rings[slot % THREADS].commands, cmd) != ZV_OK)
		sleep_ms(1);
}

static void open_slot(struct bench *b, uint32_t slot, uint8_t law)
{
	struct zv_cmd cmd = {.type = ZV_CMD_MEDIA_OPEN, .leg = {slot, 1}, .attempt = {1, slot}};

	cmd.u.media.rtp_ip = (struct zv_ip){4, {127, 0, 0, 1}};
	cmd.u.media.rtp_port = far_port(b->port, 2 * b->pairs, slot);
	cmd.u.media.payload_type = law;
	cmd.u.media.dtmf_type = 101;
	command(b, slot, &cmd);
}

static void link_slots(struct bench *b, uint32_t slot, uint32_t from)
{
	struct zv_cmd cmd = {.type = ZV_CMD_MEDIA_LINK, .leg = {slot, 1}};

	cmd.u.link.from = (struct zv_leg_id){from, 1};
	cmd.u.link.on = 1;
	b->far->linked_ns[slot] = far_now();
	command(b, slot, &cmd);
	if (slot % THREADS != from % THREADS)
		command(b, from, &cmd);
}

static void start_calls(struct bench *b)
{
	for (uint32_t i = 0; i < b->pairs; i++) {
		open_slot(b, first_of(b, i), 8);
		open_slot(b, second_of(b, i), b->other_law ? 0 : 8);
	}
	sleep_ms(500);
	for (uint32_t i = 0; i < b->pairs; i++) {
		uint32_t one = first_of(b, i), two = second_of(b, i);
		struct zv_cmd cmd = {.type = ZV_CMD_MEDIA_RECORD, .leg = {one, 1}, .cal_ms = 1};

		link_slots(b, one, two);
		link_slots(b, two, one);
		cmd.u.record.on = 1;
		if (b->tape != NULL)
			command(b, one, &cmd);
		sleep_ms(5); /* as calls come: one after the other */
	}
}

static int64_t cpu_ns(const struct bench *b, bool tape)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < THREADS + (tape ? 1 : 0); i++) {
		struct timespec ts;
		clockid_t clock;

		if (pthread_getcpuclockid(i < THREADS ? b->threads[i] : b->tape_thread, &clock) == 0 &&
		    clock_gettime(clock, &ts) == 0)
			sum += ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
	}
	return sum;
}

/* As JSON a name tells the packet I/O too: several runs stand in one table. */
static void say_figure(const struct bench *b, struct bench_figure f)
{
	char name[80];

	if (b->json) {
		snprintf(name, sizeof(name), "%s_%s", f.name, b->io_name);
		f.name = name;
		f.size = b->pairs;
		f.size_of = "calls";
	}
	bench_say(b->json, &f);
}

static void say(const struct bench *b, const char *name, double value, const char *unit, uint64_t n)
{
	bool cpu = strncmp(unit, "us", 2) == 0;

	say_figure(b, (struct bench_figure){.name = name, .value = value, .unit = unit, .n = n,
					    .cpu_us = cpu ? value : 0, .rss_kb = cpu ? (double)bench_rss_kb() : 0,
					    .better = strcmp(unit, "packets") == 0 ? "none" : NULL});
}

static void show(const struct bench *b, const char *name, const char *peer, struct far_times *times)
{
	uint32_t n = times->n < FAR_TIMES ? times->n : FAR_TIMES;

	if (n == 0)
		return;
	far_sort(times->us, n);
	say_figure(b, (struct bench_figure){.name = name, .value = times->us[n / 2], .unit = "us", .n = n, .peer = peer,
					    .p50 = times->us[n / 2], .p99 = times->us[(uint64_t)n * 99 / 100]});
}

/* CPU of the seconds that are measured, of our threads or the peer's process: by call and by packet. */
static void show_cpu(const struct bench *b, const char *peer, int64_t cpu, int64_t wall)
{
	uint64_t heard = b->far->heard > 0 ? b->far->heard : 1;
	struct bench_figure call = {.name = "bridge_cpu", .unit = "us/call-second", .n = b->pairs, .peer = peer},
			    packet = {.name = "bridge_packet", .unit = "us/packet", .n = heard, .peer = peer};

	call.value = call.cpu_us = (double)cpu / 1e3 / ((double)wall / 1e9 * b->pairs);
	packet.value = packet.cpu_us = (double)cpu / 1e3 / (double)heard;
	/* What a packet costs is asked for where many come. */
	if (peer == NULL && b->pairs >= 100)
		packet.reach = strcmp(b->io_name, "shared") == 0 ? 5 : strcmp(b->io_name, "dpdk") == 0 ? 2.5 : 8;
	say_figure(b, call);
	say_figure(b, packet);
}

static int64_t cpu_of(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &ts) != 0)
		return 0;
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* The same far ends and the same seconds, but rtpengine between them. */
static void measure_peer(struct bench *b)
{
	struct peer *peer = peer_start((uint16_t)(b->port + 6 * b->pairs + 20), b->pairs);
	int64_t from, cpu;
	pid_t child;

	if (peer == NULL) {
		fprintf(stderr, "bridge_bench: no rtpengine\n");
		return;
	}
	for (uint32_t i = 0; i < b->pairs; i++) {
		uint32_t one = first_of(b, i), two = second_of(b, i);
		uint16_t far[2] = {far_port(b->port, 2 * b->pairs, one), far_port(b->port, 2 * b->pairs, two)};
		uint16_t to[2];

		if (!peer_call(peer, i, far, to)) {
			fprintf(stderr, "bridge_bench: rtpengine refused call %u\n", i);
			peer_stop(peer);
			return;
		}
		b->far->to[one] = to[0];
		b->far->to[two] = to[1];
	}
	b->far->heard = b->far->sent = 0;
	b->far->through.n = 0;
	child = far_start(b->far, b->port, 2 * b->pairs, false);
	sleep_ms(2000);
	b->far->measure = true;
	from = far_now();
	cpu = cpu_of(peer_pid(peer));
	sleep_ms(b->seconds * INT64_C(1000));
	cpu = cpu_of(peer_pid(peer)) - cpu;
	b->far->measure = false;
	show_cpu(b, "rtpengine", cpu, far_now() - from);
	show(b, "bridge_through", "rtpengine", &b->far->through);
	b->far->stop = true;
	waitpid(child, NULL, 0);
	peer_stop(peer);
}

static int measure(struct bench *b)
{
	const char *why = NULL;
	struct zv_media_stats s;
	uint64_t lost = 0, late = 0;
	int64_t from, cpu, wall, all;
	long before, after;
	struct hop *hop;

	if (!set_up(b))
		return b->denied ? 77 : 1;
	b->io_name = zv_media_io_of(b->media, &why);
	if (b->io != ZV_IO_AUTO && strcmp(b->io_name, zv_packet_io_name(b->io)) != 0) {
		fprintf(stderr, "%s does not work here: %s\n", zv_packet_io_name(b->io), why != NULL ? why : "not built");
		return 77;
	}
	sleep_ms(300);
	before = bench_rss_kb();
	start_calls(b);
	after = bench_rss_kb();
	hop = hop_start();
	sleep_ms(1000);
	b->far->measure = true;
	from = far_now();
	cpu = cpu_ns(b, false);
	all = cpu_ns(b, b->tape != NULL);
	sleep_ms(b->seconds * INT64_C(1000));
	cpu = cpu_ns(b, false) - cpu;
	all = cpu_ns(b, b->tape != NULL) - all;
	wall = far_now() - from;
	b->far->measure = false;
	b->far->stop = true;
	for (uint32_t i = 0; i < THREADS; i++) {
		zv_media_get_stats(b->media, i, &s);
		lost += s.cross_lost + s.send_errors + s.tape_lost;
		late += s.late_ticks;
	}
	if (!b->json)
		printf("# io %s, pairs %u, %s, %s%s, %u s; n p50 p99\n", zv_media_io_of(b->media, NULL), b->pairs,
		       b->across ? "across two threads" : "each on one thread",
		       b->other_law ? "A to mu" : "same law", b->tape != NULL ? ", recorded" : "", b->seconds);
	show_cpu(b, NULL, cpu, wall);
	if (b->tape != NULL)
		say(b, "bridge_cpu_with_tape", (double)all / 1e3 / ((double)wall / 1e9 * b->pairs),
		    "us/call-second", b->pairs);
	say(b, "bridge_memory", (double)(after - before) / b->pairs, "kB/call", b->pairs);
	show(b, "bridge_through", NULL, &b->far->through);
	show(b, "bridge_link_to_ear", NULL, &b->far->first);
	show(b, "hop", NULL, hop_stop(hop));
	say(b, "bridge_lost", (double)lost, "packets", b->far->sent);
	say(b, "bridge_heard", (double)b->far->heard, "packets", b->far->sent);
	if (!b->json)
		say(b, "late_ticks", (double)late / ((double)wall / 1e9) / 10 / THREADS, "percent", 1);
	b->stop = true;
	for (uint32_t i = 0; i < THREADS; i++)
		pthread_join(b->threads[i], NULL);
	b->stop_tape = true;
	if (b->tape != NULL)
		pthread_join(b->tape_thread, NULL);
	zv_media_destroy(b->media);
	zv_tape_destroy(b->tape);
	zv_prompts_destroy(b->prompts);
	return lost > 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"pairs", required_argument, NULL, 'n'}, {"seconds", required_argument, NULL, 's'},
		{"port", required_argument, NULL, 'p'},  {"record", required_argument, NULL, 'r'},
		{"across", no_argument, NULL, 'a'},      {"other-law", no_argument, NULL, 'o'},
		{"peer", no_argument, NULL, 'e'},        {"json", no_argument, NULL, 'j'},
		{"io", required_argument, NULL, 'x'},
		{NULL, 0, NULL, 0},
	};
	static struct bench b = {.pairs = 100, .seconds = 10, .port = 18000};
	pid_t child;
	int c, status = 1;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		unsigned long v = optarg != NULL ? strtoul(optarg, NULL, 10) : 0;

		if (c == 'n')
			b.pairs = (uint32_t)v;
		else if (c == 's')
			b.seconds = (uint32_t)v;
		else if (c == 'p')
			b.port = (uint16_t)v;
		else if (c == 'r')
			b.record = optarg;
		else if (c == 'a')
			b.across = true;
		else if (c == 'o')
			b.other_law = true;
		else if (c == 'e')
			b.peer = true;
		else if (c == 'j')
			b.json = true;
		else if (c == 'x')
			b.io = io_of(optarg);
		else
			return 2;
	}
	if (b.pairs == 0 || b.pairs % 2 != 0 || b.pairs > FAR_SLOTS / 2 || b.seconds == 0)
		return 2;
	b.far = mmap(NULL, sizeof(*b.far), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (b.far == MAP_FAILED)
		return 1;
	for (uint32_t i = 0; i < 2 * b.pairs; i++)
		b.far->to[i] = (uint16_t)(b.port + 2 * i);
	child = far_start(b.far, b.port, 2 * b.pairs, b.other_law);
	status = measure(&b);
	b.far->stop = true;
	waitpid(child, NULL, 0);
	if (b.peer && status == 0)
		measure_peer(&b);
	return status;
}
