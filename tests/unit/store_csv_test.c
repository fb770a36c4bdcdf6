#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/csv.h"

struct text {
	const char *p;
	size_t n, step; /* bytes a read */
};

static enum zv_err read_text(void *arg, char *buf, size_t cap, size_t *ret_n)
{
	struct text *t = arg;
	size_t n = t->n < t->step ? t->n : t->step;

	if (n > cap)
		n = cap;
	memcpy(buf, t->p, n);
	t->p += n;
	t->n -= n;
	*ret_n = n;
	return ZV_OK;
}

/* The rows as "a|b|c\n..." with faults as "!fault". */
static char *rows_of(const char *p, size_t n, size_t step, char delimiter)
{
	struct text t = {p, n, step};
	struct zv_csv *csv;
	struct zv_csv_row *row = malloc(sizeof(*row));
	char *out = calloc(1, 4 * n + 4096);
	size_t at = 0;

	cr_assert_eq(zv_csv_create(read_text, &t, delimiter, &csv), ZV_OK);
	while (zv_csv_next(csv, row) == ZV_OK) {
		at += (size_t)sprintf(out + at, "%llu:", (unsigned long long)row->line);
		if (row->fault != ZV_CSV_GOOD)
			at += (size_t)sprintf(out + at, "!%d", row->fault);
		for (uint32_t i = 0; i < row->n && row->fault == ZV_CSV_GOOD; i++)
			at += (size_t)sprintf(out + at, "%s%.*s", i > 0 ? "|" : "",
					      (int)row->v[i].n, row->v[i].p);
		at += (size_t)sprintf(out + at, "%s\n", row->ended ? "" : "$");
	}
	zv_csv_destroy(csv);
	free(row);
	return out;
}

/* Read whole and byte by byte: both must give the same. */
static void expect(const char *csv, char delimiter, const char *want)
{
	static const size_t steps[] = {1 << 20, 7, 1};

	for (int i = 0; i < 3; i++) {
		char *got = rows_of(csv, strlen(csv), steps[i], delimiter);

		cr_expect_str_eq(got, want, "%s\nread by %zu gave\n%s", csv, steps[i], got);
		free(got);
	}
}

Test(csv, reads_what_rfc_4180_says)
{
	expect("aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n", ',', "1:aaa|bbb|ccc\n2:zzz|yyy|xxx\n");
	expect("aaa,bbb,ccc\r\nzzz,yyy,xxx", ',', "1:aaa|bbb|ccc\n2:zzz|yyy|xxx$\n");
	expect("\"aaa\",\"b\nbb\",\"ccc\"\nzzz,yyy,xxx\n", ',', "1:aaa|b\nbb|ccc\n3:zzz|yyy|xxx\n");
	expect("\"aaa\",\"b\"\"bb\",\"ccc\"\n", ',', "1:aaa|b\"bb|ccc\n");
	expect("a,,c\n,,\n", ',', "1:a||c\n2:||\n");
	expect("\"\",b\n", ',', "1:|b\n");
}

Test(csv, finds_the_delimiter_out)
{
	expect("a;b;c\n1,5;2;3\n", 0, "1:a|b|c\n2:1,5|2|3\n");
	expect("a\tb\n1;2,3\t4\n", 0, "1:a|b\n2:1;2,3|4\n");
	expect("a,b\n1;x,2\n", 0, "1:a|b\n2:1;x|2\n");
	expect("\"a;b;c\",d\n1,2\n", 0, "1:a;b;c|d\n2:1|2\n");
	expect("a\n1\n", 0, "1:a\n2:1\n");
}

Test(csv, passes_over_empty_lines_and_trims)
{
	expect("a;b\n\n\r\n 1 ; 2\t\n", ';', "1:a|b\n4:1|2\n");
	expect("a; \"x\" ;c\n", ';', "1:a|x|c\n");
}

Test(csv, a_quote_inside_an_unquoted_field_stands_for_itself)
{
	expect("ООО \"Ромашка\";1\nb;2\n", ';', "1:ООО \"Ромашка\"|1\n2:b|2\n");
}

Test(csv, text_behind_a_closing_quote_costs_its_row_only)
{
	expect("\"ООО \"Ромашка\"\";1\nb;2\n", ';', "1:!2\n2:b|2\n");
}

Test(csv, a_quote_that_is_never_closed_costs_its_line_only)
{
	expect("a;b\n\"x;1\ny;2\nz;3\n", ';', "1:a|b\n2:!1\n3:y|2\n4:z|3\n");
	expect("a;b\n1;2\n3;\"cut", ';', "1:a|b\n2:1|2\n3:!1$\n");
}

Test(csv, a_stray_quote_far_from_the_end_does_not_swallow_the_list)
{
	size_t n = 0, cap = 400000, rows = 0;
	char *text = malloc(cap), *got;

	n += (size_t)sprintf(text, "a;b\n\"stray;0\n");
	for (int i = 0; i < 10000; i++)
		n += (size_t)sprintf(text + n, "row %d;%d\n", i, i);
	got = rows_of(text, n, 4096, ';');
	for (char *p = got; (p = strchr(p, '\n')) != NULL; p++)
		rows++;
	cr_expect_eq(rows, 10002);
	cr_expect_not_null(strstr(got, "2:!1\n3:row 0|0\n"));
	free(got);
	free(text);
}

Test(csv, rows_beyond_the_limits_are_faults_and_the_next_row_is_read)
{
	size_t n = 300000;
	char *text = malloc(n + 64), *got;

	memset(text, 'x', n);
	memcpy(text + n, "\na;b\n", 6);
	got = rows_of(text, n + 5, 4096, ';');
	cr_expect_str_eq(got, "1:!3\n2:a|b\n");
	free(got);
	memset(text, ';', 300);
	memcpy(text + 300, "\na;b\n", 6);
	got = rows_of(text, 305, 4096, ';');
	cr_expect_str_eq(got, "1:!4\n2:a|b\n");
	free(got);
	got = rows_of("a;b\nc\0d;e\nf;g\n", 14, 4096, ';');
	cr_expect_str_eq(got, "1:a|b\n2:!5\n3:f|g\n");
	free(got);
	free(text);
}
