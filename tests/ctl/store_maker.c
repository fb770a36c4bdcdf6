/* Makes stores for the tests of zvonarctl: `store_maker init DIR`, then `store_maker play DIR
 * SEED` lives a made-up campaign through the store's own thread.  What happened is read back by
 * the test from `zvonarctl attempts export`; nothing is printed.  `store_maker law DIR RULES` puts
 * a rule file in force and one conversation with the first lead, with its evidence. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "law/law.h"
#include "store/told.h"
#include "store/recording.h"

#define LEADS_MAX 4096u
#define START_MS  INT64_C(1772427600000) /* 2026-03-02T05:00:00Z, a Monday */

static const char *const categories[] = {"интересно", "неинтересно", "<script>alert(1)</script>",
                                         "=HYPERLINK(\"http://example.com\")"};
static const char *const results[] = {"yes", "no", "@later"};
static const char *const messages[] = {"sms_missed", "-sms & <b>more</b>"};

struct made_lead {
	uint64_t lead, person, called;
	uint32_t attempts;
	bool final;
};

struct made {
	struct zv_store *store;
	struct zv_store_boot boot;
	uint32_t campaign;
	struct made_lead leads[LEADS_MAX];
	uint32_t n_leads;
	struct zv_ring *commands, *events, *dialogs, *acks;
	int store_fd, engine_fd;
	uint64_t dice, seq;
	int64_t cal_ms;
	uint32_t come[64]; /* events by type, not awaited yet */
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "store_maker: %s\n", what);
	_Exit(1);
}

static void must(enum zv_err err, const char *what)
{
	if (err != ZV_OK)
		die(what);
}

static uint32_t roll(struct made *m, uint32_t below)
{
	m->dice = zv_mix64(m->dice);
	return (uint32_t)(m->dice >> 33) % below;
}

static void open_store(struct made *m, const char *dir)
{
	struct zv_store_params params = {.dir = dir, .create = true};
	char text[320] = "";

	if (zv_store_open(&params, text, sizeof(text), &m->store) != ZV_OK)
		die(text);
	must(zv_store_begin(m->store, true, &m->boot), "begin");
}

static void put_campaign(struct made *m)
{
	struct zv_campaign_names names = {
	        .name = "база & <i>co</i>",
	        .n_categories = 4,
	        .n_results = 3,
	        .n_messages = 2,
	        .categories = categories,
	        .results = results,
	        .messages = messages,
	};

	must(zv_store_campaign_put(m->store, &names, &m->campaign), "campaign");
}

static bool add_lead(void *arg, const struct zv_lead_row *row)
{
	struct made *m = arg;

	if (m->n_leads == LEADS_MAX)
		return false;
	m->leads[m->n_leads++] = (struct made_lead){
	        .lead = row->lead, .person = row->person, .called = row->numbers[0].brief.e164};
	return true;
}

static void push(struct made *m, const struct zv_cmd *cmd)
{
	uint64_t one = 1;

	while (zv_ring_push(m->commands, cmd) != ZV_OK) {
		struct pollfd none = {.fd = -1};

		(void)poll(&none, 1, 1);
	}
	if (write(m->store_fd, &one, sizeof(one)) < 0)
		die("eventfd");
}

/* Takes events until n of that type have come; others are kept for their own await. */
static void await(struct made *m, uint16_t type, uint32_t n)
{
	int64_t turns = 0;

	while (m->come[type % 64] < n) {
		struct zv_event ev;
		struct pollfd p = {.fd = m->engine_fd, .events = POLLIN};
		uint64_t drained;

		if (zv_ring_pop(m->events, &ev, 1) == 1) {
			if (ev.type == ZV_EV_INTENT_FLUSHED && ev.u.flushed.err != 0)
				die("an intent was refused");
			m->come[ev.type % 64]++;
			continue;
		}
		if (!zv_ring_arm(m->events))
			continue;
		if (poll(&p, 1, 100) == 1 && read(m->engine_fd, &drained, sizeof(drained)) < 0)
			die("eventfd");
		if (++turns > 300)
			die("the store does not answer");
	}
	m->come[type % 64] -= n;
}

static struct zv_cmd command(struct made *m, uint16_t type, uint64_t seq)
{
	return (struct zv_cmd){
	        .type = type,
	        .trunk = (uint16_t)(seq % 2),
	        .campaign = m->campaign,
	        .leg = {(uint32_t)(seq % 64), 1},
	        .attempt = {UINT64_C(1) << 48 | (uint64_t)m->boot.epoch << 16, seq},
	        .cal_ms = m->cal_ms,
	};
}

static void ladder(struct made *m, uint64_t seq, const struct made_lead *lead, uint8_t what,
                   uint16_t code)
{
	struct zv_cmd cmd = command(m, ZV_CMD_LADDER, seq);

	cmd.u.ladder.lead = lead->lead;
	cmd.u.ladder.what = what;
	cmd.u.ladder.code = code;
	cmd.u.ladder.sub = what == ZV_LADDER_SUB;
	push(m, &cmd);
}

static uint64_t intent(struct made *m, const struct made_lead *lead)
{
	struct zv_cmd cmd = command(m, ZV_CMD_INTENT, ++m->seq);

	cmd.u.intent.lead = lead->lead;
	cmd.u.intent.person = lead->person;
	cmd.u.intent.called = lead->called;
	cmd.u.intent.caller = 74951234567;
	cmd.u.intent.counts = lead->attempts;
	push(m, &cmd);
	return m->seq;
}

static void outcome(struct made *m, uint64_t seq, const struct made_lead *lead, uint8_t what,
                    bool amend)
{
	struct zv_cmd cmd = command(m, ZV_CMD_OUTCOME, seq);

	if (amend)
		cmd.attempt.hi = UINT64_C(1) << 48 | (uint64_t)(m->boot.epoch - 1) << 16;
	cmd.u.outcome.lead = lead->lead;
	cmd.u.outcome.person = lead->person;
	cmd.u.outcome.outcome = what;
	cmd.u.outcome.amend = amend;
	cmd.u.outcome.invite_ms = m->cal_ms;
	cmd.u.outcome.ring_ms = 100 + roll(m, 400);
	if (what == ZV_OUT_ANSWERED || what == ZV_OUT_SILENT || what == ZV_OUT_MACHINE) {
		cmd.u.outcome.answer_ms = cmd.u.outcome.ring_ms + 1000 + roll(m, 5000);
		cmd.u.outcome.end_ms = cmd.u.outcome.answer_ms + roll(m, 30000);
		cmd.u.outcome.sip_code = 200;
	} else {
		cmd.u.outcome.end_ms = cmd.u.outcome.ring_ms + roll(m, 20000);
		cmd.u.outcome.sip_code = 480;
		cmd.u.outcome.q850 = 20;
	}
	if (what == ZV_OUT_ANSWERED) {
		cmd.u.outcome.result = (uint8_t)(1 + roll(m, 3));
		cmd.u.outcome.key = (uint8_t)('0' + cmd.u.outcome.result);
	}
	push(m, &cmd);
}

static void step(struct made *m, uint64_t seq, struct made_lead *lead, uint8_t what)
{
	struct zv_cmd cmd = command(m, ZV_CMD_STEP, seq);

	lead->final = what == ZV_OUT_ANSWERED || (what != ZV_OUT_NOT_SENT && lead->attempts >= 5);
	cmd.u.step.lead = lead->lead;
	cmd.u.step.person = lead->person;
	cmd.u.step.due_class = ZV_DUE_NORMAL;
	if (lead->final) {
		cmd.u.step.kind = ZV_STEP_FINAL;
		cmd.u.step.category = (uint8_t)(1 + roll(m, 4));
		cmd.u.step.remove = cmd.u.step.category == 2;
	} else {
		cmd.u.step.kind = ZV_STEP_RETRY;
		cmd.u.step.due_ms = m->cal_ms + 3600000;
	}
	if (roll(m, 3) == 0) {
		cmd.u.step.n_messages = 1;
		cmd.u.step.messages[0] = (uint8_t)roll(m, 2);
	}
	push(m, &cmd);
}

static void *store_thread(void *arg);

struct thread_arg {
	struct zv_store_run run;
	_Atomic bool stop;
};

static void *store_thread(void *arg)
{
	struct thread_arg *t = arg;

	must(zv_store_thread(&t->run, &t->stop), "the store's thread");
	return NULL;
}

/* One attempt of each lead of the group, all in flight at once. */
static void wave(struct made *m, struct made_lead **group, uint32_t n)
{
	static const uint8_t outcomes[] = {ZV_OUT_UNREACHABLE, ZV_OUT_NO_ANSWER, ZV_OUT_NO_ANSWER,
	                                   ZV_OUT_BUSY,        ZV_OUT_MACHINE,   ZV_OUT_ANSWERED,
	                                   ZV_OUT_SILENT,      ZV_OUT_FAILED,    ZV_OUT_REJECTED,
	                                   ZV_OUT_NOT_SENT};
	uint64_t first = m->seq + 1;

	for (uint32_t i = 0; i < n; i++)
		(void)intent(m, group[i]);
	await(m, ZV_EV_INTENT_FLUSHED, n);
	for (uint32_t i = 0; i < n; i++) {
		uint8_t what = outcomes[roll(m, sizeof(outcomes))];
		uint64_t seq = first + i;

		if (what != ZV_OUT_NOT_SENT) {
			ladder(m, seq, group[i], ZV_LADDER_INVITE, 0);
			if (roll(m, 10) == 0) {
				ladder(m, seq, group[i], ZV_LADDER_SUB, 503);
				await(m, ZV_EV_INTENT_FLUSHED, 1);
				ladder(m, seq, group[i], ZV_LADDER_INVITE, 0);
			}
		}
		if (what == ZV_OUT_ANSWERED || what == ZV_OUT_MACHINE || what == ZV_OUT_SILENT)
			ladder(m, seq, group[i], ZV_LADDER_CONNECT, 200);
		outcome(m, seq, group[i], what, false);
		group[i]->attempts += what != ZV_OUT_NOT_SENT;
		step(m, seq, group[i], what);
	}
	await(m, ZV_EV_STEP_FLUSHED, n);
}

static void waves(struct made *m)
{
	for (uint32_t round = 0; round < 4; round++) {
		struct made_lead *group[32];
		uint32_t n = 0;

		m->cal_ms = START_MS + (int64_t)round * 4 * 3600000;
		for (uint32_t i = 0; i < m->n_leads; i++) {
			if (m->leads[i].final)
				continue;
			m->cal_ms += 40000;
			group[n++] = &m->leads[i];
			if (n == 1 + roll(m, 32) || n == 32) {
				wave(m, group, n);
				n = 0;
			}
		}
		if (n > 0)
			wave(m, group, n);
	}
}

/* Ten attempts stay open, as a crash leaves them. */
static uint64_t leave_open(struct made *m, struct made_lead **left, uint32_t *ret_n)
{
	uint64_t first = m->seq + 1;

	*ret_n = 0;
	for (uint32_t i = 0; i < m->n_leads && *ret_n < 10; i++) {
		if (m->leads[i].final)
			continue;
		left[(*ret_n)++] = &m->leads[i];
		(void)intent(m, &m->leads[i]);
	}
	await(m, ZV_EV_INTENT_FLUSHED, *ret_n);
	return first;
}

static int64_t rest(void *arg, uint32_t campaign)
{
	(void)arg;
	(void)campaign;
	return 86400000;
}

static void on_open(void *arg, const struct zv_open_attempt *open)
{
	(void)arg;
	(void)open;
}

static void start(struct made *m, struct thread_arg *t, pthread_t *thread)
{
	*t = (struct thread_arg){.run = {
	                                 .store = m->store,
	                                 .commands = m->commands,
	                                 .events = m->events,
	                                 .dialogs = &m->dialogs,
	                                 .dialog_acks = &m->acks,
	                                 .n_shards = 1,
	                                 .wake_fd = m->store_fd,
	                                 .intent_wait_ms = 1,
	                                 .outcome_wait_ms = 1,
	                         }};
	if (pthread_create(thread, NULL, store_thread, t) != 0)
		die("thread");
}

static void stop(struct made *m, struct thread_arg *t, pthread_t thread)
{
	uint64_t one = 1;

	atomic_store(&t->stop, true);
	if (write(m->store_fd, &one, sizeof(one)) < 0)
		die("eventfd");
	(void)pthread_join(thread, NULL);
}

static void rings(struct made *m)
{
	m->store_fd = eventfd(0, EFD_NONBLOCK);
	m->engine_fd = eventfd(0, EFD_NONBLOCK);
	must(zv_ring_create(sizeof(struct zv_cmd), 4096, m->store_fd, &m->commands), "ring");
	must(zv_ring_create(sizeof(struct zv_event), 4096, m->engine_fd, &m->events), "ring");
	must(zv_ring_create(sizeof(struct zv_dialog), 64, m->store_fd, &m->dialogs), "ring");
	must(zv_ring_create(sizeof(struct zv_dialog_ack), 64, -1, &m->acks), "ring");
	must(zv_store_leads_each(m->store, m->campaign, add_lead, m), "leads");
}

static void rings_end(struct made *m)
{
	zv_ring_destroy(m->commands);
	zv_ring_destroy(m->events);
	zv_ring_destroy(m->dialogs);
	zv_ring_destroy(m->acks);
	(void)close(m->store_fd);
	(void)close(m->engine_fd);
}

static void on_law(void *arg, enum zv_law_level level, const char *file, unsigned line,
                   const char *path, const char *text)
{
	(void)arg;
	if (level == ZV_LAW_ERROR)
		fprintf(stderr, "%s:%u %s %s\n", file, line, path, text);
}

/* The first rule counts conversations: it is in the evidence of the yes and of the no. */
static void evidence(struct made *m, const struct made_lead *lead, uint64_t hash, bool yes)
{
	struct zv_cmd cmd = command(m, ZV_CMD_EVIDENCE, m->seq + yes);

	if (!yes)
		cmd.attempt = (struct zv_attempt_id){0};
	cmd.u.evidence.person = lead->person;
	cmd.u.evidence.lead = lead->lead;
	cmd.u.evidence.rules_hash = hash;
	cmd.u.evidence.answer = yes ? ZV_ANSWER_YES : ZV_ANSWER_NO;
	cmd.u.evidence.detail = yes ? ZV_DETAIL_NONE : ZV_DETAIL_LIMIT;
	cmd.u.evidence.until_ms = yes ? m->cal_ms : START_MS + 57600000; /* midnight in Moscow */
	cmd.u.evidence.channel = ZV_CHANNEL_VOICE_AI;
	cmd.u.evidence.n_counts = 1;
	cmd.u.evidence.counts[0].used = !yes;
	push(m, &cmd);
}

static void law(struct made *m, const char *rules)
{
	struct made_lead *lead = &m->leads[0];
	struct zv_law_params params = {.rules = rules, .sink = {.tell = on_law}};
	struct zv_law *set;
	struct thread_arg t;
	pthread_t thread;
	const char *text;
	struct zv_cmd cmd;
	size_t len;
	uint64_t hash;

	must(zv_zones_create(NULL, &params.zones), "zones");
	must(zv_law_load(&params, &set), "rules");
	text = zv_law_archive(set, &len);
	hash = zv_law_rules(set)->hash;
	must(zv_store_ruleset_put(m->store, zv_law_rules(set), START_MS - 1000, text, len), "rule set");
	rings(m);
	if (m->n_leads == 0)
		die("no leads");
	start(m, &t, &thread);
	m->cal_ms = START_MS;
	evidence(m, lead, hash, true);
	(void)intent(m, lead);
	await(m, ZV_EV_INTENT_FLUSHED, 1);
	cmd = command(m, ZV_CMD_OUTCOME, m->seq);
	cmd.u.outcome.lead = lead->lead;
	cmd.u.outcome.person = lead->person;
	cmd.u.outcome.outcome = ZV_OUT_ANSWERED;
	cmd.u.outcome.facts = ZV_FACT_BIT(ZV_FACT_ATTEMPT) | ZV_FACT_BIT(ZV_FACT_CONNECT) |
	                      ZV_FACT_BIT(ZV_FACT_CONVERSATION);
	cmd.u.outcome.invite_ms = m->cal_ms;
	cmd.u.outcome.sip_code = 200;
	push(m, &cmd);
	lead->attempts = 1;
	m->cal_ms += 1000;
	cmd = command(m, ZV_CMD_STEP, m->seq);
	cmd.u.step.lead = lead->lead;
	cmd.u.step.person = lead->person;
	cmd.u.step.due_class = ZV_DUE_NORMAL;
	cmd.u.step.kind = ZV_STEP_RETRY;
	cmd.u.step.due_ms = m->cal_ms + 3600000;
	push(m, &cmd);
	await(m, ZV_EV_STEP_FLUSHED, 1);
	m->cal_ms = START_MS + 3600000;
	evidence(m, lead, hash, false);
	stop(m, &t, thread);
	rings_end(m);
	zv_law_destroy(set);
	zv_zones_destroy(params.zones);
}

static void play(struct made *m, const char *dir)
{
	struct made_lead *left[10];
	struct thread_arg t;
	pthread_t thread;
	uint64_t first;
	uint32_t n;

	rings(m);
	start(m, &t, &thread);
	waves(m);
	first = leave_open(m, left, &n);
	stop(m, &t, thread);
	/* the next start finds them, and half of them are settled later */
	zv_store_close(m->store);
	open_store(m, dir);
	must(zv_store_recover(m->store, m->cal_ms, rest, on_open, NULL, &n), "recover");
	start(m, &t, &thread);
	for (uint32_t i = 0; i < n / 2; i++)
		outcome(m, first + i, left[i], i % 2 == 0 ? ZV_OUT_NO_ANSWER : ZV_OUT_ANSWERED,
		        true);
	stop(m, &t, thread);
	rings_end(m);
}

/* The row of a recording of who has that number. */
static void recording(struct made *m, const char *number, const char *path)
{
	struct zv_recording rec = {.attempt = {7, 7}, .at_ms = START_MS, .bytes = 5, .path = path};
	uint32_t n = 0;

	must(zv_store_persons_of(m->store, strtoull(number, NULL, 10), &rec.person, 1, &n), "person");
	must(zv_store_recording_put(m->store, &rec), "recording");
}

int main(int argc, char **argv)
{
	static struct made m;

	if (argc < 3)
		die("usage: store_maker init|play|law|recording DIR [SEED|RULES|NUMBER PATH]");
	open_store(&m, argv[2]);
	put_campaign(&m);
	if (strcmp(argv[1], "play") == 0 && argc == 4) {
		m.dice = strtoull(argv[3], NULL, 10);
		play(&m, argv[2]);
	}
	if (strcmp(argv[1], "law") == 0 && argc == 4)
		law(&m, argv[3]);
	if (strcmp(argv[1], "recording") == 0 && argc == 5)
		recording(&m, argv[3], argv[4]);
	zv_store_close(m.store);
	return 0;
}
