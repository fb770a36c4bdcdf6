/* -c FILE: where store and socket are, as zvonard reads it: FILE, then conf.d/ *.yaml beside it. */
#include <glob.h>
#include <string.h>

#include "conf/conf.h"
#include "ctl/ctl.h"

/* A path as the file that says it means it: relative to that file's directory. */
static bool join(char *to, size_t size, const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	size_t dir = path[0] == '/' || slash == NULL ? 0 : (size_t)(slash - file) + 1;

	if (dir + strlen(path) >= size)
		return false;
	memcpy(to, file, dir);
	memcpy(to + dir, path, strlen(path) + 1);
	return true;
}

static int take(struct zv_ctl *ctl, const char *file, bool store, bool socket)
{
	struct zv_conf_sink sink = zv_conf_sink_file(stderr);
	struct zv_conf_tree *tree = NULL;
	const char *dir, *path;
	enum zv_err err = zv_conf_read(file, &sink, &tree);
	int status = -1;

	if (err != ZV_OK)
		return err == ZV_ENOENT ? ZV_EXIT_NOT_FOUND : ZV_EXIT_FAILED;
	dir = zv_conf_text(zv_conf_find(zv_conf_root(tree), "store.dir"));
	path = zv_conf_text(zv_conf_find(zv_conf_root(tree), "control.socket"));
	if (store && dir != NULL && !join(ctl->store_dir, sizeof(ctl->store_dir), file, dir))
		status = ZV_EXIT_FAILED;
	if (socket && path != NULL) {
		ctl->socket_given = true;
		if (!join(ctl->socket, sizeof(ctl->socket), file, path))
			status = ZV_EXIT_FAILED;
	}
	if (status >= 0)
		zv_ctl_say("%s: a path is too long", file);
	zv_conf_free(tree);
	return status;
}

int zv_ctl_where(struct zv_ctl *ctl, const char *file)
{
	bool store = ctl->store_dir[0] == 0, socket = !ctl->socket_given;
	char pattern[4096];
	glob_t found;
	int status = take(ctl, file, store, socket);

	if (status >= 0)
		return status;
	if (!join(pattern, sizeof(pattern), file, "conf.d/*.yaml") ||
	    glob(pattern, 0, NULL, &found) != 0)
		return -1;
	for (size_t i = 0; status < 0 && i < found.gl_pathc; i++)
		status = take(ctl, found.gl_pathv[i], store, socket);
	globfree(&found);
	return status;
}
