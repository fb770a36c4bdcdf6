/* media/media.h -- RTP: prompts out, keys in, legs linked to each other.
 *
 * Threads: media thread i owns the sockets and streams of all slots with slot % n_threads == i,
 * and one RTCP socket.  In its loop it allocates nothing, logs nothing, takes no lock.  Takes
 * struct zv_cmd (MEDIA_*) from the engine, answers with struct zv_event.  Packets go through
 * the small interface of packet.h, so that a DPDK twin can stand beside the sockets.
 */
#ifndef ZV_MEDIA_H
#define ZV_MEDIA_H

#include <stdbool.h>

#include "base/ring.h"
#include "dial/command.h"
#include "dial/mediaplan.h"

#define ZV_MEDIA_NETWORKS_MAX 16

struct zv_network { struct zv_ip ip; uint8_t bits; };

/* Where a trunk's RTP may come from besides the SDP's address. */
struct zv_media_trunk {
	uint32_t n_networks;
	struct zv_network networks[ZV_MEDIA_NETWORKS_MAX];
	bool asymmetric; /* any source port */
};

/* How packets go (io.h); the words of media.io in their order. */
enum zv_media_io { ZV_IO_AUTO = 0, ZV_IO_SOCKETS, ZV_IO_URING, ZV_IO_SHARED, ZV_IO_DPDK };

struct zv_dpdk_conf; /* dpdk/dpdk.h */
struct zv_prompts; /* prompts.h: the shared audio, by hash */
struct zv_tape;    /* tape.h: recordings */
struct zv_ears;    /* ear.h: answer detection */
struct zv_secrets; /* base/secrets.h: keys of calls */

struct zv_media_params {
	const struct zv_media_plan *plan;
	enum zv_media_io io;
	const struct zv_dpdk_conf *dpdk; /* of ZV_IO_DPDK; for zv_media_create alone */
	const struct zv_media_trunk *trunks;
	uint32_t n_trunks;
	struct zv_prompts *prompts;  /* owned by the caller; outlives media */
	struct zv_tape *tape;        /* the same; NULL: nothing is recorded */
	struct zv_ears *ears;        /* the same; NULL: nobody is listened to */
	const struct zv_secrets *secrets; /* the same; how each leg goes; NULL: all by plain RTP */
	uint32_t lost_after_ms;      /* no RTP: EV_MEDIA_LOST, once; 0 = never */
	bool inband_keys;            /* listen for in-band DTMF too (spandsp) */
	bool quiet;                  /* nothing is sent while nothing is said */
	uint32_t rtcp_every_ms;      /* sender reports; 5000 */
};

struct zv_media;
/* Opens all ports of the plan.  A port in use: ZV_EEXIST with address and port in text;
 * too few descriptors: ZV_EFULL, with the limit that is and the one that is needed. */
enum zv_err zv_media_create(const struct zv_media_params *params, char *text, size_t text_size,
			    struct zv_media **ret_media) ZV_MUST_USE;
void zv_media_destroy(struct zv_media *media); /* accepts NULL */
/* The word of the packet I/O that runs; *ret_note (may be NULL): why not another one, or "". */
const char *zv_media_io_of(const struct zv_media *media, const char **ret_note);
/* More about it than its word: device, queues; may be "". */
const char *zv_media_io_about(const struct zv_media *media);

struct zv_media_rings {
	struct zv_ring *commands; /* engine -> thread i */
	struct zv_ring *events;   /* thread i -> engine */
	int wake_fd;              /* eventfd of commands */
};
/* Runs media thread i on the calling thread until *stop. */
enum zv_err zv_media_thread(struct zv_media *media, uint32_t thread,
			    const struct zv_media_rings *rings, const _Atomic bool *stop) ZV_MUST_USE;

struct zv_media_stats {
	uint64_t tx_packets, rx_packets;
	uint64_t rejected;     /* by the source filter or their length */
	uint64_t late_ticks;   /* of 2 ms, that came a whole tick late or were skipped */
	uint64_t send_errors, dropped_keys;
	uint64_t passed_on;    /* packets that flowed through a link at once; also in tx_packets */
	uint64_t crossed;      /* frames handed to another media thread */
	uint64_t cross_lost;   /* of them or of their messages: the ring was full */
	uint64_t links_refused; /* more sources or listeners than a leg may have */
	uint64_t tape_lost;    /* frames of recordings: the ring was full */
	uint64_t ear_lost;     /* frames of legs that are listened to: the ring was full */
	uint64_t presses_lost; /* keys to be sent to a leg that had too many waiting */
	uint64_t srtp_forged;  /* packets that did not authenticate: not heard */
	uint64_t srtp_replayed; /* that came before: not heard */
	uint64_t srtp_unsent;  /* that were not sent, since there was no key */
	uint32_t streams, peak_streams;
	/* of the packet I/O, where it has such (packet.h) */
	uint64_t io_lost, io_unresolved, io_full, io_foreign, io_handed, io_passed_up, io_passed_down;
};
void zv_media_get_stats(const struct zv_media *media, uint32_t thread, struct zv_media_stats *ret_stats);

#endif
