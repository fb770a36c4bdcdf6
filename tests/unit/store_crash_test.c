/* kill -9 at random moments: the child is engine and store thread, the parent is the judge.  What
 * the child was told to be on disk it writes into a pipe; after each kill the parent opens the
 * store, runs the check, and looks for everything it was told. */
#include "store_engine.h"

#include <signal.h>
#include <sys/wait.h>

#define LEADS 3000u
#define KILLS 25

struct told {
	uint32_t lead;
	uint32_t what; /* 1 intent is flushed, 2 step is flushed */
	uint64_t attempt;
};

static void tell(int fd, uint32_t what, uint64_t attempt, uint32_t lead)
{
	struct told t = {.lead = lead, .what = what, .attempt = attempt};

	if (write(fd, &t, sizeof(t)) != sizeof(t))
		_exit(9);
}

/* Calls leads in turn, 40 at a time, until it is killed. */
static void child_main(int fd, uint64_t first_lead, uint32_t start)
{
	struct zv_store *store = open_store(0);
	struct zv_store_boot boot;
	uint64_t n;

	if (zv_store_begin(store, true, &boot) != ZV_OK)
		_exit(8);
	n = (uint64_t)boot.epoch * 1000000;
	start_thread(store);
	for (uint32_t i = start;; i += 40) {
		struct zv_event ev;
		uint32_t flushed = 0, good[40], n_good = 0;

		for (uint32_t k = 0; k < 40; k++) {
			struct zv_cmd c = intent_of(n + k, first_lead + (i + k) % LEADS, 79160000000);

			push(&c);
		}
		while (flushed < 40 && next_message(events, &ev, 20000)) {
			uint32_t k = (uint32_t)(ev.attempt.lo - n);

			flushed++;
			if (ev.u.flushed.err != ZV_OK)
				continue;
			tell(fd, 1, ev.attempt.lo, (i + k) % LEADS);
			good[n_good++] = k;
		}
		for (uint32_t k = 0; k < n_good; k++) {
			uint64_t lead = first_lead + (i + good[k]) % LEADS;
			struct zv_cmd c = outcome_of(n + good[k], lead, ZV_OUT_BUSY);

			push(&c);
			c = retry_of(n + good[k], lead, (int64_t)(CAL + n));
			c.u.step.slab = good[k];
			push(&c);
		}
		for (uint32_t k = 0; k < n_good && next_message(events, &ev, 20000); k++)
			tell(fd, 2, n + ev.leg.slot, (i + ev.leg.slot) % LEADS);
		n += 40;
	}
}

/* What is in the log, by attempt: bit 1 intent, 2 outcome, 4 step. */
struct seen {
	uint8_t *bits;
	uint64_t max, twice;
};

static bool see(void *arg, const struct zv_log_row *row)
{
	struct seen *s = arg;
	uint8_t bit = row->kind == ZV_LOG_INTENT ? 1 : row->kind == ZV_LOG_OUTCOME ? 2 : 4;

	if (row->attempt.lo >= s->max)
		return true;
	s->twice += (s->bits[row->attempt.lo] & bit) != 0;
	s->bits[row->attempt.lo] |= bit;
	return true;
}

static int64_t no_rest(void *arg, uint32_t id)
{
	(void)arg;
	(void)id;
	return 1;
}

static uint64_t wrong(struct seen *s, const struct told *told, uint32_t n)
{
	uint64_t bad = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint8_t need = told[i].what == 1 ? 1 : 7;

		bad += told[i].attempt >= s->max || (s->bits[told[i].attempt] & need) != need;
	}
	return bad;
}

Test(crash, whatever_was_told_to_be_on_disk_is_there_after_a_kill, .timeout = 60)
{
	static struct told told[200000];
	struct seen seen = {.max = 60000000};
	uint64_t x = 12345, total = 0, recovered = 0;
	struct zv_store *store;
	uint64_t lead;
	uint32_t n = 0;

	make_dir();
	store = open_store(0);
	lead = put_leads(store, put_campaign(store, "t"), LEADS);
	zv_store_close(store);
	seen.bits = calloc(seen.max, 1);
	cr_assert_not_null(seen.bits);
	for (int kill_no = 0; kill_no < KILLS; kill_no++) {
		int fds[2], status;
		uint32_t count = 0;
		pid_t pid;
		ssize_t got;

		cr_assert_eq(pipe(fds), 0);
		pid = fork();
		if (pid == 0) {
			close(fds[0]);
			child_main(fds[1], lead, (uint32_t)kill_no * 97);
			_exit(7);
		}
		close(fds[1]);
		x = x * UINT64_C(6364136223846793005) + 1;
		/* Killed after a random number of messages and a random moment more. */
		for (uint32_t until = 20 + (uint32_t)(x >> 40) % 300; count < until; count++) {
			cr_assert_eq(read(fds[0], &told[n], sizeof(told[0])), sizeof(told[0]),
				     "the child ended by itself");
			n++;
		}
		usleep((useconds_t)(x >> 33) % 8000);
		kill(pid, SIGKILL);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		while ((got = read(fds[0], &told[n], sizeof(told[0]))) == sizeof(told[0]))
			n++;
		close(fds[0]);
		store = open_store(0);
		cr_assert_eq(problems(store), 0, "after kill %d", kill_no);
		memset(seen.bits, 0, seen.max);
		seen.twice = 0;
		cr_assert_eq(zv_store_log_each(store, 0, 0, see, &seen), ZV_OK);
		cr_assert_eq(wrong(&seen, told, n), 0, "after kill %d something is missing", kill_no);
		cr_assert_eq(seen.twice, 0);
		cr_assert_eq(zv_store_recover(store, (int64_t)CAL, no_rest, NULL, NULL, &count), ZV_OK);
		recovered += count;
		cr_assert_eq(problems(store), 0, "after recovery %d", kill_no);
		zv_store_close(store);
		total = n;
	}
	fprintf(stderr, "%d kills, %llu promises kept, %llu attempts became unknown\n", KILLS,
		(unsigned long long)total, (unsigned long long)recovered);
	cr_expect_gt(recovered, 0, "no kill came between intent and outcome: the test shows little");
	free(seen.bits);
}
