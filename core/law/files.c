/* The files of a set, read whole, as one text: a line of its own before each. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "law/law_in.h"

bool zv_law_append(struct zv_law_buffer *buffer, const char *bytes, size_t len)
{
	if (buffer->cap - buffer->len < len) {
		size_t cap = (buffer->len + len) * 2 + 4096;
		char *v = realloc(buffer->v, cap);

		if (v == NULL)
			return false;
		buffer->v = v;
		buffer->cap = cap;
	}
	if (len > 0)
		memcpy(buffer->v + buffer->len, bytes, len);
	buffer->len += len;
	return true;
}

void zv_law_names_free(struct zv_law_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
	*names = (struct zv_law_names){0};
}

static bool add_name(struct zv_law_names *names, const char *text)
{
	char **v = realloc(names->v, (names->n + 1) * sizeof(*v));

	if (v == NULL)
		return false;
	names->v = v;
	v[names->n] = strdup(text);
	if (v[names->n] == NULL)
		return false;
	names->n++;
	return true;
}

struct read {
	struct zv_law_report *report;
	struct zv_law_buffer *archive;
	struct zv_law_names *names;
	const char *word; /* "rules", "calendar": what stands before the file in the archive */
};

__attribute__((format(printf, 4, 5))) static enum zv_err fail(struct read *r, const char *file,
                                                              enum zv_err err, const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	r->report->file = file;
	r->report->line = 0;
	zv_law_tell(r->report, ZV_LAW_ERROR, "", "%s", text);
	return err;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static enum zv_err read_bytes(struct read *r, const char *path, struct zv_law_buffer *to)
{
	char chunk[16384];
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL)
		return fail(r, path, errno == ENOENT ? ZV_ENOENT : ZV_EIO, "%s", strerror(errno));
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0) {
		if (to->len + n > ZV_LAW_FILE_MAX) {
			(void)fclose(f);
			return fail(r, path, ZV_EPARSE, "longer than %u bytes", ZV_LAW_FILE_MAX);
		}
		if (!zv_law_append(to, chunk, n)) {
			(void)fclose(f);
			return ZV_ENOMEM;
		}
	}
	if (ferror(f)) {
		int why = errno;

		(void)fclose(f);
		return fail(r, path, ZV_EIO, "%s", strerror(why));
	}
	(void)fclose(f);
	return ZV_OK;
}

static enum zv_err read_file(struct read *r, const char *path)
{
	struct zv_law_buffer bytes = {0};
	char head[400];
	enum zv_err err;
	int n;

	if (strchr(base_name(path), '\n') != NULL)
		return fail(r, path, ZV_EPARSE, "a line break in a file's name");
	err = read_bytes(r, path, &bytes);
	if (err != ZV_OK)
		goto out;
	n = snprintf(head, sizeof(head), "%s %zu %s\n", r->word, bytes.len, base_name(path));
	if (n < 0 || (size_t)n >= sizeof(head)) {
		err = fail(r, path, ZV_EPARSE, "its name is too long");
		goto out;
	}
	if (r->archive->len + bytes.len > ZV_LAW_BYTES_MAX) {
		err = fail(r, path, ZV_EPARSE, "all files together are longer than %u bytes",
		           ZV_LAW_BYTES_MAX);
		goto out;
	}
	if (!zv_law_append(r->archive, head, (size_t)n) ||
	    !zv_law_append(r->archive, bytes.v, bytes.len) || !zv_law_append(r->archive, "\n", 1) ||
	    !add_name(r->names, path))
		err = ZV_ENOMEM;
out:
	free(bytes.v);
	return err;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names below dir that end so and do not begin with a dot. */
static enum zv_err list_folder(struct read *r, const char *dir, const char *ending,
                               struct zv_law_names *ret_names)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	enum zv_err err = ZV_OK;

	if (d == NULL)
		return fail(r, dir, errno == ENOENT ? ZV_ENOENT : ZV_EIO, "%s", strerror(errno));
	while (err == ZV_OK && (e = readdir(d)) != NULL) {
		size_t len = strlen(e->d_name), tail = strlen(ending);

		if (e->d_name[0] == '.' || len <= tail ||
		    strcmp(e->d_name + len - tail, ending) != 0)
			continue;
		if (ret_names->n == ZV_LAW_FILES_MAX)
			err = fail(r, dir, ZV_EPARSE, "more than %u files", ZV_LAW_FILES_MAX);
		else if (!add_name(ret_names, e->d_name))
			err = ZV_ENOMEM;
	}
	(void)closedir(d);
	if (err == ZV_OK && ret_names->n > 0)
		qsort(ret_names->v, ret_names->n, sizeof(*ret_names->v), by_name);
	return err;
}

/* All of them are read, so that all faults are told; the first error is the answer. */
static enum zv_err read_folder(struct read *r, const char *dir, const char *ending)
{
	struct zv_law_names names = {0};
	enum zv_err err = list_folder(r, dir, ending, &names);

	if (err == ZV_OK && names.n == 0)
		err = fail(r, dir, ZV_ENOENT, "there is no *%s in this folder", ending);
	for (size_t i = 0; i < names.n; i++) {
		char path[4096];
		enum zv_err here;

		if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, names.v[i]) >= sizeof(path))
			here = fail(r, dir, ZV_EPARSE, "a path below it is too long");
		else
			here = read_file(r, path);
		if (err == ZV_OK)
			err = here;
	}
	zv_law_names_free(&names);
	return err;
}

static enum zv_err read_either(struct read *r, const char *path, const char *ending)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return fail(r, path, errno == ENOENT ? ZV_ENOENT : ZV_EIO, "%s", strerror(errno));
	return S_ISDIR(st.st_mode) ? read_folder(r, path, ending) : read_file(r, path);
}

enum zv_err zv_law_read_files(const struct zv_law_params *params, struct zv_law_report *report,
                              struct zv_law_buffer *archive, struct zv_law_names *ret_names)
{
	static const char head[] = "zvonar-law 1\n";
	struct read r = {
	        .report = report, .archive = archive, .names = ret_names, .word = "calendar"};
	enum zv_err err = ZV_OK, second;

	if (!zv_law_append(archive, head, sizeof(head) - 1))
		return ZV_ENOMEM;
	if (params->calendars != NULL)
		err = read_either(&r, params->calendars, ".yaml");
	r.word = "rules";
	second = read_either(&r, params->rules, ".jsonl");
	report->file = NULL;
	return err != ZV_OK ? err : second;
}
