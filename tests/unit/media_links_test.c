/* Links and recordings of two media threads under churn, for the thread sanitizer too; and what a
 * full ring does to a recording.  Ports 18500 to 18699. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "media/bridge.h"
#include "media/encode.h"
#include "media/g711.h"
#include "media/media.h"
#include "media/prompts.h"
#include "media/rec.h"
#include "media/tape.h"

#define THREADS 2
#define SLOTS   12
#define PORT    18500
#define PHONE   18600

struct house {
	struct zv_media_plan plan;
	struct zv_prompts *prompts;
	struct zv_media *media;
	struct zv_tape *tape;
	struct zv_media_rings rings[THREADS];
	pthread_t threads[THREADS], tape_thread;
	_Atomic bool stop, stop_tape;
	_Atomic uint32_t recorded;
	struct { struct house *house; uint32_t i; } args[THREADS];
	int phones[SLOTS];
	uint32_t gen[SLOTS]; /* 0: closed */
	uint16_t seq;
	uint32_t said, heard;
	uint32_t closed; /* events */
};

static void rest_ms(long ms)
{
	nanosleep(&(struct timespec){0, ms * 1000000}, NULL);
}

static void *run(void *arg)
{
	struct { struct house *house; uint32_t i; } *a = arg;

	cr_assert_eq(zv_media_thread(a->house->media, a->i, &a->house->rings[a->i], &a->house->stop),
		     ZV_OK);
	return NULL;
}

static void *run_tape(void *arg)
{
	struct house *h = arg;

	cr_assert_eq(zv_tape_thread(h->tape, &h->stop_tape), ZV_OK);
	return NULL;
}

static void recorded(void *arg, const struct zv_taped *r)
{
	struct house *h = arg;

	cr_assert_eq(strlen(r->sha256), 64);
	h->recorded++;
}

static int phone_at(uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	return fd;
}

static void open_house(struct house *h, const char *dir)
{
	struct zv_tape_params tape = {.dir = dir, .n_threads = THREADS, .n_slots = SLOTS,
				      .recorded = recorded, .arg = h};
	struct zv_media_params params = {.plan = &h->plan, .inband_keys = true, .rtcp_every_ms = 200};
	char text[200];

	memset(h, 0, sizeof(*h));
	h->plan = (struct zv_media_plan){.n_slots = SLOTS, .n_ranges = 1, .n_threads = THREADS};
	h->plan.ranges[0] = (struct zv_media_range){{4, {127, 0, 0, 1}}, PORT, SLOTS};
	h->plan.rtcp_port[0] = PORT + 2 * SLOTS + 1;
	h->plan.rtcp_port[1] = PORT + 2 * SLOTS + 3;
	cr_assert_eq(zv_prompts_create(4, &h->prompts), ZV_OK);
	cr_assert_eq(zv_tape_create(&tape, text, sizeof(text), &h->tape), ZV_OK, "%s", text);
	params.prompts = h->prompts;
	params.tape = h->tape;
	cr_assert_eq(zv_media_create(&params, text, sizeof(text), &h->media), ZV_OK, "%s", text);
	for (uint32_t i = 0; i < THREADS; i++) {
		h->rings[i].wake_fd = eventfd(0, EFD_NONBLOCK);
		cr_assert_eq(zv_ring_create(sizeof(struct zv_cmd), 256, h->rings[i].wake_fd,
					    &h->rings[i].commands), ZV_OK);
		cr_assert_eq(zv_ring_create(sizeof(struct zv_event), 1024, -1, &h->rings[i].events),
			     ZV_OK);
		h->args[i].house = h;
		h->args[i].i = i;
		pthread_create(&h->threads[i], NULL, run, &h->args[i]);
	}
	pthread_create(&h->tape_thread, NULL, run_tape, h);
	for (uint32_t i = 0; i < SLOTS; i++)
		h->phones[i] = phone_at((uint16_t)(PHONE + 2 * i));
}

static void close_house(struct house *h)
{
	h->stop = true;
	for (uint32_t i = 0; i < THREADS; i++)
		pthread_join(h->threads[i], NULL);
	h->stop_tape = true;
	pthread_join(h->tape_thread, NULL);
	for (uint32_t i = 0; i < THREADS; i++) {
		zv_ring_destroy(h->rings[i].commands);
		zv_ring_destroy(h->rings[i].events);
		close(h->rings[i].wake_fd);
	}
	for (uint32_t i = 0; i < SLOTS; i++)
		close(h->phones[i]);
	zv_media_destroy(h->media);
	zv_tape_destroy(h->tape);
	zv_prompts_destroy(h->prompts);
}

static void command(struct house *h, uint32_t slot, const struct zv_cmd *cmd)
{
	while (zv_ring_push(h->rings[slot % THREADS].commands, cmd) != ZV_OK)
		rest_ms(1);
}

static struct zv_cmd cmd_of(const struct house *h, uint16_t type, uint32_t slot)
{
	return (struct zv_cmd){.type = type, .leg = {slot, h->gen[slot]},
			       .attempt = {7, (uint64_t)slot << 32 | h->gen[slot]}, .cal_ms = 1790000000000};
}

static void open_slot(struct house *h, uint32_t slot, uint32_t gen)
{
	struct zv_cmd c;

	h->gen[slot] = gen;
	c = cmd_of(h, ZV_CMD_MEDIA_OPEN, slot);
	c.u.media.rtp_ip = (struct zv_ip){4, {127, 0, 0, 1}};
	c.u.media.rtp_port = (uint16_t)(PHONE + 2 * slot);
	c.u.media.payload_type = slot % 3 == 0 ? 0 : 8;
	c.u.media.dtmf_type = slot % 4 == 0 ? 0 : 101;
	command(h, slot, &c);
}

static void link_to(struct house *h, uint32_t slot, uint32_t from, bool on)
{
	struct zv_cmd c = cmd_of(h, ZV_CMD_MEDIA_LINK, slot);

	c.u.link.from = (struct zv_leg_id){from, h->gen[from]};
	c.u.link.on = on;
	c.u.link.keys = from % 2;
	command(h, slot, &c);
	if (slot % THREADS != from % THREADS)
		command(h, from, &c);
}

/* Every telephone says a frame; what they hear is counted; events are taken. */
static void one_frame(struct house *h)
{
	uint8_t packet[ZV_RTP_FRAME], heard[256];
	struct zv_event ev;

	h->seq++;
	for (uint32_t i = 0; i < SLOTS; i++) {
		struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(PORT + 2 * i))};
		bool key = (h->seq + i) % 40 == 0;

		in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		zv_rtp_write(packet, &(struct zv_rtp){.payload_type = key ? 101 : i % 3 == 0 ? 0 : 8,
						      .seq = h->seq, .timestamp = h->seq * 160u, .ssrc = i});
		memset(packet + ZV_RTP_HEADER, key ? 5 : (int)(h->seq & 0xff), ZV_FRAME_SAMPLES);
		sendto(h->phones[i], packet, sizeof(packet), 0, (struct sockaddr *)&in, sizeof(in));
		h->said++;
		while (recv(h->phones[i], heard, sizeof(heard), 0) > 0)
			h->heard++;
	}
	for (uint32_t i = 0; i < THREADS; i++)
		while (zv_ring_pop(h->rings[i].events, &ev, 1) == 1)
			h->closed += ev.type == ZV_EV_MEDIA_CLOSED;
	rest_ms(20);
}

static void do_something(struct house *h, uint32_t n)
{
	uint64_t r = zv_mix64(n + 1);
	uint32_t slot = (uint32_t)(r % SLOTS), other = (uint32_t)(r / SLOTS % SLOTS);
	struct zv_cmd c;

	switch (r >> 32 & 15) {
	case 0:
		c = cmd_of(h, ZV_CMD_MEDIA_CLOSE, slot);
		command(h, slot, &c);
		open_slot(h, slot, h->gen[slot] + 1);
		return;
	case 1:
	case 2:
		c = cmd_of(h, ZV_CMD_MEDIA_RECORD, slot);
		c.u.record.on = (uint8_t)(r >> 40 & 3);
		break;
	case 3:
		c = cmd_of(h, ZV_CMD_MEDIA_KEY, slot);
		c.u.key.key = '5';
		break;
	case 4:
		c = cmd_of(h, ZV_CMD_MEDIA_PLAY, slot);
		c.u.play.prompt = r >> 40 & 3;
		c.u.play.loop = r >> 48 & 1;
		c.u.play.duration_ms = 100;
		break;
	case 5:
		c = cmd_of(h, ZV_CMD_MEDIA_STOP, slot);
		break;
	default:
		if (slot != other)
			link_to(h, slot, other, (r >> 50 & 3) != 0);
		return;
	}
	command(h, slot, &c);
}

static void remove_folder(const char *dir)
{
	char line[300];

	snprintf(line, sizeof(line), "rm -rf '%s'", dir);
	cr_assert_eq(system(line), 0);
}

Test(links, two_threads_under_churn_hear_record_and_close_everything, .timeout = 60)
{
	char dir[] = "/tmp/zv-links-XXXXXX";
	static struct house h;
	struct zv_tape_stats tape;
	struct zv_media_stats s[THREADS];

	cr_assert_not_null(mkdtemp(dir));
	open_house(&h, dir);
	for (uint32_t i = 0; i < SLOTS; i++)
		open_slot(&h, i, 1);
	for (uint32_t n = 0; n < 900; n++) {
		do_something(&h, n);
		if (n % 8 == 0)
			one_frame(&h);
	}
	/* At the end each hears one of the other thread, and is heard by it. */
	for (uint32_t i = 0; i < SLOTS; i++) {
		struct zv_cmd c = cmd_of(&h, ZV_CMD_MEDIA_CLOSE, i);

		command(&h, i, &c);
		open_slot(&h, i, h.gen[i] + 1);
	}
	for (uint32_t i = 0; i < SLOTS; i++)
		link_to(&h, i, i ^ 1, true);
	for (uint32_t i = 0; i < 50; i++)
		one_frame(&h);
	for (uint32_t i = 0; i < SLOTS; i++) {
		struct zv_cmd c = cmd_of(&h, ZV_CMD_MEDIA_CLOSE, i);

		command(&h, i, &c);
	}
	for (uint32_t i = 0; i < 500; i++) {
		one_frame(&h);
		zv_media_get_stats(h.media, 0, &s[0]);
		zv_media_get_stats(h.media, 1, &s[1]);
		if (s[0].streams + s[1].streams == 0)
			break;
	}
	for (uint32_t t = 0; t < THREADS; t++) {
		cr_assert_eq(s[t].streams, 0);
		cr_assert_eq(s[t].cross_lost, 0);
		cr_assert_gt(s[t].crossed, 20 * SLOTS / THREADS);
		cr_assert_gt(s[t].passed_on, 20 * SLOTS / THREADS);
		cr_assert_eq(s[t].tape_lost, 0);
	}
	cr_assert_gt(h.heard, 1000);
	for (uint32_t i = 0; i < 500; i++) { /* all files are encoded in the end */
		zv_tape_get_stats(h.tape, &tape);
		if (tape.begun > 5 && tape.live == 0 && tape.waiting == 0)
			break;
		rest_ms(20);
	}
	cr_assert_gt(tape.begun, 5);
	cr_assert_eq(tape.encoded, tape.begun);
	cr_assert_eq(tape.encoded, h.recorded);
	cr_assert_eq(tape.failed, 0);
	close_house(&h);
	remove_folder(dir);
}

/* The only file below dir with that ending. */
static bool find_file(const char *dir, const char *ending, char *ret_path, size_t size)
{
	char line[300];
	FILE *f;
	bool found;

	snprintf(line, sizeof(line), "find '%s' -name '*%s'", dir, ending);
	f = popen(line, "r");
	cr_assert_not_null(f);
	found = fgets(ret_path, (int)size, f) != NULL;
	pclose(f);
	ret_path[strcspn(ret_path, "\n")] = '\0';
	return found;
}

Test(links, a_full_ring_loses_frames_of_a_recording_and_none_of_its_time, .timeout = 60)
{
	char dir[] = "/tmp/zv-full-XXXXXX", path[300], opus[320], line[700];
	struct zv_tape_params params = {.n_threads = 1, .n_slots = 1, .places = 256};
	struct zv_rec_frame frame = {.side = ZV_REC_RIGHT, .law = 8, .len = 160};
	struct zv_cmd cmd = {.type = ZV_CMD_MEDIA_RECORD, .cal_ms = 1790000000000};
	_Atomic uint64_t lost = 0;
	_Atomic bool stop = true; /* at once: takes what is there, ends all */
	struct zv_rec rec = {.lost = &lost};
	struct zv_tape *tape;
	uint8_t loud[160];
	double rms[2];
	char text[200];
	FILE *f;

	cr_assert_not_null(mkdtemp(dir));
	params.dir = dir;
	cr_assert_eq(zv_tape_create(&params, text, sizeof(text), &tape), ZV_OK);
	rec.ring = zv_tape_ring(tape, 0);
	for (uint32_t i = 0; i < sizeof(loud); i++)
		loud[i] = zv_alaw_encode(i % 8 < 4 ? 8000 : -8000);
	frame.payload = loud;
	cmd.u.record.on = 1;
	zv_rec_command(&rec, &cmd, (struct zv_attempt_id){1, 2}, 1000);
	for (uint32_t i = 0; i < 400; i++) {
		frame.timestamp = 777 + 160 * i;
		zv_rec_frame(&rec, (struct zv_leg_id){0, 0}, &frame, 1000 + 20 * (int64_t)i);
	}
	cr_assert_eq(lost, 400 - (256 - 64 - 1));
	zv_rec_end(&rec, (struct zv_leg_id){0, 0}, 1000 + 20 * 400);
	cr_assert_eq(zv_tape_thread(tape, &stop), ZV_OK);
	zv_tape_destroy(tape);
	/* The encoder was stopped before it began or after it was done: both are well. */
	if (find_file(dir, ".wav", path, sizeof(path))) {
		struct zv_encoded done;

		path[strlen(path) - 4] = '\0';
		cr_assert_eq(zv_encode(path, 24000, &done), ZV_OK);
		cr_assert_eq(done.duration_ms, 8000);
	}
	cr_assert(find_file(dir, ".opus", opus, sizeof(opus)));
	for (int part = 0; part < 2; part++) { /* 3.5 s are there, the rest is silence */
		snprintf(line, sizeof(line),
			 "opusdec --quiet --rate 8000 '%s' '%s/o.wav' && sox '%s/o.wav' -n remix 2 trim %s 3 "
			 "stat 2>&1 | awk '/RMS.*amplitude/ {print $3}'",
			 opus, dir, dir, part == 0 ? "0.5" : "4.2");
		f = popen(line, "r");
		cr_assert_eq(fscanf(f, "%lf", &rms[part]), 1);
		pclose(f);
	}
	cr_assert_gt(rms[0], 0.05);
	cr_assert_lt(rms[1], 0.01);
	remove_folder(dir);
}
