#include "media/dpdk/steering.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "media/dpdk/ranges.h"
#include "rtp_filter.h"

struct zv_steering {
	int ifindex;
	int claim_fd;   /* bound to a name of the interface's: one zvonard each */
	int program_fd; /* a memfd */
	char path[40];
};

const char *zv_steering_path(const struct zv_steering *s)
{
	return s->path;
}

/* The name lives in the network namespace and dies with the process. */
static enum zv_err claim(struct zv_steering *s, char *text, size_t text_size)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int n = snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "zvonar-xdp-%d", s->ifindex);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
	char name[IF_NAMESIZE] = "?";

	s->claim_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s->claim_fd >= 0 && bind(s->claim_fd, (struct sockaddr *)&at, len) == 0)
		return ZV_OK;
	if_indextoname((unsigned)s->ifindex, name);
	snprintf(text, text_size, "interface %s: %s", name,
		 errno == EADDRINUSE ? "another zvonard takes its RTP" : strerror(errno));
	return errno == EADDRINUSE ? ZV_EEXIST : ZV_EIO;
}

/* The program on the interface; false: none.  An unreadable name is "?". */
static bool attached(int ifindex, char name[BPF_OBJ_NAME_LEN])
{
	struct bpf_prog_info info = {0};
	uint32_t id = 0, size = sizeof(info);
	int fd;

	if (bpf_xdp_query_id(ifindex, 0, &id) != 0 || id == 0)
		return false;
	snprintf(name, BPF_OBJ_NAME_LEN, "?");
	fd = bpf_prog_get_fd_by_id(id);
	if (fd < 0)
		return true;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.name[0] != '\0')
		snprintf(name, BPF_OBJ_NAME_LEN, "%.*s", (int)sizeof(info.name) - 1, info.name);
	close(fd);
	return true;
}

static bool remove_ours(int ifindex)
{
	char name[BPF_OBJ_NAME_LEN];

	return attached(ifindex, name) && strcmp(name, ZV_XDP_NAME) == 0 &&
	       bpf_xdp_detach(ifindex, 0, NULL) == 0;
}

static enum zv_err make_room(struct zv_steering *s, char *text, size_t text_size, bool *ret_stale)
{
	char program[BPF_OBJ_NAME_LEN], name[IF_NAMESIZE] = "?";

	*ret_stale = remove_ours(s->ifindex);
	if (*ret_stale || !attached(s->ifindex, program))
		return ZV_OK;
	if_indextoname((unsigned)s->ifindex, name);
	snprintf(text, text_size,
		 "interface %s has the XDP program %s of somebody else: remove it (ip link set dev %s xdp "
		 "off), or let zvonar use another interface",
		 name, program, name);
	return ZV_EEXIST;
}

/* An odd port of RTCP may stand outside of the ranges. */
static void fill(const struct zv_media_plan *plan, bool all, struct zv_xdp_ranges *t)
{
	t->n = 0;
	t->all = all;
	for (uint32_t i = 0; i < plan->n_ranges && t->n < ZV_XDP_RANGES; i++) {
		const struct zv_media_range *r = &plan->ranges[i];
		struct zv_xdp_range *to = &t->v[t->n++];

		memcpy(&to->ip, r->ip.bytes, 4);
		to->first = r->port_first;
		to->last = (uint16_t)(r->port_first + 2u * r->n_ports - 1);
	}
	for (uint32_t i = 0; i < plan->n_threads && t->n < ZV_XDP_RANGES; i++) {
		uint16_t port = plan->rtcp_port[i];

		if (port >= t->v[0].first && port <= t->v[0].last)
			continue;
		t->v[t->n] = t->v[0];
		t->v[t->n].first = t->v[t->n].last = port;
		t->n++;
	}
}

static enum zv_err write_program(struct zv_steering *s, const struct zv_media_plan *plan, bool all)
{
	struct zv_xdp_ranges table;
	uint8_t *copy = malloc(sizeof(rtp_filter)), *at;
	enum zv_err err = ZV_EIO;

	if (copy == NULL)
		return ZV_ENOMEM;
	memcpy(copy, rtp_filter, sizeof(rtp_filter));
	at = memmem(copy, sizeof(rtp_filter), ZV_XDP_MAGIC, sizeof(table.magic));
	if (at == NULL || (size_t)(copy + sizeof(rtp_filter) - at) < sizeof(table))
		goto done;
	memcpy(&table, at, sizeof(table));
	fill(plan, all, &table);
	memcpy(at, &table, sizeof(table));
	s->program_fd = memfd_create("zv_rtp_filter", MFD_CLOEXEC);
	if (s->program_fd < 0 ||
	    write(s->program_fd, copy, sizeof(rtp_filter)) != (ssize_t)sizeof(rtp_filter))
		goto done;
	snprintf(s->path, sizeof(s->path), "/proc/self/fd/%d", s->program_fd);
	err = ZV_OK;
done:
	free(copy);
	return err;
}

enum zv_err zv_steering_create(const struct zv_media_plan *plan, int ifindex, bool all, char *text,
			       size_t text_size, bool *ret_stale, struct zv_steering **ret_steering)
{
	struct zv_steering *s = calloc(1, sizeof(*s));
	enum zv_err err;

	if (s == NULL)
		return ZV_ENOMEM;
	s->ifindex = ifindex;
	s->claim_fd = s->program_fd = -1;
	err = claim(s, text, text_size);
	if (err == ZV_OK)
		err = make_room(s, text, text_size, ret_stale);
	if (err == ZV_OK) {
		err = write_program(s, plan, all);
		if (err != ZV_OK)
			snprintf(text, text_size, "the XDP program cannot be made ready");
	}
	if (err != ZV_OK) {
		s->ifindex = 0; /* nothing of ours is there */
		zv_steering_destroy(s);
		return err;
	}
	*ret_steering = s;
	return ZV_OK;
}

void zv_steering_destroy(struct zv_steering *s)
{
	if (s == NULL)
		return;
	if (s->ifindex != 0)
		(void)remove_ours(s->ifindex);
	if (s->program_fd >= 0)
		close(s->program_fd);
	if (s->claim_fd >= 0)
		close(s->claim_fd);
	free(s);
}
