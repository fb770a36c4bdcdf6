/* The published layout.  A change here breaks plugins that were built before it: it needs a new
 * ZV_ABI_MAJOR; an addition at an end needs a new ZV_ABI_MINOR and a line below. */
#include <stddef.h>

#include "zvonar/pacer.h"
#include "zvonar/strategy.h"

#define AT(type, field, offset) \
	_Static_assert(offsetof(struct type, field) == (offset), #type "." #field " has moved")
#define SIZE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), #type " has changed its size")

_Static_assert(ZV_PLUGIN_MAGIC == 0x7a766f6eu && ZV_ABI_MAJOR == 1, "another interface");

AT(zv_plugin, magic, 0);
AT(zv_plugin, abi_major, 4);
AT(zv_plugin, abi_minor, 6);
AT(zv_plugin, size, 8);
AT(zv_plugin, kind, 12);
AT(zv_plugin, flags, 16);
AT(zv_plugin, name, 24);
AT(zv_plugin, version, 32);
AT(zv_plugin, licence, 40);
AT(zv_plugin, ops, 48);
AT(zv_plugin, open, 56);
AT(zv_plugin, close, 64);
SIZE(zv_plugin, 72);

AT(zv_host, size, 0);
AT(zv_host, ctx, 8);
AT(zv_host, log, 16);
AT(zv_host, conf_count, 24);
AT(zv_host, conf_at, 32);
AT(zv_host, conf_key, 40);
AT(zv_host, conf_get, 48);
AT(zv_host, conf_text, 56);
AT(zv_host, conf_error, 64);
AT(zv_host, to_local, 72);
AT(zv_host, from_local, 80);
AT(zv_host, window, 88);
SIZE(zv_host, 96);

AT(zv_local, day, 0);
AT(zv_local, second_of_day, 4);
AT(zv_local, utc_offset_s, 8);
AT(zv_local, year, 12);
AT(zv_local, month, 14);
AT(zv_local, mday, 15);
AT(zv_local, wday, 16);
SIZE(zv_local, 20);

AT(zv_attempt_brief, at_ms, 0);
AT(zv_attempt_brief, outcome, 8);
AT(zv_attempt_brief, result, 9);
AT(zv_attempt_brief, number, 10);
AT(zv_attempt_brief, round, 11);
AT(zv_attempt_brief, talk_s, 12);
AT(zv_attempt_brief, sip_code, 14);
SIZE(zv_attempt_brief, 16);

AT(zv_number_brief, e164, 0);
AT(zv_number_brief, valid_from_day, 8);
AT(zv_number_brief, valid_to_day, 12);
AT(zv_number_brief, zone, 16);
AT(zv_number_brief, kind, 18);
AT(zv_number_brief, status, 19);
AT(zv_number_brief, order, 20);
SIZE(zv_number_brief, 24);

AT(zv_strategy_in, size, 0);
AT(zv_strategy_in, campaign, 4);
AT(zv_strategy_in, lead, 8);
AT(zv_strategy_in, seed, 16);
AT(zv_strategy_in, now_ms, 24);
AT(zv_strategy_in, zone, 32);
AT(zv_strategy_in, round, 34);
AT(zv_strategy_in, category, 35);
AT(zv_strategy_in, n_numbers, 36);
AT(zv_strategy_in, n_history, 37);
AT(zv_strategy_in, numbers, 40);
AT(zv_strategy_in, history, 48);
SIZE(zv_strategy_in, 56);

AT(zv_strategy_out, size, 0);
AT(zv_strategy_out, kind, 4);
AT(zv_strategy_out, category, 5);
AT(zv_strategy_out, number, 6);
AT(zv_strategy_out, due_class, 7);
AT(zv_strategy_out, due_ms, 8);
AT(zv_strategy_out, n_messages, 16);
AT(zv_strategy_out, messages, 17);
AT(zv_strategy_out, invalid_number, 20);
AT(zv_strategy_out, remove, 21);
SIZE(zv_strategy_out, 24);

AT(zv_campaign_view, size, 0);
AT(zv_campaign_view, campaign, 4);
AT(zv_campaign_view, name, 8);
AT(zv_campaign_view, n_categories, 16);
AT(zv_campaign_view, n_results, 17);
AT(zv_campaign_view, n_messages, 18);
AT(zv_campaign_view, categories, 24);
AT(zv_campaign_view, results, 32);
AT(zv_campaign_view, messages, 40);
SIZE(zv_campaign_view, 48);

AT(zv_strategy_ops, size, 0);
AT(zv_strategy_ops, open_campaign, 8);
AT(zv_strategy_ops, close_campaign, 16);
AT(zv_strategy_ops, next, 24);
SIZE(zv_strategy_ops, 32);

AT(zv_pacer_shape, calls, 8);
AT(zv_pacer_shape, agents, 12);
AT(zv_pacer_shape, trunks, 16);
AT(zv_pacer_shape, skills, 22);
SIZE(zv_pacer_shape, 24);

AT(zv_pacer_rule, limit_ppm, 0);
AT(zv_pacer_rule, window, 4);
AT(zv_pacer_rule, end_ms, 8);
AT(zv_pacer_rule, later_ms, 16);
SIZE(zv_pacer_rule, 32);

AT(zv_pacer_settings, mode, 4);
AT(zv_pacer_settings, ratio_ppm, 8);
AT(zv_pacer_settings, ring_min_ms, 12);
AT(zv_pacer_settings, rate_max_mcps, 24);
AT(zv_pacer_settings, deadline_ms, 32);
AT(zv_pacer_settings, deadline_dial_ms, 40);
AT(zv_pacer_settings, rules, 48);
SIZE(zv_pacer_settings, 176);

AT(zv_pacer_event, at_ms, 0);
AT(zv_pacer_event, kind, 8);
AT(zv_pacer_event, attempt, 11);
AT(zv_pacer_event, slot, 12);
AT(zv_pacer_event, trunk, 16);
AT(zv_pacer_event, skill, 20);
AT(zv_pacer_event, agent, 24);
AT(zv_pacer_event, score_ppm, 28);
SIZE(zv_pacer_event, 32);

AT(zv_pacer_in, lines_free, 4);
AT(zv_pacer_in, now_ms, 8);
AT(zv_pacer_in, carrier_room, 16);
AT(zv_pacer_in, leads_left, 24);
AT(zv_pacer_in, count, 32);
SIZE(zv_pacer_in, 96);

SIZE(zv_pacer_figures, 64);

AT(zv_pacer_out, place, 4);
AT(zv_pacer_out, n_cancel, 8);
AT(zv_pacer_out, next_ms, 16);
AT(zv_pacer_out, figures, 24);
AT(zv_pacer_out, cancel, 88);
SIZE(zv_pacer_out, 216);

AT(zv_pacer_ops, open_campaign, 8);
AT(zv_pacer_ops, close_campaign, 16);
AT(zv_pacer_ops, set, 24);
AT(zv_pacer_ops, event, 32);
AT(zv_pacer_ops, decide, 40);
AT(zv_pacer_ops, save, 48);
AT(zv_pacer_ops, load, 56);
SIZE(zv_pacer_ops, 64);

_Static_assert(ZV_KIND_STRATEGY == 2 && ZV_KIND_PACER == 3 && ZV_KIND_SINK == 10, "kinds");
_Static_assert(ZV_STEP_RETRY == 1 && ZV_STEP_FINAL == 2, "steps");
_Static_assert(ZV_DUE_HOT == 0 && ZV_DUE_CALLBACK == 1 && ZV_DUE_NORMAL == 2 && ZV_DUE_LATER == 3, "due classes");
_Static_assert(ZV_OUT_UNREACHABLE == 1 && ZV_OUT_NO_ANSWER == 2 && ZV_OUT_BUSY == 3 &&
		       ZV_OUT_REJECTED == 4 && ZV_OUT_MACHINE == 5 && ZV_OUT_ANSWERED == 6 &&
		       ZV_OUT_SILENT == 7 && ZV_OUT_ABANDONED == 8 && ZV_OUT_FAILED == 9 &&
		       ZV_OUT_UNKNOWN == 10 && ZV_OUT_NOT_SENT == 11,
	       "outcomes");
_Static_assert(ZV_OK == 0 && ZV_EINVAL == 1 && ZV_ENOENT == 6 && ZV_ETIMEDOUT == 12, "errors");
_Static_assert(ZV_HISTORY_MAX == 62 && ZV_NUMBERS_MAX == 8 && ZV_STEP_MESSAGES_MAX == 3, "limits");
_Static_assert(ZV_PACER_RULES == 4 && ZV_PACER_CANCELS == 32, "limits of a pacer");
_Static_assert(ZV_PACE_PREVIEW == 1 && ZV_PACE_DEADLINE == 6 && ZV_PACER_BLOCK == 2, "modes");
_Static_assert(ZV_PEV_PLACED == 1 && ZV_PEV_ANSWERED == 3 && ZV_PEV_CANCELLED == 7 && ZV_PEV_AGENT == 12,
	       "events of a pacer");
_Static_assert(ZV_AGENT_OUT == 0 && ZV_AGENT_READY == 1 && ZV_AGENT_TALKING == 2 && ZV_AGENT_WRAPUP == 3,
	       "states of an agent");
_Static_assert(ZV_WHY_NOTHING == 0 && ZV_WHY_LEADS == 10, "what holds back");

/* The judging is done when this compiles. */
int main(void)
{
	return 0;
}
