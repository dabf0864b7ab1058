/* Options of a command line, the same way for every command: --name VALUE, --name=VALUE, -c VALUE,
 * flags, operands anywhere, `--` before operands that start with a dash. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct buffer;
struct error;
struct pipeline_config;

struct command_option {
    const char *name; /* "config", without dashes */
    char letter;      /* 'c'; 0: none */
    bool *flag;       /* set to true; NULL when it takes a value */
    const char **value;
};

/* An option that may come again. Its values in their order. */
struct option_values {
    const char *name;
    bool is_greedy; /* it takes all operands up to the next option */
    char **items;   /* allocated */
    int count;
};
void option_values_finish(struct option_values *values);

/* Operands are moved behind the options, in order; the index of the first one (argc when there is
 * none). -1 after a sentence on stderr: the command returns EXIT_USAGE. */
int options_parse(int argc, char **argv, const struct command_option *options, size_t count);
/* The same, with options that may come again. */
int options_parse_values(int argc, char **argv, const struct command_option *options, size_t count,
                         struct option_values *lists, size_t list_count);
/* The same for a command that takes no operands: false after a sentence on stderr. */
bool options_only(int argc, char **argv, const struct command_option *options, size_t count);
/* config_load_findings() with all errors printed; the exit code in `ret_exit` when NULL is returned. */
struct config_findings;
struct pipeline_config *
options_load_config_findings(const char *path, struct config_findings *findings, int *ret_exit);
/* The same without the warnings. */
struct pipeline_config *options_load_config(const char *path, int *ret_exit);
/* Is `format` one of the two? False after a sentence on stderr: the command returns EXIT_USAGE. */
bool options_format_is(const char *command, const char *format, const char *one, const char *other);
/* The end of a command: `text` goes to stdout unless there is an error, which goes to stderr. NULL: it
 * was printed already. The exit code: `exit_code`, or the error's. */
int options_finish(const char *command, const struct buffer *text, struct error *error,
                   int exit_code);
