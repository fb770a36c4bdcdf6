/* media/primitives.h -- AES and HMAC-SHA1 for libsrtp2, by OpenSSL's libcrypto: nothing is
 * allocated for a packet, and the processor's own AES is used.
 *
 * Thread: install once, before any session is made; what it installs is as thread-safe as the
 * sessions.
 */
#ifndef ZV_MEDIA_PRIMITIVES_H
#define ZV_MEDIA_PRIMITIVES_H

#include <stdbool.h>

/* False: libsrtp2 took one of them for wrong (it tries each with vectors of RFC 3711, RFC 2202 and
 * the GCM specification). */
bool zv_primitives_install(void);

#endif
