/* bench/detect/tally.h -- what was heard against what was true. */
#ifndef ZV_BENCH_TALLY_H
#define ZV_BENCH_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "media/detect/detect.h"

#define TALLY_NAMES 64
#define TALLY_CALLS 65536u

/* What one detector said of one call. */
struct heard {
	uint8_t first, last;      /* enum zv_detected: the verdict acted on, and the last revision */
	uint8_t cause;            /* of the first */
	uint32_t at_ms, last_ms;
	uint32_t word_ms, quiet_ms; /* since the first word began, since the last one ended */
};

struct call {
	char id[24], truth[16], name[24], language[8];
	bool is_early;
	uint32_t beep_ms, speech_ms; /* speech_ms: length of the plan's sound */
	struct heard ours, amd;
};

struct tally {
	struct call *calls;
	uint32_t n;
};

/* Verdicts that are right for a truth of the plan. */
bool tally_is_right(const struct call *call, uint8_t heard);
/* A machine found within four seconds, or by its beep, at once or by a revision. */
bool tally_in_time(const struct call *call, const struct heard *heard);

void tally_print(const struct tally *tally);
/* One JSON object a line: {"name","value","unit","n","p50","p99","cpu_us","rss_kb"}. */
void tally_print_json(const struct tally *tally);

struct tally_rates {
	uint32_t persons, machines, early;
	double person_as_machine, person_unsure; /* percent of persons; at any time, by the first verdict */
	double machine_as_person, machine_in_time, machine_late, machine_never; /* percent of machines */
	double early_right;                      /* percent */
	uint32_t word_p50_ms, word_p95_ms, quiet_p50_ms; /* persons, since their words */
	uint32_t person_p50_ms, person_p95_ms, machine_p50_ms, machine_p95_ms, person_p99_ms, machine_p99_ms;
};
void tally_rates(const struct tally *tally, bool is_ours, struct tally_rates *ret_rates);

#endif
