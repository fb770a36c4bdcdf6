/* tests/thread/criterion/criterion.h -- the part of Criterion that our thread tests use, for
 * builds with the thread sanitizer alone.
 *
 * Criterion starts each test in a process of its own with memory at a place that the thread
 * sanitizer needs for itself, and gives up.  This header runs the same test files one test
 * after the other, each in a fork of a process that has no threads yet; the first failed
 * assertion or expectation ends it.
 */
#ifndef ZV_TESTS_THREAD_CRITERION_H
#define ZV_TESTS_THREAD_CRITERION_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct thread_test {
	const char *suite, *name;
	void (*run)(void);
	void (*init)(void);
	void (*fini)(void);
	double timeout; /* seconds; 0: 60 */
	int disabled;
	struct thread_test *next;
};

/* Weak: a test of several files has one list and one main. */
__attribute__((weak)) struct thread_test *thread_tests;

struct thread_suite {
	const char *name;
	void (*init)(void);
	void (*fini)(void);
	double timeout;
	struct thread_suite *next;
};

__attribute__((weak)) struct thread_suite *thread_suites;

#define TestSuite(suite_, ...)                                                                 \
	__attribute__((constructor)) static void suite_##_suite_add(void)                      \
	{                                                                                      \
		static struct thread_suite s = {.name = #suite_, ##__VA_ARGS__};               \
		s.next = thread_suites;                                                        \
		thread_suites = &s;                                                            \
	}                                                                                      \
	struct thread_suite

#define Test(suite_, name_, ...)                                                               \
	static void suite_##_##name_##_run(void);                                              \
	__attribute__((constructor)) static void suite_##_##name_##_add(void)                  \
	{                                                                                      \
		static struct thread_test t = {.suite = #suite_,                               \
					       .name = #name_,                                 \
					       .run = suite_##_##name_##_run,                  \
					       ##__VA_ARGS__};                                 \
		t.next = thread_tests;                                                         \
		thread_tests = &t;                                                             \
	}                                                                                      \
	static void suite_##_##name_##_run(void)

__attribute__((noreturn, format(printf, 4, 5))) static inline void
thread_test_fail(const char *file, int line, const char *what, const char *fmt, ...)
{
	__builtin_va_list args;

	fprintf(stderr, "%s:%d: failed: %s: ", file, line, what);
	__builtin_va_start(args, fmt);
	(void)vfprintf(stderr, fmt, args);
	__builtin_va_end(args);
	fprintf(stderr, "\n");
	_exit(1);
}

#define CR_CHECK(what, cond, ...)                                                              \
	do {                                                                                   \
		if (!(cond))                                                                   \
			thread_test_fail(__FILE__, __LINE__, what, " " __VA_ARGS__);           \
	} while (0)

#define cr_assert(a, ...)           CR_CHECK(#a, a, __VA_ARGS__)
#define cr_assert_not(a, ...)       CR_CHECK("not " #a, !(a), __VA_ARGS__)
#define cr_assert_eq(a, b, ...)     CR_CHECK(#a " == " #b, (a) == (b), __VA_ARGS__)
#define cr_assert_neq(a, b, ...)    CR_CHECK(#a " != " #b, (a) != (b), __VA_ARGS__)
#define cr_assert_lt(a, b, ...)     CR_CHECK(#a " < " #b, (a) < (b), __VA_ARGS__)
#define cr_assert_leq(a, b, ...)    CR_CHECK(#a " <= " #b, (a) <= (b), __VA_ARGS__)
#define cr_assert_gt(a, b, ...)     CR_CHECK(#a " > " #b, (a) > (b), __VA_ARGS__)
#define cr_assert_geq(a, b, ...)    CR_CHECK(#a " >= " #b, (a) >= (b), __VA_ARGS__)
#define cr_assert_null(a, ...)      CR_CHECK(#a " is NULL", (a) == NULL, __VA_ARGS__)
#define cr_assert_not_null(a, ...)  CR_CHECK(#a " is not NULL", (a) != NULL, __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...) CR_CHECK(#a " equals " #b, strcmp(a, b) == 0, __VA_ARGS__)
#define cr_assert_arr_eq(a, b, n, ...)                                                         \
	CR_CHECK(#a " equals " #b, memcmp(a, b, n) == 0, __VA_ARGS__)
#define cr_assert_float_eq(a, b, e, ...)                                                       \
	CR_CHECK(#a " about " #b, (a) - (b) <= (e) && (b) - (a) <= (e), __VA_ARGS__)
#define cr_assert_fail(...) CR_CHECK("not reached", 0, __VA_ARGS__)

#define cr_expect         cr_assert
#define cr_expect_not     cr_assert_not
#define cr_expect_eq      cr_assert_eq
#define cr_expect_neq     cr_assert_neq
#define cr_expect_lt      cr_assert_lt
#define cr_expect_leq     cr_assert_leq
#define cr_expect_gt      cr_assert_gt
#define cr_expect_geq     cr_assert_geq
#define cr_expect_null    cr_assert_null
#define cr_expect_arr_eq  cr_assert_arr_eq
#define cr_expect_float_eq cr_assert_float_eq
#define cr_expect_fail    cr_assert_fail
#define cr_expect_str_eq  cr_assert_str_eq
#define cr_expect_not_null cr_assert_not_null

static inline void thread_test_run(const struct thread_test *t)
{
	static const struct thread_suite none;
	const struct thread_suite *s = thread_suites;

	while (s != NULL && strcmp(s->name, t->suite) != 0)
		s = s->next;
	if (s == NULL)
		s = &none;
	(void)alarm((unsigned)((t->timeout > 0 ? t->timeout : s->timeout > 0 ? s->timeout : 60) +
			       0.999));
	if (s->init != NULL)
		s->init();
	if (t->init != NULL)
		t->init();
	t->run();
	if (t->fini != NULL)
		t->fini();
	if (s->fini != NULL)
		s->fini();
}

__attribute__((weak)) int main(void)
{
	unsigned passed = 0;

	for (struct thread_test *t = thread_tests; t != NULL; t = t->next) {
		int status = 1;
		pid_t pid;

		if (t->disabled)
			continue;
		printf("%s: %s\n", t->suite, t->name);
		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			thread_test_run(t);
			exit(0); /* with the sanitizer's own status if it found something */
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
			fprintf(stderr, "%s: %s failed: %d\n", t->suite, t->name, status);
			return 1;
		}
		passed++;
	}
	fprintf(stderr, "Synthesis: Tested: %u | Passing: %u | Failing: 0 | Crashing: 0\n", passed, passed);
	return passed > 0 ? 0 : 1;
}

#endif
