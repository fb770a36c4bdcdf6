#include "app/synth.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

extern char **environ;

/* The text as a file to read from. */
static int text_fd(const char *text)
{
	size_t len = strlen(text);
	int fd = memfd_create("zvonar-text", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	if (write(fd, text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int start(const struct zv_synth_job *job, const char *part, int in, pid_t *ret_pid)
{
	char rate[16];
	char program[256], voice[64], out[512];
	char opt_voice[] = "-v", opt_rate[] = "-s", opt_out[] = "-w", opt_stdin[] = "--stdin";
	char *argv[] = {program, opt_voice, voice, opt_rate, rate, opt_out, out, opt_stdin, NULL};
	posix_spawn_file_actions_t actions;
	int rc;

	snprintf(program, sizeof(program), "%s", job->program);
	snprintf(voice, sizeof(voice), "%s", job->voice);
	snprintf(rate, sizeof(rate), "%u", job->rate);
	if (snprintf(out, sizeof(out), "%s", part) >= (int)sizeof(out))
		return ENAMETOOLONG;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	rc = posix_spawnp(ret_pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* The exit status, or -1 after the deadline (then it is dead all the same). */
static int wait_for(pid_t pid, uint32_t timeout_ms)
{
	struct pollfd p = {.fd = pidfd_open(pid, 0), .events = POLLIN};
	int status = 0;
	int n = p.fd < 0 ? 0 : poll(&p, 1, (int)timeout_ms);

	if (n <= 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (p.fd >= 0)
		close(p.fd);
	if (n <= 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

enum zv_err zv_synth_run(const struct zv_synth_job *job)
{
	char part[512];
	pid_t pid;
	int in, rc, status;

	if (snprintf(part, sizeof(part), "%s.part", job->path) >= (int)sizeof(part))
		return ZV_EINVAL;
	in = text_fd(job->text);
	if (in < 0)
		return ZV_EIO;
	rc = start(job, part, in, &pid);
	close(in);
	if (rc != 0) {
		zv_error("voice", "cannot run %s: %s", job->program, strerror(rc));
		return rc == ENOENT ? ZV_ENOENT : ZV_EIO;
	}
	status = wait_for(pid, job->timeout_ms);
	if (status != 0) {
		zv_warn("voice", "%s gave status %d for a text of %zu bytes", job->program, status,
			strlen(job->text));
		unlink(part);
		return status < 0 ? ZV_ETIMEDOUT : ZV_EIO;
	}
	if (rename(part, job->path) != 0)
		return ZV_EIO;
	return ZV_OK;
}
