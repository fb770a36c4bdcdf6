/* zvonar/err.h -- the one vocabulary of errors.
 *
 * An outcome of a call (busy, no answer, machine) is not an error: see
 * zvonar/outcome.h.  Values are frozen within a major version.
 */
#ifndef ZVONAR_ERR_H
#define ZVONAR_ERR_H

enum zv_err {
	ZV_OK = 0,
	ZV_EINVAL = 1,   /* the caller broke the contract: a bug, or bad input where the header says so */
	ZV_EAGAIN = 2,   /* not now; the same call may succeed later */
	ZV_EFULL = 3,    /* a bounded thing is full: pool, ring, map, disk */
	ZV_EIO = 4,      /* the world failed: disk, socket, process */
	ZV_ECORRUPT = 5, /* stored bytes are not what was written */
	ZV_ENOENT = 6,   /* no such thing */
	ZV_EEXIST = 7,   /* it is there already */
	ZV_ENOMEM = 8,   /* memory, at boot only */
	ZV_EVERSION = 9, /* made by a newer program, or for another interface */
	ZV_EPARSE = 10,  /* text that does not parse; the message says where */
	ZV_EDENIED = 11, /* refused by a rule, a role or a safety catch */
	ZV_ETIMEDOUT = 12,
};

#define ZV_MUST_USE __attribute__((warn_unused_result))

#endif
