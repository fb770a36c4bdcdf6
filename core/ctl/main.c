/* zvonarctl: the command line of zvonar.  This file is the list of its commands. */
#include "ctl/ctl.h"

static const struct zv_opt import_opts[] = {
        {"encoding", 'e', "NAME", "UTF-8, CP1251 or any that iconv knows (else it is detected)"},
        {"map", 'm', "MAP", "our name = the file's heading or #3: phone=Телефон,name=#2"},
        {"zone", 'z', "ZONE", "time zone of rows without one (Europe/Moscow)"},
        {"country", 0, "ru|ua|kz", "of numbers without a country code (ru)"},
        {"delimiter", 0, "D", "comma, semicolon or \"tab\" (else it is found out)"},
        {"rejects", 'r', "FILE", "where bad rows go (FILE.csv.rejects.csv)"},
        {"dry-run", 'n', NULL, "read and judge, write nothing"},
        {"create", 0, NULL, "make the campaign if the store has none of that name"},
        {"hot", 0, NULL, "call them before all others"},
        {0},
};

static const struct zv_opt export_opts[] = {
        {"campaign", 'C', "NAME", "only this campaign"},
        {"format", 'f', "json|csv|tsv", "json: one object a line (default)"},
        {"output", 'o', "FILE", "write there"},
        {0},
};

static const struct zv_opt outbox_opts[] = {
        {"campaign", 'C', "NAME", "only this campaign"},
        {0},
};

static const struct zv_opt suppress_opts[] = {
        {"person", 'p', "ID", "a person instead of a number"},
        {"campaign", 'C', "NAME", "for this campaign only, else everywhere"},
        {"until", 'u', "TIME", "a moment, a day or a span such as 90d; else for good"},
        {"reason", 'r', "TEXT", "kept beside it, at most 63 bytes"},
        {0},
};

static const struct zv_opt suppress_list_opts[] = {
        {"person", 'p', "ID", "a person instead of a number"},
        {"all", 'a', NULL, "those too that are over or were taken back"},
        {0},
};

static const struct zv_opt unsuppress_opts[] = {
        {"person", 'p', "ID", "a person instead of a number"},
        {"campaign", 'C', "NAME", "the one for this campaign, else the one for everywhere"},
        {0},
};

static const struct zv_opt suppress_import_opts[] = {
        {"campaign", 'C', "NAME", "for this campaign only, else everywhere"},
        {"until", 'u', "TIME", "a moment, a day or a span such as 90d; else for good"},
        {"reason", 'r', "TEXT", "kept beside each, at most 63 bytes"},
        {0},
};

static const struct zv_opt mark_opts[] = {
        {"from", 0, "TIME", "true from then on (now)"},
        {"until", 'u', "TIME", "and until then; else open"},
        {"source", 's', "TEXT", "where it is known from, at most 63 bytes"},
        {0},
};

static const struct zv_opt mark_end_opts[] = {
        {"source", 's', "TEXT", "why it ends, at most 63 bytes"},
        {0},
};

static const struct zv_opt registry_opts[] = {
        {"as-of", 0, "DAY", "the day of this copy: its age counts from there"},
        {0},
};

static const struct zv_opt erase_opts[] = {
        {"person", 'p', "ID", "a person instead of a number"},
        {"recordings", 'r', "DIR", "folder of recordings; else record.dir of the configuration"},
        {"dry-run", 'n', NULL, "count what would go, erase nothing"},
        {0},
};

static const struct zv_opt retention_opts[] = {
        {"dry-run", 'n', NULL, "count what would go, erase nothing"},
        {0},
};

static const struct zv_opt why_opts[] = {
        {"at", 'a', "TIME", "then instead of now, by the rules of then"},
        {"campaign", 'C', "NAME", "only this campaign"},
        {"lang", 'l', "ru|en", "language of the answer (en)"},
        {0},
};

static const struct zv_opt report_opts[] = {
        {"format", 'f', "WORD", "table, json, csv or html"},
        {"output", 'o', "FILE", "write there"},
        {0},
};

static const struct zv_opt rules_opts[] = {
        {"calendars", 0, "DIR", "folder of calendars (by default the one beside the rules' folder)"},
        {0},
};

static const struct zv_opt rules_list_opts[] = {
        {"calendars", 0, "DIR", "folder of calendars (by default the one beside the rules' folder)"},
        {"lang", 'l', "ru|en", "language of what they say (en)"},
        {0},
};

static const struct zv_opt numbers_import_opts[] = {
        {"country", 0, "ru|ua|kz", "whose number plan it is"},
        {"out", 0, "FILE", "the compiled table (without it the file is only checked)"},
        {0},
};

static const struct zv_opt rules_test_opts[] = {
        {"verbose", 'v', NULL, "tell of scenarios that came out as expected too"},
        {0},
};

static const struct zv_opt simulate_opts[] = {
        {"seeds", 'n', "N", "so many days, each from a seed of its own (as the scenario says, else 5)"},
        {"seed", 0, "S", "the first seed (1)"},
        {"what-if", 'w', "KEY=V[,V]", "the same days with other values: staff.day.agents=40,50,60; "
                                      "conf.campaigns.NAME.ring_time=20s,30s"},
        {"plugins", 0, "DIR", "folder of the plugins, instead of the configuration's paths"},
        {"html", 0, "FILE", "a page with charts through the day"},
        {"jobs", 'j', "N", "processes (2)"},
        {"settings", 0, NULL, "print all that may stand in a scenario, and end"},
        {0},
};

static const struct zv_opt passwd_opts[] = {
        {"remove", 0, NULL, "take the user's secret out: he cannot log in, his phone not register"},
        {"file", 0, "FILE", "the file of secrets (as the configuration says)"},
        {"realm", 0, "REALM", "of the secrets (as the configuration says)"},
        {0},
};

static const struct zv_opt token_new_opts[] = {
        {"role", 0, "ROLE", "integrator (the default), agent, supervisor or operator"},
        {"file", 0, "FILE", "the file of tokens (as the configuration says)"},
        {0},
};

static const struct zv_opt token_opts[] = {
        {"file", 0, "FILE", "the file of tokens (as the configuration says)"},
        {0},
};

static const struct zv_command commands[] = {
        {"status", NULL, NULL, 0, NULL, "What zvonard does now", NULL, zv_cmd_status},
        {"campaign", "list", NULL, 0, NULL, "Campaigns of the store", NULL, zv_cmd_campaign_list},
        {"campaign", "show", "NAME", 1, NULL, "A campaign and its categories", NULL,
         zv_cmd_campaign_show},
        {"campaign", "start", "NAME", 1, NULL, "Call its contacts",
         "Through zvonard if one runs, else it starts with the next zvonard.",
         zv_cmd_campaign_start},
        {"campaign", "pause", "NAME", 1, NULL, "No new calls; those in progress go on", NULL,
         zv_cmd_campaign_pause},
        {"campaign", "stop", "NAME", 1, NULL, "The same as pause", NULL, zv_cmd_campaign_stop},
        {"list", "import", "CAMPAIGN FILE.csv", 2, import_opts,
         "Contacts from a CSV file into a campaign",
         "FILE.csv may be - for standard input.  A bad row is reported with its line and reason "
         "and\n"
         "goes to the rejects file; duplicates by number are skipped and counted.",
         zv_cmd_list_import},
        {"leads", "export", NULL, 0, export_opts, "Contacts with category, attempts and state",
         "As tsv: first number and category only.", zv_cmd_leads_export},
        {"attempts", "export", NULL, 0, export_opts, "The attempt log, every step of every call",
         NULL, zv_cmd_attempts_export},
        {"notes", "export", NULL, 0, export_opts, "What agents wrote of their talks", NULL,
         zv_cmd_notes_export},
        {"outbox", "list", NULL, 0, outbox_opts, "Messages to send and sent", NULL,
         zv_cmd_outbox_list},
        {"report", NULL, "CAMPAIGN", 1, report_opts, "What came of a campaign",
         "html: one page with charts that needs no network.", zv_cmd_report},
        {"why", NULL, "NUMBER", 1, why_opts, "May this number be called, and why (not)",
         "By each campaign that has it: the answer, the rule with its law and source, what was\n"
         "counted and when, until when it holds; then the decisions of before.  What campaigns\n"
         "state is read from the configuration (-c FILE, or the running zvonard's).",
         zv_cmd_why},
        {"suppress", "add", "NUMBER | --person ID", ZV_ARGS_MORE(1), suppress_opts, "Call nobody there any more",
         "While zvonard runs it goes through its engine: once this command has ended, no call\n"
         "begins.", zv_cmd_suppress_add},
        {"suppress", "list", "[NUMBER]", ZV_ARGS_MORE(1), suppress_list_opts, "Who is not to be called", NULL,
         zv_cmd_suppress_list},
        {"suppress", "remove", "NUMBER | --person ID", ZV_ARGS_MORE(1), unsuppress_opts, "Take one back",
         "It stays on record as one that is over.  While zvonard runs it goes through its engine;\n"
         "one that was told again in the meantime stands.",
         zv_cmd_suppress_remove},
        {"suppress", "import", "FILE", 1, suppress_import_opts, "Numbers of a file, one a line",
         "The first field of each line is the number.  FILE may be - for standard input.",
         zv_cmd_suppress_import},
        {"mark", "add", "WHO KIND NAME", 3, mark_opts, "What is true of a person for the rules",
         "WHO: a number, or person:ID.  KIND: flag (bankrupt, represented, ...), consent\n"
         "(prior_express_consent, ...), or what lifts a rule: agreement, initiative, consent_7d;\n"
         "NAME is then the rule's id, or \"*\" for every rule that allows it.", zv_cmd_mark_add},
        {"mark", "list", "WHO", 1, NULL, "Marks of a person, ended ones too", NULL,
         zv_cmd_mark_list},
        {"mark", "remove", "WHO KIND NAME", 3, mark_end_opts, "End a mark; it stays on record",
         NULL, zv_cmd_mark_remove},
        {"registry", "load", "NAME FILE", 2, registry_opts, "A list of numbers that rules ask for",
         "Replaces the list of that name as a whole.  FILE may be - for standard input.",
         zv_cmd_registry_load},
        {"registry", "list", NULL, 0, NULL, "Lists of numbers and their age", NULL,
         zv_cmd_registry_list},
        {"person", "erase", "NUMBER | --person ID", ZV_ARGS_MORE(1), erase_opts, "Forget a person",
         "Names, numbers, texts and recordings go; what limits need stays without them, so that nobody is\n"
         "called more often because he was forgotten.", zv_cmd_person_erase},
        {"retention", NULL, NULL, 0, retention_opts, "Erase what no rule wants kept any longer",
         "The rules of kind `retain` say how long; of several the longest holds.",
         zv_cmd_retention},
        {"store", "check", NULL, 0, NULL, "Prove that the store is whole",
         "Walks every table.  Problems go to standard output, one a line; exit status 1 then.",
         zv_cmd_store_check},
        {"store", "info", NULL, 0, NULL, "Facts of the store", NULL, zv_cmd_store_info},
        {"log", "level", "LEVEL", 1, NULL, "How much zvonard logs: error, warn, info, debug", NULL,
         zv_cmd_log_level},
        {"numbers", "import", "FILE.csv", 1, numbers_import_opts, "A numbering registry to a table",
         "FILE.csv has the form of the Russian registry: code;От;До;Емкость;...;Территория ГАР.\n"
         "A row that is wrong is told with its line and refuses the whole.",
         zv_cmd_numbers_import},
        {"numbers", "show", "NUMBER [TABLE...]", ZV_ARGS_OR_MORE + 1, NULL, "Where a number is",
         "Its jurisdiction, and every time zone that its owner may live by.  TABLE: made by numbers\n"
         "import; without one the country code stands for the whole country.",
         zv_cmd_numbers_show},
        {"rules", "check", "FILE|DIR...", ZV_ARGS_OR_MORE + 1, rules_opts,
         "Prove that files of rules would load",
         "Everything that is wrong goes to standard output, one a line, with file, line and JSON\n"
         "path; exit status 1 then.  Each argument is a set of its own.",
         zv_cmd_rules_check},
        {"rules", "list", "[FILE|DIR]", ZV_ARGS_OR_MORE, rules_list_opts, "What the rules say, in words",
         "Without an argument: those of the configuration (-c FILE), else /etc/zvonar/rules.",
         zv_cmd_rules_list},
        {"rules", "test", "FILE...", ZV_ARGS_OR_MORE + 1, rules_test_opts,
         "Ask scenarios of the rules and compare the answers",
         "Each FILE holds persons, what happened, a question and the answer that the texts ask "
         "for.\nA difference is printed; exit status 1 then, 2 if a file could not be read.",
         zv_cmd_rules_test},
        {"agent", "list", NULL, 0, NULL, "Agents: state, since when, phone",
         "phone: none (has none), gone, registered, calling, up.  lost: since when the phone's leg of\n"
         "one who is logged in is lost; it is called again by itself.", zv_cmd_agent_list},
        {"agent", "passwd", "USER", 1, passwd_opts, "A password for a page's log-in and for a phone",
         "Asks for it twice; from a pipe the first line is taken.  What is kept is its digest\n"
         "(HA1), in a file of mode 0600.  `zvonarctl reload` makes it known to zvonard.",
         zv_cmd_agent_passwd},
        {"token", "new", "NAME", 1, token_new_opts, "A token for a machine that uses the API",
         "Printed once and never again: what is kept is its SHA-256, in a file of mode 0600.",
         zv_cmd_token_new},
        {"token", "list", NULL, 0, token_opts, "Names and roles of tokens", NULL, zv_cmd_token_list},
        {"token", "revoke", "NAME", 1, token_opts, "Take a token back",
         "It counts from the next `zvonarctl reload`.", zv_cmd_token_revoke},
        {"reload", NULL, NULL, 0, NULL, "zvonard reads its configuration again", NULL,
         zv_cmd_reload},
        {"replay", NULL, "RECORD", 1, NULL, "Run a recorded day of zvonard again and compare its trace",
         "The record was written with engine.record; --conf names the configuration of then.  Exit\n"
         "status 1 if the trace differs from what zvonard had.",
         zv_cmd_replay},
        {"simulate", NULL, "SCENARIO.yaml", ZV_ARGS_MORE(1), simulate_opts, "Days of a campaign in seconds, by the same engine",
         "The scenario names zvonard's configuration (or --conf does) and says who is called, by whom\n"
         "and what goes wrong; conf/scenarios has samples.  Exit status 1 if a promise was broken.",
         zv_cmd_simulate},
        {"drain", NULL, NULL, 0, NULL, "zvonard makes no new calls and ends with its last one",
         NULL, zv_cmd_drain},
};

int main(int argc, char **argv)
{
	struct zv_args args;
	struct zv_ctl ctl;
	int status =
	        zv_args_parse(commands, sizeof(commands) / sizeof(commands[0]), argc, argv, &args);

	if (status >= 0)
		return zv_ctl_output_end(stdout, status);
	status = zv_ctl_init(&ctl, &args);
	if (status >= 0)
		return status;
	return args.command->run(&ctl, &args);
}
