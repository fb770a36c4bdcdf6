/* sim/record.h -- a day of an engine as a file: all that went into it, so that it can be run again.
 *
 * Pure: bytes in memory; reading and writing the file is the shells'.  Records follow each other:
 * kind (4 bytes), length (4), payload.  Structs stand as they are in memory: a file is for the
 * build that wrote it, and its head says which.  Numbers of people are in it: keep it like the store.
 */
#ifndef ZV_SIM_RECORD_H
#define ZV_SIM_RECORD_H

#include <stdbool.h>

#include "dial/engine.h"
#include "sim/trace.h"

#define ZV_RECORD_MAX 65536u /* bytes of one payload */

enum zv_record_kind {
	ZV_RECORD_HEAD = 1, /* struct zv_record_head, then a struct zv_record_campaign each */
	ZV_RECORD_ZONE,     /* struct zv_record_zone */
	ZV_RECORD_EVENT,    /* struct zv_now, struct zv_event */
	ZV_RECORD_OFFER,    /* slab, then its contents and the person's: before the OFFER's event */
	ZV_RECORD_TALLY,    /* struct zv_record_tally: told before the first event */
	ZV_RECORD_ORIGIN,   /* struct zv_record_told */
	ZV_RECORD_CALLER,   /* struct zv_record_told */
	ZV_RECORD_CONF,     /* another configuration: what follows cannot be run again */
	ZV_RECORD_END,      /* struct zv_sim_trace */
};

struct zv_record_head {
	char magic[8];       /* "zvonday1" */
	char version[16];    /* of the program */
	uint32_t size_event, size_cmd, size_offer, size_person;
	uint64_t conf_hash, rules_hash, seed;
	uint32_t epoch, n_slabs, n_campaigns;
	uint16_t node, pad;
};
struct zv_record_campaign { uint32_t id; char name[64]; };
struct zv_record_zone { uint16_t number; char name[64]; };
struct zv_record_tally { uint32_t campaign, pad; int64_t bucket; uint32_t n[ZV_FACTS]; };
/* ORIGIN: campaign, at_ms.  CALLER: number, at_ms. */
struct zv_record_told { uint64_t what; int64_t at_ms; };

/* Growing bytes.  A failed growth sets `lost`, and nothing more is added. */
struct zv_record_bytes { uint8_t *v; size_t n, cap, most; bool lost; };

void zv_record_put(struct zv_record_bytes *bytes, enum zv_record_kind kind, const void *payload, size_t n);
void zv_record_fill_head(struct zv_record_head *head); /* magic, version and sizes */
bool zv_record_is_ours(const struct zv_record_head *head);

void zv_record_event(struct zv_record_bytes *bytes, const struct zv_now *now, const struct zv_event *event);
/* The contents of an offered slab and of its person's. */
void zv_record_offer(struct zv_record_bytes *bytes, uint32_t slab, const struct zv_offer *offer,
		     const struct zv_person_slabs *persons);
/* Puts them back.  ZV_ECORRUPT: it does not fit. */
enum zv_err zv_record_read_offer(const uint8_t *payload, size_t n, const struct zv_slabs *slabs,
				 const struct zv_person_slabs *persons) ZV_MUST_USE;
/* The largest zone number in an offer and its person. */
uint16_t zv_record_zones(const struct zv_offer *offer, const struct zv_person_slabs *persons);

#endif
