#include "plugin/abi.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What a plugin cannot do without: everything before close(). */
#define HEAD_MIN     (offsetof(struct zv_plugin, open) + sizeof(void *))
#define STRATEGY_MIN (offsetof(struct zv_strategy_ops, next) + sizeof(void *))
#define PACER_MIN    (offsetof(struct zv_pacer_ops, decide) + sizeof(void *))

static bool name_is_lawful(const char *name)
{
	size_t n = strnlen(name, ZV_PLUGIN_NAME_MAX);

	if (n == 0 || n == ZV_PLUGIN_NAME_MAX || name[0] < 'a' || name[0] > 'z')
		return false;
	for (size_t i = 0; i < n; i++) {
		if ((name[i] < 'a' || name[i] > 'z') && (name[i] < '0' || name[i] > '9') &&
		    name[i] != '_')
			return false;
	}
	return true;
}

static enum zv_err check_version(const struct zv_plugin *p, const struct zv_abi *host, char *text,
				 size_t text_size)
{
	if (p->magic != ZV_PLUGIN_MAGIC) {
		(void)snprintf(text, text_size,
			       "magic is 0x%08x, not 0x%08x: not a zvonar plugin, or built for "
			       "another byte order; begin it with ZV_PLUGIN_HEAD",
			       p->magic, ZV_PLUGIN_MAGIC);
		return ZV_EINVAL;
	}
	if (p->abi_major != host->major) {
		(void)snprintf(text, text_size,
			       "it speaks interface %u.%u, this host %u.%u: rebuild it against this "
			       "host's include/zvonar",
			       p->abi_major, p->abi_minor, host->major, host->minor);
		return ZV_EVERSION;
	}
	if (p->abi_minor > host->minor) {
		(void)snprintf(text, text_size,
			       "it needs interface %u.%u, newer than this host's %u.%u: update the "
			       "host, or rebuild the plugin against its headers",
			       p->abi_major, p->abi_minor, host->major, host->minor);
		return ZV_EVERSION;
	}
	return ZV_OK;
}

static enum zv_err check_content(const struct zv_plugin *p, char *text, size_t text_size)
{
	if ((p->flags & ~ZV_PLUGIN_FLAGS_KNOWN) != 0) {
		(void)snprintf(text, text_size,
			       "flags 0x%llx have bits that this host does not know: update the host",
			       (unsigned long long)p->flags);
		return ZV_EINVAL;
	}
	if (p->kind != ZV_KIND_STRATEGY && p->kind != ZV_KIND_PACER) {
		(void)snprintf(text, text_size,
			       "kind is %u, and this host runs kinds %d (strategy) and %d (pacer) only",
			       p->kind, ZV_KIND_STRATEGY, ZV_KIND_PACER);
		return ZV_EINVAL;
	}
	if ((p->flags & ZV_PLUGIN_BLOCKS) != 0) {
		(void)snprintf(text, text_size,
			       "a %s is pure and may not set ZV_PLUGIN_BLOCKS: take the flag away",
			       p->kind == ZV_KIND_PACER ? "pacer" : "strategy");
		return ZV_EINVAL;
	}
	if (p->name == NULL || !name_is_lawful(p->name)) {
		(void)snprintf(text, text_size,
			       p->name == NULL ? "name is NULL: give it one, as in plugins.NAME"
					       : "name is not a small letter followed by up to 30 of "
						 "a-z, 0-9 and _: change it");
		return ZV_EINVAL;
	}
	if (p->ops == NULL) {
		(void)snprintf(text, text_size, "ops is NULL: point it at its operations");
		return ZV_EINVAL;
	}
	return ZV_OK;
}

enum zv_err zv_abi_check(const void *symbol, size_t symbol_size, const struct zv_abi *host,
			 struct zv_plugin *ret_plugin, char *text, size_t text_size)
{
	struct zv_plugin p;
	enum zv_err err;

	memset(&p, 0, sizeof(p));
	if (symbol_size < offsetof(struct zv_plugin, kind)) {
		(void)snprintf(text, text_size,
			       "zv_plugin has %zu bytes, too few for its own head: declare it as "
			       "const struct zv_plugin", symbol_size);
		return ZV_EINVAL;
	}
	/* The head up to size, which every version has. */
	memcpy(&p, symbol, offsetof(struct zv_plugin, kind));
	err = check_version(&p, host, text, text_size);
	if (err != ZV_OK)
		return err;
	/* Not newer than this host, so not bigger than what it knows. */
	if (p.size < HEAD_MIN || p.size > symbol_size || p.size > sizeof(p)) {
		(void)snprintf(text, text_size,
			       "size is %u, and it must be %zu to %zu and no more than the symbol's "
			       "%zu bytes: set it by ZV_PLUGIN_HEAD",
			       p.size, HEAD_MIN, sizeof(p), symbol_size);
		return ZV_EINVAL;
	}
	memcpy(&p, symbol, p.size);
	err = check_content(&p, text, text_size);
	if (err != ZV_OK)
		return err;
	if (p.open == NULL) {
		(void)snprintf(text, text_size, "open is NULL: a plugin without it cannot start");
		return ZV_EINVAL;
	}
	*ret_plugin = p;
	return ZV_OK;
}

enum zv_err zv_abi_check_strategy(const void *ops, struct zv_strategy_ops *ret_ops, char *text,
				  size_t text_size)
{
	struct zv_strategy_ops o;
	uint32_t size;

	memset(&o, 0, sizeof(o));
	memcpy(&size, ops, sizeof(size));
	if (size < STRATEGY_MIN || size > sizeof(o)) {
		(void)snprintf(text, text_size,
			       "ops->size is %u, and it must be %zu to %zu: set it to "
			       "sizeof(struct zv_strategy_ops)", size, STRATEGY_MIN, sizeof(o));
		return ZV_EINVAL;
	}
	memcpy(&o, ops, size);
	if (o.next == NULL || o.open_campaign == NULL) {
		(void)snprintf(text, text_size, "ops->%s is NULL: a strategy must have it",
			       o.next == NULL ? "next" : "open_campaign");
		return ZV_EINVAL;
	}
	*ret_ops = o;
	return ZV_OK;
}

enum zv_err zv_abi_check_pacer(const void *ops, struct zv_pacer_ops *ret_ops, char *text, size_t text_size)
{
	struct zv_pacer_ops o;
	uint32_t size;

	memset(&o, 0, sizeof(o));
	memcpy(&size, ops, sizeof(size));
	if (size < PACER_MIN || size > sizeof(o)) {
		(void)snprintf(text, text_size,
			       "ops->size is %u, and it must be %zu to %zu: set it to "
			       "sizeof(struct zv_pacer_ops)", size, PACER_MIN, sizeof(o));
		return ZV_EINVAL;
	}
	memcpy(&o, ops, size);
	if (o.open_campaign == NULL || o.set == NULL || o.event == NULL || o.decide == NULL) {
		(void)snprintf(text, text_size, "ops->%s is NULL: a pacer must have it",
			       o.open_campaign == NULL ? "open_campaign"
			       : o.set == NULL	       ? "set"
			       : o.event == NULL       ? "event"
						       : "decide");
		return ZV_EINVAL;
	}
	*ret_ops = o;
	return ZV_OK;
}
