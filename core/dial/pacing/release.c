#include "dial/pacing/release.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"

#define PRIOR_TALK_S 120.0f /* mean, before anything is known */
#define PRIOR_WRAP_S 15.0f
#define PULL_S       240.0f /* time by which a bin is drawn to the whole, a skill to the team */
#define MEMORY_ENDS  2000.0f

/* Where the bins begin, in seconds; one more for the end of the last. */
static float edge[ZV_AGE_BINS + 1];
static uint8_t bin_of[1024]; /* by half second up to 64 s, then by 8 s */

static uint32_t find(float s)
{
	uint32_t b = 0;

	while (b + 1 < ZV_AGE_BINS && s >= edge[b + 1])
		b++;
	return b;
}

__attribute__((constructor)) static void fill(void)
{
	float s = 0;

	for (int b = 0; b <= ZV_AGE_BINS; b++) {
		edge[b] = s;
		s += s < 16 ? 2 : s / 8;
	}
	for (int i = 0; i < 128; i++)
		bin_of[i] = (uint8_t)find((float)i / 2);
	for (int i = 128; i < 1024; i++)
		bin_of[i] = (uint8_t)find(64 + (float)(i - 128) * 8);
}

/* The bin of an age; the bins beyond 64 s begin where they may, so one step on may be due. */
static uint32_t bin_at(float s)
{
	uint32_t b;

	if (s < 64)
		return bin_of[(uint32_t)(s * 2)];
	b = s < 7200 ? bin_of[128 + (uint32_t)((s - 64) / 8)] : ZV_AGE_BINS - 1;
	while (b + 1 < ZV_AGE_BINS && s >= edge[b + 1])
		b++;
	return b;
}

enum zv_err zv_release_init(struct zv_release *r, uint32_t n_skills, float step_s)
{
	memset(r, 0, sizeof(*r));
	r->skills = calloc(n_skills + 1, sizeof(*r->skills));
	if (r->skills == NULL)
		return ZV_ENOMEM;
	r->n_skills = n_skills;
	r->step_s = step_s;
	r->pace_within = 0.6f;
	zv_release_build(r);
	return ZV_OK;
}

void zv_release_fini(struct zv_release *r)
{
	free(r->skills);
	memset(r, 0, sizeof(*r));
}

static void spend(struct zv_stay *stay, float from, float to, int ended)
{
	uint32_t b = bin_at(from);
	float end = to;

	for (; b < ZV_AGE_BINS && from < to; b++) {
		float until = b + 1 < ZV_AGE_BINS && edge[b + 1] < to ? edge[b + 1] : to;

		stay->spent_s[b] += until - from;
		stay->all_s += until - from;
		from = until;
	}
	if (ended) {
		stay->ends[bin_at(end)] += 1;
		stay->all_ends += 1;
	}
}

void zv_release_spent(struct zv_release *r, uint16_t skill, int wrap, int64_t from_ms, int64_t to_ms, int ended)
{
	struct zv_skill_release *team = &r->skills[r->n_skills];
	float from = (float)from_ms / 1000, to = (float)to_ms / 1000;

	if (to < from)
		return;
	r->fresh += ended ? 1 : 0;
	spend(wrap ? &team->wrap : &team->talk, from, to, ended);
	if (r->n_skills > 1 && skill < r->n_skills)
		spend(wrap ? &r->skills[skill].wrap : &r->skills[skill].talk, from, to, ended);
}

void zv_release_pace(struct zv_release *r, struct zv_pace *p, int64_t talk_ms)
{
	float x = (float)zv_ln((double)(talk_ms > 100 ? talk_ms : 100) / 1000), off, weight;

	if (r->log_n == 0)
		r->log_mean = x;
	r->log_n = r->log_n < 2000 ? r->log_n + 1 : r->log_n;
	r->log_mean += (x - r->log_mean) / r->log_n;
	off = x - r->log_mean;
	if (p->n >= 400) {
		p->log_sum *= 399.0f / 400;
		p->n = 399;
	}
	p->log_sum += off;
	p->n += 1;
	r->pace_within += (off * off - r->pace_within) / (r->log_n + 20);
	weight = r->pace_between > 0 ? p->n / (p->n + r->pace_within / r->pace_between) : 0;
	p->pace = (float)zv_exp((double)(weight * p->log_sum / p->n));
}

/* Variance of the agents' means beyond what chance gives them (DerSimonian, Laird 1986, simply
 * weighted by talks); never below nothing. */
void zv_release_spread(struct zv_release *r, const struct zv_pace *paces, uint32_t stride, uint32_t n)
{
	const char *at = (const char *)paces;
	float sum = 0, talks = 0, agents = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct zv_pace p;

		memcpy(&p, at + (size_t)i * stride, sizeof(p));
		if (p.n < 5)
			continue;
		sum += p.log_sum * p.log_sum / p.n; /* mean squared, weighted by talks */
		talks += p.n;
		agents += 1;
	}
	if (agents < 3)
		return;
	/* E(sum) = agents * within + talks * between */
	sum = (sum - agents * r->pace_within * (1 + 2 / (float)zv_sqrt((double)agents))) / talks;
	r->pace_between = sum > 0 ? sum : 0;
}

static void fade(struct zv_stay *stay)
{
	float f;

	if (stay->all_ends <= MEMORY_ENDS)
		return;
	f = MEMORY_ENDS / stay->all_ends;
	for (int b = 0; b < ZV_AGE_BINS; b++) {
		stay->ends[b] *= f;
		stay->spent_s[b] *= f;
	}
	stay->all_ends *= f;
	stay->all_s *= f;
}

/* Hazards of a stay, drawn bin by bin to its neighbours, the parent's and the whole. */
static void hazards(struct zv_stay *stay, const struct zv_stay *parent, float prior_s)
{
	float all;

	fade(stay);
	all = (stay->all_ends + 2) / (stay->all_s + 2 * prior_s);
	for (int b = 0; b < ZV_AGE_BINS; b++) {
		float ends = stay->ends[b] * 2, spent = stay->spent_s[b] * 2, up = parent != NULL ? parent->hazard[b] : all;
		float pull = parent != NULL ? PULL_S : 0.3f / all;

		if (b > 0) {
			ends += stay->ends[b - 1];
			spent += stay->spent_s[b - 1];
		}
		if (b + 1 < ZV_AGE_BINS) {
			ends += stay->ends[b + 1];
			spent += stay->spent_s[b + 1];
		}
		/* weights 1 2 1: as many ends as their sum over four, twice over, say */
		stay->hazard[b] = (ends / 2 + pull * up) / (spent / 2 + pull);
	}
}

/* P(ended within j steps | age), all ages. */
static void ended_within(const struct zv_stay *stay, float step_s, float ret_free[ZV_AGE_BINS + 1][ZV_AHEAD])
{
	for (int b = 0; b <= ZV_AGE_BINS; b++) {
		float stays = 1, at = edge[b];

		for (int j = 0; j < ZV_AHEAD; j++) {
			float h = stay->hazard[bin_at(at + step_s / 2)] * step_s;

			ret_free[b][j] = 1 - stays;
			stays *= h < 1.8f ? (2 - h) / (2 + h) : 0.05f; /* near exp(-h) */
			at += step_s;
		}
	}
}

static void tables(struct zv_skill_release *s, float step_s)
{
	float wrap[ZV_AHEAD], ends[ZV_AHEAD];

	ended_within(&s->wrap, step_s, s->wrap_free);
	ended_within(&s->talk, step_s, s->talk_free);
	/* wrap-up ends within j steps and a half: talks end in the middle of a step */
	for (int j = 0; j < ZV_AHEAD; j++)
		wrap[j] = j + 1 < ZV_AHEAD ? (s->wrap_free[0][j] + s->wrap_free[0][j + 1]) / 2 : s->wrap_free[0][j];
	for (int b = 0; b <= ZV_AGE_BINS; b++) {
		for (int j = 0; j + 1 < ZV_AHEAD; j++)
			ends[j] = s->talk_free[b][j + 1] - s->talk_free[b][j];
		s->talk_free[b][0] = 0;
		for (int j = 1; j < ZV_AHEAD; j++) {
			float sum = 0;

			for (int i = 0; i < j; i++)
				sum += ends[i] * wrap[j - 1 - i];
			s->talk_free[b][j] = sum;
		}
	}
}

void zv_release_build(struct zv_release *r)
{
	struct zv_skill_release *team = &r->skills[r->n_skills];

	r->fresh = 0;
	hazards(&team->talk, NULL, PRIOR_TALK_S);
	hazards(&team->wrap, NULL, PRIOR_WRAP_S);
	tables(team, r->step_s);
	for (uint32_t i = 0; r->n_skills > 1 && i < r->n_skills; i++) {
		hazards(&r->skills[i].talk, &team->talk, PRIOR_TALK_S);
		hazards(&r->skills[i].wrap, &team->wrap, PRIOR_WRAP_S);
		tables(&r->skills[i], r->step_s);
	}
}

void zv_release_term(const struct zv_release *r, const struct zv_busy_agent *a, struct zv_grid_term *ret_term)
{
	const struct zv_skill_release *s = &r->skills[r->n_skills > 1 && a->skill < r->n_skills ? a->skill : r->n_skills];
	float age = a->age_s / a->pace, per_step = 1 / (r->step_s * a->pace);
	uint32_t b = bin_at(age);
	float w = (age - edge[b]) / (edge[b + 1] - edge[b]), half = 0.5f * a->grid_step;
	const float *low = a->wrap ? s->wrap_free[b] : s->talk_free[b];
	const float *high = a->wrap ? s->wrap_free[b + 1] : s->talk_free[b + 1];

	w = w > 1 ? 1 : w;
	for (int g = 0; g < ZV_GRID; g++) {
		float x = (half * zv_grid_at_hs[g] + a->patience_s) * per_step, f, l, h;
		uint32_t j;

		x = x > ZV_AHEAD - 1.001f ? ZV_AHEAD - 1.001f : x;
		j = (uint32_t)x;
		f = x - (float)j;
		l = low[j] + f * (low[j + 1] - low[j]);
		h = high[j] + f * (high[j + 1] - high[j]);
		l = (1 - l - w * (h - l)) * ZV_GRID_ONE;
		ret_term->q[g] = (uint16_t)(l < 0 ? 0 : l > ZV_GRID_ONE ? ZV_GRID_ONE : l);
	}
}

float zv_release_mean_s(const struct zv_release *r)
{
	const struct zv_skill_release *t = &r->skills[r->n_skills];

	return (t->talk.all_s + 2 * PRIOR_TALK_S) / (t->talk.all_ends + 2) +
	       (t->wrap.all_s + 2 * PRIOR_WRAP_S) / (t->wrap.all_ends + 2);
}
