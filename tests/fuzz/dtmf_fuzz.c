/* Events of RFC 4733 from a hostile far end, with tones between them: a press is told once. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "media/keys.h"
#include "media/rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORD 10u

static void check(char key)
{
	if (key != 0 && strchr("0123456789*#ABCD", key) == NULL)
		__builtin_trap();
}

/* Records: what it is, length of the payload, sequence, timestamp's changes, four bytes of payload. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zv_keys keys;
	struct zv_rtp rtp = {.payload_type = 101, .seq = 65530, .timestamp = UINT32_MAX - 800};
	int64_t now_ms = 0;

	zv_keys_init(&keys);
	for (; size >= RECORD; data += RECORD, size -= RECORD) {
		uint32_t len = data[1] % 9; /* 4 is right */
		uint8_t *exact = malloc(len > 0 ? len : 1), payload[8] = {0};

		memcpy(payload, data + 6, 4);
		memcpy(exact, payload, len);
		rtp.seq = (uint16_t)(rtp.seq + (int8_t)data[2]);
		now_ms += data[3];
		rtp.timestamp += (uint32_t)((int8_t)data[4] * 80 + (data[5] & 3) * 0x4000);
		rtp.marker = data[0] & 1;
		rtp.payload = exact;
		rtp.len = len;
		if ((data[0] & 0xf0) == 0xf0) {
			zv_keys_restart(&keys);
		} else if ((data[0] & 0xf0) == 0xe0) {
			check(zv_keys_inband(&keys, "0123456789*#ABCD"[data[6] & 15], now_ms));
		} else {
			check(zv_keys_event(&keys, &rtp, now_ms));
			/* The very packet again is never a press. */
			if (zv_keys_event(&keys, &rtp, now_ms) != 0)
				__builtin_trap();
		}
		free(exact);
	}
	return 0;
}
