/* flywheel cohorts: fail rates by cohort, read from the store beside a running daemon. */
#include <stdio.h>
#include <string.h>

#include "pipelines/cohorts/table.h"
#include "processor/base/clock.h"
#include "processor/command/command.h"
#include "processor/command/options.h"

struct arguments {
    const char *config, *window, *group_by, *as_of, *format;
};

static enum status report(const struct arguments *arguments, const struct pipeline_config *config,
                          struct buffer *to, struct error *ret_error)
{
    struct cohort_report_request request;
    struct cohort_result result = {0};
    struct store *store = NULL;
    enum status status = cohort_report_parse(
        bytes_of_text(arguments->window), bytes_of_text(arguments->group_by),
        bytes_of_text(arguments->as_of), config, clock_realtime_ms(), &request, ret_error);
    if (status == STATUS_OK)
        status = cohort_report_open(config->state.directory, &store, ret_error);
    if (status == STATUS_OK)
        status = cohort_report_query(store, config, &request, &result, ret_error);
    if (status == STATUS_OK) {
        if (strcmp(arguments->format, "json") == 0)
            cohort_report_json(&request, &result, to);
        else
            cohort_table_write(&request, &result, to);
        cohort_result_finish(&result);
    }
    store_close(store);
    return status;
}

int command_cohorts(int argc, char **argv)
{
    struct arguments arguments = {.format = "table"};
    const struct command_option options[] = {{"config", 'c', NULL, &arguments.config},
                                             {"window", 0, NULL, &arguments.window},
                                             {"group-by", 0, NULL, &arguments.group_by},
                                             {"as-of", 0, NULL, &arguments.as_of},
                                             {"format", 0, NULL, &arguments.format}};
    if (!options_only(argc, argv, options, sizeof options / sizeof options[0]))
        return EXIT_USAGE;
    if (!options_format_is("cohorts", arguments.format, "table", "json"))
        return EXIT_USAGE;
    int exit_code = EXIT_DONE;
    struct error error = {0};
    struct buffer text = {0};
    struct pipeline_config *config = options_load_config(arguments.config, &exit_code);
    if (!config)
        return exit_code;
    bool is_read = report(&arguments, config, &text, &error) == STATUS_OK;
    exit_code = options_finish("cohorts", is_read ? &text : NULL, &error, exit_code);
    buffer_finish(&text);
    config_destroy(config);
    return exit_code;
}
