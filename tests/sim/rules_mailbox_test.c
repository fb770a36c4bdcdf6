/* Two campaigns and many posters for the same persons: never above a limit.  The judge hears of
 * INVITEs and answers alone, and counts by itself.  Requests: ZVONAR_LONG 1,000,000. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/ring.h"
#include "lawbed.h"

#define POSTERS     8u
#define PERSONS     160u
#define A_POSTER    40u /* leads of one poster that are with the engine at most */
#define DAY_LIMIT   3u  /* attempts in 24 hours */
#define WEEK_LIMIT  9u  /* attempts in a calendar week */
#define TALK_LIMIT  1u  /* talks a day */
#define SLACK_MS    (2 * SET_HOUR_MS) /* from an intent, which dates it, to its INVITE */
#define MSK_MS      (3 * SET_HOUR_MS)
#define MONDAY_MS   (INT64_C(4) * SET_DAY_MS) /* 1970-01-05 */

/* What left the house, a person; times of INVITEs and talks. */
struct person_log { int64_t dials[64], talks[64]; uint32_t n_dials, n_talks; };

struct mailbox {
	struct bed *bed;
	struct person_log log[PERSONS];
	uint32_t person_of_slot[BED_CALLS];
	atomic_bool used[BED_SLABS]; /* the poster's flag: its slab is with the engine */
	struct zv_ring *rings[POSTERS];
	atomic_bool stop;
	uint32_t dials, talks;
	char broken[128];
};

static uint32_t within(const int64_t *times, uint32_t n, int64_t from_ms)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < n && i < 64; i++)
		sum += times[i] > from_ms;
	return sum;
}

static int64_t day_of(int64_t ms) { return (ms + MSK_MS) / SET_DAY_MS; }
static int64_t week_of(int64_t ms) { return (ms + MSK_MS - MONDAY_MS) / (7 * SET_DAY_MS); }

static void judge_dial(struct mailbox *m, const struct zv_cmd *cmd)
{
	int64_t now_ms = m->bed->now.cal_ms, min = (now_ms + MSK_MS) / 60000 % 1440;
	struct person_log *log = &m->log[cmd->u.dial.called - bed_number(0)];
	uint32_t week = 0;

	for (uint32_t i = 0; i < log->n_talks && i < 64; i++)
		if (day_of(log->talks[i]) == day_of(now_ms))
			snprintf(m->broken, sizeof(m->broken), "an INVITE on the day of a talk");
	if (min < 8 * 60 || min >= 22 * 60)
		snprintf(m->broken, sizeof(m->broken), "an INVITE at minute %d", (int)min);
	if (cmd->u.dial.sub != 0)
		return; /* the same attempt by the other trunk */
	m->dials++;
	log->dials[log->n_dials++ % 64] = now_ms;
	for (uint32_t i = 0; i < log->n_dials && i < 64; i++)
		week += week_of(log->dials[i]) == week_of(now_ms);
	if (within(log->dials, log->n_dials, now_ms - SET_DAY_MS + SLACK_MS) > DAY_LIMIT)
		snprintf(m->broken, sizeof(m->broken), "more than %u attempts in 24 hours", DAY_LIMIT);
	if (week > WEEK_LIMIT)
		snprintf(m->broken, sizeof(m->broken), "%u attempts in a week", week);
}

static void judge(void *arg, const struct zv_cmd *cmd)
{
	struct mailbox *m = arg;

	if (cmd->type == ZV_CMD_DIAL) {
		m->person_of_slot[cmd->leg.slot] = (uint32_t)(cmd->u.dial.called - bed_number(0));
		judge_dial(m, cmd);
	} else if (cmd->type == ZV_CMD_MEDIA_OPEN) {
		struct person_log *log = &m->log[m->person_of_slot[cmd->leg.slot]];

		log->talks[log->n_talks++ % 64] = m->bed->now.cal_ms;
		m->talks++;
	} else if (cmd->type == ZV_CMD_RELEASE) {
		atomic_store_explicit(&m->used[cmd->u.lead.slab], false, memory_order_release);
	}
}

static struct mailbox *mailbox_create(bool shuffle, uint64_t seed)
{
	struct mailbox *m = calloc(1, sizeof(*m));
	struct bed *b = bed_create(PERSONS);

	set_freq(&b->set, ZV_FACT_ATTEMPT, DAY_LIMIT, ZV_WINDOW_ROLLING, ZV_UNIT_HOUR, 24);
	set_freq(&b->set, ZV_FACT_ATTEMPT, WEEK_LIMIT, ZV_WINDOW_CALENDAR, ZV_UNIT_WEEK, 1);
	set_freq(&b->set, ZV_FACT_CONVERSATION, TALK_LIMIT, ZV_WINDOW_CALENDAR, ZV_UNIT_DAY, 1);
	set_hours(&b->set, 8 * 60, 22 * 60);
	m->bed = b;
	b->rng = seed;
	b->shuffle = shuffle;
	b->no_trunk_permille = 100;
	b->judge = judge;
	b->arg = m;
	b->step_ms = 1500;
	bed_open(b, 1);
	bed_hold_all(b);
	return m;
}

static void mailbox_destroy(struct mailbox *m)
{
	bed_destroy(m->bed);
	free(m);
}

static uint64_t requests(void)
{
	return bed_long() ? 1000000 : 60000;
}

static uint32_t slab_of(uint32_t poster, uint32_t i)
{
	return PERSONS + poster * A_POSTER + i;
}

static void fill(struct mailbox *m, uint32_t slab, uint64_t n, uint64_t draw)
{
	bed_fill(m->bed, slab, n + 1, (uint32_t)(draw % PERSONS), 1 + (uint32_t)(draw >> 32 & 1));
}

struct poster { struct mailbox *m; uint32_t id; uint64_t n; pthread_t thread; };

static void *post(void *arg)
{
	struct poster *p = arg;
	struct mailbox *m = p->m;
	uint64_t sent = 0;

	while (sent < p->n && !atomic_load(&m->stop)) {
		bool any = false;

		for (uint32_t i = 0; i < A_POSTER && sent < p->n; i++) {
			uint32_t slab = slab_of(p->id, i);
			struct zv_event ev = {.type = ZV_EV_OFFER, .u.offer = {slab, 0, 1u << 30}};

			if (atomic_load_explicit(&m->used[slab], memory_order_acquire))
				continue;
			atomic_store_explicit(&m->used[slab], true, memory_order_relaxed);
			fill(m, slab, sent * POSTERS + p->id, zv_mix64(sent << 8 | p->id));
			while (zv_ring_push(m->rings[p->id], &ev) != ZV_OK)
				sched_yield();
			sent++;
			any = true;
		}
		if (!any)
			sched_yield();
	}
	return NULL;
}

static uint64_t drain(struct mailbox *m)
{
	uint64_t got = 0;

	for (uint32_t t = 0; t < POSTERS; t++) {
		struct zv_event batch[16];
		uint32_t n = zv_ring_pop(m->rings[t], batch, 16);

		got += n;
		for (uint32_t i = 0; i < n; i++) {
			bed_step(m->bed, &batch[i]);
			for (int turns = 0; turns < 8 && m->bed->n_waiting > 0; turns++)
				(void)bed_turn(m->bed);
		}
	}
	return got;
}

Test(rules_mailbox, eight_threads_and_two_campaigns_never_pass_a_limit, .timeout = 600)
{
	struct mailbox *m = mailbox_create(false, 1);
	struct poster posters[POSTERS];
	uint64_t got = 0;

	for (uint32_t t = 0; t < POSTERS; t++) {
		cr_assert_eq(zv_ring_create(sizeof(struct zv_event), 64, -1, &m->rings[t]), ZV_OK);
		posters[t] = (struct poster){.m = m, .id = t, .n = requests() / POSTERS};
		cr_assert_eq(pthread_create(&posters[t].thread, NULL, post, &posters[t]), 0);
	}
	while (got < requests() / POSTERS * POSTERS && m->broken[0] == 0) {
		uint64_t n = drain(m);

		got += n;
		if (n == 0 && !bed_turn(m->bed))
			sched_yield();
	}
	atomic_store(&m->stop, true);
	for (uint32_t t = 0; t < POSTERS; t++) {
		struct zv_event ev;

		while (zv_ring_pop(m->rings[t], &ev, 1) == 1)
			; /* a poster may wait for room */
		pthread_join(posters[t].thread, NULL);
		zv_ring_destroy(m->rings[t]);
	}
	cr_assert_str_empty(m->broken, "%s", m->broken);
	cr_assert_gt(m->dials, PERSONS * 3, "%u INVITEs of %lu requests", m->dials, (unsigned long)got);
	cr_assert_gt(m->talks, PERSONS);
	mailbox_destroy(m);
}

Test(rules_mailbox, shuffled_interleavings_never_pass_a_limit, .timeout = 600)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct mailbox *m = mailbox_create(true, seed * 7919);
		uint64_t sent = 0;

		while (sent < requests() / 10 && m->broken[0] == 0) {
			uint32_t slab = slab_of((uint32_t)bed_draw(m->bed, POSTERS),
						(uint32_t)bed_draw(m->bed, A_POSTER));

			if (bed_draw(m->bed, 4) != 0 || atomic_load(&m->used[slab])) {
				(void)bed_turn(m->bed);
				continue;
			}
			atomic_store(&m->used[slab], true);
			fill(m, slab, sent++, zv_mix64(m->bed->rng++));
			bed_offer(m->bed, slab);
		}
		cr_assert_str_empty(m->broken, "seed %lu: %s", (unsigned long)seed, m->broken);
		cr_assert_gt(m->dials, PERSONS / 2);
		mailbox_destroy(m);
	}
}
