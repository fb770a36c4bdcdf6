/* base/log.h -- one line a message to stderr: time, level, folder, text; JSON when asked.
 *
 * Thread: any but a media thread's loop.  Never blocks on anything but stderr; formats into a
 * buffer on the stack and writes it with one write(2).  Personal data (numbers, names) is
 * written at debug level only.
 */
#ifndef ZV_BASE_LOG_H
#define ZV_BASE_LOG_H

#include <stdbool.h>

#include "zvonar/plugin.h"

/* Set once before threads start. */
void zv_log_init(enum zv_log_level level, bool json);
void zv_log_set_level(enum zv_log_level level); /* any thread, atomic */
bool zv_log_enabled(enum zv_log_level level);

__attribute__((format(printf, 3, 4))) void zv_log(enum zv_log_level level, const char *part,
						  const char *fmt, ...);

#define zv_error(part, ...) zv_log(ZV_LOG_ERROR, part, __VA_ARGS__)
#define zv_warn(part, ...)  zv_log(ZV_LOG_WARN, part, __VA_ARGS__)
#define zv_info(part, ...)  zv_log(ZV_LOG_INFO, part, __VA_ARGS__)
#define zv_debug(part, ...) zv_log(ZV_LOG_DEBUG, part, __VA_ARGS__)

#endif
