/* bench/sip/far.h -- a far end that costs little: SIP and RTP of thousands of calls in one thread.
 *
 * It shares core/base's hash with the project and nothing else, so that it can judge.  Thread: one.
 */
#ifndef FAR_H
#define FAR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define FAR_PHASES 20   /* a call sends each 20 ms, in its own millisecond */
#define FAR_NONE   UINT32_MAX
#define FAR_CALLS  (1u << 19) /* of one run */
#define FAR_PORTS  (1u << 18)

struct far_call {
	uint64_t id;           /* hash of its Call-ID; 0: free */
	int64_t begin_ms;
	int64_t repeat_ms;     /* when its final answer is repeated */
	uint32_t interval_ms;
	char *final;           /* the answer, to repeat until the ACK; owned */
	struct sockaddr_in from, rtp;
	bool answered, acked, ended, cancelled;
	/* what was heard of it */
	bool heard;
	uint16_t seq;
	uint32_t ts, packets, gaps, wrong;
	/* what is sent to it */
	uint16_t tx_seq;
	uint32_t tx_ts, next, prev; /* in its phase */
	uint8_t phase;
};

struct far {
	/* as asked for */
	struct sockaddr_in sip_at, rtp_at;
	bool ring, send;       /* never answer; send RTP too */
	uint32_t want;         /* packets that a call has to bring, 0: not looked at */
	/* calls, in a table by Call-ID and in the order they came */
	struct far_call *calls;
	uint32_t *order, n_calls, first_waiting;
	uint32_t *by_port;     /* 1 + call, by address and port it sends from */
	uint64_t *port_keys;
	uint32_t phases[FAR_PHASES]; /* first call of each */
	int sip_fd, rtp_fd;
	/* counts */
	uint32_t repeated_invites, repeats, strays, up, up_max;
	uint64_t rx, tx, rx_strangers, rx_late;
	int64_t first_ms, last_ms; /* new INVITEs */
};

int64_t far_now_ms(void);

/* far_sip.c */
void far_sip_message(struct far *f, char *msg, const struct sockaddr_in *from, int64_t now_ms);
void far_sip_repeat(struct far *f, int64_t now_ms); /* final answers that wait for their ACK */

/* far_rtp.c */
bool far_rtp_open(struct far *f);
void far_rtp_begin(struct far *f, uint32_t call, int64_t now_ms); /* its rtp is known */
void far_rtp_end(struct far *f, uint32_t call);
void far_rtp_hear(struct far *f);
void far_rtp_speak(struct far *f, uint32_t phase);

#endif
