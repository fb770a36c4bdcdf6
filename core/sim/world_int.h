/* sim/world_int.h -- the world's state, private to core/sim's own files.
 *
 * world.c turns the clocks and steps the engine; disk.c is the store, ahead.c the lookahead;
 * phone.c the carriers and the people on the phone; floor.c the agents; trouble.c what goes wrong.
 */
#ifndef ZV_SIM_WORLD_INT_H
#define ZV_SIM_WORLD_INT_H

#include "base/heap.h"
#include "sim/queue.h"
#include "sim/world.h"

#define SIM_CMDS (ZV_ENGINE_STEP_CMDS * 2)
#define SIM_NONE UINT32_MAX

enum sim_what {
	SIM_TRYING = 1, SIM_PROGRESS, SIM_FATE, SIM_RING_OVER, SIM_REFUSED, SIM_SILENT_OVER, SIM_CANCELLED,
	SIM_ENDED, SIM_CLOSED, SIM_LEAVES, SIM_PLAYED, SIM_KEY, SIM_TALK_OVER, SIM_MEDIA_CLOSED,
	SIM_VERDICT,
	SIM_COMMIT, SIM_WALK, SIM_STEP,
	SIM_AGENT_COMES, SIM_AGENT_LUNCH, SIM_AGENT_BACK, SIM_AGENT_PAUSE, SIM_AGENT_LEAVES, SIM_AGENT_DONE,
	SIM_AGENT_READY, SIM_AGENT_DIALS, SIM_FAULT, SIM_FAULT_OVER, SIM_MINUTE,
};

enum sim_lead_state { LEAD_WAITS = 0, LEAD_OFFERED, LEAD_FINAL };

struct sim_lead {
	int64_t due_ms;
	struct zv_attempt_id open; /* intent on disk without an outcome; zero: none */
	uint32_t person, history;  /* history: newest brief + 1 */
	uint16_t campaign;         /* index */
	uint8_t state, attempts, number, due_class, category, round;
	bool needs_step, fresh;
};

struct sim_brief { struct zv_attempt_brief b; uint32_t prev; };
struct sim_entry { struct zv_contact c; uint32_t prev; };

struct sim_person {
	uint32_t ledger; /* newest entry + 1 */
	uint32_t slab, refs;
	uint16_t zone;
	uint8_t n_numbers;
	bool suppressed; /* everywhere */
	uint32_t suppressed_in; /* campaign id; 0: none */
};

enum sim_leg_state { LEG_FREE = 0, LEG_TOLD, LEG_INVITED, LEG_RINGING, LEG_ANSWERED, LEG_ENDING };

struct sim_leg {
	struct zv_attempt_id attempt;
	uint32_t gen, serial; /* the engine's; the world's own: older items mean nothing */
	uint32_t lead;        /* SIM_NONE: not known */
	uint32_t agent;       /* SIM_NONE */
	uint32_t tag;
	uint16_t trunk, campaign;
	uint8_t sub, state, attempt_no;
	uint8_t listens;      /* enum zv_listen_to */
	uint16_t listened;    /* times; older verdicts mean nothing */
	bool open;            /* on disk: a restart must end it */
	bool live;            /* a person answered; else a machine */
	bool media, playing, counted, served, orphan;
	struct zv_fate fate;
	int64_t invite_ms, answer_ms, ring_ms, setup_ms; /* monotonic; ring_ms: a span */
};

struct sim_agent {
	uint8_t state;     /* enum zv_agent_state, as the engine told */
	bool present, away, gone; /* logged in or would be; at lunch or pausing; lost his line */
	uint32_t serial;   /* draws so far */
	uint32_t lead, attempt_no, team, wrapups, cards;
	int64_t since_ms, ready_ms; /* world time: in this state; first ready since his last talk */
	double speed;
};

struct sim_op { struct zv_cmd cmd; };

struct zv_sim {
	struct zv_sim_params p;
	const struct zv_engine_conf *conf;
	struct zv_sim_result *r;
	struct zv_engine *engine; /* NULL: crashed */
	struct zv_slabs slabs;
	struct zv_person_slabs persons;
	uint32_t *free_slabs, n_free_slabs, *free_persons, n_free_persons;
	uint32_t *slab_lead;
	uint32_t epoch;
	struct zv_now now;        /* what the machine's clocks say */
	int64_t true_ms;          /* calendar without steps of the wall clock */
	struct zv_cmd *cmds;
	struct zv_sim_queue mono, cal; /* by now.mono_ms; by true_ms */
	struct zv_event *fifo;    /* to be stepped at once */
	uint32_t fifo_head, fifo_n, fifo_cap;

	uint32_t n_leads, n_persons;
	uint32_t first[ZV_CAMPAIGNS_MAX + 1]; /* lead index where a campaign's list begins */
	uint32_t fresh[ZV_CAMPAIGNS_MAX];     /* next lead that nobody ever offered */
	struct sim_lead *leads;
	struct sim_person *people;
	struct sim_brief *briefs;
	uint32_t n_briefs, cap_briefs;
	struct sim_entry *entries;
	uint32_t n_entries, cap_entries;
	struct zv_heap due;       /* leads that wait, by due time; fresh ones are not in */

	struct sim_op *ops;       /* commands on their way to the disk */
	uint32_t ops_head, n_ops, cap_ops;
	int64_t commit_ms;        /* when the present batch is on disk; 0: none is open */
	int64_t stalled_ms;       /* the disk stands still until then */
	uint64_t txn, evidence;
	struct zv_tally *tallies; /* a campaign each: what ratio rules count, as on disk */

	uint32_t releases, hint_releases;
	int64_t hint_ms, hinted_ms, walk_ms, walk_true_ms;
	bool walk_asked;

	struct sim_leg *legs;     /* conf->max_calls */
	struct zv_carrier_now carriers[ZV_TRUNKS_MAX];
	struct sim_agent *agents; /* conf->n_agents */
	struct zv_sim_drift answers[ZV_CAMPAIGNS_MAX], handling[ZV_CAMPAIGNS_MAX];
	uint32_t optout_next;
	struct zv_judge *judge;
	struct { int64_t until_ms; int32_t offset_s; } offsets[512]; /* of zones, for a while */
	enum zv_err err;          /* no memory: the run ends */
};

/* world.c */
int64_t zv_sim_at(const struct zv_sim *w); /* world time: since it began */
void zv_sim_later(struct zv_sim *w, int64_t in_ms, enum sim_what what, uint32_t index, uint32_t gen,
		  uint16_t arg);
void zv_sim_on(struct zv_sim *w, int64_t at_ms, enum sim_what what, uint32_t index, uint32_t gen); /* world time */
struct zv_event *zv_sim_tell(struct zv_sim *w, enum zv_event_type type); /* to fill; stepped in turn */
uint32_t zv_sim_hour(struct zv_sim *w, uint16_t zone); /* at that place, now */
void zv_sim_span(struct zv_sim *w, int64_t from_ms, int64_t to_ms, size_t field); /* world times; into the series */
struct zv_sim_measure *zv_sim_bucket(struct zv_sim *w);

/* disk.c */
void zv_sim_disk(struct zv_sim *w, const struct zv_cmd *cmd);
void zv_sim_commit(struct zv_sim *w);
void zv_sim_recover(struct zv_sim *w);

/* ahead.c */
void zv_sim_walk(struct zv_sim *w);
void zv_sim_ask_walk(struct zv_sim *w, int64_t in_ms);
void zv_sim_release(struct zv_sim *w, uint32_t slab);
void zv_sim_all_back(struct zv_sim *w); /* after a crash */

/* phone.c */
void zv_sim_phone(struct zv_sim *w, const struct zv_cmd *cmd);
void zv_sim_phone_item(struct zv_sim *w, const struct zv_sim_item *item);
struct zv_event *zv_sim_leg_event(struct zv_sim *w, uint32_t slot, enum zv_event_type type);
/* A voice: the leg is bridged, and what he says takes its time. */
void zv_sim_talk(struct zv_sim *w, uint32_t slot, uint32_t agent);
void zv_sim_orphan(struct zv_sim *w);

/* floor.c */
void zv_sim_floor_begin(struct zv_sim *w);
void zv_sim_floor(struct zv_sim *w, const struct zv_cmd *cmd);
void zv_sim_floor_item(struct zv_sim *w, const struct zv_sim_item *item);
void zv_sim_floor_gone(struct zv_sim *w); /* a crash: nobody is logged in */
void zv_sim_floor_back(struct zv_sim *w); /* it runs again: everybody logs in again */
void zv_sim_floor_end(struct zv_sim *w);
void zv_sim_vanish(struct zv_sim *w, double share, bool back);
void zv_sim_agent_does(struct zv_sim *w, uint32_t agent, enum zv_agent_does what, uint8_t code);

/* trouble.c */
void zv_sim_fault(struct zv_sim *w, uint32_t i);
void zv_sim_fault_over(struct zv_sim *w, uint32_t i);

/* world.c, for trouble.c */
enum zv_err zv_sim_start(struct zv_sim *w) ZV_MUST_USE;

#endif
