/* A configuration file through the tree, zvonard's schema and a comparison with itself. */
#include <stdlib.h>
#include <string.h>

#include "app/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zv_conf_sink sink = {0};
	struct zv_conf_tree *tree, *again;
	const struct zv_conf_node *root;
	uint32_t changes = 0;

	if (zv_conf_parse((const char *)data, size, "fuzz", &sink, &tree) != ZV_OK) {
		if (sink.n_errors == 0)
			__builtin_trap(); /* refused without a word */
		return 0;
	}
	root = zv_conf_root(tree);
	if ((zv_conf_check(&zv_config_schema, "", root, &sink) == ZV_OK) != (sink.n_errors == 0))
		__builtin_trap();
	for (size_t i = 0; i < zv_config_schema.n_rows; i++)
		if (strchr(zv_config_schema.rows[i].path, '*') == NULL)
			(void)zv_conf_number(&zv_config_schema, "", root, zv_config_schema.rows[i].path);
	if (zv_conf_parse((const char *)data, size, "fuzz", &sink, &again) != ZV_OK)
		__builtin_trap(); /* the same bytes were good a moment ago */
	if (zv_conf_compare(&zv_config_schema, root, zv_conf_root(again), &sink, &changes) != ZV_OK ||
	    changes != 0)
		__builtin_trap();
	if (zv_conf_merge(tree, again) != ZV_OK)
		__builtin_trap();
	zv_conf_free(tree);
	return 0;
}
