/* Registries: read as a stream, swapped whole, whatever moment a kill hits. */
#include "store_dir.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "store/registry.h"

#define NUMBERS 60000u
#define KILLS   20

static struct zv_store *store;

static void begin(void)
{
	make_dir();
	store = open_store(0);
}

static void end(void)
{
	cr_expect_eq(problems(store), 0);
	zv_store_close(store);
}

TestSuite(registry, .init = begin, .fini = end, .timeout = 120);

static enum zv_err load(const char *name, const char *file, int64_t as_of_ms,
			struct zv_registry_report *report)
{
	struct zv_registry_params params = {
		.name = name, .path = in_dir(file), .as_of_ms = as_of_ms, .now_ms = as_of_ms + 5};

	return zv_registry_load(store, &params, report);
}

static bool has(const char *name, uint64_t e164)
{
	bool yes = false;
	enum zv_err err = zv_store_registry_has(store, zv_rule_name(name, strlen(name)), e164, &yes);

	return err == ZV_OK && yes;
}

static bool keep(void *arg, const struct zv_registry_row *row)
{
	struct zv_registry_row *to = arg;

	while (to->name != NULL)
		to++;
	*to = *row;
	to->name = strdup(row->name);
	return true;
}

Test(registry, numbers_as_people_write_them_with_a_header_doubles_and_a_bad_line)
{
	static const char text[] = "Номер;источник\r\n8 (916) 111-22-33;a\r\n+79161112233;b\r\n\r\n"
				   "\"380671234567\";c\r\nnobody;d\r\n+1 202 555 0123;e\r\n";
	struct zv_registry_row rows[3] = {0};
	struct zv_registry_report report;

	write_file("list", text, sizeof(text) - 1);
	cr_assert_eq(load("dnc", "list", 1000, &report), ZV_OK, "%s", report.text);
	cr_expect_eq(report.numbers, 3);
	cr_expect_eq(report.before, 0);
	cr_expect_eq(report.bad, 1);
	cr_expect_eq(report.bad_line, 6);
	cr_expect(has("dnc", 79161112233));
	cr_expect(has("dnc", 380671234567));
	cr_expect(has("dnc", 12025550123));
	cr_expect_not(has("dnc", 79161112234));
	cr_expect_not(has("other", 79161112233));
	cr_assert_eq(zv_store_registries_each(store, keep, rows), ZV_OK);
	cr_expect_str_eq(rows[0].name, "dnc");
	cr_expect_eq(rows[0].as_of_ms, 1000);
	cr_expect_eq(rows[0].loaded_ms, 1005);
	cr_expect_eq(rows[0].count, 3);
	cr_expect_null(rows[1].name);
}

Test(registry, a_new_copy_takes_the_place_of_the_old_one_and_others_stay)
{
	struct zv_registry_row rows[3] = {0};
	struct zv_registry_report report;

	write_file("a", "79160000001\n79160000002\n", 24);
	write_file("b", "79160000002\n79160000003\n79160000004\n", 36);
	cr_assert_eq(load("one", "a", 1, &report), ZV_OK);
	cr_assert_eq(load("two", "a", 2, &report), ZV_OK);
	cr_assert_eq(load("one", "b", 3, &report), ZV_OK);
	cr_expect_eq(report.before, 2);
	cr_expect_eq(report.numbers, 3);
	cr_expect_not(has("one", 79160000001));
	cr_expect(has("one", 79160000004));
	cr_expect(has("two", 79160000001));
	cr_assert_eq(zv_store_registries_each(store, keep, rows), ZV_OK);
	cr_expect_not_null(rows[1].name);
	cr_expect_null(rows[2].name);
	cr_assert_eq(zv_registry_drop(store, "two"), ZV_OK);
	cr_expect_not(has("two", 79160000001));
	cr_expect_eq(zv_registry_drop(store, "two"), ZV_ENOENT);
	cr_expect(has("one", 79160000003));
}

Test(registry, what_cannot_be_loaded_leaves_the_old_one)
{
	struct zv_registry_report report;

	write_file("a", "79160000001\n", 12);
	write_file("b", "no numbers at all\n", 18);
	cr_assert_eq(load("one", "a", 1, &report), ZV_OK);
	cr_expect_eq(load("one", "missing", 2, &report), ZV_ENOENT);
	cr_expect_eq(load("one", "b", 2, &report), ZV_EPARSE);
	cr_expect_gt(strlen(report.text), 0);
	cr_expect(has("one", 79160000001));
}

/* Copy k has the numbers 79000000000 + k * 1000000 ... */
static uint64_t number(uint32_t copy, uint32_t i)
{
	return UINT64_C(79000000000) + copy * UINT64_C(1000000) + i;
}

static void write_copy(uint32_t copy)
{
	char name[16];
	FILE *f;

	snprintf(name, sizeof(name), "copy%u", copy);
	f = fopen(in_dir(name), "w");
	cr_assert_not_null(f);
	for (uint32_t i = 0; i < NUMBERS; i++)
		fprintf(f, "%llu\n", (unsigned long long)number(copy, i * 7919 % NUMBERS));
	cr_assert_eq(fclose(f), 0);
}

/* Which copy is in use: all of it, and nothing of another; -1 = neither. */
static int copy_in_use(struct zv_registry_row *ret_row)
{
	struct zv_registry_row rows[2] = {0};
	int copy = -1;

	cr_assert_eq(zv_store_registries_each(store, keep, rows), ZV_OK);
	*ret_row = rows[0];
	for (int k = 0; k < 2; k++) {
		uint32_t there = 0;

		for (uint32_t i = 0; i < NUMBERS; i += 37)
			there += has("dnc", number((uint32_t)k, i));
		cr_assert(there == 0 || there == (NUMBERS + 36) / 37, "%u numbers of copy %d", there, k);
		if (there != 0) {
			cr_assert_eq(copy, -1, "both copies are in use");
			copy = k;
		}
	}
	return copy;
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void child_main(int fd)
{
	struct zv_registry_report report;

	store = open_store(0);
	for (uint32_t k = 1;; k++) {
		if (load("dnc", k % 2 != 0 ? "copy1" : "copy0", 100 + k % 2, &report) != ZV_OK ||
		    write(fd, "", 1) != 1)
			_exit(3);
	}
}

/* A child loads the two copies in turn until it is killed, some time into one of the loads; what
 * stands then is one of them, whole, and loading goes on. */
Test(registry, a_kill_at_any_moment_leaves_one_whole_copy)
{
	struct zv_registry_report report;
	uint64_t x = 99;
	int seen[2] = {0};
	int64_t took_ns;

	write_copy(0);
	write_copy(1);
	took_ns = now_ns();
	cr_assert_eq(load("dnc", "copy0", 100, &report), ZV_OK);
	took_ns = now_ns() - took_ns;
	cr_assert_eq(report.numbers, NUMBERS);
	for (int i = 0; i < KILLS; i++) {
		struct zv_registry_row row;
		struct timespec t;
		int64_t wait_ns;
		int copy, status, fds[2];
		char byte;
		pid_t pid;

		zv_store_close(store);
		cr_assert_eq(pipe(fds), 0);
		pid = fork();
		if (pid == 0)
			child_main(fds[1]);
		close(fds[1]);
		x = x * UINT64_C(6364136223846793005) + 1;
		for (uint32_t done = (uint32_t)(x >> 60) % 3; done > 0; done--)
			cr_assert_eq(read(fds[0], &byte, 1), 1, "the child ended by itself");
		wait_ns = (int64_t)((x >> 20) % 1000) * took_ns * 2 / 1000;
		t = (struct timespec){.tv_sec = wait_ns / 1000000000, .tv_nsec = wait_ns % 1000000000};
		(void)nanosleep(&t, NULL);
		kill(pid, SIGKILL);
		close(fds[0]);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		cr_assert(WIFSIGNALED(status), "the child ended by itself");
		store = open_store(0);
		cr_assert_eq(problems(store), 0, "after kill %d", i);
		copy = copy_in_use(&row);
		cr_assert_neq(copy, -1, "after kill %d there is no registry", i);
		cr_assert_eq(row.as_of_ms, 100 + copy);
		cr_assert_eq(row.count, NUMBERS);
		seen[copy]++;
	}
	/* What the kills left behind is cleared by the next load. */
	cr_assert_eq(load("dnc", "copy1", 101, &report), ZV_OK);
	struct zv_store_facts facts;
	cr_assert_eq(zv_store_facts(store, &facts), ZV_OK);
	cr_expect_eq(facts.registries, NUMBERS + 1);
	cr_expect(seen[0] > 0 && seen[1] > 0, "no load came to its end: the test shows little");
	fprintf(stderr, "%d kills: copy 0 stood %d times, copy 1 %d times\n", KILLS, seen[0], seen[1]);
}
