/* YAML events to nodes.  Everything clever in YAML is refused, with the place. */
#include <yaml.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/node.h"
#include "conf/tree.h"

struct builder {
	struct zv_conf_tree *tree;
	const char *file;
	struct zv_conf_sink *sink;
	struct zv_conf_node *stack[ZV_CONF_DEPTH_MAX];
	size_t depth;
	char *key; /* of the map on top, waiting for its value */
	uint32_t key_line, key_column;
	uint32_t n_nodes, n_documents;
};

static void complain(struct builder *b, const yaml_mark_t *at, const char *text)
{
	struct zv_conf_node place = {
		.file = b->file,
		.line = (uint32_t)at->line + 1,
		.column = (uint32_t)at->column + 1,
	};

	zv_conf_error(b->sink, &place, "%s", text);
}

/* Anchors and tags change what a text means elsewhere: none of them. */
static void refuse_marks(struct builder *b, const yaml_event_t *e, const yaml_char_t *anchor,
			 const yaml_char_t *tag)
{
	if (anchor != NULL)
		complain(b, &e->start_mark, "anchors (&name) are not allowed: write the value out");
	if (tag != NULL)
		complain(b, &e->start_mark, "tags (!name) are not allowed: every value is plain text");
}

/* Puts a node where it belongs: below the top of the stack, or as the root. */
static enum zv_err attach(struct builder *b, struct zv_conf_node *node, const yaml_mark_t *at)
{
	struct zv_conf_node *top = b->depth > 0 ? b->stack[b->depth - 1] : NULL;

	node->line = (uint32_t)at->line + 1;
	node->column = (uint32_t)at->column + 1;
	if (top == NULL) {
		zv_conf_node_free(b->tree->root);
		b->tree->root = node;
		return ZV_OK;
	}
	if (top->kind == ZV_CONF_MAP) {
		node->key = b->key;
		node->key_line = b->key_line;
		node->key_column = b->key_column;
		b->key = NULL;
	}
	if (!zv_conf_node_add(top, node)) {
		zv_conf_node_free(node);
		return ZV_ENOMEM;
	}
	return ZV_OK;
}

static bool expects_key(const struct builder *b)
{
	return b->depth > 0 && b->stack[b->depth - 1]->kind == ZV_CONF_MAP && b->key == NULL;
}

static enum zv_err take_key(struct builder *b, const yaml_event_t *e)
{
	const char *text = (const char *)e->data.scalar.value;
	const struct zv_conf_node *map = b->stack[b->depth - 1];
	const struct zv_conf_node *old = zv_conf_get(map, text);
	char said[360];

	if (text[0] == 0 || e->data.scalar.length > 120)
		complain(b, &e->start_mark, "a key must have 1 to 120 bytes");
	else if (strcmp(text, "<<") == 0)
		complain(b, &e->start_mark, "merge keys (<<) are not allowed");
	if (old != NULL) {
		(void)snprintf(said, sizeof(said), "the key '%s' stands twice: first in line %u",
			       text, old->key_line);
		complain(b, &e->start_mark, said);
	}
	if (map->n >= ZV_CONF_MAP_MAX) {
		complain(b, &e->start_mark, "too many entries in one map");
		return ZV_EPARSE;
	}
	b->key = strdup(text);
	b->key_line = (uint32_t)e->start_mark.line + 1;
	b->key_column = (uint32_t)e->start_mark.column + 1;
	return b->key != NULL ? ZV_OK : ZV_ENOMEM;
}

static enum zv_err on_scalar(struct builder *b, const yaml_event_t *e)
{
	const char *text = (const char *)e->data.scalar.value;
	struct zv_conf_node *node;

	refuse_marks(b, e, e->data.scalar.anchor, e->data.scalar.tag);
	if (strlen(text) != e->data.scalar.length) {
		complain(b, &e->start_mark, "a text with a zero byte");
		return ZV_EPARSE;
	}
	if (expects_key(b))
		return take_key(b, e);
	node = zv_conf_node_new(b->file, ZV_CONF_SCALAR);
	if (node == NULL)
		return ZV_ENOMEM;
	node->text = strdup(text);
	if (node->text == NULL) {
		zv_conf_node_free(node);
		return ZV_ENOMEM;
	}
	return attach(b, node, &e->start_mark);
}

static enum zv_err on_open(struct builder *b, const yaml_event_t *e, enum zv_conf_kind kind)
{
	struct zv_conf_node *node;
	enum zv_err err;

	if (expects_key(b)) {
		complain(b, &e->start_mark, "a key must be a plain text");
		return ZV_EPARSE;
	}
	if (b->depth == ZV_CONF_DEPTH_MAX) {
		complain(b, &e->start_mark, "nested too deeply");
		return ZV_EPARSE;
	}
	node = zv_conf_node_new(b->file, kind);
	if (node == NULL)
		return ZV_ENOMEM;
	err = attach(b, node, &e->start_mark);
	if (err == ZV_OK)
		b->stack[b->depth++] = node;
	return err;
}

static enum zv_err on_document(struct builder *b, const yaml_event_t *e)
{
	if (++b->n_documents > 1) {
		complain(b, &e->start_mark, "one document a file: a second '---' is not allowed");
		return ZV_EPARSE;
	}
	if (e->data.document_start.version_directive != NULL ||
	    e->data.document_start.tag_directives.start !=
		    e->data.document_start.tag_directives.end)
		complain(b, &e->start_mark, "directives (%YAML, %TAG) are not allowed");
	return ZV_OK;
}

static enum zv_err on_event(struct builder *b, const yaml_event_t *e)
{
	if (e->type == YAML_SCALAR_EVENT || e->type == YAML_MAPPING_START_EVENT ||
	    e->type == YAML_SEQUENCE_START_EVENT) {
		if (++b->n_nodes > ZV_CONF_NODES_MAX) {
			complain(b, &e->start_mark, "too many values in one file");
			return ZV_EPARSE;
		}
	}
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT: return on_document(b, e);
	case YAML_SCALAR_EVENT: return on_scalar(b, e);
	case YAML_MAPPING_START_EVENT:
		refuse_marks(b, e, e->data.mapping_start.anchor, e->data.mapping_start.tag);
		return on_open(b, e, ZV_CONF_MAP);
	case YAML_SEQUENCE_START_EVENT:
		refuse_marks(b, e, e->data.sequence_start.anchor, e->data.sequence_start.tag);
		return on_open(b, e, ZV_CONF_LIST);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT: b->depth--; return ZV_OK;
	case YAML_ALIAS_EVENT:
		complain(b, &e->start_mark, "aliases (*name) are not allowed: write the value out");
		return ZV_EPARSE;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT: return ZV_OK;
	}
	return ZV_OK;
}

static void complain_of_yaml(struct builder *b, const yaml_parser_t *p)
{
	char text[400];
	yaml_mark_t at = p->problem_mark;

	if (p->error == YAML_READER_ERROR) {
		(void)snprintf(text, sizeof(text), "%s (byte %zu): the file must be UTF-8",
			       p->problem, p->problem_offset);
		at = p->mark;
	} else if (p->context != NULL) {
		(void)snprintf(text, sizeof(text), "%s, %s (line %zu)", p->problem, p->context,
			       p->context_mark.line + 1);
	} else {
		(void)snprintf(text, sizeof(text), "%s",
			       p->problem != NULL ? p->problem : "this is not YAML");
	}
	complain(b, &at, text);
}

static enum zv_err run(struct builder *b, yaml_parser_t *p)
{
	for (;;) {
		yaml_event_t e;
		enum zv_err err;
		bool last;

		if (!yaml_parser_parse(p, &e)) {
			if (p->error == YAML_MEMORY_ERROR)
				return ZV_ENOMEM;
			complain_of_yaml(b, p);
			return ZV_EPARSE;
		}
		last = e.type == YAML_STREAM_END_EVENT;
		err = on_event(b, &e);
		yaml_event_delete(&e);
		if (err != ZV_OK || last)
			return err;
	}
}

/* An empty file is an empty map; any other root but a map is refused. */
static enum zv_err finish_root(struct builder *b)
{
	struct zv_conf_node *root = b->tree->root;

	if (root != NULL && root->kind == ZV_CONF_MAP)
		return ZV_OK;
	if (root != NULL && !zv_conf_is_empty(root)) {
		zv_conf_error(b->sink, root, "the file must be a map of keys and values");
		return ZV_EPARSE;
	}
	zv_conf_node_free(root);
	b->tree->root = zv_conf_node_new(b->file, ZV_CONF_MAP);
	if (b->tree->root == NULL)
		return ZV_ENOMEM;
	b->tree->root->line = b->tree->root->column = 1;
	return ZV_OK;
}

enum zv_err zv_conf_parse(const char *bytes, size_t len, const char *file,
			  struct zv_conf_sink *sink, struct zv_conf_tree **ret_tree)
{
	struct builder b = {.sink = sink};
	uint32_t errors_before = sink->n_errors;
	enum zv_err err = ZV_ENOMEM;
	yaml_parser_t parser;

	b.tree = calloc(1, sizeof(*b.tree));
	if (b.tree == NULL)
		return ZV_ENOMEM;
	b.file = zv_conf_tree_file(b.tree, file);
	if (b.file == NULL || !yaml_parser_initialize(&parser))
		goto fail;
	if (len > ZV_CONF_BYTES_MAX) {
		complain(&b, &(yaml_mark_t){0}, "the file is too long");
		err = ZV_EPARSE;
	} else {
		yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
		yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, len);
		err = run(&b, &parser);
	}
	yaml_parser_delete(&parser);
	free(b.key);
	if (err == ZV_OK)
		err = finish_root(&b);
	if (err == ZV_OK && sink->n_errors != errors_before)
		err = ZV_EPARSE;
	if (err != ZV_OK)
		goto fail;
	*ret_tree = b.tree;
	return ZV_OK;

fail:
	zv_conf_free(b.tree);
	return err;
}

enum zv_err zv_conf_read(const char *path, struct zv_conf_sink *sink, struct zv_conf_tree **ret_tree)
{
	FILE *f = fopen(path, "re");
	char *bytes;
	size_t len;
	enum zv_err err;

	if (f == NULL) {
		int no = errno;

		zv_conf_error(sink, NULL, "%s: %s", path, strerror(no));
		return no == ENOENT ? ZV_ENOENT : ZV_EIO;
	}
	bytes = malloc(ZV_CONF_BYTES_MAX + 1);
	if (bytes == NULL) {
		fclose(f);
		return ZV_ENOMEM;
	}
	len = fread(bytes, 1, ZV_CONF_BYTES_MAX + 1, f);
	if (ferror(f)) {
		zv_conf_error(sink, NULL, "%s: cannot be read", path);
		err = ZV_EIO;
	} else {
		err = zv_conf_parse(bytes, len, path, sink, ret_tree);
	}
	fclose(f);
	free(bytes);
	return err;
}
