/* base/err.h -- words for errors, for people and logs.  Any thread. */
#ifndef ZV_BASE_ERR_H
#define ZV_BASE_ERR_H

#include "zvonar/err.h"

/* A static English phrase; never NULL. */
const char *zv_err_text(enum zv_err err);

#endif
