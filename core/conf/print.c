/* The schema as a sample file and as a manual page. */
#include <string.h>

#include "conf/schema.h"

/* How many leading names two paths share, and how many p has. */
static size_t shared(const char *p, const char *q, size_t *ret_names)
{
	size_t same = 0, names = 0;
	bool equal = true;

	for (;;) {
		size_t n = strcspn(p, "."), m = strcspn(q, ".");

		names++;
		equal = equal && n == m && memcmp(p, q, n) == 0;
		same += equal && p[n] == '.' && q[m] == '.';
		if (p[n] == 0)
			break;
		p += n + 1;
		q += m + (q[m] == '.');
	}
	*ret_names = names;
	return same;
}

/* Words of text, wrapped at column 92, each line begun by `lead`. */
static void put_wrapped(FILE *to, const char *lead, const char *text)
{
	size_t width = 92 - strlen(lead);

	while (*text != 0) {
		size_t n = strlen(text);

		if (n > width) {
			n = width;
			while (n > 0 && text[n] != ' ')
				n--;
			if (n == 0)
				n = strcspn(text, " ");
		}
		fprintf(to, "%s%.*s\n", lead, (int)n, text);
		text += n;
		text += strspn(text, " ");
	}
}

static bool needs_quotes(const char *text)
{
	return *text == 0 || strpbrk(text, ":#{}[]&*!|>'\"%@`,") != NULL || *text == '-' ||
	       *text == ' ';
}

/* Names that begin a section: "trunks:", and "  main:" for a star. */
static void put_heads(FILE *to, const char *path, size_t from, size_t names, bool *starred)
{
	size_t i = 0;

	for (; i + 1 < names; i++) {
		size_t n = strcspn(path, ".");
		bool star = n == 1 && *path == '*';

		*starred = *starred || star;
		if (i >= from)
			fprintf(to, "%s%s%*s%.*s:\n", i == 0 ? "\n" : "", *starred ? "# " : "",
				(int)(2 * i), "", star ? 4 : (int)n, star ? "main" : path);
		path += n + 1;
	}
}

static void put_row(FILE *to, const struct zv_conf_row *row, size_t names, bool starred)
{
	const char *value = row->def != NULL ? row->def : row->example != NULL ? row->example : "";
	const char *name = strrchr(row->path, '.');
	bool comment = starred || row->def == NULL;
	bool raw = (row->flags & ZV_CONF_LIST_OF) != 0 || row->type == ZV_T_FREE;
	const char *quote = !raw && needs_quotes(value) ? "\"" : "";
	char lead[64], line[700], allowed[400];

	name = name != NULL ? name + 1 : row->path;
	zv_conf_allowed(row, allowed, sizeof(allowed));
	(void)snprintf(lead, sizeof(lead), "%s%*s# ", starred ? "# " : "", (int)(2 * (names - 1)), "");
	(void)snprintf(line, sizeof(line), "%s.%s%s", row->help,
		       (row->flags & ZV_CONF_REQUIRED) != 0 ? " Required." : "",
		       (row->flags & ZV_CONF_LIVE) != 0 ? " Live." : "");
	put_wrapped(to, lead, line);
	(void)snprintf(line, sizeof(line), "Allowed: %s%s%s%s.", allowed,
		       row->unit[0] != 0 ? " (" : "", row->unit, row->unit[0] != 0 ? ")" : "");
	put_wrapped(to, lead, line);
	fprintf(to, "%s%*s%s%s: %s%s%s\n", starred ? "# " : "", (int)(2 * (names - 1)), "",
		comment && !starred ? "# " : "", strcmp(name, "*") == 0 ? "name" : name, quote, value, quote);
}

void zv_conf_print_sample(const struct zv_conf_schema *schema, FILE *to)
{
	const char *last = "";

	fprintf(to, "# %s\n#\n", schema->title);
	put_wrapped(to, "# ",
		    "Every setting with its default. What begins with '# ' has none or is an example. "
		    "Live: a reload may change it; all others count at start only. Files in conf.d "
		    "beside this one are read after it, in the order of their names: maps are joined, "
		    "anything else is replaced.");
	for (size_t i = 0; i < schema->n_rows; i++) {
		const struct zv_conf_row *row = &schema->rows[i];
		bool starred = false;
		size_t names;
		size_t same = shared(row->path, last, &names);

		put_heads(to, row->path, same, names, &starred);
		if (names == 1)
			fputc('\n', to);
		put_row(to, row, names, starred);
		last = row->path;
	}
}

/* Text for man(7): backslashes and hyphens escaped, no line that begins as a request. */
static void put_roff(FILE *to, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", to);
	for (; *text != 0; text++) {
		if (*text == '\\')
			fputs("\\e", to);
		else if (*text == '-')
			fputs("\\-", to);
		else
			fputc(*text, to);
	}
}

void zv_conf_print_man(const struct zv_conf_schema *schema, const char *name, FILE *to)
{
	fprintf(to, ".TH %s 5 \"\" \"zvonar %s\" \"File formats\"\n.SH NAME\n", name, ZV_VERSION);
	put_roff(to, name);
	fputs(" \\- ", to);
	put_roff(to, schema->title);
	fputs("\n.SH DESCRIPTION\n"
	      "A strict part of YAML: one document, no anchors, aliases or tags, no key twice.\n"
	      "Files conf.d/*.yaml beside the main file are read after it in the order of their\n"
	      "names: maps are joined, anything else is replaced.\n"
	      "A star stands for a name of your choice.\n"
	      "Settings marked live may change at a reload, all others count at start only.\n"
	      ".SH SETTINGS\n", to);
	for (size_t i = 0; i < schema->n_rows; i++) {
		const struct zv_conf_row *row = &schema->rows[i];
		char allowed[400];

		zv_conf_allowed(row, allowed, sizeof(allowed));
		fputs(".TP\n.B ", to);
		put_roff(to, row->path);
		fputc('\n', to);
		put_roff(to, row->help);
		fputs(".\n", to);
		if ((row->flags & ZV_CONF_REQUIRED) != 0)
			fputs("Required.\n", to);
		if ((row->flags & ZV_CONF_LIVE) != 0)
			fputs("Live.\n", to);
		fputs("Allowed: ", to);
		put_roff(to, allowed);
		if (row->unit[0] != 0)
			fprintf(to, " (%s)", row->unit);
		fputs(".\n", to);
		if (row->def != NULL) {
			fputs("Default: ", to);
			put_roff(to, row->def[0] != 0 ? row->def : "empty");
			fputs(".\n", to);
		}
	}
}
