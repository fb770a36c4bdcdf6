/* A sink that keeps what it is told, for tests. */
#ifndef ZV_TEST_CONF_SAID_H
#define ZV_TEST_CONF_SAID_H

#include <string.h>

#include "conf/conf.h"

struct said {
	char text[16384];
	size_t n;
};

static inline void said_line(void *arg, const char *line)
{
	struct said *s = arg;
	size_t len = strlen(line);

	if (s->n + len + 2 > sizeof(s->text))
		return;
	memcpy(s->text + s->n, line, len);
	s->n += len;
	s->text[s->n++] = '\n';
	s->text[s->n] = 0;
}

static inline struct zv_conf_sink said_sink(struct said *s)
{
	s->n = 0;
	s->text[0] = 0;
	return (struct zv_conf_sink){.line = said_line, .arg = s};
}

#endif
