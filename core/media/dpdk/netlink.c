#include "media/dpdk/netlink.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ANSWER_MAX 8192
#define FIXED (NUD_PERMANENT | NUD_NOARP)
#define VALID (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP)

struct request {
	struct nlmsghdr head;
	union {
		struct rtmsg route;
		struct ndmsg neighbour;
		struct ifinfomsg link;
	} u;
	uint8_t attributes[32];
};

int zv_netlink_open(uint32_t groups)
{
	struct sockaddr_nl at = {.nl_family = AF_NETLINK, .nl_groups = groups};
	struct timeval second = {1, 0};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void begin(struct request *r, uint16_t type, uint16_t flags, size_t body)
{
	static uint32_t seq; /* one thread alone asks */

	memset(r, 0, sizeof(*r));
	r->head.nlmsg_len = (uint32_t)NLMSG_LENGTH(body);
	r->head.nlmsg_type = type;
	r->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	r->head.nlmsg_seq = ++seq;
}

static void add_ip(struct request *r, uint16_t type, uint32_t ip)
{
	struct rtattr *a = (struct rtattr *)(void *)((uint8_t *)r + NLMSG_ALIGN(r->head.nlmsg_len));

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(sizeof(ip));
	memcpy(RTA_DATA(a), &ip, sizeof(ip));
	r->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(r->head.nlmsg_len) + RTA_LENGTH(sizeof(ip)));
}

/* The one message that answers, NULL if there is none.  What earlier questions left is skipped. */
static struct nlmsghdr *ask(int fd, const struct request *r, uint8_t *buf)
{
	if (send(fd, r, r->head.nlmsg_len, 0) < 0)
		return NULL;
	for (int i = 0; i < 16; i++) {
		ssize_t got = recv(fd, buf, ANSWER_MAX, 0);
		struct nlmsghdr *h = (struct nlmsghdr *)(void *)buf;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < (ssize_t)sizeof(*h) || !NLMSG_OK(h, (uint32_t)got))
			return NULL;
		if (h->nlmsg_seq != r->head.nlmsg_seq)
			continue;
		return h->nlmsg_type == NLMSG_ERROR ? NULL : h;
	}
	return NULL;
}

/* Attribute type of a message with a body of that size; NULL: not there, or shorter than len. */
static const void *attribute(const struct nlmsghdr *h, size_t body, uint16_t type, size_t len)
{
	size_t left = h->nlmsg_len < NLMSG_SPACE(body) ? 0 : h->nlmsg_len - NLMSG_SPACE(body);
	const struct rtattr *a = (const void *)((const uint8_t *)h + NLMSG_SPACE(body));

	while (left >= sizeof(*a) && a->rta_len >= sizeof(*a) && a->rta_len <= left) {
		size_t whole = RTA_ALIGN(a->rta_len);

		if ((a->rta_type & NLA_TYPE_MASK) == type)
			return a->rta_len >= RTA_LENGTH(len) ? RTA_DATA(a) : NULL;
		if (whole >= left)
			return NULL;
		left -= whole;
		a = (const void *)((const uint8_t *)a + whole);
	}
	return NULL;
}

static bool attribute32(const struct nlmsghdr *h, size_t body, uint16_t type, uint32_t *ret)
{
	const void *at = attribute(h, body, type, sizeof(*ret));

	if (at != NULL)
		memcpy(ret, at, sizeof(*ret));
	return at != NULL;
}

bool zv_netlink_route(int fd, uint32_t ip, struct zv_route *ret_route)
{
	_Alignas(struct nlmsghdr) uint8_t buf[ANSWER_MAX];
	struct request r;
	const struct nlmsghdr *h;
	const struct rtmsg *m;
	uint32_t oif = 0;

	begin(&r, RTM_GETROUTE, 0, sizeof(r.u.route));
	r.u.route.rtm_family = AF_INET;
	r.u.route.rtm_dst_len = 32;
	add_ip(&r, RTA_DST, ip);
	h = ask(fd, &r, buf);
	if (h == NULL || h->nlmsg_type != RTM_NEWROUTE || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return false;
	m = NLMSG_DATA(h);
	ret_route->reachable = m->rtm_type == RTN_UNICAST;
	if (!attribute32(h, sizeof(*m), RTA_OIF, &oif))
		return false;
	ret_route->ifindex = (int)oif;
	if (!attribute32(h, sizeof(*m), RTA_GATEWAY, &ret_route->via))
		ret_route->via = ip;
	return true;
}

static void about_neighbour(struct request *r, int ifindex, uint32_t ip)
{
	r->u.neighbour.ndm_family = AF_INET;
	r->u.neighbour.ndm_ifindex = ifindex;
	add_ip(r, NDA_DST, ip);
}

void zv_netlink_probe(int fd, int ifindex, uint32_t ip)
{
	_Alignas(struct nlmsghdr) uint8_t buf[ANSWER_MAX];
	struct request r;

	begin(&r, RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE, sizeof(r.u.neighbour));
	r.u.neighbour.ndm_flags = NTF_USE;
	about_neighbour(&r, ifindex, ip);
	(void)ask(fd, &r, buf); /* the kernel says no more than that it was asked */
}

static bool read_neighbour(const struct nlmsghdr *h, struct zv_net_change *ret)
{
	const struct ndmsg *m = NLMSG_DATA(h);
	const uint8_t *mac;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) || m->ndm_family != AF_INET ||
	    !attribute32(h, sizeof(*m), NDA_DST, &ret->ip))
		return false;
	ret->ifindex = m->ndm_ifindex;
	ret->mac = 0;
	ret->fixed = (m->ndm_state & FIXED) != 0;
	mac = attribute(h, sizeof(*m), NDA_LLADDR, 6);
	if (mac == NULL || h->nlmsg_type == RTM_DELNEIGH || (m->ndm_state & VALID) == 0)
		return true;
	for (int i = 0; i < 6; i++)
		ret->mac |= (uint64_t)mac[i] << 8 * i;
	return true;
}

bool zv_netlink_neighbour(int fd, int ifindex, uint32_t ip, uint64_t *ret_mac, bool *ret_fixed)
{
	_Alignas(struct nlmsghdr) uint8_t buf[ANSWER_MAX];
	struct zv_net_change found = {0};
	struct request r;
	const struct nlmsghdr *h;

	begin(&r, RTM_GETNEIGH, 0, sizeof(r.u.neighbour));
	about_neighbour(&r, ifindex, ip);
	h = ask(fd, &r, buf);
	if (h == NULL || h->nlmsg_type != RTM_NEWNEIGH || !read_neighbour(h, &found) || found.mac == 0)
		return false;
	*ret_mac = found.mac;
	*ret_fixed = found.fixed;
	return true;
}

bool zv_netlink_dropped(int fd, int ifindex, uint64_t *ret_dropped)
{
	_Alignas(struct nlmsghdr) uint8_t buf[ANSWER_MAX];
	struct rtnl_link_stats64 stats;
	struct request r;
	const struct nlmsghdr *h;
	const void *at;

	begin(&r, RTM_GETLINK, 0, sizeof(r.u.link));
	r.u.link.ifi_family = AF_UNSPEC;
	r.u.link.ifi_index = ifindex;
	h = ask(fd, &r, buf);
	if (h == NULL || h->nlmsg_type != RTM_NEWLINK)
		return false;
	at = attribute(h, sizeof(struct ifinfomsg), IFLA_STATS64, offsetof(struct rtnl_link_stats64, multicast));
	if (at == NULL)
		return false;
	memcpy(&stats, at, offsetof(struct rtnl_link_stats64, multicast));
	*ret_dropped = stats.rx_dropped;
	return true;
}

bool zv_netlink_change(int fd, struct zv_net_change *ret_change)
{
	_Alignas(struct nlmsghdr) uint8_t buf[ANSWER_MAX];
	ssize_t got = recv(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC);
	const struct nlmsghdr *h = (const void *)buf;

	*ret_change = (struct zv_net_change){0};
	if (got < 0 && errno != ENOBUFS)
		return false;
	/* The kernel sends changes one by one. */
	if (got > (ssize_t)sizeof(buf) || got < (ssize_t)sizeof(*h) || !NLMSG_OK(h, (uint32_t)got))
		ret_change->routes = true;
	else if (h->nlmsg_type == RTM_NEWNEIGH || h->nlmsg_type == RTM_DELNEIGH)
		ret_change->neighbour = read_neighbour(h, ret_change);
	else
		ret_change->routes = true;
	return true;
}
