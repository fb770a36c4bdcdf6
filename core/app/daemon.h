/* app/daemon.h -- zvonard: every room made, wired, run and stopped.
 *
 * Thread: main.
 */
#ifndef ZV_APP_DAEMON_H
#define ZV_APP_DAEMON_H

#include <stdbool.h>

#include "app/config.h"

struct zv_daemon;

struct zv_daemon_params {
	const char *config_path;   /* for reloads */
	struct zv_config *config;  /* taken */
};

/* Opens the store, settles what a crash left, binds every port; says what is wrong in text. */
enum zv_err zv_daemon_create(const struct zv_daemon_params *params, char *text, size_t text_size,
			     struct zv_daemon **ret_daemon) ZV_MUST_USE;
void zv_daemon_destroy(struct zv_daemon *daemon); /* accepts NULL and half-built */

/* Starts the threads and serves until a signal ends it: SIGTERM or SIGINT drains, a second one
 * ends now, SIGHUP reloads.  ZV_EIO: the store failed; what was acknowledged is on disk. */
enum zv_err zv_daemon_run(struct zv_daemon *daemon) ZV_MUST_USE;

#endif
