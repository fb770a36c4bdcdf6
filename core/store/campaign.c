#include <stdlib.h>

#include "store/dates.h"
#include "store/db.h"

static enum zv_err names_get(struct zv_txn *txn, uint32_t campaign, struct zv_names_rec *ret_rec)
{
	uint8_t key[5];
	struct zv_r r;
	enum zv_err err;

	zv_put_be32(key, campaign);
	key[4] = 0;
	err = zv_db_get(txn, ZV_T_CAMPAIGNS, key, sizeof(key), &r);
	return err == ZV_OK ? zv_names_decode(r, ret_rec) : err;
}

static enum zv_err names_put(struct zv_txn *txn, uint32_t campaign, const struct zv_names_rec *rec)
{
	struct zv_w w = zv_w_begin(txn->value, sizeof(txn->value), ZV_RECORD_VERSION);
	uint8_t key[5];
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key};

	zv_put_be32(key, campaign);
	key[4] = 0;
	zv_names_encode(&w, rec);
	return zv_db_put(txn, ZV_T_CAMPAIGNS, &k, &w, 0);
}

/* Walks the campaigns; fn false ends it. */
static enum zv_err each(struct zv_txn *txn,
			bool (*fn)(void *arg, uint32_t id, const struct zv_names_rec *names),
			void *arg)
{
	struct zv_names_rec *names = malloc(sizeof(*names));
	MDB_cursor *c = NULL;
	MDB_val k, v;
	bool go_on = true;
	enum zv_err err = ZV_OK;
	int rc;

	if (names == NULL)
		return ZV_ENOMEM;
	rc = mdb_cursor_open(txn->t, txn->store->dbi[ZV_T_CAMPAIGNS], &c);
	while (rc == 0 && err == ZV_OK && go_on) {
		rc = mdb_cursor_get(c, &k, &v, MDB_NEXT);
		if (rc == 0 && k.mv_size == 5 && ((const uint8_t *)k.mv_data)[4] == 0) {
			struct zv_r r;

			err = zv_db_open_value(&k, &v, &r);
			if (err == ZV_OK)
				err = zv_names_decode(r, names);
			if (err == ZV_OK)
				go_on = fn(arg, zv_get_be32(k.mv_data), names);
		}
	}
	if (c != NULL)
		mdb_cursor_close(c);
	free(names);
	return rc != 0 && rc != MDB_NOTFOUND ? zv_db_err(rc, "walk the campaigns") : err;
}

struct find {
	const char *name;
	uint32_t id, last;
	struct zv_names_rec *names;
};

static bool find_one(void *arg, uint32_t id, const struct zv_names_rec *names)
{
	struct find *f = arg;

	f->last = id;
	if (strcmp(f->name, names->name) != 0)
		return true;
	f->id = id;
	*f->names = *names;
	return false;
}

/* Old names keep their numbers; new ones go behind them. */
static enum zv_err merge(char (*have)[48], uint8_t *n_have, uint8_t limit,
			 const char *const *want, uint8_t n_want)
{
	if (n_want < *n_have || n_want > limit)
		return ZV_EINVAL;
	for (uint8_t i = 0; i < n_want; i++) {
		size_t n = strlen(want[i]);

		if (n == 0 || n > 47 || (i < *n_have && strcmp(have[i], want[i]) != 0))
			return ZV_EINVAL;
		memcpy(have[i], want[i], n + 1);
	}
	*n_have = n_want;
	return ZV_OK;
}

/* What must be seen by a lookahead in another process too. */
static enum zv_err lists_changed(struct zv_txn *txn)
{
	uint64_t lists;
	enum zv_err err = zv_db_meta_get(txn, ZV_META_LISTS, &lists);

	return err == ZV_OK ? zv_db_meta_put(txn, ZV_META_LISTS, lists + 1) : err;
}

static enum zv_err put_in(struct zv_txn *txn, const struct zv_campaign_names *names,
			  struct zv_names_rec *rec, uint32_t *ret_id)
{
	struct find f = {.name = names->name, .names = rec};
	struct zv_names_rec old;
	enum zv_err err = each(txn, find_one, &f);
	bool fresh = f.id == 0;

	if (err != ZV_OK)
		return err;
	if (fresh) {
		if (f.last >= 1u << 23)
			return ZV_EFULL;
		f.id = f.last + 1;
		memcpy(rec->name, names->name, strlen(names->name) + 1);
	}
	old = *rec;
	err = merge(rec->categories, &rec->n_categories, ZV_NAMES_MAX - 1, names->categories,
		    names->n_categories);
	if (err == ZV_OK)
		err = merge(rec->results, &rec->n_results, ZV_NAMES_MAX, names->results,
			    names->n_results);
	if (err == ZV_OK)
		err = merge(rec->messages, &rec->n_messages, ZV_NAMES_MAX, names->messages,
			    names->n_messages);
	if (err == ZV_OK && (fresh || memcmp(&old, rec, sizeof(old)) != 0))
		err = names_put(txn, f.id, rec);
	if (err == ZV_OK && fresh) {
		struct zv_camp *camp = &txn->camps[txn->n_camps++];

		memset(camp, 0, sizeof(*camp));
		camp->id = f.id;
		camp->dirty = true;
		err = lists_changed(txn);
	}
	*ret_id = f.id;
	return err;
}

enum zv_err zv_store_campaign_put(struct zv_store *store, const struct zv_campaign_names *names,
				  uint32_t *ret_id)
{
	size_t n = strlen(names->name);
	struct zv_names_rec *rec;
	struct zv_txn *txn;
	uint32_t id = 0;
	enum zv_err err = ZV_ENOMEM;

	if (n == 0 || n >= sizeof(rec->name))
		return ZV_EINVAL;
	rec = calloc(1, sizeof(*rec));
	txn = malloc(sizeof(*txn));
	if (rec == NULL || txn == NULL)
		goto out;
	err = zv_db_begin(store, true, txn);
	if (err != ZV_OK)
		goto out;
	err = put_in(txn, names, rec, &id);
	if (err == ZV_OK)
		err = zv_db_commit(txn);
	else
		zv_db_abort(txn);
	if (err == ZV_OK)
		*ret_id = id;
out:
	free(txn);
	free(rec);
	return err;
}

static enum zv_err info_of(struct zv_txn *txn, uint32_t id, const struct zv_names_rec *names,
			   struct zv_campaign_info *info)
{
	struct zv_camp *camp;
	enum zv_err err;

	txn->n_camps = 0; /* a walk may see more campaigns than the cache holds */
	err = zv_db_camp(txn, id, &camp);
	if (err != ZV_OK)
		return err == ZV_ENOENT ? ZV_ECORRUPT : err;
	memset(info, 0, sizeof(*info));
	info->id = id;
	memcpy(info->name, names->name, sizeof(info->name));
	info->state = camp->c.state;
	info->leads = camp->c.leads;
	info->finals = camp->c.finals;
	memcpy(info->by_category, camp->c.by_category, sizeof(info->by_category));
	for (uint8_t i = 0; i < names->n_categories; i++)
		memcpy(info->categories[i + 1], names->categories[i], 48);
	info->started_ms = camp->c.started_ms;
	info->completed_ms = camp->c.completed_ms;
	return ZV_OK;
}

struct walk {
	struct zv_txn *txn;
	const char *name; /* NULL: all */
	void (*fn)(void *arg, const struct zv_campaign_info *info);
	void *arg;
	struct zv_campaign_info info;
	bool found;
	enum zv_err err;
};

static bool walk_one(void *arg, uint32_t id, const struct zv_names_rec *names)
{
	struct walk *w = arg;

	if (w->name != NULL && strcmp(w->name, names->name) != 0)
		return true;
	w->err = info_of(w->txn, id, names, &w->info);
	if (w->err != ZV_OK)
		return false;
	w->found = true;
	if (w->fn != NULL)
		w->fn(w->arg, &w->info);
	return w->name == NULL;
}

static enum zv_err walk(struct zv_store *store, struct walk *w)
{
	struct zv_txn *txn = malloc(sizeof(*txn));
	enum zv_err err;

	if (txn == NULL)
		return ZV_ENOMEM;
	w->txn = txn;
	err = zv_db_begin(store, false, txn);
	if (err == ZV_OK)
		err = each(txn, walk_one, w);
	zv_db_abort(txn);
	free(txn);
	return err != ZV_OK ? err : w->err;
}

enum zv_err zv_store_campaign_get(struct zv_store *store, const char *name,
				  struct zv_campaign_info *ret_info)
{
	struct walk w = {.name = name};
	enum zv_err err = walk(store, &w);

	if (err == ZV_OK && !w.found)
		err = ZV_ENOENT;
	if (err == ZV_OK)
		*ret_info = w.info;
	return err;
}

enum zv_err zv_store_campaign_each(struct zv_store *store,
				   void (*fn)(void *arg, const struct zv_campaign_info *info),
				   void *arg)
{
	struct walk w = {.fn = fn, .arg = arg};

	return walk(store, &w);
}

static enum zv_err zone_get(struct zv_txn *txn, uint32_t campaign, char *zone, size_t size)
{
	uint8_t key[5];
	struct zv_r r;
	enum zv_err err;

	zone[0] = 0;
	zv_put_be32(key, campaign);
	key[4] = 2;
	err = zv_db_get(txn, ZV_T_CAMPAIGNS, key, sizeof(key), &r);
	if (err == ZV_OK)
		zv_r_text(&r, zone, size);
	return err == ZV_ENOENT ? ZV_OK : err == ZV_OK && r.bad ? ZV_ECORRUPT : err;
}

enum zv_err zv_store_campaign_texts(struct zv_store *store, uint32_t campaign,
				    struct zv_campaign_texts *ret_texts)
{
	struct zv_txn *txn = malloc(sizeof(*txn));
	struct zv_names_rec *rec = malloc(sizeof(*rec));
	enum zv_err err = ZV_ENOMEM;

	if (txn == NULL || rec == NULL)
		goto out;
	err = zv_db_begin(store, false, txn);
	if (err == ZV_OK)
		err = names_get(txn, campaign, rec);
	if (err == ZV_OK)
		err = zone_get(txn, campaign, ret_texts->zone, sizeof(ret_texts->zone));
	zv_db_abort(txn);
	if (err != ZV_OK)
		goto out;
	ret_texts->n_categories = rec->n_categories;
	ret_texts->n_results = rec->n_results;
	ret_texts->n_messages = rec->n_messages;
	memcpy(ret_texts->categories, rec->categories, sizeof(rec->categories));
	memcpy(ret_texts->results, rec->results, sizeof(rec->results));
	memcpy(ret_texts->messages, rec->messages, sizeof(rec->messages));
out:
	free(rec);
	free(txn);
	return err;
}

enum zv_err zv_store_campaign_state(struct zv_store *store, uint32_t id,
				    enum zv_campaign_state state, int64_t now_cal_ms)
{
	struct zv_txn *txn = malloc(sizeof(*txn));
	struct zv_camp *camp;
	enum zv_err err;

	if (txn == NULL)
		return ZV_ENOMEM;
	err = zv_db_begin(store, true, txn);
	if (err == ZV_OK)
		err = zv_db_camp(txn, id, &camp);
	if (err == ZV_OK) {
		camp->c.state = (uint8_t)state;
		camp->dirty = true;
		if (state == ZV_CAMP_RUNNING && camp->c.started_ms == 0)
			camp->c.started_ms = now_cal_ms;
		if (state == ZV_CAMP_COMPLETE && camp->c.completed_ms == 0)
			camp->c.completed_ms = now_cal_ms;
		err = lists_changed(txn);
	}
	if (err == ZV_OK)
		err = zv_db_commit(txn);
	else
		zv_db_abort(txn);
	free(txn);
	return err;
}

/* ---- dates ---- */

static void dates_encode(struct zv_w *w, const struct zv_date_rule *rule)
{
	zv_w_text(w, rule->column, sizeof(rule->column) - 1);
	zv_w_i64(w, rule->before_ms);
	zv_w_u32(w, (uint32_t)(rule->at_s + 1));
	zv_w_text(w, rule->zone, sizeof(rule->zone) - 1);
}

enum zv_err zv_db_dates_decode(struct zv_r r, struct zv_date_rule *ret_rule)
{
	uint32_t at;

	memset(ret_rule, 0, sizeof(*ret_rule));
	zv_r_text(&r, ret_rule->column, sizeof(ret_rule->column));
	ret_rule->before_ms = zv_r_i64(&r);
	at = zv_r_u32(&r);
	zv_r_text(&r, ret_rule->zone, sizeof(ret_rule->zone));
	ret_rule->at_s = (int32_t)(at & 0x1ffff) - 1;
	return r.bad || r.left != 0 || at > 86400 || ret_rule->before_ms < 0 ? ZV_ECORRUPT : ZV_OK;
}

static enum zv_err dates_get(struct zv_txn *txn, uint32_t campaign, struct zv_date_rule *ret_rule)
{
	uint8_t key[5];
	struct zv_r r;
	enum zv_err err;

	zv_put_be32(key, campaign);
	key[4] = ZV_CAMP_DATES;
	err = zv_db_get(txn, ZV_T_CAMPAIGNS, key, sizeof(key), &r);
	if (err == ZV_OK)
		return zv_db_dates_decode(r, ret_rule);
	memset(ret_rule, 0, sizeof(*ret_rule));
	ret_rule->at_s = -1;
	return err;
}

struct dates {
	uint32_t campaign;
	struct zv_date_rule rule;
};

/* The same rule again changes nothing, and then the commit has nothing to flush. */
static enum zv_err dates_put(struct zv_txn *txn, void *arg)
{
	const struct dates *d = arg;
	uint8_t key[5], buf[256], old[256];
	struct zv_w w = zv_w_begin(buf, sizeof(buf), ZV_RECORD_VERSION), o = zv_w_begin(old, sizeof(old), 0);
	MDB_val k = {.mv_size = sizeof(key), .mv_data = key};
	struct zv_date_rule was;
	struct zv_camp *camp;
	enum zv_err err = zv_db_camp(txn, d->campaign, &camp);

	if (err != ZV_OK)
		return err;
	err = dates_get(txn, d->campaign, &was);
	if (err == ZV_ENOENT && d->rule.column[0] == 0)
		return ZV_OK;
	if (err != ZV_OK && err != ZV_ENOENT)
		return err;
	dates_encode(&w, &d->rule);
	dates_encode(&o, &was);
	if (w.bad || o.bad)
		return ZV_EINVAL;
	if (err == ZV_OK && w.n == o.n && memcmp(buf + 1, old + 1, w.n - 1) == 0)
		return ZV_OK;
	zv_put_be32(key, d->campaign);
	key[4] = ZV_CAMP_DATES;
	return zv_db_put(txn, ZV_T_CAMPAIGNS, &k, &w, 0);
}

enum zv_err zv_store_dates_put(struct zv_store *store, uint32_t campaign, const struct zv_date_rule *rule)
{
	struct dates d = {campaign, *rule};

	return zv_db_write(store, dates_put, &d);
}

static enum zv_err dates_read(struct zv_txn *txn, void *arg)
{
	struct dates *d = arg;
	enum zv_err err = dates_get(txn, d->campaign, &d->rule);

	return err == ZV_ENOENT ? ZV_OK : err;
}

enum zv_err zv_store_dates_get(struct zv_store *store, uint32_t campaign, struct zv_date_rule *ret_rule)
{
	struct dates d = {.campaign = campaign};
	enum zv_err err = zv_db_read(store, dates_read, &d);

	if (err == ZV_OK)
		*ret_rule = d.rule;
	return err;
}
