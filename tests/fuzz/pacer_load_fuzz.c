/* What a pacer learned yesterday, read back from bytes that anybody may have touched: the length and
 * the checksum are made right here, so that what lies behind them is reached.  Whatever is loaded
 * must decide soundly. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "dial/pacing/predictive.h"

#define HEAD 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put32(uint8_t *b, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		b[i] = (uint8_t)(v >> (8 * i));
}

static void use(void *pacer)
{
	struct zv_pacer_in in = {.size = sizeof(in), .lines_free = 100, .carrier_room = 100, .leads_left = 100};
	struct zv_pacer_out out;

	for (uint32_t i = 0; i < 12; i++) {
		in.now_ms = i * 700;
		zv_predictive_ops.event(pacer, &(struct zv_pacer_event){
			.at_ms = in.now_ms, .kind = ZV_PEV_AGENT, .agent = i % 8, .state = (uint8_t)(i % 3 + 1)});
		zv_predictive_ops.event(pacer, &(struct zv_pacer_event){
			.at_ms = in.now_ms, .kind = ZV_PEV_PLACED, .slot = i, .list = (uint16_t)(i % 3),
			.score_ppm = i * 10000});
		if (zv_predictive_ops.decide(pacer, &in, 1, &out) != ZV_OK || out.place > 100 ||
		    out.n_cancel > ZV_PACER_CANCELS || out.next_ms <= in.now_ms)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zv_pacer_shape shape = {
		.size = sizeof(shape), .calls = 64, .agents = 8, .trunks = 1, .lists = 3, .attempts = 1, .skills = 1};
	struct zv_pacer_settings settings = {.size = sizeof(settings), .mode = ZV_PACE_PREDICTIVE, .n_rules = 1,
		.cancel = 1, .ring_min_ms = 15000, .ring_max_ms = 28000, .patience_ms = 2000,
		.rules = {{.limit_ppm = 30000, .window = ZV_PACER_DAY, .end_ms = 28800000}}};
	uint8_t *bytes = malloc(size + 1);
	void *pacer = NULL;

	if (bytes == NULL || zv_predictive_ops.open_campaign(NULL, &shape, NULL, &pacer) != ZV_OK)
		abort();
	memcpy(bytes, data, size);
	if (size >= HEAD) {
		put32(bytes + 8, (uint32_t)size);
		put32(bytes + 12, zv_crc32c(0, bytes + HEAD, size - HEAD));
	}
	if (zv_predictive_ops.set(pacer, &settings) != ZV_OK)
		abort();
	(void)zv_predictive_ops.load(pacer, bytes, size);
	use(pacer);
	zv_predictive_ops.close_campaign(NULL, pacer);
	free(bytes);
	return 0;
}
