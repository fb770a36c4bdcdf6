#include <string.h>
#include <stdlib.h>

#include "conf/node.h"
#include "conf/tree.h"

struct zv_conf_node *zv_conf_node_new(const char *file, enum zv_conf_kind kind)
{
	struct zv_conf_node *node = calloc(1, sizeof(*node));

	if (node != NULL) {
		node->file = file;
		node->kind = kind;
	}
	return node;
}

void zv_conf_node_free(struct zv_conf_node *node)
{
	if (node == NULL)
		return;
	for (size_t i = 0; i < node->n; i++)
		zv_conf_node_free(node->children[i]);
	free(node->children);
	free(node->key);
	free(node->text);
	free(node);
}

bool zv_conf_node_add(struct zv_conf_node *parent, struct zv_conf_node *child)
{
	if (parent->n == parent->cap) {
		size_t cap = parent->cap == 0 ? 8 : parent->cap * 2;
		struct zv_conf_node **more = realloc(parent->children, cap * sizeof(more[0]));

		if (more == NULL)
			return false;
		parent->children = more;
		parent->cap = cap;
	}
	parent->children[parent->n++] = child;
	return true;
}

const char *zv_conf_tree_file(struct zv_conf_tree *tree, const char *file)
{
	char **more = realloc(tree->files, (tree->n_files + 1) * sizeof(more[0]));

	if (more == NULL)
		return NULL;
	tree->files = more;
	more[tree->n_files] = strdup(file);
	return more[tree->n_files] != NULL ? more[tree->n_files++] : NULL;
}

void zv_conf_free(struct zv_conf_tree *tree)
{
	if (tree == NULL)
		return;
	zv_conf_node_free(tree->root);
	for (size_t i = 0; i < tree->n_files; i++)
		free(tree->files[i]);
	free(tree->files);
	free(tree);
}

/* File names go along: the nodes that moved point to them. */
static bool take_files(struct zv_conf_tree *tree, struct zv_conf_tree *from)
{
	char **more = realloc(tree->files,
			      (tree->n_files + from->n_files + 1) * sizeof(more[0]));

	if (more == NULL)
		return false;
	tree->files = more;
	for (size_t i = 0; i < from->n_files; i++)
		more[tree->n_files++] = from->files[i];
	from->n_files = 0;
	return true;
}

static struct zv_conf_node **slot_of(const struct zv_conf_node *map, const char *key)
{
	for (size_t i = 0; map->kind == ZV_CONF_MAP && i < map->n; i++)
		if (strcmp(map->children[i]->key, key) == 0)
			return &map->children[i];
	return NULL;
}

/* Both are maps.  Children leave `over`. */
static enum zv_err join(struct zv_conf_node *to, struct zv_conf_node *over)
{
	while (over->n > 0) {
		struct zv_conf_node *child = over->children[0];
		struct zv_conf_node **old = slot_of(to, child->key);

		if (old != NULL && (*old)->kind == ZV_CONF_MAP && zv_conf_is_empty(child)) {
			zv_conf_node_free(child);
		} else if (old != NULL && (*old)->kind == ZV_CONF_MAP &&
			   child->kind == ZV_CONF_MAP) {
			enum zv_err err = join(*old, child);

			if (err != ZV_OK)
				return err;
			zv_conf_node_free(child);
		} else if (old != NULL) {
			zv_conf_node_free(*old);
			*old = child;
		} else if (!zv_conf_node_add(to, child)) {
			return ZV_ENOMEM;
		}
		over->n--;
		memmove(over->children, over->children + 1, over->n * sizeof(over->children[0]));
	}
	return ZV_OK;
}

enum zv_err zv_conf_merge(struct zv_conf_tree *tree, struct zv_conf_tree *over)
{
	enum zv_err err = ZV_ENOMEM;

	if (take_files(tree, over))
		err = join(tree->root, over->root);
	zv_conf_free(over);
	return err;
}

/* The map `section` of the root, made if it is not there. */
static struct zv_conf_node *section_of(struct zv_conf_tree *tree, const char *section)
{
	struct zv_conf_node **slot = slot_of(tree->root, section);
	struct zv_conf_node *map;

	if (slot != NULL && zv_conf_is_empty(*slot))
		(*slot)->kind = ZV_CONF_MAP; /* its empty text is freed with it */
	if (slot != NULL)
		return *slot;
	map = zv_conf_node_new(tree->root->file, ZV_CONF_MAP);
	if (map == NULL)
		return NULL;
	map->key = strdup(section);
	if (map->key == NULL || !zv_conf_node_add(tree->root, map)) {
		zv_conf_node_free(map);
		return NULL;
	}
	map->line = map->column = 1;
	return map;
}

enum zv_err zv_conf_graft(struct zv_conf_tree *tree, const char *section, const char *key,
			  struct zv_conf_tree *sub, struct zv_conf_sink *sink)
{
	struct zv_conf_node *map = section_of(tree, section);
	struct zv_conf_node **old;
	enum zv_err err = ZV_ENOMEM;

	if (map == NULL)
		goto out;
	old = slot_of(map, key);
	if (map->kind != ZV_CONF_MAP || old != NULL) {
		err = ZV_EEXIST;
		if (old != NULL)
			zv_conf_error(sink, sub->root, "%s.%s is defined already in %s:%u", section,
				      key, (*old)->file, (*old)->line);
		else
			zv_conf_error(sink, map, "%s must be a map", section);
		goto out;
	}
	sub->root->key = strdup(key);
	if (sub->root->key == NULL || !take_files(tree, sub) || !zv_conf_node_add(map, sub->root))
		goto out;
	sub->root = NULL;
	err = ZV_OK;
out:
	zv_conf_free(sub);
	return err;
}

const struct zv_conf_node *zv_conf_root(const struct zv_conf_tree *tree)
{
	return tree->root;
}

bool zv_conf_is_empty(const struct zv_conf_node *node)
{
	return node == NULL ||
	       (node->kind == ZV_CONF_SCALAR ? node->text[0] == 0 : node->n == 0);
}

enum zv_conf_kind zv_conf_node_kind(const struct zv_conf_node *node)
{
	return node != NULL ? node->kind : ZV_CONF_MAP;
}

size_t zv_conf_count(const struct zv_conf_node *node)
{
	return node != NULL ? node->n : 0;
}

const struct zv_conf_node *zv_conf_at(const struct zv_conf_node *node, size_t i)
{
	return node != NULL && i < node->n ? node->children[i] : NULL;
}

const char *zv_conf_key(const struct zv_conf_node *node, size_t i)
{
	return node != NULL && i < node->n ? node->children[i]->key : NULL;
}

const struct zv_conf_node *zv_conf_get(const struct zv_conf_node *node, const char *key)
{
	struct zv_conf_node **slot = node != NULL ? slot_of(node, key) : NULL;

	return slot != NULL ? *slot : NULL;
}

const char *zv_conf_text(const struct zv_conf_node *node)
{
	return node != NULL && node->kind == ZV_CONF_SCALAR ? node->text : NULL;
}

const char *zv_conf_file(const struct zv_conf_node *node)
{
	return node != NULL ? node->file : NULL;
}

uint32_t zv_conf_line(const struct zv_conf_node *node)
{
	return node != NULL ? node->line : 0;
}

const struct zv_conf_node *zv_conf_find(const struct zv_conf_node *node, const char *path)
{
	while (node != NULL && *path != 0) {
		char name[128];
		size_t n = strcspn(path, ".");

		if (n >= sizeof(name))
			return NULL;
		memcpy(name, path, n);
		name[n] = 0;
		node = zv_conf_get(node, name);
		path += n + (path[n] == '.');
	}
	return node;
}
