/* A tree against a schema, and two trees against each other. */
#include <stdlib.h>
#include <string.h>

#include "conf/schema.h"

struct check {
	const struct zv_conf_schema *schema;
	struct zv_conf_sink *sink;
	struct zv_conf_path path;
	uint32_t n_wrong;
};

/* Edit distance with neighbours swapped as one step; both texts are short. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t rows[3][66];
	size_t *before = rows[0], *last = rows[1], *now = rows[2];

	if (na > 64 || nb > 64)
		return 99;
	for (size_t j = 0; j <= nb; j++)
		last[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t *spare = before;

		now[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
		before = last;
		last = now;
		now = spare;
	}
	return last[nb];
}

/* Names that may stand in the map at the path, in the schema's order, each once. */
static size_t names_below(const struct check *c, const char **names, size_t *lens, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < c->schema->n_rows && n < cap; i++) {
		const char *next;
		size_t len, k;

		if (zv_conf_match(&c->schema->rows[i], &c->path, &next, &len) != ZV_MATCH_ABOVE)
			continue;
		for (k = 0; k < n; k++)
			if (lens[k] == len && memcmp(names[k], next, len) == 0)
				break;
		if (k == n) {
			names[n] = next;
			lens[n++] = len;
		}
	}
	return n;
}

static void unknown_key(struct check *c, const struct zv_conf_node *entry)
{
	const char *names[64];
	size_t lens[64];
	size_t n = names_below(c, names, lens, 64);
	size_t best = 99, at = 0, used = 0;
	char where[300], known[600] = "";

	for (size_t i = 0; i < n; i++) {
		size_t d = distance(entry->key, strlen(entry->key), names[i], lens[i]);

		if (d < best) {
			best = d;
			at = i;
		}
		if (used + lens[i] + 3 < sizeof(known)) {
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%.*s",
						 i > 0 ? ", " : "", (int)lens[i], names[i]);
		}
	}
	c->n_wrong++;
	zv_conf_path_text(&c->path, where, sizeof(where));
	if (best <= 2 || best * 3 <= strlen(entry->key))
		zv_conf_error_key(c->sink, entry, "unknown key '%s' in %s; did you mean '%.*s'?",
				  entry->key, where, (int)lens[at], names[at]);
	else
		zv_conf_error_key(c->sink, entry, "unknown key '%s' in %s; known here: %s",
				  entry->key, where, known);
}

static void wrong_value(struct check *c, const struct zv_conf_row *row,
			const struct zv_conf_node *node)
{
	char where[300], allowed[400];
	const char *text = zv_conf_text(node);

	c->n_wrong++;
	zv_conf_path_text(&c->path, where, sizeof(where));
	zv_conf_allowed(row, allowed, sizeof(allowed));
	if (text != NULL && (row->flags & ZV_CONF_SECRET) == 0)
		zv_conf_error(c->sink, node, "%s: '%.100s' is not allowed; allowed: %s", where, text,
			      allowed);
	else
		zv_conf_error(c->sink, node, "%s: %s is not allowed; allowed: %s", where,
			      text != NULL		    ? "this value" :
			      node->kind == ZV_CONF_LIST ? "a list" :
							    "a map",
			      allowed);
}

static void check_leaf(struct check *c, const struct zv_conf_row *row,
		       const struct zv_conf_node *node)
{
	int64_t number;

	if (row->type == ZV_T_FREE)
		return;
	if ((row->flags & ZV_CONF_LIST_OF) == 0) {
		if (node->kind != ZV_CONF_SCALAR || !zv_conf_fits(row, node->text, &number))
			wrong_value(c, row, node);
		return;
	}
	if (zv_conf_is_empty(node))
		return;
	if (node->kind != ZV_CONF_LIST) {
		wrong_value(c, row, node);
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		const struct zv_conf_node *e = node->children[i];

		if (e->kind != ZV_CONF_SCALAR || !zv_conf_fits(row, e->text, &number))
			wrong_value(c, row, e);
	}
}

/* Required rows below the map, as far as no star lies between and the first name is missing. */
static void check_required(struct check *c, const struct zv_conf_node *map)
{
	for (size_t i = 0; i < c->schema->n_rows; i++) {
		const struct zv_conf_row *row = &c->schema->rows[i];
		char where[300], name[128], allowed[400];
		const char *next;
		size_t len;

		if ((row->flags & ZV_CONF_REQUIRED) == 0 ||
		    zv_conf_match(row, &c->path, &next, &len) != ZV_MATCH_ABOVE ||
		    strchr(next, '*') != NULL || len >= sizeof(name))
			continue;
		memcpy(name, next, len);
		name[len] = 0;
		if (zv_conf_get(map, name) != NULL)
			continue;
		c->n_wrong++;
		zv_conf_path_text(&c->path, where, sizeof(where));
		zv_conf_allowed(row, allowed, sizeof(allowed));
		zv_conf_error_key(c->sink, map, "%s: '%s' is missing: %s; %s", where, next, row->help,
				  allowed);
	}
}

static void check_node(struct check *c, const struct zv_conf_node *node)
{
	const struct zv_conf_row *row = zv_conf_row_of(c->schema, &c->path);
	char where[300];

	if (row != NULL) {
		check_leaf(c, row, node);
		return;
	}
	if (node->kind != ZV_CONF_MAP && !zv_conf_is_empty(node)) {
		c->n_wrong++;
		zv_conf_path_text(&c->path, where, sizeof(where));
		zv_conf_error(c->sink, node, "%s must be a map of keys and values", where);
		return;
	}
	check_required(c, node);
	for (size_t i = 0; i < node->n; i++) {
		const char *names[1];
		size_t lens[1];

		c->path.names[c->path.n++] = node->children[i]->key;
		if (zv_conf_row_of(c->schema, &c->path) != NULL ||
		    names_below(c, names, lens, 1) > 0) {
			check_node(c, node->children[i]);
			c->path.n--;
		} else {
			c->path.n--;
			unknown_key(c, node->children[i]);
		}
	}
}

/* "a.*" as names; the texts live in buf. */
static void path_of(const char *prefix, char *buf, size_t cap, struct zv_conf_path *path)
{
	char *p = buf;

	(void)snprintf(buf, cap, "%s", prefix);
	path->n = 0;
	while (*p != 0 && path->n < ZV_CONF_DEPTH_MAX) {
		size_t n = strcspn(p, ".");

		path->names[path->n++] = p;
		p += n;
		if (*p == '.')
			*p++ = 0;
	}
}

enum zv_err zv_conf_check(const struct zv_conf_schema *schema, const char *prefix,
			  const struct zv_conf_node *node, struct zv_conf_sink *sink)
{
	struct check c = {.schema = schema, .sink = sink};
	char buf[256];

	path_of(prefix, buf, sizeof(buf), &c.path);
	check_node(&c, node);
	return c.n_wrong == 0 ? ZV_OK : ZV_EINVAL;
}

/* ---- two trees ---- */

/* A leaf as one text: what is written, lists joined, else the default.  Free sections: all of
 * them.  Cut at cap, which makes two very long ones look alike: 4 KiB is far above any row. */
static size_t flatten(const struct zv_conf_node *node, char *to, size_t cap, size_t n)
{
	size_t from = n;

	if (node == NULL || n + 1 >= cap)
		return n;
	if (node->kind == ZV_CONF_SCALAR) {
		int k = snprintf(to + n, cap - n, "%s", node->text);

		return k > 0 ? (n + (size_t)k < cap ? n + (size_t)k : cap - 1) : n;
	}
	for (size_t i = 0; i < node->n; i++) {
		int k = 0;

		if (n + 4 >= cap)
			break;
		if (n > from)
			k = snprintf(to + n, cap - n, ", ");
		n += (size_t)k;
		if (node->kind == ZV_CONF_MAP) {
			k = snprintf(to + n, cap - n, "%s: ", node->children[i]->key);
			n = n + (size_t)k < cap ? n + (size_t)k : cap - 1;
		}
		n = flatten(node->children[i], to, cap, n);
	}
	return n;
}

struct compare {
	struct zv_conf_path path;
	const struct zv_conf_schema *schema;
	struct zv_conf_sink *sink;
	uint32_t n_changes, n_refused;
	char was[4096], is[4096];
};

static void effective(const struct zv_conf_row *row, const struct zv_conf_node *node, char *to,
		      size_t cap)
{
	size_t n;

	if (node != NULL) {
		to[flatten(node, to, cap, 0)] = 0;
		return;
	}
	(void)snprintf(to, cap, "%s", row->def != NULL ? row->def : "");
	n = strlen(to);
	if ((row->flags & ZV_CONF_LIST_OF) != 0 && n >= 2) { /* [a, b] */
		memmove(to, to + 1, n - 2);
		to[n - 2] = 0;
	}
}

static void compare_leaf(struct compare *c, const struct zv_conf_row *row,
			 const struct zv_conf_node *was, const struct zv_conf_node *is)
{
	bool secret = (row->flags & ZV_CONF_SECRET) != 0;
	char where[300], line[1000];

	effective(row, was, c->was, sizeof(c->was));
	effective(row, is, c->is, sizeof(c->is));
	if (strcmp(c->was, c->is) == 0)
		return;
	zv_conf_path_text(&c->path, where, sizeof(where));
	c->n_changes++;
	if ((row->flags & ZV_CONF_LIVE) == 0) {
		c->n_refused++;
		zv_conf_error(c->sink, is != NULL ? is : was,
			      "%s cannot change while zvonard runs: '%.100s' -> '%.100s'; restart it",
			      where, secret ? "(secret)" : c->was, secret ? "(secret)" : c->is);
		return;
	}
	(void)snprintf(line, sizeof(line), "%s: '%.200s' -> '%.200s'", where,
		       secret ? "(secret)" : c->was, secret ? "(secret)" : c->is);
	if (c->sink->note != NULL)
		c->sink->note(c->sink->arg, line);
	else if (c->sink->line != NULL)
		c->sink->line(c->sink->arg, line);
}

static void compare_nodes(struct compare *c, const struct zv_conf_node *was,
			  const struct zv_conf_node *is);

static void compare_child(struct compare *c, const char *name, const struct zv_conf_node *was,
			  const struct zv_conf_node *is)
{
	c->path.names[c->path.n++] = name;
	compare_nodes(c, zv_conf_get(was, name), zv_conf_get(is, name));
	c->path.n--;
}

static void compare_nodes(struct compare *c, const struct zv_conf_node *was,
			  const struct zv_conf_node *is)
{
	const struct zv_conf_row *row = zv_conf_row_of(c->schema, &c->path);

	if (row != NULL) {
		compare_leaf(c, row, was, is);
		return;
	}
	/* what is no map where one should be was told by the check */
	if (zv_conf_node_kind(was) != ZV_CONF_MAP)
		was = NULL;
	if (zv_conf_node_kind(is) != ZV_CONF_MAP)
		is = NULL;
	for (size_t i = 0; i < zv_conf_count(was); i++)
		compare_child(c, zv_conf_key(was, i), was, is);
	for (size_t i = 0; i < zv_conf_count(is); i++)
		if (zv_conf_get(was, zv_conf_key(is, i)) == NULL)
			compare_child(c, zv_conf_key(is, i), was, is);
}

enum zv_err zv_conf_compare(const struct zv_conf_schema *schema, const struct zv_conf_node *was,
			    const struct zv_conf_node *is, struct zv_conf_sink *sink,
			    uint32_t *ret_changes)
{
	struct compare *c = calloc(1, sizeof(*c));
	enum zv_err err;

	if (c == NULL)
		return ZV_ENOMEM;
	c->schema = schema;
	c->sink = sink;
	compare_nodes(c, was, is);
	*ret_changes = c->n_changes;
	err = c->n_refused == 0 ? ZV_OK : ZV_EDENIED;
	free(c);
	return err;
}
