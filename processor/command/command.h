/* The commands of the program. Each takes its own arguments, argv[0] being its name, and returns
 * the exit code of the process (enum exit_code). A new command is one file, its help text
 * (help_text.c) and one row of the table in command.c; `--help` and suggestions come from the
 * table. */
#pragma once
#include <stddef.h>
#include <stdio.h>

int command_run(int argc, char **argv);
int command_check(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_send(int argc, char **argv);
int command_cohorts(int argc, char **argv);
int command_gate(int argc, char **argv);
int command_state(int argc, char **argv);
int command_demo(int argc, char **argv);
int command_version(int argc, char **argv);
int command_help(int argc, char **argv);

struct command {
    const char *name, *summary;
    const char *help; /* the whole text of `flywheel help NAME` */
    int (*run)(int argc, char **argv);
};

extern const struct command commands[];
extern const size_t command_count;

/* NULL when there is none of that name. */
const struct command *command_find(const char *name);
/* "unknown command: NAME (did you mean ...?)" on stderr; the exit code for it. */
int command_unknown(const char *name);
/* What there is, a line for each. */
void command_overview(FILE *to);
/* Runs argv[1] with its arguments, and answers for what is no command: none, --help, --version. */
int command_main(int argc, char **argv);
