#include "peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRIES 50

struct peer {
	pid_t pid;
	int fd; /* to its control port */
	uint32_t cookies;
};

/* One word of bencode; the room is the caller's. */
static size_t put(char *at, const char *key, const char *value)
{
	return (size_t)sprintf(at, "%zu:%s%zu:%s", strlen(key), key, strlen(value), value);
}

/* Sends a request and waits for its answer. */
static bool ask(struct peer *p, const char *body, char *answer, size_t size, int wait_ms)
{
	char request[2000];
	struct pollfd pfd = {.fd = p->fd, .events = POLLIN};
	int n = snprintf(request, sizeof(request), "z%u %s", ++p->cookies, body);
	size_t cookie = strcspn(request, " ") + 1;
	ssize_t got;

	if (send(p->fd, request, (size_t)n, 0) != n)
		return false;
	while (poll(&pfd, 1, wait_ms) > 0) {
		got = recv(p->fd, answer, size - 1, 0);
		if (got <= 0)
			return false;
		answer[got] = 0;
		if (memcmp(answer, request, cookie) == 0)
			return true;
	}
	return false;
}

/* An offer or an answer with the far end's port; ret_port: where that far end's peer is to send. */
static bool leg(struct peer *p, const char *command, uint32_t call, uint16_t port, uint16_t *ret_port)
{
	char sdp[300], id[20], body[1000], answer[4000];
	const char *media;
	size_t n = 1;

	snprintf(id, sizeof(id), "call%u", call);
	snprintf(sdp, sizeof(sdp), "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
		 "m=audio %u RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n", port);
	body[0] = 'd';
	n += put(body + n, "ICE", "remove");
	n += put(body + n, "call-id", id);
	n += put(body + n, "command", command);
	n += put(body + n, "from-tag", "a");
	n += put(body + n, "sdp", sdp);
	if (strcmp(command, "answer") == 0)
		n += put(body + n, "to-tag", "b");
	body[n++] = 'e';
	body[n] = 0;
	if (!ask(p, body, answer, sizeof(answer), 3000))
		return false;
	media = strstr(answer, "m=audio ");
	*ret_port = media != NULL ? (uint16_t)strtoul(media + 8, NULL, 10) : 0;
	return *ret_port != 0;
}

bool peer_call(struct peer *p, uint32_t call, const uint16_t far[2], uint16_t ret_to[2])
{
	/* What the offer gives is where the second end sends, what the answer gives the first. */
	return leg(p, "offer", call, far[0], &ret_to[1]) && leg(p, "answer", call, far[1], &ret_to[0]);
}

static void run(uint16_t port, uint32_t calls)
{
	char listen[40], first[20], last[20];
	int null = open("/dev/null", O_WRONLY);

	snprintf(listen, sizeof(listen), "127.0.0.1:%u", port);
	snprintf(first, sizeof(first), "%u", port + 2u);
	snprintf(last, sizeof(last), "%u", port + 2u + 8 * calls + 100);
	dup2(null, 1);
	dup2(null, 2);
	execlp("rtpengine", "rtpengine", "--config-file=none", "--foreground", "--table=-1", "--interface=127.0.0.1",
	       "--listen-ng", listen, "--port-min", first, "--port-max", last, "--num-threads=2",
	       "--log-stderr", "--log-level=3", (char *)NULL);
	_exit(127);
}

struct peer *peer_start(uint16_t port, uint32_t calls)
{
	struct peer *p = calloc(1, sizeof(*p));
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port),
				 .sin_addr = {htonl(INADDR_LOOPBACK)}};
	char answer[200];

	if (p == NULL)
		return NULL;
	p->pid = fork();
	if (p->pid == 0)
		run(port, calls);
	p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	connect(p->fd, (struct sockaddr *)&in, sizeof(in));
	for (int i = 0; i < TRIES; i++) {
		if (ask(p, "d7:command4:pinge", answer, sizeof(answer), 100))
			return p;
		if (waitpid(p->pid, NULL, WNOHANG) == p->pid) {
			p->pid = 0;
			break;
		}
		usleep(100000);
	}
	peer_stop(p);
	return NULL;
}

pid_t peer_pid(const struct peer *p)
{
	return p->pid;
}

void peer_stop(struct peer *p)
{
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	close(p->fd);
	free(p);
}
