#include "floor.h"

#include <stdlib.h>
#include <string.h>

#include "fate.h"
#include "world.h"

#define SCORE_SIGMA  0.85 /* of the log-odds: AUC 0.70 at 0.3 */
#define LIST_MS      600000

enum what { CALL_ENDS = 0, WAIT_ENDS = 1, ROBOT_ENDS = 2, TALK_ENDS = 3, WRAP_ENDS = 4, CHANGES = 5 };
enum change { AGENTS_LEAVE, ONE_COMES };

enum call_state { FREE = 0, RINGING, WAITING, WITH_ROBOT };

struct call {
	uint64_t person;
	uint16_t gen;
	uint8_t state; /* enum call_state */
	uint8_t how;   /* how ringing ends: enum zv_pacer_event_kind */
};

struct person_agent {
	int64_t since_ms; /* of the state */
	uint64_t person;  /* talked to */
	double speed;     /* his times over the average */
	uint16_t gen;
	uint8_t state;    /* enum zv_pacer_agent_state */
};

struct floor {
	const struct floor_conf *conf;
	struct floor_day *day;
	const struct floor_pacer *pacer;
	struct zv_pacer_in in;
	struct zv_pacer_out out;
	uint64_t seed, next_person;
	int64_t now;
	struct fate_log ring, talk, wrap, robot;
	double score_mid[2]; /* log-odds whose mean chance is the rate: before and after the step */
	uint64_t *heap;
	uint32_t n_heap;
	struct call calls[FLOOR_CALLS];
	uint32_t free[FLOOR_CALLS], n_free;
	uint32_t waiting[FLOOR_CALLS], wait_head, wait_tail; /* slots, in order; stale ones are skipped */
	uint16_t waiting_gen[FLOOR_CALLS];
	uint32_t n_waiting;
	struct person_agent agents[FLOOR_AGENTS];
	uint32_t idle[FLOOR_AGENTS * 4], idle_head, idle_tail; /* in order; stale ones are skipped */
	uint16_t idle_gen[FLOOR_AGENTS * 4];
	uint32_t n_idle;
};

/* ---- what happens when: a heap of time 27 bits, what 3, index 17, generation 16 ---- */

static void push(struct floor *f, int64_t at, enum what what, uint32_t index, uint16_t gen)
{
	uint64_t key = (uint64_t)at << 36 | (uint64_t)what << 33 | (uint64_t)index << 16 | gen;
	uint32_t i = f->n_heap++;

	while (i > 0 && f->heap[(i - 1) / 2] > key) {
		f->heap[i] = f->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	f->heap[i] = key;
}

static uint64_t pop(struct floor *f)
{
	uint64_t top = f->heap[0], last = f->heap[--f->n_heap];
	uint32_t i = 0;

	for (;;) {
		uint32_t c = 2 * i + 1;

		if (c >= f->n_heap)
			break;
		if (c + 1 < f->n_heap && f->heap[c + 1] < f->heap[c])
			c++;
		if (f->heap[c] >= last)
			break;
		f->heap[i] = f->heap[c];
		i = c;
	}
	f->heap[i] = last;
	return top;
}

/* ---- telling the pacer ---- */

static void tell(struct floor *f, const struct zv_pacer_event *e)
{
	f->day->events++;
	f->day->hash = zv_mix64(f->day->hash ^ (uint64_t)e->at_ms << 32 ^ (uint64_t)e->kind << 24 ^
				(uint64_t)e->state << 20 ^ e->slot ^ (uint64_t)e->agent << 1);
	f->pacer->ops->event(f->pacer->campaign, e);
}

static void tell_call(struct floor *f, uint8_t kind, uint32_t slot)
{
	tell(f, &(struct zv_pacer_event){.at_ms = f->now, .kind = kind, .slot = slot});
}

static void tell_agent(struct floor *f, uint32_t agent)
{
	tell(f, &(struct zv_pacer_event){
			.at_ms = f->now, .kind = ZV_PEV_AGENT, .agent = agent, .state = f->agents[agent].state});
}

/* ---- agents ---- */

static uint32_t wait_class(double s)
{
	double c = s < 25.6 ? s * 10 : 256 + zv_ln(s / 25.6) * 40;

	return c < 511 ? (uint32_t)c : 511;
}

double floor_wait_quantile(const uint32_t waits[512], double q)
{
	uint64_t all = 0, sum = 0;

	for (int i = 0; i < 512; i++)
		all += waits[i];
	for (int i = 0; i < 512; i++) {
		sum += waits[i];
		if ((double)sum >= q * (double)all)
			return i < 256 ? (i + 1) * 0.1 : 25.6 * zv_exp((i + 1 - 256) / 40.0);
	}
	return 0;
}

static void leave_state(struct floor *f, uint32_t a)
{
	struct person_agent *g = &f->agents[a];
	double s = (double)(f->now - g->since_ms) / 1000;

	if (g->state == ZV_AGENT_READY) {
		f->n_idle--;
		f->day->wait_s += s;
		f->day->waits[wait_class(s)]++;
	}
	if (g->state == ZV_AGENT_TALKING || g->state == ZV_AGENT_WRAPUP)
		f->day->busy_s += s;
	if (g->state != ZV_AGENT_OUT)
		f->day->staffed_s += s;
	g->since_ms = f->now;
	g->gen++;
}

static double slowness(const struct floor *f)
{
	return f->conf->slow_at_ms != 0 && f->now >= f->conf->slow_at_ms ? 2 : 1;
}

static int64_t how_long(const struct floor *f, const struct fate_log *of, double mean_ms, const struct person_agent *g,
			enum fate_of what)
{
	double u = fate_u(f->seed, g->person, what);
	double ms = f->conf->times == FLOOR_EXPONENTIAL ? -mean_ms * zv_ln(u) : fate_lognormal(of, u);

	ms *= g->speed * slowness(f);
	return f->now + (ms < 1 ? 1 : ms > 1e8 ? (int64_t)1e8 : (int64_t)ms);
}

static void hand(struct floor *f, uint32_t slot, uint32_t a)
{
	struct person_agent *g = &f->agents[a];

	leave_state(f, a);
	g->state = ZV_AGENT_TALKING;
	g->person = f->calls[slot].person;
	push(f, how_long(f, &f->talk, f->conf->handle_s * TALK_SHARE * 1000, g, FATE_TALK), TALK_ENDS, a, g->gen);
	f->day->handed++;
	tell(f, &(struct zv_pacer_event){.at_ms = f->now, .kind = ZV_PEV_HANDED, .slot = slot, .agent = a});
}

static void free_call(struct floor *f, uint32_t slot)
{
	f->calls[slot].state = FREE;
	f->calls[slot].gen++;
	f->free[f->n_free++] = slot;
}

/* The person who waits longest, if anybody. */
static bool first_waiting(struct floor *f, uint32_t *ret_slot)
{
	while (f->wait_head != f->wait_tail) {
		uint32_t at = f->wait_head++ % FLOOR_CALLS, slot = f->waiting[at];

		if (f->calls[slot].state == WAITING && f->calls[slot].gen == f->waiting_gen[at]) {
			*ret_slot = slot;
			return true;
		}
	}
	return false;
}

static bool first_idle(struct floor *f, uint32_t *ret_agent)
{
	while (f->idle_head != f->idle_tail) {
		uint32_t at = f->idle_head++ % (FLOOR_AGENTS * 4), a = f->idle[at];

		if (f->agents[a].state == ZV_AGENT_READY && f->agents[a].gen == f->idle_gen[at]) {
			*ret_agent = a;
			return true;
		}
	}
	return false;
}

static void ready(struct floor *f, uint32_t a)
{
	uint32_t slot;

	leave_state(f, a);
	f->agents[a].state = ZV_AGENT_READY;
	f->n_idle++;
	tell_agent(f, a);
	if (f->n_waiting > 0 && first_waiting(f, &slot)) {
		f->n_waiting--;
		hand(f, slot, a);
		free_call(f, slot);
		return;
	}
	f->idle[f->idle_tail % (FLOOR_AGENTS * 4)] = a;
	f->idle_gen[f->idle_tail++ % (FLOOR_AGENTS * 4)] = f->agents[a].gen;
}

static void out(struct floor *f, uint32_t a)
{
	leave_state(f, a);
	f->agents[a].state = ZV_AGENT_OUT;
	tell_agent(f, a);
}

static void talk_ends(struct floor *f, uint32_t a)
{
	struct person_agent *g = &f->agents[a];

	leave_state(f, a);
	g->state = ZV_AGENT_WRAPUP;
	push(f, how_long(f, &f->wrap, f->conf->handle_s * (1 - TALK_SHARE) * 1000, g, FATE_WRAP), WRAP_ENDS, a,
	     g->gen);
	tell_agent(f, a);
}

/* ---- calls ---- */

static double rate_now(const struct floor *f)
{
	if (f->conf->list_answer[0] > 0)
		return f->conf->list_answer[(f->now / LIST_MS) & 1];
	return f->conf->step_at_ms != 0 && f->now >= f->conf->step_at_ms ? f->conf->step_answer : f->conf->answer;
}

static double chance(const struct floor *f, uint64_t person)
{
	bool after = f->conf->step_at_ms != 0 && f->now >= f->conf->step_at_ms;

	if (!f->conf->scores)
		return rate_now(f);
	return 1 / (1 + zv_exp(-f->score_mid[after] -
			       SCORE_SIGMA * fate_normal(fate_u(f->seed, person, FATE_SCORE))));
}

/* Two lists that take turns, where the cell has two. */
static uint16_t list_of(const struct floor *f)
{
	return f->conf->list_answer[0] > 0 && (f->now / LIST_MS & 1) != 0;
}

static void place(struct floor *f)
{
	uint32_t slot = f->free[--f->n_free];
	struct call *c = &f->calls[slot];
	uint64_t n = f->next_person++;
	double p = chance(f, n), u = fate_u(f->seed, n, FATE_FAIL);
	bool dead = f->conf->dead_at_ms != 0 && f->now >= f->conf->dead_at_ms && f->now < f->conf->alive_at_ms;
	double ms = NO_ANSWER_MS;

	c->person = n;
	c->state = RINGING;
	c->how = ZV_PEV_NOT_ANSWERED;
	if (dead) {
		c->how = ZV_PEV_FAILED;
		ms = 200 + 300 * u;
	} else if (fate_u(f->seed, n, FATE_ANSWER) < p) {
		c->how = ZV_PEV_ANSWERED;
		ms = fate_lognormal(&f->ring, fate_u(f->seed, n, FATE_RING));
	} else if (u < FAIL_SHARE) {
		c->how = ZV_PEV_FAILED;
		ms = 1000 + 1000 * fate_u(f->seed, n, FATE_RING);
	}
	push(f, f->now + (int64_t)ms, CALL_ENDS, slot, c->gen);
	f->day->placed++;
	tell(f, &(struct zv_pacer_event){.at_ms = f->now, .kind = ZV_PEV_PLACED, .slot = slot,
		.hour = (uint8_t)(9 + f->now / 3600000),
		.list = list_of(f),
		.score_ppm = f->conf->scores ? (uint32_t)(p * 1e6) : 0});
}

/* An answered person, or one whom the robot won, wants an agent. */
static void wants_agent(struct floor *f, uint32_t slot)
{
	uint32_t a;

	f->day->base++;
	f->in.count[0].answered++;
	f->calls[slot].state = WAITING;
	if (f->n_idle > 0 && first_idle(f, &a)) {
		hand(f, slot, a);
		free_call(f, slot);
		return;
	}
	f->waiting[f->wait_tail % FLOOR_CALLS] = slot;
	f->waiting_gen[f->wait_tail++ % FLOOR_CALLS] = f->calls[slot].gen;
	f->n_waiting++;
	push(f, f->now + PATIENCE_MS, WAIT_ENDS, slot, f->calls[slot].gen);
}

static void call_ends(struct floor *f, uint32_t slot)
{
	struct call *c = &f->calls[slot];

	if (c->how != ZV_PEV_ANSWERED) {
		f->day->failed += c->how == ZV_PEV_FAILED;
		tell_call(f, c->how, slot);
		free_call(f, slot);
		return;
	}
	f->day->answered++;
	tell_call(f, ZV_PEV_ANSWERED, slot);
	if (f->conf->robot_k == 0) {
		wants_agent(f, slot);
		return;
	}
	c->state = WITH_ROBOT;
	push(f, f->now + (int64_t)fate_lognormal(&f->robot, fate_u(f->seed, c->person, FATE_ROBOT)), ROBOT_ENDS, slot,
	     c->gen);
}

static void robot_ends(struct floor *f, uint32_t slot)
{
	if (fate_u(f->seed, f->calls[slot].person, FATE_WANTS) * f->conf->robot_k < 1) {
		tell_call(f, ZV_PEV_WANTS, slot);
		wants_agent(f, slot);
		return;
	}
	tell_call(f, ZV_PEV_ENDED, slot);
	free_call(f, slot);
}

static void wait_ends(struct floor *f, uint32_t slot)
{
	f->n_waiting--;
	f->day->abandoned++;
	f->in.count[0].abandoned++;
	tell_call(f, ZV_PEV_ABANDONED, slot);
	free_call(f, slot);
}

static void cancel(struct floor *f, uint32_t slot)
{
	if (f->calls[slot].state != RINGING)
		return;
	f->day->cancelled++;
	tell_call(f, ZV_PEV_CANCELLED, slot);
	free_call(f, slot);
}

static void change(struct floor *f, enum change change)
{
	if (change == ONE_COMES) {
		for (uint32_t a = 0; a < f->conf->agents; a++) {
			if (f->agents[a].state == ZV_AGENT_OUT) {
				ready(f, a);
				push(f, f->now + 60000, CHANGES, ONE_COMES, 0);
				return;
			}
		}
		return;
	}
	for (uint32_t a = 0; a < f->conf->agents * f->conf->leave_percent / 100; a++)
		out(f, a);
}

/* ---- a day ---- */

static void happen(struct floor *f, uint64_t key)
{
	uint32_t index = (uint32_t)(key >> 16) & 0x1ffff;
	uint16_t gen = (uint16_t)key;
	enum what what = (enum what)(key >> 33 & 7);

	switch (what) {
	case CALL_ENDS:
		if (f->calls[index].gen == gen && f->calls[index].state == RINGING)
			call_ends(f, index);
		return;
	case WAIT_ENDS:
		if (f->calls[index].gen == gen && f->calls[index].state == WAITING)
			wait_ends(f, index);
		return;
	case ROBOT_ENDS:
		if (f->calls[index].gen == gen)
			robot_ends(f, index);
		return;
	case TALK_ENDS:
		if (f->agents[index].gen == gen)
			talk_ends(f, index);
		return;
	case WRAP_ENDS:
		if (f->agents[index].gen == gen)
			ready(f, index);
		return;
	case CHANGES:
		change(f, (enum change)index);
		return;
	}
}

static void decide(struct floor *f)
{
	uint32_t in_flight;

	f->in.now_ms = f->now;
	f->in.lines_free = f->n_free;
	f->day->decisions++;
	(void)f->pacer->ops->decide(f->pacer->campaign, &f->in, 0, &f->out);
	for (uint32_t i = 0; i < f->out.n_cancel; i++)
		cancel(f, f->out.cancel[i]);
	for (uint32_t i = 0; i < f->out.place && f->n_free > 0; i++)
		place(f);
	in_flight = FLOOR_CALLS - f->n_free;
	if (in_flight > f->day->in_flight_max)
		f->day->in_flight_max = in_flight;
	f->day->hash = zv_mix64(f->day->hash ^ (uint64_t)f->out.place << 16 ^ f->out.n_cancel);
}

/* The log-odds c so that chances with log-odds c + sigma * normal have this mean. */
static double middle(double mean)
{
	double low = -12, high = 12;

	for (int i = 0; i < 50; i++) {
		double c = (low + high) / 2, sum = 0;

		for (int k = 0; k < 200; k++)
			sum += 1 / (1 + zv_exp(-c - SCORE_SIGMA * fate_normal((k + 0.5) / 200)));
		if (sum / 200 < mean)
			low = c;
		else
			high = c;
	}
	return low;
}

static void begin(struct floor *f, const struct floor_conf *conf, uint64_t seed)
{
	struct fate_log speed = fate_log(1, zv_sqrt(zv_expm1(conf->speed_sigma * conf->speed_sigma)));

	f->conf = conf;
	f->seed = zv_mix64(seed);
	f->now = 0;
	f->next_person = f->n_heap = f->n_idle = f->n_waiting = 0;
	f->wait_head = f->wait_tail = f->idle_head = f->idle_tail = 0;
	memset(&f->in, 0, sizeof(f->in));
	f->in.size = sizeof(f->in);
	f->in.count[0] = (struct zv_pacer_count){conf->before_answered, conf->before_abandoned};
	f->in.carrier_room = UINT32_MAX;
	f->in.leads_left = UINT32_MAX;
	f->out.size = sizeof(f->out);
	f->ring = fate_log(ANSWER_MS, ANSWER_CV);
	f->talk = fate_log(conf->handle_s * TALK_SHARE * 1000, TALK_CV);
	f->wrap = fate_log(conf->handle_s * (1 - TALK_SHARE) * 1000, WRAP_CV);
	f->robot = fate_log(ROBOT_MS, ROBOT_CV);
	if (conf->scores) {
		f->score_mid[0] = middle(conf->answer);
		f->score_mid[1] = conf->step_at_ms != 0 ? middle(conf->step_answer) : 0;
	}
	f->n_free = 0;
	for (uint32_t i = FLOOR_CALLS; i-- > 0;) {
		f->calls[i] = (struct call){.state = FREE};
		f->free[f->n_free++] = i;
	}
	for (uint32_t a = 0; a < conf->agents; a++)
		f->agents[a] = (struct person_agent){.state = ZV_AGENT_OUT,
			.speed = conf->speed_sigma > 0 ? fate_lognormal(&speed, fate_u(f->seed, a, FATE_SPEED)) : 1};
	if (conf->one_by_one)
		change(f, ONE_COMES);
	for (uint32_t a = 0; a < conf->agents && !conf->one_by_one; a++)
		ready(f, a);
	if (conf->leave_at_ms != 0)
		push(f, conf->leave_at_ms, CHANGES, AGENTS_LEAVE, 0);
}

void floor_run(struct floor *f, const struct floor_conf *conf, uint64_t seed, const struct floor_pacer *pacer,
	       struct floor_day *ret_day)
{
	memset(ret_day, 0, sizeof(*ret_day));
	f->day = ret_day;
	f->pacer = pacer;
	begin(f, conf, seed);
	for (;;) {
		int64_t next;

		decide(f);
		next = f->n_heap > 0 ? (int64_t)(f->heap[0] >> 36) : FLOOR_DAY_MS;
		/* What was placed now may want another look at once, but time goes on. */
		if (f->out.next_ms < next)
			next = f->out.next_ms > f->now ? f->out.next_ms : f->now + 1;
		if (next >= FLOOR_DAY_MS)
			break;
		f->now = next;
		while (f->n_heap > 0 && (int64_t)(f->heap[0] >> 36) <= f->now)
			happen(f, pop(f));
	}
	f->now = FLOOR_DAY_MS;
	for (uint32_t a = 0; a < conf->agents; a++)
		leave_state(f, a);
}

void floor_clairvoyant(const struct floor_conf *conf, uint64_t seed, struct floor_day *ret_day)
{
	struct fate_log ring = fate_log(ANSWER_MS, ANSWER_CV);
	double first_ms = 1e9;

	/* Whoever answers soonest of those called at the start serves an agent first; after that,
	 * calls placed ahead of every release land on it. */
	memset(ret_day, 0, sizeof(*ret_day));
	for (uint64_t n = 0; n < 400; n++) {
		double ms = fate_lognormal(&ring, fate_u(zv_mix64(seed), n, FATE_RING));

		if (fate_u(zv_mix64(seed), n, FATE_ANSWER) < conf->answer && ms < first_ms)
			first_ms = ms;
	}
	ret_day->staffed_s = conf->agents * (double)FLOOR_DAY_MS / 1000;
	ret_day->wait_s = conf->agents * first_ms / 1000;
	ret_day->busy_s = ret_day->staffed_s - ret_day->wait_s;
	ret_day->handed = ret_day->answered = ret_day->base = (uint64_t)(ret_day->busy_s / conf->handle_s);
	ret_day->placed = (uint64_t)((double)ret_day->answered / conf->answer);
}

/* ---- the pacer's side ---- */

void floor_shape(const struct floor_conf *conf, struct zv_pacer_shape *ret_shape)
{
	*ret_shape = (struct zv_pacer_shape){.size = sizeof(*ret_shape), .campaign = 1, .calls = FLOOR_CALLS,
		.agents = conf->agents, .trunks = 1, .lists = 2, .attempts = 1, .skills = 1};
}

void floor_settings(const struct floor_conf *conf, struct zv_pacer_settings *ret_settings)
{
	*ret_settings = (struct zv_pacer_settings){.size = sizeof(*ret_settings),
		.mode = conf->robot_k != 0 ? ZV_PACE_ROBOT : ZV_PACE_PREDICTIVE, .n_rules = 1,
		.cancel = conf->ring_min_ms != 0, .robot_agents = 1, .ratio_ppm = 1000000,
		.ring_min_ms = conf->ring_min_ms, .ring_max_ms = RING_MAX_MS, .patience_ms = PATIENCE_MS};
	ret_settings->rules[0] = (struct zv_pacer_rule){
		.limit_ppm = conf->limit_ppm, .window = conf->block ? ZV_PACER_BLOCK : ZV_PACER_DAY,
		.end_ms = FLOOR_DAY_MS, .later_ms = conf->later_ms};
}

struct floor *floor_create(void)
{
	struct floor *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	/* Stale entries stay until their time: cancelled calls, agents who left. */
	f->heap = malloc((FLOOR_CALLS + FLOOR_AGENTS) * 8 * sizeof(*f->heap));
	if (f->heap == NULL) {
		free(f);
		return NULL;
	}
	return f;
}

void floor_destroy(struct floor *f)
{
	if (f == NULL)
		return;
	free(f->heap);
	free(f);
}
