/* Who is there: what early media say while it rings, whether a person or a machine answered, and
 * what a machine is told.  The table is in call.c.
 *
 * Detection may be wrong, so whoever is not sure to be a machine is a person, and what an agent
 * or a key says goes before it. */
#include "dial/call_int.h"

#define RANG_MS    8000  /* told to ring so long before its announcement: it rang */
#define BEEP_MS    20000 /* where the campaign does not say */
#define MESSAGE_MS 180000 /* the backstop behind the message's own end */
#define MESSAGE_TAG UINT32_C(0x4d534721) /* no tag of a script's */

static struct zv_heard_stats *stats_of(const struct zv_call_ctx *c)
{
	return &c->e->router.trunks[c->call->trunk].heard;
}

static uint32_t narrow(uint64_t n)
{
	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static uint64_t answers_told(const struct zv_heard_stats *s, enum zv_heard heard)
{
	uint64_t sum = 0;

	for (int by = 0; by < ZV_HEARD_BY_MAX; by++)
		sum += s->n[heard][by];
	return sum;
}

static void listen(const struct zv_call_ctx *c, enum zv_listen_to to)
{
	const struct zv_heard_stats *s = stats_of(c);
	struct zv_cmd *cmd;

	if (!c->call->media_open || (to == ZV_LISTEN_OFF && c->call->listens == ZV_LISTEN_OFF))
		return;
	cmd = zv_call_emit(c, ZV_CMD_MEDIA_LISTEN);
	cmd->u.listen = zv_call_campaign(c)->listen;
	cmd->u.listen.to = (uint8_t)to;
	cmd->u.listen.revise = to == ZV_LISTEN_EARLY || zv_call_campaign(c)->detect == ZV_DETECT_WHILE;
	cmd->u.listen.persons = narrow(answers_told(s, ZV_HEARD_PERSON) - s->revised);
	cmd->u.listen.machines = narrow(answers_told(s, ZV_HEARD_MACHINE));
	cmd->u.listen.persons_wrong = narrow(s->persons_wrong);
	cmd->u.listen.machines_wrong = narrow(s->machines_wrong);
	c->call->listens = (uint8_t)to;
}

void zv_call_listen_off(const struct zv_call_ctx *c)
{
	listen(c, ZV_LISTEN_OFF);
}

/* Every verdict is counted by its trunk and stands in the log; false: it makes no sense. */
static bool take(const struct zv_call_ctx *c, uint8_t *ret_heard)
{
	uint8_t heard = c->ev->u.media.cause, by = c->ev->u.media.by;

	if (heard >= ZV_HEARD_MAX || by >= ZV_HEARD_BY_MAX)
		return false;
	stats_of(c)->n[heard][by]++;
	stats_of(c)->ms += c->ev->u.media.at_ms;
	zv_call_ladder(c, ZV_LADDER_HEARD, ZV_HEARD_CODE(heard, by));
	*ret_heard = heard;
	return true;
}

/* ---- while it rings ---- */

void zv_call_early_media(const struct zv_call_ctx *c)
{
	if (c->ev->u.sip.sdp == 0 || zv_call_campaign(c)->early_media == ZV_EARLY_IGNORE)
		return;
	zv_call_open_media(c);
	listen(c, ZV_LISTEN_EARLY);
}

void zv_call_on_early(const struct zv_call_ctx *c)
{
	int64_t began_ms = c->e->now.mono_ms - c->ev->u.media.at_ms;
	uint8_t heard;

	if (!take(c, &heard))
		return;
	/* "Does not answer", after it was told to ring without a sound. */
	if (heard == ZV_HEARD_UNREACHABLE && c->ev->u.media.by == ZV_HEARD_BY_ANNOUNCEMENT &&
	    c->call->ring_ms != 0 && began_ms - c->call->ring_ms >= RANG_MS)
		heard = ZV_HEARD_RINGING;
	c->call->early = (uint8_t)(1 + heard);
	if (zv_call_campaign(c)->early_media == ZV_EARLY_CANCEL && heard != ZV_HEARD_RINGING &&
	    heard != ZV_HEARD_UNSURE && !c->call->withdrawn && !c->call->cut)
		zv_call_emit(c, ZV_CMD_CANCEL);
}

/* ---- the answer ---- */

static bool for_agent(const struct zv_call_ctx *c)
{
	return zv_floor_has_agents(c->e, c->call->campaign) || c->call->placed_for != ZV_AGENT_NONE;
}

static void person(const struct zv_call_ctx *c)
{
	if (for_agent(c))
		zv_call_person(c);
	else
		zv_call_robot(c);
}

/* The seconds that a rule leaves begin with the answer, whatever it counts them from: nobody
 * here knows yet when a greeting began or ended. */
static int64_t known_by(const struct zv_call_ctx *c)
{
	uint32_t most_ms = zv_call_campaign(c)->detect_max_ms;

	if (c->call->within_ms != 0 && c->call->within_ms < most_ms)
		most_ms = c->call->within_ms;
	return c->call->answer_ms + most_ms;
}

void zv_call_who_answered(const struct zv_call_ctx *c)
{
	uint8_t detect = zv_call_campaign(c)->detect;

	/* Who dials by hand hears for himself. */
	if (detect == ZV_DETECT_OFF || c->call->kind == ZV_TALK_KIND_MANUAL) {
		zv_call_listen_off(c);
		person(c);
		return;
	}
	listen(c, ZV_LISTEN_ANSWER);
	if (detect == ZV_DETECT_WHILE) {
		person(c);
		return;
	}
	zv_call_state(c, ZV_CALL_LISTENING);
	zv_call_deadline(c, known_by(c));
}

/* The time is over, or a key was pressed. */
void zv_call_on_listened(const struct zv_call_ctx *c)
{
	c->call->told = 1 + ZV_HEARD_UNSURE;
	if (c->ev == NULL)
		stats_of(c)->late++;
	zv_call_listen_off(c);
	person(c);
}

static void say_to_machine(const struct zv_call_ctx *c)
{
	struct zv_cmd *cmd;

	zv_call_listen_off(c);
	c->call->facts |= ZV_FACT_BIT(ZV_FACT_MESSAGE);
	cmd = zv_call_emit(c, ZV_CMD_MEDIA_PLAY);
	cmd->u.play.prompt = zv_call_campaign(c)->machine_prompt;
	cmd->u.play.tag = MESSAGE_TAG;
	zv_call_deadline(c, c->e->now.mono_ms + MESSAGE_MS);
	c->call->speaks = true;
}

/* Nobody is with it any more.  Hung up, or told what the campaign leaves to machines. */
static void machine(const struct zv_call_ctx *c, uint8_t by)
{
	uint32_t beep_ms = zv_call_campaign(c)->beep_max_ms;

	c->call->last_key = c->call->talk.last_key;
	if (zv_call_campaign(c)->machine_prompt == 0 || !c->call->media_open || by == ZV_HEARD_BY_FAX) {
		zv_call_on_machine_gone(c);
		return;
	}
	if (c->call->state == ZV_CALL_TALKING)
		zv_call_emit(c, ZV_CMD_MEDIA_STOP);
	zv_call_state(c, ZV_CALL_VOICEMAIL);
	c->call->speaks = false;
	if (by == ZV_HEARD_BY_BEEP) {
		say_to_machine(c);
		return;
	}
	listen(c, ZV_LISTEN_BEEP);
	zv_call_deadline(c, c->e->now.mono_ms + (beep_ms != 0 ? beep_ms : BEEP_MS));
}

/* The agent is free at once and writes nothing down.  False: he does something with it. */
static bool free_agent(const struct zv_call_ctx *c)
{
	struct zv_room *room = zv_room_at(c->e, c->slot);

	if (room->state != ZV_ROOM_LIVE || room->agent == ZV_AGENT_NONE)
		return false;
	c->e->floor.seats[room->agent].freed_trunk = (uint8_t)(1 + c->call->trunk);
	c->call->heard_machine = true;
	zv_floor_detach(c->e, c->slot);
	zv_room_close(c->e, c->slot);
	return true;
}

void zv_call_on_verdict(const struct zv_call_ctx *c)
{
	uint8_t heard, state = c->call->state;

	if (c->ev->u.media.listen != ZV_LISTEN_ANSWER && c->ev->u.media.listen != ZV_LISTEN_OFF)
		return; /* of the early media, on its way while somebody answered */
	if (!take(c, &heard))
		return;
	if (heard == ZV_HEARD_MACHINE && c->call->told == 1 + ZV_HEARD_PERSON)
		stats_of(c)->revised++;
	c->call->told = (uint8_t)(1 + heard);
	if (heard != ZV_HEARD_MACHINE) {
		if (state == ZV_CALL_LISTENING) {
			zv_call_listen_off(c);
			person(c);
		}
		return;
	}
	if (state == ZV_CALL_TALKING && c->call->talk.heard_key)
		return; /* machines press no keys */
	if (state == ZV_CALL_WAITING && c->call->talked)
		return; /* an agent has talked to him */
	if (state == ZV_CALL_WAITING) {
		zv_floor_stop_waiting(c->e, c->slot);
		zv_floor_silence(c->e, c->slot); /* hold music, if a dead phone had him */
		zv_room_close(c->e, c->slot);
	}
	if (state == ZV_CALL_BRIDGED && !free_agent(c))
		return;
	machine(c, c->ev->u.media.by);
}

/* ---- what a machine is told ---- */

void zv_call_on_machine_gone(const struct zv_call_ctx *c)
{
	zv_call_emit(c, ZV_CMD_HANGUP);
	zv_call_close_media(c);
	zv_call_finish(c, ZV_OUT_MACHINE, 0);
}

void zv_call_on_beep(const struct zv_call_ctx *c)
{
	if (c->call->speaks || c->ev->u.media.listen != ZV_LISTEN_BEEP)
		return;
	zv_call_ladder(c, ZV_LADDER_HEARD, ZV_HEARD_CODE(ZV_HEARD_MACHINE, ZV_HEARD_BY_BEEP));
	say_to_machine(c);
}

void zv_call_on_machine_deadline(const struct zv_call_ctx *c)
{
	if (c->call->speaks)
		zv_call_on_machine_gone(c);
	else
		say_to_machine(c);
}

void zv_call_on_machine_played(const struct zv_call_ctx *c)
{
	if (c->ev->u.media.tag == MESSAGE_TAG)
		zv_call_on_machine_gone(c);
}

/* ---- names ---- */

const char *zv_heard_name(uint8_t heard)
{
	static const char *const names[ZV_HEARD_MAX] = {
		"unsure", "person", "machine", "ringing", "busy", "congestion", "unreachable"};

	return heard < ZV_HEARD_MAX ? names[heard] : "none";
}

const char *zv_heard_by_name(uint8_t by)
{
	static const char *const names[ZV_HEARD_BY_MAX] = {
		"none", "toolong", "initialsilence", "human", "longgreeting", "maxwordlength",
		"maxwords", "beep", "sit", "fax", "music", "ringback", "busytone", "announcement"};

	return by < ZV_HEARD_BY_MAX ? names[by] : "none";
}
