/* store/ahead.h -- private to lookahead.c (the thread and its picks), ahead_offer.c (one offer
 * from the stored records) and ahead_person.c (the persons' slabs).  Thread: lookahead. */
#ifndef ZV_STORE_AHEAD_H
#define ZV_STORE_AHEAD_H

#include "store/db.h"
#include "store/held.h"
#include "store/lookahead.h"
#include "store/slab.h"

#define ZV_AHEAD_CLASSES 4
#define ZV_AHEAD_FETCHES 64 /* more at once: EAGAIN */

/* A place in the due index: one campaign, one class. */
struct zv_lane {
	int64_t pos_ms;  /* the first entry not looked at is not below (pos_ms, pos_lead) */
	uint64_t pos_lead;
	int64_t peek_ms; /* the next entry; valid with `peeked` */
	uint64_t peek_lead;
	bool peeked, end; /* end: there is none */
};

struct zv_ahead_camp {
	uint32_t id;
	bool running;
	struct zv_lane lane[ZV_AHEAD_CLASSES];
};

struct zv_ahead_person;
struct zv_ahead_persons {
	struct zv_ahead_person *v; /* one a slab */
	uint32_t *heads;           /* hash chains by person */
	uint32_t mask, free;
};

struct zv_ahead {
	struct zv_lookahead *la;
	struct zv_txn *txn;
	uint64_t txn_id;
	int64_t now_cal_ms; /* calendar at the beginning of the walk */
	struct zv_slab_reader reader; /* of the present transaction; with person slabs only */
	struct zv_ahead_persons persons;
	uint32_t *slab_person; /* person's slab of each slab */
	uint32_t *late;        /* slabs let go since the walk began: for the next one */
	uint32_t n_late, cap_late;
	uint64_t hint_txn;
	MDB_cursor *due; /* of the present transaction */
	struct zv_ahead_camp *camps;
	uint32_t n_camps, cap_camps;
	uint64_t lists; /* meta's counter as last seen */
	bool lists_known;
	struct zv_held held;
	uint64_t *slab_lead; /* lead in each slab, 0 = free */
	int64_t *slab_due;
	uint32_t *free_slabs;
	uint32_t n_free;
	uint64_t *came_back; /* released, not looked at yet */
	uint32_t n_came_back;
	uint64_t *cooling;   /* a queue: all cool equally long */
	uint32_t cooling_first, n_cooling;
	bool look_at_asks;
	uint32_t asks_seen;
	bool asks_waiting;   /* some found no slab */
	uint32_t releases;   /* taken in so far */
	int64_t hint_sent;
	uint32_t hint_code;
	bool hint_known;
	bool ring_full;
	struct { uint64_t lead; uint32_t campaign; } fetch[ZV_AHEAD_FETCHES]; /* asked for by agents */
	uint32_t n_fetch;
	uint32_t turn;       /* whose turn it is among the campaigns */
	struct { char name[ZV_ZONE_MAX]; uint16_t zone; } zones[64];
	uint32_t n_zones;
};

enum zv_filled { ZV_FILLED = 0, ZV_FILL_SKIP = 1, ZV_FILL_LATER = 2 };

/* Fills *offer from lead's records.  SKIP: not to be offered as it stands (gone, moved, do not
 * call, damaged).  LATER: its prompts are not ready. */
enum zv_filled zv_ahead_fill(struct zv_ahead *ahead, uint64_t lead, bool ask,
			     struct zv_offer *offer);

enum zv_err zv_ahead_persons_init(struct zv_ahead *ahead) ZV_MUST_USE;
void zv_ahead_persons_fini(struct zv_ahead *ahead);
/* A slab for offer->person, its own or the one he has, one reference more.  LATER: none is free, or
 * the engine has one without his newest numbers.  SKIP: his records cannot be read. */
enum zv_filled zv_ahead_person_take(struct zv_ahead *ahead, const struct zv_person_rec *rec,
				    struct zv_offer *offer);
void zv_ahead_person_drop(struct zv_ahead *ahead, uint32_t slab);
/* on: the engine let go of a lead that has this slab, and it is not taken in yet. */
void zv_ahead_person_late(struct zv_ahead *ahead, uint32_t slab, bool on);
/* False: nobody knows. */
bool zv_ahead_person_zone(const struct zv_ahead *ahead, uint32_t slab, uint16_t *ret_zone);
bool zv_ahead_number_zone(const struct zv_ahead *ahead, uint32_t slab, uint8_t number,
			  uint16_t *ret_zone);

#endif
