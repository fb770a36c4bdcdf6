#include "base/err.h"

const char *zv_err_text(enum zv_err err)
{
	switch (err) {
	case ZV_OK: return "done";
	case ZV_EINVAL: return "invalid argument";
	case ZV_EAGAIN: return "not now, try again";
	case ZV_EFULL: return "full";
	case ZV_EIO: return "input/output failed";
	case ZV_ECORRUPT: return "stored data is damaged";
	case ZV_ENOENT: return "no such thing";
	case ZV_EEXIST: return "exists already";
	case ZV_ENOMEM: return "out of memory";
	case ZV_EVERSION: return "made by a newer version";
	case ZV_EPARSE: return "does not parse";
	case ZV_EDENIED: return "refused";
	case ZV_ETIMEDOUT: return "timed out";
	}
	return "unknown error";
}
