/* Flags and consents that a row brings. */
#include <stdio.h>

#include "store/import_in.h"

bool zv_row_name(const char **p, size_t *left, const char **ret_name, size_t *ret_len)
{
	size_t n = 0;

	while (*left > 0 && strchr(",; \t|", **p) != NULL) {
		(*p)++;
		(*left)--;
	}
	while (n < *left && strchr(",; \t|", (*p)[n]) == NULL)
		n++;
	*ret_name = *p;
	*ret_len = n;
	*p += n;
	*left -= n;
	return n > 0;
}

enum zv_err zv_batch_marks(struct zv_batch *batch, const struct zv_row *row)
{
	const struct zv_batch *b = batch;
	static const uint8_t kinds[2] = {ZV_MARK_FLAG, ZV_MARK_CONSENT};
	char reason[ZV_TOLD_MAX];
	enum zv_err err = ZV_OK;

	(void)snprintf(reason, sizeof(reason), "list %.150s row %u", b->list, row->row);
	for (int k = 0; k < 2; k++) {
		const char *p = b->arena + row->told[k], *name;
		size_t left = row->told_len[k], n;

		while (err == ZV_OK && zv_row_name(&p, &left, &name, &n)) {
			char text[ZV_TOLD_MAX];
			struct zv_mark_row mark = {.person = row->person,
						   .source = ZV_SUPPRESS_IMPORT,
						   .set_ms = b->now_cal_ms,
						   .name = text,
						   .reason = reason};

			if (n >= sizeof(text))
				n = sizeof(text) - 1;
			memcpy(text, name, n);
			text[n] = 0;
			mark.mark = (struct zv_mark){.name = zv_rule_name(text, n),
						     .from_ms = b->now_cal_ms,
						     .to_ms = INT64_MAX,
						     .kind = kinds[k]};
			err = zv_db_name_put(b->txn, text);
			if (err == ZV_OK)
				err = zv_db_mark_put(b->txn, &mark);
		}
	}
	return err;
}
