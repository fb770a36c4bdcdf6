/* store/phone.h -- telephone numbers as people write them, to E.164 digits.  Pure. */
#ifndef ZV_STORE_PHONE_H
#define ZV_STORE_PHONE_H

#include <stddef.h>
#include <stdint.h>

enum zv_country { ZV_COUNTRY_RU = 1, ZV_COUNTRY_UA = 2, ZV_COUNTRY_KZ = 3 };

enum zv_phone_verdict {
	ZV_PHONE_OK = 0,
	ZV_PHONE_EMPTY = 1,
	ZV_PHONE_SHORT = 2,
	ZV_PHONE_LONG = 3,
	ZV_PHONE_LETTERS = 4,  /* something that is no telephone number */
	ZV_PHONE_SPREADSHEET = 5, /* 7.9161E+10: the spreadsheet threw digits away */
	ZV_PHONE_PLAN = 6,     /* digits of no number plan we know */
	ZV_PHONE_MAX
};

/* One number in UTF-8 text (spaces of any kind, brackets, dashes, dots, a leading "tel:", an
 * extension after "доб." or "ext" is left out).  *ret_e164 only with ZV_PHONE_OK.  *ret_used:
 * bytes of text up to the end of this number and its separator (, ; / newline, "или"), so that
 * several numbers in one cell are read by calling again; at the end it is len. */
enum zv_phone_verdict zv_phone_parse(const char *text, size_t len, enum zv_country country,
				     uint64_t *ret_e164, size_t *ret_used);

/* A short English reason; never NULL. */
const char *zv_phone_text(enum zv_phone_verdict verdict);

#endif
