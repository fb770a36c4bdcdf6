/* carrier/sound.h -- what the people of the simulated carrier sound like: G.711 frames of 20 ms,
 * made once.  Pure after zvc_sound_init. */
#ifndef ZVC_SOUND_H
#define ZVC_SOUND_H

#include <stddef.h>
#include <stdint.h>

#define ZVC_FRAME 160 /* samples of 20 ms at 8 kHz = bytes of G.711 */

enum zvc_sound { ZVC_SOUND_NOISE, ZVC_SOUND_VOICE, ZVC_SOUND_BEEP, ZVC_SOUND_KEY };

/* Boot only. */
void zvc_sound_init(void);
/* Frame i of an endless sound; pt 8 = A-law, 0 = u-law.  key: 1..9, for ZVC_SOUND_KEY. */
const uint8_t *zvc_sound_frame(enum zvc_sound sound, uint8_t key, uint32_t i, uint8_t pt);
/* Mean of the absolute sample values (16-bit scale) of G.711 bytes. */
uint32_t zvc_sound_level(const uint8_t *bytes, size_t n, uint8_t pt);

#endif
