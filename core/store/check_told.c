/* The ledger, its tallies, evidence, marks, suppressions, registries and rule sets are whole. */
#include "store/check_in.h"

#include <stdlib.h>

#include "dial/rules/tally.h"

typedef unsigned long long ull;

enum zv_err zv_check_edges(struct zv_check *c)
{
	static const char *const names[4] = {ZV_META_LOG_FROM, ZV_META_LEDGER_FROM,
					     ZV_META_EVIDENCE_FROM, ZV_META_TALLIES_FROM};
	int64_t from[4];

	for (int i = 0; i < 4; i++) {
		uint64_t value = 0;
		enum zv_err err = zv_db_meta_get(c->txn, names[i], &value);

		if (err != ZV_OK && err != ZV_ENOENT)
			return err;
		from[i] = err == ZV_OK ? (int64_t)value : i == 0 ? 0 : INT64_MIN;
	}
	c->log_from = (uint64_t)from[0];
	c->ledger_from = from[1];
	c->evidence_from = from[2];
	c->tallies_from = from[3];
	return ZV_OK;
}

/* ---- the log against ledger and evidence ---- */

static bool archived(struct zv_check *c, uint64_t hash)
{
	uint8_t key[9] = {0};

	zv_put_be64(key, hash);
	return zv_check_has(c, ZV_T_RULESETS, key, sizeof(key));
}

static void check_intent(struct zv_check *c, const struct zv_log_row *row)
{
	uint8_t key[ZV_YES_KEY];

	/* Rules were in force: each intent has its yes. */
	if (row->cal_ms < c->evidence_from || !archived(c, row->rules_hash))
		return;
	zv_yes_key(key, row->person, row->attempt, 0);
	if (!zv_check_has(c, ZV_T_EVIDENCE, key, sizeof(key)))
		zv_check_tell(c, "attempt %llx-%llx: there is no evidence for it",
			      (ull)row->attempt.hi, (ull)row->attempt.lo);
}

void zv_check_attempt(struct zv_check *c, const struct zv_log_row *row)
{
	struct zv_ledger_row ledger;

	if (row->kind == ZV_LOG_INTENT)
		check_intent(c, row);
	if (row->kind != ZV_LOG_OUTCOME || row->amend != 0 || row->outcome == ZV_OUT_NOT_SENT)
		return;
	c->outcomes++;
	/* A day: the outcome is later than its intent. */
	if (row->cal_ms < c->ledger_from + INT64_C(86400000) && c->ledger_from != INT64_MIN)
		return;
	if (zv_db_ledger_find(c->txn, row->person, row->attempt, &ledger) != ZV_OK)
		zv_check_tell(c, "attempt %llx-%llx: it is not in the ledger of person %llu",
			      (ull)row->attempt.hi, (ull)row->attempt.lo, (ull)row->person);
}

/* ---- tallies, counted again ---- */

static struct zv_check_tally *tally_of(struct zv_check *c, uint32_t campaign, int64_t bucket)
{
	uint32_t at = (uint32_t)zv_mix64((uint64_t)bucket ^ (uint64_t)campaign << 40) & c->tally_mask;

	while (c->tallies[at].used &&
	       (c->tallies[at].campaign != campaign || c->tallies[at].bucket != bucket))
		at = (at + 1) & c->tally_mask;
	return &c->tallies[at];
}

static bool grow(struct zv_check *c)
{
	struct zv_check_tally *old = c->tallies;
	uint32_t n = old != NULL ? c->tally_mask + 1 : 0, size = n == 0 ? 1024 : n * 2;

	if (n != 0 && c->n_tallies * 2 < n)
		return true;
	c->tallies = calloc(size, sizeof(*c->tallies));
	if (c->tallies == NULL) {
		c->tallies = old;
		c->tallies_bad = true;
		return false;
	}
	c->tally_mask = size - 1;
	for (uint32_t i = 0; i < n; i++)
		if (old[i].used)
			*tally_of(c, old[i].campaign, old[i].bucket) = old[i];
	free(old);
	return true;
}

static int64_t bucket_of(int64_t at_ms)
{
	return at_ms / ZV_TALLY_MS - (at_ms % ZV_TALLY_MS < 0);
}

static void count_again(struct zv_check *c, const struct zv_contact *contact)
{
	struct zv_fact_time at[ZV_FACT_TIMES];
	uint32_t n = contact->campaign != 0 ? zv_fact_times(contact, at) : 0;

	for (uint32_t i = 0; i < n && !c->tallies_bad && grow(c); i++) {
		struct zv_check_tally *t =
			tally_of(c, contact->campaign, bucket_of(at[i].at_ms));

		if (!t->used) {
			t->used = true;
			t->campaign = contact->campaign;
			t->bucket = bucket_of(at[i].at_ms);
			c->n_tallies++;
		}
		for (uint32_t f = 0; f < ZV_FACTS; f++)
			t->n[f] += at[i].facts >> f & 1;
	}
}

/* A bucket in which rows of the ledger may have been erased, or itself. */
static bool at_the_edge(const struct zv_check *c, int64_t bucket)
{
	return (c->ledger_from != INT64_MIN &&
		bucket <= bucket_of(c->ledger_from + INT64_C(86400000))) ||
	       (c->tallies_from != INT64_MIN && bucket <= bucket_of(c->tallies_from));
}

static void check_tally(struct zv_check *c, const uint8_t *key, struct zv_r r)
{
	uint32_t campaign = zv_get_be32(key), n[ZV_FACTS];
	static const uint32_t none[ZV_FACTS];
	int64_t bucket = zv_key_time(zv_get_be64(key + 4));
	const uint32_t *want = none;

	if (zv_tally_decode(r, n) != ZV_OK) {
		zv_check_tell(c, "campaign %u: a tally does not read", campaign);
		return;
	}
	if (c->tallies_bad || at_the_edge(c, bucket))
		return;
	if (c->tallies != NULL) {
		struct zv_check_tally *t = tally_of(c, campaign, bucket);

		want = t->used ? t->n : none;
		c->tally_rows += t->used;
	}
	if (memcmp(n, want, sizeof(n)) != 0)
		zv_check_tell(c, "campaign %u: the tally of bucket %lld is not what the ledger adds up to",
			      campaign, (long long)bucket);
}

void zv_check_sum_up(struct zv_check *c)
{
	uint64_t want = 0;

	for (uint32_t i = 0; c->tallies != NULL && i <= c->tally_mask; i++)
		want += c->tallies[i].used && !at_the_edge(c, c->tallies[i].bucket);
	if (!c->tallies_bad && want != c->tally_rows)
		zv_check_tell(c, "%llu tallies for the %llu that the ledger makes",
			      (ull)c->tally_rows, (ull)want);
	/* Each attempt was found in the ledger; as many there, and there are no others. */
	if (c->log_from == 0 && c->ledger_from == INT64_MIN && c->outcomes != c->contacts)
		zv_check_tell(c, "the ledger has %llu attempts, the log %llu", (ull)c->contacts,
			      (ull)c->outcomes);
	if (c->list_known && c->list_rows != c->list_count)
		zv_check_tell(c, "a registry of %llu numbers has %llu", (ull)c->list_count,
			      (ull)c->list_rows);
}

static void check_ledger(struct zv_check *c, const MDB_val *key, struct zv_r r)
{
	struct zv_ledger_row row;

	if (zv_db_ledger_row(key, r, &row) != ZV_OK) {
		zv_check_tell(c, "a row of the ledger does not read");
		return;
	}
	c->contacts += row.outcome != ZV_OUT_NONE;
	if (row.version >= 2)
		count_again(c, &row.contact);
}

/* ---- the rest ---- */

static bool has_person(struct zv_check *c, uint64_t person)
{
	uint8_t key[8];

	zv_put_be64(key, person);
	return zv_check_has(c, ZV_T_PERSONS, key, sizeof(key));
}

static void check_registry(struct zv_check *c, const MDB_val *key, struct zv_r r)
{
	const uint8_t *k = key->mv_data;
	struct zv_registry_rec rec;

	if (key->mv_size == ZV_REGISTRY_KEY) {
		c->list_rows += c->list_known && zv_get_be64(k) == c->list &&
				zv_get_be32(k + 8) == c->gen;
		return;
	}
	if (c->list_known && c->list_rows != c->list_count)
		zv_check_tell(c, "a registry of %llu numbers has %llu", (ull)c->list_count,
			      (ull)c->list_rows);
	c->list_known = false;
	if (key->mv_size != 8 || zv_registry_decode(r, &rec) != ZV_OK ||
	    zv_rule_name(rec.name, strlen(rec.name)) != zv_get_be64(k)) {
		zv_check_tell(c, "the head of a registry does not read");
		return;
	}
	c->list = zv_get_be64(k);
	c->gen = rec.gen;
	c->list_count = rec.count;
	c->list_rows = 0;
	c->list_known = true;
}

static void check_ruleset(struct zv_check *c, const uint8_t *key, struct zv_r r)
{
	struct zv_ruleset_rec rec;
	uint8_t part[9];

	if (key[8] > 2) {
		zv_check_tell(c, "a rule set has a part %u", key[8]);
		return;
	}
	if (key[8] != 0)
		return;
	if (zv_ruleset_decode(r, &rec) != ZV_OK) {
		zv_check_tell(c, "an archived rule set does not read");
		return;
	}
	for (uint8_t i = 1; i <= 2; i++) {
		memcpy(part, key, 8);
		part[8] = i;
		if (!zv_check_has(c, ZV_T_RULESETS, part, sizeof(part)))
			zv_check_tell(c, "rule set %016llx: part %u is missing",
				      (ull)zv_get_be64(key), i);
	}
}

static bool suppression_reads(const MDB_val *key, struct zv_r r)
{
	struct zv_suppress_rec rec;

	if (key->mv_size == 8)
		return zv_suppress_decode_old(r, &rec) == ZV_OK;
	return key->mv_size == ZV_SUPPRESS_KEY && zv_suppress_decode(r, &rec) == ZV_OK &&
	       ((const uint8_t *)key->mv_data)[0] >= ZV_SUPPRESS_NUMBER &&
	       ((const uint8_t *)key->mv_data)[0] <= ZV_SUPPRESS_PERSON;
}

static bool name_reads(const uint8_t *key, struct zv_r r)
{
	char text[ZV_TOLD_MAX];

	zv_r_text(&r, text, sizeof(text));
	return !r.bad && r.left == 0 && zv_rule_name(text, strlen(text)) == zv_get_be64(key);
}

static bool reads(struct zv_check *c, enum zv_table table, const MDB_val *key, struct zv_r r)
{
	struct zv_mark_rec mark;
	struct zv_evidence_row evidence;

	if (table == ZV_T_MARKS)
		return zv_mark_decode(r, &mark) == ZV_OK;
	if (table == ZV_T_SUPPRESSIONS)
		return suppression_reads(key, r);
	if (table == ZV_T_EVIDENCE)
		return zv_db_evidence_row(key, r, &evidence) == ZV_OK;
	if (table == ZV_T_ERASED)
		return has_person(c, zv_r_u64(&r)) && zv_r_i64(&r) != 0 && !r.bad;
	return name_reads(key->mv_data, r);
}

void zv_check_told(struct zv_check *c, enum zv_table table, const MDB_val *key, struct zv_r r)
{
	if (table == ZV_T_LEDGER)
		check_ledger(c, key, r);
	else if (table == ZV_T_TALLIES)
		check_tally(c, key->mv_data, r);
	else if (table == ZV_T_REGISTRIES)
		check_registry(c, key, r);
	else if (table == ZV_T_RULESETS)
		check_ruleset(c, key->mv_data, r);
	else if (!reads(c, table, key, r))
		zv_check_tell(c, "table %s: a value does not read", zv_table_names[table]);
}
