/* bridge/far.h -- the far ends of bridge_bench, a process of their own, and the bare hop. */
#ifndef BENCH_BRIDGE_FAR_H
#define BENCH_BRIDGE_FAR_H

#include <stdbool.h>
#include <stdint.h>

#define FAR_SLOTS 4000u
#define FAR_TIMES (4u << 20)

struct far_times {
	_Atomic uint32_t n;
	uint32_t us[FAR_TIMES];
};

/* Shared by both processes. */
struct far {
	_Atomic bool stop, measure;
	_Atomic uint64_t sent, heard;
	uint16_t to[FAR_SLOTS];   /* where a slot sends; set before the process */
	_Atomic int64_t linked_ns[FAR_SLOTS]; /* when the command left that let a slot hear */
	struct far_times through; /* a packet's way from far end to far end */
	struct far_times first;   /* from that command to the first packet heard */
};

static inline uint16_t far_port(uint16_t port, uint32_t slots, uint32_t slot)
{
	return (uint16_t)(port + 2 * slots + 10 + slot);
}

int64_t far_now(void); /* the wall clock, as the kernel stamps packets */
void far_sort(uint32_t *us, uint32_t n);
/* Until far->stop. */
int far_run(struct far *far, uint16_t port, uint32_t slots, bool other_law);
/* The process of it; far->stop and waitpid end it. */
int far_start(struct far *far, uint16_t port, uint32_t slots, bool other_law);

/* Three threads, a message a few ms apart from the first by the second to the third. */
struct hop;
struct hop *hop_start(void);
struct far_times *hop_stop(struct hop *hop);

#endif
