/* The far end of the control socket: one request, one reply, with a limit of time and size. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ctl.h"

#define REPLY_MAX (1u << 21)
#define WAIT_MS   10000

static int connect_to(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	memcpy(addr.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0) {
		int why = errno;

		(void)close(fd);
		errno = why;
		return -1;
	}
	return fd;
}

static bool send_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

/* Reads up to a newline; the line without it (the caller frees) or NULL with errno. */
static char *read_line(int fd, size_t *ret_len)
{
	char *buf = malloc(REPLY_MAX);
	size_t len = 0;

	while (buf != NULL && len < REPLY_MAX) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int ready = poll(&p, 1, WAIT_MS);
		ssize_t n;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0) {
			errno = ready == 0 ? ETIMEDOUT : errno;
			break;
		}
		n = recv(fd, buf + len, REPLY_MAX - len, 0);
		if (n <= 0) {
			errno = n == 0 ? ECONNRESET : errno;
			break;
		}
		len += (size_t)n;
		if (buf[len - 1] == '\n') {
			*ret_len = len - 1;
			return buf;
		}
	}
	if (len == REPLY_MAX)
		errno = EMSGSIZE;
	free(buf);
	return NULL;
}

json_t *zv_client_ask(struct zv_ctl *ctl, json_t *request, int *ret_status)
{
	char *text = json_dumps(request, JSON_COMPACT);
	json_error_t where;
	json_t *reply = NULL;
	char *line = NULL;
	size_t len = 0;
	int fd = connect_to(ctl->socket);

	json_decref(request);
	*ret_status = ZV_EXIT_FAILED;
	if (fd < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			*ret_status = ZV_EXIT_NO_DAEMON;
		else
			zv_ctl_say("%s: %s", ctl->socket, strerror(errno));
		free(text);
		return NULL;
	}
	if (text != NULL && send_all(fd, text, strlen(text)) && send_all(fd, "\n", 1))
		line = read_line(fd, &len);
	if (line == NULL) {
		zv_ctl_say("%s: no reply: %s", ctl->socket, strerror(errno));
	} else {
		reply = json_loadb(line, len, JSON_REJECT_DUPLICATES, &where);
		if (!json_is_object(reply)) {
			zv_ctl_say("%s: what answers there is no zvonard", ctl->socket);
			json_decref(reply);
			reply = NULL;
		}
	}
	if (reply != NULL)
		*ret_status = ZV_EXIT_DONE;
	free(line);
	free(text);
	(void)close(fd);
	return reply;
}

int zv_client_absent(struct zv_ctl *ctl)
{
	zv_ctl_say("%s: no zvonard listens there%s", ctl->socket,
	           ctl->socket_given ? "" : " (say where with -s SOCKET)");
	return ZV_EXIT_NO_DAEMON;
}

int zv_client_do(struct zv_ctl *ctl, json_t *request, json_t **ret_reply)
{
	int status;
	json_t *reply = zv_client_ask(ctl, request, &status);
	const char *word, *text;

	if (reply == NULL)
		return status;
	if (json_is_true(json_object_get(reply, "ok"))) {
		if (ret_reply != NULL)
			*ret_reply = reply;
		else
			json_decref(reply);
		return ZV_EXIT_DONE;
	}
	word = json_string_value(json_object_get(reply, "error"));
	text = json_string_value(json_object_get(reply, "text"));
	zv_ctl_say("zvonard: %s", text != NULL ? text : "it refused");
	status =
	        word != NULL && strcmp(word, "not_found") == 0 ? ZV_EXIT_NOT_FOUND : ZV_EXIT_FAILED;
	json_decref(reply);
	return status;
}
