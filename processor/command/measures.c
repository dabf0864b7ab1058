/* flywheel measures: what the way back comes to, read from the store beside a running daemon. */
#include <string.h>

#include "pipelines/review/measures_json.h"
#include "pipelines/review/measures_table.h"
#include "processor/base/clock.h"
#include "processor/command/command.h"
#include "processor/command/options.h"

struct arguments {
    const char *config, *window, *group_by, *baseline, *format;
};

static enum status report(const struct arguments *arguments, const struct pipeline_config *config,
                          struct buffer *to, struct error *ret_error)
{
    struct measures_request request;
    struct measures measures;
    struct store *store = NULL;
    enum status status = measures_parse(
        bytes_of_text(arguments->window), bytes_of_text(arguments->group_by),
        bytes_of_text(arguments->baseline), config, clock_realtime_ms(), &request, ret_error);
    if (status == STATUS_OK)
        status = cohort_report_open(config->state.directory, &store, ret_error);
    if (status == STATUS_OK)
        status = measures_read(store, config, &request, &measures, ret_error);
    if (status == STATUS_OK) {
        if (strcmp(arguments->format, "json") == 0)
            measures_json(&request, &measures, to);
        else
            measures_table(&request, &measures, to);
        measures_finish(&measures);
    }
    store_close(store);
    return status;
}

int command_measures(int argc, char **argv)
{
    struct arguments arguments = {.format = "table"};
    const struct command_option options[] = {{"config", 'c', NULL, &arguments.config},
                                             {"window", 0, NULL, &arguments.window},
                                             {"group-by", 0, NULL, &arguments.group_by},
                                             {"baseline", 0, NULL, &arguments.baseline},
                                             {"format", 0, NULL, &arguments.format}};
    if (!options_only(argc, argv, options, sizeof options / sizeof options[0]))
        return EXIT_USAGE;
    if (!options_format_is("measures", arguments.format, "table", "json"))
        return EXIT_USAGE;
    int exit_code = EXIT_DONE;
    struct error error = {0};
    struct buffer text = {0};
    struct pipeline_config *config = options_load_config(arguments.config, &exit_code);
    if (!config)
        return exit_code;
    bool is_read = report(&arguments, config, &text, &error) == STATUS_OK;
    exit_code = options_finish("measures", is_read ? &text : NULL, &error, exit_code);
    buffer_finish(&text);
    config_destroy(config);
    return exit_code;
}
