/* carrier/sound.h -- what the people of the simulated carrier sound like: G.711 frames of 20 ms,
 * made once.  Pure after zvc_sound_init. */
#ifndef ZVC_SOUND_H
#define ZVC_SOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZVC_FRAME 160 /* samples of 20 ms at 8 kHz = bytes of G.711 */

enum zvc_sound {
	ZVC_SOUND_NOISE,
	ZVC_SOUND_VOICE,
	ZVC_SOUND_BEEP,
	ZVC_SOUND_KEY,
	ZVC_SOUND_RINGBACK, /* 425 Hz, one second of five */
	/* files; VOICE where none was given */
	ZVC_SOUND_HELLO,
	ZVC_SOUND_GREETING,
	ZVC_SOUND_ANNOUNCEMENT,
	ZVC_SOUNDS
};

/* Boot only. */
void zvc_sound_init(void);
/* Boot, before zvc_sound_init.  `wish`: hello, greeting or announcement, =, a WAV file (8 kHz, mono,
 * 16 bit).  false: text says why. */
bool zvc_sound_load(const char *wish, char *text, size_t text_size);
/* Length of the file; 0: none was given. */
uint32_t zvc_sound_ms(enum zvc_sound sound);
/* Frame i of an endless sound, or of a file (noise behind its end); pt 8 = A-law, 0 = u-law.  key: 1..9, for ZVC_SOUND_KEY. */
const uint8_t *zvc_sound_frame(enum zvc_sound sound, uint8_t key, uint32_t i, uint8_t pt);
/* Mean of the absolute sample values (16-bit scale) of G.711 bytes. */
uint32_t zvc_sound_level(const uint8_t *bytes, size_t n, uint8_t pt);

#endif
