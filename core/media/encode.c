#include "media/encode.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <opusenc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sha256.h"
#include "media/wavout.h"

#define RATE     8000
#define FRAMES   4000 /* read at a time */

struct job {
	int in, out;
	enum zv_err err; /* of writing */
	uint64_t bytes;
	struct zv_sha256 sha;
};

static enum zv_err err_of(int why)
{
	return why == ENOSPC || why == EDQUOT ? ZV_EFULL : why == ENOENT ? ZV_ENOENT : ZV_EIO;
}

static enum zv_err write_all(int fd, const void *data, size_t size)
{
	const uint8_t *p = data;

	while (size > 0) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_of(n < 0 ? errno : ENOSPC);
		p += n;
		size -= (size_t)n;
	}
	return ZV_OK;
}

static int write_page(void *arg, const unsigned char *data, opus_int32 len)
{
	struct job *job = arg;

	job->err = write_all(job->out, data, (size_t)len);
	zv_sha256_add(&job->sha, data, (size_t)len);
	job->bytes += (uint64_t)len;
	return job->err != ZV_OK;
}

static int close_page(void *arg)
{
	(void)arg; /* the descriptor is synced and closed later */
	return 0;
}

static enum zv_err open_wav(const char *path, int *ret_fd, uint32_t *ret_frames)
{
	uint8_t head[ZV_WAVOUT_HEADER];
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_of(errno);
	if (fstat(fd, &st) != 0 || read(fd, head, sizeof(head)) != (ssize_t)sizeof(head) ||
	    memcmp(head, "RIFF", 4) != 0 || memcmp(head + 8, "WAVEfmt ", 8) != 0 ||
	    head[20] != 1 || head[22] != 2 || head[34] != 16 || memcmp(head + 36, "data", 4) != 0) {
		close(fd);
		return ZV_EPARSE;
	}
	*ret_fd = fd;
	*ret_frames = (uint32_t)((st.st_size - (off_t)sizeof(head)) / 4);
	return ZV_OK;
}

/* All frames of job->in through the encoder.  Little-endian samples, as the file has them. */
static enum zv_err feed(struct job *job, OggOpusEnc *enc)
{
	uint8_t raw[FRAMES * 4];
	int16_t pcm[FRAMES * 2];
	size_t held = 0;

	for (;;) {
		ssize_t got = read(job->in, raw + held, sizeof(raw) - held);
		size_t frames;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ZV_EIO;
		held += (size_t)got;
		frames = held / 4;
		for (size_t i = 0; i < 2 * frames; i++)
			pcm[i] = (int16_t)(uint16_t)(raw[2 * i] | raw[2 * i + 1] << 8);
		if (frames > 0 && ope_encoder_write(enc, pcm, (int)frames) != OPE_OK)
			return job->err != ZV_OK ? job->err : ZV_EIO;
		memmove(raw, raw + 4 * frames, held - 4 * frames);
		held -= 4 * frames;
		if (got == 0)
			return ZV_OK;
	}
}

static enum zv_err run(struct job *job, uint32_t bit_rate)
{
	static const OpusEncCallbacks callbacks = {write_page, close_page};
	OggOpusComments *comments = ope_comments_create();
	OggOpusEnc *enc = NULL;
	enum zv_err err = ZV_ENOMEM;
	int why = OPE_OK;

	if (comments == NULL)
		return ZV_ENOMEM;
	enc = ope_encoder_create_callbacks(&callbacks, job, comments, RATE, 2, 0, &why);
	if (enc == NULL)
		goto out;
	if (ope_encoder_ctl(enc, OPUS_SET_BITRATE((opus_int32)bit_rate)) != OPE_OK ||
	    ope_encoder_ctl(enc, OPUS_SET_COMPLEXITY(5)) != OPE_OK ||
	    ope_encoder_ctl(enc, OPUS_SET_MAX_BANDWIDTH(OPUS_BANDWIDTH_NARROWBAND)) != OPE_OK)
		goto out;
	err = feed(job, enc);
	if (err == ZV_OK && ope_encoder_drain(enc) != OPE_OK)
		err = job->err != ZV_OK ? job->err : ZV_EIO;

out:
	if (enc != NULL)
		ope_encoder_destroy(enc);
	ope_comments_destroy(comments);
	return err;
}

static void hex_of(struct zv_sha256 *sha, char ret_hex[65])
{
	uint8_t sum[32];

	zv_sha256_end(sha, sum);
	for (uint32_t i = 0; i < sizeof(sum); i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", sum[i]);
}

static enum zv_err sync_close(int fd)
{
	enum zv_err err = fsync(fd) == 0 ? ZV_OK : err_of(errno);

	if (close(fd) != 0 && err == ZV_OK)
		err = err_of(errno);
	return err;
}

static enum zv_err sync_folder(const char *path)
{
	char room[PATH_MAX];
	int fd;

	if (snprintf(room, sizeof(room), "%s", path) >= (int)sizeof(room))
		return ZV_EINVAL;
	fd = open(dirname(room), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_of(errno) : sync_close(fd);
}

static enum zv_err write_sum(const char *path, const char *opus, const char *hex)
{
	char room[PATH_MAX], line[65 + PATH_MAX];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640), n;
	enum zv_err err;

	if (fd < 0)
		return err_of(errno);
	snprintf(room, sizeof(room), "%s", opus);
	n = snprintf(line, sizeof(line), "%s  %s\n", hex, basename(room));
	err = write_all(fd, line, (size_t)n);
	if (err != ZV_OK) {
		close(fd);
		return err;
	}
	return sync_close(fd);
}

/* The Opus file under a passing name, synced. */
static enum zv_err make_part(const char *wav, const char *part, uint32_t bit_rate,
			     struct zv_encoded *ret_encoded)
{
	struct job job = {.in = -1, .out = -1};
	uint32_t frames = 0;
	enum zv_err err = open_wav(wav, &job.in, &frames);

	if (err != ZV_OK)
		return err;
	zv_sha256_begin(&job.sha);
	job.out = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (job.out < 0) {
		err = err_of(errno);
		goto out;
	}
	err = run(&job, bit_rate);
	if (err == ZV_OK)
		err = sync_close(job.out);
	else
		close(job.out);
	hex_of(&job.sha, ret_encoded->sha256);
	ret_encoded->bytes = job.bytes;
	ret_encoded->duration_ms = frames / (RATE / 1000);

out:
	close(job.in);
	return err;
}

enum zv_err zv_encode(const char *stem, uint32_t bit_rate, struct zv_encoded *ret_encoded)
{
	char wav[PATH_MAX], part[PATH_MAX], opus[PATH_MAX], sum[PATH_MAX];
	enum zv_err err;

	if (snprintf(wav, sizeof(wav), "%s.wav", stem) >= PATH_MAX ||
	    snprintf(part, sizeof(part), "%s.opus.part", stem) >= PATH_MAX ||
	    snprintf(opus, sizeof(opus), "%s.opus", stem) >= PATH_MAX ||
	    snprintf(sum, sizeof(sum), "%s.opus.sha256", stem) >= PATH_MAX)
		return ZV_EINVAL;
	err = make_part(wav, part, bit_rate, ret_encoded);
	if (err == ZV_OK)
		err = write_sum(sum, opus, ret_encoded->sha256);
	if (err == ZV_OK && rename(part, opus) != 0)
		err = err_of(errno);
	if (err == ZV_OK)
		err = sync_folder(opus);
	if (err != ZV_OK) {
		unlink(part);
		return err;
	}
	return unlink(wav) == 0 ? ZV_OK : err_of(errno);
}
