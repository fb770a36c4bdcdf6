/* Secrets of people and machines: agent passwd; token new, list, revoke. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/htdigest.h"
#include "conf/conf.h"
#include "ctl/statement.h"
#include "http/auth.h"

#define PASSWORD_MIN 8
#define PASSWORD_MAX 128

/* ---- where ---- */

struct where { char path[512], realm[64]; bool known_users; };

static bool join(char *to, size_t size, const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	int dir = path[0] == '/' || slash == NULL ? 0 : (int)(slash - file) + 1;
	int n = snprintf(to, size, "%.*s%s", dir, file, path);

	return n >= 0 && (size_t)n < size;
}

/* The file by --file, else as the configuration says: `section.key`, else def beside it. */
static int find_file(struct zv_ctl *ctl, const char *key, const char *def, struct where *ret)
{
	const char *given = zv_args_opt(ctl->args, "file"), *realm = zv_args_opt(ctl->args, "realm");
	const struct zv_conf_node *root, *at;
	struct zv_conf_tree *tree = NULL;
	char file[512];
	bool fits = true;

	(void)snprintf(ret->realm, sizeof(ret->realm), "%s", realm != NULL ? realm : "zvonar");
	if (given != NULL && (realm != NULL || ctl->args->global[ZV_G_CONF] == NULL)) {
		fits = join(ret->path, sizeof(ret->path), "", given);
	} else if (zv_ctl_configuration(ctl, file, sizeof(file), &tree) < 0) {
		root = zv_conf_root(tree);
		at = zv_conf_find(root, key);
		if (given != NULL)
			fits = join(ret->path, sizeof(ret->path), "", given);
		else if (zv_conf_text(at) != NULL)
			fits = join(ret->path, sizeof(ret->path), zv_conf_file(at), zv_conf_text(at));
		else
			fits = join(ret->path, sizeof(ret->path), file, def);
		if (realm == NULL && zv_conf_text(zv_conf_find(root, "phones.realm")) != NULL)
			fits = snprintf(ret->realm, sizeof(ret->realm), "%s",
			                zv_conf_text(zv_conf_find(root, "phones.realm"))) <
			               (int)sizeof(ret->realm) && fits;
		ret->known_users = zv_conf_get(zv_conf_get(root, "agents"), ctl->args->n_args > 0 ?
		                               ctl->args->arg[0] : "") != NULL;
		zv_conf_free(tree);
	} else {
		zv_ctl_say("%s: where the file is stands in the configuration of zvonard: say where with -c "
		           "FILE, or name the file itself with --file", file);
		return ZV_EXIT_FAILED;
	}
	if (!fits) {
		zv_ctl_say("a path or a realm is too long");
		return ZV_EXIT_FAILED;
	}
	return -1;
}

/* ---- passwords ---- */

/* A line without its end, nothing of it shown.  False: none came. */
static bool ask(const char *prompt, char *to, size_t size)
{
	struct termios was, quiet;
	bool tty = isatty(STDIN_FILENO) != 0, got;

	if (tty) {
		if (tcgetattr(STDIN_FILENO, &was) != 0)
			return false;
		quiet = was;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		/* first quiet, then the question: what is typed before is thrown away */
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
		(void)fputs(prompt, stderr);
	}
	got = fgets(to, (int)size, stdin) != NULL;
	if (tty) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
		(void)fputc('\n', stderr);
	}
	if (got)
		to[strcspn(to, "\r\n")] = 0;
	return got;
}

static int read_password(char *to, size_t size)
{
	char again[PASSWORD_MAX + 4];

	if (!ask("Password: ", to, size)) {
		zv_ctl_say("agent passwd: no password came");
		return ZV_EXIT_USAGE;
	}
	if (strlen(to) < PASSWORD_MIN || strlen(to) > PASSWORD_MAX) {
		zv_ctl_say("agent passwd: a password has %d to %d bytes", PASSWORD_MIN, PASSWORD_MAX);
		return ZV_EXIT_USAGE;
	}
	for (const char *c = to; *c != 0; c++) {
		if ((unsigned char)*c < ' ' || *c == 127) {
			zv_ctl_say("agent passwd: no control characters in a password");
			return ZV_EXIT_USAGE;
		}
	}
	if (isatty(STDIN_FILENO) == 0)
		return -1;
	if (!ask("Again: ", again, sizeof(again)) || strcmp(again, to) != 0) {
		zv_ctl_say("agent passwd: these are two different ones; nothing was changed");
		return ZV_EXIT_USAGE;
	}
	return -1;
}

static bool is_user(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");

	return n > 0 && n < ZV_HTDIGEST_USER_MAX && name[n] == 0;
}

int zv_cmd_agent_passwd(struct zv_ctl *ctl, const struct zv_args *args)
{
	const char *user = args->arg[0];
	bool removes = zv_args_opt(args, "remove") != NULL;
	char password[PASSWORD_MAX + 4], text[700] = "";
	struct where where = {0};
	uint8_t ha1[16];
	enum zv_err err;
	int status;

	if (!is_user(user)) {
		zv_ctl_say("agent passwd: a user has letters, digits, _, - and ., below %d", ZV_HTDIGEST_USER_MAX);
		return ZV_EXIT_USAGE;
	}
	status = find_file(ctl, "phones.secrets", "agents.htdigest", &where);
	if (status < 0 && !removes)
		status = read_password(password, sizeof(password));
	if (status >= 0)
		return status;
	if (!removes) {
		zv_htdigest_ha1(user, where.realm, password, ha1);
		explicit_bzero(password, sizeof(password));
	}
	err = zv_htdigest_put(where.path, where.realm, user, removes ? NULL : ha1, text, sizeof(text));
	if (err != ZV_OK) {
		zv_ctl_say("%s", text);
		return err == ZV_ENOENT ? ZV_EXIT_NOT_FOUND : ZV_EXIT_FAILED;
	}
	if (!removes && !where.known_users && zv_args_opt(args, "file") == NULL)
		zv_ctl_say("the configuration has no agent %s yet", user);
	zv_ctl_say("%s: %s; `zvonarctl reload` makes it known", where.path, removes ? "taken out" : "kept");
	return ZV_EXIT_DONE;
}

/* ---- tokens ---- */

/* The file's bytes; an absent file is an empty one. */
static int read_tokens(const char *path, char **ret_bytes, size_t *ret_len, struct zv_machine **ret_rows,
                       uint32_t *ret_n)
{
	char text[700] = "";
	enum zv_err err = zv_secret_read(path, text, sizeof(text), ret_bytes, ret_len);

	if (err == ZV_ENOENT) {
		*ret_bytes = calloc(1, 1);
		*ret_len = 0;
		err = *ret_bytes != NULL ? ZV_OK : ZV_ENOMEM;
	}
	if (err == ZV_OK)
		err = zv_tokens_parse(*ret_bytes, *ret_len, path, text, sizeof(text), ret_rows, ret_n);
	if (err == ZV_OK)
		return -1;
	zv_ctl_say("%s", text[0] != 0 ? text : "no memory");
	free(*ret_bytes);
	return ZV_EXIT_FAILED;
}

static const struct zv_machine *machine_named(const struct zv_machine *rows, uint32_t n, const char *name)
{
	for (uint32_t i = 0; i < n; i++) {
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	}
	return NULL;
}

static int write_tokens(const char *path, const char *bytes, size_t len)
{
	char text[700] = "";

	if (zv_secret_write(path, bytes, len, text, sizeof(text)) == ZV_OK)
		return ZV_EXIT_DONE;
	zv_ctl_say("%s", text);
	return ZV_EXIT_FAILED;
}

static int add_token(const char *path, const char *name, enum zv_role role)
{
	char token[ZV_TOKEN_TEXT_MAX], hex[65], *bytes = NULL, *made;
	struct zv_machine *rows = NULL;
	struct zv_token_id id;
	size_t len = 0;
	uint32_t n = 0;
	int status = read_tokens(path, &bytes, &len, &rows, &n), put;

	if (status >= 0)
		return status;
	made = malloc(len + 256);
	if (machine_named(rows, n, name) != NULL) {
		zv_ctl_say("token new: %s has one; revoke it first", name);
		status = ZV_EXIT_FAILED;
	} else if (made == NULL || zv_token_make(token, &id) != ZV_OK) {
		status = zv_ctl_fail(ZV_EIO, "token new");
	} else {
		zv_hex_write(id.sum, sizeof(id.sum), hex);
		memcpy(made, bytes, len);
		put = snprintf(made + len, 256, "%s%s %s %s\n", len > 0 && bytes[len - 1] != '\n' ? "\n" : "", hex,
		               zv_role_name(role), name);
		status = write_tokens(path, made, len + (size_t)put);
		if (status == ZV_EXIT_DONE) {
			(void)printf("%s\n", token);
			zv_ctl_say("shown once; `zvonarctl reload` makes it known");
		}
		explicit_bzero(token, sizeof(token));
	}
	free(made);
	free(bytes);
	free(rows);
	return status;
}

int zv_cmd_token_new(struct zv_ctl *ctl, const struct zv_args *args)
{
	const char *word = zv_args_opt(args, "role");
	enum zv_role role = ZV_ROLE_INTEGRATOR;
	struct where where = {0};
	int status;

	if (!is_user(args->arg[0])) {
		zv_ctl_say("token new: a name has letters, digits, _, - and ., below %d", ZV_HTTP_USER_MAX);
		return ZV_EXIT_USAGE;
	}
	if (word != NULL && zv_role_parse(word, &role) != ZV_OK) {
		zv_ctl_say("--role: integrator, agent, supervisor or operator, not %s", word);
		return ZV_EXIT_USAGE;
	}
	status = find_file(ctl, "http.tokens", "tokens", &where);
	if (status < 0)
		status = add_token(where.path, args->arg[0], role);
	return zv_ctl_output_end(stdout, status);
}

int zv_cmd_token_list(struct zv_ctl *ctl, const struct zv_args *args)
{
	static const struct zv_out_col cols[] = {{"name", false}, {"role", false}, {"sha256", false}};
	struct zv_machine *rows = NULL;
	struct where where = {0};
	struct zv_out *out;
	char *bytes = NULL, hex[65];
	size_t len = 0;
	uint32_t n = 0;
	int status = find_file(ctl, "http.tokens", "tokens", &where);

	(void)args;
	if (status < 0)
		status = read_tokens(where.path, &bytes, &len, &rows, &n);
	if (status >= 0)
		return status;
	out = zv_out_begin(stdout, ctl->format, false, cols, 3);
	for (uint32_t i = 0; i < n; i++) {
		zv_hex_write(rows[i].id.sum, 4, hex);
		zv_out_text(out, rows[i].name);
		zv_out_text(out, zv_role_name(rows[i].role));
		zv_out_text(out, hex);
		zv_out_row(out);
	}
	zv_out_end(out);
	free(bytes);
	free(rows);
	return zv_ctl_output_end(stdout, ZV_EXIT_DONE);
}

/* All lines but those that begin with the hash. */
static size_t without(char *bytes, size_t len, const struct zv_token_id *id)
{
	size_t out = 0;

	for (size_t at = 0; at < len;) {
		const char *end = memchr(bytes + at, '\n', len - at);
		size_t n = end != NULL ? (size_t)(end - (bytes + at)) + 1 : len - at;
		struct zv_token_id other;

		if (n < 64 || !zv_hex_read(bytes + at, 64, other.sum, 32) || memcmp(other.sum, id->sum, 32) != 0) {
			memmove(bytes + out, bytes + at, n);
			out += n;
		}
		at += n;
	}
	return out;
}

int zv_cmd_token_revoke(struct zv_ctl *ctl, const struct zv_args *args)
{
	struct zv_machine *rows = NULL;
	const struct zv_machine *found;
	struct where where = {0};
	char *bytes = NULL;
	size_t len = 0;
	uint32_t n = 0;
	int status = find_file(ctl, "http.tokens", "tokens", &where);

	if (status < 0)
		status = read_tokens(where.path, &bytes, &len, &rows, &n);
	if (status >= 0)
		return status;
	found = machine_named(rows, n, args->arg[0]);
	if (found == NULL) {
		zv_ctl_say("%s: no token of %s", where.path, args->arg[0]);
		status = ZV_EXIT_NOT_FOUND;
	} else {
		status = write_tokens(where.path, bytes, without(bytes, len, &found->id));
		if (status == ZV_EXIT_DONE)
			zv_ctl_say("taken back; zvonard refuses it from the next `zvonarctl reload` on");
	}
	free(bytes);
	free(rows);
	return status;
}
