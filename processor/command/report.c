/* The way from the words of the command line to an exit code, once for all reports. */
#include "processor/command/report.h"

#include <assert.h>
#include <string.h>

#include "pipelines/config/config.h"
#include "processor/base/error.h"

int report_run(const char *command, int argc, char **argv, const struct command_option *options,
               size_t count, report_fn *write, const void *arguments)
{
    const char *path = NULL, *format = "table";
    struct command_option all[REPORT_OPTIONS_MAX + 2] = {{"config", 'c', NULL, &path},
                                                         {"format", 0, NULL, &format}};
    assert(count <= REPORT_OPTIONS_MAX);
    for (size_t i = 0; i < count; i++)
        all[2 + i] = options[i];
    if (!options_only(argc, argv, all, count + 2) ||
        !options_format_is(command, format, "table", "json"))
        return EXIT_USAGE;
    int exit_code = EXIT_DONE;
    struct error error = {0};
    struct buffer text = {0};
    struct pipeline_config *config = options_load_config(path, &exit_code);
    if (!config)
        return exit_code;
    bool is_read =
        write(arguments, config, strcmp(format, "json") == 0, &text, &error) == STATUS_OK;
    exit_code = options_finish(command, is_read ? &text : NULL, &error, exit_code);
    buffer_finish(&text);
    config_destroy(config);
    return exit_code;
}
