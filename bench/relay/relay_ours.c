/* relay_ours PAIRS PORT FAR -- the engine's media as a relay: PAIRS calls of two legs that hear each other,
 * on two threads, leg i talking to 127.0.0.1, FAR + 2 i.  Its slots' ports begin at PORT.  stdout: the port
 * of each leg, a line each, then "ready"; end of input ends it.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "media/media.h"
#include "media/prompts.h"

#define THREADS 2u

struct relay {
	uint32_t pairs;
	uint16_t port, far;
	struct zv_prompts *prompts;
	struct zv_media *media;
	struct zv_media_rings rings[THREADS];
	pthread_t threads[THREADS];
	_Atomic bool stop;
};

static struct relay relay;

static void *run(void *arg)
{
	uint32_t i = (uint32_t)(uintptr_t)arg;

	if (zv_media_thread(relay.media, i, &relay.rings[i], &relay.stop) != ZV_OK)
		fprintf(stderr, "relay_ours: no thread\n");
	return NULL;
}

/* Both legs of a call are on one thread (slot % THREADS), calls on both. */
static uint32_t slot_of(uint32_t leg)
{
	uint32_t pair = leg / 2;

	return 4 * (pair / 2) + pair % 2 + 2 * (leg % 2);
}

static void command(uint32_t slot, const struct zv_cmd *cmd)
{
	while (zv_ring_push(relay.rings[slot % THREADS].commands, cmd) != ZV_OK)
		nanosleep(&(struct timespec){0, 1000000}, NULL);
}

static bool set_up(void)
{
	uint32_t slots = 2 * (relay.pairs + relay.pairs % 2);
	struct zv_media_plan plan = {.n_slots = slots, .n_ranges = 1, .n_threads = THREADS};
	struct zv_media_params params = {.plan = &plan, .rtcp_every_ms = 5000, .lost_after_ms = 10000};
	char text[200] = "";

	plan.ranges[0] = (struct zv_media_range){{4, {127, 0, 0, 1}}, relay.port, (uint16_t)slots};
	plan.rtcp_port[0] = (uint16_t)(relay.port + 1);
	plan.rtcp_port[1] = (uint16_t)(relay.port + 3);
	if (zv_prompts_create(2, &relay.prompts) != ZV_OK)
		return false;
	params.prompts = relay.prompts;
	if (zv_media_create(&params, text, sizeof(text), &relay.media) != ZV_OK) {
		fprintf(stderr, "relay_ours: %s\n", text);
		return false;
	}
	for (uint32_t i = 0; i < THREADS; i++) {
		relay.rings[i].wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (zv_ring_create(sizeof(struct zv_cmd), 4096, relay.rings[i].wake_fd, &relay.rings[i].commands) != ZV_OK ||
		    zv_ring_create(sizeof(struct zv_event), 16384, -1, &relay.rings[i].events) != ZV_OK ||
		    pthread_create(&relay.threads[i], NULL, run, (void *)(uintptr_t)i) != 0)
			return false;
	}
	return true;
}

static void open_leg(uint32_t leg)
{
	uint32_t slot = slot_of(leg);
	struct zv_cmd cmd = {.type = ZV_CMD_MEDIA_OPEN, .leg = {slot, 1}, .attempt = {1, slot}};

	cmd.u.media.rtp_ip = (struct zv_ip){4, {127, 0, 0, 1}};
	cmd.u.media.rtp_port = (uint16_t)(relay.far + 2 * leg);
	cmd.u.media.payload_type = 8;
	cmd.u.media.dtmf_type = 101;
	command(slot, &cmd);
}

static void link_leg(uint32_t leg)
{
	struct zv_cmd cmd = {.type = ZV_CMD_MEDIA_LINK, .leg = {slot_of(leg), 1}};

	cmd.u.link.from = (struct zv_leg_id){slot_of(leg ^ 1), 1};
	cmd.u.link.on = 1;
	command(slot_of(leg), &cmd);
}

static void end(void)
{
	relay.stop = true;
	for (uint32_t i = 0; i < THREADS; i++) {
		eventfd_write(relay.rings[i].wake_fd, 1);
		pthread_join(relay.threads[i], NULL);
		zv_ring_destroy(relay.rings[i].commands);
		zv_ring_destroy(relay.rings[i].events);
	}
	zv_media_destroy(relay.media);
	zv_prompts_destroy(relay.prompts);
}

int main(int argc, char **argv)
{
	char word;

	if (argc != 4)
		return 2;
	relay.pairs = (uint32_t)strtoul(argv[1], NULL, 10);
	relay.port = (uint16_t)strtoul(argv[2], NULL, 10);
	relay.far = (uint16_t)strtoul(argv[3], NULL, 10);
	if (relay.pairs == 0 || relay.pairs > 2000 || !set_up())
		return 1;
	puts("begun"); /* its memory without calls can be looked at */
	(void)fflush(stdout);
	if (read(STDIN_FILENO, &word, 1) == 1) {
		for (uint32_t leg = 0; leg < 2 * relay.pairs; leg++) {
			open_leg(leg);
			printf("%u\n", relay.port + 2 * slot_of(leg));
		}
		for (uint32_t leg = 0; leg < 2 * relay.pairs; leg++)
			link_leg(leg);
		puts("ready");
		(void)fflush(stdout);
		while (read(STDIN_FILENO, &word, 1) > 0)
			;
	}
	end();
	return 0;
}
