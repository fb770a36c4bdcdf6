/* Prints the hashes of some worlds, for a comparison between machines, compilers and versions of
 * the C library's mathematics. */
#include <inttypes.h>
#include <stdio.h>

#include "scene.h"

static void print(const char *name, struct scene *s)
{
	struct zv_sim_result r;

	if (zv_sim_run(&s->params, &r) != ZV_OK) {
		printf("%s failed\n", name);
		return;
	}
	printf("%s %016" PRIx64 " %" PRIu64 " events\n", name, r.trace.hash, r.trace.events);
	zv_sim_result_fini(&r);
	scene_destroy(s);
}

int main(void)
{
	struct scene *s = scene_create(11, 400);

	zv_faults_random(&s->params.faults, 11, 6 * SCENE_HOUR_MS, 2, 2);
	print("robots", s);
	s = scene_create_floor(12, 8000, 25);
	s->lists[0].people.spread = 0.8;
	s->params.teams[0].speed_cv = 0.3;
	zv_faults_random(&s->params.faults, 12, 6 * SCENE_HOUR_MS, 2, 2);
	if (zv_people_ready(&s->lists[0].people) == ZV_OK)
		print("agents", s);
	return 0;
}
