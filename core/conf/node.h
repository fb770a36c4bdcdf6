/* conf/node.h -- what a node of the tree is; inside core/conf only. */
#ifndef ZV_CONF_NODE_H
#define ZV_CONF_NODE_H

#include "conf/conf.h"

struct zv_conf_node {
	enum zv_conf_kind kind;
	uint32_t line, column;         /* from 1 */
	uint32_t key_line, key_column; /* of its key in the map above; 0 = none */
	const char *file;              /* the tree's */
	char *key;
	char *text;
	struct zv_conf_node **children;
	size_t n, cap;
};

/* A file's text is nothing at all: `key:` with an empty value. */
bool zv_conf_is_empty(const struct zv_conf_node *node);

#endif
