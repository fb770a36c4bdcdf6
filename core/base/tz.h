/* base/tz.h -- time zones from TZif bytes (RFC 8536/9636, version 2+ with the footer).
 *
 * Thread: a zone is immutable once loaded; any thread may read it.  Reading never touches TZ,
 * localtime or the file system but in zv_tz_load.
 */
#ifndef ZV_BASE_TZ_H
#define ZV_BASE_TZ_H

#include <stddef.h>
#include <stdint.h>

#include "zvonar/err.h"
#include "zvonar/plugin.h" /* struct zv_local */

struct zv_tz;

/* Parses one TZif file's bytes (hostile input: bounded).  ZV_EPARSE, ZV_ENOMEM.
 * The caller frees with zv_tz_free. */
enum zv_err zv_tz_parse(const void *bytes, size_t len, struct zv_tz **ret_tz) ZV_MUST_USE;
/* Reads name ("Europe/Moscow") below dir (NULL: /usr/share/zoneinfo).  Names with "..", a
 * leading slash or odd characters are ZV_EINVAL; ZV_ENOENT, ZV_EIO, ZV_EPARSE.  Boot, import. */
enum zv_err zv_tz_load(const char *dir, const char *name, struct zv_tz **ret_tz) ZV_MUST_USE;
void zv_tz_free(struct zv_tz *tz); /* accepts NULL */

/* Seconds east of UTC at utc_s.  Total: every int64 in the years 0..9999 has an answer. */
int32_t zv_tz_offset(const struct zv_tz *tz, int64_t utc_s);
void zv_tz_to_local(const struct zv_tz *tz, int64_t utc_ms, struct zv_local *ret_local);
/* The first instant whose wall clock is at or after (day, second_of_day): in a gap the moment
 * of the change, of two equal wall times the earlier.  second_of_day 0..86400. */
int64_t zv_tz_from_local(const struct zv_tz *tz, int32_t day, int32_t second_of_day);

/* Proleptic Gregorian calendar, pure. */
int32_t zv_day_from_civil(int year, int month, int mday);
void zv_civil_from_day(int32_t day, int *ret_year, int *ret_month, int *ret_mday);

/* Zones of a run by number: the same name has the same number for the life of the table.
 * A zone's number is not stable across runs: stores keep names. */
struct zv_zones;
enum zv_err zv_zones_create(const char *dir, struct zv_zones **ret_zones) ZV_MUST_USE;
void zv_zones_destroy(struct zv_zones *zones);
/* Number of a name, loading it at first use.  Locks inside: any thread, not in a hot loop.
 * ZV_ENOENT: no such zone; ZV_EFULL: over 512 zones. */
enum zv_err zv_zones_intern(struct zv_zones *zones, const char *name, uint16_t *ret_zone) ZV_MUST_USE;
/* Never NULL for a number that intern gave.  Lock-free. */
const struct zv_tz *zv_zones_get(const struct zv_zones *zones, uint16_t zone);
const char *zv_zones_name(const struct zv_zones *zones, uint16_t zone);

#endif
