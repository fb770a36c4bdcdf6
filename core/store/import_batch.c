#include "store/import_in.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

#define ARENA_FIRST (4u << 20)

/* ---- numbers that are taken ---- */

static enum zv_err seen_grow(struct zv_seen *s, uint32_t size)
{
	struct zv_seen old = *s;

	s->v = calloc(size, sizeof(*s->v));
	if (s->v == NULL) {
		*s = old;
		return ZV_ENOMEM;
	}
	s->mask = size - 1;
	for (uint32_t i = 0; old.v != NULL && i <= old.mask; i++) {
		uint32_t at = (uint32_t)zv_mix64(old.v[i].e164) & s->mask;

		if (old.v[i].e164 == 0)
			continue;
		while (s->v[at].e164 != 0)
			at = (at + 1) & s->mask;
		s->v[at] = old.v[i];
	}
	free(old.v);
	return ZV_OK;
}

static bool seen_find(const struct zv_seen *s, uint64_t e164, uint64_t *ret_lead,
		      uint64_t *ret_person)
{
	uint32_t at = (uint32_t)zv_mix64(e164) & s->mask;

	for (; s->v[at].e164 != 0; at = (at + 1) & s->mask) {
		if (s->v[at].e164 == e164) {
			*ret_lead = s->v[at].lead;
			*ret_person = s->v[at].person;
			return true;
		}
	}
	return false;
}

static enum zv_err seen_add(struct zv_seen *s, uint64_t e164, uint64_t lead, uint64_t person)
{
	uint32_t at;
	enum zv_err err = s->n * 2 > s->mask ? seen_grow(s, (s->mask + 1) * 2) : ZV_OK;

	if (err != ZV_OK)
		return err;
	for (at = (uint32_t)zv_mix64(e164) & s->mask; s->v[at].e164 != 0; at = (at + 1) & s->mask)
		;
	s->v[at].e164 = e164;
	s->v[at].lead = lead;
	s->v[at].person = person;
	s->n++;
	return ZV_OK;
}

/* ---- the batch ---- */

enum zv_err zv_batch_init(struct zv_batch *batch, uint32_t rows)
{
	struct zv_batch *b = batch;

	b->cap = rows;
	b->cap_puts = rows * 2;
	b->arena_cap = ARENA_FIRST;
	b->txn = malloc(sizeof(*b->txn));
	b->rows = malloc(sizeof(*b->rows) * rows);
	b->refs = malloc(sizeof(*b->refs) * rows * ZV_NUMBERS_MAX);
	b->spare = malloc(sizeof(*b->spare) * rows * ZV_NUMBERS_MAX);
	b->puts = malloc(sizeof(*b->puts) * b->cap_puts);
	b->arena = malloc(b->arena_cap);
	if (b->txn == NULL || b->rows == NULL || b->refs == NULL || b->spare == NULL ||
	    b->puts == NULL || b->arena == NULL)
		return ZV_ENOMEM;
	if (b->api && (b->merged = malloc(ZV_ATTRS_MAX)) == NULL)
		return ZV_ENOMEM;
	return seen_grow(&b->seen, 4096);
}

void zv_batch_fini(struct zv_batch *batch)
{
	free(batch->txn);
	free(batch->rows);
	free(batch->refs);
	free(batch->spare);
	free(batch->puts);
	free(batch->arena);
	free(batch->merged);
	free(batch->seen.v);
}

void zv_batch_clear(struct zv_batch *batch)
{
	batch->n = 0;
	batch->arena_n = 0;
	if (!batch->dry_run) {
		memset(batch->seen.v, 0, sizeof(*batch->seen.v) * (batch->seen.mask + 1));
		batch->seen.n = 0;
	}
}

/* By number, a byte a pass; numbers are below 2^48.  An even count of passes ends in v. */
static void sort_refs(struct zv_row_ref *v, struct zv_row_ref *spare, uint32_t n)
{
	struct zv_row_ref *from = v, *to = spare;

	for (int shift = 0; shift < 48; shift += 8) {
		uint32_t count[257] = {0};
		struct zv_row_ref *t;

		for (uint32_t i = 0; i < n; i++)
			count[((from[i].e164 >> shift) & 255) + 1]++;
		for (int i = 0; i < 256; i++)
			count[i + 1] += count[i];
		for (uint32_t i = 0; i < n; i++)
			to[count[(from[i].e164 >> shift) & 255]++] = from[i];
		t = from;
		from = to;
		to = t;
	}
}

static enum zv_err lookup_one(struct zv_batch *b, MDB_cursor *c, struct zv_row_number *num)
{
	uint8_t key[12];
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key}, v;
	int rc;

	zv_put_be64(key, num->e164);
	zv_put_be32(key + 8, 0);
	for (rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE); rc == 0;
	     rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) {
		struct zv_r r;
		uint64_t lead, person;
		enum zv_err err;

		if (k.mv_size != 12 || zv_get_be64(k.mv_data) != num->e164)
			return ZV_OK;
		err = zv_db_open_value(&k, &v, &r);
		if (err != ZV_OK)
			return err;
		lead = zv_r_u64(&r);
		person = zv_r_u64(&r);
		if (r.bad)
			return ZV_ECORRUPT;
		if (zv_get_be32((const uint8_t *)k.mv_data + 8) == b->campaign) {
			num->lead = lead;
			num->person = person;
			return ZV_OK;
		}
		if (num->known == 0)
			num->known = person;
	}
	return rc == MDB_NOTFOUND ? ZV_OK : zv_db_err(rc, "numbers");
}

/* Asks the index for all numbers of the batch, in its order. */
static enum zv_err lookup(struct zv_batch *b)
{
	MDB_cursor *c;
	enum zv_err err = ZV_OK;
	int rc;

	b->n_refs = 0;
	for (uint32_t i = 0; i < b->n; i++) {
		for (uint8_t j = 0; j < b->rows[i].n_numbers; j++) {
			b->refs[b->n_refs].e164 = b->rows[i].numbers[j].e164;
			b->refs[b->n_refs].row = i;
			b->refs[b->n_refs++].index = j;
		}
	}
	sort_refs(b->refs, b->spare, b->n_refs);
	rc = mdb_cursor_open(b->txn->t, b->store->dbi[ZV_T_NUMBERS], &c);
	if (rc != 0)
		return zv_db_err(rc, "numbers");
	for (uint32_t i = 0; i < b->n_refs && err == ZV_OK; i++)
		err = lookup_one(b, c, &b->rows[b->refs[i].row].numbers[b->refs[i].index]);
	mdb_cursor_close(c);
	return err;
}

/* Puts behind the last key if possible, which is several times cheaper. */
static enum zv_err put_rising(struct zv_batch *b, enum zv_table table, const MDB_val *k,
			      struct zv_w *w, bool *appends)
{
	size_t n = w->n;
	enum zv_err err;

	if (*appends) {
		err = zv_db_put(b->txn, table, k, w, MDB_APPEND);
		if (err != ZV_EEXIST)
			return err;
		*appends = false; /* other campaigns' keys lie behind */
		w->n = n;
	}
	return zv_db_put(b->txn, table, k, w, 0);
}

static enum zv_err next_ids(struct zv_batch *b)
{
	uint8_t limit[8];
	MDB_val l = {.mv_size = sizeof(limit), .mv_data = limit}, k;
	uint64_t base = (uint64_t)b->campaign << ZV_LEAD_SEQ_BITS;
	MDB_stat stat = {0};
	enum zv_err err;

	b->lead_appends = b->person_appends = b->due_appends = true;
	b->next_lead = base + 1;
	b->next_person = 1;
	zv_put_be64(limit, base + (UINT64_C(1) << ZV_LEAD_SEQ_BITS));
	err = zv_db_last_key(b->txn, ZV_T_LEADS, &l, &k);
	if (err == ZV_OK && k.mv_size == 8 && zv_get_be64(k.mv_data) > base)
		b->next_lead = zv_get_be64(k.mv_data) + 1;
	if (err == ZV_OK || err == ZV_ENOENT)
		err = zv_db_last_key(b->txn, ZV_T_PERSONS, NULL, &k);
	if (err == ZV_OK && k.mv_size == 8)
		b->next_person = zv_get_be64(k.mv_data) + 1;
	if (b->dry_run && b->dry_lead >= b->next_lead)
		b->next_lead = b->dry_lead + 1;
	if (err != ZV_OK && err != ZV_ENOENT)
		return err;
	err = zv_db_err(mdb_stat(b->txn->t, b->store->dbi[ZV_T_ERASED], &stat), "erased");
	b->any_erased = stat.ms_entries > 0;
	return err;
}

static enum zv_err find_external(struct zv_batch *b, const struct zv_row *row, uint64_t *ret_person)
{
	struct zv_r r;
	enum zv_err err = zv_db_get(b->txn, ZV_T_EXTERNALS, b->arena + row->external,
				    row->external_len, &r);

	*ret_person = 0;
	if (err == ZV_OK) {
		*ret_person = zv_r_u64(&r);
		return r.bad ? ZV_ECORRUPT : ZV_OK;
	}
	return err == ZV_ENOENT ? ZV_OK : err;
}

static enum zv_err put_external(struct zv_batch *b, const struct zv_row *row, uint64_t person)
{
	uint8_t buf[16];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	MDB_val k = {.mv_size = row->external_len, .mv_data = b->arena + row->external};

	zv_w_u64(&w, person);
	return zv_db_put(b->txn, ZV_T_EXTERNALS, &k, &w, 0);
}

static enum zv_err index_later(struct zv_batch *b, uint64_t e164, uint64_t lead, uint64_t person)
{
	uint64_t l, p;

	if (seen_find(&b->seen, e164, &l, &p))
		return ZV_OK;
	if (b->n_puts == b->cap_puts) {
		struct zv_row_ref *v = realloc(b->puts, sizeof(*v) * b->cap_puts * 2);

		if (v == NULL)
			return ZV_ENOMEM;
		b->puts = v;
		b->cap_puts *= 2;
	}
	b->puts[b->n_puts++] = (struct zv_row_ref){.e164 = e164};
	return seen_add(&b->seen, e164, lead, person);
}

/* The lead that this person has in the campaign already; 0 = none. */
static enum zv_err lead_of(struct zv_batch *b, uint64_t person, const struct zv_person_rec *rec,
			   uint64_t *ret_lead)
{
	*ret_lead = 0;
	for (uint8_t i = 0; i < rec->n_numbers && *ret_lead == 0; i++) {
		uint64_t e164 = rec->numbers[i].e164, lead, owner;
		uint8_t key[12];
		struct zv_r r;
		enum zv_err err;

		if (seen_find(&b->seen, e164, &lead, &owner)) {
			if (owner == person)
				*ret_lead = lead;
			continue;
		}
		zv_put_be64(key, e164);
		zv_put_be32(key + 8, b->campaign);
		err = zv_db_get(b->txn, ZV_T_NUMBERS, key, sizeof(key), &r);
		if (err != ZV_OK && err != ZV_ENOENT)
			return err;
		if (err == ZV_ENOENT)
			continue;
		lead = zv_r_u64(&r);
		if (zv_r_u64(&r) == person)
			*ret_lead = lead;
	}
	return ZV_OK;
}

static void add_numbers(struct zv_person_rec *rec, const struct zv_row *row)
{
	for (uint8_t i = 0; i < row->n_numbers; i++) {
		uint8_t j = 0, at = rec->n_numbers;

		while (j < at && rec->numbers[j].e164 != row->numbers[i].e164)
			j++;
		if (row->numbers[i].drop || j < at || at == ZV_NUMBERS_MAX)
			continue;
		rec->numbers[at] = (struct zv_number_brief){
			.e164 = row->numbers[i].e164,
			.kind = row->numbers[i].kind,
			.status = ZV_NUM_OK,
			.order = at,
		};
		memcpy(rec->zones[at], row->zone, ZV_ZONE_MAX);
		rec->n_numbers++;
	}
}

static enum zv_err put_person(struct zv_batch *b, uint64_t id, const struct zv_person_rec *rec)
{
	struct zv_w w = zv_w_begin(b->txn->value, sizeof(b->txn->value), ZV_RECORD_VERSION);
	uint8_t key[8];
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key};

	zv_put_be64(key, id);
	zv_person_encode(&w, rec);
	return put_rising(b, ZV_T_PERSONS, &k, &w, &b->person_appends);
}

static enum zv_err put_lead(struct zv_batch *b, const struct zv_row *row, uint64_t id,
			    uint64_t person)
{
	struct zv_w w = zv_w_begin(b->txn->value, sizeof(b->txn->value), ZV_RECORD_VERSION);
	uint8_t key[8], due[ZV_DUE_KEY], buf[16];
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key};
	MDB_val dk = {.mv_size = sizeof(due), .mv_data = due};
	struct zv_w dw = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	int64_t due_ms = row->due_ms != 0 ? row->due_ms : b->now_cal_ms > 0 ? b->now_cal_ms : 1;
	struct zv_lead_rec rec;
	enum zv_err err;

	rec.person = person;
	rec.state = ZV_LEAD_DUE;
	rec.category = rec.round = rec.number = rec.needs_step = rec.n_history = 0;
	rec.due_class = b->due_class;
	rec.due_ms = due_ms;
	rec.attempts = 0;
	rec.source_row = row->row;
	rec.imported_ms = b->now_cal_ms;
	rec.final_ms = 0;
	rec.last_attempt = (struct zv_attempt_id){0, 0};
	rec.attrs = b->arena + row->attrs;
	rec.attrs_len = row->attrs_len;
	rec.debt = row->debt;
	rec.topic = row->topic;
	rec.party = row->party;
	rec.killed = 0;
	rec.owner = rec.sla_s = 0;
	rec.accepted_ms = rec.first_ms = 0;
	if (row->put != NULL)
		return zv_put_new(b, row, id, &rec);
	zv_put_be64(key, id);
	zv_lead_encode(&w, &rec);
	err = put_rising(b, ZV_T_LEADS, &k, &w, &b->lead_appends);
	if (err != ZV_OK)
		return err;
	zv_due_key(due, b->campaign, b->due_class, due_ms, id);
	return put_rising(b, ZV_T_DUE, &dk, &dw, &b->due_appends);
}

/* What a list says of a person last is what counts. */
static void add_facts(struct zv_person_rec *rec, const struct zv_row *row)
{
	if (row->jur[0] != 0)
		memcpy(rec->jur, row->jur, sizeof(rec->jur));
	if (row->registration[0] != 0)
		memcpy(rec->registration, row->registration, sizeof(rec->registration));
	if (row->region[0] != 0)
		memcpy(rec->region, row->region, sizeof(rec->region));
	if (row->language[0] != 0)
		memcpy(rec->language, row->language, sizeof(rec->language));
	rec->erased_ms = 0;
}

static bool same_facts(const struct zv_person_rec *rec, const struct zv_row *row)
{
	return (row->jur[0] == 0 || strcmp(row->jur, rec->jur) == 0) &&
	       (row->registration[0] == 0 || strcmp(row->registration, rec->registration) == 0) &&
	       (row->region[0] == 0 || strcmp(row->region, rec->region) == 0) &&
	       (row->language[0] == 0 || strcmp(row->language, rec->language) == 0);
}

/* A lead for this person, who may be new (id 0). */
static enum zv_err make_lead(struct zv_batch *b, struct zv_row *row, uint64_t person,
			     struct zv_person_rec *rec)
{
	uint64_t lead = b->next_lead;
	bool fresh = person == 0;
	enum zv_err err = ZV_OK;

	if ((lead >> ZV_LEAD_SEQ_BITS) != b->campaign) {
		row->fate = ZV_ROW_NO_ROOM;
		return ZV_OK;
	}
	if (b->dates.column[0] != 0 && row->due_ms == 0 && (row->put == NULL || row->put->due_ms == 0)) {
		row->fate = ZV_ROW_NO_DATE;
		return ZV_OK;
	}
	b->next_lead++;
	if (b->first_lead == 0)
		b->first_lead = lead;
	if (fresh)
		person = b->next_person++;
	row->person = person;
	row->lead = lead;
	add_numbers(rec, row);
	add_facts(rec, row);
	/* What the API gives names the lead, not the person. */
	if (row->put == NULL && row->external_len > 0 && rec->external_id[0] == 0) {
		memcpy(rec->external_id, b->arena + row->external, row->external_len);
		rec->external_id[row->external_len] = 0;
		if (!b->dry_run)
			err = put_external(b, row, person);
	}
	for (uint8_t i = 0; i < rec->n_numbers && err == ZV_OK; i++)
		err = index_later(b, rec->numbers[i].e164, lead, person);
	if (err == ZV_OK && !b->dry_run)
		err = fresh ? put_person(b, person, rec) : zv_db_person_put(b->txn, person, rec);
	if (err == ZV_OK && !b->dry_run)
		err = put_lead(b, row, lead, person);
	row->fate = ZV_ROW_NEW;
	b->leads++;
	b->persons += fresh;
	b->numbers += rec->n_numbers;
	return err;
}

/* The person has a lead here already: only his new numbers are kept. */
static enum zv_err add_to_person(struct zv_batch *b, struct zv_row *row, uint64_t lead,
				 uint64_t person, struct zv_person_rec *rec)
{
	uint8_t before = rec->n_numbers;
	bool news = !same_facts(rec, row);
	enum zv_err err = ZV_OK;

	row->person = person;
	if (row->put != NULL) {
		bool gone = false;

		err = zv_put_gone(b, row, lead, &gone);
		if (err != ZV_OK || gone)
			return err;
	}
	add_numbers(rec, row);
	add_facts(rec, row);
	for (uint8_t i = before; i < rec->n_numbers && err == ZV_OK; i++)
		err = index_later(b, rec->numbers[i].e164, lead, person);
	if (err == ZV_OK && (rec->n_numbers > before || news) && !b->dry_run)
		err = zv_db_person_put(b->txn, person, rec);
	if (err == ZV_OK && row->put != NULL)
		err = zv_put_known(b, row, lead, row->fate == ZV_ROW_UPDATED);
	return err;
}

/* Marks numbers that have a lead in the campaign; the first of them in *ret. */
static uint8_t taken_numbers(struct zv_batch *b, struct zv_row *row,
			     struct zv_row_number **ret_first)
{
	uint8_t taken = 0;

	*ret_first = NULL;
	for (uint8_t i = 0; i < row->n_numbers; i++) {
		struct zv_row_number *num = &row->numbers[i];

		if (num->lead == 0)
			(void)seen_find(&b->seen, num->e164, &num->lead, &num->person);
		num->drop = num->lead != 0;
		taken += num->drop;
		if (num->drop && *ret_first == NULL)
			*ret_first = num;
	}
	return taken;
}

static void forget_person(struct zv_person_rec *rec)
{
	rec->external_id[0] = rec->jur[0] = rec->registration[0] = 0;
	rec->region[0] = rec->language[0] = 0;
	rec->n_numbers = 0;
	rec->erased_ms = 0;
}

static enum zv_err load_person(struct zv_batch *b, uint64_t id, struct zv_person_rec *rec)
{
	enum zv_err err = zv_db_person_get(b->txn, id, rec);

	if (err != ZV_ENOENT || !b->dry_run)
		return err == ZV_ENOENT ? ZV_ECORRUPT : err;
	forget_person(rec); /* a dry run has no record of the ones it invents */
	return ZV_OK;
}

/* A person of another campaign who has one of the numbers; 0 = nobody. */
static enum zv_err find_known(struct zv_batch *b, const struct zv_row *row,
			      struct zv_person_rec *rec, uint64_t *ret_person)
{
	for (uint8_t i = 0; i < row->n_numbers; i++) {
		enum zv_err err;

		if (row->numbers[i].known == 0 || row->numbers[i].drop)
			continue;
		err = load_person(b, row->numbers[i].known, rec);
		if (err != ZV_OK)
			return err;
		if (row->put != NULL || row->external_len == 0 || rec->external_id[0] == 0) {
			*ret_person = row->numbers[i].known;
			return ZV_OK;
		}
		forget_person(rec); /* a number that somebody else has too */
	}
	return ZV_OK;
}

/* Somebody who was erased and comes back with a number of his: his limits go on. */
static enum zv_err find_erased(struct zv_batch *b, const struct zv_row *row,
			       struct zv_person_rec *rec, uint64_t *ret_person)
{
	for (uint8_t i = 0; i < row->n_numbers && b->any_erased; i++) {
		uint64_t person;
		enum zv_err err;

		if (row->numbers[i].drop)
			continue;
		err = zv_db_erased_find(b->txn, row->numbers[i].e164, &person);
		if (err == ZV_ENOENT)
			continue;
		if (err == ZV_OK)
			err = zv_db_person_get(b->txn, person, rec);
		if (err != ZV_OK)
			return err == ZV_ENOENT ? ZV_ECORRUPT : err;
		/* He may have come back already, under an id of his own. */
		if (row->put != NULL || row->external_len == 0 || rec->external_id[0] == 0) {
			*ret_person = person;
			return ZV_OK;
		}
		forget_person(rec);
	}
	return ZV_OK;
}

/* A row whose external id the API gave before: row->lead. */
static enum zv_err given_row(struct zv_batch *b, struct zv_row *row, struct zv_person_rec *rec)
{
	struct zv_lead_rec lead;
	uint64_t id = 0;
	enum zv_err err = zv_put_given(b, row, &id);

	if (err != ZV_OK || id == 0)
		return err;
	row->lead = id;
	err = zv_db_lead_get(b->txn, id, &lead);
	if (err == ZV_OK && lead.state == ZV_LEAD_REMOVED) {
		row->fate = ZV_ROW_REMOVED;
		return ZV_OK;
	}
	if (err == ZV_OK)
		err = load_person(b, lead.person, rec);
	row->fate = ZV_ROW_UPDATED;
	return err == ZV_OK ? add_to_person(b, row, id, lead.person, rec) : err;
}

static enum zv_err one_row(struct zv_batch *b, struct zv_row *row)
{
	struct zv_person_rec rec;
	struct zv_row_number *first;
	uint8_t taken = taken_numbers(b, row, &first);
	uint64_t person = 0, lead = 0;
	enum zv_err err = ZV_OK;

	forget_person(&rec);
	if (row->put != NULL) {
		bool no = false;

		err = given_row(b, row, &rec);
		if (err != ZV_OK || row->lead != 0)
			return err;
		err = zv_put_refused(b, row, &no);
		if (err != ZV_OK || no)
			return err;
	}
	if (row->external_len > 0)
		err = find_external(b, row, &person);
	if (err == ZV_OK && person != 0) {
		err = load_person(b, person, &rec);
		if (err == ZV_OK)
			err = lead_of(b, person, &rec, &lead);
		if (err == ZV_OK && lead != 0) {
			row->fate = ZV_ROW_DUP_PERSON;
			return add_to_person(b, row, lead, person, &rec);
		}
	}
	if (err != ZV_OK)
		return err;
	/* Without an id of his own he is known by the number: one lead is enough. */
	if (taken == row->n_numbers || (taken > 0 && (row->external_len == 0 || row->put != NULL))) {
		row->fate = b->first_lead != 0 && first->lead >= b->first_lead
				    ? ZV_ROW_DUP_FILE
				    : ZV_ROW_DUP_CAMPAIGN;
		row->person = first->person;
		if (taken == row->n_numbers && row->put == NULL)
			return ZV_OK;
		err = load_person(b, first->person, &rec);
		return err == ZV_OK ? add_to_person(b, row, first->lead, first->person, &rec) : err;
	}
	if (person == 0)
		err = find_known(b, row, &rec, &person);
	if (err == ZV_OK && person == 0)
		err = find_erased(b, row, &rec, &person);
	if (err != ZV_OK)
		return err;
	b->dup_numbers += taken;
	if (row->put == NULL || person == 0)
		return make_lead(b, row, person, &rec);
	/* He may have a lead here under another number. */
	err = lead_of(b, person, &rec, &lead);
	return err != ZV_OK ? err
	       : lead != 0  ? add_to_person(b, row, lead, person, &rec)
			    : make_lead(b, row, person, &rec);
}

static enum zv_err put_index(struct zv_batch *b)
{
	MDB_cursor *c;
	enum zv_err err = ZV_OK;
	int rc = mdb_cursor_open(b->txn->t, b->store->dbi[ZV_T_NUMBERS], &c);
	struct zv_row_ref *spare;

	if (rc != 0)
		return zv_db_err(rc, "numbers");
	spare = malloc(sizeof(*spare) * (b->n_puts + 1));
	if (spare == NULL) {
		mdb_cursor_close(c);
		return ZV_ENOMEM;
	}
	sort_refs(b->puts, spare, b->n_puts);
	for (uint32_t i = 0; i < b->n_puts && err == ZV_OK; i++) {
		uint8_t key[12], buf[32];
		struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
		MDB_val k = {.mv_size = sizeof(key), .mv_data = key}, v;
		uint64_t lead = 0, person = 0;

		(void)seen_find(&b->seen, b->puts[i].e164, &lead, &person);
		zv_put_be64(key, b->puts[i].e164);
		zv_put_be32(key + 8, b->campaign);
		zv_w_u64(&w, lead);
		zv_w_u64(&w, person);
		zv_db_seal(&w, &k);
		v.mv_data = w.p;
		v.mv_size = w.n;
		rc = mdb_cursor_put(c, &k, &v, MDB_NOOVERWRITE);
		if (rc != MDB_KEYEXIST)
			err = zv_db_err(rc, "numbers");
	}
	mdb_cursor_close(c);
	free(spare);
	return err;
}

static enum zv_err put_zone(struct zv_batch *b)
{
	uint8_t key[5], buf[96];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION);
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key};

	zv_put_be32(key, b->campaign);
	key[4] = 2;
	zv_w_text(&w, b->zone, ZV_ZONE_MAX - 1);
	return zv_db_put(b->txn, ZV_T_CAMPAIGNS, &k, &w, 0);
}

/* Counters, and the mark that wakes a lookahead in another process. */
static enum zv_err close_batch(struct zv_batch *b)
{
	struct zv_camp *camp;
	uint64_t lists;
	enum zv_err err = zv_db_camp(b->txn, b->campaign, &camp);

	if (err != ZV_OK)
		return err;
	if (b->leads > 0) {
		camp->c.leads += b->leads;
		camp->c.by_category[0] += b->leads;
		if (camp->c.state == ZV_CAMP_COMPLETE)
			camp->c.state = b->api ? ZV_CAMP_RUNNING : ZV_CAMP_READY;
		camp->c.completed_ms = 0;
		camp->dirty = true;
	}
	/* The lookahead of this process is told by the due entries. */
	if (b->api && b->store->lock_fd >= 0)
		return ZV_OK;
	if (!b->api)
		err = put_zone(b);
	if (err == ZV_OK)
		err = zv_db_meta_get(b->txn, ZV_META_LISTS, &lists);
	if (err == ZV_OK)
		err = zv_db_meta_put(b->txn, ZV_META_LISTS, lists + 1);
	return err;
}

enum zv_err zv_batch_run(struct zv_batch *batch)
{
	struct zv_batch *b = batch;
	enum zv_err err;

	b->leads = b->persons = b->numbers = b->dup_numbers = 0;
	b->n_puts = 0;
	err = zv_db_begin(b->store, !b->dry_run, b->txn);
	if (err == ZV_OK)
		err = next_ids(b);
	if (err == ZV_OK)
		err = lookup(b);
	for (uint32_t i = 0; i < b->n && err == ZV_OK; i++)
		err = one_row(b, &b->rows[i]);
	for (uint32_t i = 0; i < b->n && err == ZV_OK && !b->dry_run; i++)
		if (b->rows[i].person != 0 && (b->rows[i].told_len[0] | b->rows[i].told_len[1]) != 0)
			err = zv_batch_marks(b, &b->rows[i]);
	if (err == ZV_OK && !b->dry_run)
		err = put_index(b);
	if (err == ZV_OK && !b->dry_run)
		err = close_batch(b);
	b->dry_lead = b->next_lead - 1;
	if (err == ZV_OK && !b->dry_run)
		err = zv_db_commit(b->txn);
	else
		zv_db_abort(b->txn);
	return err;
}
