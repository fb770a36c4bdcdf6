/* A directory of its own for a test, removed at the end of the process by rm. */
#ifndef STORE_DIR_H
#define STORE_DIR_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/check.h"
#include "store/import.h"
#include "store/read.h"
#include "store/told.h"

static char test_dir[64];
static pid_t test_dir_owner;

static inline void drop_dir(void)
{
	char cmd[128];

	if (getpid() != test_dir_owner)
		return;
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", test_dir);
	if (system(cmd) != 0)
		return;
}

static inline void make_dir(void)
{
	strcpy(test_dir, "/tmp/zvonar-store-XXXXXX");
	cr_assert_not_null(mkdtemp(test_dir));
	test_dir_owner = getpid();
	atexit(drop_dir);
}

static inline const char *in_dir(const char *name)
{
	static char path[4][128];
	static int next;
	char *p = path[next++ & 3];

	snprintf(p, sizeof(path[0]), "%s/%s", test_dir, name);
	return p;
}

static inline struct zv_store *open_store(uint64_t map_bytes)
{
	struct zv_store_params params = {
		.dir = in_dir("store"), .map_bytes = map_bytes, .create = true};
	struct zv_store *store = NULL;
	char text[256];
	enum zv_err err = zv_store_open(&params, text, sizeof(text), &store);

	cr_assert_eq(err, ZV_OK, "%s", text);
	return store;
}

static inline uint32_t put_campaign(struct zv_store *store, const char *name)
{
	static const char *const categories[] = {"недоступен", "неинтересно", "интересно",
						 "рассылка"};
	static const char *const messages[] = {"sms"};
	struct zv_campaign_names names = {.name = name,
					  .n_categories = 4,
					  .n_messages = 1,
					  .categories = categories,
					  .messages = messages};
	uint32_t id = 0;

	cr_assert_eq(zv_store_campaign_put(store, &names, &id), ZV_OK);
	return id;
}

static inline void write_file(const char *name, const char *bytes, size_t n)
{
	FILE *f = fopen(in_dir(name), "w");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(bytes, 1, n, f), n);
	cr_assert_eq(fclose(f), 0);
}

static inline void tell_problem(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "store check: %s\n", text);
}

static inline uint64_t problems(struct zv_store *store)
{
	struct zv_check_report report;

	cr_assert_eq(zv_store_check(store, tell_problem, NULL, &report), ZV_OK);
	return report.problems;
}

#endif
