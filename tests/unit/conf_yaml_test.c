#include <criterion/criterion.h>
#include <stdlib.h>

#include "conf/conf.h"
#include "conf_said.h"

static struct said said;

static struct zv_conf_tree *parse(const char *text)
{
	struct zv_conf_sink sink = said_sink(&said);
	struct zv_conf_tree *tree = NULL;
	enum zv_err err = zv_conf_parse(text, strlen(text), "a.yaml", &sink, &tree);

	if (err != ZV_OK)
		cr_assert_gt(sink.n_errors, 0, "an error is always told");
	return err == ZV_OK ? tree : NULL;
}

static void refused(const char *text, const char *why)
{
	cr_assert_null(parse(text), "taken: %s", text);
	cr_assert_not_null(strstr(said.text, why), "said: %s", said.text);
}

Test(conf_yaml, scalars_stay_what_they_look_like)
{
	struct zv_conf_tree *tree = parse("a: no\nb: 09:00\nc: +7495\nd: 1e3\ne: \"x: y\"\nf:\n");
	static const char *const want[] = {"no", "09:00", "+7495", "1e3", "x: y", ""};

	cr_assert_not_null(tree);
	for (size_t i = 0; i < 6; i++)
		cr_assert_str_eq(zv_conf_text(zv_conf_at(zv_conf_root(tree), i)), want[i]);
	cr_assert_str_eq(zv_conf_key(zv_conf_root(tree), 4), "e");
	zv_conf_free(tree);
}

Test(conf_yaml, maps_and_lists_nest)
{
	struct zv_conf_tree *tree = parse("m:\n  l: [a, {k: v}]\n");
	const struct zv_conf_node *list = zv_conf_find(zv_conf_root(tree), "m.l");

	cr_assert_eq(zv_conf_node_kind(list), ZV_CONF_LIST);
	cr_assert_eq(zv_conf_count(list), 2);
	cr_assert_str_eq(zv_conf_text(zv_conf_get(zv_conf_at(list, 1), "k")), "v");
	cr_assert_null(zv_conf_at(list, 2));
	cr_assert_null(zv_conf_find(zv_conf_root(tree), "m.x.y"));
	cr_assert_null(zv_conf_text(list));
	zv_conf_free(tree);
}

Test(conf_yaml, an_empty_file_is_an_empty_map)
{
	static const char *const texts[] = {"", "# only a comment\n", "---\n", "---\n...\n"};

	for (size_t i = 0; i < 4; i++) {
		struct zv_conf_tree *tree = parse(texts[i]);

		cr_assert_not_null(tree, "'%s': %s", texts[i], said.text);
		cr_assert_eq(zv_conf_node_kind(zv_conf_root(tree)), ZV_CONF_MAP);
		cr_assert_eq(zv_conf_count(zv_conf_root(tree)), 0);
		zv_conf_free(tree);
	}
}

Test(conf_yaml, what_is_clever_is_refused_with_its_place)
{
	refused("a: 1\nb: &x 2\n", "a.yaml:2:4: anchors");
	refused("a: 1\nb: *x\n", "a.yaml:2:4: aliases");
	refused("a: !!int 1\n", "a.yaml:1:4: tags");
	refused("a:\n  <<: {b: 1}\n", "a.yaml:2:3: merge keys");
	refused("a: 1\n---\nb: 2\n", "a.yaml:2:1: one document");
	refused("%YAML 1.1\n---\na: 1\n", "directives");
	refused("a: 1\nb: 2\n a: 3\n", "a.yaml:3:");
	refused("? [a]\n: 1\n", "a key must be a plain text");
	refused("- a\n- b\n", "a.yaml:1:1: the file must be a map");
	refused("just text\n", "a.yaml:1:1: the file must be a map");
	refused("a: [1, 2\n", "a.yaml:");
	refused("a: \"x\\0y\"\n", "a.yaml:1:4: a text with a zero byte");
	refused("a: \xff\xfe\n", "UTF-8");
	refused("\t: tab\n", "a.yaml:1:");
}

Test(conf_yaml, a_key_that_stands_twice_is_refused_and_both_places_are_told)
{
	refused("store:\n  dir: a\n  map: b\n  dir: c\n",
		"a.yaml:4:3: the key 'dir' stands twice: first in line 2");
}

Test(conf_yaml, several_errors_are_told_in_one_go)
{
	cr_assert_null(parse("a: &x 1\nb: !t 2\na: 3\n"));
	cr_assert_not_null(strstr(said.text, "a.yaml:1:4: anchors"));
	cr_assert_not_null(strstr(said.text, "a.yaml:2:4: tags"));
	cr_assert_not_null(strstr(said.text, "a.yaml:3:1: the key 'a' stands twice"));
}

Test(conf_yaml, depth_size_and_width_have_limits)
{
	char *text = malloc(ZV_CONF_BYTES_MAX + 10);

	memset(text, '[', 100);
	memcpy(text, "a: ", 3);
	text[100] = 0;
	refused(text, "nested too deeply");
	memset(text, '#', ZV_CONF_BYTES_MAX + 1);
	text[ZV_CONF_BYTES_MAX + 1] = 0;
	refused(text, "the file is too long");
	text[0] = 0;
	for (unsigned i = 0, n = 0; i <= ZV_CONF_MAP_MAX; i++)
		n += (unsigned)sprintf(text + n, "k%u: 1\n", i);
	refused(text, "too many entries");
	free(text);
}

Test(conf_yaml, joining_goes_into_maps_and_replaces_the_rest)
{
	struct zv_conf_tree *tree = parse("a: {x: 1, y: 2}\nl: [1, 2]\ns: old\n");
	struct zv_conf_tree *over = parse("a: {y: 3, z: 4}\nl: [9]\nnew: n\ns:\n  deep: 1\n");
	const struct zv_conf_node *root;

	cr_assert_eq(zv_conf_merge(tree, over), ZV_OK);
	root = zv_conf_root(tree);
	cr_assert_str_eq(zv_conf_text(zv_conf_find(root, "a.x")), "1");
	cr_assert_str_eq(zv_conf_text(zv_conf_find(root, "a.y")), "3");
	cr_assert_str_eq(zv_conf_text(zv_conf_find(root, "a.z")), "4");
	cr_assert_eq(zv_conf_count(zv_conf_get(root, "l")), 1);
	cr_assert_str_eq(zv_conf_text(zv_conf_find(root, "s.deep")), "1");
	cr_assert_str_eq(zv_conf_text(zv_conf_get(root, "new")), "n");
	zv_conf_free(tree);
	zv_conf_free(NULL);
}

Test(conf_yaml, a_grafted_file_keeps_its_own_places)
{
	struct zv_conf_sink sink = said_sink(&said);
	struct zv_conf_tree *tree = NULL, *sub = NULL;

	cr_assert_eq(zv_conf_parse("a: 1\n", 5, "main.yaml", &sink, &tree), ZV_OK);
	cr_assert_eq(zv_conf_parse("\nx: 1\n", 6, "sub.yaml", &sink, &sub), ZV_OK);
	cr_assert_eq(zv_conf_graft(tree, "c", "one", sub, &sink), ZV_OK);
	zv_conf_error(&sink, zv_conf_find(zv_conf_root(tree), "c.one.x"), "here");
	cr_assert_str_eq(said.text, "sub.yaml:2:4: here\n");
	cr_assert_eq(zv_conf_parse("x: 1\n", 5, "other.yaml", &sink, &sub), ZV_OK);
	cr_assert_eq(zv_conf_graft(tree, "c", "one", sub, &sink), ZV_EEXIST);
	cr_assert_not_null(strstr(said.text, "c.one is defined already in sub.yaml:2"));
	zv_conf_free(tree);
}

Test(conf_yaml, control_characters_of_a_file_do_not_reach_the_terminal)
{
	refused("\"a\\e[2J\": 1\n\"a\\e[2J\": 2\n", "stands twice");
	cr_assert_null(strchr(said.text, 0x1b));
}
