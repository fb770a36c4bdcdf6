/* zvonar/outcome.h -- what became of an attempt: one vocabulary for the whole house.
 *
 * SIP codes and Q.850 causes are mapped to it in one table (core/dial/route/outcome.c)
 * that an operator can override a trunk.  Values are stored on disk and cross the
 * plugin interface: append only.
 */
#ifndef ZVONAR_OUTCOME_H
#define ZVONAR_OUTCOME_H

enum zv_outcome {
	ZV_OUT_NONE = 0,        /* not ended yet */
	ZV_OUT_UNREACHABLE = 1, /* switched off, out of coverage, no such number */
	ZV_OUT_NO_ANSWER = 2,   /* rang, nobody came */
	ZV_OUT_BUSY = 3,
	ZV_OUT_REJECTED = 4,    /* the callee or his phone declined */
	ZV_OUT_MACHINE = 5,     /* voicemail, phone assistant, fax */
	ZV_OUT_ANSWERED = 6,    /* a person; the result of the talk stands beside it */
	ZV_OUT_SILENT = 7,      /* answered, no reaction: the cadence counts it as no answer */
	ZV_OUT_ABANDONED = 8,   /* answered, and nobody was there for the person */
	ZV_OUT_FAILED = 9,      /* trunk or network: consumes no attempt of the cadence */
	ZV_OUT_UNKNOWN = 10,    /* a crash left it open: counts as attempt and as conversation */
	ZV_OUT_NOT_SENT = 11,   /* intent withdrawn before the INVITE: no quota used */
	ZV_OUT_MAX
};

#endif
