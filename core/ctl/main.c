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

static const struct zv_opt report_opts[] = {
        {"format", 'f', "WORD", "table, json, csv or html"},
        {"output", 'o', "FILE", "write there"},
        {0},
};

static const struct zv_opt rules_opts[] = {
        {"calendars", 0, "DIR", "folder of calendars (by default the one beside the rules' folder)"},
        {0},
};

static const struct zv_opt numbers_import_opts[] = {
        {"country", 0, "ru|ua|kz", "whose number plan it is"},
        {"out", 0, "FILE", "the compiled table (without it the file is only checked)"},
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
        {"outbox", "list", NULL, 0, outbox_opts, "Messages to send and sent", NULL,
         zv_cmd_outbox_list},
        {"report", NULL, "CAMPAIGN", 1, report_opts, "What came of a campaign",
         "html: one page with charts that needs no network.", zv_cmd_report},
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
        {"rules", "list", "[FILE|DIR]", ZV_ARGS_OR_MORE, rules_opts, "What the rules say, in words",
         "Without an argument: those of the configuration (-c FILE), else /etc/zvonar/rules.",
         zv_cmd_rules_list},
        {"reload", NULL, NULL, 0, NULL, "zvonard reads its configuration again", NULL,
         zv_cmd_reload},
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
