/* bridge/peer.h -- rtpengine in user space, a relay to compare with: started, told its calls by its
 * control protocol (ng: bencode over UDP), stopped. */
#ifndef BENCH_BRIDGE_PEER_H
#define BENCH_BRIDGE_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct peer;
/* Control on port, RTP above it.  NULL: it is not installed, or does not answer. */
struct peer *peer_start(uint16_t port, uint32_t calls);
/* far: the two ends' ports; ret_to: where each of them is to send to. */
bool peer_call(struct peer *peer, uint32_t call, const uint16_t far[2], uint16_t ret_to[2]);
pid_t peer_pid(const struct peer *peer);
void peer_stop(struct peer *peer);

#endif
