/* ctl/args.h -- the command line of zvonarctl: noun verb, options anywhere, no abbreviations. */
#ifndef ZV_CTL_ARGS_H
#define ZV_CTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZV_CTL_OPTS_MAX 24
#define ZV_CTL_ARGS_MAX 128

/* Exit statuses. */
enum {
	ZV_EXIT_DONE = 0,
	ZV_EXIT_FAILED = 1,
	ZV_EXIT_USAGE = 2,
	ZV_EXIT_NOT_FOUND = 3,
	ZV_EXIT_NO_DAEMON = 69, /* sysexits' EX_UNAVAILABLE */
};

struct zv_opt {
	const char *name;  /* without dashes; NULL ends a table */
	char letter;       /* 0: none */
	const char *value; /* its name in the help; NULL: a flag */
	const char *help;
};

struct zv_ctl;
struct zv_args;

struct zv_command {
	const char *noun, *verb;   /* verb NULL: the noun stands alone */
	const char *args;          /* in the help: "CAMPAIGN FILE.csv" */
	size_t n_args;             /* exactly; with ZV_ARGS_MORE(n) so many more may stand there */
	const struct zv_opt *opts; /* NULL: only the global ones */
	const char *brief;
	const char *help; /* more, or NULL */
	int (*run)(struct zv_ctl *ctl, const struct zv_args *args);
};
#define ZV_ARGS_MORE(n)   ((size_t)(n) << 8)
#define ZV_ARGS_LEAST(n)  ((n) & 0xff)
#define ZV_ARGS_MOST(n)   (((n) & 0xff) + ((n) >> 8))
#define ZV_ARGS_OR_MORE   ZV_ARGS_MORE(100) /* as many as one may want */

/* What stood on the line. */
struct zv_args {
	const struct zv_command *command;
	const char *arg[ZV_CTL_ARGS_MAX];
	size_t n_args;
	const char
	        *global[ZV_CTL_OPTS_MAX]; /* by index in the global table; a flag's value is "" */
	const char *opt[ZV_CTL_OPTS_MAX]; /* by index in command->opts */
	bool help, version;
};

extern const struct zv_opt zv_ctl_globals[];
enum {
	ZV_G_STORE,
	ZV_G_CONF,
	ZV_G_SOCKET,
	ZV_G_JSON,
	ZV_G_CSV,
	ZV_G_TSV,
	ZV_G_TABLE,
	ZV_G_NO_COLOR
};

/* Fills *ret_args.  -1: go on; else the exit status (used wrongly: the reason stands on stderr,
 * or help and version were asked for and printed). */
int zv_args_parse(const struct zv_command *commands, size_t n_commands, int argc, char **argv,
                  struct zv_args *ret_args);

/* A whole decimal number in [min, max]; false: it is not one. */
bool zv_args_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value);

/* The command's option by name; NULL: not given.  "" for a flag that was. */
const char *zv_args_opt(const struct zv_args *args, const char *name);

/* The option `lang`: ru or en (the default).  False: it says something else, told on stderr. */
bool zv_args_russian(const struct zv_args *args, bool *ret_russian);

#endif
