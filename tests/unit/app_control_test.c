/* The control socket, judged from the far end of a real socket by jansson alone. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/control.h"

static char dir[64], path[96];
static struct zv_control *control;
static struct zv_control_request last;
static int handled;
static size_t reply_bytes; /* size of the string that the handler adds */

static enum zv_err handle(void *arg, const struct zv_control_request *request, json_t *reply,
                          char *text, size_t text_size)
{
	(void)arg;
	last = *request;
	handled++;
	if (request->cmd == ZV_CONTROL_SUPPRESS || request->cmd == ZV_CONTROL_MARK)
		return ZV_EAGAIN;
	if (request->cmd == ZV_CONTROL_CAMPAIGN_SHOW) {
		(void)snprintf(text, text_size, "no campaign %s", request->campaign);
		return ZV_ENOENT;
	}
	if (reply_bytes > 0) {
		char *big = malloc(reply_bytes + 1);

		memset(big, 'x', reply_bytes);
		big[reply_bytes] = 0;
		json_object_set_new(reply, "big", json_string(big));
		free(big);
	}
	json_object_set_new(reply, "n", json_integer(handled));
	return ZV_OK;
}

static enum zv_err try_open(struct zv_control **ret, char *text, size_t size)
{
	struct zv_control_params p = {.path = path, .handle = handle};

	return zv_control_open(&p, text, size, ret);
}

static void setup(void)
{
	char text[256] = "";

	(void)snprintf(dir, sizeof(dir), "/tmp/zv-control-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/s", dir);
	cr_assert_eq(try_open(&control, text, sizeof(text)), ZV_OK, "%s", text);
}

static void teardown(void)
{
	zv_control_close(control);
	cr_expect_eq(access(path, F_OK), -1, "the socket's file is left behind");
	cr_expect_eq(rmdir(dir), 0);
}

static int dial(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	memcpy(a.sun_path, path, strlen(path));
	cr_assert_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* Lets the server work until nothing is ready for it. */
static void pump(void)
{
	struct pollfd p = {.fd = zv_control_fd(control), .events = POLLIN};

	for (int i = 0; i < 1000 && poll(&p, 1, 20) == 1; i++)
		zv_control_serve(control);
}

/* Sends bytes and gives the next line back as JSON (NULL: the server hung up). */
static json_t *ask_raw(int fd, const char *bytes, size_t len)
{
	static char buf[1 << 21];
	size_t got = 0;

	for (size_t at = 0; at < len;) {
		ssize_t n = send(fd, bytes + at, len - at, MSG_NOSIGNAL);

		if (n > 0)
			at += (size_t)n;
		else if (errno != EAGAIN)
			break;
		pump();
	}
	for (int turn = 0; turn < 500; turn++) {
		ssize_t n = recv(fd, buf + got, 1, 0);

		if (n == 1 && buf[got] == '\n')
			return json_loadb(buf, got, 0, NULL);
		if (n == 1) {
			got++;
			turn = 0;
		} else if (n == 0 || (n < 0 && errno != EAGAIN)) {
			return NULL;
		} else {
			pump();
		}
	}
	return NULL;
}

static json_t *ask(int fd, const char *line)
{
	return ask_raw(fd, line, strlen(line));
}

static const char *error_of(json_t *reply)
{
	cr_assert_not_null(reply);
	cr_assert(json_is_false(json_object_get(reply, "ok")));
	return json_string_value(json_object_get(reply, "error"));
}

TestSuite(app_control, .init = setup, .fini = teardown, .timeout = 30);

Test(app_control, a_request_reaches_the_handler_and_its_reply_comes_back)
{
	int fd = dial();
	json_t *r = ask(fd, "{\"cmd\":\"campaign_start\",\"campaign\":\"база\"}\n");

	cr_assert_not_null(r);
	cr_expect(json_is_true(json_object_get(r, "ok")));
	cr_expect_eq(json_integer_value(json_object_get(r, "n")), 1);
	cr_expect_eq(last.cmd, ZV_CONTROL_CAMPAIGN_START);
	cr_expect_str_eq(last.campaign, "база");
	json_decref(r);
	r = ask(fd, "{\"level\":\"debug\",\"cmd\":\"log_level\"}\n");
	cr_expect_eq(last.level, ZV_LOG_DEBUG);
	json_decref(r);
	r = ask(fd, "{\"cmd\":\"version\"}\n");
	cr_expect_str_eq(json_string_value(json_object_get(r, "version")), ZV_VERSION);
	cr_expect_eq(handled, 2, "version is answered without the handler");
	json_decref(r);
	close(fd);
}

Test(app_control, an_error_of_the_handler_is_told_with_its_word_and_text)
{
	int fd = dial();
	json_t *r = ask(fd, "{\"cmd\":\"campaign_show\",\"campaign\":\"x\"}\n");

	cr_expect_str_eq(error_of(r), "not_found");
	cr_expect_str_eq(json_string_value(json_object_get(r, "text")), "no campaign x");
	json_decref(r);
	close(fd);
}

Test(app_control, garbage_is_refused_and_the_connection_goes_on)
{
	static const char *const bad[] = {
	        "\n",
	        "{}\n",
	        "[]\n",
	        "42\n",
	        "{\"cmd\":1}\n",
	        "{\"cmd\":\"nonsense\"}\n",
	        "{\"cmd\":\"status\",\"x\":1}\n",
	        "{\"cmd\":\"campaign_start\"}\n",
	        "{\"cmd\":\"campaign_start\",\"campaign\":\"\"}\n",
	        "{\"cmd\":\"campaign_start\",\"campaign\":7}\n",
	        "{\"cmd\":\"campaign_start\",\"campaign\":\"a\\u001b[2J\"}\n",
	        "{\"cmd\":\"campaign_start\",\"campaign\":\"a\\u0000b\"}\n",
	        "{\"cmd\":\"log_level\",\"level\":\"loud\"}\n",
	        "{\"cmd\":\"status\",\"cmd\":\"drain\"}\n",
	        "\xff\xfe\x00\x01\n",
	        "{\"cmd\":\"status\"\n",
	        "{\"cmd\":\"\xc3\x28\"}\n",
	        "{\"cmd\":\"suppress\"}\n",
	        "{\"cmd\":\"suppress\",\"numbers\":[]}\n",
	        "{\"cmd\":\"suppress\",\"numbers\":[79161234567]}\n",
	        "{\"cmd\":\"suppress\",\"numbers\":[\"7916a\"]}\n",
	        "{\"cmd\":\"suppress\",\"numbers\":[\"99999999999999999999999\"]}\n",
	        "{\"cmd\":\"suppress\",\"numbers\":[\"1\"],\"until\":-1}\n",
	        "{\"cmd\":\"suppress\",\"numbers\":[\"1\"],\"kind\":\"flag\"}\n",
	        "{\"cmd\":\"mark\",\"persons\":[\"1\"],\"kind\":\"flog\",\"name\":\"x\"}\n",
	        "{\"cmd\":\"mark\",\"persons\":[\"1\"],\"kind\":\"flag\"}\n",
	};
	int fd = dial();
	json_t *r;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t len = i == 14 ? 5 : strlen(bad[i]);

		r = ask_raw(fd, bad[i], len);
		cr_expect_str_eq(error_of(r), "bad_request", "row %zu", i);
		json_decref(r);
	}
	cr_expect_eq(handled, 0);
	r = ask(fd, "{\"cmd\":\"status\"}\n");
	cr_expect_eq(json_integer_value(json_object_get(r, "n")), 1);
	json_decref(r);
	close(fd);
}

Test(app_control, a_request_without_end_is_cut_off_with_a_reason)
{
	int fd = dial();
	char *huge = malloc(100000);
	json_t *r;

	memset(huge, '{', 100000);
	r = ask_raw(fd, huge, ZV_CONTROL_REQUEST_MAX + 1);
	cr_expect_str_eq(error_of(r), "bad_request");
	json_decref(r);
	cr_expect_null(ask_raw(fd, "\n", 1), "the connection is ended");
	close(fd);
	free(huge);
}

Test(app_control, the_longest_request_is_still_served_and_one_byte_more_is_not)
{
	char line[ZV_CONTROL_REQUEST_MAX + 3];
	int fd = dial();
	json_t *r;

	memset(line, ' ', sizeof(line));
	memcpy(line, "{\"cmd\":\"status\"}", 16);
	line[ZV_CONTROL_REQUEST_MAX] = '\n';
	r = ask_raw(fd, line, ZV_CONTROL_REQUEST_MAX + 1);
	cr_assert_not_null(r);
	cr_expect(json_is_true(json_object_get(r, "ok")));
	json_decref(r);
	line[ZV_CONTROL_REQUEST_MAX] = ' ';
	line[ZV_CONTROL_REQUEST_MAX + 1] = '\n';
	r = ask_raw(fd, line, ZV_CONTROL_REQUEST_MAX + 2);
	cr_expect_str_eq(error_of(r), "bad_request");
	json_decref(r);
	close(fd);
}

Test(app_control, a_client_that_does_not_read_is_not_served_further_and_holds_up_nobody)
{
	int slow = dial(), quick = dial();
	json_t *r;

	reply_bytes = 900000;
	for (int i = 0; i < 100; i++) {
		cr_assert_eq(send(slow, "{\"cmd\":\"status\"}\n", 17, MSG_NOSIGNAL), 17);
	}
	pump();
	cr_expect_lt(handled, 3, "replies pile up: %d", handled);
	reply_bytes = 0;
	r = ask(quick, "{\"cmd\":\"status\"}\n");
	cr_assert_not_null(r);
	json_decref(r);
	/* and the slow one gets all its answers once it reads, in order */
	for (int i = 0; i < 100; i++) {
		r = ask_raw(slow, "", 0);
		cr_assert_not_null(r, "reply %d", i);
		json_decref(r);
	}
	cr_expect_eq(handled, 101);
	close(slow);
	close(quick);
}

Test(app_control, a_reply_that_is_too_large_becomes_an_error)
{
	int fd = dial();
	json_t *r;

	reply_bytes = ZV_CONTROL_REPLY_MAX;
	r = ask(fd, "{\"cmd\":\"status\"}\n");
	cr_expect_str_eq(error_of(r), "failed");
	json_decref(r);
	close(fd);
}

Test(app_control, requests_in_pieces_and_several_at_once_are_told_apart)
{
	int fd = dial();
	const char *line = "{\"cmd\":\"status\"}\n{\"cmd\":\"reload\"}\n{\"cmd\":\"drain\"}\n";
	json_t *r;

	for (const char *p = line; *p != 0; p++) {
		cr_assert_eq(send(fd, p, 1, 0), 1);
		zv_control_serve(control);
	}
	pump();
	cr_expect_eq(handled, 3);
	cr_expect_eq(last.cmd, ZV_CONTROL_DRAIN);
	for (int i = 1; i <= 3; i++) {
		r = ask_raw(fd, "", 0);
		cr_expect_eq(json_integer_value(json_object_get(r, "n")), i);
		json_decref(r);
	}
	close(fd);
}

Test(app_control, one_client_too_many_ends_the_one_that_was_quiet_for_longest)
{
	int fds[ZV_CONTROL_CLIENTS_MAX + 1];
	json_t *r;

	for (size_t i = 0; i < ZV_CONTROL_CLIENTS_MAX; i++) {
		fds[i] = dial();
		pump();
	}
	r = ask(fds[0], "{\"cmd\":\"status\"}\n"); /* the second is the quietest now */
	json_decref(r);
	fds[ZV_CONTROL_CLIENTS_MAX] = dial();
	pump();
	cr_expect_null(ask(fds[1], "{\"cmd\":\"status\"}\n"));
	for (size_t i = 0; i <= ZV_CONTROL_CLIENTS_MAX; i++) {
		if (i != 1) {
			r = ask(fds[i], "{\"cmd\":\"status\"}\n");
			cr_expect_not_null(r, "client %zu", i);
			json_decref(r);
		}
		close(fds[i]);
	}
}

Test(app_control, the_file_is_for_its_owner_only)
{
	struct stat st;

	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0600);
}

Test(app_control, a_second_daemon_is_refused_and_a_dead_ones_file_is_replaced)
{
	char text[256] = "";
	struct zv_control *second = NULL;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd;

	cr_expect_eq(try_open(&second, text, sizeof(text)), ZV_EEXIST);
	cr_expect_not_null(strstr(text, "another zvonard"));
	zv_control_close(control);
	/* what a killed daemon leaves: a bound file, nobody listening */
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	memcpy(a.sun_path, path, strlen(path));
	cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
	cr_assert_eq(access(path, F_OK), 0);
	cr_expect_eq(try_open(&control, text, sizeof(text)), ZV_OK, "%s", text);
}

Test(app_control, a_file_that_is_no_socket_is_left_alone)
{
	char text[256] = "";
	struct zv_control *second = NULL;
	FILE *f;

	zv_control_close(control);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	(void)fputs("precious", f);
	(void)fclose(f);
	cr_expect_eq(try_open(&second, text, sizeof(text)), ZV_EIO);
	cr_expect_eq(access(path, F_OK), 0);
	cr_expect_eq(unlink(path), 0);
	cr_expect_eq(try_open(&control, text, sizeof(text)), ZV_OK);
}

Test(app_control, a_path_that_does_not_fit_is_told)
{
	char text[256] = "";
	struct zv_control *second = NULL;
	struct zv_control_params p = {.handle = handle};
	char longer[200];

	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	p.path = longer;
	cr_expect_eq(zv_control_open(&p, text, sizeof(text), &second), ZV_EINVAL);
}

Test(app_control, an_answer_that_comes_later_is_waited_for_and_goes_to_who_asked)
{
	const char *request = "{\"cmd\":\"suppress\",\"numbers\":[\"79161234567\",\"79161234568\"],"
				      "\"text\":\"letter\"}\n{\"cmd\":\"status\"}\n";
	int a = dial(), b = dial();
	uint64_t ticket;
	json_t *r;

	cr_assert_eq(send(a, request, strlen(request), 0), (ssize_t)strlen(request));
	pump();
	cr_assert_eq(handled, 1, "the next request waits for the answer to the first");
	cr_expect_eq(last.n_numbers, 2);
	cr_expect_eq(last.numbers[1], 79161234568);
	cr_expect_str_eq(last.text, "letter");
	ticket = last.ticket;
	r = ask(b, "{\"cmd\":\"status\"}\n");
	cr_expect(json_is_true(json_object_get(r, "ok")), "others are served meanwhile");
	json_decref(r);
	zv_control_answer(control, ticket + 1000, ZV_OK, NULL, "");
	cr_expect_eq(handled, 2, "an answer for nobody is nobody's");
	zv_control_answer(control, ticket, ZV_OK, json_pack("{s:i}", "told", 2), "");
	r = ask_raw(a, "", 0);
	cr_assert_not_null(r);
	cr_expect_eq(json_integer_value(json_object_get(r, "told")), 2);
	cr_expect(json_is_true(json_object_get(r, "ok")));
	json_decref(r);
	r = ask_raw(a, "", 0);
	cr_assert_not_null(r, "and then the request that waited");
	cr_expect_eq(handled, 3);
	json_decref(r);
	request = "{\"cmd\":\"mark\",\"persons\":[\"7\"],\"kind\":\"flag\",\"name\":\"x\"}\n";
	cr_assert_eq(send(a, request, strlen(request), 0), (ssize_t)strlen(request));
	pump();
	zv_control_answer(control, last.ticket, ZV_ETIMEDOUT, NULL, "too slow");
	r = ask_raw(a, "", 0);
	cr_expect_str_eq(error_of(r), "failed");
	cr_expect_str_eq(json_string_value(json_object_get(r, "text")), "too slow");
	json_decref(r);
	close(a);
	pump();
	close(b);
}
