/* quick */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "pacers.h"

int main(int argc, char **argv)
{
	struct floor *f = floor_create();
	struct floor_conf conf = {.agents = 10, .answer = 0.15, .handle_s = 60, .limit_ppm = 30000};
	int pacer = 0, seeds = 3;
	double knob = 0;
	double occ = 0, ans = 0, ab = 0, placed = 0, over = 0, events = 0, canc = 0;

	for (int i = 1; i + 1 < argc; i += 2) {
		double v = atof(argv[i + 1]);
		if (!strcmp(argv[i], "n")) conf.agents = (uint32_t)v;
		if (!strcmp(argv[i], "p")) conf.answer = v;
		if (!strcmp(argv[i], "h")) conf.handle_s = v;
		if (!strcmp(argv[i], "exp")) conf.times = v != 0;
		if (!strcmp(argv[i], "pacer")) pacer = (int)v;
		if (!strcmp(argv[i], "seeds")) seeds = (int)v;
		if (!strcmp(argv[i], "knob")) knob = v;
		if (!strcmp(argv[i], "ring")) conf.ring_min_ms = (uint32_t)v;
	}
	struct timespec a, b;
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int s = 0; s < seeds; s++) {
		struct pacer p;
		struct floor_day d;
		pacer_open(&p, (enum pacer_name)pacer, &conf, knob);
		floor_run(f, &conf, (uint64_t)s + 1, &p.floor, &d);
		pacer_close(&p);
		occ += d.busy_s / d.staffed_s; ans += (double)d.base; ab += (double)d.abandoned; placed += (double)d.placed;
		over += (double)d.abandoned > 0.03 * (double)d.base; events += (double)d.events; canc += (double)d.cancelled;
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	double t = (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
	printf("%s n=%u h=%g p=%g: occ %.2f ab %.3f over %.2f placed %.0f cancelled %.0f  %.3f us/event %.3f s/day\n", pacer_names[pacer], conf.agents, conf.handle_s, conf.answer,
	       100 * occ / seeds, 100 * ab / ans, over / seeds, placed / seeds, canc / seeds, 1e6 * t / events, t / seeds);
	return 0;
}
