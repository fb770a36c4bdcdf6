/* law/say.h -- the writing of a rule in words; private to core/law. */
#ifndef ZV_LAW_SAY_H
#define ZV_LAW_SAY_H

#include "law/law_in.h"

/* What is written so far; what finds no room is cut, between characters, and nothing follows. */
struct zv_say {
	char *text;
	size_t size, len;
};

__attribute__((format(printf, 2, 3))) void zv_say_put(struct zv_say *s, const char *fmt, ...);
/* A member's text, "" if it has none; its whole number, 0 if it has none. */
const char *zv_say_text(const json_t *object, const char *key);
long long zv_say_int(const json_t *object, const char *key);

#endif
