#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "app/template.h"

static char buf[256];
static uint32_t missing;

static const char *render(const char *text, const char *attrs, size_t len)
{
	enum zv_err err = zv_template_render(text, attrs, len, buf, sizeof(buf), &missing);

	return err == ZV_OK ? buf : NULL;
}

#define ATTRS "name\0Анна\0city\0\0bad\0a\nb\033\0"

Test(template, variables_are_filled_in_and_defaults_stand_for_the_absent_and_the_empty)
{
	size_t n = sizeof(ATTRS) - 1;

	cr_assert_str_eq(render("Здравствуйте, {{name}}!", ATTRS, n), "Здравствуйте, Анна!");
	cr_assert_str_eq(render("{{ name | клиент }}{{name}}", ATTRS, n), "АннаАнна");
	cr_assert_str_eq(render("{{city|уважаемый клиент}}", ATTRS, n), "уважаемый клиент");
	cr_assert_str_eq(render("{{nobody|x}}", ATTRS, n), "x");
	cr_assert_eq(missing, 0);
	cr_assert_str_eq(render("[{{nobody}}]", ATTRS, n), "[]");
	cr_assert_eq(missing, 1);
	cr_assert_str_eq(render("{ plain } }", ATTRS, n), "{ plain } }");
	cr_assert_str_eq(render("{{bad}}", ATTRS, n), "a b ", "control characters become spaces");
	cr_assert_str_eq(render("{{name}}", "", 0), "");
}

Test(template, a_value_is_text_and_never_a_template)
{
	static const char attrs[] = "a\0{{b}}\0b\0secret";

	cr_assert_str_eq(render("{{a}}", attrs, sizeof(attrs)), "{{b}}");
}

Test(template, attributes_cut_short_are_ignored)
{
	static const char attrs[] = {'a', 0, '1', 0, 'b', 0, '2'};

	for (size_t n = 0; n <= sizeof(attrs); n++) {
		char *copy = malloc(n + 1);

		memcpy(copy, attrs, n);
		cr_assert_str_eq(render("{{a|-}}{{b|-}}", copy, n), n >= 4 ? "1-" : "--");
		free(copy);
	}
}

Test(template, a_buffer_that_is_too_small_is_told)
{
	char small[8];

	cr_assert_eq(zv_template_render("1234567", "", 0, small, sizeof(small), NULL), ZV_OK);
	cr_assert_eq(zv_template_render("12345678", "", 0, small, sizeof(small), NULL), ZV_EFULL);
	cr_assert_eq(zv_template_render("{{x|12345678}}", "", 0, small, sizeof(small), NULL), ZV_EFULL);
}

static void count(void *arg, const char *name, size_t len, int has_default)
{
	int *n = arg;

	(void)name;
	*n += (int)len * 10 + has_default;
}

Test(template, braces_that_do_not_match_are_refused)
{
	static const char *const bad[] = {"{{", "{{a", "{{a}", "a}}", "{{}}", "{{ }}", "{{|x}}",
					  "{{a{{b}}}}", "{{a|{b}}}"};
	const char *wrong = NULL;
	int n = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_eq(zv_template_check(bad[i], NULL, NULL, &wrong), ZV_EPARSE, "%s", bad[i]);
		cr_assert_not_null(wrong);
	}
	cr_assert_eq(zv_template_check("{{ab}} {{c|d}}", count, &n, &wrong), ZV_OK);
	cr_assert_eq(n, 20 + 11);
	cr_assert_null(render("{{a", "", 0));
}

Test(template, a_prompts_number_depends_on_voice_rate_and_text_alone)
{
	uint64_t h = zv_prompt_hash("ru", 150, "Здравствуйте");

	/* Names files of a cache that outlives a program: the value must never change. */
	cr_assert_eq(h, UINT64_C(0x64c445c3d6ac66e1), "%llx", (unsigned long long)h);
	cr_assert_neq(h, zv_prompt_hash("en", 150, "Здравствуйте"));
	cr_assert_neq(h, zv_prompt_hash("ru", 151, "Здравствуйте"));
	cr_assert_neq(h, zv_prompt_hash("ru", 150, "Здравствуйте "));
	cr_assert_neq(zv_prompt_hash("", 0, ""), 0);
}
