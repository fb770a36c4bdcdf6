/* plugin/abi.h -- the checks of a plugin's data, before anything of it is called.  Pure.
 *
 * The plugin's bytes are hostile until they pass: sizes bound every read, strings are read no
 * further than their longest lawful length.
 */
#ifndef ZV_PLUGIN_ABI_H
#define ZV_PLUGIN_ABI_H

#include "zvonar/pacer.h"
#include "zvonar/strategy.h"

#define ZV_PLUGIN_NAME_MAX 32

/* What the host speaks; tests speak as a newer host. */
struct zv_abi {
	uint16_t major, minor;
};

/* Checks the symbol and copies what this host knows of it: the rest of *ret_plugin reads as
 * zero.  symbol_size: bytes that the shared object gives the symbol.  What is wrong and what
 * to do stands in text (without the file's name).  ZV_EVERSION, ZV_EINVAL. */
enum zv_err zv_abi_check(const void *symbol, size_t symbol_size, const struct zv_abi *host,
			 struct zv_plugin *ret_plugin, char *text, size_t text_size) ZV_MUST_USE;

/* The same for the operations of a strategy. */
enum zv_err zv_abi_check_strategy(const void *ops, struct zv_strategy_ops *ret_ops, char *text,
				  size_t text_size) ZV_MUST_USE;

/* The same for those of a pacer. */
enum zv_err zv_abi_check_pacer(const void *ops, struct zv_pacer_ops *ret_ops, char *text,
			       size_t text_size) ZV_MUST_USE;

#endif
