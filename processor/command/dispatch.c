/* The table of commands, and the way from a command line to a row of it. */
#include "processor/command/dispatch.h"

#include <stdio.h>
#include <string.h>

#include "processor/base/status.h"
#include "processor/command/help.h"
#include "processor/command/help_text.h"

/* It tells of the others, so it is given the table. */
static int run_help(int argc, char **argv)
{
    return help_answer(&dispatch_table, argc, argv);
}

static const struct command rows[] = {
    {"run", "receive spans, judge runs, emit review records", help_run, command_run},
    {"demo", "see it work in a minute", help_demo, command_demo},
    {"cohorts", "fail rates by cohort, beside a running daemon", help_cohorts, command_cohorts},
    {"gate", "is a cohort good enough? an exit code for CI", help_gate, command_gate},
    {"replay", "judge recorded requests offline", help_replay, command_replay},
    {"explain", "show why a run was judged as it was", help_explain, command_explain},
    {"check", "validate a pipeline file and print the effective one", help_check, command_check},
    {"send", "send recorded OTLP requests to an endpoint", help_send, command_send},
    {"state", "check, dump, compact or back up a data directory", help_state, command_state},
    {"reviewer", "who may review: add, disable, rotate, list", help_reviewer, command_reviewer},
    {"dataset", "rows of reviewed runs: list, show, export, change", help_dataset, command_dataset},
    {"audit", "who decided what: verify, export, checkpoint", help_audit, command_audit},
    {"review", "the address of the review page, signed in once", help_review, command_review},
    {"queue", "how far the review has come, by queue", help_queue, command_queue},
    {"agreement", "how far reviewers agree, by label", help_agreement, command_agreement},
    {"calibrate", "fail rates and rules by what reviewers said", help_calibrate, command_calibrate},
    {"measures", "what reviews have come to: rows, pace, lift, coverage", help_measures,
     command_measures},
    {"results", "submit or import judgements, take a person's back", help_results, command_results},
    {"version", "versions of the program and of its libraries", help_version, command_version},
    {"help", "this text, a command, all options or all measurements", help_help, run_help},
};

const struct command_table dispatch_table = {rows, sizeof rows / sizeof rows[0]};

/* Was help asked for among the arguments of a command? What follows `--` are no options. */
static int asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return 1;
    return 0;
}

int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        help_overview(&dispatch_table, stderr);
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    else if (strcmp(name, "--version") == 0)
        name = "version";
    const struct command *command = help_find(&dispatch_table, name);
    if (!command)
        return help_unknown(&dispatch_table, name);
    if (command->run != run_help && asks_for_help(argc - 1, argv + 1)) {
        fputs(command->help, stdout);
        return EXIT_DONE;
    }
    return command->run(argc - 1, argv + 1);
}
