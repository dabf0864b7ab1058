/* The commands of the program. Each takes its own arguments, argv[0] being its name, and returns
 * the exit code of the process (enum exit_code). A new command is one file, its help text
 * (help_text.c) and one row of the table in dispatch.c; `--help` and suggestions come from the
 * table. */
#pragma once
#include <stddef.h>

struct command {
    const char *name, *summary;
    const char *help; /* the whole text of `flywheel help NAME` */
    int (*run)(int argc, char **argv);
};

struct command_table {
    const struct command *rows;
    size_t count;
};

int command_run(int argc, char **argv);
int command_check(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_send(int argc, char **argv);
int command_cohorts(int argc, char **argv);
int command_gate(int argc, char **argv);
int command_dataset(int argc, char **argv);
int command_audit(int argc, char **argv);
int command_state(int argc, char **argv);
int command_reviewer(int argc, char **argv);
int command_demo(int argc, char **argv);
int command_queue(int argc, char **argv);
int command_agreement(int argc, char **argv);
int command_calibrate(int argc, char **argv);
int command_measures(int argc, char **argv);
int command_results(int argc, char **argv);
int command_review(int argc, char **argv);
int command_version(int argc, char **argv);
