#include "base/tz.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ZONES_MAX 512u

struct zone {
	char name[64];
	struct zv_tz *tz;
};

/* Slots are written once, under the lock, before `n` says that they are there. */
struct zv_zones {
	char *dir;
	pthread_mutex_t lock;
	_Atomic uint32_t n;
	struct zone v[ZONES_MAX];
};

enum zv_err zv_zones_create(const char *dir, struct zv_zones **ret_zones)
{
	struct zv_zones *z = calloc(1, sizeof(*z));

	if (z == NULL)
		return ZV_ENOMEM;
	if (dir != NULL) {
		z->dir = strdup(dir);
		if (z->dir == NULL)
			goto fail;
	}
	if (pthread_mutex_init(&z->lock, NULL) != 0)
		goto fail;
	*ret_zones = z;
	return ZV_OK;

fail:
	free(z->dir);
	free(z);
	return ZV_ENOMEM;
}

void zv_zones_destroy(struct zv_zones *zones)
{
	uint32_t n;

	if (zones == NULL)
		return;
	n = atomic_load(&zones->n);
	for (uint32_t i = 0; i < n; i++)
		zv_tz_free(zones->v[i].tz);
	pthread_mutex_destroy(&zones->lock);
	free(zones->dir);
	free(zones);
}

/* False: none of the first n. */
static bool find(const struct zv_zones *zones, const char *name, uint32_t n, uint16_t *ret_zone)
{
	for (uint32_t i = 0; i < n; i++) {
		if (strcmp(zones->v[i].name, name) == 0) {
			*ret_zone = (uint16_t)i;
			return true;
		}
	}
	return false;
}

enum zv_err zv_zones_intern(struct zv_zones *zones, const char *name, uint16_t *ret_zone)
{
	enum zv_err err = ZV_OK;
	struct zv_tz *tz;
	uint32_t n;

	if (find(zones, name, atomic_load_explicit(&zones->n, memory_order_acquire), ret_zone))
		return ZV_OK;
	pthread_mutex_lock(&zones->lock);
	n = atomic_load_explicit(&zones->n, memory_order_relaxed);
	if (find(zones, name, n, ret_zone))
		goto out;
	if (n == ZONES_MAX) {
		err = ZV_EFULL;
		goto out;
	}
	err = zv_tz_load(zones->dir, name, &tz);
	if (err == ZV_EINVAL) /* what cannot be a name is no zone */
		err = ZV_ENOENT;
	if (err != ZV_OK)
		goto out;
	memcpy(zones->v[n].name, name, strlen(name) + 1); /* zv_tz_load took at most 63 bytes */
	zones->v[n].tz = tz;
	atomic_store_explicit(&zones->n, n + 1, memory_order_release);
	*ret_zone = (uint16_t)n;
out:
	pthread_mutex_unlock(&zones->lock);
	return err;
}

const struct zv_tz *zv_zones_get(const struct zv_zones *zones, uint16_t zone)
{
	if (zone >= atomic_load_explicit(&zones->n, memory_order_acquire))
		return NULL;
	return zones->v[zone].tz;
}

const char *zv_zones_name(const struct zv_zones *zones, uint16_t zone)
{
	if (zone >= atomic_load_explicit(&zones->n, memory_order_acquire))
		return NULL;
	return zones->v[zone].name;
}
