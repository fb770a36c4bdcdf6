#include <stdarg.h>
#include <string.h>

#include "conf/node.h"

static void to_file(void *arg, const char *text)
{
	FILE *file = arg;

	fputs(text, file);
	fputc('\n', file);
}

struct zv_conf_sink zv_conf_sink_file(FILE *file)
{
	return (struct zv_conf_sink){.line = to_file, .arg = file};
}

/* What stands in a file may steer a terminal: control characters become '?'. */
static void tell(struct zv_conf_sink *sink, char *line)
{
	for (char *p = line; *p != 0; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	if (sink->line != NULL)
		sink->line(sink->arg, line);
}

__attribute__((format(printf, 4, 0))) static void put(struct zv_conf_sink *sink, const char *place,
						      const char *what, const char *fmt,
						      va_list args)
{
	char line[1400];
	int n = snprintf(line, sizeof(line), "%s%s", place, what);

	if (n < 0 || (size_t)n >= sizeof(line))
		n = 0;
	(void)vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, args);
	tell(sink, line);
}

static void put_place(char *to, size_t cap, const char *file, uint32_t line, uint32_t column)
{
	to[0] = 0;
	if (file != NULL)
		(void)snprintf(to, cap, "%.300s:%u:%u: ", file, line, column);
}

void zv_conf_error(struct zv_conf_sink *sink, const struct zv_conf_node *node, const char *fmt, ...)
{
	char place[400] = "";
	va_list args;

	if (node != NULL)
		put_place(place, sizeof(place), node->file, node->line, node->column);
	sink->n_errors++;
	va_start(args, fmt);
	put(sink, place, "", fmt, args);
	va_end(args);
}

void zv_conf_error_key(struct zv_conf_sink *sink, const struct zv_conf_node *entry, const char *fmt,
		       ...)
{
	char place[400] = "";
	va_list args;

	if (entry != NULL && entry->key_line != 0)
		put_place(place, sizeof(place), entry->file, entry->key_line, entry->key_column);
	else if (entry != NULL)
		put_place(place, sizeof(place), entry->file, entry->line, entry->column);
	sink->n_errors++;
	va_start(args, fmt);
	put(sink, place, "", fmt, args);
	va_end(args);
}

void zv_conf_warn(struct zv_conf_sink *sink, const struct zv_conf_node *node, const char *fmt, ...)
{
	char place[400] = "";
	va_list args;

	if (node != NULL)
		put_place(place, sizeof(place), node->file, node->line, node->column);
	sink->n_warnings++;
	va_start(args, fmt);
	put(sink, place, "warning: ", fmt, args);
	va_end(args);
}
