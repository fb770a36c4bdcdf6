#include "dial/pacing/erlang.h"

#include <stdbool.h>

#include "base/num.h"

/* All of it rests on two ratios of a Poisson distribution of mean a, which also for a real n are
 * incomplete gamma functions (Palm; NIST handbook 8.4, 8.9, 8.11):
 *	1/B(a, n) = sum over k <= n of p(k) / p(n) = Q(n + 1, a) / p(n)
 *	S(m, A)   = sum over k >= m of p(k) / p(m) = P(m, A) / p(m)
 * with p(k) = a^k exp(-a) / Gamma(k + 1).  The first weighs the states of the servers, the second
 * those of the queue, both in units of the state "all busy, nobody waits". */

#define INF __builtin_inf()
#define NO_NUMBER __builtin_nan("")
/* Enough for a million servers whose callers wait a thousand handling times. */
#define STEPS_MAX 10000000

static bool is_finite_from_0(double x)
{
	return x >= 0 && x < INF;
}

/* sum of a^k / ((n + 1) ... (n + k)) over k >= 1; ret_mean (or NULL): of k times that.  a <= n + 1,
 * so the terms fall from the second on. */
static double upper_sum(double n, double a, double *ret_mean)
{
	double term = 1, sum = 0, mean = 0;

	for (int k = 1; k < STEPS_MAX; k++) {
		term *= a / (n + k);
		sum += term;
		mean += k * term;
		/* what is to come is about k * term / gap, and the gap widens with k */
		double gap = 1 - a / (n + k + 1);

		if (term == 0 || k * term < 1e-18 * mean * gap)
			break;
	}
	if (ret_mean)
		*ret_mean = mean;
	return sum;
}

/* Gamma(s, a) exp(a) a^-s, the upper incomplete gamma function; a > s: Legendre's continued
 * fraction (NIST handbook 8.9.2) by Lentz's method. */
static double upper_fraction(double s, double a)
{
	double b = a + 1 - s;
	double c = INF, d = 1 / b, f = d;

	for (int i = 1; i < STEPS_MAX; i++) {
		double up = -i * (i - s);

		b += 2;
		d = 1 / (up * d + b);
		c = b + up / c;
		f *= c * d;
		if (zv_abs(c * d - 1) < 1e-16)
			break;
	}
	return f;
}

/* ln(1 / B) */
static double log_inverse_b(double load, double servers)
{
	if (servers == 0)
		return 0;
	if (load == 0)
		return INF;
	if (load > servers + 1)
		return zv_ln(load * upper_fraction(servers + 1, load));
	double log_p = zv_ln_poisson(servers, load);

	return zv_log1p(-zv_exp(log_p) * upper_sum(servers, load, (double *)0)) - log_p;
}

/* ln S and the mean number waiting among those states, for m = servers * patience / handling and
 * a = rate * patience. */
static double log_queue_states(double m, double a, double *ret_mean)
{
	if (a <= m + 1) {
		double mean, sum = 1 + upper_sum(m, a, &mean);

		*ret_mean = mean / sum;
		return zv_ln(sum);
	}
	double log_p = zv_ln_poisson(m, a);
	double log_s = zv_log1p(-zv_exp(log_p) * m * upper_fraction(m, a)) - log_p;

	/* what comes in goes out: a S = m (S - 1) + the sum of k * share */
	*ret_mean = (a - m) + m * zv_exp(-log_s);
	return log_s;
}

double zv_erlang_b_log(double load, double servers)
{
	if (!is_finite_from_0(load) || !is_finite_from_0(servers))
		return NO_NUMBER;
	return -log_inverse_b(load, servers);
}

double zv_erlang_b(double load, double servers)
{
	return zv_exp(zv_erlang_b_log(load, servers));
}

double zv_erlang_c(double load, double servers)
{
	double b = zv_erlang_b(load, servers);

	if (b != b)
		return b;
	if (load >= servers)
		return 1;
	return servers * b / (servers - load * (1 - b));
}

double zv_halfin_whitt(double beta)
{
	if (beta != beta)
		return beta;
	if (beta <= 0)
		return 1;
	double pdf = zv_norm_pdf(beta);

	return pdf == 0 ? 0 : pdf / (pdf + beta * zv_norm_cdf(beta));
}

static bool valid(const struct zv_queue *q)
{
	return is_finite_from_0(q->rate_cps) && is_finite_from_0(q->servers) && q->handling_s > 0 &&
		q->handling_s < INF && q->patience_s > 0;
}

/* Of a queue whose callers leave: logs of the weights, and the share of the state in the middle. */
struct chain {
	double m, a;       /* see log_queue_states */
	double log_middle; /* of P(all busy, nobody waits) */
	double wait_p;
	double mean;       /* waiting, among the calls that find all busy */
};

static struct chain solve(const struct zv_queue *q)
{
	struct chain c = {
		.m = q->servers * (q->patience_s / q->handling_s),
		.a = q->rate_cps * q->patience_s,
	};
	double log_below = log_inverse_b(q->rate_cps * q->handling_s, q->servers);
	double log_above = log_queue_states(c.m, c.a, &c.mean);
	double top = log_below > log_above ? log_below : log_above;
	/* the middle state is in both */
	double above = zv_exp(log_above - top);
	double all = zv_exp(log_below - top) + above - zv_exp(-top);

	c.log_middle = -top - zv_ln(all);
	c.wait_p = above / all;
	return c;
}

static struct zv_queue_state patient_state(const struct zv_queue *q)
{
	double load = q->rate_cps * q->handling_s;
	struct zv_queue_state s = {.wait_p = zv_erlang_c(load, q->servers)};

	if (load >= q->servers) {
		s.wait_s = s.queue = INF;
		s.occupancy = q->servers > 0 ? 1 : 0;
		return s;
	}
	s.wait_s = s.wait_p * q->handling_s / (q->servers - load);
	s.queue = q->rate_cps * s.wait_s;
	s.occupancy = load / q->servers;
	return s;
}

struct zv_queue_state zv_queue_state(const struct zv_queue *q)
{
	if (!valid(q))
		return (struct zv_queue_state){NO_NUMBER, NO_NUMBER, NO_NUMBER, NO_NUMBER, NO_NUMBER};
	if (q->rate_cps == 0)
		return (struct zv_queue_state){.wait_p = q->servers > 0 ? 0 : 1};
	if (q->patience_s == INF)
		return patient_state(q);
	struct chain c = solve(q);
	struct zv_queue_state s = {.wait_p = c.wait_p, .queue = c.wait_p * c.mean};

	s.wait_s = s.queue / q->rate_cps; /* Little's law */
	s.abandon_p = s.queue / c.a;
	if (s.abandon_p > 1)
		s.abandon_p = 1;
	if (q->servers > 0)
		s.occupancy = q->rate_cps * q->handling_s * (1 - s.abandon_p) / q->servers;
	return s;
}

/* One of endless patience who finds k waiting sees k + 1 departures, at servers / handling and one
 * 1 / patience more for each who waits.  Over all k that comes to
 *	P(V > t) = P(middle) S(m, x) (x / a)^m exp(a - x), x = a exp(-t / patience). */
double zv_queue_offered_late_p(const struct zv_queue *q, double t_s)
{
	if (!valid(q) || !(t_s >= 0))
		return NO_NUMBER;
	if (q->rate_cps == 0)
		return q->servers > 0 ? 0 : 1;
	double load = q->rate_cps * q->handling_s;

	if (q->patience_s == INF) {
		if (load >= q->servers)
			return 1;
		double wait_p = zv_erlang_c(load, q->servers);

		return wait_p * zv_exp(-(q->servers - load) * (t_s / q->handling_s));
	}
	struct chain c = solve(q);

	if (t_s == 0)
		return c.wait_p;
	double left = zv_exp(-t_s / q->patience_s), mean;
	double log_s = log_queue_states(c.m, c.a * left, &mean);
	double fall = q->servers * (t_s / q->handling_s) + c.a * zv_expm1(-t_s / q->patience_s);
	double p = zv_exp(c.log_middle + log_s - fall);

	return p < c.wait_p ? p : c.wait_p;
}

double zv_queue_late_p(const struct zv_queue *q, double t_s)
{
	double p = zv_queue_offered_late_p(q, t_s);

	return p > 0 && t_s > 0 ? p * zv_exp(-t_s / q->patience_s) : p;
}

/* A share as a function of one number, with the rest of the question. */
struct question {
	double (*share)(const struct question *, double);
	struct zv_queue queue;
	double t_s, share_max;
};

static double blocked(const struct question *q, double load)
{
	return zv_erlang_b(load, q->queue.servers);
}

static double late_at_rate(const struct question *q, double rate_cps)
{
	struct zv_queue queue = q->queue;

	queue.rate_cps = rate_cps;
	return zv_queue_late_p(&queue, q->t_s);
}

static double abandoned_at_rate(const struct question *q, double rate_cps)
{
	struct zv_queue queue = q->queue;

	queue.rate_cps = rate_cps;
	return zv_queue_state(&queue).abandon_p;
}

/* Log of share / maximum: at most 0 exactly where the share is kept. */
static double excess(const void *arg, double x)
{
	const struct question *q = arg;

	return zv_ln(q->share(q, x) / q->share_max);
}

/* The largest x whose share, which rises with x, is at most the maximum.  from > 0 is where to
 * begin to look. */
static double largest(const struct question *q, double from)
{
	double lo = 0, hi = from;

	for (int i = 0; excess(q, hi) <= 0; i++) {
		if (i == 100)
			return INF;
		lo = hi;
		hi *= 2;
	}
	return zv_last_below(excess, q, lo, hi);
}

double zv_erlang_b_load(double servers, double block_max)
{
	struct question q = {.share = blocked, .queue.servers = servers, .share_max = block_max};

	if (!is_finite_from_0(servers) || !(block_max >= 0))
		return NO_NUMBER;
	if (block_max >= 1)
		return INF;
	if (block_max == 0 || servers == 0)
		return 0;
	return largest(&q, servers);
}

double zv_queue_rate_for_late(const struct zv_queue *queue, double t_s, double late_max)
{
	struct question q = {.share = late_at_rate, .queue = *queue, .t_s = t_s, .share_max = late_max};

	q.queue.rate_cps = 0;
	if (!valid(&q.queue) || !(t_s >= 0) || !(late_max >= 0))
		return NO_NUMBER;
	/* the share of those who would still be there if nobody were served */
	if (late_max >= zv_exp(-t_s / queue->patience_s))
		return INF;
	if (late_max == 0 || queue->servers == 0)
		return 0;
	return largest(&q, queue->servers / queue->handling_s);
}

double zv_queue_rate_for_abandon(const struct zv_queue *queue, double abandon_max)
{
	struct question q = {.share = abandoned_at_rate, .queue = *queue, .share_max = abandon_max};

	q.queue.rate_cps = 0;
	if (!valid(&q.queue) || !(abandon_max >= 0))
		return NO_NUMBER;
	if (abandon_max >= 1)
		return INF;
	if (queue->patience_s == INF) /* nobody leaves; beyond this the queue grows for ever */
		return queue->servers / queue->handling_s;
	if (abandon_max == 0 || queue->servers == 0)
		return 0;
	return largest(&q, queue->servers / queue->handling_s);
}

static double blocked_of(const struct question *q, double servers)
{
	return zv_erlang_b(q->queue.rate_cps, servers);
}

static double late_of(const struct question *q, double servers)
{
	struct zv_queue queue = q->queue;

	queue.servers = servers;
	return zv_queue_late_p(&queue, q->t_s);
}

static double abandoned_of(const struct question *q, double servers)
{
	struct zv_queue queue = q->queue;

	queue.servers = servers;
	return zv_queue_state(&queue).abandon_p;
}

/* The fewest whole servers from 1 whose share, which falls with them, is at most the maximum: in
 * growing steps from the load, then by halves. */
static uint32_t fewest(const struct question *q, double load)
{
	if (load > ZV_ERLANG_SERVERS_MAX)
		load = ZV_ERLANG_SERVERS_MAX;
	uint32_t step = 1 + (uint32_t)zv_sqrt(load);
	uint32_t no = 0, yes = load < 1 ? 1 : (uint32_t)load;

	if (q->share(q, yes) <= q->share_max) {
		for (; yes > step && q->share(q, yes - step) <= q->share_max; step *= 2)
			yes -= step;
		no = yes > step ? yes - step : 0;
	} else {
		do {
			if (yes == ZV_ERLANG_SERVERS_MAX)
				return 0;
			no = yes;
			yes = step < ZV_ERLANG_SERVERS_MAX - yes ? yes + step : ZV_ERLANG_SERVERS_MAX;
			step *= 2;
		} while (!(q->share(q, yes) <= q->share_max));
	}
	while (yes - no > 1) {
		uint32_t middle = no + (yes - no) / 2;

		if (q->share(q, middle) <= q->share_max)
			yes = middle;
		else
			no = middle;
	}
	return yes;
}

uint32_t zv_erlang_b_servers(double load, double block_max)
{
	struct question q = {.share = blocked_of, .queue.rate_cps = load, .share_max = block_max};

	return is_finite_from_0(load) && block_max > 0 ? fewest(&q, load) : 0;
}

uint32_t zv_queue_servers_for_late(const struct zv_queue *queue, double t_s, double late_max)
{
	struct question q = {.share = late_of, .queue = *queue, .t_s = t_s, .share_max = late_max};

	q.queue.servers = 0;
	if (!valid(&q.queue) || !(t_s >= 0) || !(late_max > 0))
		return 0;
	return fewest(&q, queue->rate_cps * queue->handling_s);
}

uint32_t zv_queue_servers_for_abandon(const struct zv_queue *queue, double abandon_max)
{
	struct question q = {.share = abandoned_of, .queue = *queue, .share_max = abandon_max};

	q.queue.servers = 0;
	if (!valid(&q.queue) || !(abandon_max > 0))
		return 0;
	return fewest(&q, queue->rate_cps * queue->handling_s);
}
