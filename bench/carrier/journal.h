/* carrier/journal.h -- the log: one JSON object a line, one line a fact.
 *
 * Thread: the carrier has one.  Every line begins with "e" (the event), "t" (wall clock, ns since
 * 1970) and "m" (monotonic clock, ns).  Buffered; flushed by the loop every 50 ms and at a state
 * dump.  A write that fails is told on stderr once and ends the carrier with status 1: a judge
 * without a log judges nothing.
 */
#ifndef ZVC_JOURNAL_H
#define ZVC_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

struct zvc_journal {
	int fd; /* -1: no log wanted */
	bool failed;
	size_t used;
	char *buffer;
};

bool zvc_journal_open(struct zvc_journal *journal, const char *path);
void zvc_journal_close(struct zvc_journal *journal);
bool zvc_journal_flush(struct zvc_journal *journal);

/* A line: begin, any fields, end.  Names are plain words. */
void zvc_line_begin(struct zvc_journal *journal, const char *event, int64_t wall_ns);
void zvc_line_str(struct zvc_journal *journal, const char *name, struct zvc_str value);
void zvc_line_text(struct zvc_journal *journal, const char *name, const char *value);
void zvc_line_number(struct zvc_journal *journal, const char *name, int64_t value);
void zvc_line_bool(struct zvc_journal *journal, const char *name, bool value);
void zvc_line_open(struct zvc_journal *journal, const char *name,
                   char bracket);                              /* [ or {; name NULL in a list */
void zvc_line_shut(struct zvc_journal *journal, char bracket); /* ] or } */
void zvc_line_end(struct zvc_journal *journal);

int64_t zvc_wall_ns(void);
int64_t zvc_mono_ns(void);

#endif
