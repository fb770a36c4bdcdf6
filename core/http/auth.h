/* http/auth.h -- who is who: users with secrets, sessions, machines' tokens.
 *
 * Any thread; a short mutex inside.  Tokens are kept as their SHA-256, so that what is looked for
 * is no secret and a search by it tells nothing. */
#ifndef ZV_HTTP_AUTH_H
#define ZV_HTTP_AUTH_H

#include "http/http.h"
#include "http/parse.h"

#define ZV_SESSIONS_MAX      8192u
#define ZV_SESSIONS_USER_MAX 16u
#define ZV_TOKENS_MAX        1024u

struct zv_auth;

struct zv_token_id { uint8_t sum[32]; };

/* params: users, secrets, realm, tokens, session_idle_s (set). */
enum zv_err zv_auth_create(const struct zv_http_params *params, char *text, size_t text_size,
			   struct zv_auth **ret_auth) ZV_MUST_USE;
void zv_auth_destroy(struct zv_auth *auth); /* accepts NULL */
/* As zv_http_reload. */
enum zv_err zv_auth_reload(struct zv_auth *auth, const struct zv_http_user *users, uint32_t n_users,
			   char *text, size_t text_size) ZV_MUST_USE;

/* ZV_EDENIED: no such user, or another password; the same time for both. */
enum zv_err zv_auth_login(struct zv_auth *auth, const char *user, const char *password,
			  char ret_token[ZV_TOKEN_TEXT_MAX], struct zv_http_subject *ret_who) ZV_MUST_USE;
void zv_auth_logout(struct zv_auth *auth, const struct zv_token_id *id);
/* Whose token is it?  A session is not idle from now on. */
bool zv_auth_check(struct zv_auth *auth, const char *token, struct zv_token_id *ret_id,
		   struct zv_http_subject *ret_who);
/* The same by id: is it still good? */
bool zv_auth_alive(struct zv_auth *auth, const struct zv_token_id *id, struct zv_http_subject *ret_who);
uint32_t zv_auth_sessions(struct zv_auth *auth);

/* Lines `sha256hex role subject`.  ZV_EPARSE with text, ZV_ENOMEM, ZV_EFULL. */
struct zv_machine { struct zv_token_id id; enum zv_role role; char name[ZV_HTTP_USER_MAX]; };
enum zv_err zv_tokens_parse(const char *bytes, size_t len, const char *name, char *text,
			    size_t text_size, struct zv_machine **ret_rows, uint32_t *ret_n) ZV_MUST_USE;
/* 64 hex digits of the system's randomness.  ZV_EIO. */
enum zv_err zv_token_make(char ret_token[ZV_TOKEN_TEXT_MAX], struct zv_token_id *ret_id) ZV_MUST_USE;

#endif
