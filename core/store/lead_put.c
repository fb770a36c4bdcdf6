#include "store/lead_put.h"

#include <stdlib.h>

#include "store/import_in.h"

#define GIVEN_KEY_MAX (4u + ZV_EXTERNAL_MAX)

struct zv_lead_putter {
	struct zv_store *store;
	enum zv_country country;
	struct zv_zone_cache zones;
};

static const char *text(const char *s)
{
	return s != NULL ? s : "";
}

/* ---- within the batch's transaction ---- */

static MDB_val given_key(const struct zv_batch *b, const struct zv_row *row,
			 uint8_t key[GIVEN_KEY_MAX])
{
	zv_put_be32(key, b->campaign);
	memcpy(key + 4, b->arena + row->external, row->external_len);
	return (MDB_val){.mv_size = 4 + row->external_len, .mv_data = key};
}

enum zv_err zv_put_given(struct zv_batch *batch, struct zv_row *row, uint64_t *ret_lead)
{
	uint8_t key[GIVEN_KEY_MAX];
	MDB_val k = given_key(batch, row, key);
	struct zv_r r;
	enum zv_err err;

	*ret_lead = 0;
	if (row->external_len == 0)
		return ZV_OK;
	err = zv_db_get(batch->txn, ZV_T_GIVEN, key, k.mv_size, &r);
	if (err == ZV_OK) {
		*ret_lead = zv_r_u64(&r);
		return r.bad ? ZV_ECORRUPT : ZV_OK;
	}
	return err == ZV_ENOENT ? ZV_OK : err;
}

static enum zv_err put_given(struct zv_batch *b, const struct zv_row *row, uint64_t lead)
{
	uint8_t key[GIVEN_KEY_MAX], buf[32];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	MDB_val k = given_key(b, row, key);

	if (row->external_len == 0)
		return ZV_OK;
	zv_w_u64(&w, lead);
	zv_w_i64(&w, b->now_cal_ms);
	return zv_db_put(b->txn, ZV_T_GIVEN, &k, &w, 0);
}

static enum zv_err suppressed_here(struct zv_batch *b, uint64_t e164, bool *ret_yes)
{
	struct zv_suppress_rec rec;
	uint8_t key[ZV_SUPPRESS_KEY];
	struct zv_r r;
	enum zv_err err = zv_db_suppressed(b->txn, e164, b->now_cal_ms, ret_yes);

	if (err != ZV_OK || *ret_yes)
		return err;
	zv_suppress_key(key, ZV_SUPPRESS_NUMBER, e164, b->campaign);
	err = zv_db_get(b->txn, ZV_T_SUPPRESSIONS, key, sizeof(key), &r);
	if (err == ZV_OK)
		err = zv_suppress_decode(r, &rec);
	*ret_yes = err == ZV_OK ? rec.until_ms > b->now_cal_ms : err == ZV_ECORRUPT;
	return err == ZV_ENOENT || err == ZV_ECORRUPT ? ZV_OK : err;
}

enum zv_err zv_put_refused(struct zv_batch *batch, struct zv_row *row, bool *ret_no)
{
	bool any = false;
	enum zv_err err = ZV_OK;

	for (uint8_t i = 0; i < row->n_numbers && err == ZV_OK && !any; i++) {
		bool yes = true;

		err = suppressed_here(batch, row->numbers[i].e164, &yes);
		any = !yes;
	}
	*ret_no = err == ZV_OK && !any;
	if (*ret_no)
		row->fate = ZV_ROW_SUPPRESSED;
	return err;
}

enum zv_err zv_put_gone(struct zv_batch *batch, struct zv_row *row, uint64_t lead, bool *ret_gone)
{
	struct zv_lead_rec rec;
	enum zv_err err = zv_db_lead_get(batch->txn, lead, &rec);

	*ret_gone = err == ZV_OK && rec.state == ZV_LEAD_REMOVED;
	if (*ret_gone) {
		row->fate = ZV_ROW_REMOVED;
		row->lead = lead;
	}
	return err == ZV_ENOENT ? ZV_ECORRUPT : err;
}

static int64_t due_of(const struct zv_batch *b, const struct zv_row *row)
{
	int64_t due_ms = row->put->due_ms != 0 ? row->put->due_ms
			 : row->due_ms != 0    ? row->due_ms : b->now_cal_ms;

	return due_ms > 0 ? due_ms : 1;
}

/* What is to be called later is not late before then. */
static int64_t promised_from(const struct zv_batch *b, const struct zv_row *row)
{
	int64_t due_ms = due_of(b, row);

	return due_ms > b->now_cal_ms ? due_ms : b->now_cal_ms;
}

enum zv_err zv_put_new(struct zv_batch *batch, const struct zv_row *row, uint64_t lead,
		       struct zv_lead_rec *rec)
{
	enum zv_err err;

	rec->due_ms = 0;
	rec->owner = row->put->owner;
	rec->sla_s = row->put->sla_s;
	rec->accepted_ms = promised_from(batch, row);
	err = zv_db_due_move(batch->txn, lead, rec, row->put->due_class, due_of(batch, row));
	if (err == ZV_OK)
		err = zv_db_lead_put(batch->txn, lead, rec);
	return err == ZV_OK ? put_given(batch, row, lead) : err;
}

/* What stands and is not told anew, then what is told.  False: it is too long. */
static bool merge(struct zv_batch *b, const struct zv_row *row, struct zv_lead_rec *rec)
{
	const char *told = b->arena + row->attrs, *end = rec->attrs + rec->attrs_len;
	size_t n = 0;

	if (row->attrs_len == 0)
		return true;
	for (const char *p = rec->attrs; p < end;) {
		size_t name = strlen(p) + 1, all = name + strlen(p + name) + 1;

		if (zv_attr_find(told, row->attrs_len, p) == NULL) {
			memcpy(b->merged + n, p, all);
			n += all;
		}
		p += all;
	}
	if (n + row->attrs_len > ZV_ATTRS_MAX)
		return false;
	memcpy(b->merged + n, told, row->attrs_len);
	rec->attrs = b->merged;
	rec->attrs_len = (uint32_t)(n + row->attrs_len);
	return true;
}

/* The date that drives it is another one than before: the call goes with it. */
static bool redated(const struct zv_batch *b, const struct zv_row *row, const struct zv_lead_rec *rec)
{
	const char *was, *is;

	if (row->due_ms == 0 || row->put->due_ms != 0)
		return false;
	was = zv_attr_find(rec->attrs, rec->attrs_len, b->dates.column);
	is = zv_attr_find(b->arena + row->attrs, row->attrs_len, b->dates.column);
	return was == NULL || is == NULL || strcmp(was, is) != 0;
}

/* What is due sooner, or was agreed, stays so; but a hot one is hot, and a date may be put off. */
static bool stays(const struct zv_lead_rec *rec, uint8_t class, int64_t due_ms, bool dated)
{
	if (rec->due_ms == 0)
		return false;
	if (dated && rec->due_class != ZV_DUE_CALLBACK)
		return rec->due_class == class && rec->due_ms == due_ms;
	if (class == ZV_DUE_HOT)
		return rec->due_class == ZV_DUE_HOT && rec->due_ms <= due_ms;
	return rec->due_class <= ZV_DUE_CALLBACK || rec->due_ms <= due_ms;
}

/* A new wish of somebody who has a lead here. */
static enum zv_err due_anew(struct zv_batch *b, struct zv_row *row, uint64_t lead,
			    struct zv_lead_rec *rec)
{
	uint8_t key[8], class = row->put->due_class;
	int64_t due_ms = due_of(b, row);
	enum zv_err err;

	rec->accepted_ms = promised_from(b, row);
	rec->first_ms = 0;
	rec->sla_s = row->put->sla_s;
	if (stays(rec, class, due_ms, row->due_ms != 0 && row->put->due_ms == 0))
		return ZV_OK;
	if (rec->state == ZV_LEAD_FINAL && rec->due_ms == 0)
		rec->round++;
	row->put->moved = true;
	row->put->due_ms = due_ms;
	zv_put_be64(key, lead);
	err = zv_db_del(b->txn, ZV_T_CALLBACKS, key, sizeof(key));
	if (err != ZV_OK && err != ZV_ENOENT)
		return err;
	return zv_db_due_move(b->txn, lead, rec, class, due_ms);
}

/* The number he gave now is called first. */
static enum zv_err first_number(struct zv_batch *b, const struct zv_row *row, struct zv_lead_rec *rec)
{
	struct zv_person_rec person;
	enum zv_err err = zv_db_person_get(b->txn, rec->person, &person);

	for (uint8_t i = 0; err == ZV_OK && i < person.n_numbers; i++)
		if (person.numbers[i].e164 == row->numbers[0].e164)
			rec->number = i;
	return err;
}

enum zv_err zv_put_known(struct zv_batch *batch, struct zv_row *row, uint64_t lead, bool given)
{
	struct zv_lead_rec rec;
	bool moves = !given;
	enum zv_err err = zv_db_lead_get(batch->txn, lead, &rec);

	row->lead = lead;
	row->fate = given ? ZV_ROW_UPDATED : ZV_ROW_AGAIN;
	if (err != ZV_OK)
		return err == ZV_ENOENT ? ZV_ECORRUPT : err;
	moves = moves || redated(batch, row, &rec);
	if (!merge(batch, row, &rec)) {
		row->fate = ZV_ROW_TOO_LONG;
		return ZV_OK;
	}
	if (row->debt != 0)
		rec.debt = row->debt;
	if (row->topic != 0)
		rec.topic = row->topic;
	if (row->party != 0)
		rec.party = row->party;
	if (row->put->owner != 0)
		rec.owner = row->put->owner;
	if (rec.state == ZV_LEAD_OPEN || rec.state == ZV_LEAD_ASKING) {
		row->fate = given ? ZV_ROW_UPDATED : ZV_ROW_CALLING;
	} else if (moves) {
		err = given ? ZV_OK : first_number(batch, row, &rec);
		if (err == ZV_OK)
			err = due_anew(batch, row, lead, &rec);
	}
	if (err == ZV_OK)
		err = zv_db_lead_put(batch->txn, lead, &rec);
	return err == ZV_OK && !given ? put_given(batch, row, lead) : err;
}

/* ---- rows ---- */

static const char *fits(const char *from, char *to, size_t size, const char *why)
{
	size_t n = strlen(text(from));

	memset(to, 0, size);
	if (n >= size)
		return why;
	memcpy(to, text(from), n);
	return NULL;
}

static const char *take_zone(struct zv_lead_putter *p, const char *from, char to[ZV_ZONE_MAX],
			     const char *why)
{
	const char *zone = text(from);

	if (zone[0] != 0)
		zone = zv_zone_given(&p->zones, zone, strlen(zone));
	return zone == NULL ? why : fits(zone, to, ZV_ZONE_MAX, why);
}

static const char *take_numbers(struct zv_lead_putter *p, const struct zv_lead_put *put,
				struct zv_row *r)
{
	enum zv_phone_verdict bad = ZV_PHONE_EMPTY;

	for (uint32_t i = 0; i < put->n_numbers && i < ZV_NUMBERS_MAX; i++) {
		const char *s = text(put->numbers[i]);
		size_t left = strlen(s);

		while (left > 0) {
			uint64_t e164 = 0;
			size_t used = left;
			enum zv_phone_verdict v = zv_phone_parse(s, left, p->country, &e164, &used);

			if (v == ZV_PHONE_OK)
				zv_row_number_add(r, e164, -1);
			else if (v != ZV_PHONE_EMPTY)
				bad = v;
			s += used;
			left -= used;
		}
	}
	return r->n_numbers > 0 ? NULL : zv_phone_text(bad);
}

static const char *take_row(struct zv_lead_putter *p, struct zv_batch *b, struct zv_lead_put *put,
			    struct zv_row *r)
{
	const char *external = text(put->external_id), *party = text(put->party);
	const char *jur = text(put->jurisdiction), *why;

	memset(r, 0, sizeof(*r));
	r->put = put;
	if (put->due_class > ZV_DUE_LATER || put->due_ms < 0)
		return "the due time is wrong";
	if (strlen(external) > ZV_EXTERNAL_MAX)
		return "external id longer than 200 bytes";
	if (put->attrs_len > ZV_ATTRS_MAX)
		return "attributes longer than 32768 bytes";
	if (put->attrs_len > 0 && !zv_attrs_ok(put->attrs, put->attrs_len))
		return "the attributes do not read";
	if (!zv_row_jur(jur, strlen(jur), r->jur))
		return "the jurisdiction is not written like RU or US-FL";
	if (!zv_row_party(party, strlen(party), &r->party))
		return "the party is none of debtor, third, guarantor, representative";
	why = take_numbers(p, put, r);
	if (why == NULL)
		why = take_zone(p, put->zone, r->zone, "unknown time zone");
	if (why == NULL)
		why = take_zone(p, put->registration_zone, r->registration,
				"unknown time zone of registration");
	if (why == NULL)
		why = fits(put->region, r->region, sizeof(r->region), "region longer than 63 bytes");
	if (why == NULL)
		why = fits(put->language, r->language, sizeof(r->language),
			   "language longer than 11 bytes");
	if (why != NULL)
		return why;
	r->debt = zv_row_hash(text(put->debt), strlen(text(put->debt)));
	r->topic = zv_row_hash(text(put->topic), strlen(text(put->topic)));
	r->attrs_len = (uint32_t)put->attrs_len;
	r->external_len = (uint32_t)strlen(external);
	if (!zv_batch_text(b, put->attrs_len > 0 ? put->attrs : "", put->attrs_len, &r->attrs) ||
	    !zv_batch_text(b, external, r->external_len, &r->external))
		return "out of memory";
	return zv_row_date(b, &p->zones, r);
}

static void answer(struct zv_lead_put *put, const struct zv_row *r)
{
	static const struct { uint8_t verdict; const char *why; } all[] = {
		[ZV_ROW_NEW] = {ZV_PUT_NEW, ""},
		[ZV_ROW_DUP_FILE] = {ZV_PUT_AGAIN, ""},
		[ZV_ROW_DUP_CAMPAIGN] = {ZV_PUT_AGAIN, ""},
		[ZV_ROW_DUP_PERSON] = {ZV_PUT_AGAIN, ""},
		[ZV_ROW_NO_ROOM] = {ZV_PUT_NO_ROOM, "the campaign is full"},
		[ZV_ROW_UPDATED] = {ZV_PUT_UPDATED, ""},
		[ZV_ROW_AGAIN] = {ZV_PUT_AGAIN, ""},
		[ZV_ROW_CALLING] = {ZV_PUT_CALLING, ""},
		[ZV_ROW_REMOVED] = {ZV_PUT_REMOVED, "the lead was removed for good"},
		[ZV_ROW_SUPPRESSED] = {ZV_PUT_SUPPRESSED, "none of its numbers may be called"},
		[ZV_ROW_NO_DATE] = {ZV_PUT_BAD, "the date by which it would be called is missing"},
		[ZV_ROW_TOO_LONG] = {ZV_PUT_BAD, "attributes longer than 32768 bytes"},
	};

	put->verdict = all[r->fate].verdict;
	put->why = all[r->fate].why;
	put->lead = r->lead;
	put->person = r->person;
}

enum zv_err zv_store_lead_put(struct zv_lead_putter *putter, uint32_t campaign, int64_t now_cal_ms,
			      struct zv_lead_put *v, uint32_t n)
{
	struct zv_batch b = {.store = putter->store, .campaign = campaign, .now_cal_ms = now_cal_ms,
			     .api = true};
	enum zv_err err = ZV_OK;

	if (n == 0 || n > ZV_PUT_ROWS_MAX || campaign == 0)
		return n == 0 ? ZV_OK : ZV_EINVAL;
	err = zv_store_dates_get(putter->store, campaign, &b.dates);
	if (err == ZV_OK)
		err = zv_batch_init(&b, n);
	for (uint32_t i = 0; i < n && err == ZV_OK; i++) {
		const char *why = take_row(putter, &b, &v[i], &b.rows[b.n]);

		v[i].verdict = ZV_PUT_BAD;
		v[i].lead = v[i].person = 0;
		v[i].moved = false;
		v[i].why = why;
		b.n += why == NULL;
	}
	if (err == ZV_OK && b.n > 0)
		err = zv_batch_run(&b);
	for (uint32_t i = 0, at = 0; i < n && err == ZV_OK; i++)
		if (v[i].why == NULL)
			answer(&v[i], &b.rows[at++]);
	zv_batch_fini(&b);
	return err;
}

enum zv_err zv_lead_putter_create(struct zv_store *store, const char *zone_dir,
				  enum zv_country country, struct zv_lead_putter **ret_putter)
{
	struct zv_lead_putter *p = calloc(1, sizeof(*p));
	enum zv_err err;

	if (p == NULL)
		return ZV_ENOMEM;
	p->store = store;
	p->country = country != 0 ? country : ZV_COUNTRY_RU;
	err = zv_zones_create(zone_dir, &p->zones.zones);
	if (err == ZV_OK)
		*ret_putter = p;
	else
		free(p);
	return err;
}

void zv_lead_putter_destroy(struct zv_lead_putter *putter)
{
	if (putter == NULL)
		return;
	zv_zones_destroy(putter->zones.zones);
	free(putter);
}

/* ---- reading ---- */

/* The lead that the list's id leads to, in every campaign. */
static enum zv_err listed(struct zv_txn *txn, const char *external_id, uint64_t *ret_person)
{
	struct zv_r r;
	enum zv_err err = zv_db_get(txn, ZV_T_EXTERNALS, external_id, strlen(external_id), &r);

	*ret_person = err == ZV_OK ? zv_r_u64(&r) : 0;
	return err == ZV_ENOENT ? ZV_OK : err;
}

#define FOUND_MAX 256u

static enum zv_err add_leads_of(struct zv_txn *txn, uint64_t person, uint64_t *leads, uint32_t *n)
{
	struct zv_person_rec rec;
	enum zv_err err = zv_db_person_get(txn, person, &rec);

	for (uint8_t i = 0; err == ZV_OK && i < rec.n_numbers; i++) {
		uint8_t key[12];
		MDB_val k = {.mv_size = sizeof(key), .mv_data = key}, v;
		MDB_cursor *c;
		int rc = mdb_cursor_open(txn->t, txn->store->dbi[ZV_T_NUMBERS], &c);

		if (rc != 0)
			return zv_db_err(rc, "numbers");
		zv_put_be64(key, rec.numbers[i].e164);
		zv_put_be32(key + 8, 0);
		rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
		for (; rc == 0 && k.mv_size == 12 && zv_get_be64(k.mv_data) == rec.numbers[i].e164;
		     rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) {
			struct zv_r r;
			uint64_t lead;
			uint32_t j = 0;

			if (zv_db_open_value(&k, &v, &r) != ZV_OK)
				continue;
			lead = zv_r_u64(&r);
			while (j < *n && leads[j] != lead)
				j++;
			if (j == *n && *n < FOUND_MAX && zv_r_u64(&r) == person)
				leads[(*n)++] = lead;
		}
		mdb_cursor_close(c);
	}
	return err == ZV_ENOENT ? ZV_OK : err;
}

static enum zv_err add_given(struct zv_txn *txn, const char *external_id, uint64_t *leads,
			     uint32_t *n)
{
	size_t len = strlen(external_id);
	MDB_cursor *c;
	MDB_val k, v;
	int rc = mdb_cursor_open(txn->t, txn->store->dbi[ZV_T_CAMPAIGNS], &c);

	if (rc != 0)
		return zv_db_err(rc, "campaigns");
	while (mdb_cursor_get(c, &k, &v, MDB_NEXT) == 0) {
		uint8_t key[GIVEN_KEY_MAX];
		uint64_t lead;
		uint32_t j = 0;
		struct zv_r r;

		if (k.mv_size != 5 || ((const uint8_t *)k.mv_data)[4] != 0)
			continue;
		memcpy(key, k.mv_data, 4);
		memcpy(key + 4, external_id, len);
		if (zv_db_get(txn, ZV_T_GIVEN, key, 4 + len, &r) != ZV_OK)
			continue;
		lead = zv_r_u64(&r);
		while (j < *n && leads[j] != lead)
			j++;
		if (j == *n && *n < FOUND_MAX && !r.bad)
			leads[(*n)++] = lead;
	}
	mdb_cursor_close(c);
	return ZV_OK;
}

enum zv_err zv_store_given_each(struct zv_store *store, const char *external_id,
				bool (*fn)(void *arg, uint64_t lead), void *arg)
{
	size_t len = strlen(external_id);
	struct zv_txn *txn;
	uint64_t leads[FOUND_MAX], person = 0;
	uint32_t n = 0;
	enum zv_err err;

	if (len == 0 || len > ZV_EXTERNAL_MAX)
		return ZV_OK;
	txn = malloc(sizeof(*txn));
	if (txn == NULL)
		return ZV_ENOMEM;
	err = zv_db_begin(store, false, txn);
	if (err == ZV_OK)
		err = add_given(txn, external_id, leads, &n);
	if (err == ZV_OK)
		err = listed(txn, external_id, &person);
	if (err == ZV_OK && person != 0)
		err = add_leads_of(txn, person, leads, &n);
	zv_db_abort(txn);
	free(txn);
	for (uint32_t i = 0; i < n && err == ZV_OK; i++)
		if (!fn(arg, leads[i]))
			break;
	return err;
}
