/* A WAV file of anybody's: it is refused or read, with time and memory by its size. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "media/wav.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("wav", MFD_CLOEXEC);
	int16_t *samples = NULL;
	uint32_t n = 0;

	if (fd < 0 || size > 65536 || write(fd, data, size) != (ssize_t)size) {
		close(fd);
		return 0;
	}
	if (zv_wav_read(fd, &samples, &n) == ZV_OK) {
		if (n > ZV_WAV_SECONDS_MAX * 8000 + 256 || (n > 0) != (samples != NULL))
			__builtin_trap();
		free(samples);
	}
	close(fd);
	return 0;
}
