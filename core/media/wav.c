#include "media/wav.h"

#include <math.h>
#include <samplerate.h>
#include <sndfile.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RATE  8000
#define CHUNK 4096 /* frames */

/* libsndfile opens many formats; only WAV is let through to it. */
static bool looks_like_wav(int fd)
{
	uint8_t head[12];

	if (pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head))
		return false;
	if (memcmp(head, "RIFF", 4) != 0 && memcmp(head, "RIFX", 4) != 0 &&
	    memcmp(head, "RF64", 4) != 0)
		return false;
	return memcmp(head + 8, "WAVE", 4) == 0;
}

static bool shape_is_usual(const SF_INFO *info)
{
	int type = info->format & SF_FORMAT_TYPEMASK;

	return (type == SF_FORMAT_WAV || type == SF_FORMAT_WAVEX || type == SF_FORMAT_RF64) &&
	       info->channels >= 1 && info->channels <= ZV_WAV_CHANNELS_MAX &&
	       info->samplerate >= ZV_WAV_RATE_MIN && info->samplerate <= ZV_WAV_RATE_MAX;
}

/* Channels become one by their mean.  What is no number becomes silence. */
static void mix_down(const float *in, int channels, sf_count_t frames, float *ret_out)
{
	for (sf_count_t i = 0; i < frames; i++) {
		float sum = 0;

		for (int c = 0; c < channels; c++)
			sum += in[i * channels + c];
		sum /= (float)channels;
		ret_out[i] = isfinite(sum) ? fminf(fmaxf(sum, -1.0f), 1.0f) : 0.0f;
	}
}

/* All frames of the file, mono, at its own rate.  Memory grows with what is read, not with
 * what the header says. */
static enum zv_err read_mono(SNDFILE *file, const SF_INFO *info, float **ret_mono, size_t *ret_n)
{
	size_t n = 0, cap = 0, max = (size_t)info->samplerate * ZV_WAV_SECONDS_MAX;
	float *mono = NULL, *chunk, *grown;
	enum zv_err err = ZV_ENOMEM;
	sf_count_t got;

	chunk = calloc(CHUNK * (size_t)info->channels, sizeof(*chunk));
	if (chunk == NULL)
		return ZV_ENOMEM;
	while ((got = sf_readf_float(file, chunk, CHUNK)) > 0) {
		if (n + (size_t)got > max) {
			err = ZV_EFULL;
			goto fail;
		}
		if (n + (size_t)got > cap) {
			cap = cap == 0 ? 16 * CHUNK : 2 * cap;
			grown = realloc(mono, cap * sizeof(*mono));
			if (grown == NULL)
				goto fail;
			mono = grown;
		}
		mix_down(chunk, info->channels, got, mono + n);
		n += (size_t)got;
	}
	free(chunk);
	*ret_mono = mono;
	*ret_n = n;
	return ZV_OK;

fail:
	free(chunk);
	free(mono);
	return err;
}

static enum zv_err resample(const float *in, size_t n_in, int rate, float **ret_out, size_t *ret_n)
{
	double ratio = (double)RATE / rate;
	size_t cap = (size_t)((double)n_in * ratio) + 256;
	float *out = calloc(cap, sizeof(*out));
	SRC_DATA data = {
		.data_in = in,
		.data_out = out,
		.input_frames = (long)n_in,
		.output_frames = (long)cap,
		.src_ratio = ratio,
	};

	if (out == NULL)
		return ZV_ENOMEM;
	if (src_simple(&data, SRC_SINC_MEDIUM_QUALITY, 1) != 0) {
		free(out);
		return ZV_EPARSE;
	}
	*ret_out = out;
	*ret_n = (size_t)data.output_frames_gen;
	return ZV_OK;
}

static enum zv_err to_linear(const float *in, size_t n, int16_t **ret_samples)
{
	int16_t *out = calloc(n, sizeof(*out));

	if (out == NULL)
		return ZV_ENOMEM;
	for (size_t i = 0; i < n; i++)
		out[i] = (int16_t)lrintf(fminf(fmaxf(in[i] * 32768.0f, -32768.0f), 32767.0f));
	*ret_samples = out;
	return ZV_OK;
}

enum zv_err zv_wav_read(int fd, int16_t **ret_samples, uint32_t *ret_n)
{
	SF_INFO info = {0};
	float *mono = NULL, *resampled = NULL;
	int16_t *samples = NULL;
	size_t n = 0;
	enum zv_err err = ZV_EPARSE;
	SNDFILE *file;

	if (!looks_like_wav(fd) || lseek(fd, 0, SEEK_SET) != 0)
		return ZV_EPARSE;
	file = sf_open_fd(fd, SFM_READ, &info, SF_FALSE);
	if (file == NULL)
		return ZV_EPARSE;
	if (!shape_is_usual(&info))
		goto out;
	err = read_mono(file, &info, &mono, &n);
	if (err != ZV_OK)
		goto out;
	if (n > 0 && info.samplerate != RATE) {
		err = resample(mono, n, info.samplerate, &resampled, &n);
		if (err != ZV_OK)
			goto out;
	}
	if (n > 0)
		err = to_linear(resampled != NULL ? resampled : mono, n, &samples);
	if (err != ZV_OK)
		goto out;
	*ret_samples = samples;
	*ret_n = (uint32_t)n;

out:
	free(mono);
	free(resampled);
	sf_close(file);
	return err;
}

enum zv_err zv_wav_write(int fd, const int16_t *samples, uint32_t n)
{
	SF_INFO info = {
		.samplerate = RATE, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
	SNDFILE *file = sf_open_fd(fd, SFM_WRITE, &info, SF_FALSE);
	bool whole;

	if (file == NULL)
		return ZV_EIO;
	whole = n == 0 || sf_write_short(file, samples, n) == (sf_count_t)n;
	if (sf_close(file) != 0)
		whole = false;
	return whole ? ZV_OK : ZV_EIO;
}
