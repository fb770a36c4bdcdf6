/* A numbering registry's CSV, from a file in memory: what is taken makes a table, a refusal is
 * told, and every region of the table has zones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "law/numbering.h"
#include "law/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct zv_zones *zones;

static void tell(void *arg, enum zv_law_level level, const char *file, unsigned line,
		 const char *path, const char *text)
{
	unsigned *n = arg;

	(void)file;
	(void)line;
	(void)path;
	(void)text;
	if (level == ZV_LAW_ERROR)
		++*n;
}

static void look(const char *path)
{
	struct zv_numbering_params params = {.tables = &path, .n_tables = 1, .zones = zones};
	struct zv_numbering *numbering = NULL;
	struct zv_table table;
	struct zv_place place;

	if (zv_table_read(path, &table) != ZV_OK || table.n_ranges == 0 ||
	    zv_numbering_load(&params, &numbering) != ZV_OK)
		abort();
	for (uint32_t i = 0; i < table.n_ranges; i++)
		if (!zv_numbering_find(numbering, table.ranges[i].first + table.ranges[i].after, &place) ||
		    strcmp(place.jur, "RU") != 0 || place.n_zones == 0)
			abort();
	zv_numbering_destroy(numbering);
	zv_table_fini(&table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zv_registry_report report;
	char in[64], out[64] = "/dev/shm/zv-registry-fuzz-XXXXXX";
	int fd = memfd_create("registry", MFD_CLOEXEC), to = mkstemp(out);
	unsigned n = 0;
	struct zv_registry_params params = {.path = in, .country = "RU", .out = out, .sink = {tell, &n}};
	enum zv_err err;

	if (zones == NULL && zv_zones_create(NULL, &zones) != ZV_OK)
		abort();
	if (fd < 0 || to < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	(void)close(to);
	(void)snprintf(in, sizeof(in), "/proc/self/fd/%d", fd);
	err = zv_registry_compile(&params, &report);
	if ((err == ZV_OK) != (n == 0))
		abort();
	if (err == ZV_OK)
		look(out);
	(void)unlink(out);
	(void)close(fd);
	return 0;
}
