#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ctl.h"

#define BAR_EVERY_MS  200
#define LINE_EVERY_MS 3000
#define BAR_CELLS     24u

static int64_t mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void zv_progress_begin(struct zv_progress *p, const char *what)
{
	*p = (struct zv_progress){.what = what, .tty = isatty(STDERR_FILENO)};
	p->began_ms = p->last_ms = mono_ms();
}

void zv_progress_step(struct zv_progress *p, uint64_t done, uint64_t total, uint64_t units,
                      const char *unit)
{
	int64_t now = mono_ms(), spent = now - p->began_ms;
	double share = total > 0 ? (double)done / (double)total : 0;
	uint64_t rate;
	char eta[32] = "";

	if (now - p->last_ms < (p->tty ? BAR_EVERY_MS : LINE_EVERY_MS))
		return;
	p->last_ms = now;
	rate = spent > 0 ? units * 1000 / (uint64_t)spent : 0;
	if (share > 0.001)
		(void)snprintf(eta, sizeof(eta), ", %" PRId64 " s left",
		               (int64_t)((double)spent * (1 - share) / share / 1000) + 1);
	if (!p->tty) {
		(void)fprintf(stderr, "%s: %" PRIu64 " %s, %" PRIu64 "/s, %.0f%%%s\n", p->what,
		              units, unit, rate, share * 100, eta);
		return;
	}
	(void)fprintf(stderr, "\r\033[K%s [", p->what);
	for (unsigned i = 0; i < BAR_CELLS; i++)
		(void)fputc(share * BAR_CELLS > i ? '#' : '.', stderr);
	(void)fprintf(stderr, "] %3.0f%%  %" PRIu64 " %s, %" PRIu64 "/s%s", share * 100, units,
	              unit, rate, eta);
	(void)fflush(stderr);
}

void zv_progress_end(struct zv_progress *p)
{
	if (p->tty)
		(void)fputs("\r\033[K", stderr);
}
