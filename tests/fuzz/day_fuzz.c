/* An offer of a recorded day: it fits or is refused, nothing is written beyond the slabs, and what
 * fits is written again as it was. */
#include <stdlib.h>
#include <string.h>

#include "sim/record.h"

#define SLABS 4u
#define GUARD 0x5a

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct { struct zv_offer v[SLABS]; uint8_t guard[64]; } offers;
	static struct { struct zv_person_slab v[SLABS]; uint8_t guard[64]; } people;
	struct zv_slabs slabs = {offers.v, SLABS};
	struct zv_person_slabs persons = {people.v, SLABS};
	struct zv_record_bytes again = {0};
	uint32_t slab;

	memset(offers.guard, GUARD, sizeof(offers.guard));
	memset(people.guard, GUARD, sizeof(people.guard));
	if (zv_record_read_offer(data, size, &slabs, &persons) == ZV_OK) {
		memcpy(&slab, data, sizeof(slab));
		(void)zv_record_zones(&offers.v[slab], &persons);
		zv_record_offer(&again, slab, &offers.v[slab], &persons);
		/* A payload without its person is written with whoever stands there. */
		if (again.n < 8 + size || memcmp(again.v + 8, data, size) != 0)
			abort();
		free(again.v);
	}
	for (size_t i = 0; i < 64; i++)
		if (offers.guard[i] != GUARD || people.guard[i] != GUARD)
			abort();
	return 0;
}
