/* The checker with a small schema of its own. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/conf.h"
#include "conf_said.h"

static const struct zv_conf_row rows[] = {
	{"name", "", 0, ZV_T_NAME, "one", 0, 0, NULL, "A name", NULL},
	{"pool.size", "calls", ZV_CONF_LIVE, ZV_T_INT, "50", 1, 1000, NULL, "How many", NULL},
	{"pool.rest", "", ZV_CONF_LIVE, ZV_T_DURATION, "90s", 1000, 3600000, NULL, "How long", NULL},
	{"pool.mode", "", 0, ZV_T_ENUM, "fast", 0, 0, "fast slow", "How", NULL},
	{"lines.*.host", "", ZV_CONF_REQUIRED, ZV_T_ENDPOINT, NULL, 0, 0, NULL, "Where", "10.0.0.1"},
	{"lines.*.cps", "calls/s", ZV_CONF_LIVE, ZV_T_INT, "10", 1, 100, NULL, "How fast", NULL},
	{"lines.*.open", "", 0, ZV_T_BOOL, "yes", 0, 0, NULL, "Whether", NULL},
	{"lines.*.phones", "", ZV_CONF_LIVE | ZV_CONF_LIST_OF, ZV_T_PHONE, NULL, 0, 0, NULL, "Who", NULL},
	{"lines.*.secret", "", ZV_CONF_LIVE | ZV_CONF_SECRET, ZV_T_TEXT, "", 0, 4, NULL, "Psst", NULL},
	{"lines.*.other", "", 0, ZV_T_FREE, NULL, 0, 0, NULL, "Anything", NULL},
};
static const struct zv_conf_schema schema = {rows, sizeof(rows) / sizeof(rows[0]), "a schema"};

static struct said said;

static struct zv_conf_tree *parse(const char *text)
{
	struct zv_conf_sink sink = said_sink(&said);
	struct zv_conf_tree *tree = NULL;

	cr_assert_eq(zv_conf_parse(text, strlen(text), "a.yaml", &sink, &tree), ZV_OK, "%s", said.text);
	return tree;
}

static void check(const char *text, enum zv_err want, const char *why)
{
	struct zv_conf_tree *tree = parse(text);
	struct zv_conf_sink sink = said_sink(&said);

	cr_assert_eq(zv_conf_check(&schema, "", zv_conf_root(tree), &sink), want, "%s\n%s", text,
		     said.text);
	cr_assert_eq(sink.n_errors > 0, want != ZV_OK);
	if (why != NULL)
		cr_assert_not_null(strstr(said.text, why), "said: %s", said.text);
	zv_conf_free(tree);
}

Test(conf_schema, what_is_right_passes_in_silence)
{
	check("", ZV_OK, NULL);
	check("name: two\npool: {size: 7, rest: 2m, mode: slow}\nlines:\n  a.b: {host: \"h:1\", cps: 100, "
	      "phones: [+7495123], other: {deep: [1, {x: y}]}}\n",
	      ZV_OK, NULL);
	check("pool:\nlines: {a: {host: h, phones: }}\n", ZV_OK, NULL);
	cr_assert_str_eq(said.text, "");
}

Test(conf_schema, an_unknown_key_is_told_with_the_nearest_known_one)
{
	check("pool:\n  szie: 7\n", ZV_EINVAL,
	      "a.yaml:2:3: unknown key 'szie' in pool; did you mean 'size'?");
	check("pol: {size: 7}\n", ZV_EINVAL, "a.yaml:1:1: unknown key 'pol' in the file; did you mean 'pool'?");
	check("lines: {a: {host: h, cpss: 1}}\n", ZV_EINVAL, "did you mean 'cps'?");
	check("pool: {whatever: 7}\n", ZV_EINVAL, "known here: size, rest, mode");
}

Test(conf_schema, a_wrong_value_is_told_with_what_is_allowed)
{
	check("pool:\n  size: 5O\n", ZV_EINVAL,
	      "a.yaml:2:9: pool.size: '5O' is not allowed; allowed: a whole number, 1 to 1000");
	check("pool: {size: 0}\n", ZV_EINVAL, "1 to 1000");
	check("pool: {size: 1001}\n", ZV_EINVAL, "1 to 1000");
	check("pool: {rest: 2h}\n", ZV_EINVAL, "1s to 1h");
	check("pool: {rest: 90}\n", ZV_EINVAL, "a duration such as");
	check("pool: {mode: medium}\n", ZV_EINVAL, "one of: fast slow");
	check("pool: {mode: \"fast slow\"}\n", ZV_EINVAL, "one of: fast slow");
	check("pool: {mode: \"\"}\n", ZV_EINVAL, "one of: fast slow");
	check("pool: [1]\n", ZV_EINVAL, "a.yaml:1:7: pool must be a map");
	check("pool: {size: {a: 1}}\n", ZV_EINVAL, "a map is not allowed");
	check("pool: {size: [1]}\n", ZV_EINVAL, "a list is not allowed");
	check("lines: {a: {host: h, phones: 5}}\n", ZV_EINVAL, "a list, each a phone number");
	check("lines: {a: {host: h, phones: [+7495123, x]}}\n", ZV_EINVAL, "a.yaml:1:41: lines.a.phones: 'x'");
}

Test(conf_schema, a_missing_required_key_is_told_where_it_should_stand)
{
	check("lines:\n  a:\n    cps: 1\n", ZV_EINVAL, "a.yaml:2:3: lines.a: 'host' is missing");
	check("lines:\n  a:\n", ZV_EINVAL, "a.yaml:2:3: lines.a: 'host' is missing");
}

Test(conf_schema, all_errors_are_told_not_only_the_first)
{
	struct zv_conf_tree *tree = parse("pool: {size: x, rest: y}\nnam: a\nlines: {a: {cps: z}}\n");
	struct zv_conf_sink sink = said_sink(&said);

	cr_assert_eq(zv_conf_check(&schema, "", zv_conf_root(tree), &sink), ZV_EINVAL);
	cr_assert_eq(sink.n_errors, 5, "%s", said.text);
	zv_conf_free(tree);
}

Test(conf_schema, a_secret_is_never_printed)
{
	check("lines: {a: {host: h, secret: hunter2}}\n", ZV_EINVAL, "lines.a.secret: this value");
	cr_assert_null(strstr(said.text, "hunter2"));
}

Test(conf_schema, values_are_what_is_written_or_the_default)
{
	struct zv_conf_tree *tree = parse("pool: {size: 7, rest: bad}\nlines: {a: {host: h, open: no}}\n");
	const struct zv_conf_node *root = zv_conf_root(tree), *line = zv_conf_find(root, "lines.a");

	cr_assert_eq(zv_conf_number(&schema, "", root, "pool.size"), 7);
	cr_assert_eq(zv_conf_number(&schema, "", root, "pool.rest"), 90000, "what is wrong counts not");
	cr_assert_eq(zv_conf_number(&schema, "", root, "pool.mode"), 0);
	cr_assert_eq(zv_conf_number(&schema, "lines.*", line, "open"), 0);
	cr_assert_eq(zv_conf_number(&schema, "lines.*", line, "cps"), 10);
	cr_assert_str_eq(zv_conf_value(&schema, "lines.*", line, "host"), "h");
	cr_assert_null(zv_conf_value(&schema, "lines.*", NULL, "host"));
	zv_conf_free(tree);
}

static enum zv_err compare(const char *was, const char *is, uint32_t *changes)
{
	struct zv_conf_tree *a = parse(was), *b = parse(is);
	struct zv_conf_sink sink = said_sink(&said);
	enum zv_err err = zv_conf_compare(&schema, zv_conf_root(a), zv_conf_root(b), &sink, changes);

	zv_conf_free(a);
	zv_conf_free(b);
	return err;
}

Test(conf_schema, a_boot_only_key_refuses_a_live_change)
{
	uint32_t n;

	cr_assert_eq(compare("pool: {size: 1}\n", "pool: {size: 2, rest: 5s}\n", &n), ZV_OK);
	cr_assert_eq(n, 2);
	cr_assert_not_null(strstr(said.text, "pool.size: '1' -> '2'"), "%s", said.text);
	cr_assert_not_null(strstr(said.text, "pool.rest: '90s' -> '5s'"));
	cr_assert_eq(compare("", "pool: {mode: slow}\n", &n), ZV_EDENIED);
	cr_assert_not_null(strstr(said.text, "a.yaml:1:14: pool.mode cannot change"), "%s", said.text);
	cr_assert_eq(compare("name: x\n", "", &n), ZV_EDENIED);
	cr_assert_eq(compare("pool: {mode: fast}\n", "", &n), ZV_OK, "the default written out is no change");
	cr_assert_eq(n, 0);
	cr_assert_eq(compare("lines: {a: {host: h, other: {x: 1}}}\n",
			     "lines: {a: {host: h, other: {x: 2}}}\n", &n), ZV_EDENIED);
	cr_assert_eq(compare("", "lines: {a: {host: h}}\n", &n), ZV_EDENIED, "a new line has a boot-only host");
	cr_assert_eq(compare("lines: {a: {host: h, phones: [+7495111]}}\n",
			     "lines: {a: {host: h, phones: [+7495111, +7495222], secret: psst}}\n", &n), ZV_OK);
	cr_assert_eq(n, 2);
	cr_assert_null(strstr(said.text, "psst"), "%s", said.text);
}

static char *printed(void (*print)(FILE *to))
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	print(f);
	fclose(f);
	return text;
}

static void sample(FILE *to)
{
	zv_conf_print_sample(&schema, to);
}

static void man(FILE *to)
{
	zv_conf_print_man(&schema, "a.yaml", to);
}

Test(conf_schema, the_sample_holds_every_row_and_loads_as_the_defaults)
{
	char *text = printed(sample);
	struct zv_conf_tree *tree = parse(text);
	struct zv_conf_sink sink = said_sink(&said);
	struct zv_conf_tree *empty = NULL;
	uint32_t n;

	for (size_t i = 0; i < schema.n_rows; i++)
		cr_assert_not_null(strstr(text, rows[i].help), "%s", rows[i].path);
	cr_assert_eq(zv_conf_check(&schema, "", zv_conf_root(tree), &sink), ZV_OK, "%s", said.text);
	cr_assert_eq(zv_conf_parse("", 0, "b", &sink, &empty), ZV_OK);
	cr_assert_eq(zv_conf_compare(&schema, zv_conf_root(empty), zv_conf_root(tree), &sink, &n), ZV_OK);
	cr_assert_eq(n, 0, "%s", said.text);
	zv_conf_free(tree);
	zv_conf_free(empty);
	free(text);
}

Test(conf_schema, the_manual_names_every_row)
{
	char *text = printed(man);

	for (size_t i = 0; i < schema.n_rows; i++)
		cr_assert_not_null(strstr(text, rows[i].path), "%s", rows[i].path);
	free(text);
}
