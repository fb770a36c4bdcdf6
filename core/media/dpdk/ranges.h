/* media/dpdk/ranges.h -- the table that is patched into rtp_filter: both sides see this file. */
#ifndef ZV_MEDIA_DPDK_RANGES_H
#define ZV_MEDIA_DPDK_RANGES_H

#define ZV_XDP_RANGES 24 /* 8 addresses and a few odd ports of RTCP */
#define ZV_XDP_MAGIC  "ZVRANGES"
#define ZV_XDP_NAME   "zv_rtp_filter" /* the kernel keeps 15 characters of it */

struct zv_xdp_range {
	unsigned int ip;             /* as it stands in a packet */
	unsigned short first, last;  /* in the machine's order */
};

struct zv_xdp_ranges {
	char magic[8]; /* how the table is found; no 0 at its end */
	unsigned int n;
	unsigned int all; /* not 0: every frame, whatever it is */
	struct zv_xdp_range v[ZV_XDP_RANGES];
};

#endif
