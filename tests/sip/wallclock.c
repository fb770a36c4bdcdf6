/* clock_gettime whose clocks can be made to jump, each by itself. */
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

extern _Atomic int64_t wall_jump_s, mono_jump_s;

__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *t);

int clock_gettime(clockid_t id, struct timespec *t)
{
	long r = syscall(SYS_clock_gettime, id, t);

	if (r == 0 && id == CLOCK_REALTIME)
		t->tv_sec += atomic_load(&wall_jump_s);
	if (r == 0 && id == CLOCK_MONOTONIC)
		t->tv_sec += atomic_load(&mono_jump_s);
	return (int)r;
}
