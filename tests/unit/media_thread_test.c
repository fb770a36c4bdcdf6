/* Media threads with the test in the engine's place.  Ports 17500 to 17799. */
#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "media/media.h"
#include "media/prompts.h"

#define THREADS 2
#define SLOTS   40

struct house {
	struct zv_media_plan plan;
	struct zv_prompts *prompts;
	struct zv_media *media;
	struct zv_media_rings rings[THREADS];
	int event_fd;
	pthread_t threads[THREADS];
	_Atomic bool stop;
	struct { struct house *house; uint32_t i; } args[THREADS];
};

static struct zv_media_plan plan_of(uint16_t port, uint32_t slots, uint32_t threads)
{
	struct zv_media_plan p = {.n_slots = slots, .n_ranges = 1, .n_threads = threads};

	p.ranges[0] = (struct zv_media_range){{4, {127, 0, 0, 1}}, port, (uint16_t)slots};
	for (uint32_t i = 0; i < threads && i < ZV_MEDIA_THREADS_MAX; i++)
		p.rtcp_port[i] = (uint16_t)(port + 2 * slots + 1 + 2 * i);
	return p;
}

static void *run(void *arg)
{
	struct { struct house *house; uint32_t i; } *a = arg;

	cr_assert_eq(zv_media_thread(a->house->media, a->i, &a->house->rings[a->i], &a->house->stop),
		     ZV_OK);
	return NULL;
}

static void open_house(struct house *h, uint16_t port, uint32_t event_places)
{
	struct zv_media_params params = {.plan = &h->plan, .rtcp_every_ms = 200, .inband_keys = true};
	char text[200];

	memset(h, 0, sizeof(*h));
	h->plan = plan_of(port, SLOTS, THREADS);
	cr_assert_eq(zv_prompts_create(4, &h->prompts), ZV_OK);
	params.prompts = h->prompts;
	cr_assert_eq(zv_media_create(&params, text, sizeof(text), &h->media), ZV_OK, "%s", text);
	h->event_fd = eventfd(0, EFD_NONBLOCK);
	for (uint32_t i = 0; i < THREADS; i++) {
		h->rings[i].wake_fd = eventfd(0, EFD_NONBLOCK);
		cr_assert_eq(zv_ring_create(sizeof(struct zv_cmd), 256, h->rings[i].wake_fd,
					    &h->rings[i].commands), ZV_OK);
		cr_assert_eq(zv_ring_create(sizeof(struct zv_event), event_places, h->event_fd,
					    &h->rings[i].events), ZV_OK);
		h->args[i].house = h;
		h->args[i].i = i;
		pthread_create(&h->threads[i], NULL, run, &h->args[i]);
	}
}

static void close_house(struct house *h)
{
	h->stop = true;
	for (uint32_t i = 0; i < THREADS; i++) {
		pthread_join(h->threads[i], NULL);
		zv_ring_destroy(h->rings[i].commands);
		zv_ring_destroy(h->rings[i].events);
		close(h->rings[i].wake_fd);
	}
	close(h->event_fd);
	zv_media_destroy(h->media);
	zv_prompts_destroy(h->prompts);
}

static void command(struct house *h, struct zv_cmd cmd)
{
	struct zv_ring *ring = h->rings[cmd.leg.slot % THREADS].commands;
	struct pollfd none;

	while (zv_ring_push(ring, &cmd) != ZV_OK)
		poll(&none, 0, 1); /* full: the thread empties it */
}

static struct zv_cmd cmd_of(uint16_t type, uint32_t slot, uint32_t gen)
{
	return (struct zv_cmd){.type = type, .trunk = 3, .leg = {slot, gen}, .attempt = {1, 100u + slot}};
}

static struct zv_cmd open_to(uint32_t slot, uint32_t gen, uint16_t port)
{
	struct zv_cmd c = cmd_of(ZV_CMD_MEDIA_OPEN, slot, gen);

	c.u.media.rtp_ip = (struct zv_ip){4, {127, 0, 0, 1}};
	c.u.media.rtp_port = port;
	c.u.media.payload_type = 8;
	c.u.media.dtmf_type = 101;
	return c;
}

/* The next event of any thread, within ten seconds. */
static struct zv_event next(struct house *h)
{
	struct zv_event ev;

	for (int i = 0; i < 10000; i++) {
		struct pollfd pfd = {.fd = h->event_fd, .events = POLLIN};
		eventfd_t n;

		for (uint32_t t = 0; t < THREADS; t++)
			if (zv_ring_pop(h->rings[t].events, &ev, 1) == 1)
				return ev;
		for (uint32_t t = 0; t < THREADS; t++)
			zv_ring_arm(h->rings[t].events);
		poll(&pfd, 1, 1);
		eventfd_read(h->event_fd, &n);
	}
	cr_assert_fail("no event came");
	return ev;
}

/* Slots call each other in pairs: every packet sent is a packet heard. */
Test(thread, forty_calls_on_two_threads_hear_each_other, .timeout = 60)
{
	static struct house h;
	struct zv_media_stats s[THREADS];
	struct zv_event ev;
	uint64_t closed = 0;

	open_house(&h, 17500, 1024);
	for (uint32_t i = 0; i < SLOTS; i++)
		command(&h, open_to(i, 1, (uint16_t)(17500 + 2 * (i ^ 1))));
	for (uint32_t i = 0; i < SLOTS; i++) {
		struct zv_cmd play = cmd_of(ZV_CMD_MEDIA_PLAY, i, 1);

		play.u.play.duration_ms = 1000;
		play.u.play.tag = i;
		command(&h, play);
	}
	for (uint32_t i = 0; i < SLOTS; i++) {
		ev = next(&h);
		cr_assert_eq(ev.type, ZV_EV_MEDIA_PLAYED);
		cr_assert_eq(ev.u.media.tag, ev.leg.slot);
		cr_assert_eq(ev.u.media.cause, ZV_PLAYED_DONE);
		cr_assert(ev.trunk == 3 && ev.attempt.lo == 100 + ev.leg.slot);
	}
	for (uint32_t i = 0; i < SLOTS; i++)
		command(&h, cmd_of(ZV_CMD_MEDIA_CLOSE, i, 1));
	for (uint32_t i = 0; i < SLOTS; i++) {
		ev = next(&h);
		cr_assert_eq(ev.type, ZV_EV_MEDIA_CLOSED);
		cr_assert_not(closed >> ev.leg.slot & 1);
		closed |= UINT64_C(1) << ev.leg.slot;
		cr_assert_geq(ev.u.stats.tx_packets, 50);
		cr_assert_geq(ev.u.stats.rx_packets, 40);
		cr_assert_eq(ev.u.stats.lost, 0);
		cr_assert_eq(ev.u.stats.rejected, 0);
	}
	for (uint32_t t = 0; t < THREADS; t++) {
		zv_media_get_stats(h.media, t, &s[t]);
		cr_assert_eq(s[t].streams, 0);
		cr_assert_eq(s[t].peak_streams, SLOTS / THREADS);
		cr_assert_eq(s[t].send_errors, 0);
		cr_assert_geq(s[t].tx_packets, 50 * SLOTS / THREADS);
	}
	close_house(&h);
}

Test(thread, every_close_is_answered_whatever_is_open, .timeout = 60)
{
	static struct house h;
	struct zv_cmd bad = open_to(4, 7, 17600);
	struct zv_event ev;

	open_house(&h, 17600, 64);
	command(&h, cmd_of(ZV_CMD_MEDIA_CLOSE, 4, 1)); /* never opened */
	ev = next(&h);
	cr_assert(ev.type == ZV_EV_MEDIA_CLOSED && ev.leg.gen == 1 && ev.u.stats.tx_packets == 0);

	command(&h, open_to(4, 5, 17600));
	command(&h, cmd_of(ZV_CMD_MEDIA_PLAY, 4, 4)); /* of an earlier use: not played */
	command(&h, cmd_of(ZV_CMD_MEDIA_CLOSE, 4, 4));
	ev = next(&h);
	cr_assert(ev.type == ZV_EV_MEDIA_CLOSED && ev.leg.gen == 4);

	command(&h, open_to(4, 6, 17600)); /* the slot's next use closes the one before */
	ev = next(&h);
	cr_assert(ev.type == ZV_EV_MEDIA_CLOSED && ev.leg.gen == 5);
	command(&h, cmd_of(ZV_CMD_MEDIA_CLOSE, 4, 6));
	ev = next(&h);
	cr_assert(ev.type == ZV_EV_MEDIA_CLOSED && ev.leg.gen == 6);

	bad.u.media.payload_type = 18; /* G.729 */
	command(&h, bad);
	ev = next(&h);
	cr_assert(ev.type == ZV_EV_MEDIA_CLOSED && ev.leg.gen == 7);
	close_house(&h);
}

/* Pushes unless the ring stays full for so long. */
static bool push_within(struct zv_ring *ring, const struct zv_cmd *cmd, int ms)
{
	struct pollfd none;

	while (zv_ring_push(ring, cmd) != ZV_OK) {
		if (ms-- == 0)
			return false;
		poll(&none, 0, 1);
	}
	return true;
}

/* Two places in the event ring and nobody who reads: commands wait, and nothing that the engine
 * must hear is lost. */
Test(thread, a_full_event_ring_holds_commands_back_and_loses_no_answer, .timeout = 60)
{
	static struct house h;
	uint32_t played = 0, closed = 0, calls = 0;

	open_house(&h, 17700, 2);
	while (calls < 3000) {
		struct zv_cmd play = cmd_of(ZV_CMD_MEDIA_PLAY, 0, calls + 1);
		struct zv_cmd end = cmd_of(ZV_CMD_MEDIA_CLOSE, 0, calls + 1);
		struct zv_cmd begin = open_to(0, calls + 1, 17700);

		play.u.play.duration_ms = 60000;
		if (!push_within(h.rings[0].commands, &begin, 300))
			break;
		if (!push_within(h.rings[0].commands, &play, 300))
			break;
		if (!push_within(h.rings[0].commands, &end, 300))
			break;
		calls++;
	}
	cr_assert_lt(calls, 1000, "the thread went on taking commands");
	cr_assert_gt(calls, 20);
	while (played < calls || closed < calls) {
		struct zv_event ev = next(&h);

		if (ev.type == ZV_EV_MEDIA_PLAYED) {
			cr_assert_eq(ev.u.media.cause, ZV_PLAYED_STOPPED);
			cr_assert_eq(ev.leg.gen, ++played);
		} else {
			cr_assert_eq(ev.type, ZV_EV_MEDIA_CLOSED);
			cr_assert_eq(ev.leg.gen, ++closed);
		}
	}
	close_house(&h);
}
