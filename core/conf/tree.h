/* conf/tree.h -- building a tree; inside core/conf only. */
#ifndef ZV_CONF_TREE_H
#define ZV_CONF_TREE_H

#include "conf/node.h"

struct zv_conf_tree {
	struct zv_conf_node *root; /* a map */
	char **files;              /* names that nodes point to */
	size_t n_files;
};

struct zv_conf_node *zv_conf_node_new(const char *file, enum zv_conf_kind kind); /* or NULL */
void zv_conf_node_free(struct zv_conf_node *node); /* with all below; accepts NULL */
/* Takes child; false: no memory, child stays the caller's. */
bool zv_conf_node_add(struct zv_conf_node *parent, struct zv_conf_node *child);
/* Keeps a copy of a file's name; NULL: no memory. */
const char *zv_conf_tree_file(struct zv_conf_tree *tree, const char *file);

#endif
