#include "plugin/host.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/log.h"
#include "plugin/inside.h"

#define STUCK_MS 5000 /* how long a reload waits for a call to come back */

enum zv_err zv_plugins_create(const struct zv_plugins_params *params, struct zv_plugins **ret_plugins)
{
	struct zv_plugins *h;

	if (params->engine_conf == NULL || params->deadline_ms == 0 || params->deadline_ms > 60000 ||
	    params->strikes == 0 || params->strikes > 1000)
		return ZV_EINVAL;
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return ZV_ENOMEM;
	h->params = *params;
	if (pthread_rwlock_init(&h->conf_lock, NULL) != 0) {
		free(h);
		return ZV_ENOMEM;
	}
	if (pthread_mutex_init(&h->bind_lock, NULL) != 0) {
		pthread_rwlock_destroy(&h->conf_lock);
		free(h);
		return ZV_ENOMEM;
	}
	*ret_plugins = h;
	return ZV_OK;
}

static void plugin_close(struct plugin *p)
{
	if (p->left != NULL) /* a thread is still inside: its code, self and lock must stay */
		return;
	if (p->head.close != NULL)
		p->head.close(p->self);
	dlclose(p->module);
	pthread_mutex_destroy(&p->call);
	free(p);
}

/* Hosts that could not be freed because a plugin never came back.  Main thread. */
static struct zv_plugins *left_behind;

void zv_plugins_destroy(struct zv_plugins *plugins)
{
	bool left = false;

	if (plugins == NULL)
		return;
	for (uint32_t i = 0; i < plugins->n_bindings; i++) {
		const struct binding *b = &plugins->bindings[i];

		if (b->plugin->left == NULL && b->plugin->ops.close_campaign != NULL)
			b->plugin->ops.close_campaign(b->plugin->self, b->state);
	}
	for (uint32_t i = plugins->n; i-- > 0;) {
		left = left || plugins->plugins[i]->left != NULL;
		plugin_close(plugins->plugins[i]);
	}
	if (left) { /* a plugin may still call its services: they answer ZV_ENOENT from here on */
		zv_plugins_set_conf(plugins, &(struct zv_plugin_conf){0}, NULL);
		plugins->next_left = left_behind;
		left_behind = plugins;
		return;
	}
	pthread_mutex_destroy(&plugins->bind_lock);
	pthread_rwlock_destroy(&plugins->conf_lock);
	free(plugins);
}

__attribute__((format(printf, 3, 4))) static void say(char *text, size_t text_size, const char *fmt, ...)
{
	va_list args;

	if (text_size == 0)
		return;
	va_start(args, fmt);
	(void)vsnprintf(text, text_size, fmt, args);
	va_end(args);
}

/* A path that dlopen takes as it is: never a search along its directories. */
static enum zv_err check_file(const char *path, char real[PATH_MAX], char *text, size_t text_size)
{
	struct stat st;

	if (realpath(path, real) == NULL || stat(real, &st) != 0) {
		say(text, text_size, "plugin %s: %s: check the path", path, strerror(errno));
		return errno == ENOENT || errno == ENOTDIR ? ZV_ENOENT : ZV_EIO;
	}
	if (!S_ISREG(st.st_mode)) {
		say(text, text_size, "plugin %s: not a file", path);
		return ZV_EINVAL;
	}
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		say(text, text_size, "plugin %s: others may write it (mode %04o), so it could be anybody's "
		    "code: chmod go-w", path, (unsigned)st.st_mode & 07777u);
		return ZV_EDENIED;
	}
	return ZV_OK;
}

/* Finds zv_plugin and how many bytes the object file gives it. */
static enum zv_err find_symbol(void *module, const void **ret_symbol, size_t *ret_size, char *text,
			       size_t text_size)
{
	const void *symbol = dlsym(module, "zv_plugin");
	const ElfW(Sym) *sym = NULL;
	void *extra = NULL;
	Dl_info info;

	if (symbol == NULL) {
		say(text, text_size, "no symbol zv_plugin: export one const struct zv_plugin with "
		    "ZV_PLUGIN_EXPORT");
		return ZV_EINVAL;
	}
	if (dladdr1(symbol, &info, &extra, RTLD_DL_SYMENT) != 0)
		sym = extra;
	if (sym == NULL || info.dli_saddr != symbol || ELF64_ST_TYPE(sym->st_info) != STT_OBJECT) {
		say(text, text_size, "zv_plugin is not a data symbol: it is read, never called");
		return ZV_EINVAL;
	}
	*ret_symbol = symbol;
	*ret_size = (size_t)sym->st_size;
	return ZV_OK;
}

static enum zv_err check_module(struct plugin *p, char *text, size_t text_size)
{
	static const struct zv_abi abi = {ZV_ABI_MAJOR, ZV_ABI_MINOR};
	const void *symbol;
	size_t size;
	enum zv_err err;

	err = find_symbol(p->module, &symbol, &size, text, text_size);
	if (err == ZV_OK)
		err = zv_abi_check(symbol, size, &abi, &p->head, text, text_size);
	if (err == ZV_OK)
		err = p->head.kind == ZV_KIND_PACER ? zv_abi_check_pacer(p->head.ops, &p->pacer, text, text_size)
						    : zv_abi_check_strategy(p->head.ops, &p->ops, text, text_size);
	if (err != ZV_OK)
		return err;
	(void)snprintf(p->name, sizeof(p->name), "%s", p->head.name);
	(void)snprintf(p->version, sizeof(p->version), "%.31s",
		       p->head.version == NULL ? "" : p->head.version);
	for (uint32_t i = 0; i < p->host->n; i++) {
		if (strcmp(p->host->plugins[i]->name, p->name) == 0) {
			say(text, text_size, "a plugin named %s is loaded already: list it once", p->name);
			return ZV_EEXIST;
		}
	}
	return ZV_OK;
}

enum zv_err zv_plugins_load(struct zv_plugins *plugins, const char *path,
			    const struct zv_conf_node *conf, char *text, size_t text_size)
{
	char why[256] = "";
	char real[PATH_MAX];
	struct plugin *p;
	enum zv_err err;

	if (plugins->n == ZV_PLUGINS_MAX) {
		say(text, text_size, "plugin %s: %d are loaded, and that is the most", path, ZV_PLUGINS_MAX);
		return ZV_EFULL;
	}
	err = check_file(path, real, text, text_size);
	if (err != ZV_OK)
		return err;
	p = calloc(1, sizeof(*p));
	if (p == NULL || pthread_mutex_init(&p->call, NULL) != 0) {
		free(p);
		say(text, text_size, "plugin %s: out of memory", path);
		return ZV_ENOMEM;
	}
	p->host = plugins;
	p->module = dlopen(real, RTLD_NOW | RTLD_LOCAL);
	if (p->module == NULL) {
		(void)snprintf(why, sizeof(why), "does not load: %s", dlerror());
		err = ZV_EINVAL;
		goto fail;
	}
	err = check_module(p, why, sizeof(why));
	if (err != ZV_OK)
		goto fail;
	zv_services_init(p);
	err = p->head.open(&p->services, conf, &p->self);
	if (err != ZV_OK) {
		(void)snprintf(why, sizeof(why), "%s: open() refused: %s; see its own messages", p->name,
			       zv_err_text(err));
		goto fail;
	}
	pthread_mutex_lock(&plugins->bind_lock);
	plugins->plugins[plugins->n++] = p;
	pthread_mutex_unlock(&plugins->bind_lock);
	zv_info("plugin", "%s %s loaded from %s", p->name, p->version, real);
	return ZV_OK;

fail:
	say(text, text_size, "plugin %s: %s", path, why);
	if (p->module != NULL)
		dlclose(p->module);
	pthread_mutex_destroy(&p->call);
	free(p);
	return err;
}

static struct plugin *find_plugin(struct zv_plugins *plugins, const char *name)
{
	for (uint32_t i = 0; i < plugins->n; i++) {
		if (strcmp(plugins->plugins[i]->name, name) == 0)
			return plugins->plugins[i];
	}
	return NULL;
}

/* Puts the new binding in the old one's place.  The caller holds new->plugin->call; the old
 * binding's plugin may be another one, whose campaign is then closed under its own lock. */
static enum zv_err swap(struct zv_plugins *plugins, const struct binding *new, struct binding *ret_old)
{
	enum zv_err err = ZV_OK;
	uint32_t i;

	ret_old->plugin = NULL;
	pthread_mutex_lock(&plugins->bind_lock);
	for (i = 0; i < plugins->n_bindings && plugins->bindings[i].campaign != new->campaign; i++)
		;
	if (i < plugins->n_bindings) {
		*ret_old = plugins->bindings[i];
		plugins->bindings[i] = *new;
	} else if (i < ZV_BINDINGS_MAX) {
		plugins->bindings[plugins->n_bindings++] = *new;
	} else {
		err = ZV_EFULL;
	}
	pthread_mutex_unlock(&plugins->bind_lock);
	return err;
}

static void close_campaign(const struct binding *b)
{
	if (b->plugin->ops.close_campaign != NULL)
		b->plugin->ops.close_campaign(b->plugin->self, b->state);
}

enum zv_err zv_plugins_bind(struct zv_plugins *plugins, const char *plugin,
			    const struct zv_campaign_view *view, const struct zv_conf_node *conf,
			    char *text, size_t text_size)
{
	struct plugin *p = find_plugin(plugins, plugin);
	struct binding old, new;
	enum zv_err err;

	if (p == NULL) {
		say(text, text_size, "campaign %s: no plugin named %s is loaded: list it under plugins",
		    view->name, plugin);
		return ZV_ENOENT;
	}
	if (p->head.kind != ZV_KIND_STRATEGY) {
		say(text, text_size, "campaign %s: plugin %s is not a strategy", view->name, plugin);
		return ZV_EINVAL;
	}
	if (!zv_ask_lock(p, STUCK_MS)) {
		say(text, text_size, "campaign %s: plugin %s is stuck in a call: restart the daemon",
		    view->name, plugin);
		return ZV_EAGAIN;
	}
	new = (struct binding){
		.plugin = p,
		.campaign = view->campaign,
		.n_categories = view->n_categories,
		.n_messages = view->n_messages,
	};
	err = p->ops.open_campaign(p->self, view, conf, &new.state);
	if (err != ZV_OK) {
		pthread_mutex_unlock(&p->call);
		say(text, text_size, "campaign %s: strategy %s refused its section: %s", view->name, plugin,
		    zv_err_text(err));
		return err;
	}
	err = swap(plugins, &new, &old);
	if (err != ZV_OK) {
		close_campaign(&new);
		pthread_mutex_unlock(&p->call);
		say(text, text_size, "campaign %s: %d are bound, and that is the most", view->name,
		    ZV_BINDINGS_MAX);
		return err;
	}
	if (old.plugin == p)
		close_campaign(&old);
	pthread_mutex_unlock(&p->call);
	/* Of another plugin: nobody can be asked through the old binding any more.  If that one is
	 * stuck, its campaign stays with it. */
	if (old.plugin != NULL && old.plugin != p && zv_ask_lock(old.plugin, STUCK_MS)) {
		close_campaign(&old);
		pthread_mutex_unlock(&old.plugin->call);
	}
	return ZV_OK;
}

enum zv_err zv_plugins_open_pacer(struct zv_plugins *plugins, const char *plugin, const struct zv_pacer_shape *shape,
				  const struct zv_conf_node *conf, struct zv_plugin_pacer *ret_pacer, char *text,
				  size_t text_size)
{
	struct plugin *p = find_plugin(plugins, plugin);
	enum zv_err err;

	if (p == NULL) {
		say(text, text_size, "no plugin named %s is loaded: list it under plugins", plugin);
		return ZV_ENOENT;
	}
	if (p->head.kind != ZV_KIND_PACER) {
		say(text, text_size, "plugin %s is not a pacer", plugin);
		return ZV_EINVAL;
	}
	ret_pacer->ops = &p->pacer;
	ret_pacer->self = p->self;
	err = p->pacer.open_campaign(p->self, shape, conf, &ret_pacer->campaign);
	if (err != ZV_OK)
		say(text, text_size, "pacer %s refused its section: %s", plugin, zv_err_text(err));
	return err;
}

void zv_plugins_close_pacer(struct zv_plugin_pacer *pacer)
{
	if (pacer->ops != NULL && pacer->ops->close_campaign != NULL)
		pacer->ops->close_campaign(pacer->self, pacer->campaign);
	pacer->ops = NULL;
}

void zv_plugins_set_conf(struct zv_plugins *plugins, const struct zv_plugin_conf *conf,
			 const struct zv_engine_conf *engine_conf)
{
	if (conf != NULL)
		plugins->params.conf = *conf; /* seen by load and bind only: the caller's thread */
	pthread_rwlock_wrlock(&plugins->conf_lock);
	plugins->params.engine_conf = engine_conf;
	pthread_rwlock_unlock(&plugins->conf_lock);
}

enum zv_err zv_plugins_get_stats(struct zv_plugins *plugins, uint32_t i,
				 struct zv_plugin_stats *ret_stats)
{
	const struct plugin *p;
	uint64_t asked, answered;

	pthread_mutex_lock(&plugins->bind_lock);
	p = i < plugins->n ? plugins->plugins[i] : NULL;
	pthread_mutex_unlock(&plugins->bind_lock);
	if (p == NULL)
		return ZV_ENOENT;
	answered = atomic_load(&p->answered);
	asked = atomic_load(&p->asked);
	*ret_stats = (struct zv_plugin_stats){
		.asked = asked,
		.answered = answered,
		.fallbacks = atomic_load(&p->fallbacks),
		.overruns = atomic_load(&p->overruns),
		.late = atomic_load(&p->late),
		.errors = atomic_load(&p->errors),
		.bad_answers = atomic_load(&p->bad_answers),
		.max_us = atomic_load(&p->max_us),
		.strikes = atomic_load(&p->strikes),
		.disabled = atomic_load(&p->disabled),
	};
	(void)snprintf(ret_stats->name, sizeof(ret_stats->name), "%s", p->name);
	(void)snprintf(ret_stats->version, sizeof(ret_stats->version), "%s", p->version);
	return ZV_OK;
}

uint64_t zv_plugins_unbound(struct zv_plugins *plugins)
{
	return atomic_load(&plugins->unbound);
}
