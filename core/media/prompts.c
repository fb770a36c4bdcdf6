#include "media/prompts.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "media/g711.h"
#include "media/wav.h"

/* Written once, then published by its hash; 0 = empty. */
struct entry {
	_Atomic uint64_t hash;
	struct zv_audio audio;
};

struct zv_prompts {
	pthread_mutex_t adding;
	struct entry *entries; /* open addressing, at most half full */
	uint32_t mask, n, max;
};

enum zv_err zv_prompts_create(uint32_t max, struct zv_prompts **ret_prompts)
{
	struct zv_prompts *p;
	uint32_t size = 2;

	if (max == 0 || max > 1u << 24)
		return ZV_EINVAL;
	while (size < 2 * max)
		size <<= 1;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return ZV_ENOMEM;
	p->entries = calloc(size, sizeof(*p->entries));
	if (p->entries == NULL) {
		free(p);
		return ZV_ENOMEM;
	}
	p->mask = size - 1;
	p->max = max;
	pthread_mutex_init(&p->adding, NULL);
	*ret_prompts = p;
	return ZV_OK;
}

void zv_prompts_destroy(struct zv_prompts *p)
{
	if (p == NULL)
		return;
	for (uint32_t i = 0; i <= p->mask; i++)
		free((void *)(uintptr_t)p->entries[i].audio.alaw);
	pthread_mutex_destroy(&p->adding);
	free(p->entries);
	free(p);
}

/* The entry of the hash, or the empty one where it would go. */
static struct entry *entry_of(const struct zv_prompts *p, uint64_t hash, bool *ret_there)
{
	uint32_t i = (uint32_t)zv_mix64(hash) & p->mask;

	for (;; i = (i + 1) & p->mask) {
		struct entry *e = &p->entries[i];
		uint64_t h = atomic_load_explicit(&e->hash, memory_order_acquire);

		if (h == hash || h == 0) {
			*ret_there = h == hash;
			return e;
		}
	}
}

int zv_prompts_find(const struct zv_prompts *p, uint64_t hash, struct zv_audio *ret_audio)
{
	bool there;
	const struct entry *e;

	if (hash == 0)
		return false;
	e = entry_of(p, hash, &there);
	if (there)
		*ret_audio = e->audio;
	return there;
}

/* Both laws in one block: A-law first. */
static enum zv_err encode(const int16_t *samples, uint32_t n, struct zv_audio *ret_audio)
{
	uint8_t *block = malloc(n > 0 ? 2 * (size_t)n : 1);

	if (block == NULL)
		return ZV_ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		block[i] = zv_alaw_encode(samples[i]);
		block[n + i] = zv_ulaw_encode(samples[i]);
	}
	*ret_audio = (struct zv_audio){.alaw = block, .ulaw = block + n, .n = n};
	return ZV_OK;
}

static enum zv_err read_samples(const char *path, int16_t **ret_samples, uint32_t *ret_n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum zv_err err;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? ZV_ENOENT : ZV_EIO;
	err = zv_wav_read(fd, ret_samples, ret_n);
	close(fd);
	return err;
}

static enum zv_err read_audio(const char *path, struct zv_audio *ret_audio)
{
	int16_t *samples = NULL;
	uint32_t n = 0;
	enum zv_err err = read_samples(path, &samples, &n);

	if (err == ZV_OK)
		err = encode(samples, n, ret_audio);
	free(samples);
	return err;
}

static enum zv_err insert(struct zv_prompts *p, uint64_t hash, const struct zv_audio *audio)
{
	enum zv_err err = ZV_EEXIST;
	struct entry *e;
	bool there;

	pthread_mutex_lock(&p->adding);
	e = entry_of(p, hash, &there);
	if (!there && p->n == p->max) {
		err = ZV_EFULL;
	} else if (!there) {
		e->audio = *audio;
		atomic_store_explicit(&e->hash, hash, memory_order_release);
		p->n++;
		err = ZV_OK;
	}
	pthread_mutex_unlock(&p->adding);
	return err;
}

enum zv_err zv_prompts_add_wav(struct zv_prompts *p, uint64_t hash, const char *path)
{
	struct zv_audio audio;
	enum zv_err err;

	if (hash == 0)
		return ZV_EINVAL;
	if (zv_prompts_find(p, hash, &audio))
		return ZV_EEXIST;
	err = read_audio(path, &audio); /* the long part, outside the lock */
	if (err != ZV_OK)
		return err;
	err = insert(p, hash, &audio);
	if (err != ZV_OK)
		free((void *)(uintptr_t)audio.alaw);
	return err;
}

enum zv_err zv_prompts_shrink_wav(const char *path)
{
	int16_t *samples = NULL;
	char part[4096];
	uint32_t n = 0;
	enum zv_err err;
	int fd;

	if (snprintf(part, sizeof(part), "%s.8k", path) >= (int)sizeof(part))
		return ZV_EINVAL;
	err = read_samples(path, &samples, &n);
	if (err != ZV_OK)
		return err;
	fd = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	err = fd >= 0 ? zv_wav_write(fd, samples, n) : ZV_EIO;
	if (fd >= 0 && close(fd) != 0)
		err = ZV_EIO;
	if (err == ZV_OK && rename(part, path) != 0)
		err = ZV_EIO;
	if (err != ZV_OK)
		unlink(part);
	free(samples);
	return err;
}
