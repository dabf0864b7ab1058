/* flywheel help: the table of commands, one of them, or a reference generated from its table. */
#include <stdio.h>
#include <string.h>

#include "pipelines/config/config.h"
#include "pipelines/config/reference.h"
#include "processor/command/command.h"
#include "processor/score/measurements.h"

static int print_all(void (*print)(struct buffer *to))
{
    struct buffer text = {0};
    print(&text);
    fwrite(text.data, 1, text.size, stdout);
    buffer_finish(&text);
    return EXIT_DONE;
}

void command_overview(FILE *to)
{
    fputs("flywheel - turns failed agent runs in OpenTelemetry traces into review work\n"
          "\n"
          "usage: flywheel COMMAND [OPTIONS]\n\n",
          to);
    for (size_t i = 0; i < command_count; i++)
        fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].summary);
    fputs("\n`flywheel help COMMAND` says more; `flywheel help options` lists the keys of a "
          "pipeline\n"
          "file, `flywheel help measurements` what its rules can measure.\n",
          to);
}

int command_help(int argc, char **argv)
{
    if (argc < 2) {
        command_overview(stdout);
        return EXIT_DONE;
    }
    if (argc > 2) {
        fputs("flywheel help: one word at most; try `flywheel help help`\n", stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "options") == 0)
        return print_all(config_reference);
    if (strcmp(argv[1], "measurements") == 0)
        return print_all(measurements_print);
    const struct command *command = command_find(argv[1]);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        command = command_find("help");
    if (!command)
        return command_unknown(argv[1]);
    fputs(command->help, stdout);
    return EXIT_DONE;
}
