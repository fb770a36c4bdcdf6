/* dial/pacing/erlang.h -- Erlang's formulas: what a team of n does with calls that come at random.
 *
 * Pure; any thread; no libm.  Sources: A. K. Erlang (1917) for loss (B) and waiting (C); C. Palm
 * (1957) for callers who leave (A); S. Halfin and W. Whitt (1981) for the limit of large teams.
 * Arrivals are Poisson, handling times and patience exponential.
 *
 * Load is in erlangs: calls a second times handling seconds.  Load, servers and rates are real
 * numbers, 0 servers upward; up to 100,000 servers the results hold to 1e-9 of their value, and a
 * call costs O(sqrt n) steps (of the larger of servers and servers * patience / handling).  A
 * negative or NaN argument, or an infinite one other than patience, gives a NaN.
 */
#ifndef ZV_DIAL_PACING_ERLANG_H
#define ZV_DIAL_PACING_ERLANG_H

#include <stdint.h>

/* Erlang B: the share of calls that find all servers busy, when those calls go away. */
double zv_erlang_b(double load, double servers);
/* Its natural logarithm, also where the share itself is too small for a double. */
double zv_erlang_b_log(double load, double servers);
/* Erlang C: the share that must wait, when everybody waits; 1 from load = servers on. */
double zv_erlang_c(double load, double servers);
/* Halfin and Whitt: the limit of Erlang C (and near it for teams of 10 and more) at
 * servers = load + beta sqrt(load).  1 for beta <= 0. */
double zv_halfin_whitt(double beta);

/* The largest load (erlangs) at which B is at most block_max; infinite for block_max >= 1. */
double zv_erlang_b_load(double servers, double block_max);
/* The fewest servers that keep B at or under block_max; 0: more than ZV_ERLANG_SERVERS_MAX. */
uint32_t zv_erlang_b_servers(double load, double block_max);

#define ZV_ERLANG_SERVERS_MAX 10000000u

/* A queue: Erlang A with a finite patience, Erlang C with an infinite one. */
struct zv_queue {
	double rate_cps;   /* calls offered a second */
	double handling_s; /* mean, > 0 */
	double patience_s; /* mean, > 0; a caller who has waited his leaves */
	double servers;
};

struct zv_queue_state {
	double wait_p;    /* share of calls that wait at all */
	double abandon_p; /* share that leave before they are served */
	double wait_s;    /* mean over all calls, also those who do not wait and those who leave */
	double occupancy; /* busy share of the servers; 0 without servers */
	double queue;     /* mean number waiting */
};

/* In the long run.  Infinite patience and load >= servers: queue and wait_s are infinite. */
struct zv_queue_state zv_queue_state(const struct zv_queue *queue);

/* P(W > t): a call still waits t_s >= 0 seconds after it came, be it served or not later. */
double zv_queue_late_p(const struct zv_queue *queue, double t_s);
/* P(V > t): one with endless patience would.  The same as the above if all have that. */
double zv_queue_offered_late_p(const struct zv_queue *queue, double t_s);

/* The inverse questions.  The member asked for is not read.
 * Rates: the largest, in calls a second, that keeps the share at or under its maximum (it is kept
 * by the rate returned); infinite if every rate does, 0 if none does.
 * Servers: the fewest; 0: more than ZV_ERLANG_SERVERS_MAX. */
double zv_queue_rate_for_late(const struct zv_queue *queue, double t_s, double late_max);
double zv_queue_rate_for_abandon(const struct zv_queue *queue, double abandon_max);
uint32_t zv_queue_servers_for_late(const struct zv_queue *queue, double t_s, double late_max);
uint32_t zv_queue_servers_for_abandon(const struct zv_queue *queue, double abandon_max);

#endif
