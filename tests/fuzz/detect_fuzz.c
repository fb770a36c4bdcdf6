/* Any parameters and any sound through both detectors. */
#include <stdint.h>
#include <string.h>

#include "media/detect/amd.h"
#include "media/detect/detect.h"
#include "media/g711.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct zv_detector *d, uint32_t fed_ms)
{
	struct zv_detect_verdict v = zv_detect_verdict(d);

	if (v.heard >= ZV_DETECTED_MAX || v.cause >= ZV_CAUSE_MAX || v.at_ms > fed_ms)
		__builtin_trap();
	if (v.heard != ZV_DETECTED_NOTHING && zv_detected_name(v.heard)[0] == 0)
		__builtin_trap();
	/* Before an answer nobody is a person, after it nothing rings. */
	if (d->params.kind == ZV_DETECT_EARLY ? v.heard == ZV_DETECTED_PERSON : v.heard >= ZV_DETECTED_RINGING)
		__builtin_trap();
}

/* The parameters' bytes, then pieces: one byte of kind and length, octets of G.711 or as they are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zv_detect_params params;
	struct zv_amd_params rule;
	struct zv_detector d;
	struct zv_amd amd;
	uint64_t fed = 0;

	if (size < sizeof(params) + sizeof(rule))
		return 0;
	memcpy(&params, data, sizeof(params));
	memcpy(&rule, data + sizeof(params), sizeof(rule));
	params.kind &= 1;
	data += sizeof(params) + sizeof(rule);
	size -= sizeof(params) + sizeof(rule);
	zv_detect_init(&d, &params);
	zv_amd_init(&amd, &rule);
	while (size > 0) {
		uint32_t n = 8u * (1 + (data[0] & 0x3fu));
		uint8_t kind = data[0] >> 6;

		data++;
		size--;
		if (n > size)
			n = (uint32_t)size;
		if (kind == 0) {
			zv_detect_lost(&d, n * 8);
			zv_amd_lost(&amd, n * 8);
			fed += n * 8 + 20;
			continue;
		}
		/* The same sound again and again: some seconds of a call from a few bytes. */
		for (int again = 0; again < (kind == 3 ? 40 : 1); again++) {
			const int16_t *law = kind == 2 ? zv_ulaw_linear : zv_alaw_linear;

			zv_detect_feed_law(&d, law, data, n);
			zv_amd_feed_law(&amd, law, data, n);
			fed += n;
		}
		data += n;
		size -= n;
		check(&d, (uint32_t)fed);
	}
	check(&d, (uint32_t)fed);
	zv_amd_hangup(&amd);
	if (amd.status == ZV_AMD_NONE || zv_amd_status_name(amd.status)[0] == 0)
		__builtin_trap();
	return 0;
}
