/* Call-backs, notes, requests, recordings and leads given by the API are whole. */
#include "store/check_in.h"

typedef unsigned long long ull;

static bool is_there(struct zv_check *c, enum zv_table table, const uint8_t *key, size_t n,
		     uint64_t id)
{
	if (zv_check_has(c, table, key, n))
		return true;
	zv_check_tell(c, "request %llu: it is not where it is looked for", (ull)id);
	return false;
}

/* The keys as request.c makes them. */
static void want_task(struct zv_check *c, uint8_t by, uint64_t what, uint64_t id)
{
	uint8_t key[17] = {by};

	zv_put_be64(key + 1, what);
	zv_put_be64(key + 9, id);
	c->tasks++;
	(void)is_there(c, ZV_T_TASKS, key, sizeof(key), id);
}

static void check_request(struct zv_check *c, const uint8_t *key, struct zv_r r)
{
	uint64_t id = zv_get_be64(key);
	uint64_t deadline;
	struct zv_request q;

	if (zv_request_decode(r, &q) != ZV_OK) {
		zv_check_tell(c, "request %llu: does not read", (ull)id);
		return;
	}
	deadline = zv_time_key(q.deadline_ms != 0 ? q.deadline_ms : INT64_MAX);
	if (q.status == ZV_REQUEST_NEW) {
		uint8_t urgent[18] = {0, q.priority};

		zv_put_be64(urgent + 2, deadline);
		zv_put_be64(urgent + 10, id);
		c->tasks++;
		(void)is_there(c, ZV_T_TASKS, urgent, sizeof(urgent), id);
	}
	if (q.status != ZV_REQUEST_DONE && q.escalated == 0 && q.deadline_ms != 0)
		want_task(c, 1, deadline, id);
	if (q.person != 0)
		want_task(c, 2, q.person, id);
	if (q.status == ZV_REQUEST_WORK)
		want_task(c, 3, zv_rule_name(q.agent, strlen(q.agent)), id);
	if (q.lead != 0)
		want_task(c, 4, q.lead, id);
	if ((q.status == ZV_REQUEST_WORK) != (q.agent[0] != 0) && q.status != ZV_REQUEST_DONE)
		zv_check_tell(c, "request %llu: in work with nobody, or not with somebody", (ull)id);
}

static void check_recording(struct zv_check *c, const MDB_val *key, struct zv_r r)
{
	const uint8_t *k = key->mv_data;
	struct zv_recording rec;
	uint8_t by[24];

	if (key->mv_size == 24) {
		if (!zv_check_has(c, ZV_T_RECORDINGS, k + 8, 16))
			zv_check_tell(c, "recordings of lead %llu: one of them is not there",
				      (ull)zv_get_be64(k));
		return;
	}
	if (key->mv_size != 16 || zv_recording_decode(r, &rec) != ZV_OK) {
		zv_check_tell(c, "a recording's entry does not read");
		return;
	}
	zv_put_be64(by, rec.lead);
	memcpy(by + 8, k, 16);
	if (rec.lead != 0 && !zv_check_has(c, ZV_T_RECORDINGS, by, sizeof(by)))
		zv_check_tell(c, "recording %s: its lead %llu does not lead to it", rec.path,
			      (ull)rec.lead);
}

static bool reads(struct zv_check *c, enum zv_table table, const MDB_val *key, struct zv_r r)
{
	const uint8_t *k = key->mv_data;
	struct zv_note note;
	uint64_t id;

	if (table == ZV_T_NOTES)
		return zv_note_decode(r, &note) == ZV_OK;
	if (table == ZV_T_CALLBACKS)
		return zv_r_i64(&r) != 0 && !r.bad && zv_check_lead_of(c, zv_get_be64(k));
	if (table == ZV_T_GIVEN) {
		id = zv_r_u64(&r);
		return !r.bad && key->mv_size > 4 && zv_lead_campaign(id) == zv_get_be32(k) &&
		       zv_check_lead_of(c, id);
	}
	/* tasks: what they lead to is there; that they are no more is counted */
	return (key->mv_size == 17 || key->mv_size == 18) &&
	       zv_check_has(c, ZV_T_REQUESTS, k + key->mv_size - 8, 8);
}

void zv_check_work(struct zv_check *c, enum zv_table table, const MDB_val *key, struct zv_r r)
{
	if (table == ZV_T_REQUESTS)
		check_request(c, key->mv_data, r);
	else if (table == ZV_T_RECORDINGS)
		check_recording(c, key, r);
	else if (!reads(c, table, key, r))
		zv_check_tell(c, "table %s: a value does not read", zv_table_names[table]);
}
