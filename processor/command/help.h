/* What the program says of its commands: all of them, one, or that there is none of that name. */
#pragma once
#include <stdio.h>

#include "processor/command/command.h"

/* NULL when there is none of that name. */
const struct command *help_find(const struct command_table *table, const char *name);
/* "unknown command: NAME (did you mean ...?)" on stderr; the exit code for it. */
int help_unknown(const struct command_table *table, const char *name);
/* What there is, a line for each. */
void help_overview(const struct command_table *table, FILE *to);
/* flywheel help [WORD]; the exit code. */
int help_answer(const struct command_table *table, int argc, char **argv);
