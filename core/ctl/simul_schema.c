/* What may stand in a scenario of `zvonarctl simulate`, one row each. */
#include "ctl/simul.h"

#define LIST ZV_CONF_LIST_OF
#define REQ  ZV_CONF_REQUIRED
#define DAY  86400000LL
#define SHARE(path, def, help) {path, "", 0, ZV_T_TEXT, def, 1, 31, NULL, help, NULL}
#define TIMES(path, def, help) {path, "", 0, ZV_T_TEXT, def, 1, 200, NULL, help, NULL}

/* path, unit, flags, type, default, min, max, words, help, example */
static const struct zv_conf_row rows[] = {
	{"title", "", 0, ZV_T_TEXT, "", 0, 150, NULL, "What the report is headed with", NULL},
	{"conf", "", 0, ZV_T_TEXT, NULL, 1, 1000, NULL,
	 "zvonard's configuration, seen from this file; --conf goes before it", "base/zvonar.yaml"},
	{"start", "", 0, ZV_T_MOMENT, "2026-11-23T09:00:00+03:00", 0, 0, NULL,
	 "Where the calendar begins", NULL},
	{"span", "", 0, ZV_T_DURATION, "8h", 60000, 400 * DAY, NULL, "Length of the day", NULL},
	{"fast_forward", "", 0, ZV_T_BOOL, "no", 0, 0, NULL,
	 "Move the calendar on whenever nothing is due: for robots that work for days", NULL},
	{"seeds", "days", 0, ZV_T_INT, "5", 1, 1000, NULL, "Days, each from a seed of its own", NULL},
	{"bucket", "", 0, ZV_T_DURATION, "5m", 1000, DAY, NULL, "Width of a point in the charts", NULL},
	SHARE("limit", "3%", "Abandoned calls that are too many for a day: such days are counted"),

	{"campaigns.*.leads", "leads", REQ, ZV_T_INT, NULL, 1, 5000000, NULL, "Length of its list", "20000"},
	{"campaigns.*.zones", "", LIST, ZV_T_TEXT, NULL, 1, 63, NULL,
	 "Where its people live, in equal parts; none: the campaign's zone", "[Europe/Moscow, Asia/Omsk]"},
	{"campaigns.*.numbers", "", 0, ZV_T_INT, "1", 1, 8, NULL, "Numbers of a person", NULL},
	SHARE("campaigns.*.shared", "0%", "People who stand in the list before, too"),
	{"campaigns.*.agents", "", 0, ZV_T_BOOL, "no", 0, 0, NULL,
	 "Whoever answers is owed an agent; no: a robot talks", NULL},
	{"campaigns.*.strategy", "", 0, ZV_T_ENUM, "configured", 0, 0, "configured plain",
	 "configured: the campaign's plugin; plain: eight attempts two hours apart", NULL},
	SHARE("campaigns.*.answer", "30%", "Calls that a person answers"),
	{"campaigns.*.answer_by_hour.*", "", 0, ZV_T_TEXT, NULL, 1, 31, NULL,
	 "The same by the hour at his place; hours that are not named: answer", "\"09\": 22%"},
	TIMES("campaigns.*.answer_after", "lognormal 12s 0.5", "From the INVITE to the answer"),
	{"campaigns.*.spread", "", 0, ZV_T_TEXT, "0", 1, 15, NULL,
	 "People differ: deviation of the log-odds of an answer; 0.85 is much", NULL},
	SHARE("campaigns.*.fails", "25%", "Of those who do not answer: busy, off, refused"),
	TIMES("campaigns.*.fail_after", "uniform 1500ms 0.33", "... after so long"),
	SHARE("campaigns.*.dead", "0%", "Numbers that nobody has"),
	SHARE("campaigns.*.machines", "0%", "Of those who neither answer nor fail: voicemail"),
	TIMES("campaigns.*.machine_after", "lognormal 22s 0.3", "... picks up after so long"),
	TIMES("campaigns.*.greeting", "uniform 4s 0.5", "An agent stays with a machine for so long"),
	TIMES("campaigns.*.patience", "fixed 10s", "An answered person waits so long for a voice"),
	TIMES("campaigns.*.talk", "lognormal 135s 0.9", "Talks with agents"),
	TIMES("campaigns.*.wrapup", "lognormal 45s 0.5", "What the agent writes afterwards"),
	SHARE("campaigns.*.hangs_up", "50%", "Talks that the person ends"),
	SHARE("campaigns.*.reacts", "30%", "People who press a key when a robot asks"),
	{"campaigns.*.keys.*", "", 0, ZV_T_INT, NULL, 0, 1000000, NULL, "How often each key, as weights", "\"1\": 2"},
	TIMES("campaigns.*.reaction", "lognormal 1500ms 0.6", "From the end of the text to the key"),
	SHARE("campaigns.*.leaves", "20%", "People who hang up on a robot"),
	{"campaigns.*.prompt", "", 0, ZV_T_DURATION, "6s", 1, 600000, NULL, "A robot's text", NULL},

	TIMES("carriers.*.trying", "uniform 40ms 0.5", "INVITE to 100"),
	TIMES("carriers.*.setup", "uniform 1s 0.5", "INVITE to 180"),
	{"carriers.*.cps", "INVITEs/s", 0, ZV_T_INT, "0", 0, 100000, NULL, "More is refused; 0: no limit", NULL},
	{"carriers.*.channels", "calls", 0, ZV_T_INT, "0", 0, 1000000, NULL, "More is refused; 0: no limit", NULL},
	SHARE("carriers.*.refused", "0%", "INVITEs refused with 503 for no reason"),
	SHARE("carriers.*.silent", "0%", "INVITEs that nobody ever answers"),

	{"staff.*.agents", "agents", REQ, ZV_T_INT, NULL, 1, ZV_AGENTS_MAX, NULL, "So many", "50"},
	{"staff.*.from", "", 0, ZV_T_DURATION, "0", 0, 400 * DAY, NULL, "They come so long after the start", NULL},
	{"staff.*.to", "", 0, ZV_T_DURATION, "0", 0, 400 * DAY, NULL, "... and leave then; 0: at the end", NULL},
	{"staff.*.come_apart", "", 0, ZV_T_DURATION, "0", 0, DAY, NULL, "Each so much later than the one before", NULL},
	{"staff.*.lunch", "", 0, ZV_T_DURATION, "0", 0, 400 * DAY, NULL, "Lunch begins then; 0: none", NULL},
	{"staff.*.lunch_for", "", 0, ZV_T_DURATION, "45m", 1, DAY, NULL, "Its length", NULL},
	{"staff.*.lunch_apart", "", 0, ZV_T_DURATION, "0", 0, DAY, NULL, "They go within so long", NULL},
	TIMES("staff.*.pause_every", "fixed 0", "From one pause to the next; fixed 0: none"),
	TIMES("staff.*.pause_for", "fixed 5m", "Length of a pause"),
	{"staff.*.speed", "", 0, ZV_T_TEXT, "0", 1, 15, NULL,
	 "Agents differ: cv of a lognormal factor on talks and wrap-up", NULL},
	{"staff.*.campaigns", "", LIST, ZV_T_NAME, NULL, 0, 0, NULL, "Whom they serve; none: all", "[collection]"},

	{"events.*.what", "", REQ, ZV_T_ENUM, NULL, 0, 0,
	 "trunk_refuses trunk_silent store_stall store_full crash clock_step agents_vanish answers "
	 "handling overload optouts", "What happens", "answers"},
	{"events.*.at", "", REQ, ZV_T_DURATION, NULL, 0, 400 * DAY, NULL, "So long after the start", "4h"},
	{"events.*.for", "", 0, ZV_T_DURATION, "0", 0, 400 * DAY, NULL,
	 "So long; 0: for good (answers, handling: at once)", NULL},
	{"events.*.trunk", "", 0, ZV_T_NAME, NULL, 0, 0, NULL, "Which trunk", "main"},
	{"events.*.campaign", "", 0, ZV_T_NAME, NULL, 0, 0, NULL, "Which campaign's people", "collection"},
	{"events.*.value", "", 0, ZV_T_TEXT, "1", 1, 31, NULL,
	 "answers, handling: times what it was; agents_vanish: a share; clock_step: seconds; optouts: people",
	 NULL},

	{"pacers.*.mode", "", 0, ZV_T_ENUM, "predictive", 0, 0,
	 "preview progressive ratio predictive robot deadline", "How campaigns with agents are paced", NULL},
	{"pacers.*.plugin", "", 0, ZV_T_NAME, NULL, 0, 0, NULL,
	 "A pacer of the configuration's plugins; none: the engine's own", "pacer_ratio"},
	{"pacers.*.ratio", "", 0, ZV_T_TEXT, "1", 1, 15, NULL, "Calls an idle agent, in mode ratio", NULL},
	{"pacers.*.cancel", "", 0, ZV_T_BOOL, "yes", 0, 0, NULL,
	 "Ringing calls may be cancelled after the rule's ring time", NULL},
};

const struct zv_conf_schema zv_simul_schema = {rows, sizeof(rows) / sizeof(rows[0]),
					       "a scenario of zvonarctl simulate"};
