/* Options of a command line, the same way for every command: --name VALUE, --name=VALUE, -c VALUE,
 * flags, operands anywhere, `--` before operands that start with a dash. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct pipeline_config;

struct command_option {
    const char *name; /* "config", without dashes */
    char letter;      /* 'c'; 0: none */
    bool *flag;       /* set to true; NULL when it takes a value */
    const char **value;
};

/* Operands are moved behind the options, in order; the index of the first one (argc when there is
 * none). -1 after a sentence on stderr: the command returns EXIT_USAGE. */
int options_parse(int argc, char **argv, const struct command_option *options, size_t count);
/* The same for a command that takes no operands: false after a sentence on stderr. */
bool options_only(int argc, char **argv, const struct command_option *options, size_t count);
/* config_load_findings() with all errors printed; the exit code in `ret_exit` when NULL is returned. */
struct config_findings;
struct pipeline_config *
options_load_config_findings(const char *path, struct config_findings *findings, int *ret_exit);
/* The same without the warnings. */
struct pipeline_config *options_load_config(const char *path, int *ret_exit);
