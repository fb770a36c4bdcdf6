#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static _Atomic int log_level = ZV_LOG_INFO;
static bool log_json;

void zv_log_init(enum zv_log_level level, bool json)
{
	log_json = json;
	zv_log_set_level(level);
}

void zv_log_set_level(enum zv_log_level level)
{
	atomic_store_explicit(&log_level, (int)level, memory_order_relaxed);
}

bool zv_log_enabled(enum zv_log_level level)
{
	return (int)level <= atomic_load_explicit(&log_level, memory_order_relaxed);
}

/* Copies text, escaping what would break a JSON string; without json, what would steer a
 * terminal. */
static size_t put_escaped(char *to, size_t cap, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p != 0 && n + 7 < cap; p++) {
		if (log_json && (*p == '"' || *p == '\\')) {
			to[n++] = '\\';
			to[n++] = (char)*p;
		} else if (*p < 0x20 || *p == 0x7f) {
			memcpy(to + n, "\\u00", 4);
			to[n + 4] = hex[*p >> 4];
			to[n + 5] = hex[*p & 15];
			n += 6;
		} else {
			to[n++] = (char)*p;
		}
	}
	to[n] = 0;
	return n;
}

void zv_log(enum zv_log_level level, const char *part, const char *fmt, ...)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};
	char text[1024];
	char safe[2048];
	char line[2400];
	struct timespec now;
	struct tm tm;
	va_list args;
	int n;

	if (!zv_log_enabled(level))
		return;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	put_escaped(safe, sizeof(safe), text);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = snprintf(line, sizeof(line),
		     log_json ? "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ\",\"level\":\"%s\","
				"\"part\":\"%s\",\"text\":\"%s\"}\n"
			      : "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %-5s %s: %s\n",
		     tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		     now.tv_nsec / 1000000, names[level], part, safe);
	if (n > 0) {
		ssize_t ignored = write(STDERR_FILENO, line,
					(size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
		(void)ignored;
	}
}
