/* The fields of a stored value (its checksum has been forged): what a decoder accepts, the encoder
 * writes again byte by byte. */
#include <stdlib.h>
#include <string.h>

#include "store/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[ZV_VALUE_MAX];

#define TRY(type_, name_)                                                                      \
	static bool try_##name_(struct zv_r r, struct zv_w *w)                                 \
	{                                                                                      \
		static type_ rec;                                                              \
                                                                                               \
		memset(&rec, 0, sizeof(rec));                                                  \
		if (zv_##name_##_decode(r, &rec) != ZV_OK)                                     \
			return false;                                                          \
		zv_##name_##_encode(w, &rec);                                                  \
		return true;                                                                   \
	}

TRY(struct zv_lead_rec, lead)
TRY(struct zv_person_rec, person)
TRY(struct zv_open_rec, open)
TRY(struct zv_names_rec, names)
TRY(struct zv_counts_rec, counts)
TRY(struct zv_log_row, log)
TRY(struct zv_ledger_row, ledger)
TRY(struct zv_outbox_row, outbox)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool (*const tries[])(struct zv_r r, struct zv_w *w) = {
		try_lead, try_person, try_open, try_names, try_counts, try_log, try_ledger, try_outbox,
	};
	struct zv_w w = zv_w_begin(out, sizeof(out), ZV_RECORD_VERSION);
	struct zv_r r;

	if (size < 1)
		return 0;
	r = (struct zv_r){.p = data + 1, .left = size - 1};
	if (!tries[data[0] % (sizeof(tries) / sizeof(tries[0]))](r, &w))
		return 0;
	if (w.bad || w.n != size || memcmp(w.p + 1, data + 1, size - 1) != 0)
		abort();
	return 0;
}
