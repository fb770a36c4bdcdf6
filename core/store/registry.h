/* store/registry.h -- registries of numbers that must not be called: do-not-call lists, lists of
 * those who refused mass calls, lists of reassigned numbers.
 *
 * A file is read as a stream and written by short transactions beside the registry in use; the
 * last transaction swaps them.  Nobody ever sees half of one, a kill at any moment leaves the old
 * one whole, and the next load clears what was left.  zvonard may run; its lookahead sees the new
 * registry with its next read transaction.
 */
#ifndef ZV_STORE_REGISTRY_H
#define ZV_STORE_REGISTRY_H

#include "store/phone.h"
#include "store/read.h"

struct zv_registry_params {
	const char *name;  /* as rules name it: "do_not_call" */
	const char *path;  /* one number a line, or a CSV whose first column is the number; a
			    * first line without digits is passed over; "-": standard input */
	enum zv_country country; /* of numbers without a country code; 0 = Russia */
	int64_t as_of_ms;  /* the copy's date: its age counts from here */
	int64_t now_ms;    /* calendar */
	bool (*progress)(void *arg, uint64_t numbers); /* now and then; false stops; NULL */
	void *arg;
};

struct zv_registry_report {
	uint64_t numbers;  /* in the registry now */
	uint64_t before;   /* in the one it replaces */
	uint64_t bad;      /* lines without a usable number */
	uint64_t bad_line; /* the first of them */
	char text[200];    /* what stopped it */
};

/* ZV_ENOENT, ZV_EIO: the file.  ZV_EEXIST: another load runs.  ZV_EAGAIN: progress stopped it.
 * ZV_EPARSE: no usable number in the file.  On errors the old registry stands. */
enum zv_err zv_registry_load(struct zv_store *store, const struct zv_registry_params *params,
			     struct zv_registry_report *ret_report) ZV_MUST_USE;
/* Takes a registry away: rules that name it block then.  ZV_ENOENT, ZV_EEXIST. */
enum zv_err zv_registry_drop(struct zv_store *store, const char *name) ZV_MUST_USE;

#endif
