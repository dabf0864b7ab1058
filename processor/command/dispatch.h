/* From a command line to the command that it names. */
#pragma once
#include "processor/command/command.h"

extern const struct command_table dispatch_table;

/* Runs argv[1] with its arguments, and answers for what is no command: none, --help, --version. */
int dispatch(int argc, char **argv);
