/* The table of commands, and the way from a command line to a row of it. */
#include "processor/command/command.h"

#include <string.h>

#include "processor/base/nearest.h"
#include "processor/base/status.h"
#include "processor/command/help_text.h"

const struct command commands[] = {
    {"run", "receive spans, judge runs, emit review records", help_run, command_run},
    {"demo", "see it work in a minute", help_demo, command_demo},
    {"cohorts", "fail rates by cohort, beside a running daemon", help_cohorts, command_cohorts},
    {"gate", "is a cohort good enough? an exit code for CI", help_gate, command_gate},
    {"replay", "judge recorded requests offline", help_replay, command_replay},
    {"explain", "show why a run was judged as it was", help_explain, command_explain},
    {"check", "validate a pipeline file and print the effective one", help_check, command_check},
    {"send", "send recorded OTLP requests to an endpoint", help_send, command_send},
    {"state", "check, dump, compact or back up a data directory", help_state, command_state},
    {"version", "versions of the program and of its libraries", help_version, command_version},
    {"help", "this text, a command, all options or all measurements", help_help, command_help},
};
const size_t command_count = sizeof commands / sizeof commands[0];

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

int command_unknown(const char *name)
{
    struct nearest nearest = nearest_to(bytes_of_text(name));
    for (size_t i = 0; i < command_count; i++)
        nearest_offer(&nearest, bytes_of_text(commands[i].name));
    if (nearest.name.data)
        fprintf(stderr, "flywheel: unknown command: %s; did you mean %s?\n", name,
                (const char *)nearest.name.data);
    else
        fprintf(stderr, "flywheel: unknown command: %s; `flywheel help` lists them\n", name);
    return EXIT_USAGE;
}

/* Was help asked for among the arguments of a command? What follows `--` are no options. */
static int asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return 1;
    return 0;
}

int command_main(int argc, char **argv)
{
    if (argc < 2) {
        command_overview(stderr);
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    else if (strcmp(name, "--version") == 0)
        name = "version";
    const struct command *command = command_find(name);
    if (!command)
        return command_unknown(name);
    if (command->run != command_help && asks_for_help(argc - 1, argv + 1)) {
        fputs(command->help, stdout);
        return EXIT_DONE;
    }
    return command->run(argc - 1, argv + 1);
}
