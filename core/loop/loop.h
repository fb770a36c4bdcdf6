/* loop/loop.h -- one event loop a thread: descriptors, timers, a mailbox.
 *
 * Thread: everything is called by the thread that runs the loop, inside its callbacks or before
 * it runs, but zv_loop_post and zv_loop_stop, which any thread may call.  Callbacks must not
 * block.  Time is the monotonic clock, in ms.  The fastest way from a message to its callback is
 * one epoll_wait; no order is promised between descriptors, timers and messages of one turn.
 */
#ifndef ZV_LOOP_H
#define ZV_LOOP_H

#include <stdint.h>

#include "zvonar/err.h"

#define ZV_LOOP_READ  1u
#define ZV_LOOP_WRITE 2u

#define ZV_LOOP_MAIL_MAX 256u /* messages that wait at most */

struct zv_loop;

/* ZV_EIO (descriptors), ZV_ENOMEM. */
enum zv_err zv_loop_create(struct zv_loop **ret_loop) ZV_MUST_USE;
/* Descriptors that were added stay open: they are their owners'.  Accepts NULL. */
void zv_loop_destroy(struct zv_loop *loop);

/* Runs until zv_loop_stop.  ZV_EIO: epoll failed. */
enum zv_err zv_loop_run(struct zv_loop *loop) ZV_MUST_USE;
/* One turn: waits for at most wait_ms (-1 = for ever, 0 = not at all).  Then *ret_stopped (may be
 * NULL) says whether a stop came. */
enum zv_err zv_loop_turn(struct zv_loop *loop, int wait_ms, int *ret_stopped) ZV_MUST_USE;
/* Any thread, signal handlers too: the running turn is the last. */
void zv_loop_stop(struct zv_loop *loop);

/* The clock as it was when this turn woke up. */
int64_t zv_loop_now_ms(const struct zv_loop *loop);

/* ---- descriptors ---- */

/* events: ZV_LOOP_READ, ZV_LOOP_WRITE, of which at least one is set; an error or the far end's
 * close comes as READ (and as WRITE if that was asked for).  Level-triggered. */
typedef void (*zv_loop_fd_fn)(void *arg, int fd, uint32_t events);
/* ZV_EEXIST: fd is there; ZV_EINVAL: not a descriptor that can be waited for; ZV_ENOMEM. */
enum zv_err zv_loop_add_fd(struct zv_loop *loop, int fd, uint32_t events, zv_loop_fd_fn fn,
			   void *arg) ZV_MUST_USE;
/* Waits for other events from now on; 0 = for none.  ZV_ENOENT. */
enum zv_err zv_loop_set_fd(struct zv_loop *loop, int fd, uint32_t events) ZV_MUST_USE;
/* Before the descriptor is closed.  What this turn still has for it is dropped. */
void zv_loop_del_fd(struct zv_loop *loop, int fd);

/* ---- timers ---- */

typedef uint64_t zv_timer; /* 0 = none */

/* Returns in how many ms it wants to be called again, from the moment it was due; 0 = never. */
typedef int64_t (*zv_loop_timer_fn)(void *arg, zv_timer timer);
/* after_ms below 0 counts as 0.  ZV_ENOMEM. */
enum zv_err zv_loop_add_timer(struct zv_loop *loop, int64_t after_ms, zv_loop_timer_fn fn,
			      void *arg, zv_timer *ret_timer) ZV_MUST_USE;
/* A timer that has ended, or 0, is ignored. */
void zv_loop_del_timer(struct zv_loop *loop, zv_timer timer);

/* ---- mailbox ---- */

/* Ids and numbers, no pointers. */
struct zv_loop_mail {
	uint32_t type, code;
	uint64_t a, b;
};
typedef void (*zv_loop_mail_fn)(void *arg, const struct zv_loop_mail *mail);
void zv_loop_on_mail(struct zv_loop *loop, zv_loop_mail_fn fn, void *arg);
/* Any thread.  In order for one sender.  ZV_EFULL: ZV_LOOP_MAIL_MAX wait already; the sender
 * tries again later or counts it. */
enum zv_err zv_loop_post(struct zv_loop *loop, const struct zv_loop_mail *mail) ZV_MUST_USE;

#endif
