#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_BYTES (1024u * 1024u)
#define FIELD_BYTES  16384u /* more than any field can take */
#define FLUSH_BYTES  (BUFFER_BYTES / 2)

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t zvc_wall_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

int64_t zvc_mono_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

bool zvc_journal_open(struct zvc_journal *journal, const char *path)
{
	*journal = (struct zvc_journal){.fd = -1};
	if (path == NULL)
		return true;
	journal->buffer = malloc(BUFFER_BYTES);
	if (journal->buffer == NULL)
		return false;
	journal->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	return journal->fd >= 0;
}

bool zvc_journal_flush(struct zvc_journal *journal)
{
	size_t at = 0;

	while (at < journal->used && !journal->failed) {
		ssize_t n = write(journal->fd, journal->buffer + at, journal->used - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			(void)fprintf(stderr, "zvonar-carrier: the log cannot be written: %s\n",
			              strerror(errno));
			journal->failed = true;
		} else {
			at += (size_t)n;
		}
	}
	journal->used = 0;
	return !journal->failed;
}

void zvc_journal_close(struct zvc_journal *journal)
{
	if (journal->fd >= 0) {
		(void)zvc_journal_flush(journal);
		(void)close(journal->fd);
	}
	free(journal->buffer);
	*journal = (struct zvc_journal){.fd = -1};
}

static void put(struct zvc_journal *journal, const char *bytes, size_t n)
{
	if (journal->fd < 0)
		return;
	if (journal->used + n > BUFFER_BYTES)
		(void)zvc_journal_flush(journal);
	if (n > BUFFER_BYTES)
		return;
	memcpy(journal->buffer + journal->used, bytes, n);
	journal->used += n;
}

static void put_name(struct zvc_journal *journal, const char *name)
{
	char last = journal->used > 0 ? journal->buffer[journal->used - 1] : '{';

	if (last != '{' && last != '[')
		put(journal, ",", 1);
	if (name != NULL) {
		put(journal, "\"", 1);
		put(journal, name, strlen(name));
		put(journal, "\":", 2);
	}
}

void zvc_line_begin(struct zvc_journal *journal, const char *event, int64_t wall_ns)
{
	if (journal->used > FLUSH_BYTES)
		(void)zvc_journal_flush(journal);
	put(journal, "{", 1);
	zvc_line_text(journal, "e", event);
	zvc_line_number(journal, "t", wall_ns != 0 ? wall_ns : zvc_wall_ns());
	zvc_line_number(journal, "m", zvc_mono_ns());
}

/* Bytes outside printable ASCII become \u00xx, so every line is valid JSON whatever came in. */
void zvc_line_str(struct zvc_journal *journal, const char *name, struct zvc_str value)
{
	static const char hex[] = "0123456789abcdef";
	char safe[FIELD_BYTES];
	size_t n = 0;

	safe[n++] = '"';
	for (size_t i = 0; i < value.n && n + 8 < sizeof(safe); i++) {
		unsigned char c = (unsigned char)value.p[i];

		if (c == '"' || c == '\\') {
			safe[n++] = '\\';
			safe[n++] = (char)c;
		} else if (c < 0x20 || c > 0x7e) {
			memcpy(safe + n, "\\u00", 4);
			safe[n + 4] = hex[c >> 4];
			safe[n + 5] = hex[c & 15];
			n += 6;
		} else {
			safe[n++] = (char)c;
		}
	}
	safe[n++] = '"';
	put_name(journal, name);
	put(journal, safe, n);
}

void zvc_line_text(struct zvc_journal *journal, const char *name, const char *value)
{
	zvc_line_str(journal, name, (struct zvc_str){value, strlen(value)});
}

void zvc_line_number(struct zvc_journal *journal, const char *name, int64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRId64, value);

	put_name(journal, name);
	put(journal, text, n > 0 ? (size_t)n : 0);
}

void zvc_line_bool(struct zvc_journal *journal, const char *name, bool value)
{
	put_name(journal, name);
	put(journal, value ? "true" : "false", value ? 4 : 5);
}

void zvc_line_open(struct zvc_journal *journal, const char *name, char bracket)
{
	put_name(journal, name);
	put(journal, &bracket, 1);
}

void zvc_line_shut(struct zvc_journal *journal, char bracket)
{
	put(journal, &bracket, 1);
}

void zvc_line_end(struct zvc_journal *journal)
{
	put(journal, "}\n", 2);
}
