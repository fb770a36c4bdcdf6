/* The fields of a stored value (its checksum has been forged): what a decoder accepts, the encoder
 * writes again byte by byte. */
#include <stdlib.h>
#include <string.h>

#include "store/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define V1 128 /* in the first byte: the value is of version 1 */
#define V2 64
#define WHICH 63

static uint8_t out[ZV_VALUE_MAX], out2[ZV_VALUE_MAX];

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
TRY(struct zv_mark_rec, mark)
TRY(struct zv_suppress_rec, suppress)
TRY(struct zv_registry_rec, registry)
TRY(struct zv_evidence_row, evidence)
TRY(struct zv_ruleset_rec, ruleset)
TRY(struct zv_note, note)
TRY(struct zv_recording, recording)
TRY(struct zv_request, request)
static bool try_tally(struct zv_r r, struct zv_w *w)
{
	uint32_t n[ZV_FACTS];

	if (zv_tally_decode(r, n) != ZV_OK)
		return false;
	zv_tally_encode(w, n);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool (*const tries[])(struct zv_r r, struct zv_w *w) = {
		try_lead, try_person, try_open, try_names, try_counts, try_log, try_ledger, try_outbox,
		try_mark, try_suppress, try_registry, try_evidence, try_ruleset, try_tally,
		try_note, try_recording, try_request,
	};
	struct zv_w w = zv_w_begin(out, sizeof(out), ZV_RECORD_VERSION);
	struct zv_w again = zv_w_begin(out2, sizeof(out2), ZV_RECORD_VERSION);
	struct zv_r r;

	if (size < 1)
		return 0;
	r = (struct zv_r){.p = data + 1, .left = size - 1, .version = (data[0] & V1) != 0   ? 1
				      : (data[0] & V2) != 0 ? 2
							    : 3};
	if (!tries[(data[0] & WHICH) % (sizeof(tries) / sizeof(tries[0]))](r, &w))
		return 0;
	/* A value of an older version is written as one of today's. */
	if (r.version < ZV_RECORD_VERSION) {
		r = (struct zv_r){.p = w.p + 1, .left = w.n - 1, .version = ZV_RECORD_VERSION};
		if (w.bad || !tries[(data[0] & WHICH) % (sizeof(tries) / sizeof(tries[0]))](r, &again))
			abort();
		return 0;
	}
	if (w.bad || w.n != size || memcmp(w.p + 1, data + 1, size - 1) != 0)
		abort();
	return 0;
}
