/* One question before every contact: what a limit, an hour or a stranger's clock answers. */
#include "rules_bed.h"

static const struct zv_rule_window one_day = {.kind = ZV_WINDOW_CALENDAR, .unit = ZV_UNIT_DAY, .n = 1};

Test(rules_decide, a_limit_holds_until_the_day_ends_where_the_person_lives, .init = bed_start)
{
	bed_freq(ZV_FACT_CONVERSATION, 2, one_day);
	bed_yes(msk("2026-03-11 12:00"));
	bed_contact(msk("2026-03-11 09:00"), TALK);
	bed_yes(msk("2026-03-11 12:00"));
	cr_assert_eq(bed.verdict.n_counts, 1);
	cr_assert_eq(bed.verdict.counts[0].used, 1);
	bed_contact(msk("2026-03-11 10:00"), TALK);
	bed_no(msk("2026-03-11 12:00"), ZV_DETAIL_LIMIT, msk("2026-03-12 00:00"));
	bed_no(msk("2026-03-11 23:59"), ZV_DETAIL_LIMIT, msk("2026-03-12 00:00"));
	bed_yes(msk("2026-03-12 00:00"));
}

Test(rules_decide, a_refusal_looks_ahead_into_open_hours, .init = bed_start)
{
	bed_freq(ZV_FACT_CONVERSATION, 1, one_day);
	bed_hours(ZV_DAY_ANY, 9 * 60, 20 * 60);
	bed_contact(msk("2026-03-11 09:00"), TALK);
	bed_no(msk("2026-03-11 12:00"), ZV_DETAIL_LIMIT, msk("2026-03-12 09:00"));
	bed_no(msk("2026-03-11 21:00"), ZV_DETAIL_CLOSED, msk("2026-03-12 09:00"));
	bed_yes(msk("2026-03-12 09:00"));
	cr_assert_eq(bed.verdict.open_until_ms, msk("2026-03-12 20:00"));
	bed_no(msk("2026-03-12 08:59"), ZV_DETAIL_CLOSED, msk("2026-03-12 09:00"));
	bed_no(msk("2026-03-12 20:00"), ZV_DETAIL_CLOSED, msk("2026-03-13 09:00"));
}
