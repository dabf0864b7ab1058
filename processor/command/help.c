/* flywheel help: the table of commands, one of them, or a reference generated from its table. */
#include "processor/command/help.h"

#include <string.h>

#include "pipelines/config/print/reference.h"
#include "processor/base/nearest.h"
#include "processor/command/help_text.h"
#include "processor/score/measurements.h"

const struct command *help_find(const struct command_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->rows[i].name, name) == 0)
            return &table->rows[i];
    return NULL;
}

int help_unknown(const struct command_table *table, const char *name)
{
    struct nearest nearest = nearest_to(bytes_of_text(name));
    for (size_t i = 0; i < table->count; i++)
        nearest_offer(&nearest, bytes_of_text(table->rows[i].name));
    if (nearest.name.data)
        fprintf(stderr, "flywheel: unknown command: %s; did you mean %s?\n", name,
                (const char *)nearest.name.data);
    else
        fprintf(stderr, "flywheel: unknown command: %s; `flywheel help` lists them\n", name);
    return EXIT_USAGE;
}

static int print_all(void (*print)(struct buffer *to))
{
    struct buffer text = {0};
    print(&text);
    fwrite(text.data, 1, text.size, stdout);
    buffer_finish(&text);
    return EXIT_DONE;
}

void help_overview(const struct command_table *table, FILE *to)
{
    fputs("flywheel - turns failed agent runs in OpenTelemetry traces into review work\n"
          "\n"
          "usage: flywheel COMMAND [OPTIONS]\n\n",
          to);
    for (size_t i = 0; i < table->count; i++)
        fprintf(to, "  %-9s %s\n", table->rows[i].name, table->rows[i].summary);
    fputs("\n`flywheel help COMMAND` says more; `flywheel help options` lists the keys of a "
          "pipeline\n"
          "file, `flywheel help measurements` what its rules can measure.\n",
          to);
}

int help_answer(const struct command_table *table, int argc, char **argv)
{
    if (argc < 2) {
        help_overview(table, stdout);
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
    if (strcmp(argv[1], "gate-dataset") == 0) {
        fputs(help_gate_dataset, stdout);
        return EXIT_DONE;
    }
    const struct command *command = help_find(table, argv[1]);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        command = help_find(table, "help");
    if (!command)
        return help_unknown(table, argv[1]);
    fputs(command->help, stdout);
    return EXIT_DONE;
}
