/* store/told.h -- what people tell the store: marks, suppressions, rule sets.
 *
 * Thread: any; each call has a write transaction of its own and returns after the flush.  While a
 * zvonard runs, a suppression or mark goes to its engine (EV_SUPPRESS, EV_MARK), which writes it
 * by CMD_SUPPRESS or CMD_MARK: put here alone it would miss persons who are being worked on.
 * Errors: ZV_EINVAL, ZV_EFULL, ZV_EIO.
 */
#ifndef ZV_STORE_TOLD_H
#define ZV_STORE_TOLD_H

#include "store/read.h"

#define ZV_REASON_MAX 200 /* bytes of a reason that are kept */

/* Puts one.  A null reason or name keeps the text that stands there; one that stands never ends
 * earlier for being told again. */
enum zv_err zv_store_suppress_put(struct zv_store *store, const struct zv_suppress_row *row) ZV_MUST_USE;
/* Many in one transaction: all or none. */
enum zv_err zv_store_suppress_put_all(struct zv_store *store, const struct zv_suppress_row *rows,
				      size_t n) ZV_MUST_USE;
/* Takes one back: it is over at row->until_ms, and stays on record.  ZV_ENOENT: none stands then. */
enum zv_err zv_store_suppress_end(struct zv_store *store, const struct zv_suppress_row *row) ZV_MUST_USE;
/* The words (reason) of one that the engine wrote, after its EV_TOLD: nothing else of it changes.
 * ZV_ENOENT. */
enum zv_err zv_store_suppress_words(struct zv_store *store, const struct zv_suppress_row *row) ZV_MUST_USE;
/* A number everywhere and for good, by the operator. */
enum zv_err zv_store_suppress(struct zv_store *store, uint64_t e164, const char *why,
			      int64_t now_cal_ms) ZV_MUST_USE;
/* Is the number suppressed everywhere at this time? */
enum zv_err zv_store_suppressed(struct zv_store *store, uint64_t e164, int64_t at_ms,
				bool *ret_yes) ZV_MUST_USE;

/* row->mark.name must be zv_rule_name of row->name when that is given. */
enum zv_err zv_store_mark_put(struct zv_store *store, const struct zv_mark_row *row) ZV_MUST_USE;
/* The words (name, reason) of one that the engine wrote, as above. */
enum zv_err zv_store_mark_words(struct zv_store *store, const struct zv_mark_row *row) ZV_MUST_USE;
/* The text behind a 64-bit name, so that reports can say it.  Call it before the engine is told
 * of a mark with that name. */
enum zv_err zv_store_name_put(struct zv_store *store, const char *text) ZV_MUST_USE;

/* Archives a rule set before the engine gets it, so that its evidence can be explained for ever.
 * text: all files (zv_law_archive).  The same set again notes only the time and the time-zone
 * data's version. */
enum zv_err zv_store_ruleset_put(struct zv_store *store, const struct zv_rules *rules,
				 int64_t now_cal_ms, const char *text, size_t len) ZV_MUST_USE;

#endif
