#include "ctl/args.h"

#include <stdio.h>
#include <string.h>

const struct zv_opt zv_ctl_globals[] = {
        [ZV_G_STORE] = {"store", 'd', "DIR", "the store's directory"},
        [ZV_G_CONF] = {"conf", 'c', "FILE", "configuration of zvonard: where store and socket are"},
        [ZV_G_SOCKET] = {"socket", 's', "PATH", "control socket of zvonard"},
        [ZV_G_JSON] = {"json", 0, NULL, "print JSON"},
        [ZV_G_CSV] = {"csv", 0, NULL, "print CSV (RFC 4180)"},
        [ZV_G_TSV] = {"tsv", 0, NULL, "print fields between tabs, without a heading"},
        [ZV_G_TABLE] = {"table", 0, NULL, "print a table for people"},
        [ZV_G_NO_COLOR] = {"no-color", 0, NULL, "no colours (also by the variable NO_COLOR)"},
        {0},
};

static void print_opts(const struct zv_opt *opts)
{
	for (; opts != NULL && opts->name != NULL; opts++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "%s%c%s--%s%s%s", opts->letter != 0 ? "-" : "  ",
		               opts->letter != 0 ? opts->letter : ' ',
		               opts->letter != 0 ? ", " : " ", opts->name,
		               opts->value != NULL ? " " : "",
		               opts->value != NULL ? opts->value : "");
		(void)printf("  %-28s %s\n", left, opts->help);
	}
}

static void print_tail(void)
{
	(void)printf("\nEverywhere:\n");
	print_opts(zv_ctl_globals);
	(void)printf(
	        "      --help                  this text, and of each command its own\n"
	        "      --version               version\n"
	        "\nExit status: 0 done, 1 failed, 2 used wrongly, 3 not found, 69 zvonard is not "
	        "reachable\nwhere only it can do the thing.  Data goes to standard output, "
	        "messages "
	        "to standard error.\n");
}

static void print_help(const struct zv_command *commands, size_t n, const char *noun)
{
	(void)printf("usage: zvonarctl [options] NOUN [VERB] [arguments]\n\n");
	for (size_t i = 0; i < n; i++) {
		char left[64];

		if (noun != NULL && strcmp(noun, commands[i].noun) != 0)
			continue;
		(void)snprintf(left, sizeof(left), "%s%s%s%s%s", commands[i].noun,
		               commands[i].verb != NULL ? " " : "",
		               commands[i].verb != NULL ? commands[i].verb : "",
		               commands[i].args != NULL ? " " : "",
		               commands[i].args != NULL ? commands[i].args : "");
		(void)printf("  %-34s %s\n", left, commands[i].brief);
	}
	print_tail();
}

static void print_command_help(const struct zv_command *c)
{
	(void)printf("usage: zvonarctl %s%s%s%s%s [options]\n\n%s.\n", c->noun,
	             c->verb != NULL ? " " : "", c->verb != NULL ? c->verb : "",
	             c->args != NULL ? " " : "", c->args != NULL ? c->args : "", c->brief);
	if (c->help != NULL)
		(void)printf("%s\n", c->help);
	if (c->opts != NULL)
		(void)printf("\n");
	print_opts(c->opts);
	print_tail();
}

static int wrong(const char *what, const char *which)
{
	(void)fprintf(stderr, "zvonarctl: %s%s%s (see zvonarctl --help)\n", what,
	              which != NULL ? ": " : "", which != NULL ? which : "");
	return ZV_EXIT_USAGE;
}

static const struct zv_opt *find_long(const struct zv_opt *opts, const char *name, size_t len)
{
	for (; opts != NULL && opts->name != NULL; opts++) {
		if (strlen(opts->name) == len && memcmp(opts->name, name, len) == 0)
			return opts;
	}
	return NULL;
}

static const struct zv_opt *find_letter(const struct zv_opt *opts, char letter)
{
	for (; opts != NULL && opts->name != NULL; opts++) {
		if (opts->letter == letter)
			return opts;
	}
	return NULL;
}

/* Finds an option word in one table: the option and, if it stands in the same word, its value. */
static const struct zv_opt *find_opt(const struct zv_opt *opts, const char *word,
                                     const char **ret_value)
{
	*ret_value = NULL;
	if (word[1] == '-') {
		size_t len = strcspn(word + 2, "=");
		const struct zv_opt *opt = find_long(opts, word + 2, len);

		if (word[2 + len] == '=')
			*ret_value = word + 2 + len + 1;
		return opt;
	}
	if (word[2] != 0)
		*ret_value = word + 2;
	return find_letter(opts, word[1]);
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1] != 0;
}

/* First walk: the words that are no options, so that the command's own options are known. */
static size_t plain_words(const struct zv_command *commands, size_t n, int argc, char **argv,
                          const char **words, size_t cap)
{
	size_t count = 0;

	for (int i = 1; i < argc; i++) {
		const struct zv_opt *opt = NULL;
		const char *value;

		if (strcmp(argv[i], "--") == 0) {
			while (++i < argc && count < cap)
				words[count++] = argv[i];
			break;
		}
		if (!is_option(argv[i])) {
			if (count < cap)
				words[count++] = argv[i];
			continue;
		}
		opt = find_opt(zv_ctl_globals, argv[i], &value);
		/* which command is not known yet: an option is the same in all that have it */
		for (size_t c = 0; opt == NULL && c < n; c++)
			opt = find_opt(commands[c].opts, argv[i], &value);
		if (opt != NULL && opt->value != NULL && value == NULL)
			i++;
	}
	return count;
}

/* Second walk: options into their places. */
static int read_options(int argc, char **argv, struct zv_args *a)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const struct zv_opt *opts = zv_ctl_globals, *opt;
		const char **to = a->global;
		const char *value;

		if (!is_option(argv[i]) || strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--version") == 0)
			continue;
		opt = find_opt(opts, argv[i], &value);
		if (opt == NULL && a->command != NULL) {
			opts = a->command->opts;
			to = a->opt;
			opt = find_opt(opts, argv[i], &value);
		}
		if (opt == NULL)
			return wrong("unknown option", argv[i]);
		if (opt->value == NULL && value != NULL)
			return wrong("this option takes no value", argv[i]);
		if (opt->value != NULL && value == NULL) {
			if (i + 1 >= argc)
				return wrong("this option needs a value", argv[i]);
			value = argv[++i];
		}
		to[opt - opts] = value != NULL ? value : "";
	}
	return -1;
}

static const struct zv_command *find_command(const struct zv_command *commands, size_t n,
                                             const char **words, size_t n_words, size_t *ret_used)
{
	for (size_t i = 0; n_words > 0 && i < n; i++) {
		if (strcmp(commands[i].noun, words[0]) != 0)
			continue;
		if (commands[i].verb == NULL) {
			*ret_used = 1;
			return &commands[i];
		}
		if (n_words > 1 && strcmp(commands[i].verb, words[1]) == 0) {
			*ret_used = 2;
			return &commands[i];
		}
	}
	return NULL;
}

static bool noun_exists(const struct zv_command *commands, size_t n, const char *noun)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(commands[i].noun, noun) == 0)
			return true;
	}
	return false;
}

static int no_command(const struct zv_command *commands, size_t n, const char **words,
                      size_t n_words)
{
	if (n_words == 0)
		return wrong("a command is wanted", NULL);
	if (!noun_exists(commands, n, words[0]))
		return wrong("unknown command", words[0]);
	return n_words == 1 ? wrong("a verb is wanted after", words[0])
	                    : wrong("unknown verb", words[1]);
}

int zv_args_parse(const struct zv_command *commands, size_t n_commands, int argc, char **argv,
                  struct zv_args *ret_args)
{
	const char *words[ZV_CTL_ARGS_MAX + 3] = {0};
	size_t n_words = plain_words(commands, n_commands, argc, argv, words, ZV_CTL_ARGS_MAX + 3);
	struct zv_args a = {0};
	size_t used = 0;
	int status;

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		a.help |= strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
		a.version |= strcmp(argv[i], "--version") == 0;
	}
	a.command = find_command(commands, n_commands, words, n_words, &used);
	status = read_options(argc, argv, &a);
	if (status >= 0)
		return status;
	if (a.version) {
		(void)printf("zvonarctl %s\n", ZV_VERSION);
		return ZV_EXIT_DONE;
	}
	if (a.help) {
		if (a.command != NULL)
			print_command_help(a.command);
		else if (n_words > 0 && !noun_exists(commands, n_commands, words[0]))
			return no_command(commands, n_commands, words, n_words);
		else
			print_help(commands, n_commands, n_words > 0 ? words[0] : NULL);
		return ZV_EXIT_DONE;
	}
	if (a.command == NULL)
		return no_command(commands, n_commands, words, n_words);
	a.n_args = n_words - used;
	if (a.n_args < ZV_ARGS_LEAST(a.command->n_args))
		return wrong("arguments are missing, wanted", a.command->args);
	if (a.n_args > ZV_ARGS_MOST(a.command->n_args))
		return wrong("one argument too many", words[used + ZV_ARGS_MOST(a.command->n_args)]);
	for (size_t i = 0; i < a.n_args; i++)
		a.arg[i] = words[used + i];
	*ret_args = a;
	return -1;
}

bool zv_args_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	uint64_t v = 0;

	if (text[0] == 0)
		return false;
	for (const char *p = text; *p != 0; p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		if (*p < '0' || *p > '9' || v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	if (v < min || v > max)
		return false;
	*ret_value = v;
	return true;
}

const char *zv_args_opt(const struct zv_args *args, const char *name)
{
	const struct zv_opt *opt = find_long(args->command->opts, name, strlen(name));

	return opt != NULL ? args->opt[opt - args->command->opts] : NULL;
}

bool zv_args_russian(const struct zv_args *args, bool *ret_russian)
{
	const char *lang = zv_args_opt(args, "lang");

	*ret_russian = lang != NULL && strcmp(lang, "ru") == 0;
	if (lang == NULL || *ret_russian || strcmp(lang, "en") == 0)
		return true;
	(void)fprintf(stderr, "zvonarctl: --lang: ru or en, not \"%s\"\n", lang);
	return false;
}
