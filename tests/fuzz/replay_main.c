/* tests/fuzz/replay_main.c -- stands in for libFuzzer: runs the target over every file of the
 * directories given, over every prefix of each, and over each with one byte changed.
 *
 * A target shows a fault by crashing: build with -Db_sanitize=address,undefined to see more
 * of them.  The input lies in a buffer of exactly its size, so that a read past the end is one
 * past the end of an allocation.  A file over CAP bytes is run whole, and cut and changed at
 * CAP places spread over it.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CAP      2048u
#define FILE_MAX (1u << 20)

static unsigned long runs;

static void run(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size > 0 ? size : 1);

	if (exact == NULL) {
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	if (size > 0)
		memcpy(exact, data, size);
	(void)LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	runs++;
}

static void run_variants(uint8_t *data, size_t size)
{
	static const uint8_t marks[] = {0x00, 0x0d, 0x0a, '"', ',', 0x7f, 0x80, 0xff};
	size_t step = size / CAP + 1;

	run(data, size);
	for (size_t n = 0; n < size; n += step)
		run(data, n);
	for (size_t i = 0; i < size; i += step) {
		uint8_t keep = data[i];

		data[i] = (uint8_t)(keep ^ (1u << (i % 8)));
		run(data, size);
		data[i] = marks[i % sizeof(marks)];
		run(data, size);
		data[i] = keep;
	}
}

static bool read_file(const char *path, uint8_t **ret_data, size_t *ret_size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(FILE_MAX);
	bool ok = f != NULL && data != NULL;

	if (ok) {
		*ret_size = fread(data, 1, FILE_MAX, f);
		ok = ferror(f) == 0;
	}
	if (f != NULL)
		(void)fclose(f);
	if (!ok) {
		perror(path);
		free(data);
		return false;
	}
	*ret_data = data;
	return true;
}

/* The number of files that were run, -1 if one could not be read. */
static int run_directory(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int files = 0;

	if (d == NULL) {
		perror(dir);
		return -1;
	}
	while ((entry = readdir(d)) != NULL) {
		char path[4096];
		struct stat st;
		uint8_t *data;
		size_t size;
		int n = snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);

		if (n < 0 || (size_t)n >= sizeof(path) || stat(path, &st) != 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		if (!read_file(path, &data, &size)) {
			files = -1;
			break;
		}
		run_variants(data, size);
		free(data);
		files++;
	}
	(void)closedir(d);
	return files;
}

int main(int argc, char **argv)
{
	int files = 0;

	run((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++) {
		int n = run_directory(argv[i]);

		if (n < 0)
			return 1;
		files += n;
	}
	if (files == 0) {
		fprintf(stderr, "no corpus: nothing was tested\n");
		return 1;
	}
	printf("%d files, %lu inputs\n", files, runs);
	return 0;
}
