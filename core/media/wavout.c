#include "media/wavout.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define RATE  8000u
#define FRAME 4u /* octets: two sides of 16 bits */

static enum zv_err write_at(int fd, const void *data, size_t size, off_t at)
{
	const uint8_t *p = data;

	while (size > 0) {
		ssize_t n = pwrite(fd, p, size, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno != ENOSPC && errno != EDQUOT ? ZV_EIO : ZV_EFULL;
		p += n;
		at += n;
		size -= (size_t)n;
	}
	return ZV_OK;
}

static void le32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

enum zv_err zv_wavout_header(struct zv_wavout *out)
{
	uint8_t h[ZV_WAVOUT_HEADER] = "RIFF....WAVEfmt ";
	uint32_t bytes = out->base * FRAME;

	le32(h + 4, bytes + ZV_WAVOUT_HEADER - 8);
	le32(h + 16, 16);
	le32(h + 20, 2u << 16 | 1u); /* PCM, two channels */
	le32(h + 24, RATE);
	le32(h + 28, RATE * FRAME);
	le32(h + 32, 16u << 16 | FRAME);
	memcpy(h + 36, "data", 4);
	le32(h + 40, bytes);
	return write_at(out->fd, h, sizeof(h), 0);
}

enum zv_err zv_wavout_open(struct zv_wavout *out, int fd)
{
	memset(out, 0, sizeof(*out));
	out->fd = fd;
	return zv_wavout_header(out);
}

static enum zv_err write_some(struct zv_wavout *out, uint32_t n)
{
	enum zv_err err = write_at(out->fd, out->room, (size_t)n * FRAME,
				   (off_t)ZV_WAVOUT_HEADER + (off_t)out->base * FRAME);

	if (err != ZV_OK)
		return err;
	memmove(out->room, out->room + n, (ZV_WAVOUT_SAMPLES - n) * sizeof(out->room[0]));
	memset(out->room + (ZV_WAVOUT_SAMPLES - n), 0, n * sizeof(out->room[0]));
	out->base += n;
	return ZV_OK;
}

/* Room for samples up to `to`.  A long silence is a hole in the file. */
static enum zv_err move_on(struct zv_wavout *out, uint32_t to)
{
	while (to > out->base + ZV_WAVOUT_SAMPLES) {
		enum zv_err err;

		if (to > out->base + 3 * ZV_WAVOUT_SAMPLES && out->end <= out->base) {
			out->base = to - ZV_WAVOUT_SAMPLES;
			break;
		}
		err = write_some(out, ZV_WAVOUT_SAMPLES / 2);
		if (err != ZV_OK)
			return err;
	}
	return ZV_OK;
}

enum zv_err zv_wavout_put(struct zv_wavout *out, uint32_t side, uint32_t at, const int16_t *samples,
			  uint32_t n)
{
	enum zv_err err;

	if (at < out->base) { /* too late for these */
		uint32_t late = out->base - at;

		if (late >= n)
			return ZV_OK;
		samples += late;
		n -= late;
		at = out->base;
	}
	if (n > ZV_WAVOUT_SAMPLES)
		return ZV_EINVAL;
	err = move_on(out, at + n);
	if (err != ZV_OK)
		return err;
	for (uint32_t i = 0; i < n; i++)
		out->room[at - out->base + i][side] = samples[i];
	if (at + n > out->end)
		out->end = at + n;
	return ZV_OK;
}

enum zv_err zv_wavout_close(struct zv_wavout *out, uint32_t end)
{
	enum zv_err err = ZV_OK;

	if (end > out->end) {
		err = move_on(out, end);
		out->end = end;
	}
	if (err == ZV_OK && out->end > out->base)
		err = write_some(out, out->end - out->base);
	if (err == ZV_OK)
		err = zv_wavout_header(out);
	if (close(out->fd) != 0 && err == ZV_OK)
		err = ZV_EIO;
	out->fd = -1;
	return err;
}
