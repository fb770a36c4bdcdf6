#include "store_dir.h"

#include "store/dates.h"

static struct zv_store *store;
static uint32_t campaign;
static struct zv_import_report report;

static void begin(void)
{
	make_dir();
	store = open_store(0);
	campaign = put_campaign(store, "t");
}

static void end(void)
{
	cr_expect_eq(problems(store), 0);
	zv_store_close(store);
}

static enum zv_err import_with(const struct zv_import_params *given, const char *file)
{
	struct zv_import_params p = *given;

	p.path = in_dir(file);
	p.campaign = campaign;
	p.zone = p.zone != NULL ? p.zone : "Europe/Moscow";
	p.now_cal_ms = 1700000000000;
	p.due_class = ZV_DUE_NORMAL;
	p.rejects = in_dir("rejects.csv");
	return zv_import(store, &p, &report);
}

static enum zv_err import(const char *text)
{
	write_file("list.csv", text, strlen(text));
	return import_with(&(struct zv_import_params){0}, "list.csv");
}

struct found {
	uint64_t n;
	struct zv_lead_row last;
	char attrs[8][64], external[64], zone[64];
};

static bool keep(void *arg, const struct zv_lead_row *row)
{
	struct found *f = arg;
	const char *name = zv_attr_find(row->attrs, row->attrs_len, "name");

	f->last = *row;
	snprintf(f->attrs[f->n & 7], sizeof(f->attrs[0]), "%s", name != NULL ? name : "-");
	snprintf(f->external, sizeof(f->external), "%s", row->external_id);
	snprintf(f->zone, sizeof(f->zone), "%s", row->numbers[0].zone);
	f->n++;
	return true;
}

static struct found leads(void)
{
	struct found f = {0};

	cr_assert_eq(zv_store_leads_each(store, campaign, keep, &f), ZV_OK);
	return f;
}

static bool rejects_have(const char *text)
{
	static char buf[65536];
	FILE *f = fopen(in_dir("rejects.csv"), "r");
	size_t n;

	cr_assert_not_null(f);
	n = fread(buf, 1, sizeof(buf) - 1, f);
	buf[n] = 0;
	fclose(f);
	return strstr(buf, text) != NULL;
}

TestSuite(import, .init = begin, .fini = end);

Test(import, a_plain_utf_8_list_with_russian_headers)
{
	struct found f;

	cr_assert_eq(import("id;Телефон;Имя;Город\n"
			    "17;8 (916) 123-45-67;Иван;Москва\n"
			    "18;+7 916 765 43 21;Ольга;Тула\n"),
		     ZV_OK, "%s", report.text);
	f = leads();
	cr_expect_eq(report.imported, 2);
	cr_expect_eq(report.rejected, 0);
	cr_expect_eq(report.delimiter, ';');
	cr_expect_str_eq(report.encoding, "UTF-8");
	cr_expect_eq(f.n, 2);
	cr_expect_str_eq(f.attrs[0], "Иван");
	cr_expect_str_eq(f.attrs[1], "Ольга");
	cr_expect_str_eq(f.external, "18");
	cr_expect_eq(f.last.numbers[0].brief.e164, 79167654321);
	cr_expect_eq(f.last.numbers[0].brief.kind, ZV_NUM_MOBILE);
	cr_expect_str_eq(f.zone, "");
	cr_expect_eq(f.last.due_ms, 1700000000000);
	cr_expect_eq(f.last.source_row, 2);
	cr_expect_eq(f.last.state, ZV_LEAD_DUE);
}

static void convert(const char *to, const char *encoding)
{
	char cmd[400];

	snprintf(cmd, sizeof(cmd), "iconv -f UTF-8 -t %s '%s' > '%s'", encoding, in_dir("utf8.csv"),
		 in_dir(to));
	cr_assert_eq(system(cmd), 0);
}

static void write_cyrillic(void)
{
	static const char text[] = "Телефон;ФИО;Комментарий\r\n"
				   "89161234567;Съёмщикова Эльвира Юрьевна;просила перезвонить "
				   "после обеда\r\n"
				   "89161234568;Щукин Павел Игоревич;\"давний; клиент\"\r\n"
				   "89161234569;Ёлкина Анна;не беспокоить по утрам\r\n";

	write_file("utf8.csv", text, strlen(text));
}

Test(import, cp1251_is_detected)
{
	struct found f;

	write_cyrillic();
	convert("cp1251.csv", "CP1251");
	cr_assert_eq(import_with(&(struct zv_import_params){0}, "cp1251.csv"), ZV_OK, "%s",
		     report.text);
	f = leads();
	cr_expect_str_eq(report.encoding, "CP1251");
	cr_expect_eq(f.n, 3);
	cr_expect_str_eq(f.attrs[0], "Съёмщикова Эльвира Юрьевна");
	cr_expect_str_eq(f.attrs[2], "Ёлкина Анна");
}

Test(import, cp1251_and_koi8_are_taken_as_given)
{
	struct found f;

	write_cyrillic();
	convert("cp1251.csv", "CP1251");
	cr_assert_eq(import_with(&(struct zv_import_params){.encoding = "CP1251"}, "cp1251.csv"),
		     ZV_OK);
	convert("koi8.csv", "KOI8-R");
	campaign = put_campaign(store, "koi8");
	cr_assert_eq(import_with(&(struct zv_import_params){.encoding = "KOI8-R"}, "koi8.csv"),
		     ZV_OK);
	f = leads();
	cr_expect_eq(f.n, 3);
	cr_expect_str_eq(f.attrs[1], "Щукин Павел Игоревич");
}

Test(import, utf_16_with_its_mark_is_detected)
{
	write_cyrillic();
	convert("utf16.csv", "UTF-16");
	cr_assert_eq(import_with(&(struct zv_import_params){0}, "utf16.csv"), ZV_OK, "%s",
		     report.text);
	cr_expect_str_eq(leads().attrs[0], "Съёмщикова Эльвира Юрьевна");
}

Test(import, a_wrong_given_encoding_is_an_error_with_line_and_byte)
{
	write_cyrillic();
	convert("cp1251.csv", "CP1251");
	cr_expect_eq(import_with(&(struct zv_import_params){.encoding = "UTF-8"}, "cp1251.csv"),
		     ZV_EPARSE);
	cr_expect_not_null(strstr(report.text, "line 1, byte 1:"), "%s", report.text);
	cr_expect_eq(import_with(&(struct zv_import_params){.encoding = "CP1251"}, "utf8.csv"),
		     ZV_EPARSE);
	cr_expect_not_null(strstr(report.text, "line 1, byte 1:"), "%s", report.text);
	cr_expect_eq(import_with(&(struct zv_import_params){.encoding = "KLINGON"}, "utf8.csv"),
		     ZV_EPARSE);
	cr_expect_not_null(strstr(report.text, "KLINGON"), "%s", report.text);
	cr_expect_eq(leads().n, 0);
}

Test(import, bytes_that_turn_bad_in_the_middle_name_their_line_and_lose_nothing_before)
{
	static const char text[] = "phone;name\n89161234567;Иван\n89161234568;\xd0\n";

	write_file("list.csv", text, sizeof(text) - 1);
	cr_expect_eq(import_with(&(struct zv_import_params){.encoding = "UTF-8"}, "list.csv"),
		     ZV_EPARSE);
	/* 11 + 21 + 12 bytes stand before it: byte 45 of the file */
	cr_expect_not_null(strstr(report.text, "line 3, byte 45:"), "%s", report.text);
}

Test(import, a_byte_order_mark_commas_and_quoted_fields_with_line_ends)
{
	struct found f;

	cr_assert_eq(import("\xef\xbb\xbfphone,name,note\r\n"
			    "\"8 916 123-45-67\",\"Иван, \"\"Гром\"\"\",\"a\nb\"\r\n"
			    "89161234568,Пётр,x\r\n"),
		     ZV_OK, "%s", report.text);
	f = leads();
	cr_expect_eq(f.n, 2);
	cr_expect_str_eq(f.attrs[0], "Иван, \"Гром\"");
	cr_expect_eq(report.delimiter, ',');
}

Test(import, bad_rows_go_to_the_rejects_with_line_and_reason_and_stop_nothing)
{
	cr_assert_eq(import("phone;name\n"
			    "12345;короткий\n"
			    "89161234567;хороший\n"
			    "7,9161E+10;таблица\n"
			    ";пустой\n"
			    "89161234568;много;полей\n"
			    "89161234569;\"x\"y\n"
			    "89161234560;второй хороший\n"),
		     ZV_OK);
	cr_expect_eq(report.rows, 7);
	cr_expect_eq(report.imported, 2);
	cr_expect_eq(report.rejected, 5);
	cr_expect(rejects_have("1,2,\"telephone number too short\",\"12345;короткий\""));
	cr_expect(rejects_have("3,4,\"a spreadsheet cut"));
	cr_expect(rejects_have("4,5,\"no telephone number\""));
	cr_expect(rejects_have("5,6,\"more fields than the first line has\""));
	cr_expect(rejects_have("6,7,\"text behind a closing quote\",\"89161234569;\"\"x\"\"y\""));
	cr_expect_eq(leads().n, 2);
}

Test(import, duplicates_in_the_list_and_in_the_campaign_are_told_apart)
{
	cr_assert_eq(import("phone;name\n89161234567;a\n8-916-123-45-67;b\n89161234568;c\n"), ZV_OK);
	cr_expect_eq(report.imported, 2);
	cr_expect_eq(report.duplicates_file, 1);
	cr_expect_eq(report.duplicates_campaign, 0);
	cr_expect(rejects_have("2,3,\"duplicate: the number came earlier in this list\""));
	cr_assert_eq(import("phone;name\n+79161234567;d\n89161234569;e\n"), ZV_OK);
	cr_expect_eq(report.imported, 1);
	cr_expect_eq(report.duplicates_campaign, 1);
	cr_expect_eq(report.duplicates_file, 0);
	cr_expect_eq(leads().n, 3);
}

Test(import, small_batches_give_the_same_as_one)
{
	struct zv_import_params p = {.batch_rows = 2};

	write_file("list.csv", "phone\n89161234567\n89161234568\n89161234567\n89161234569\n"
			       "89161234568\n89161234570\n", 79);
	cr_assert_eq(import_with(&p, "list.csv"), ZV_OK);
	cr_expect_eq(report.imported, 4);
	cr_expect_eq(report.duplicates_file, 2);
}

Test(import, several_numbers_become_numbers_of_one_person)
{
	struct found f;

	cr_assert_eq(import("Телефон;Рабочий телефон;Имя\n"
			    "\"8 916 123-45-67, 8 916 765-43-21\";8 495 123 45 67;Иван\n"
			    "89161234569;abc;Пётр\n"),
		     ZV_OK);
	f = leads();
	cr_expect_eq(report.imported, 2);
	cr_expect_eq(report.numbers, 4);
	cr_expect_eq(report.bad_numbers, 1);
	cr_expect_eq(f.n, 2);
	cr_expect_eq(f.last.n_numbers, 1);
	campaign = put_campaign(store, "t");
	cr_assert_eq(zv_store_lead_get(store, f.last.lead - 1, keep, &f), ZV_OK);
	cr_expect_eq(f.last.n_numbers, 3);
	cr_expect_eq(f.last.numbers[0].brief.e164, 79161234567);
	cr_expect_eq(f.last.numbers[1].brief.e164, 79167654321);
	cr_expect_eq(f.last.numbers[2].brief.e164, 74951234567);
	cr_expect_eq(f.last.numbers[2].brief.kind, ZV_NUM_WORK);
	cr_expect_eq(f.last.numbers[2].brief.order, 2);
}

Test(import, a_person_is_known_by_the_external_id_else_by_the_number)
{
	struct found f;
	uint64_t person;

	cr_assert_eq(import("id;phone;name\n42;89161234567;a\n"), ZV_OK);
	person = leads().last.person;
	/* the same id with another number: one lead, two numbers */
	cr_assert_eq(import("id;phone;name\n42;89161234568;a\n"), ZV_OK);
	cr_expect_eq(report.duplicates_person, 1);
	f = leads();
	cr_expect_eq(f.n, 1);
	cr_expect_eq(f.last.n_numbers, 2);
	/* in another campaign he is the same person: by id ... */
	campaign = put_campaign(store, "second");
	cr_assert_eq(import("id;phone;name\n42;89161234569;a\n"), ZV_OK);
	cr_expect_eq(report.imported, 1);
	cr_expect_eq(report.persons, 0);
	cr_expect_eq(leads().last.person, person);
	cr_expect_eq(leads().last.n_numbers, 3);
	/* ... and by number */
	campaign = put_campaign(store, "third");
	cr_assert_eq(import("phone;name\n89161234569;a\n"), ZV_OK);
	cr_expect_eq(leads().last.person, person);
	/* another id with the same number is another person */
	campaign = put_campaign(store, "fourth");
	cr_assert_eq(import("id;phone;name\n43;89161234567;b\n"), ZV_OK);
	cr_expect_eq(report.persons, 1);
	cr_expect_neq(leads().last.person, person);
}

Test(import, a_list_cut_inside_quotes_loses_nothing_before_it_and_says_so)
{
	cr_assert_eq(import("phone;name\n89161234567;a\n89161234568;b\n89161234569;\"cut he"), ZV_OK);
	cr_expect_eq(report.imported, 2);
	cr_expect(report.truncated);
	cr_expect_eq(report.truncated_line, 4);
	cr_expect_not_null(strstr(report.text, "line 4"), "%s", report.text);
}

Test(import, a_list_cut_inside_a_row_loses_nothing_before_it_and_says_so)
{
	cr_assert_eq(import("phone;name;city\n89161234567;a;b\n89161234569;cu"), ZV_OK);
	cr_expect_eq(report.imported, 1);
	cr_expect(report.truncated);
	cr_expect_eq(report.truncated_line, 3);
	cr_expect(rejects_have("the file ends inside this row"));
}

Test(import, a_last_row_without_line_end_is_taken_and_mentioned)
{
	cr_assert_eq(import("phone;name\n89161234567;a\n89161234569;b"), ZV_OK);
	cr_expect_eq(report.imported, 2);
	cr_expect_not(report.truncated);
	cr_expect_not_null(strstr(report.text, "no line end"), "%s", report.text);
}

Test(import, columns_are_mapped_by_name_and_by_number)
{
	struct found f;
	struct zv_import_params p = {.mapping = "phone=Контакт,name=Кого звать,external_id=#1"};
	static const char text[] = "Договор;Контакт;Кого звать;Телефон\n7;89161234567;Иван;12\n";

	write_file("list.csv", text, sizeof(text) - 1);
	cr_assert_eq(import_with(&p, "list.csv"), ZV_OK, "%s", report.text);
	f = leads();
	cr_expect_eq(f.n, 1);
	cr_expect_str_eq(f.attrs[0], "Иван");
	cr_expect_str_eq(f.external, "7");
	p.mapping = "phone=Нет такой";
	cr_expect_eq(import_with(&p, "list.csv"), ZV_EPARSE);
	cr_expect_not_null(strstr(report.text, "Нет такой"), "%s", report.text);
	p.mapping = "phone";
	cr_expect_eq(import_with(&p, "list.csv"), ZV_EPARSE);
}

Test(import, a_list_without_a_telephone_column_or_without_lines_is_refused)
{
	cr_expect_eq(import("a;b\n1;2\n"), ZV_EPARSE);
	cr_expect_not_null(strstr(report.text, "telephone"), "%s", report.text);
	cr_expect_eq(import(""), ZV_EPARSE);
	cr_expect_eq(import_with(&(struct zv_import_params){0}, "no such file"), ZV_ENOENT);
	cr_expect_eq(import_with(&(struct zv_import_params){.zone = "Mars/Base"}, "list.csv"),
		     ZV_EPARSE);
}

Test(import, zones_come_from_their_column_and_the_campaigns_stays_a_default)
{
	static struct zv_campaign_texts texts;
	struct found f;

	cr_assert_eq(import("phone;tz\n89161234567;Asia/Omsk\n89161234568;МСК+2\n"
			    "89161234569;Mars/Base\n89161234570;\n89161234571;UTC+5\n"),
		     ZV_OK);
	f = leads();
	cr_expect_eq(report.imported, 4);
	cr_expect_eq(report.rejected, 1);
	cr_expect(rejects_have("unknown time zone"));
	cr_expect_str_eq(f.zone, "Etc/GMT-5");
	cr_assert_eq(zv_store_lead_get(store, f.last.lead - 1, keep, &f), ZV_OK);
	cr_expect_str_eq(f.zone, "", "the default became a zone of its own");
	cr_assert_eq(zv_store_campaign_texts(store, campaign, &texts), ZV_OK);
	cr_expect_str_eq(texts.zone, "Europe/Moscow");
	cr_assert_eq(zv_store_lead_get(store, f.last.lead - 1, keep, &f), ZV_OK);
	cr_expect_str_eq(f.zone, "Etc/GMT-5");
	cr_assert_eq(zv_store_lead_get(store, f.last.lead - 1, keep, &f), ZV_OK);
	cr_expect_str_eq(f.zone, "Asia/Omsk");
}

Test(import, a_dry_run_counts_and_writes_nothing)
{
	struct zv_import_params p = {.dry_run = true, .batch_rows = 2};

	write_file("list.csv", "phone\n89161234567\n89161234568\n89161234567\nx\n", 44);
	cr_assert_eq(import_with(&p, "list.csv"), ZV_OK);
	cr_expect_eq(report.imported, 2);
	cr_expect_eq(report.duplicates_file, 1);
	cr_expect_eq(report.rejected, 1);
	cr_expect_eq(leads().n, 0);
}

Test(import, counters_of_the_campaign_follow)
{
	struct zv_campaign_info info;

	cr_assert_eq(import("phone\n89161234567\n89161234568\n"), ZV_OK);
	cr_assert_eq(zv_store_campaign_get(store, "t", &info), ZV_OK);
	cr_expect_eq(info.leads, 2);
	cr_expect_eq(info.by_category[0], 2);
	cr_expect_str_eq(info.categories[1], "недоступен");
}

static bool keep_whole(void *arg, const struct zv_lead_row *row)
{
	*(struct zv_lead_row *)arg = *row;
	return true;
}

static struct zv_lead_row lead_row_of(uint64_t lead)
{
	struct zv_lead_row row = {0};

	cr_assert_eq(zv_store_lead_get(store, lead, keep_whole, &row), ZV_OK);
	return row;
}

static bool keep_facts(void *arg, const struct zv_person_row *row)
{
	cr_expect_str_eq(row->jur, "US-FL");
	cr_expect_str_eq(row->region, "Калужская область");
	cr_expect_str_eq(row->registration, "Asia/Omsk");
	cr_expect_str_eq(row->language, "ru");
	*(bool *)arg = true;
	return true;
}

static bool keep_reasons(void *arg, const struct zv_mark_row *row)
{
	char *to = arg;

	snprintf(to + strlen(to), 400 - strlen(to), "%u:%s:%s;", row->mark.kind, row->name, row->reason);
	return true;
}

Test(import, what_the_rules_ask_for_comes_from_columns_in_both_languages)
{
	char marks[400] = "";
	bool seen = false;
	struct zv_lead_row row = {0};

	cr_assert_eq(import("Телефон;Юрисдикция;Регион;Зона регистрации;Язык;Договор;Тема;Сторона;Флаги;Согласия\n"
			    "89161234567;us-fl;Калужская область;Asia/Omsk;ru;Д-1/7;заём;поручитель;"
			    "minor, bankrupt|vip;запись\n"
			    "89161234568;Россия;;;;;;;;\n"
			    "89161234569;;;;;;;сосед;;\n"
			    "89161234570;;;Mars/Base;;;;;;\n"),
		     ZV_OK);
	cr_expect_eq(report.imported, 1);
	cr_expect(rejects_have("the jurisdiction is not written like RU or US-FL"));
	cr_expect(rejects_have("the party is none of"));
	cr_expect(rejects_have("unknown time zone of registration"));
	row = lead_row_of(((uint64_t)campaign << 40) + 1);
	cr_expect_eq(row.debt, (uint32_t)zv_rule_name("Д-1/7", strlen("Д-1/7")));
	cr_expect_eq(row.topic, (uint32_t)zv_rule_name("заём", strlen("заём")));
	cr_expect_eq(row.party, ZV_PARTY_GUARANTOR);
	cr_assert_eq(zv_store_person_get(store, row.person, keep_facts, &seen), ZV_OK);
	cr_expect(seen);
	cr_assert_eq(zv_store_marks_each(store, row.person, keep_reasons, marks), ZV_OK);
	cr_expect_not_null(strstr(marks, "1:bankrupt:list list.csv row 1;"), "%s", marks);
	cr_expect_not_null(strstr(marks, "1:minor:"), "%s", marks);
	cr_expect_not_null(strstr(marks, "1:vip:"), "%s", marks);
	cr_expect_not_null(strstr(marks, "2:запись:"), "%s", marks);
}

Test(import, of_a_campaign_with_dates_calls_by_them)
{
	const struct zv_date_rule rule = {.column = "meeting", .before_ms = 3600000, .at_s = -1,
					  .zone = "Europe/Moscow"};
	struct zv_date_rule back;
	struct found f;

	cr_assert_eq(zv_store_dates_get(store, campaign, &back), ZV_OK);
	cr_expect_str_eq(back.column, "");
	cr_assert_eq(zv_store_dates_put(store, campaign, &rule), ZV_OK);
	cr_assert_eq(zv_store_dates_put(store, campaign, &rule), ZV_OK);
	cr_assert_eq(zv_store_dates_get(store, campaign, &back), ZV_OK);
	cr_expect_str_eq(back.column, rule.column);
	cr_expect(back.before_ms == rule.before_ms && back.at_s == -1);
	cr_expect_str_eq(back.zone, rule.zone);
	cr_expect_eq(zv_store_dates_put(store, campaign + 1, &rule), ZV_ENOENT);
	/* now is 2023-11-14 22:13:20 UTC */
	cr_assert_eq(import("phone,meeting,zone\n"
			    "89161234567,2023-11-16 12:00,\n"
			    "89161234568,16.11.2023 12:00,Asia/Omsk\n"
			    "89161234569,2023-11-14,\n"
			    "89161234570,16/11/2023,\n"
			    "89161234571,,\n"),
		     ZV_OK, "%s", report.text);
	f = leads();
	cr_expect_eq(report.imported, 2);
	cr_expect_eq(report.rejected, 3);
	cr_expect(rejects_have("4,5,\"the date is not written like"));
	cr_expect(rejects_have("3,4,\"the date has passed\""));
	cr_expect(rejects_have("5,6,\"the date by which it would be called is missing\""));
	/* an hour before noon in Omsk, three hours east of Moscow */
	cr_expect_eq(f.last.due_ms, 1700110800000);
	cr_expect_eq(f.last.due_class, ZV_DUE_NORMAL);
}
