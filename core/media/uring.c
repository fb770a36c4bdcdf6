/* Packet I/O by io_uring (Linux 6.1 and later): a socket a port as in socket.c, but what comes is put
 * into a ring of buffers by receives that stay armed, and a burst goes out by one system call.  No
 * right is needed.  The ring works only when its thread enters the kernel: nobody is interrupted.
 *
 * The sockets are not registered with the ring: a registered one lives on for a while after the
 * process that was killed, and the next start would find its port in use. */
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "media/io.h"
#include "media/kinds.h"
#include "media/udp.h"

#define RING_FLAGS   (IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | \
		      IORING_SETUP_R_DISABLED)
#define SUBMISSIONS  256u
#define NAME_ROOM    32u /* of a sender; what follows it is aligned */
#define CONTROL_LEN  CMSG_SPACE(sizeof(struct timespec))
#define BUFFER       ((sizeof(struct io_uring_recvmsg_out) + NAME_ROOM + CONTROL_LEN + ZV_PACKET_MAX + 15) / 16 * 16)
#define BUFFERS_LEAST 256u
#define BUFFERS_MOST  4096u
#define WAKES_MAX     2u

/* What a completion is about: the kind above the port above how often the port was armed. */
enum { ABOUT_RECEIVE = 1, ABOUT_SEND, ABOUT_WAKE, ABOUT_CANCEL };
#define ABOUT_SHIFT 56

struct port {
	int fd;
	bool open;
	uint16_t armed; /* the last receive's number: older ones are of an earlier call */
	uint32_t rejected;
	struct zv_filter filter;
};

struct uring {
	struct zv_packet_io io;
	struct io_uring ring;
	bool made, enabled, waking; /* waking: the wake fds are polled */
	uint32_t n_ports, watched;
	struct port *ports;
	int rtcp_fd, wakes[WAKES_MAX];
	uint32_t n_wakes, failed; /* failed: sends that were told as sent */
	/* the buffers */
	struct io_uring_buf_ring *free;
	uint8_t *buffers;
	uint32_t n_buffers;
	uint16_t lent[ZV_PACKET_BURST]; /* given out by the last rx */
	uint32_t n_lent;
	struct msghdr form;             /* of every receive */
	/* one burst out */
	struct msghdr out[ZV_PACKET_BURST];
	struct iovec iovs[ZV_PACKET_BURST];
	struct sockaddr_storage to[ZV_PACKET_BURST];
	struct zv_udp_batch batch;      /* of RTCP */
};

static uint64_t about(uint32_t kind, uint32_t port, uint16_t armed)
{
	return (uint64_t)kind << ABOUT_SHIFT | (uint64_t)armed << 32 | port;
}

/* The ring belongs to the thread that first uses it.  (liburing 2.3 does not export its own.) */
static void enable(struct uring *s)
{
	if (!s->enabled)
		(void)syscall(SYS_io_uring_register, s->ring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
	s->enabled = true;
}

static struct io_uring_sqe *get_sqe(struct uring *s)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&s->ring);

	if (sqe == NULL) { /* full: nothing stays behind a submit */
		(void)io_uring_submit(&s->ring);
		sqe = io_uring_get_sqe(&s->ring);
	}
	return sqe;
}

/* ---- ports ---- */

static void arm(struct uring *s, uint32_t port)
{
	struct io_uring_sqe *sqe = get_sqe(s);

	if (sqe == NULL)
		return;
	io_uring_prep_recvmsg_multishot(sqe, s->ports[port].fd, &s->form, 0);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = 0;
	sqe->user_data = about(ABOUT_RECEIVE, port, s->ports[port].armed);
}

static void cancel(struct uring *s, uint32_t port)
{
	struct io_uring_sqe *sqe = get_sqe(s);

	if (sqe == NULL)
		return;
	io_uring_prep_cancel64(sqe, about(ABOUT_RECEIVE, port, s->ports[port].armed), 0);
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	sqe->user_data = about(ABOUT_CANCEL, port, 0);
}

static void uring_filter(struct zv_packet_io *io, uint32_t port, const struct zv_filter *filter)
{
	struct uring *s = (struct uring *)io;
	struct port *p = &s->ports[port];

	enable(s);
	if (filter == NULL) {
		if (p->open)
			cancel(s, port);
		p->open = false;
	} else if (!p->open) {
		zv_udp_drain(p->fd);
		p->open = true;
		p->rejected = 0;
		p->armed++;
		arm(s, port);
	}
	if (filter != NULL)
		p->filter = *filter;
	(void)io_uring_submit(&s->ring);
}

static uint32_t uring_rejected(const struct zv_packet_io *io, uint32_t port)
{
	return ((const struct uring *)io)->ports[port].rejected;
}

/* ---- in ---- */

static void give_back(struct uring *s, uint16_t buffer, int at)
{
	io_uring_buf_ring_add(s->free, s->buffers + (size_t)buffer * BUFFER, (uint32_t)BUFFER, buffer,
			      io_uring_buf_ring_mask(s->n_buffers), at);
}

static void give_back_lent(struct uring *s)
{
	if (s->n_lent == 0)
		return;
	for (uint32_t i = 0; i < s->n_lent; i++)
		give_back(s, s->lent[i], (int)i);
	io_uring_buf_ring_advance(s->free, (int)s->n_lent);
	s->n_lent = 0;
}

/* A buffer with a message in it; false: it is not for anybody. */
static bool take_message(struct uring *s, uint32_t port, uint16_t buffer, int len, struct zv_packet *ret_packet)
{
	uint8_t *data = s->buffers + (size_t)buffer * BUFFER;
	struct io_uring_recvmsg_out *out = io_uring_recvmsg_validate(data, len, &s->form);
	struct port *p = &s->ports[port];
	struct sockaddr_storage sa = {0};
	struct msghdr control = {.msg_controllen = 0};

	if (out == NULL)
		return false;
	memcpy(&sa, io_uring_recvmsg_name(out), out->namelen < NAME_ROOM ? out->namelen : NAME_ROOM);
	zv_udp_peer(&sa, &ret_packet->peer);
	if (out->flags & MSG_TRUNC || !zv_filter_pass(&p->filter, &ret_packet->peer)) {
		p->rejected++;
		s->io.rejected++;
		return false;
	}
	control.msg_control = (uint8_t *)io_uring_recvmsg_name(out) + s->form.msg_namelen;
	control.msg_controllen = out->controllen;
	ret_packet->at_ns = zv_udp_control(&control, NULL);
	ret_packet->port = port;
	ret_packet->data = io_uring_recvmsg_payload(out, &s->form);
	ret_packet->len = io_uring_recvmsg_payload_length(out, len, &s->form);
	return true;
}

/* One completion; true: *ret_packet is a packet. */
static bool take(struct uring *s, const struct io_uring_cqe *cqe, struct zv_packet *ret_packet)
{
	uint32_t kind = (uint32_t)(cqe->user_data >> ABOUT_SHIFT), port = (uint32_t)cqe->user_data;
	uint16_t armed = (uint16_t)(cqe->user_data >> 32), buffer = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
	bool good = false, ours;

	if (kind == ABOUT_SEND)
		s->failed++;
	if (kind == ABOUT_WAKE && (cqe->flags & IORING_CQE_F_MORE) == 0)
		s->waking = false;
	if (kind != ABOUT_RECEIVE)
		return false;
	ours = s->ports[port].open && s->ports[port].armed == armed;
	if (cqe->flags & IORING_CQE_F_BUFFER) {
		good = cqe->res > 0 && ours && take_message(s, port, buffer, cqe->res, ret_packet);
		s->lent[s->n_lent++] = buffer;
	}
	/* Out of buffers, or the ring was full for a moment: what waits is in the socket. */
	if (ours && (cqe->flags & IORING_CQE_F_MORE) == 0)
		arm(s, port);
	return good;
}

static uint32_t read_rtcp(struct uring *s, struct zv_packet *ret_packets, uint32_t max)
{
	uint32_t got = zv_udp_read(&s->batch, s->rtcp_fd, 0, max);

	for (uint32_t i = 0; i < got; i++) {
		ret_packets[i] = (struct zv_packet){.port = ZV_PACKET_RTCP, .data = s->batch.bufs[i],
						    .len = s->batch.msgs[i].msg_len};
		zv_udp_peer(&s->batch.names[i], &ret_packets[i].peer);
	}
	return got;
}

static uint32_t uring_rx(struct zv_packet_io *io, const uint32_t *ports, uint32_t n_ports,
			 struct zv_packet *ret_packets, uint32_t max)
{
	struct uring *s = (struct uring *)io;
	struct io_uring_cqe *cqe;
	uint32_t n = 0;

	if (max > ZV_PACKET_BURST)
		max = ZV_PACKET_BURST;
	if (n_ports > 0)
		return ports[0] == ZV_PACKET_RTCP ? read_rtcp(s, ret_packets, max) : 0;
	enable(s);
	give_back_lent(s);
	if (io_uring_cq_ready(&s->ring) == 0)
		(void)io_uring_get_events(&s->ring); /* the kernel's part is done here, by this thread */
	while (s->n_lent < max && io_uring_peek_cqe(&s->ring, &cqe) == 0) {
		n += take(s, cqe, &ret_packets[n]) ? 1 : 0;
		io_uring_cqe_seen(&s->ring, cqe);
	}
	if (io_uring_sq_ready(&s->ring) > 0)
		(void)io_uring_submit(&s->ring);
	io->more = io_uring_cq_ready(&s->ring) > 0;
	return n;
}

static void uring_watch(struct zv_packet_io *io, uint32_t port, bool on)
{
	(void)port;
	((struct uring *)io)->watched += on ? 1u : UINT32_MAX;
}

static void uring_wake_by(struct zv_packet_io *io, int fd)
{
	struct uring *s = (struct uring *)io;

	if (s->n_wakes < WAKES_MAX)
		s->wakes[s->n_wakes++] = fd;
}

static void poll_wakes(struct uring *s)
{
	for (uint32_t i = 0; i < s->n_wakes && !s->waking; i++) {
		struct io_uring_sqe *sqe = get_sqe(s);

		if (sqe == NULL)
			return;
		io_uring_prep_poll_multishot(sqe, s->wakes[i], POLLIN);
		sqe->user_data = about(ABOUT_WAKE, i, 0);
	}
	s->waking = true;
}

static uint32_t uring_ready(struct zv_packet_io *io, int64_t wait_ns, uint32_t *ret_ports, uint32_t max)
{
	struct uring *s = (struct uring *)io;
	struct __kernel_timespec ts = {wait_ns / 1000000000, wait_ns % 1000000000};
	struct io_uring_cqe *cqe;

	if (max == 0)
		return 0;
	ret_ports[0] = ZV_PACKET_ANY;
	if (wait_ns <= 0)
		return s->watched > 0 ? 1 : 0;
	enable(s);
	poll_wakes(s);
	return io_uring_submit_and_wait_timeout(&s->ring, &cqe, 1, &ts, NULL) >= 0 ? 1 : 0;
}

/* ---- out ---- */

static void put_send(struct uring *s, struct io_uring_sqe *sqe, uint32_t at, const struct zv_packet *p)
{
	s->iovs[at] = (struct iovec){p->data, p->len};
	s->out[at].msg_namelen = zv_udp_sockaddr(&p->peer, &s->to[at]);
	io_uring_prep_sendmsg(sqe, s->ports[p->port].fd, &s->out[at], MSG_DONTWAIT | MSG_NOSIGNAL);
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	sqe->user_data = about(ABOUT_SEND, p->port, 0);
}

/* With MSG_DONTWAIT each is done, or has failed, when submit returns; who failed is seen among the
 * completions and made up for by the next burst's number. */
static uint32_t uring_tx(struct zv_packet_io *io, const struct zv_packet *packets, uint32_t n)
{
	struct uring *s = (struct uring *)io;
	uint32_t failed, sent = 0;

	if (n > 0 && packets[0].port == ZV_PACKET_RTCP)
		return zv_udp_send(&s->batch, s->rtcp_fd, packets, n);
	enable(s);
	for (uint32_t i = 0; i < n && i < ZV_PACKET_BURST; i++) {
		struct io_uring_sqe *sqe = get_sqe(s);

		if (sqe == NULL)
			break;
		put_send(s, sqe, i, &packets[i]);
		sent++;
	}
	if (sent > 0)
		(void)io_uring_submit(&s->ring);
	failed = s->failed < sent ? s->failed : sent;
	s->failed -= failed;
	return sent - failed;
}

/* ---- making ---- */

static void uring_destroy(struct zv_packet_io *io)
{
	struct uring *s = (struct uring *)io;

	if (s->made)
		io_uring_queue_exit(&s->ring);
	for (uint32_t i = 0; i < s->n_ports; i++)
		close(s->ports[i].fd);
	if (s->rtcp_fd >= 0)
		close(s->rtcp_fd);
	if (s->free != NULL)
		munmap(s->free, s->n_buffers * sizeof(struct io_uring_buf));
	free(s->buffers);
	free(s->ports);
	free(s);
}

static const struct zv_packet_ops uring_ops = {
	.filter = uring_filter,
	.rejected = uring_rejected,
	.rx = uring_rx,
	.watch = uring_watch,
	.wake_by = uring_wake_by,
	.ready = uring_ready,
	.tx = uring_tx,
	.destroy = uring_destroy,
};

/* Room for what comes to all of them in 20 ms, twice. */
static uint32_t buffers_of(uint32_t n_ports)
{
	uint32_t n = BUFFERS_LEAST;

	while (n < 2 * n_ports && n < BUFFERS_MOST)
		n <<= 1;
	return n;
}

/* 0 or a negative errno. */
static int make_ring(struct uring *s, uint32_t n_buffers)
{
	struct io_uring_params params = {.flags = RING_FLAGS, .cq_entries = 2 * n_buffers};
	struct io_uring_buf_reg reg = {.ring_entries = n_buffers, .bgid = 0};
	int err = io_uring_queue_init_params(SUBMISSIONS, &s->ring, &params);

	if (err < 0)
		return err;
	s->made = true;
	s->n_buffers = n_buffers;
	s->free = mmap(NULL, n_buffers * sizeof(struct io_uring_buf), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->free == MAP_FAILED) {
		s->free = NULL;
		return -ENOMEM;
	}
	s->buffers = malloc(n_buffers * BUFFER);
	if (s->buffers == NULL)
		return -ENOMEM;
	reg.ring_addr = (uint64_t)(uintptr_t)s->free;
	err = io_uring_register_buf_ring(&s->ring, &reg, 0);
	if (err < 0)
		return err;
	for (uint32_t i = 0; i < n_buffers; i++)
		give_back(s, (uint16_t)i, (int)i);
	io_uring_buf_ring_advance(s->free, (int)n_buffers);
	return 0;
}

static enum zv_err open_ports(struct uring *s, const struct zv_media_plan *plan, uint32_t thread, char *text,
			      size_t text_size)
{
	uint32_t n = (plan->n_slots + plan->n_threads - 1 - thread) / plan->n_threads;

	s->ports = calloc(n > 0 ? n : 1, sizeof(*s->ports));
	if (s->ports == NULL)
		return ZV_ENOMEM;
	for (uint32_t i = 0; i < n; i++, s->n_ports++) {
		struct zv_ip ip;
		uint16_t port;
		enum zv_err err;

		zv_media_addr(plan, i * plan->n_threads + thread, &ip, &port);
		err = zv_udp_open(&ip, port, text, text_size, &s->ports[i].fd);
		if (err != ZV_OK)
			return err;
	}
	return zv_udp_open(&plan->ranges[0].ip, plan->rtcp_port[thread], text, text_size, &s->rtcp_fd);
}

static enum zv_err uring_open(struct zv_packet_hub *hub, uint32_t thread, char *text, size_t text_size,
			      struct zv_packet_io **ret_io)
{
	struct uring *s = calloc(1, sizeof(*s));
	enum zv_err err;
	int why;

	if (s == NULL)
		return ZV_ENOMEM;
	s->io.ops = &uring_ops;
	s->io.one_queue = true;
	s->rtcp_fd = -1;
	s->form.msg_namelen = NAME_ROOM;
	s->form.msg_controllen = CONTROL_LEN;
	for (uint32_t i = 0; i < ZV_PACKET_BURST; i++)
		s->out[i] = (struct msghdr){.msg_name = &s->to[i], .msg_iov = &s->iovs[i], .msg_iovlen = 1};
	err = open_ports(s, hub->plan, thread, text, text_size);
	if (err == ZV_OK) {
		why = make_ring(s, buffers_of(s->n_ports));
		if (why < 0) {
			(void)snprintf(text, text_size, "io_uring: %s", strerror(-why));
			err = ZV_EIO;
		}
	}
	if (err != ZV_OK) {
		uring_destroy(&s->io);
		return err;
	}
	*ret_io = &s->io;
	return ZV_OK;
}

static void hub_destroy(struct zv_packet_hub *hub)
{
	free(hub);
}

static const struct zv_packet_hub_ops hub_ops = {.open = uring_open, .destroy = hub_destroy};

enum zv_err zv_uring_hub(const struct zv_media_plan *plan, char *text, size_t text_size,
			 struct zv_packet_hub **ret_hub)
{
	struct uring *probe = calloc(1, sizeof(*probe));
	struct zv_packet_hub *hub = calloc(1, sizeof(*hub));
	int err;

	if (probe == NULL || hub == NULL) {
		free(probe);
		free(hub);
		return ZV_ENOMEM;
	}
	probe->rtcp_fd = -1;
	err = make_ring(probe, BUFFERS_LEAST);
	uring_destroy(&probe->io);
	if (err < 0) {
		(void)snprintf(text, text_size, "io_uring as of Linux 6.1: %s", strerror(-err));
		free(hub);
		return ZV_EDENIED;
	}
	*hub = (struct zv_packet_hub){.ops = &hub_ops, .plan = plan, .kind = ZV_IO_URING,
				      .n_fds = plan->n_slots + 3 * plan->n_threads};
	*ret_hub = hub;
	return ZV_OK;
}
