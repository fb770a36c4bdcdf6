#include <criterion/criterion.h>

#include "base/hash.h"
#include "base/heap.h"

Test(heap, gives_back_in_order_whatever_was_moved_and_removed)
{
	struct zv_heap heap;
	int64_t last = INT64_MIN;
	uint32_t n = 0;

	cr_assert_eq(zv_heap_init(&heap, 1000), ZV_OK);
	for (uint32_t i = 0; i < 1000; i++)
		zv_heap_set(&heap, i, (struct zv_heap_key){(int64_t)(zv_mix64(i) % 500), i});
	for (uint32_t i = 0; i < 1000; i += 3)
		zv_heap_set(&heap, i, (struct zv_heap_key){(int64_t)(zv_mix64(i + 7777) % 900), i});
	for (uint32_t i = 1; i < 1000; i += 3)
		zv_heap_remove(&heap, i);
	zv_heap_remove(&heap, 1);
	while (heap.n > 0) {
		uint32_t id = zv_heap_top(&heap);

		cr_assert_neq(id % 3, 1, "a removed id came back");
		cr_assert_geq(zv_heap_top_key(&heap), last);
		last = zv_heap_top_key(&heap);
		zv_heap_remove(&heap, id);
		cr_assert_not(zv_heap_has(&heap, id));
		n++;
	}
	cr_assert_eq(n, 667);
	cr_assert_eq(zv_heap_top_key(&heap), INT64_MAX);
	zv_heap_fini(&heap);
}
