#include "base/secrets.h"

#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define WORDS ((sizeof(struct zv_secret) + 7) / 8)

/* A sequence lock: version is odd while the words change.  They are atomic one by one, so that a
 * torn reading is thrown away instead of being undefined. */
struct entry {
	_Atomic uint32_t version;
	_Atomic uint64_t words[WORDS];
};

struct zv_secrets {
	uint32_t n;
	size_t bytes;
	struct entry *v;
};

_Static_assert(offsetof(struct zv_secret, suite) < 8, "gen, how and suite are one word");

enum zv_err zv_secrets_create(uint32_t n, struct zv_secrets **ret)
{
	struct zv_secrets *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ZV_ENOMEM;
	s->n = n;
	s->bytes = (size_t)(n > 0 ? n : 1) * sizeof(*s->v);
	s->v = mmap(NULL, s->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->v == MAP_FAILED) {
		free(s);
		return ZV_ENOMEM;
	}
	/* Both are wishes: without the right to lock, keys may be paged out. */
	(void)mlock(s->v, s->bytes);
	(void)madvise(s->v, s->bytes, MADV_DONTDUMP);
	*ret = s;
	return ZV_OK;
}

void zv_secrets_destroy(struct zv_secrets *s)
{
	if (s == NULL)
		return;
	explicit_bzero(s->v, s->bytes);
	(void)munmap(s->v, s->bytes);
	free(s);
}

void zv_secrets_put(struct zv_secrets *s, uint32_t slot, const struct zv_secret *secret)
{
	struct entry *e = &s->v[slot];
	uint32_t version = atomic_load_explicit(&e->version, memory_order_relaxed);
	uint64_t words[WORDS] = {0};

	if (slot >= s->n)
		return;
	memcpy(words, secret, sizeof(*secret));
	atomic_store_explicit(&e->version, version + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < WORDS; i++)
		atomic_store_explicit(&e->words[i], words[i], memory_order_relaxed);
	atomic_store_explicit(&e->version, version + 2, memory_order_release);
	explicit_bzero(words, sizeof(words));
}

static struct zv_secret head(uint64_t word)
{
	struct zv_secret s = {0};

	memcpy(&s, &word, sizeof(word));
	return s;
}

void zv_secrets_wipe(struct zv_secrets *s, uint32_t slot, uint32_t gen)
{
	static const struct zv_secret nothing;

	if (slot < s->n &&
	    head(atomic_load_explicit(&s->v[slot].words[0], memory_order_relaxed)).gen == gen)
		zv_secrets_put(s, slot, &nothing);
}

enum zv_secrecy zv_secrets_how(const struct zv_secrets *s, uint32_t slot, uint32_t gen,
			       uint32_t *ret_version)
{
	struct zv_secret h;

	*ret_version = 0;
	if (slot >= s->n)
		return ZV_SECRECY_UNKNOWN;
	/* Of a word that changes meanwhile, the old or the new value: never something else. */
	*ret_version = atomic_load_explicit(&s->v[slot].version, memory_order_acquire);
	h = head(atomic_load_explicit(&s->v[slot].words[0], memory_order_relaxed));
	return h.gen == gen ? (enum zv_secrecy)h.how : ZV_SECRECY_UNKNOWN;
}

uint32_t zv_secrets_get(const struct zv_secrets *s, uint32_t slot, struct zv_secret *ret)
{
	const struct entry *e = &s->v[slot];
	uint32_t before, after;
	uint64_t words[WORDS];

	memset(ret, 0, sizeof(*ret));
	if (slot >= s->n)
		return 0;
	do {
		before = atomic_load_explicit(&e->version, memory_order_acquire);
		for (size_t i = 0; i < WORDS; i++)
			words[i] = atomic_load_explicit(&e->words[i], memory_order_relaxed);
		atomic_thread_fence(memory_order_acquire);
		after = atomic_load_explicit(&e->version, memory_order_relaxed);
		if (before != after || (before & 1) != 0)
			(void)sched_yield();
	} while (before != after || (before & 1) != 0);
	memcpy(ret, words, sizeof(*ret));
	explicit_bzero(words, sizeof(words));
	return before;
}
